"""A rule's update on lists of torch tensors: few passes over memory, in place wherever nobody looks any more.

``torch._foreach_*`` works on a whole list of parameters in one call, and on a GPU in one kernel. Scalars are Python's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch

from downslope.optimizers.tape import Node, Tape
from downslope.torch.calls import IN_PLACE, NAMES, SWAPPABLE, Tensors, line_of, line_of_one
from downslope.torch.fusing import Fusion, Operation

# What an update starts from: x and g, lists of tensors (or single ones where one parameter is stepped alone), and
# the objective's value, or NaN where the rule does not look. A plain tuple, as making a named one at every step costs
# a part of a small step that shows.
StepInputs: TypeAlias = tuple[Any, Any, float]


class StepOutcome(NamedTuple):
    """What an update leaves: the new state's leaves (lists of tensors, or numbers), whether x was accepted, and x'."""

    state: list[Any]
    accepted: bool
    next_x: Tensors


class Program:
    """A tape made ready for lists of tensors. The same program serves any number of parameters.

    Args:
        tape: the rule, written down.
        in_place: whether ``x`` itself is changed; else it is left as it is, and ``Outcome.next_x`` is new.

    Attributes:
        mixes: whether a coordinate's new value depends on other coordinates.
        rejects: whether it may reject a point.
        still: whether every vector of the state is changed in its own tensors.
        fresh: whether each that is not is in a tensor that the update has made, and that nothing else is in.
        temporaries: how many new vectors an update makes.

    >>> from downslope.optimizers import Momentum
    >>> from downslope.optimizers.param_tree import ParamTree
    >>> from downslope.optimizers.tape import recorded
    >>> rule, x = Momentum(learning_rate=0.5), [torch.ones(2)]
    >>> program = Program(recorded(rule, rule.init(ParamTree(x))))
    >>> program.run((x, [torch.ones(2)], 0.0), [[torch.zeros(2)]], rule.scalars()).state
    [[tensor([1., 1.])]]
    >>> x
    [tensor([0.5000, 0.5000])]
    """

    def __init__(self, tape: Tape, *, in_place: bool = True) -> None:
        fusion = Fusion(tape)
        self.mixes, self.rejects, self._in_place = tape.mixes, isinstance(tape.accepted, Node), in_place
        self._vectors = [i for i, leaf in enumerate(tape.state) if isinstance(leaf, Node) and leaf.vector]
        known = ("x", "g", "value")
        self._named = [name for name in tape.inputs if name not in known and not name.startswith("state.")]
        placed, still, fresh = _placed(fusion, tape, in_place)
        self.still, self.fresh = still and in_place, fresh and in_place
        makers = [op for op, there in placed if op.vectors and not there and op.name not in ("dot", "pick")]
        self.temporaries = len(makers)
        self._update = _made(tape, [line_of(operation, there) for operation, there in placed])
        self._update_one = _made(tape, [line_of_one(operation, there) for operation, there in placed])

    def run(self, at: StepInputs, state: Sequence[Any], named: Mapping[str, float]) -> StepOutcome:
        """Change the parameters (where it is done in place) and the state's tensors to what they are afterwards.

        Args:
            at: lists of parameters and gradients.
            state: its leaves in order, lists of tensors that nobody else holds, and numbers.
            named: the hyperparameters by their paths.
        """
        x = at[0]
        after, accepted, next_x = self._update(*at, *state, *[named[name] for name in self._named])
        if not self.still:
            self._settle(at, state, after, next_x)
        if self._in_place:
            if next_x is not x:
                torch._foreach_copy_(x, next_x)
            next_x = x
        return StepOutcome(after, bool(accepted), next_x if next_x is x else list(next_x))

    def run_one(self, at: StepInputs, state: Sequence[Any], named: Mapping[str, float]) -> list[Any]:
        """The same for one parameter, with tensors for lists, where it is ``still`` or ``fresh``: the new state."""
        after, _, next_x = self._update_one(*at, *state, *[named[name] for name in self._named])
        if next_x is not at[0]:
            at[0].copy_(next_x)
        new: list[Any] = after
        return new

    def _settle(self, at: StepInputs, state: Sequence[Any], after: list[Any], next_x: Any) -> None:
        """Give tensors of its own to every vector of the new state that is x, g, or another vector."""
        taken = {id(at[0]), id(at[1]), *(() if self._in_place else [id(next_x)])}
        kept = {id(after[i]) for i in self._vectors}
        spare = [leaf for leaf in state if isinstance(leaf, list) and id(leaf) not in kept]
        for i in self._vectors:
            if id(after[i]) in taken:
                after[i] = _copy_of(after[i], spare, taken)
            taken.add(id(after[i]))
            if isinstance(after[i], tuple):  # as torch returns new lists
                after[i] = list(after[i])


def _copy_of(tensors: Tensors, spare: Sequence[Tensors], taken: set[int]) -> Tensors:
    """The same numbers in tensors that are free, or in new ones."""
    for free in spare:
        if id(free) not in taken:
            torch._foreach_copy_(free, tensors)
            return free
    return [tensor.clone() for tensor in tensors]


# --- where results go ------------------------------------------------------------------------------------


def _made(tape: Tape, lines: Sequence[str]) -> Any:
    """The update as a function of x, g, the value, the state's leaves and the hyperparameters."""
    arguments = [node.index for node in tape.inputs.values()]
    state = ", ".join(f"v{leaf.index}" if isinstance(leaf, Node) else repr(leaf) for leaf in tape.state)
    accepted = f"v{tape.accepted.index}" if isinstance(tape.accepted, Node) else "True"
    body = [*lines, f"return [{state}], {accepted}, v{tape.next_x.index}"]
    x = tape.inputs["x"].index
    head = f"def update({', '.join(f'v{i}' for i in arguments)}):"
    namespace: dict[str, Any] = {}
    source = "\n    ".join([head, f"x = v{x}", *body])
    exec(source, dict(NAMES), namespace)  # made of places and the names of operations, nothing else
    return namespace["update"]


