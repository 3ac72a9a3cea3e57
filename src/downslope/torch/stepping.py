"""One rule's steps on a list of parameters whose states stand in dicts, as torch keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple, TypeAlias

import torch

from downslope.errors import UsageError
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.bundle import Bundle
from downslope.optimizers.tape import recorded
from downslope.symbolic.array import TraceError
from downslope.torch.calls import Tensors
from downslope.torch.program import Outcome, Program

ALONE = (
    65_536  # numbers from which a tensor on the CPU is stepped by itself: its temporaries stay in the cache
)

States: TypeAlias = MutableMapping[torch.Tensor, dict[str, Any]]


class Plan(NamedTuple):
    """How a rule is run: its program, whether coordinates are mixed, and its state's vectors and scalars by name."""

    program: Program | Eager
    mixes: bool
    like: Any
    leaves: tuple[tuple[str, bool], ...]
    vectors: tuple[str, ...]
    scalars: tuple[str, ...]


class Stepper:
    """Steps any parameters by one rule. It remembers nothing of them: what there is to remember is in the states."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._plans: dict[int, Plan] = {}

    def step(self, params: Tensors, kept: States, value: float, named: Mapping[str, float]) -> bool:
        """Step the parameters in place, from their ``grad``; says whether the point was accepted."""
        live = [p for p in params if p.grad is not None]
        if not live:
            return True
        plan = self._plan(params, named)
        if plan.mixes:
            self._begin(plan, [params] if not kept[params[0]] else [], kept, named)
            return self._run(plan, params, kept, value, named)
        if plan.leaves:
            self._begin(plan, [[p] for p in live if not kept[p]], kept, named)
        for bucket in _buckets(live, plan, kept):
            self._run(plan, bucket, kept, value, named)
        return True

    def answer(self, params: Tensors, kept: States, named: Mapping[str, float]) -> None:
        """Write the point to report into the parameters."""
        rule = self._rule.with_scalars(named)
        plan = self._plan(params, named)
        for some in [params] if plan.mixes else [[p] for p in params]:
            if plan.leaves and kept[some[0]]:
                state = self._gathered(plan, some, kept)
                parts = iter([Bundle(leaf) if isinstance(leaf, list) else leaf for leaf in state])
                point = rule.answer(Bundle(p.detach() for p in some), states.rebuilt(plan.like, parts))
                torch._foreach_copy_(some, point.parts)

    def _plan(self, params: Tensors, named: Mapping[str, float]) -> Plan:
        size = sum(p.numel() for p in params)
        size = min(size, 100)  # a memory may be shorter for very few numbers
        if size not in self._plans:
            like = self._rule.with_scalars(named).init(Bundle(p.detach() for p in params))
            leaves = tuple((name, isinstance(leaf, Bundle)) for name, leaf in states.leaves(like))
            program = program_of(self._rule, like)
            vectors = tuple(name for name, vector in leaves if vector)
            scalars = tuple(name for name, vector in leaves if not vector)
            shape = states.mapped(like, lambda *_: None)
            self._plans[size] = Plan(program, program.mixes, shape, leaves, vectors, scalars)
        return self._plans[size]

    def _begin(self, plan: Plan, groups: list[Tensors], kept: States, named: Mapping[str, float]) -> None:
        """The states before the first step, in tensors that nothing else holds."""
        for some in groups:
            first = self._rule.with_scalars(named).init(Bundle(p.detach() for p in some))
            for (name, vector), (_, leaf) in zip(plan.leaves, states.leaves(first), strict=True):
                if not vector:
                    kept[some[0]][name] = float(leaf)
                    continue
                for p, part in zip(some, leaf.parts, strict=True):
                    kept[p][name] = part.clone(memory_format=torch.preserve_format)

    def _gathered(self, plan: Plan, some: Tensors, kept: States) -> list[Any]:
        first = kept[some[0]]
        return [[kept[p][name] for p in some] if vector else first[name] for name, vector in plan.leaves]

    def _run(self, plan: Plan, some: Tensors, kept: States, value: float, named: Mapping[str, float]) -> bool:
        gradients = [_gradient(p) for p in some]
        before = self._gathered(plan, some, kept)
        after, accepted, _ = plan.program.run(some, gradients, value, before, named)
        owners = some[:1] if plan.mixes else some
        for (name, vector), old, new in zip(plan.leaves, before, after, strict=True):
            if not vector:
                number = float(new)
                for p in owners:
                    kept[p][name] = number
            elif new is not old:
                for p, tensor in zip(some, new, strict=True):
                    kept[p][name] = tensor
        return accepted


def program_of(rule: Rule, like: Any) -> Program | Eager:
    """What runs a rule on lists of tensors, for states of the build of ``like``; made once."""
    try:
        return Program(recorded(rule, like))
    except TraceError:
        return Eager(rule, like)


def _gradient(p: torch.Tensor) -> torch.Tensor:
    if p.grad is None:
        return torch.zeros_like(p)
    if p.grad.is_sparse:
        raise UsageError("a gradient is sparse; make the layer with sparse=False, or give its to_dense().")
    return p.grad.detach()


def _buckets(live: Tensors, plan: Plan, kept: States) -> Iterator[Tensors]:
    """Parameters that have made as many steps together; large ones alone, where that is faster."""
    together: dict[tuple[float, ...], Tensors] = {}
    for p in live:
        if p.numel() >= ALONE and p.device.type == "cpu":
            yield [p]
            continue
        its = kept[p]
        together.setdefault(tuple([its[name] for name in plan.scalars]), []).append(p)
    yield from together.values()


class Eager:
    """A rule that cannot be written down, such as one with bounds, called as it is at every step."""

    def __init__(self, rule: Rule, like: Any) -> None:
        self._rule, self._like = rule, states.mapped(like, lambda *_: None)
        self.mixes = True

    def run(
        self, x: Tensors, g: Tensors, value: float, state: list[Any], named: Mapping[str, float]
    ) -> Outcome:
        """As ``Program.run``."""
        leaves = iter([Bundle(leaf) if isinstance(leaf, list) else leaf for leaf in state])
        here, slope = Bundle(p.detach() for p in x), Bundle(g)
        rule = self._rule.with_scalars(named)
        next_x, after, accepted = rule.update(here, value, slope, states.rebuilt(self._like, leaves))
        out = [
            [part.clone() for part in leaf.parts] if isinstance(leaf, Bundle) else leaf
            for _, leaf in states.leaves(after)
        ]
        torch._foreach_copy_(x, next_x.parts)
        return Outcome(out, bool(accepted), x)
