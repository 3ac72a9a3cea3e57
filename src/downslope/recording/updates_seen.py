"""What a loop did beside what its rule would have done, and a mistake that would make the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from downslope.messages import Message
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.recording.loop_records import Code, LoopRow, all_near, steps_of

Cause: TypeAlias = tuple[Code, dict[str, Any], Message]

FIRST_ROWS = 50  # a mistake that does not make these steps is not tried on the whole of a long loop


@dataclass(frozen=True)
class Updates:
    """What a loop did, and what its rule would have done.

    Attributes:
        rule: that the loop claims to be.
        names: of the coordinates; those of one array are ``w[0]``, ``w[1]``, ...
        rows: the points, and the gradients there.
        gradients: as the rule should get them: of a climb, those of the rows with the other sign.
        moves: what each update added to the point.
        right: what it should have added.
    """

    rule: Optimizer
    names: Sequence[str]
    rows: Sequence[LoopRow]
    gradients: Sequence[Vector]
    moves: Sequence[Vector]
    right: Sequence[Vector]

    def made_by(self, steps: Sequence[Vector]) -> bool:
        """Whether the loop made these steps."""
        return all_near(self.rows, self.moves, list(steps))

    def made_with(
        self,
        rule: Optimizer,
        gradients: Sequence[Vector] | None = None,
        before: Callable[[int, str, Any], Any] | None = None,
    ) -> bool:
        """Whether the loop made the steps of another rule, of other gradients, or with its state changed each time."""
        given = self.gradients if gradients is None else gradients
        first, some = self.rows[:FIRST_ROWS], given[:FIRST_ROWS]
        if not all_near(first, self.moves[:FIRST_ROWS], steps_of(rule, first, some, before)):
            return False
        return len(self.rows) <= FIRST_ROWS or self.made_by(steps_of(rule, self.rows, given, before))


def state_leaves(updates: Updates) -> dict[str, Any]:
    """The parts of the rule's state as they are before the first step."""
    return dict(states.leaves(updates.rule.init(updates.rows[0].x)))


def powers_of(updates: Updates) -> dict[str, float]:
    """The parts of the state that are powers of a hyperparameter, for the correction of a start at zero: its value."""
    row, state = updates.rows[0], updates.rule.init(updates.rows[0].x)
    with np.errstate(all="ignore"):
        _, after, _ = updates.rule.update(row.x, row.value, updates.gradients[0], state)
    later, numbers = dict(states.leaves(after)), set(updates.rule.scalars().values())
    return {
        name: float(later[name])
        for name, leaf in states.leaves(state)
        if np.ndim(leaf) == 0 and leaf == 1.0 and np.ndim(later[name]) == 0 and float(later[name]) in numbers
    }
