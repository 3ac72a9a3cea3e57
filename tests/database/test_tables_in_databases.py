"""Tables by name and by query, their names, what is wrong with them, and what they cannot be asked for."""

from __future__ import annotations

import contextlib
import importlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import downslope as ds
from downslope.cli.main import cli
from downslope.errors import DataError, DownslopeError, UsageError

ODD = 'x"; drop table t; --'
FEW = {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 5.0, 7.0]}


def test_a_column_is_called_as_it_likes(database: Callable[..., Any]) -> None:
    columns = {ODD: [0.0, 1.0, 2.0, 3.0], "select": [1.0, 0.0, 1.0, 0.0], "y": [2.0, 3.0, 6.0, 7.0]}
    connection = database(columns, "t")
    fit = ds.fit(ds.sql(connection, "t"), f"y ~ a*`{ODD}` + b*`select` + c")
    assert fit.x == pytest.approx({"a": 2.0, "b": 1.0, "c": 1.0})
    cursor = connection.cursor()
    cursor.execute("select count(*) from t")
    assert cursor.fetchall() == [(4,)]


@pytest.mark.parametrize("label", ["it's", 'b"; drop table t; --', "é", "a\\b"])
def test_a_label_is_spelt_as_it_likes(label: str, database: Callable[..., Any]) -> None:
    columns = {"x": [0.0, 1.0, 2.0, 3.0, 1.5], "k": ["a", label, "a", label, label]}
    own, there = (
        ds.fit(t, "k ~ a*x + b", loss="softmax", l2=0.1)
        for t in (columns, ds.sql(database(columns, "t"), "t"))
    )
    assert there.model.classes == own.model.classes
    assert np.allclose(there.x["a"], own.x["a"])


def test_a_query_is_a_table(database: Callable[..., Any]) -> None:
    table = ds.sql(database(FEW), "select x, y, x*x as square from seen where x < 3;")
    assert table.names == ("x", "y", "square")
    fit = ds.fit(table, "y ~ a*x + b")
    assert fit.rows == 3
    assert fit.x == pytest.approx({"a": 2.0, "b": 1.0})


@pytest.mark.parametrize(
    "text",
    [
        "drop table seen",
        "select 1; select 2",
        "insert into seen values (1, 2)",
        "update seen set x = 1",
        "with d as (delete from seen returning *) select * from d",
    ],
)
def test_what_is_no_query_is_not_sent(text: str, database: Callable[..., Any]) -> None:
    connection = database(FEW)
    with pytest.raises(UsageError):
        ds.sql(connection, text)
    cursor = connection.cursor()
    cursor.execute("select count(*) from seen")
    assert cursor.fetchall() == [(4,)]


BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"x": [1.0, None, 3.0], "y": [1.0, 2.0, 3.0]},
        {},
        "column 'x' of seen has a missing value at the row with",
    ),
    ({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, None]}, {}, "column 'y' of seen has a missing value"),
    ({"x": [1.0, 2.0, 1e200], "y": [1.0, 2.0, 3.0]}, {}, "its square overflows"),
    ({"x": [1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0]}, {"loss": "log_loss"}, "holds 2 at the row with"),
    ({"x": [1.0, 2.0, 3.0], "y": [1.0, 1.0, 1.0]}, {"loss": "log_loss"}, "one class only"),
    ({"x": [1.0, 2.0, 3.0], "y": [1.0, -1.0, 1.0]}, {"loss": "poisson"}, "targets >= 0"),
    ({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.5, 1.0]}, {"loss": "softmax"}, "a continuous number"),
    (
        {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0], "w": [1.0, -1.0, 1.0]},
        {"weights": "w"},
        "weights are finite",
    ),
    ({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0], "w": [0.0, 0.0, 0.0]}, {"weights": "w"}, "all zero"),
    ({"x": ["a", "b", "c"], "y": [1.0, 2.0, 3.0]}, {}, "is not numbers: the row with"),
    ({"x": [None, None], "y": [None, None]}, {"drop_missing": True}, "every row of seen has a missing value"),
]