def _placed(fusion: Fusion, tape: Tape, in_place: bool) -> tuple[list[tuple[Operation, bool]], bool, bool]:
    """Every operation with where its result goes: whether in place of its first operand, which is not needed again.

    Also whether every vector of the state was changed in its own place, so that there is nothing to settle; and
    whether at least each of them has a tensor to itself.
    """
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

    placed: list[tuple[Operation, bool]] = []
    home = {place: place for place in range(fusion.size)}
    for k, operation in enumerate(operations):
        if len(operation.vectors) == 2 and operation.name in SWAPPABLE and not free(operation.vectors[0], k):
            operation = operation._replace(vectors=operation.vectors[::-1])
        changeable = operation.name in IN_PLACE and operation.vectors
        overwrites = bool(changeable) and free(operation.vectors[0], k)
        if overwrites:
            shared.join(operation.out, operation.vectors[0])
            home[operation.out] = home[operation.vectors[0]]
        placed.append((operation, overwrites))
    before = [node.index for name, node in tape.inputs.items() if name.startswith("state.")]
    vectors_before = [
        place
        for leaf, place in zip(tape.state, before, strict=True)
        if isinstance(leaf, Node) and leaf.vector
    ]
    homes = [home[leaf.index] for leaf in tape.state if isinstance(leaf, Node) and leaf.vector]
    still = homes == vectors_before
    others = {node.index for node in tape.inputs.values()} | {home[tape.next_x.index]}
    made = [place for place, own in zip(homes, vectors_before, strict=True) if place != own]
    fresh = len({*homes}) == len(homes) and not others & {*made}
    picks = any(operation.name == "pick" for operation in operations)
    return placed, still and not picks, fresh and not picks


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
