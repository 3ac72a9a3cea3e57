"""Databases to fit tables in: DuckDB and SQLite in memory, PostgreSQL on a socket in a folder of its own."""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

duckdb = pytest.importorskip("duckdb")

KINDS = ("duckdb", "sqlite", "postgres")
Columns = dict[str, Any]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def fill(connection: Any, table: str, columns: Columns, mark: str) -> None:
    """A table of numbers and text, by plain inserts."""
    texts = {name for name, column in columns.items() if isinstance(next(iter(column)), str)}
    kinds = ", ".join(f"{quoted(n)} {'text' if n in texts else 'double precision'}" for n in columns)
    connection.execute(f"create table {quoted(table)} ({kinds})")
    rows = [
        [v if v is None or isinstance(v, str) else float(v) for v in row]
        for row in zip(*columns.values(), strict=True)
    ]
    marks = ", ".join([mark] * len(columns))
    cursor = connection.cursor()
    cursor.executemany(f"insert into {quoted(table)} values ({marks})", rows)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The socket of a server that is stopped at the end."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    where = found[-1] if found else os.path.dirname(shutil.which("pg_ctl") or "")
    if not where:
        pytest.skip("PostgreSQL is not installed")
    folder = tempfile.mkdtemp(prefix="downslope-pg-")
    root = os.name == "posix" and os.geteuid() == 0
    if root:  # the server refuses to be run by root
        shutil.chown(folder, "postgres")

    def run(*words: str) -> None:
        before = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
        subprocess.run([*before, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    data, program = f"{folder}/data", f"{where}/pg_ctl"
    try:
        run(f"{where}/initdb", "-D", data, "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C")
        run(
            program,
            "-D",
            data,
            "-o",
            f"-c listen_addresses= -k {folder} -F",
            "-w",
            "-l",
            f"{folder}/log",
            "start",
        )
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started: {error}")
    try:
        yield folder
    finally:
        run(program, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """One of the databases."""
    return str(request.param)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Iterator[Callable[[Columns], Any]]:
    """Makes a table ``seen`` in that database; gives the connection."""
    opened = []

    def make(columns: Columns, table: str = "seen") -> Any:
        if kind == "duckdb":
            connection: Any = duckdb.connect()
            opened.append(connection)
            fill(connection, table, columns, "?")
        elif kind == "sqlite":
            connection = sqlite3.connect(":memory:")
            opened.append(connection)
            fill(connection, table, columns, "?")
        else:
            psycopg = pytest.importorskip("psycopg")
            connection = psycopg.connect(
                f"host={request.getfixturevalue('postgres')} user=tester dbname=postgres"
            )
            opened.append(connection)
            connection.execute("set search_path to pg_temp")
            fill(connection, table, columns, "%s")
        return connection

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def table() -> Columns:
    """Numbers with a far mean, labels, counts, a decay, classes and weights."""
    rng = np.random.default_rng(20)
    n = 700
    x, z = rng.normal(1e3, 2, n), rng.normal(size=n)
    return {
        "x": x,
        "z": z,
        "y": 1 + 2 * x - 3 * z + rng.normal(size=n),
        "label": (rng.random(n) < 1 / (1 + np.exp(z - 0.5 * (x - 1e3)))).astype(float),
        "count": rng.poisson(np.exp(0.2 * z + 0.3)).astype(float),
        "decay": 2.5 * np.exp(-0.7 * np.abs(z)) + 0.3 + 0.1 * rng.normal(size=n),
        "kind": np.where(z > 0.5, 2.0, rng.integers(0, 3, n)),
        "word": np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
        "weight": np.where(rng.random(n) < 0.1, 0.0, rng.random(n)),
    }
