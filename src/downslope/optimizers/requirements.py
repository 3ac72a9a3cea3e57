"""What a loop must know of an update rule before it runs it, found by running it on a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.block_rules import in_blocks, works_on_blocks

STEPS = 4  # of the trial: enough for every rule to have looked at what it looks at


@dataclass(frozen=True)
class Requirements:
    """What a rule asks of the loop that it runs in.

    Attributes:
        needs_value: whether it looks at the objective's value.
        searches: whether it may reject a point, as line searches do.
        averages: whether the point that it reports is another than the one where it evaluates.

    >>> from downslope.optimizers import Armijo, GradientDescent, ScheduleFreeSGD
    >>> requirements_of(GradientDescent())
    Requirements(needs_value=False, searches=False, averages=False)
    >>> requirements_of(Armijo())
    Requirements(needs_value=True, searches=True, averages=False)
    >>> requirements_of(ScheduleFreeSGD()).averages
    True
    """

    needs_value: bool
    searches: bool
    averages: bool


def requirements_of(rule: Optimizer) -> Requirements:
    """What ``rule`` asks of a loop. It is run from one start with values that fall, that rise, and with none."""
    with np.errstate(all="ignore"):
        falling, _, averages = _walk(rule, 0.1)
        rising, rejects, _ = _walk(rule, 10.0)
        untold, _, _ = _walk(rule, np.nan)
    same = all(
        np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(falling, rising, untold, strict=True)
    )
    return Requirements(not same, rejects, averages)


def _walk(rule: Optimizer, factor: float) -> tuple[list[Any], bool, bool]:
    """Every number of a few steps down a bowl, each value so many times the last; whether a point was rejected; whether
    another than the last is reported."""
    x = np.linspace(0.3, 0.7, _dimension(rule) or 3)
    if works_on_blocks(rule):
        rule, x = in_blocks(rule, ((2, 3),)), np.linspace(0.3, 0.7, 6)
    state, seen, rejects, averages = rule.init(x), [], False, False
    for k in range(STEPS):
        x, state, accepted = rule.update(x, factor**k, np.sinh(x), state)
        rejects = rejects or not accepted
        seen += [np.asarray(x), states.flat(state)]
        averages = averages or not np.array_equal(rule.answer(x, state), x)
    return seen, rejects, averages


def _dimension(rule: Optimizer) -> int:
    """Of the trial: as many as bounds among the rule's fields say; 0 where there are none."""
    fields = rule.hyperparameters().values()
    sizes = [len(value) for value in fields if isinstance(value, tuple)]
    return max([*sizes, *(_dimension(value) for value in fields if isinstance(value, Optimizer))], default=0)
