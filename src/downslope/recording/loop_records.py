"""What was seen of a loop, what can be said to be wrong with it, and when two steps count as the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from downslope.messages import Message
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states

TOLERANCE = 1e-3  # of a step: where people put epsilon, and float32, move less than that
RAN_OFF = 1e100  # of a coordinate: beyond, steps overflow, and say nothing of the rule
STEPS_FAR_OFF = 100  # after which a loop that has run off is ended
MOST_STEPS = 200_000  # after which any loop is ended
ROUNDING = 1e-6  # of a point: of the difference of two points in float32

Code: TypeAlias = Literal[
    "sign",
    "factor",
    "state_not_kept",
    "gradient_not_zeroed",
    "wrong_order",
    "stale_gradient",
    "no_step",
    "replaced_parameter",
    "broadcast",
    "crossed_gradients",
    "bias_correction",
    "step_not_counted",
    "swapped_hyperparameters",
    "another_hyperparameter",
    "epsilon_in_the_root",
    "no_root",
    "another_rule",
    "another_update",
]


@dataclass(frozen=True)
class LoopRow:
    """One step of a loop.

    Attributes:
        x, g: the point, and the gradient there.
        held: the gradient as the update got it, where that is known to be another; else None.
        value: the cost, or NaN.
        share: the learning rate of this step as a part of that of the first one; an array where each coordinate has
            one of its own.
        after: where the update led, where that was seen; else it is the point of the next row.
    """

    x: Vector
    g: Vector
    held: Vector | None = None
    value: float = math.nan
    share: Any = 1.0
    after: Vector | None = None

    def led(self, after: Vector) -> LoopRow:
        """The same, and where it led."""
        return replace(self, after=after)

    def with_share(self, share: Any) -> LoopRow:
        """The same with another learning rate."""
        return replace(self, share=share)

    def only(self, which: Any) -> LoopRow:
        """The same of some coordinates."""
        held, after = (None if part is None else part[which] for part in (self.held, self.after))
        share = self.share[which] if np.ndim(self.share) else self.share
        return LoopRow(self.x[which], self.g[which], held, self.value, share, after)


class SeenEnough(BaseException):
    """Ends a loop of which no further step says anything: it has run off, or goes on for ever."""


@dataclass
class LoopRecord:
    """The steps of a loop, and the point where it ended.

    Attributes:
        names: of the coordinates.
        rows: one for each step.
        last: where the loop ended.
        told: what the watch saw by itself: a slip in the order of calls, say.
    """

    names: Sequence[str] = ()
    rows: list[LoopRow] = field(default_factory=list)
    last: Vector | None = None
    told: list[Slip] = field(default_factory=list)

    def add(self, row: LoopRow) -> None:
        """Add a step; where the loop has run off, or made as many as can be looked at, it is ended.

        Raises:
            SeenEnough: no further step is wanted.
        """
        self.rows.append(row)
        far = len(self.rows) > STEPS_FAR_OFF and not np.max(np.abs(self.rows[-STEPS_FAR_OFF].x)) < RAN_OFF
        if far or len(self.rows) >= MOST_STEPS:
            raise SeenEnough

    @property
    def moves(self) -> list[Vector]:
        """What each update added to the point; of the last one only where it is known where it led."""
        ends = [*(row.x for row in self.rows[1:]), self.last][: len(self.rows)]
        led = [row.after if row.after is not None else end for row, end in zip(self.rows, ends, strict=True)]
        return [after - row.x for row, after in zip(self.rows, led, strict=True) if after is not None]

    @property
    def has_one_rate(self) -> bool:
        """Whether all steps have the same learning rate, as far as it is seen."""
        return all(np.all(np.asarray(row.share) == 1.0) for row in self.rows)


@dataclass(frozen=True)
class Slip:
    """One thing that is wrong with a loop.

    Attributes:
        code: which.
        step: the first one at which it shows.
        numbers: what was found, by name.
        sentence: what is wrong, with the numbers, and the cure.
    """

    code: Code
    step: int
    numbers: dict[str, Any]
    sentence: Message


def steps_of(
    rule: Optimizer,
    rows: Sequence[LoopRow],
    gradients: Sequence[Vector],
    before: Callable[[int, str, Any], Any] | None = None,
) -> list[Vector]:
    """What the rule would have added at each point of the loop, from these gradients.

    ``before(step, name, leaf)`` gives each part of its state as it should be before a step.
    """
    state = rule.init(rows[0].x)
    made: list[Vector] = []
    with np.errstate(all="ignore"):
        for k, (row, g) in enumerate(zip(rows, gradients, strict=True)):
            if before is not None:
                state = states.rebuilt(
                    state, iter([before(k, name, leaf) for name, leaf in states.leaves(state)])
                )
            now = rule
            if np.ndim(row.share) == 0 and row.share != 1.0 and "learning_rate" in rule.scalars():
                now = rule.with_scalars({"learning_rate": rule.scalars()["learning_rate"] * float(row.share)})
            after, state, _ = now.update(row.x, row.value, g, state)
            step = np.asarray(after - row.x, np.float64)
            made.append(step * row.share if np.ndim(row.share) else step)
    return made


# --- what is near what -----------------------------------------------------------------------------------


def _near(row: LoopRow, found: Vector, wanted: Vector) -> bool:
    size = float(np.linalg.norm(wanted)) + float(np.linalg.norm(found))
    away = float(np.linalg.norm(found - wanted))
    return away <= TOLERANCE * size / 2 + ROUNDING * float(np.linalg.norm(row.x))


def all_near(rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]) -> bool:
    """Whether all are, and not merely as nothing moves."""
    moved = any(
        float(np.linalg.norm(step)) > ROUNDING * float(np.linalg.norm(row.x))
        for row, step in zip(rows, found, strict=True)
    )
    return moved and all(_near(row, a, b) for row, a, b in zip(rows, found, wanted, strict=True))


def first_difference(
    rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]
) -> int | None:
    """The first step at which they are not near."""
    return next((k for k, row in enumerate(rows) if not _near(row, found[k], wanted[k])), None)


def common_factor(rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]) -> float | None:
    """The one number by which all steps are longer; None where there is none."""
    square = sum(float(step @ step) for step in wanted)
    if not 0 < square < math.inf:
        return None
    factor = sum(float(a @ b) for a, b in zip(found, wanted, strict=True)) / square
    if factor == 0 or not math.isfinite(factor):
        return None
    return factor if all_near(rows, found, [factor * step for step in wanted]) else None


def wrong_coordinates(rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]) -> Any:
    """Which coordinates part company at some step."""
    wrong = np.zeros(len(rows[0].x), bool)
    for row, a, b in zip(rows, found, wanted, strict=True):
        for i in np.flatnonzero(~wrong):
            one = row.only(slice(i, i + 1))
            wrong[i] = first_difference([one], [a[i : i + 1]], [b[i : i + 1]]) is not None
    return wrong


def finite_part(record: LoopRecord) -> LoopRecord:
    """The loop up to where it ran off, and its first step in any case."""

    def stays(point: Vector | None) -> bool:
        return point is None or bool(np.max(np.abs(point), initial=0) < RAN_OFF)

    count = 0
    for row in record.rows:
        if count and not (stays(row.x) and stays(row.after)):
            break
        count += 1
    rows = record.rows[:count]
    last = record.rows[count].x if count < len(record.rows) else record.last
    if len(rows) > 1 and not stays(last):  # the last step led away
        rows, last = rows[:-1], rows[-1].x
    return LoopRecord(record.names, rows, last, record.told)
