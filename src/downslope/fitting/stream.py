"""A descent that is given its rows as they come: the rule remembers, the rows do not stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from downslope.fitting.batches import Steps, epoch_of, with_penalty
from downslope.fitting.compiled_rule import compiled_rule
from downslope.fitting.objective import DataObjective, Penalty
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.rows import Array
from downslope.fitting.standardising import standardised
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.wrappers.scheduled import resolve_schedule

AHEAD = 8  # rows ahead of those being read, for which memory is asked


@dataclass(frozen=True, eq=False)
class Stream:
    """Where such a descent stands. Plain data: it can be pickled, and go on elsewhere.

    Attributes:
        rule: that takes the steps, the l1 penalty's own step with it.
        coordinates: in which they are taken.
        centre: from where the features are measured.
        z: the point, in these coordinates.
        memory: what the rule remembers, as one vector.
    """

    rule: Optimizer
    coordinates: Coordinates
    centre: Array
    z: Array
    memory: Array

    @classmethod
    def opened(cls, rule: Optimizer, start: Vector, objective: DataObjective, standardize: bool) -> Stream:
        """Before any step, at ``start``; the rows of ``objective`` only tell the scale of the features.

        Raises:
            UsageError: the rule does not go with batches, or not with the penalty.
        """
        coordinates = Coordinates.user(objective.parameters.size)
        centre: Array = np.zeros(objective.linear.X.shape[1])
        if standardize:
            objective, coordinates = standardised(objective)
            centre = objective.linear.centre
        z = coordinates.from_user(start)
        whole = resolve_schedule(with_penalty(rule, objective.penalty, coordinates))
        compiled_rule(whole, len(z))
        return cls(whole, coordinates, centre, z, states.flat(whole.init(np.array(z))))

    def under(self, rule: Optimizer, penalty: Penalty) -> Stream:
        """The same place under another rule; its memory stays where the rules differ in numbers only."""
        whole = resolve_schedule(with_penalty(rule, penalty, self.coordinates))
        if whole.structure() == self.rule.structure():
            return replace(self, rule=whole)
        return replace(self, rule=whole, memory=states.flat(whole.init(np.array(self.z))))

    def fed(self, objective: DataObjective, batch: int) -> Stream:
        """After one pass over the objective's rows in the order they are in, a step after every ``batch`` of them.

        A row's weight multiplies its gradient, whatever the weights of the others.
        """
        layout, size = compiled_rule(self.rule, len(self.z)), len(self.z)
        work = epoch_of(objective.centred(self.centre), Steps(self.coordinates, layout, batch), 1.0)
        inputs, outputs = layout.buffers(self.z, self.memory)
        order = np.arange(objective.rows.count)
        work((order, np.minimum(order + AHEAD, len(order) - 1)), inputs, outputs)
        after = inputs[layout.head : layout.head + len(outputs)].copy()
        return replace(self, z=after[:size], memory=after[size:])

    @property
    def point(self) -> Vector:
        """What the rule reports, in the user's parameters."""
        memory = states.refilled(self.rule.init(np.array(self.z)), self.memory)
        return self.coordinates.to_user(self.rule.answer(self.z, memory))
