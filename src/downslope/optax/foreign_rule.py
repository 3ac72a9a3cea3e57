"""Optax transformations as update rules."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import UsageError
from downslope.messages import message
from downslope.optax.libraries import libraries
from downslope.optimizers.arithmetic import home_of
from downslope.optimizers.base import Optimizer
from downslope.optimizers.param_tree import ParamTree, spread
from downslope.symbolic.unknown import TraceError


class FromOptaxState(NamedTuple):
    """The arrays of an optax state, in order."""

    leaves: tuple[Any, ...]


class FromOptax(Optimizer):
    """An optax transformation as an update rule; ``from_optax`` makes it."""

    transformation: Any

    def init(self, x: Any) -> FromOptaxState:
        lib = libraries()
        if _is_traced(lib, x):
            traced = lib.jax.tree.leaves(self.transformation.init(_joined(lib, x)))
            return FromOptaxState(tuple(_like(leaf, x) for leaf in traced))
        flat = _flat(x)
        # Of numbers at once, even while JAX compiles something else.
        with _precision(flat), lib.jax.ensure_compile_time_eval():
            arrays = lib.jax.tree.leaves(self.transformation.init(lib.np.asarray(flat)))
        if any(lib.jax.dtypes.issubdtype(leaf.dtype, lib.jax.dtypes.prng_key) for leaf in arrays):
            raise UsageError(
                message(
                    "this optax transformation keeps a random key in its state, which is no number; use"
                    " it in optax's own loop, or add the noise to the gradient."
                )
            )
        return FromOptaxState(tuple(_like(np.array(leaf), x) for leaf in arrays))

    def update(
        self, x: Any, value: Any, gradient: Any, state: FromOptaxState
    ) -> tuple[Any, FromOptaxState, Any]:
        lib = libraries()
        if home_of(x, gradient) == "jax" and not isinstance(x, ParamTree):
            return (*_updated(self.transformation, _StepFrom(x, value, gradient), state), True)
        if _is_traced(lib, x):
            joined = FromOptaxState(tuple(_joined(lib, leaf) for leaf in state.leaves))
            at = _StepFrom(_joined(lib, x), value, _joined(lib, gradient))
            point, after = _updated(self.transformation, at, joined)
            return _like(point, x), FromOptaxState(tuple(_like(leaf, x) for leaf in after.leaves)), True
        flat = _flat(x)
        with _precision(flat):
            moved = _compiled(self.transformation)
            leaves = FromOptaxState(tuple(map(_flat_leaf, state.leaves)))
            next_x, after = moved(_StepFrom(flat, lib.np.asarray(value, flat.dtype), _flat(gradient)), leaves)
        new = FromOptaxState(tuple(_like(np.array(leaf), x) for leaf in after.leaves))
        return _like(np.array(next_x), x), new, True

    def to_dict(self) -> dict[str, Any]:
        """Only that it was one: a transformation is made of functions, which a file cannot hold."""
        return {"name": "theirs", "library": "optax", "title": "a GradientTransformation", "settings": []}


def from_optax(transformation: Any) -> FromOptax:
    """An optax transformation as an optimizer, for ``minimize`` and everything else here.

    Args:
        transformation: a ``GradientTransformation``, such as ``optax.adam(0.1)`` or a chain. It sees all parameters as
            one vector.

    Raises:
        UsageError: it is none, or it evaluates the objective itself (``value_fn``, as optax's line searches do).

    JAX costs run it inside their compiled loop; with others it is called from NumPy at every step. A run with it can
    be saved; what is loaded says only that it was optax's.

    >>> from downslope.optimizers import from_optax
    >>> import optax, downslope as ds
    >>> rule = from_optax(optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.5)))
    >>> ds.minimize("x^2", start={"x": 2.0}, optimizer=rule, steps=3).history["x"].tolist()
    [2.0, 1.5, 1.0, 0.5]
    """
    if not (hasattr(transformation, "init") and hasattr(transformation, "update")):
        raise UsageError(
            message(
                "{transformation!r:.60} is no optax transformation; give one such as"
                " optax.adam(0.1), or a chain of them.",
                transformation=transformation,
            )
        )
    return FromOptax(transformation=transformation)


@contextmanager
def _precision(x: Any) -> Iterator[None]:
    """Let JAX compute in the precision of ``x``."""
    jax = libraries().jax
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with enable(x.dtype == np.float64):
        yield


def _is_traced(lib: Any, x: Any) -> bool:
    """Whether a vector of parts is being compiled by JAX, so that there are no numbers yet."""
    return isinstance(x, ParamTree) and any(isinstance(part, lib.jax.core.Tracer) for part in x.parts)


def _joined(lib: Any, x: Any) -> Any:
    """Parts as one JAX vector; anything else as it is."""
    return lib.np.concatenate([part.reshape(-1) for part in x.parts]) if isinstance(x, ParamTree) else x


def _flat(x: Any) -> Any:
    """Numbers as one NumPy vector."""
    if isinstance(x, ParamTree):
        return np.concatenate([np.ravel(_flat(part)) for part in x.parts])
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return x
    if isinstance(x, (float, np.floating)):
        return np.asarray(x)
    if home_of(x) == "torch":
        return x.detach().cpu().numpy()
    try:
        return np.asarray(x, getattr(getattr(x, "dtype", None), "as_numpy_dtype", None))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TraceError(message("optax cannot be called with a {kind}", kind=type(x).__name__)) from error


def _flat_leaf(leaf: Any) -> Any:
    return _flat(leaf) if isinstance(leaf, ParamTree) else np.asarray(leaf)


def _like(array: Any, x: Any) -> Any:
    """A vector as parts where ``x`` has parts; what is not of its length as it is."""
    if isinstance(x, ParamTree) and array.shape == (len(x),):
        if isinstance(array, np.ndarray):
            return ParamTree(spread(array, x))
        ends = np.cumsum([part.size for part in x.parts])[:-1].tolist()
        pieces = libraries().np.split(array, ends)
        return ParamTree(
            piece.reshape(part.shape).astype(part.dtype) for piece, part in zip(pieces, x.parts, strict=True)
        )
    return array[()]


class _StepFrom(NamedTuple):
    """Where a step of an optax transformation begins."""

    x: Any
    value: Any
    gradient: Any


def _updated(transformation: Any, at: _StepFrom, state: FromOptaxState) -> tuple[Any, Any]:
    """One step in JAX. The leaves come as any numbers and are given the types that optax gave them."""
    lib, x = libraries(), at.x
    like = lib.jax.eval_shape(transformation.init, x)
    kinds, tree = lib.jax.tree.flatten(like)
    leaves = [lib.np.asarray(leaf).astype(kind.dtype) for leaf, kind in zip(state.leaves, kinds, strict=True)]
    theirs = lib.optax.with_extra_args_support(transformation)
    try:
        change, after = theirs.update(
            at.gradient, lib.jax.tree.unflatten(tree, leaves), x, value=at.value, grad=at.gradient
        )
    except TypeError as error:
        if "value_fn" not in str(error):
            raise
        raise UsageError(
            message(
                "this optax transformation evaluates the objective itself (value_fn), which would"
                " not be counted; make it without its line search (optax.lbfgs(linesearch=None)), or"
                " use LBFGS of downslope."
            )
        ) from error
    return lib.optax.apply_updates(x, change), FromOptaxState(tuple(lib.jax.tree.leaves(after)))


@functools.lru_cache(maxsize=32)
def _compiled(transformation: Any) -> Any:
    return libraries().jax.jit(functools.partial(_updated, transformation))
