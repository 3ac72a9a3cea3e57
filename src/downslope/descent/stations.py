"""Places on the way of a long descent, from which it is made again sooner than from its start."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from downslope.descent.snapshot import Snapshot

SECONDS = 1.0  # from one to the next, at least
SHARE = 0.01  # of the time, at most, is spent on them
MOST = 16
MOST_NUMBERS = 1_000_000  # of all of them together: 8 MB


@dataclass
class Counts:
    """Evaluations of the gradient and of second derivatives (or residuals); those of the value are all."""

    gradients: int = 0
    curvatures: int = 0

    def add(self, others: Counts) -> None:
        """Count those of an earlier part of the run too."""
        self.gradients += others.gradients
        self.curvatures += others.curvatures


class Station(NamedTuple):
    """Where a descent stood on its way.

    Attributes:
        snapshot: everything that it needs to go on from there.
        seconds: how long it took until then.
        counts: its evaluations of gradient and curvature, where they are counted apart.
    """

    snapshot: Snapshot
    seconds: float
    counts: Counts | None = None

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        x, leaves, last = self.snapshot.position
        trace = self.snapshot.trace
        arrays = (x, last, trace.memory, trace.beside_rows, *(leaves or ()))
        return sum(int(getattr(array, "size", 1)) for array in arrays)


class Stations:
    """Those of one descent: fewer and farther apart as it takes longer, so that they stay few.

    Args:
        before: those of the part that it goes on with.
    """

    def __init__(self, before: Iterable[Station] = ()) -> None:
        self._kept = thinned(before)
        self._last, self._wait = time.perf_counter(), SECONDS

    def look(self, now: float, stand: Callable[[], Station]) -> None:
        """Keep where it stands, if it is time by ``time.perf_counter``."""
        if now - self._last < self._wait:
            return
        here = stand()
        kept = thinned([*self._kept, here])
        self._last = time.perf_counter()
        if here.numbers > MOST_NUMBERS:
            self._wait = math.inf
        else:
            self._wait *= 2 if len(kept) <= len(self._kept) else 1
            self._wait = max(self._wait, (self._last - now) / SHARE)
            self._kept = kept

    def all(self) -> tuple[Station, ...]:
        """Those there are, in order."""
        return tuple(self._kept)


def thinned(stations: Iterable[Station]) -> list[Station]:
    """Every other one, as often as it takes until they are few; none where a single one is too large."""
    kept = list(stations)
    largest = max((station.numbers for station in kept), default=0)
    most = min(MOST, MOST_NUMBERS // max(largest, 1))
    while len(kept) > most:
        kept = kept[::2] if most else []
    return kept


def last_before(stations: Iterable[Station], *, step: float, evaluations: float) -> Station | None:
    """The last one before a step and a count of evaluations."""
    found = None
    for station in stations:
        trace = station.snapshot.trace
        if 0 <= trace.step < step and trace.evaluations < evaluations:
            found = station
    return found
