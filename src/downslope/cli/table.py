"""A history as the table that the tutorials print: step, value, gradient norm, one column for each parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from downslope.messages import Message, message, visible
from downslope.results.text_columns import GAP, cells

if TYPE_CHECKING:
    from downslope import History

LONGEST_NAME = 24


@dataclass(frozen=True)
class HistoryTable:
    """Lines of text, and how many parameters there was room for."""

    header: str
    rows: list[str]
    shown: int
    hidden: int


STEP, VALUE = message("step", context="column"), message("value", context="column")
GRADIENT_NORM = message("gradient norm", context="column")


def lay_out(history: History, columns: int, step: Message = STEP, value: Message = VALUE) -> HistoryTable:
    """The history in at most so many columns of text; the first parameter is always shown.

    ``step`` and ``value`` are the names of the first two columns.
    """
    texts = [
        [str(step), *map(str, history.step.tolist())],
        [str(value), *aligned(history.value.tolist(), to_zero=True)],
        [str(GRADIENT_NORM), *aligned(history.gradient_norm.tolist(), to_zero=True)],
    ]
    room = columns - sum(_width(column) for column in texts) - len(GAP) * (len(texts) - 1)
    shown = 0
    for name, values in history.parameters.items():
        column = [_short(name), *aligned(values.tolist())]
        room -= _width(column) + len(GAP)
        if room < 0 and shown:
            break
        texts.append(column)
        shown += 1
    padded = [_padded(column) for column in texts]
    header, *rows = (GAP.join(row) for row in zip(*padded, strict=True))
    return HistoryTable(header, rows, shown, len(history.coordinates) - shown)


def aligned(numbers: Sequence[float], to_zero: bool = False) -> list[str]:
    """Numbers of one column, all with six decimals or all in powers of ten.

    Args:
        numbers: the column.
        to_zero: whether to show how small the smallest is, as for a gradient norm; a coordinate may pass
            through zero without that being of interest.

    >>> aligned([-7, 0.38717]), aligned([4.0, 1e-9], to_zero=True)
    (['-7.000000', '0.387170'], ['4.000000e+00', '1.000000e-09'])
    """
    sizes = [abs(v) for v in numbers if math.isfinite(v) and v != 0]
    telling = min(sizes, default=1.0) if to_zero else max(sizes, default=1.0)
    fixed = max(sizes, default=1.0) < 1e6 and telling >= 1e-3
    return list(_without_negative_zero(f"{v:.6f}" if fixed else f"{v:.6e}" for v in numbers))


def _without_negative_zero(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        yield text[1:] if text.startswith("-0.000000") and "e" not in text else text


def _width(column: Sequence[str]) -> int:
    return max(map(cells, column))


def _padded(column: Sequence[str]) -> list[str]:
    width = _width(column)
    return [" " * (width - cells(text)) + text for text in column]


def _short(name: str) -> str:
    name = visible(name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."
