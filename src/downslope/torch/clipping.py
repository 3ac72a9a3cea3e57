"""Clipping by the norm of all gradients, where they are in several groups and each group is stepped by itself.

``ClipByNorm`` would take the norm of the gradients that it sees, which are those of one group. Here it is told the norm
of all of them, as ``torch.nn.utils.clip_grad_norm_`` takes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import Optimizer, State, hyperparameter
from downslope.optimizers.param_tree import ParamTree, dot
from downslope.optimizers.wrappers.clipping import ClipByNorm
from downslope.optimizers.wrappers.wrapper import Wrapper
from downslope.torch.stepping import Slopes

LENGTH = "length"


class ClippedTogether(Wrapper):
    """``ClipByNorm`` that is told the length of the whole gradient, of which it sees a part."""

    limit: float = hyperparameter(1.0, "largest length of the gradient", above=0)
    length: float = hyperparameter(0.0, "length of the gradient", at_least=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        factor = where(self.length > self.limit, self.limit / where(self.length > 0, self.length, 1.0), 1.0)
        return self.inner.update(x, value, factor * gradient, state)


class _Shown(Optimizer):
    """In the place of what a wrapper holds: its step is the gradient that it is shown."""

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        return gradient, state, True


class ClippingTogether:
    """A rule with the norms of all groups where it clips by a norm; the rule itself where it does not."""

    def __init__(self, rule: Optimizer) -> None:
        self.rule = rule
        self._outer: list[
            tuple[str, Optimizer | None]
        ] = []  # where a length is told, and what stands before it
        for depth, layer in enumerate(rule.layers()):
            if type(layer) is ClipByNorm:
                before = self.rule.replaced(depth, _Shown()) if depth else None
                self._outer.append(("optimizer." * depth + LENGTH, before))
                told = ClippedTogether(optimizer=layer.optimizer, limit=layer.limit, length=0.0)
                self.rule = self.rule.replaced(depth, told)
        self.clips = bool(self._outer)

    def told(
        self, given: Sequence[Slopes], numbers: Sequence[Mapping[str, float]]
    ) -> Sequence[Mapping[str, float]]:
        """Each group's numbers with the lengths of what all of them show where the rule clips."""
        for path, before in self._outer:
            total = sum(_square(before, some, named) for some, named in zip(given, numbers, strict=True))
            numbers = [{**named, path: math.sqrt(total)} for named in numbers]
        return numbers


def _square(before: Optimizer | None, some: Slopes, named: Mapping[str, float]) -> float:
    """The sum of squares of a group's gradients, as the wrappers before the clipping show them."""
    _, live, slopes, _ = some
    shown = ParamTree(slopes)
    if before is not None:
        x = ParamTree([p.detach() for p in live])
        shown, _, _ = before.with_scalars(named).update(x, math.nan, shown, ())
    with torch.no_grad():
        return float(dot(shown, shown))
