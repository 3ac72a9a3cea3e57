"""A table, or a query, in a database: its columns, some of its rows, and its labels and categories."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from sqlglot import ParseError, TokenError, exp, parse

from downslope.errors import DataError, UsageError
from downslope.fitting.categories import Category, category_of, texts_of
from downslope.fitting.database import StaysInDatabase
from downslope.fitting.database.connection import RELATION, Connection, connect, duckdb_of, without_password
from downslope.fitting.file_kinds import chosen_of
from downslope.fitting.frame import Frame, refuse_repeated
from downslope.fitting.frames_in_memory import from_columns
from downslope.messages import Message, listing, message

FIRST_ROWS = 2_000  # that are looked at first: their kinds, and about where the numbers lie
SAMPLE = 20_000  # rows from all over the table, at most
MOST_DISTINCT = 10_000  # labels or categories of a column
PLACE = "downslope_row"  # the number of a row, where some are picked by it
_UNORDERED = ("duckdb", "sqlite", "postgres", "bigquery")  # which number rows without an order
SHOWN = 4  # columns by which a row is told
_WRITING = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.Command,
    exp.Into,
)


class RowsOfDatabase(Frame):
    """Some rows of a table in a database, which has no order to count them in."""

    def where(self, row: int) -> Message:
        shown = [
            message("{name} = {value!r:.40}", name=name, value=_plain(column[row]))
            for name, column in list(self.columns.items())[:SHOWN]
        ]
        return message("the row with {values}", values=listing(shown))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


@dataclass(eq=False)
class DatabaseTable(StaysInDatabase):
    """A table that stays in its database.

    Args:
        connection: to the database.
        source: the table, or a query in brackets.
        origin: what it is, for messages.

    Attributes:
        names: all columns.
        frame: some of its rows, once they were looked at.
        booleans: columns of truth values, which databases do not all take for numbers.
    """

    connection: Connection
    source: exp.Expression
    origin: Message | str
    names: tuple[str, ...] = ()
    frame: Frame | None = None
    booleans: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names = self.ask(self.select(exp.Star()).limit(0))[0]
        refuse_repeated(self.names, self.origin)

    def __repr__(self) -> str:
        return f"<{self.origin} in {self.connection.dialect}: {', '.join(self.names[:12])}>"

    def select(self, *what: exp.Expression) -> exp.Select:
        """A query over its rows."""
        return exp.select(*what).from_(self.source.copy())

    def ask(self, query: exp.Expression) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns and rows that a query gives."""
        return self.connection.answer(query, self.origin)

    def rows(self, names: Sequence[str], where: exp.Expression | None, most: int) -> Frame:
        """Up to ``most`` rows.

        Raises:
            DataError: there are none.
        """
        query = self.select(*map(column, names))
        if where is not None:
            query = query.where(where)
        return self._frame(names, self.ask(query.limit(most))[1])

    def sample(
        self, names: Sequence[str], where: exp.Expression | None, count: int, most: int = SAMPLE
    ) -> Frame:
        """Up to ``most`` rows at equal distances over the whole table, which has ``count``."""
        if count <= most:
            return self.rows(names, where, most)
        own = exp.Window(this=exp.RowNumber(), over="OVER")
        if self.connection.dialect not in _UNORDERED:
            own.set("order", exp.Order(expressions=[exp.Ordered(this=exp.select(exp.null()).subquery())]))
        inner = self.select(*map(column, names), exp.alias_(own, PLACE))
        if where is not None:
            inner = inner.where(where)
        every = exp.Literal.number(-(-count // most))
        place = exp.Mod(this=exp.column(PLACE), expression=every)
        query = exp.select(*map(column, names)).from_(inner.subquery("q"))
        return self._frame(
            names, self.ask(query.where(exp.EQ(this=place, expression=exp.Literal.number(0))).limit(most))[1]
        )

    def _frame(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Frame:
        if not rows:
            raise DataError(message("{origin} has no rows.", origin=self.origin))
        columns = {name: _as_list(rows, i) for i, name in enumerate(names)}
        for i, name in enumerate(names):
            if any(isinstance(row[i], bool) for row in rows):
                self.booleans.add(name)
        read = from_columns(columns, self.origin)
        return RowsOfDatabase(read.columns, self.origin, order=self.names, notes=read.notes)

    def first(self, wanted: Collection[str] | None) -> Frame:
        """Some rows, by which the kinds of the columns are known."""
        self.frame = self.rows(chosen_of(self.names, wanted), None, FIRST_ROWS)
        return self.frame

    def distinct(self, name: str, where: exp.Expression | None = None) -> Frame:
        """The different values of a column, one a row.

        Raises:
            DataError: there are too many.
        """
        query = self.select(column(name)).distinct()
        if where is not None:
            query = query.where(where)
        rows = self.ask(query.limit(MOST_DISTINCT + 1))[1]
        if len(rows) > MOST_DISTINCT:
            raise DataError(
                message(
                    "column '{name}' of {origin} holds more than {most:,} different values, too many to be labels or"
                    " categories.",
                    name=name,
                    origin=self.origin,
                    most=MOST_DISTINCT,
                )
            )
        return self._frame([name], rows)

    def count(self) -> int:
        """How many rows there are."""
        return int(self.ask(self.select(exp.Count(this=exp.Star())))[1][0][0])

    def categories(self, names: Sequence[str]) -> tuple[Category, ...]:
        """These columns as categories, by their values in all rows."""
        rows = self.count()
        return tuple(category_of(name, set(texts_of(self.distinct(name), name)), rows) for name in names)

    def values_of(self, category: Category) -> dict[str, list[Any]]:
        """Each of its levels with the values that say it."""
        frame = self.distinct(category.column)
        known: dict[str, list[Any]] = {level: [] for level in category.levels}
        for value, text in zip(frame[category.column], texts_of(frame, category.column), strict=True):
            if text is not None:
                known.setdefault(text, []).append(_plain(value))
        return known


def column(name: str) -> exp.Column:
    """A column by its name, which is quoted: whatever it is, it is a name."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def value(given: Any) -> exp.Expression:
    """A label or category as it stands in its column.

    Raises:
        UsageError: it is neither a number nor text nor a truth value.
    """
    if isinstance(given, bool):
        return exp.Boolean(this=given)
    if isinstance(given, str):
        return exp.Literal.string(given)
    if isinstance(given, int | float) and np.isfinite(given):
        whole = float(given).is_integer()
        size = exp.Literal.number(f"{abs(given):.0f}" if whole else f"{abs(given)!r}e0")
        return exp.Neg(this=size) if given < 0 else size
    raise UsageError(
        message(
            "a {kind} is no label or category here: make it text or a number in a query.",
            kind=type(given).__name__,
        )
    )


def _as_list(rows: Sequence[Sequence[Any]], i: int) -> list[Any]:
    """A column as it was answered, numbers as floats."""
    values = [row[i] for row in rows]
    if all(v is None or (isinstance(v, int | float | Decimal)) for v in values) and any(
        v is not None for v in values
    ):
        return [np.nan if v is None else float(v) for v in values]
    return values


def source_of(text: str, dialect: str) -> exp.Expression:
    """A table by its name, as SQL writes it or as it is; or a query in brackets.

    Raises:
        UsageError: it is neither, or more than one statement, or one that writes.
    """
    try:
        statements = [one for one in parse(text, dialect=dialect) if one is not None]
    except (ParseError, TokenError):
        statements = []
    if len(statements) == 1 and isinstance(statements[0], exp.Query):
        if any(statements[0].find_all(*_WRITING)):
            raise UsageError(
                message(
                    "this writes to the database, and a table is what a query reads: {text!r:.80}.", text=text
                )
            )
        return statements[0].subquery("q")
    if any(isinstance(one, (exp.Query, *_WRITING)) for one in statements):
        raise UsageError(
            message("a table is needed, by its name or as one query, and this is {text!r:.80}.", text=text)
        )
    named = _named(text, dialect)
    return exp.alias_(named, "q", table=True)


def _named(text: str, dialect: str) -> exp.Table:
    try:
        table = exp.to_table(text, dialect=dialect)
        if not table.alias and table.name and not table.args.get("joins"):
            return table
    except (ParseError, TokenError, ValueError):
        pass
    return exp.Table(this=exp.to_identifier(text, quoted=True))


def sql_table(connection: Any, query: str | None = None, dialect: str | None = None) -> DatabaseTable:
    """What ``ds.sql`` gives."""
    if isinstance(connection, str):
        connection = connect(connection)
    elif not isinstance(connection, Connection):
        given, own = _reached(connection)
        if query is not None and (own is not None or hasattr(given, "set_alias")):
            kind = f"{type(connection).__module__.partition('.')[0].lstrip('_')}.{type(connection).__name__}"
            raise UsageError(message("a {kind} is the table itself: leave the query out.", kind=kind))
        connection, query = Connection(given, dialect), query if own is None else own
    if hasattr(connection.given, "set_alias"):
        source: exp.Expression = exp.alias_(exp.to_table(RELATION), "q", table=True)
        return DatabaseTable(connection, source, message("the relation"))
    if not isinstance(query, str) or not query.strip():
        raise UsageError(
            message(
                "say which table of the database, by its name or as a query: {example}.",
                example='ds.sql(connection, "orders")',
            )
        )
    source = source_of(query.strip().rstrip(";"), connection.dialect)
    origin = message("the query") if isinstance(source, exp.Subquery) else query.strip()
    return DatabaseTable(connection, source, origin)


def _reached(given: Any) -> tuple[Any, str | None]:
    """A connection, and the query that the table is, where that was given.

    Of a lazy table of Polars it is a relation of DuckDB that reads it; of a table of ibis, the connection of its
    backend and its own SQL.

    Raises:
        UsageError: the backend of a table of ibis has no connection.
    """
    package = type(given).__module__.partition(".")[0]
    if package == "polars":
        return duckdb_of().connect().register(RELATION, given).table(RELATION), None
    if package == "ibis" and hasattr(given, "get_backend"):
        connection = getattr(given.get_backend(), "con", None)
        if connection is None:
            raise UsageError(
                message(
                    "the backend {name} of ibis shows no connection: give yours, and the SQL of the table.",
                    name=given.get_backend().name,
                )
            )
        return connection, str(given.compile())
    return given, None


def table_at(address: str) -> DatabaseTable:
    """The table at an address, which has its name, or a query, behind ``::``.

    Raises:
        UsageError: it names no table.
        DataError: nothing answers there, or there is no such table.
    """
    base, sign, name = address.partition("::")
    if not sign or not name.strip():
        raise UsageError(
            message(
                "'{address}' names no table: write it behind two colons, as in {example}.",
                address=without_password(address),
                example=f"{without_password(base)}::orders",
            )
        )
    return sql_table(base, name)