@pytest.mark.parametrize(("columns", "options", "said"), BAD)
def test_what_is_wrong_is_said_as_of_any_table(
    columns: dict[str, Any], options: dict[str, Any], said: str, database: Callable[..., Any]
) -> None:
    with pytest.raises(DataError) as caught:
        ds.fit(ds.sql(database(columns), "seen"), "y ~ a*x + b", **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["duckdb", "postgres"], indirect=True)
def test_not_a_number_is_missing_far_from_the_first_rows(database: Callable[..., Any]) -> None:
    x = np.arange(5_000.0)
    x[4_321] = np.nan
    table = ds.sql(database({"x": x, "y": 2 * np.arange(5_000.0)}), "seen")
    with pytest.raises(DataError, match="column 'x' of seen has a missing value"):
        ds.fit(table, "y ~ a*x + b")
    fit = ds.fit(table, "y ~ a*x + b", drop_missing=True)
    assert (fit.rows, fit.rows_dropped) == (4_999, 1)
    assert "1 row with missing values was left out." in fit.notes


def test_text_among_numbers_is_found_wherever_it_stands() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table seen (x, y)")
        connection.executemany("insert into seen values (?, ?)", [(float(i), 2.0 * i) for i in range(4_000)])
        connection.execute("insert into seen values ('oops', 1.0)")
        with pytest.raises(DataError, match=r"column 'x' of seen is not numbers.*oops"):
            ds.fit(ds.sql(connection, "seen"), "y ~ a*x + b")


def test_rows_that_miss_something_can_be_left_out(database: Callable[..., Any]) -> None:
    columns = {"x": [0.0, 1.0, None, 3.0, 4.0], "y": [1.0, 3.0, 5.0, None, 9.0]}
    fit = ds.fit(ds.sql(database(columns), "seen"), "y ~ a*x + b", drop_missing=True)
    assert (fit.rows, fit.rows_dropped) == (3, 2)
    assert fit.x == pytest.approx({"a": 2.0, "b": 1.0})


REFUSED: list[dict[str, Any]] = [
    {"batch_size": 2},
    {"holdout": 0.5},
    {"gradient": "sum((a*x + b - y)*x)"},
    {"checkpoint": "f.ckpt"},
    {"weights": [1, 1, 1, 1]},
    {"path": "kernel"},
    {"stream": True},
    {"decimal": ","},
]


@pytest.mark.parametrize("options", REFUSED)
def test_what_needs_the_rows_is_refused_before_anything_runs(
    options: dict[str, Any], database: Callable[..., Any]
) -> None:
    table = ds.sql(database(FEW), "seen")
    asked = table.connection.asked
    with pytest.raises(UsageError, match="seen"):
        ds.fit(table, "y ~ a*x + b", **options)
    assert table.connection.asked == asked


def test_a_table_that_changes_is_noticed(database: Callable[..., Any]) -> None:
    connection = database({"x": [0.0, 1.0, 2.0, 3.0], "y": [0.0, 1.0, 0.0, 1.0]})

    def add(_: Any) -> None:
        connection.cursor().execute("insert into seen values (5, 1)")

    with pytest.raises(DataError, match="it has changed"):
        ds.fit(ds.sql(connection, "seen"), "y ~ a*x + b", loss="log_loss", callback=add)


