"""A rule's update on lists of torch tensors: few passes over memory, in place wherever nobody looks any more.

``torch._foreach_*`` works on a whole list of parameters in one call, and on a GPU in one kernel. Scalars are Python's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from downslope.optimizers.tape import Node, Tape
from downslope.torch.calls import IN_PLACE, SWAPPABLE, Step, Tensors, step_of
from downslope.torch.fusing import Fusion


class Outcome(NamedTuple):
    """What an update leaves: the new state's leaves (lists of tensors, or numbers), whether x was accepted, and x'."""

    state: list[Any]
    accepted: bool
    next_x: Tensors


class Program:
    """A tape made ready for lists of tensors. The same program serves any number of parameters.

    Args:
        tape: the rule, written down.
        in_place: whether ``x`` itself is changed; else it is left as it is, and ``Outcome.next_x`` is new.

    >>> from downslope.optimizers import Momentum
    >>> from downslope.optimizers.bundle import Bundle
    >>> from downslope.optimizers.tape import recorded
    >>> rule, x = Momentum(learning_rate=0.5), [torch.ones(2)]
    >>> program = Program(recorded(rule, rule.init(Bundle(x))))
    >>> program.run(x, [torch.ones(2)], 0.0, [[torch.zeros(2)]], rule.scalars()).state
    [[tensor([1., 1.])]]
    >>> x
    [tensor([0.5000, 0.5000])]
    """

    def __init__(self, tape: Tape, *, in_place: bool = True) -> None:
        fusion = Fusion(tape)
        self.mixes, self._in_place = tape.mixes, in_place
        self._size = fusion.size
        self._x, self._g, self._value = (tape.inputs[name].index for name in ("x", "g", "value"))
        self._before = [node.index for name, node in tape.inputs.items() if name.startswith("state.")]
        known = {"x", "g", "value"}
        self._named = [
            (name, node.index)
            for name, node in tape.inputs.items()
            if name not in known and not name.startswith("state.")
        ]
        self._next, self._after, self._accepted = tape.next_x.index, list(tape.state), tape.accepted
        self._vectors = [isinstance(leaf, Node) and leaf.vector for leaf in tape.state]
        self._steps = _placed(fusion, tape, in_place)

    def run(
        self, x: Tensors, g: Tensors, value: float, state: Sequence[Any], named: Mapping[str, float]
    ) -> Outcome:
        """Change ``x`` (where it is done in place) and the state's tensors to what they are after the update.

        Args:
            x, g: the parameters and their gradients; ``g`` is left alone.
            value: the objective's, or NaN where the rule does not look.
            state: its leaves in order, lists of tensors that nobody else holds, and numbers.
            named: the hyperparameters by their paths.
        """
        s: list[Any] = [None] * self._size
        s[self._x], s[self._g], s[self._value] = x, g, np.float64(value)
        for place, leaf in zip(self._before, state, strict=True):
            s[place] = leaf
        for name, place in self._named:
            s[place] = named[name]
        for step in self._steps:
            step(s)
        after = [s[leaf.index] if isinstance(leaf, Node) else leaf for leaf in self._after]
        taken = {id(x), id(g), *(() if self._in_place else [id(s[self._next])])}
        spare = {id(leaf): leaf for leaf in state if isinstance(leaf, list)}
        kept = {id(leaf) for leaf, vector in zip(after, self._vectors, strict=True) if vector}
        for i, vector in enumerate(self._vectors):
            if not vector:
                continue
            if id(after[i]) in taken:  # it is x, g, or another leaf's: this one needs tensors of its own
                after[i] = _copy_of(after[i], [leaf for key, leaf in spare.items() if key not in kept], taken)
            taken.add(id(after[i]))
            if isinstance(after[i], tuple):  # as torch returns new lists
                after[i] = list(after[i])
        if self._in_place and s[self._next] is not x:
            torch._foreach_copy_(x, s[self._next])
        accepted = s[self._accepted.index] if isinstance(self._accepted, Node) else self._accepted
        return Outcome(after, bool(accepted), x if self._in_place else list(s[self._next]))


def _copy_of(tensors: Tensors, spare: Sequence[Tensors], taken: set[int]) -> Tensors:
    """The same numbers in tensors that are free, or in new ones."""
    for free in spare:
        if id(free) not in taken:
            torch._foreach_copy_(free, tensors)
            return free
    return [tensor.clone() for tensor in tensors]


# --- where results go ------------------------------------------------------------------------------------


def _placed(fusion: Fusion, tape: Tape, in_place: bool) -> list[Step]:
    """Every operation as a step that knows where its result goes: in place of an operand that is not needed again."""
    operations = fusion.operations
    results = {node.index for node in tape.results if isinstance(node, Node)}
    last = dict.fromkeys(results, len(operations))
    for k, operation in enumerate(operations):
        for place in operation.vectors:
            last[place] = max(last.get(place, k), k)
    shared = _Shared()
    for operation in operations:
        if operation.name == "pick":
            shared.join(operation.out, *operation.vectors)
    kept = {tape.inputs[name].index for name in (("g",) if in_place else ("g", "x"))}

    def free(place: int, k: int) -> bool:
        group = shared.group(place)
        return not kept & group and all(last.get(member, -1) <= k for member in group)

    steps = []
    for k, operation in enumerate(operations):
        if len(operation.vectors) == 2 and operation.name in SWAPPABLE and not free(operation.vectors[0], k):
            operation = operation._replace(vectors=operation.vectors[::-1])
        changeable = operation.name in IN_PLACE and operation.vectors
        overwrites = bool(changeable) and free(operation.vectors[0], k)
        if overwrites:
            shared.join(operation.out, operation.vectors[0])
        steps.append(step_of(operation, overwrites))
    return steps


class _Shared:
    """Which places may hold one and the same tensors."""

    def __init__(self) -> None:
        self._groups: dict[int, set[int]] = {}

    def group(self, place: int) -> set[int]:
        return self._groups.get(place, {place})

    def join(self, *places: int) -> None:
        merged = set().union(*(self.group(place) for place in places))
        for place in merged:
            self._groups[place] = merged
