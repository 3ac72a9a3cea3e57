"""``sql``: a table that stays in its database."""

from __future__ import annotations

from typing import Any

from downslope.fitting.database import require_sqlglot


def sql(connection: Any, query: str | None = None, *, dialect: str | None = None) -> Any:
    """A table, or what a query gives, for ``fit``; it stays in its database, which adds up what the fit needs.

    Args:
        connection: of DuckDB, SQLite, PostgreSQL (psycopg), any other of the DB-API or of ADBC, a Spark session; a
            relation of DuckDB, a lazy table of Polars or a table of ibis, which are the table; or an address:
            ``duckdb:///sales.db``, ``sqlite:///sales.db``, ``postgresql://name@host/base``.
        query: the name of the table, as SQL writes it, or one SELECT.
        dialect: of SQL, by SQLGlot's name for it, where the connection does not say.

    Returns:
        What ``fit`` takes as a table. Nothing is written to the database.

    Raises:
        UsageError: it is no connection, no table and no query.
        DataError: the database does not answer, or has no such table.
        MissingExtraError: SQLGlot or a driver is not installed.

    >>> import duckdb
    >>> import downslope as ds
    >>> base = duckdb.connect()
    >>> _ = base.execute("create table seen as select i as x, 3*i + 1 as y from range(5) as r(i)")
    >>> fit = ds.fit(ds.sql(base, "seen"), "y ~ a*x + b")
    >>> {name: round(value, 9) for name, value in fit.x.items()}
    {'a': 3.0, 'b': 1.0}
    """
    require_sqlglot()
    from downslope.fitting.database.table import sql_table

    return sql_table(connection, query, dialect)
