"""The box that starts are drawn from, and the starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.containers import like
from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives import Normal, Objective, Uniform, Vector
from downslope.objectives.start import draws, parse_start

LEAST_REACH = 1.0  # half the width of a box around a coordinate that is nearly zero


@dataclass(frozen=True, eq=False)
class StartBox:
    """Starts are drawn uniformly from low <= x < high, each coordinate for itself.

    Attributes:
        low, high: the corners, float64 (d,); a coordinate at which they are equal stands still.
    """

    low: Vector
    high: Vector

    @classmethod
    def of(cls, objective: Objective, x: Vector, start: Any) -> StartBox:
        """What is ``Uniform`` in the start; else the window that a classic problem is shown in; else around ``x``.

        Around a start each coordinate may be doubled or become zero, and is changed by at least 1.

        Raises:
            UsageError: something in the start is ``Normal``, which no box holds.
        """
        start = parse_start(start) if isinstance(start, str) else start
        if draws(start, Normal):
            raise UsageError(
                message(
                    "these starts are drawn from a box, and normal(mean, deviation) has no ends: give"
                    " uniform(low, high), or a list of starts."
                )
            )
        ends = [_with_ends(start, lambda u: u.low), _with_ends(start, lambda u: u.high)]
        if ends[0] is not None and ends[1] is not None:
            low, high = (objective.parameters.flatten(end) for end in ends)
            return cls(low, high)
        problem = objective.problem
        if problem is not None and problem.view is not None:
            low, high = np.array(problem.view, np.float64).T
            return cls(low, high)
        reach = np.maximum(np.abs(x), LEAST_REACH)
        return cls(x - reach, x + reach)

    def draw(self, count: int, seed: int) -> NDArray[np.float64]:
        """So many starts, one a row.

        >>> StartBox(np.array([0.0, 5.0]), np.array([1.0, 5.0])).draw(2, seed=7).round(3).tolist()
        [[0.625, 5.0], [0.776, 5.0]]
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise UsageError(message("seed is {seed!r}; it must be a whole number, at least 0.", seed=seed))
        random = np.random.default_rng(seed)
        return self.low + (self.high - self.low) * random.random((count, len(self.low)))


def fresh_seed() -> int:
    """A seed that nobody chose, to be told."""
    return int(np.random.SeedSequence().generate_state(1)[0])


def _with_ends(start: Any, end: Callable[[Uniform], float]) -> Any:
    """The start with every ``Uniform`` replaced by one end of it; None where there is none."""
    found = False

    def one(value: Any) -> Any:
        nonlocal found
        if not isinstance(value, Uniform):
            return value
        found = True
        return end(value)

    if isinstance(start, Mapping):
        replaced: Any = {name: one(value) for name, value in start.items()}
    elif isinstance(start, (list, tuple)):
        replaced = like(start, map(one, start))
    else:
        replaced = one(start)
    return replaced if found else None
