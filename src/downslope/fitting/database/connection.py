"""A person's connection to a database: its dialect, its answers, and its errors in a sentence.

Nothing is written: what is sent are queries that are built here, and a table or query that was checked to be one.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from sqlglot import Dialect, exp

from downslope.errors import DataError, MissingExtraError, UsageError, nearest
from downslope.fitting.database import SCHEMES
from downslope.messages import Message, listing, message

RELATION = "downslope_relation"  # what a relation of DuckDB is called in queries
MOST_OUTPUTS = 1_000  # columns of one answer: SQLite has up to 2,000, PostgreSQL 1,664
TRIED = (
    "duckdb",
    "sqlite",
    "postgres",
    "spark",
)  # the dialects in which fits were held against fits in memory
_MODULES = {
    **{
        "duckdb": "duckdb",
        "_duckdb": "duckdb",
        "sqlite3": "sqlite",
        "psycopg": "postgres",
        "psycopg2": "postgres",
    },
    **{"pg8000": "postgres", "asyncpg": "postgres", "snowflake": "snowflake", "google": "bigquery"},
    **{
        "pyspark": "spark",
        "databricks": "databricks",
        "trino": "trino",
        "MySQLdb": "mysql",
        "pymysql": "mysql",
    },
}
_VENDORS = {"postgresql": "postgres", "duckdb": "duckdb", "sqlite": "sqlite", "snowflake": "snowflake"}
_LONGEST = 300  # letters of what a database says


class QueryAnswer(NamedTuple):
    """The rows of a query, and the names of its columns."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Connection:
    """A connection that was given, or that an address leads to.

    Args:
        given: of DuckDB, the DB-API (PEP 249) or ADBC, or a Spark session.
        dialect: what SQL it speaks, by SQLGlot's name; found out where it is None.

    Attributes:
        asked: how many queries were answered.

    Raises:
        UsageError: it is no connection, or its dialect is not known.
    """

    def __init__(self, given: Any, dialect: str | None = None) -> None:
        self.given, self.asked = given, 0
        self.dialect = _known(dialect) if dialect is not None else dialect_of(given)
        if not any(hasattr(given, name) for name in ("cursor", "query", "sql")):
            raise UsageError(
                message(
                    "a {kind} is no connection to a database: give one of DuckDB, of the DB-API or of ADBC, or an"
                    " address such as {example}.",
                    kind=type(given).__name__,
                    example="duckdb:///sales.db",
                )
            )

    def text(self, query: exp.Expression) -> str:
        """A query as it is sent."""
        return str(query.sql(dialect=self.dialect, copy=False))

    def answer(self, query: exp.Expression, origin: Message | str) -> QueryAnswer:
        """What the database answers.

        Raises:
            DataError: it does not; what it says is said.
        """
        text = self.text(query)
        try:
            with self._undone():
                answer = self._ask(text)
        except DataError:
            raise
        except Exception as error:
            raise DataError(
                message(
                    "the database does not answer for {origin}: {reason}.", origin=origin, reason=_said(error)
                )
            ) from error
        self.asked += 1
        return answer

    def numbers(
        self, source: exp.Select, columns: Sequence[exp.Expression], origin: Message | str
    ) -> list[Any]:
        """The one row of ``columns`` over ``source``, by as many queries as its width takes."""
        found: list[Any] = []
        for begin in range(0, len(columns), MOST_OUTPUTS):
            some = columns[begin : begin + MOST_OUTPUTS]
            named = [exp.Alias(this=own, alias=exp.to_identifier(f"v{i}")) for i, own in enumerate(some)]
            whole = source if len(columns) <= MOST_OUTPUTS else source.copy()
            found.extend(self.answer(whole.select(*named, copy=False), origin).rows[0])
        return found

    def _ask(self, text: str) -> QueryAnswer:
        if hasattr(self.given, "set_alias"):  # a relation of DuckDB
            table = self.given.query(RELATION, text)
            return QueryAnswer(tuple(table.columns), table.fetchall())
        if not hasattr(self.given, "cursor"):  # a Spark session
            table = self.given.sql(text)
            return QueryAnswer(tuple(table.columns), [tuple(row) for row in table.collect()])
        if self.dialect == "duckdb" and hasattr(self.given, "description"):
            # DuckDB's own connection: what is registered there, its cursor does not see
            self.given.execute(text)
            return QueryAnswer(tuple(column[0] for column in self.given.description), self.given.fetchall())
        cursor = self.given.cursor()
        try:
            cursor.execute(text)
            names = tuple(str(column[0]) for column in cursor.description or ())
            return QueryAnswer(names, list(map(tuple, cursor.fetchall())))
        finally:
            cursor.close()

    @contextlib.contextmanager
    def _undone(self) -> Iterator[None]:
        """What PostgreSQL needs to go on after an error in a transaction that is not ours to end."""
        saved = self.dialect == "postgres" and getattr(self.given, "autocommit", True) is False
        if not saved:
            yield
            return
        cursor = self.given.cursor()
        cursor.execute("SAVEPOINT downslope")
        try:
            yield
        except BaseException:
            cursor.execute("ROLLBACK TO SAVEPOINT downslope")
            raise
        finally:
            cursor.execute("RELEASE SAVEPOINT downslope")
            cursor.close()


