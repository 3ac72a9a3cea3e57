"""What torch's tensors show of a loop: gradients never set to zero, parameters that nothing moves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch.utils.hooks import unserializable_hook

from downslope.objectives.recorded import LoopFault

FEWEST = 3  # steps from which a loop is known to do something in every step


class GradientWatch:
    """Looks whether gradients are zeroed between steps, and for parameters without any.

    Of one parameter the gradient is looked at right before another one is added to it: where it is there still as the
    last step left it, nobody has set it to zero. That is asked of torch's own count of changes, so nothing is kept.

    Args:
        names, params: of the optimizer or the module that is recorded.
    """

    def __init__(self, names: Sequence[str], params: Sequence[Any]) -> None:
        self._names, self._params = list(names), list(params)
        self._chosen: int | None = None  # the first whose gradient arrived
        self._as_it_was: tuple[int, int] | None = (
            None  # where its numbers lay at the last step, and their version
        )
        self._begun = self._carried = False  # of the gradients of the next step
        self._steps = self._kept = 0
        self._given: set[int] = set()  # what optimizers hold
        self._without = set(range(len(self._params)))
        self._left_out = set(range(len(self._params)))
        self._handles = [
            p.register_hook(unserializable_hook(partial(self._arrives, i)))  # a saved tensor goes without it
            for i, p in enumerate(self._params)
            if p.requires_grad
        ]

    def end(self) -> None:
        """Leave no trace."""
        for handle in self._handles:
            handle.remove()

    def _arrives(self, i: int, _: Any) -> None:
        """A gradient of parameter ``i`` is about to be added to what it has."""
        self._chosen = i if self._chosen is None else self._chosen
        if i != self._chosen:
            return
        held = self._params[i].grad
        there = held is not None and not held.is_sparse and bool(held.any())
        if self._begun:
            self._carried = self._carried and there
        else:
            self._carried = there and _state(held) == self._as_it_was
        self._begun = True

    def step(self, optimizers: Sequence[Any]) -> None:
        """Gradients as a step gets them; ``optimizers`` are those that have stepped so far."""
        if self._chosen is not None:
            held = self._params[self._chosen].grad
            self._kept += self._carried
            self._as_it_was = None if held is None or held.is_sparse else _state(held)
        self._steps += 1
        self._begun = self._carried = False
        given = {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}
        self._given |= given
        self._without -= {i for i in self._without if self._params[i].grad is not None}
        self._left_out -= {
            i for i in self._left_out if id(self._params[i]) in given or self._params[i].grad is None
        }

    @property
    def faults(self) -> tuple[LoopFault, ...]:
        """What every step showed."""
        if self._steps < FEWEST:
            return ()
        found = []
        if self._chosen is not None and self._kept == self._steps - 1:
            found.append(self._fault("gradient_not_zeroed", {self._chosen}))
        mine = {i for i, p in enumerate(self._params) if p.requires_grad and id(p) in self._given}
        without = self._without & mine
        if without:
            found.append(self._fault("replaced_parameter.no_gradient", without))
        if self._left_out:
            found.append(self._fault("replaced_parameter.left_out", self._left_out))
        return tuple(found)

    def _fault(self, kind: Any, which: set[int]) -> LoopFault:
        places = sorted(which)
        shapes = tuple(tuple(self._params[i].shape) for i in places)
        return LoopFault(kind, tuple(self._names[i] for i in places), shapes, self._steps)


def _state(tensor: Any) -> tuple[int, int]:
    return tensor.data_ptr(), tensor._version
