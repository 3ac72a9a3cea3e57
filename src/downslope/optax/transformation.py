"""Our update rules as optax transformations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.optax.libraries import libraries
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.param_tree import MovedParamTree, ParamTree
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.wrappers.scheduled import resolve_schedule


class RuleState(NamedTuple):
    """The state of a rule as a pytree.

    Attributes:
        vectors: by the names that the rule gives them, each of the build of the parameters.
        scalars: by name, in the widest precision of the parameters.
        accepted: whether the point of the last update was accepted as a step; None where the rule always accepts.
    """

    vectors: dict[str, Any]
    scalars: dict[str, Any]
    accepted: Any


def to_optax(optimizer: Optimizer) -> Any:
    """See ``Optimizer.to_optax``."""
    lib, rule = libraries(), resolve_schedule(optimizer)
    asks = requirements_of(rule)

    def told(accepted: Any) -> Any:
        return lib.np.asarray(accepted, bool) if asks.searches else None

    def init(params: Any) -> RuleState:
        leaves, tree = lib.jax.tree.flatten(params)
        x = ParamTree(map(lib.np.asarray, leaves))
        return _packed(rule.init(x), x, tree, told(True))

    def update(gradients: Any, state: RuleState, params: Any = None, *, value: Any = None, **_: Any) -> Any:
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
        leaves, tree = lib.jax.tree.flatten(params)
        x = MovedParamTree(map(lib.np.asarray, leaves))
        g = ParamTree(
            lib.np.asarray(leaf, part.dtype)
            for leaf, part in zip(lib.jax.tree.leaves(gradients), x.parts, strict=True)
        )
        f = lib.np.asarray(lib.np.nan if value is None else value, _widest(lib, x))
        next_x, after, accepted = rule.update(x, f, g, _unpacked(lib, rule, state, x))
        known = next_x.change if isinstance(next_x, MovedParamTree) else None
        change = next_x - x if known is None else known
        changes = [part.astype(old.dtype) for part, old in zip(change.parts, x.parts, strict=True)]
        return lib.jax.tree.unflatten(tree, changes), _packed(after, x, tree, told(accepted))

    if asks.needs_value:
        return lib.optax.GradientTransformationExtraArgs(init, update)
    return lib.optax.GradientTransformation(init, update)


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
    point = rule.answer(x, _unpacked(lib, rule, state, x))
    return lib.jax.tree.unflatten(tree, point.parts)


def _widest(lib: Any, x: ParamTree) -> Any:
    """The precision of scalars: at least float32, for 1 less a power of 0.999 is 0 in the narrower ones."""
    return lib.np.result_type(np.float32, *(part.dtype for part in x.parts))


def _packed(state: Any, x: ParamTree, tree: Any, accepted: Any) -> RuleState:
    """The leaves of a rule's state, in types that stay the same from step to step."""
    lib, vectors, scalars = libraries(), {}, {}
    for name, leaf in states.leaves(state):
        if isinstance(leaf, ParamTree):
            parts = [part.astype(old.dtype) for part, old in zip(leaf.parts, x.parts, strict=True)]
            vectors[name] = lib.jax.tree.unflatten(tree, parts)
        else:
            scalars[name] = lib.np.asarray(leaf, _widest(lib, x))
    return RuleState(vectors, scalars, accepted)


def _unpacked(lib: Any, rule: Optimizer, state: RuleState, x: ParamTree) -> Any:
    """The state as the rule knows it. What it is made of does not depend on numbers, only on how many there are."""
    like = rule.init(ParamTree([np.zeros(min(len(x), 100))]))

    def leaf(name: str, old: Any) -> Any:
        if isinstance(old, ParamTree):
            return ParamTree(lib.jax.tree.leaves(state.vectors[name]))
        return state.scalars[name]

    return states.mapped(like, leaf)