def _said(error: BaseException) -> str:
    """The first line of what a database says, without its end."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text[:_LONGEST].rstrip(".!: ")


def _known(dialect: str) -> str:
    name = {"postgresql": "postgres"}.get(dialect.lower(), dialect.lower())
    known = [str(one) for one in Dialect.classes if one]
    if name not in known:
        raise UsageError(
            message("there is no dialect '{name}' of SQL. {hint}", name=dialect, hint=nearest(name, known))
        )
    return name


def dialect_of(given: Any) -> str:
    """The dialect of a connection, by the library that it is of.

    Raises:
        UsageError: it is not known.
    """
    package = type(given).__module__.partition(".")[0]
    if package in _MODULES:
        return _MODULES[package]
    if package.startswith("adbc_driver") and hasattr(given, "adbc_get_info"):
        vendor = str(given.adbc_get_info().get("vendor_name", "")).lower()
        if vendor in _VENDORS:
            return _VENDORS[vendor]
    raise UsageError(
        message(
            "a {kind} of {package} speaks a dialect of SQL that is not known: give it as {option}.",
            kind=type(given).__name__,
            package=package,
            option='dialect="postgres"',
        )
    )


# --- addresses ---------------------------------------------------------------------------------------------


def connect(address: str) -> Connection:
    """The connection that an address leads to, for reading only where the database knows of that.

    Raises:
        UsageError: it is no such address.
        DataError: nothing answers there.
        MissingExtraError: the driver is not installed.
    """
    scheme, sign, rest = address.partition("://")
    if not sign or scheme not in SCHEMES:
        raise UsageError(
            message(
                "'{address}' is no address of a database; one begins with {schemes}.",
                address=address,
                schemes=listing([f"{scheme}://" for scheme in SCHEMES[:3]], "or"),
            )
        )
    path = unquote(rest.removeprefix("/"))
    try:
        if scheme == "duckdb":
            given = duckdb_of().connect(path or ":memory:", read_only=bool(path))
        elif scheme == "sqlite":
            given = _sqlite(path)
        else:
            given = _postgres(address)
        opened = Connection(given)
        weakref.finalize(opened, given.close)  # nobody else knows of it
        return opened
    except MissingExtraError:
        raise
    except Exception as error:
        raise DataError(
            message(
                "no database answers at {address}: {reason}.",
                address=without_password(address),
                reason=_said(error),
            )
        ) from error


def without_password(address: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return address.replace(f":{parts.password}@", ":***@")


def duckdb_of() -> Any:
    """DuckDB, where it is installed."""
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError(message("DuckDB is needed for this: pip install 'downslope[sql]'")) from error
    return duckdb


def _sqlite(path: str) -> Any:
    import sqlite3
    from pathlib import Path

    if not path:
        return sqlite3.connect(":memory:")
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)


def _postgres(address: str) -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError(
            message("a driver for PostgreSQL is needed for this: pip install 'psycopg[binary]'")
        ) from error
    connection = psycopg.connect(address, autocommit=True, connect_timeout=10)
    connection.read_only = True
    return connection
