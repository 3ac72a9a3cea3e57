"""One rule's steps on a list of parameters whose states stand in dicts, as torch keeps them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch

from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.tape import recorded
from downslope.symbolic.unknown import TraceError
from downslope.torch.calls import Tensors
from downslope.torch.pieces import is_large, run_one
from downslope.torch.program import Program, StepInputs, StepOutcome

States: TypeAlias = MutableMapping[torch.Tensor, dict[str, Any]]


class SteppingPlan(NamedTuple):
    """How a rule is run: its program, whether coordinates are mixed, and its state's leaves by name."""

    program: Program | Eager
    alone: Program | None  # the same, where it steps every coordinate for itself
    like: Any
    leaves: tuple[tuple[str, bool], ...]  # and whether each is a vector
    scalars: tuple[str, ...]


# What a step of a group starts from: all its parameters, those that have a gradient, these as dense tensors, and the
# value, or NaN where the rule does not look.
Slopes: TypeAlias = tuple[Tensors, Tensors, Tensors, float]


class Stepper:
    """Steps any parameters by one rule. It remembers nothing of them: what there is to remember is in the states."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._plans: dict[int, SteppingPlan] = {}
        self._alone: SteppingPlan | None = (
            None  # the one plan of a rule that steps every coordinate for itself
        )
        self._large: dict[tuple[int, int], bool] = {}  # whether some tensors of a list are large

    def step(self, given: Slopes, kept: States, named: Mapping[str, float]) -> bool:
        """Step the parameters in place; says whether the point was accepted."""
        params, live, slopes, value = given
        if not live:
            return True
        plan = self.plan(params, named)
        if plan.alone is None:
            if not kept[params[0]]:
                self._begin(plan, params, kept, named)
            if len(live) < len(params):
                known = dict(zip(map(id, live), slopes, strict=True))
                slopes = [known[id(p)] if id(p) in known else torch.zeros_like(p) for p in params]
            return self._run(plan, (params, slopes, value), [kept[p] for p in params], named)
        theirs = [kept[p] for p in live] if plan.leaves else []
        for p, its in zip(live, theirs, strict=False):
            if not its:
                self._begin(plan, [p], kept, named)
        if len(live) == 1 and plan.alone.fresh:
            self._run_one(plan, (live[0], slopes[0], value), theirs[0] if theirs else {}, named)
        else:
            self._run_buckets(plan, (live, slopes, value), theirs, named)
        return True

    def _run_buckets(
        self, plan: SteppingPlan, at: StepInputs, theirs: list[dict[str, Any]], named: Mapping[str, float]
    ) -> None:
        """Step parameters that have made as many steps together, and large ones by themselves.

        A rule that makes no vectors on its way takes all together.
        """
        live, slopes, value = at
        key = id(live[0]), len(live)
        if key not in self._large:  # asking every tensor at every step would cost more than some steps
            makes = plan.alone is not None and plan.alone.temporaries > 0
            self._large[key] = makes and any(map(is_large, live))
        names, large = plan.scalars, self._large[key]
        if not large and all(its[name] == theirs[0][name] for its in theirs for name in names):
            self._run(plan, at, theirs, named)
            return
        together: dict[Any, tuple[Tensors, Tensors, list[dict[str, Any]]]] = {}
        for p, slope, its in zip(live, slopes, theirs or [{} for _ in live], strict=True):
            if large and is_large(p):
                self._run_one(plan, (p, slope, value), its, named)
                continue
            some = together.setdefault(tuple([its[name] for name in names]), ([], [], []))
            some[0].append(p)
            some[1].append(slope)
            some[2].append(its)
        for some_live, some_slopes, some_states in together.values():
            self._run(plan, (some_live, some_slopes, value), some_states, named)

    def answer(self, params: Tensors, kept: States, named: Mapping[str, float]) -> None:
        """Write the point to report into the parameters."""
        rule = self._rule.with_scalars(named)
        plan = self.plan(params, named)
        for some in [params] if plan.alone is None else [[p] for p in params]:
            if plan.leaves and kept[some[0]]:
                state = self._gathered(plan, [kept[p] for p in some])
                parts = iter([ParamTree(leaf) if isinstance(leaf, list) else leaf for leaf in state])
                point = rule.answer(ParamTree(p.detach() for p in some), states.rebuilt(plan.like, parts))
                torch._foreach_copy_(some, point.parts)

    def plan(self, params: Tensors, named: Mapping[str, float]) -> SteppingPlan:
        """How these parameters are stepped, and how their state is made up."""
        return self._alone or self._planned(params, named)

    def _planned(self, params: Tensors, named: Mapping[str, float]) -> SteppingPlan:
        size = sum(p.numel() for p in params)
        size = min(size, 100)  # a memory may be shorter for very few numbers
        if size not in self._plans:
            like = self._rule.with_scalars(named).init(ParamTree(p.detach() for p in params))
            leaves = tuple((name, isinstance(leaf, ParamTree)) for name, leaf in states.leaves(like))
            program = program_of(self._rule, like)
            scalars = tuple(name for name, vector in leaves if not vector)
            shape = states.mapped(like, lambda *_: None)
            apart = not any(layer.counts_places for layer in self._rule.layers())
            if isinstance(program, Program) and (program.mixes or program.rejects):
                apart = False  # all are told of one rejection
            alone = program if isinstance(program, Program) and apart else None
            self._plans[size] = SteppingPlan(program, alone, shape, leaves, scalars)
            if alone:
                self._alone = self._plans[size]
        return self._plans[size]

    def _begin(self, plan: SteppingPlan, some: Tensors, kept: States, named: Mapping[str, float]) -> None:
        """The state before the first step, in tensors that nothing else holds."""
        first = self._rule.with_scalars(named).init(ParamTree(p.detach() for p in some))
        for (name, vector), (_, leaf) in zip(plan.leaves, states.leaves(first), strict=True):
            if not vector:
                kept[some[0]][name] = float(leaf)
                continue
            for p, part in zip(some, leaf.parts, strict=True):
                kept[p][name] = part.clone(memory_format=torch.preserve_format)

    def _gathered(self, plan: SteppingPlan, theirs: Sequence[dict[str, Any]]) -> list[Any]:
        return [[its[name] for its in theirs] if vector else theirs[0][name] for name, vector in plan.leaves]

    def _run_one(
        self, plan: SteppingPlan, at: StepInputs, its: dict[str, Any], named: Mapping[str, float]
    ) -> None:
        """Step one parameter by a rule that steps every coordinate for itself."""
        assert plan.alone is not None
        before = [its[name] for name, _ in plan.leaves]
        after = run_one(plan.alone, at, before, named)
        for (name, vector), new in zip(plan.leaves, after, strict=True):
            its[name] = new if vector else float(new)

    def _run(
        self,
        plan: SteppingPlan,
        at: StepInputs,
        theirs: Sequence[dict[str, Any]],
        named: Mapping[str, float],
    ) -> bool:
        before = self._gathered(plan, theirs)
        after, accepted, _ = plan.program.run(at, before, named)
        owners = theirs[:1] if plan.alone is None else theirs
        for (name, vector), old, new in zip(plan.leaves, before, after, strict=True):
            if not vector:
                number = float(new)
                for its in owners:
                    its[name] = number
            elif new is not old:
                for its, tensor in zip(theirs, new, strict=True):
                    its[name] = tensor
        return accepted


def program_of(rule: Rule, like: Any) -> Program | Eager:
    """What runs a rule on lists of tensors, for states of the build of ``like``; made once."""
    try:
        return Program(recorded(rule, like))
    except TraceError:
        return Eager(rule, like)


class Eager:
    """A rule that cannot be written down, such as one with bounds, called as it is at every step."""

    def __init__(self, rule: Rule, like: Any) -> None:
        self._rule, self._like = rule, states.mapped(like, lambda *_: None)
        self.mixes = True

    def run(self, at: StepInputs, state: list[Any], named: Mapping[str, float]) -> StepOutcome:
        """As ``Program.run``."""
        x, g, value = at
        leaves = iter([ParamTree(leaf) if isinstance(leaf, list) else leaf for leaf in state])
        here, slope = ParamTree(p.detach() for p in x), ParamTree(p.detach() for p in g)
        rule = self._rule.with_scalars(named)
        with np.errstate(all="ignore"):
            next_x, after, accepted = rule.update(here, value, slope, states.rebuilt(self._like, leaves))
        out = [
            [part.clone() for part in leaf.parts] if isinstance(leaf, ParamTree) else leaf
            for _, leaf in states.leaves(after)
        ]
        torch._foreach_copy_(x, next_x.parts)
        return StepOutcome(out, bool(accepted), x)