def test_errors_leave_a_transaction_of_postgresql_alive(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host={postgres} user=tester dbname=postgres") as connection:
        connection.execute("create temp table mine (x float8, y float8)")
        connection.execute("insert into mine values (1, 1), (2, 3)")
        with pytest.raises(DataError, match="nosuch"):
            ds.sql(connection, "nosuch")
        assert connection.execute("select count(*) from mine").fetchone() == (2,)
        connection.rollback()


def test_truth_values_are_numbers(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host={postgres} user=tester dbname=postgres") as connection:
        connection.execute("create temp table mine (x int, y numeric, b boolean)")
        connection.execute(
            "insert into mine values (1, 1.5, true), (2, 3.5, false), (3, 3.5, true), (4, 5.5, false)"
        )
        fit = ds.fit(ds.sql(connection, "mine"), "y ~ p*x + q*b + r")
        own = ds.fit({"x": [1, 2, 3, 4], "y": [1.5, 3.5, 3.5, 5.5], "b": [1, 0, 1, 0]}, "y ~ p*x + q*b + r")
        assert fit.x == pytest.approx(own.x, abs=1e-12)
        connection.rollback()


def test_relations_of_duckdb_and_lazy_tables_of_polars_are_tables() -> None:
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    base = duckdb.connect()
    relation = base.sql("select range::double as x, 2*range::double + 1 as y from range(10)")
    for table in (relation, polars.LazyFrame({"x": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]})):
        assert ds.fit(ds.sql(table), "y ~ a*x + b").x == pytest.approx({"a": 2.0, "b": 1.0})


@pytest.mark.parametrize("driver", ["adbc_driver_duckdb", "adbc_driver_sqlite"])
def test_connections_of_adbc_are_asked(driver: str) -> None:
    pytest.importorskip(driver)
    pytest.importorskip("adbc_driver_manager")
    with importlib.import_module(f"{driver}.dbapi").connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute("create table orders (x double precision, y double precision)")
            cursor.execute("insert into orders values (0, 1), (1, 3), (2, 5), (3, 8)")
        linear = ds.fit(ds.sql(connection, "orders"), "y ~ a*x + b")
        assert linear.x == pytest.approx({"a": 2.3, "b": 0.8})
        own = ds.fit({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 5.0, 8.0]}, "y ~ a*x + b", loss="huber:0.1")
        robust = ds.fit(ds.sql(connection, "orders"), "y ~ a*x + b", loss="huber:0.1")
        assert robust.x == pytest.approx(own.x, abs=1e-9)


