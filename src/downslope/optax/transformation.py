"""Our update rules as optax transformations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import UsageError
from downslope.messages import listing, message
from downslope.optax.libraries import libraries
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.param_tree import MovedParamTree, ParamTree
from downslope.optimizers.requirements import Requirements, requirements_of
from downslope.optimizers.wrappers.scheduled import resolve_schedule


class RuleState(NamedTuple):
    """The state of a rule as a pytree.

    Attributes:
        vectors: by the names that the rule gives them, each of the build of the parameters.
        scalars: by name, in the widest precision of the parameters.
        accepted: whether the point of the last update was accepted as a step; None where the rule always accepts.
        rule: of which rule it is, as the one key of a dict, so that it is in the build of the pytree and no number.
    """

    vectors: dict[str, Any]
    scalars: dict[str, Any]
    accepted: Any
    rule: Mapping[str, tuple[()]] = {}


def to_optax(optimizer: Optimizer) -> Any:
    """See ``Optimizer.to_optax``."""
    lib, rule = libraries(), resolve_schedule(optimizer)
    asks = requirements_of(rule.settled())

    def told(accepted: Any) -> Any:
        return lib.np.asarray(accepted, bool) if asks.searches else None

    def init(params: Any) -> RuleState:
        leaves, tree = lib.jax.tree.flatten(params)
        x = ParamTree(map(lib.np.asarray, leaves))
        return RuleState(*_packed(rule.init(x), x, tree), told(True), {rule.kind(): ()})

    def update(gradients: Any, state: RuleState, params: Any = None, *, value: Any = None, **_: Any) -> Any:
        _refuse(optimizer, asks, params, value)
        _refuse_another(rule, state)
        leaves, tree = lib.jax.tree.flatten(params, is_leaf=_is_none)
        slopes = tree.flatten_up_to(gradients)
        live = [i for i, slope in enumerate(slopes) if slope is not None and leaves[i] is not None]
        size = sum(np.size(leaf) for leaf in leaves if leaf is not None)
        x = MovedParamTree(lib.np.asarray(leaves[i]) for i in live)
        g = ParamTree(lib.np.asarray(slopes[i], part.dtype) for i, part in zip(live, x.parts, strict=True))
        f = lib.np.asarray(lib.np.nan if value is None else value, _widest(x))
        before = state._replace(vectors={n: _some(tree, of, live) for n, of in state.vectors.items()})
        next_x, after, accepted = rule.update(x, f, g, _unpacked(rule, before, size))
        known = next_x.change if isinstance(next_x, MovedParamTree) else None
        change = next_x - x if known is None else known
        changes = [part.astype(old.dtype) for part, old in zip(change.parts, x.parts, strict=True)]
        vectors, scalars = _packed(after, x, None)
        for name, parts in vectors.items():
            vectors[name] = _with(tree, state.vectors[name], live, parts)
        moved = dict(zip(live, changes, strict=True))
        for i, leaf in enumerate(leaves):
            if i not in moved:  # no parameter, or one without a gradient
                moved[i] = None if leaf is None else lib.np.zeros_like(leaf)
        change_tree = lib.jax.tree.unflatten(tree, [moved[i] for i in range(len(leaves))])
        return change_tree, RuleState(vectors, scalars, told(accepted), {rule.kind(): ()})

    if asks.needs_value:
        return lib.optax.GradientTransformationExtraArgs(init, update)
    return lib.optax.GradientTransformation(init, update)


def _is_none(leaf: Any) -> bool:
    return leaf is None


def _some(tree: Any, vector: Any, live: Sequence[int]) -> list[Any]:
    """The leaves of a vector of the state that have a gradient. ``tree`` has parameters that are None as leaves."""
    leaves = tree.flatten_up_to(vector)
    return [leaves[i] for i in live]


def _with(tree: Any, vector: Any, live: Sequence[int], parts: Sequence[Any]) -> Any:
    """The vector with other leaves where there is a gradient."""
    leaves = tree.flatten_up_to(vector)
    for i, part in zip(live, parts, strict=True):
        leaves[i] = part
    return libraries().jax.tree.unflatten(tree, leaves)


def _refuse(optimizer: Optimizer, asks: Requirements, params: Any, value: Any) -> None:
    """Raise a UsageError where something is missing that the rule steps by."""
    if params is None:
        raise UsageError(
            message(
                "{kind} steps from a point: update(gradients, state, params).",
                kind=type(optimizer).__name__,
            )
        )
    if value is None and asks.needs_value:
        raise UsageError(
            message(
                "{kind} looks at the objective's value too: update(gradients, state, params, value=...).",
                kind=type(optimizer).__name__,
            )
        )


def _refuse_another(rule: Optimizer, state: Any) -> None:
    """Raise a UsageError where a state is not of this rule."""
    ours = rule.kind()
    if not isinstance(state, RuleState):
        raise UsageError(
            message(
                "this is the state of {theirs}; this optimizer's rule is {ours}.",
                theirs=type(state).__name__,
                ours=ours,
            )
        )
    if state.rule and ours not in state.rule:
        raise UsageError(
            message(
                "this is the state of {theirs}; this optimizer's rule is {ours}.",
                theirs=listing(state.rule),
                ours=ours,
            )
        )


def answer(optimizer: Optimizer, state: RuleState, params: Any) -> Any:
    """The point to report for a state of ``to_optax()``: the average, where the rule averages; else ``params``.

    >>> import jax.numpy as jnp
    >>> from downslope.optimizers import ScheduleFreeSGD
    >>> rule = ScheduleFreeSGD(learning_rate=0.5)
    >>> transformation, params = rule.to_optax(), {"x": jnp.array(1.0)}
    >>> state = transformation.init(params)
    >>> for gradient in (2.0, 1.0):
    ...     change, state = transformation.update({"x": jnp.array(gradient)}, state, params)
    ...     params = {"x": params["x"] + change["x"]}
    >>> float(answer(rule, state, params)["x"])
    -0.25
    """
    lib, rule = libraries(), resolve_schedule(optimizer)
    leaves, tree = lib.jax.tree.flatten(params)
    x = ParamTree(map(lib.np.asarray, leaves))
    flat = state._replace(vectors={name: lib.jax.tree.leaves(of) for name, of in state.vectors.items()})
    point = rule.answer(x, _unpacked(rule, flat, len(x)))
    return lib.jax.tree.unflatten(tree, point.parts)


def _widest(x: ParamTree) -> Any:
    """The precision of scalars: at least float32, for 1 less a power of 0.999 is 0 in the narrower ones."""
    return libraries().np.result_type(np.float32, *(part.dtype for part in x.parts))


def _packed(state: Any, x: ParamTree, tree: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The leaves of a rule's state, in types that stay the same from step to step: vectors, and scalars.

    Vectors are of the build of ``tree``, or lists where that is None.
    """
    lib = libraries()
    vectors: dict[str, Any] = {}
    scalars = {}
    for name, leaf in states.leaves(state):
        if isinstance(leaf, ParamTree):
            parts = [part.astype(old.dtype) for part, old in zip(leaf.parts, x.parts, strict=True)]
            vectors[name] = parts if tree is None else lib.jax.tree.unflatten(tree, parts)
        else:
            scalars[name] = lib.np.asarray(leaf, _widest(x))
    return vectors, scalars


def _unpacked(rule: Optimizer, state: RuleState, size: int) -> Any:
    """The state, with lists as vectors, as the rule knows it.

    What it is made of does not depend on numbers, only on how many there are.
    """
    like = rule.settled().init(ParamTree([np.zeros(min(size, 100))]))

    def leaf(name: str, old: Any) -> Any:
        return ParamTree(state.vectors[name]) if isinstance(old, ParamTree) else state.scalars[name]

    return states.mapped(like, leaf)
