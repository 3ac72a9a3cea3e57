"""Tables with drawn rules: names underlined with dashes, Markdown's tables, what psql, mysql and Org print.

A rule is a line that holds nothing but dashes or equals signs and what separates columns. Where one stands right
beside the names, it can be nothing else, and it and those like it are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_BAR = "|"
_RUN = re.compile(r":?-{2,}:?|={2,}")  # under one column
_BARRED_RUN = re.compile(r":?-+:?|={2,}")  # Markdown takes one dash between bars
_BETWEEN = re.compile(r"[\s|+,;]+")
_COUNTED = re.compile(r"\(?\d+ rows?( affected|\)? in set.*)?\)?\s*$")  # a client of a database, at the end
LEAST_ALONE = 3  # dashes under a single column: two are a missing value
BESIDE = 3  # lines that are no empty ones, from which a table is known to have rules


@dataclass(frozen=True)
class Rules:
    """How a text draws its table.

    Attributes:
        barred: whether its rows begin and end with a bar.
    """

    barred: bool

    def plain(self, line: str) -> str:
        """The line without bars at its ends; empty where it is a rule."""
        end = line[len(line.rstrip("\r\n")) :]
        if is_rule(line) or _COUNTED.match(line.strip()):
            return end
        if not self.barred or not line.lstrip().startswith(_BAR):
            return line
        text = line.strip().removeprefix(_BAR)
        return (text.removesuffix(_BAR) if text.endswith(_BAR) else text) + end

    def rows(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines that hold rows, plainly."""
        return (plain for line in lines if (plain := self.plain(line)).strip())


def is_rule(line: str) -> bool:
    """Whether a line is a rule.

    >>> [is_rule(line) for line in ("--- ---", "|---|:-:|", "+----+", "=====", "-,-", "- 1", "--")]
    [True, True, True, True, False, False, False]
    """
    text = line.strip()
    runs = [run for run in _BETWEEN.split(text) if run]
    one = _BARRED_RUN if text.startswith(_BAR) else _RUN
    if not runs or not all(one.fullmatch(run) for run in runs):
        return False
    return len(runs) > 1 or len(text) >= LEAST_ALONE


def rules_of(lines: Sequence[str], top: int) -> Rules | None:
    """The rules of a text whose first line of a table, or of what stands above it, is ``top``; None without any."""
    shown = [line for line in lines[top:] if line.strip()]
    if not any(map(is_rule, shown[:BESIDE])):
        return None
    rows = [line for line in shown if not is_rule(line)]
    barred = len(rows) > 1 and all(line.lstrip().startswith(_BAR) for line in rows[:2])
    return Rules(barred)
