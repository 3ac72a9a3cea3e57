"""A table that stays in its database, where ``fit`` is given one; and what it cannot be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from downslope.errors import UsageError
from downslope.fitting.database import StaysInDatabase, is_address, require_sqlglot
from downslope.fitting.text_format import READING
from downslope.messages import Message, argument, message

if TYPE_CHECKING:
    from downslope.fitting.database.table import DatabaseTable

_PATHS = ("auto", "moments", "qr", "formula")


def in_database(table: Any) -> DatabaseTable | None:
    """The table in a database that this is, or that an address leads to; None for any other.

    Raises:
        UsageError, DataError, MissingExtraError: it is an address, and leads to none.
    """
    if isinstance(table, list) and any(map(is_address, table)):
        if len(table) > 1:
            raise UsageError(
                message(
                    "a table in a database is one table: give its address alone, or a query that joins several."
                )
            )
        table = table[0]
    if not isinstance(table, StaysInDatabase) and not is_address(table):
        return None
    require_sqlglot()
    from downslope.fitting.database.table import DatabaseTable, table_at

    if isinstance(table, DatabaseTable):
        return table
    assert isinstance(table, str)
    return table_at(table)


def refuse_what_needs_rows(asked: Mapping[str, Any], origin: Message | str) -> None:
    """Refuse options of ``fit`` that a table in a database cannot have, before anything is computed.

    Raises:
        UsageError: there is one.
    """
    for name in ("batch_size", "holdout", "gradient", "checkpoint"):
        if asked.get(name) is not None:
            raise UsageError(_why[name](origin))
    for name in READING:
        if asked.get(name) is not None:
            raise UsageError(
                message(
                    "{option} says how text is read, and {origin} is no text.",
                    option=argument(name),
                    origin=origin,
                )
            )
    if asked.get("stream") not in (None, "auto", False):
        raise UsageError(
            message(
                "{option} reads files page by page, and {origin} stays in its database.",
                option=argument("stream", True),
                origin=origin,
            )
        )
    if asked.get("weights") is not None and not isinstance(asked["weights"], str):
        raise UsageError(
            message(
                "the weights of {origin}, which stays in its database, have to be one of its columns.",
                origin=origin,
            )
        )
    if asked.get("path", "auto") not in _PATHS:
        raise UsageError(
            message(
                "{option} goes over the rows, and {origin} stays in its database: leave it out.",
                option=argument("path", asked["path"]),
                origin=origin,
            )
        )


def _of_batches(origin: Message | str) -> Message:
    return message(
        "mini-batches need the rows in an order, and {origin} stays in its database, where they have none: leave"
        " {option} out.",
        origin=origin,
        option=argument("batch_size"),
    )


def _of_holdout(origin: Message | str) -> Message:
    return message(
        "{option} draws rows, and {origin} stays in its database, where they cannot be drawn alike twice: fit a query"
        " that leaves some out, and predict those.",
        option=argument("holdout"),
        origin=origin,
    )


def _of_gradient(origin: Message | str) -> Message:
    return message(
        "a gradient of your own goes over a table in memory, and {origin} stays in its database.",
        origin=origin,
    )


def _of_checkpoint(origin: Message | str) -> Message:
    return message(
        "{option} has to know its table again, and {origin} stays in its database, where it may change: leave it out.",
        option=argument("checkpoint"),
        origin=origin,
    )


_why = {
    "batch_size": _of_batches,
    "holdout": _of_holdout,
    "gradient": _of_gradient,
    "checkpoint": _of_checkpoint,
}