class Table:
    """What a table of ibis shows of itself: its backend, with a connection, and its SQL."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def get_backend(self) -> Any:
        return SimpleNamespace(name="duckdb", con=self.connection)

    def compile(self) -> str:
        return 'SELECT * FROM "orders" AS "t0" WHERE "t0"."x" < 3'


Table.__module__ = "ibis.expr.types.relations"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what ibis calls in DuckDB
def test_a_table_of_ibis_is_its_own_sql_on_its_backend() -> None:
    duckdb = pytest.importorskip("duckdb")
    base = duckdb.connect()
    base.execute(
        "create table orders as select * from (values (0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 99.0)) v(x, y)"
    )
    tables = [Table(base)]
    with contextlib.suppress(ImportError):  # its own wheel pins what other libraries have gone beyond
        import ibis

        backend = ibis.duckdb.from_connection(base)
        orders = backend.table("orders")
        tables.append(orders.filter(orders.x < 3))
    for table in tables:
        assert ds.fit(ds.sql(table), "y ~ a*x + b").x == pytest.approx({"a": 2.0, "b": 1.0})
        with pytest.raises(UsageError, match="leave the query out"):
            ds.sql(table, "orders")
    nowhere = Table(None)
    with pytest.raises(UsageError, match="shows no connection"):
        ds.sql(nowhere)


def test_a_dialect_that_was_not_tried_is_told() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        base.execute("create table orders (x real, y real)")
        base.executemany("insert into orders values (?, ?)", [(0, 1), (1, 3), (2, 5), (3, 8)])
        fit = ds.fit(ds.sql(base, "orders", dialect="mysql"), "y ~ a*x + b")
        assert any("was not tried" in str(note) for note in fit.notes)
        tried = ds.fit(ds.sql(base, "orders"), "y ~ a*x + b")
        assert not any("was not tried" in str(note) for note in tried.notes)


@pytest.mark.parametrize("scheme", ["duckdb", "sqlite"])
def test_the_command_line_takes_an_address(scheme: str, tmp_path: Path) -> None:
    path = tmp_path / "sales.db"
    connection: Any = (
        sqlite3.connect(path) if scheme == "sqlite" else pytest.importorskip("duckdb").connect(str(path))
    )
    connection.execute("create table orders (x double precision, y double precision)")
    connection.execute("insert into orders values (0, 1), (1, 3), (2, 5), (3, 8)")
    connection.commit()
    connection.close()
    address = f"{scheme}:///{path}"
    done = CliRunner().invoke(
        cli, ["fit", f"{address}::orders", "y ~ a*x + b", "--format", "json", "--quiet"]
    )
    assert done.exit_code == 0
    assert json.loads(done.stdout)["x"]["a"] == pytest.approx(2.3)
    for words, code, said in (
        ([f"{address}::nosuch", "y ~ a*x + b"], 3, "nosuch"),
        ([f"{scheme}:///{tmp_path}/none.db::orders", "y ~ a*x + b"], 3, "no database answers"),
        ([address, "y ~ a*x + b"], 2, "names no table"),
        ([f"{address}::orders", "y ~ a*x + b", "--batch-size", "2"], 2, "mini-batches"),
        ([f"{address}::drop table orders", "y ~ a*x + b"], 2, "as one query"),
    ):
        done = CliRunner().invoke(cli, ["fit", *words])
        assert done.exit_code == code
        assert said in " ".join(done.stderr.split())


def test_nobody_at_an_address_is_one_sentence_without_its_password() -> None:
    pytest.importorskip("psycopg")
    done = CliRunner().invoke(cli, ["fit", "postgresql://me:secret@127.0.0.1:1/base::orders", "y ~ a*x"])
    assert done.exit_code == 3
    assert "no database answers" in " ".join(done.stderr.split())
    assert "secret" not in done.stderr


def test_a_missing_permission_is_one_sentence(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host={postgres} user=tester dbname=postgres", autocommit=True) as owner:
        owner.execute("create role guest login")
        owner.execute("create table hidden (x float8, y float8)")
        try:
            guest = psycopg.connect(f"host={postgres} user=guest dbname=postgres")
            with guest as connection, pytest.raises(DataError, match="permission denied") as caught:
                ds.sql(connection, "hidden")
            assert "\n" not in str(caught.value)
        finally:
            owner.execute("drop table hidden")
            owner.execute("drop role guest")


@pytest.mark.parametrize("library", ["sqlglot", "duckdb"])
def test_what_is_not_installed_names_its_extra(library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\nimport downslope as ds\nds.sql('duckdb://', 'orders')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'downslope[sql]'" in done.stderr.splitlines()[-1]


def test_what_is_no_connection_is_told() -> None:
    with pytest.raises(UsageError, match="is no connection"):
        ds.sql(object(), "orders", dialect="duckdb")
    with pytest.raises(UsageError, match="speaks a dialect"):
        ds.sql(object(), "orders")
    with (
        contextlib.closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(UsageError, match="there is no dialect"),
    ):
        ds.sql(connection, "orders", dialect="klingon")
    with pytest.raises(DownslopeError, match="begins with"):
        ds.sql("oracle://x", "orders")


def test_what_is_done_with_a_fit_is_done_with_this_one(database: Callable[..., Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    columns = {"x": x, "y": (rng.random(300) < 1 / (1 + np.exp(-2 * x))).astype(float)}
    fit = ds.fit(ds.sql(database(columns), "seen"), "y ~ a*x + b", loss="log_loss")
    fit.save(tmp_path / "f.json")
    loaded = ds.load(tmp_path / "f.json")
    assert loaded.x == fit.x
    assert loaded.standard_errors == fit.standard_errors
    assert str(fit.explain())
    fit.plot(tmp_path / "f.png")
    fit.plot(tmp_path / "c.png", kind="cost")
    assert fit.predict({"x": [-9.0, 9.0]}).tolist() == [0, 1]
    with pytest.raises(DataError, match="are not in memory"):
        fit.predict()
