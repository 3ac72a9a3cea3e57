"""The descents that a fit is made of, one after the other: kept as they are made, so that the fit goes on later.

Between its descents a fit only computes, from the table and from what they gave, and does so alike each time. So a fit
goes on by being made again with the descents that are known in the place of those that would take their time; the one
that was broken off goes on where it was, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.descent.descend import Continued
from downslope.descent.evidence import FROM_OUTSIDE, TESTS, Cause
from downslope.descent.snapshot import Snapshot
from downslope.errors import DataError
from downslope.messages import message
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer

_LIMITS = {Cause.STEP_LIMIT: ("steps", "nit"), Cause.EVALUATION_LIMIT: ("evaluations", "nfev")}
_TESTED_BY = ("tolerance", "relative_tolerance", "value_tolerance", "x_tolerance", "target")


class KeepsFits(Protocol):
    """Keeps a fit that is under way, now and then."""

    def is_due(self, now: float, numbers: int) -> bool:
        """Whether it is time, by ``time.perf_counter``, for one of so many numbers."""

    def keep_fit(self, descents: Sequence[Descent], numbers: Sequence[float]) -> None:
        """Keep its descents, the last of them as it stands, and what was computed between them."""


@dataclass(eq=False)
class Descents:
    """Those of one fit.

    Args:
        known: those that were made before.
        numbers: what ``number`` gave before.
        ended: whether the last that is known is to end the fit as if it had been interrupted.
        keeper: writes checkpoints.
        before_going_on: makes of where a descent left off what the next evaluation is to begin with.

    Attributes:
        made: all until now, those that were known included.
        seconds: how long those took that were known.
    """

    known: Sequence[Descent] = ()
    numbers: list[float] = field(default_factory=list)
    ended: bool = False
    keeper: KeepsFits | None = None
    before_going_on: Callable[[Snapshot], Snapshot] | None = None
    made: list[Descent] = field(default_factory=list)
    seconds: float = 0.0
    _next_number: int = 0

    def descend(
        self, objective: Objective, x: Vector, rule: Optimizer, stopping: Stopping, *, loop: LoopOptions
    ) -> Descent:
        """The next descent: as it is known, gone on with, or made.

        Raises:
            DataError: the one that is known began elsewhere.
        """
        place, since = len(self.made), None
        if place < len(self.known):
            before = replace(self.known[place], objective=objective, optimizer=rule)
            if not np.array_equal(before.start, x):
                raise DataError(
                    message(
                        "made again until there, this fit goes another way: another version or processor made it, or"
                        " its table was another."
                    )
                )
            last = self.ended and place == len(self.known) - 1
            if last or holds(before, stopping) or before.left_with is None:
                self.made.append(before)
                self.seconds += before.seconds
                return before.judged_again(cause=Cause.INTERRUPTED) if last else before
            left = before.left_with
            if self.before_going_on is not None:
                left = self.before_going_on(left)
            since = Continued(left, before.history, before.seconds, before.counts)
            self.known = self.known[:place]
            del self.numbers[self._next_number :]
        checkpoints = None if self.keeper is None else _Keeper(self, self.keeper)
        callbacks = replace(loop.callbacks, checkpoints=checkpoints)
        loop = replace(loop, callbacks=callbacks, since=since)
        run = descend(objective, x, rule, stopping, loop=loop)
        self.made.append(run)
        return run

    def number(self, compute: Callable[[], float]) -> float:
        """What ``compute`` gives, or gave: a number that takes a look at all rows."""
        place = self._next_number
        if place == len(self.numbers):
            self.numbers.append(float(compute()))
        self._next_number += 1
        return self.numbers[place]


@dataclass(frozen=True)
class _Keeper:
    """Keeps a fit where one of its descents is to be kept."""

    fit: Descents
    keeper: KeepsFits

    def is_due(self, now: float, numbers: int) -> bool:
        """Whether it is time for one of so many numbers, and those of the descents before."""
        before = sum((run.history.x.size + 4 * len(run.history)) for run in self.fit.made)
        return self.keeper.is_due(now, before + numbers)

    def keep(self, descent: Descent) -> None:
        """Keep the fit with this descent as its last."""
        self.keeper.keep_fit([*self.fit.made, descent], self.fit.numbers)


def holds(run: Descent, stopping: Stopping) -> bool:
    """Whether a descent that is to be made until then would end where this one did."""
    evidence, asked = run.termination.evidence, stopping.with_defaults(run.objective.dtype)
    cause = None if evidence is None else evidence.cause
    if cause in _LIMITS:
        limit, count = _LIMITS[cause]
        most = getattr(asked, limit)
        return most is not None and getattr(run, count) >= most
    if cause in TESTS:
        return all(getattr(asked, name) == getattr(run.stopping, name) for name in _TESTED_BY)
    return cause not in FROM_OUTSIDE
