"""Tables that stay in their database: what goes over all rows is a query, and sums come back.

In flow a connection and the name of a table or a query; out flows a ``FitProblem`` whose objective asks the database.
Expressions are trees of SQLGlot, printed in the connection's dialect. SQLGlot and the drivers are imported here only,
and only when a table in a database is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from downslope.errors import MissingExtraError
from downslope.fitting.categories import Category
from downslope.messages import message

SCHEMES = ("duckdb", "sqlite", "postgresql", "postgres")
"""What the addresses of databases begin with."""


class StaysInDatabase(ABC):
    """A table that stays in its database: ``table.DatabaseTable``, which is known by this without SQLGlot."""

    @abstractmethod
    def categories(self, names: Sequence[str]) -> tuple[Category, ...]:
        """These columns as categories, by their values in all rows."""


def require_sqlglot() -> None:
    """Say how SQLGlot is installed, where it is not.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import sqlglot  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            message("SQLGlot is needed for tables in a database: pip install 'downslope[sql]'")
        ) from error


def is_address(table: object) -> bool:
    """Whether a text is the address of a database, such as ``duckdb:///sales.db::orders``."""
    return isinstance(table, str) and "://" in table and table.partition("://")[0].lower() in SCHEMES
