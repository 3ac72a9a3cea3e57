"""A JAX cost as a formula or a program: its jaxpr, the list of operations that JAX makes of it, followed.

A jaxpr is pure and complete, so nothing of the cost is missed. What has no counterpart in symbols raises
``TraceError``; JAX then compiles the descent itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from downslope.messages import message
from downslope.objectives.frameworks.symbols import (
    TOO_LARGE,
    Allowance,
    Followed,
    by_name,
    cumulated,
    elements,
    equal,
    expressions_of,
    followed,
    is_followed,
    not_equal,
    of_formulas,
    one_vector,
    rearranged,
    reduced,
    same,
    symbols_of,
)
from downslope.objectives.parameters import Parameters
from downslope.programs import ProgramArray
from downslope.symbolic.pairings import Side, difference
from downslope.symbolic.unknown import TraceError


def traced(closed: Any, parameters: Parameters) -> list[Any]:
    """The SymEngine expressions, flat, of a closed jaxpr of one flat array of the parameters.

    Raises:
        TraceError: some of it cannot be expressed in symbols, or it is too large.
    """
    return expressions_of(_run(closed, symbols_of(parameters)))


def recorded(closed: Any, x: ProgramArray) -> ProgramArray:
    """The result of a closed jaxpr of one flat array, recorded in the program of ``x``.

    Raises:
        TraceError: some of it is unknown there.
    """
    return one_vector(_run(closed, x))


def _run(closed: Any, x: Followed) -> list[Any]:
    try:
        return _Interpreter().run(closed.jaxpr, closed.consts, [x])
    except TraceError:
        raise
    except Exception as error:  # an operation in a form that its counterpart here does not know
        raise TraceError(
            message("it cannot be followed in symbols ({kind})", kind=type(error).__name__)
        ) from error


class _Interpreter:
    """Goes through a jaxpr, operation by operation: with symbols where parameters enter, else with numbers."""

    def __init__(self) -> None:
        self._allowance = Allowance()

    def run(self, jaxpr: Any, constants: Any, arguments: list[Any]) -> list[Any]:
        known: dict[Any, Any] = dict(zip(jaxpr.constvars, constants, strict=True))
        known.update(zip(jaxpr.invars, arguments, strict=True))

        def value(atom: Any) -> Any:
            return atom.val if hasattr(atom, "val") else known[atom]

        origins: dict[Any, Any] = {}  # what was spread, by what it was spread to
        for equation in jaxpr.eqns:
            inputs = [value(atom) for atom in equation.invars]
            _look(equation, inputs, origins)
            for variable, result in zip(equation.outvars, self._apply(equation, inputs), strict=True):
                if is_followed(result):
                    self._allowance.take(result, tuple(variable.aval.shape))
                known[variable] = result
        return [value(atom) for atom in jaxpr.outvars]

    def _apply(self, equation: Any, inputs: list[Any]) -> list[Any]:
        name, options = equation.primitive.name, dict(equation.params)
        inner = next((options[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in options), None)
        if inner is not None and name in _CALLS:
            closed = hasattr(inner, "consts")
            return self.run(inner.jaxpr if closed else inner, inner.consts if closed else [], inputs)
        if not any(map(is_followed, inputs)):
            results = equation.primitive.bind(*inputs, **options)
            return list(results) if equation.primitive.multiple_results else [results]
        if name in OPERATIONS:
            arrays = [e if is_followed(e) else np.asarray(e) for e in inputs]
            return [followed(OPERATIONS[name](*arrays, **options), *arrays)]
        if name in _REARRANGING:
            return _moved(equation.primitive, inputs, options)
        raise TraceError(message("{name} has no counterpart in symbols", name=name))


_CALLS = frozenset(
    {"jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"}
)

# They only move elements of their first argument about, so they are done once with the elements' numbers.
_REARRANGING = frozenset({"gather", "dynamic_slice", "rev", "pad"})


def _moved(primitive: Any, inputs: list[Any], options: dict[str, Any]) -> list[Followed]:
    """``pad`` puts NaN at the sides, by which it is seen whether there are any."""
    precision = jax.dtypes.canonicalize_dtype(np.float64)  # which says how many elements can be told apart
    if np.size(inputs[0]) > 2 ** np.finfo(precision).nmant:
        raise TraceError(TOO_LARGE)
    if primitive.name == "pad":
        inputs = [inputs[0], precision.type(np.nan)]

    def operation(places: list[Any]) -> list[Any]:
        return [primitive.bind(jax.numpy.asarray(places[0], precision), *places[1:], **options)]

    return rearranged(inputs, [True] + [False] * (len(inputs) - 1), operation)


def _look(equation: Any, inputs: list[Any], origins: dict[Any, Any]) -> None:
    """Keep what an operation spreads, and tell of a difference of two arrays of the shapes that they had before."""
    name = equation.primitive.name
    if name in _SPREADING and equation.invars[0].aval.size > 1:
        atom = equation.invars[0]
        kept = name == "broadcast_in_dim" or equation.outvars[0].aval.size == atom.aval.size
        if kept and type(atom).__name__ != "Literal":
            origins[equation.outvars[0]] = origins.get(atom, atom)
    elif name == "sub":
        sides = []
        for atom, array in zip(equation.invars, inputs, strict=True):
            before = atom if type(atom).__name__ == "Literal" else origins.get(atom, atom)
            sides.append(Side(tuple(before.aval.shape), not is_followed(array), bare=False))
        difference(*sides)


_SPREADING = ("broadcast_in_dim", "expand_dims", "reshape")


def _broadcast(a: Any, *, shape: Any, broadcast_dimensions: Any, **_: Any) -> Any:
    placed = [1] * len(shape)
    for axis, place in enumerate(broadcast_dimensions):
        placed[place] = a.shape[axis]
    return np.broadcast_to(elements(a).reshape(placed), shape)


def _slice(a: Any, *, start_indices: Any, limit_indices: Any, strides: Any) -> Any:
    steps = strides or (1,) * len(start_indices)
    return a[tuple(slice(*ends) for ends in zip(start_indices, limit_indices, steps, strict=True))]


def _dot_general(a: Any, b: Any, *, dimension_numbers: Any, **_: Any) -> Any:
    (contract_a, contract_b), (batch_a, _) = dimension_numbers
    if batch_a:
        raise TraceError(message("a batched product has no counterpart in symbols"))
    return np.tensordot(elements(a, b), elements(b, a), (list(contract_a), list(contract_b)))


def _reduction(name: str) -> Callable[..., Any]:
    return lambda a, *, axes, **_: reduced(name, a, axes)


def _converted(a: Any, *, new_dtype: Any, **_: Any) -> Any:
    if not np.issubdtype(new_dtype, np.floating):
        raise TraceError(message("a conversion to {new_dtype} has no derivative", new_dtype=new_dtype))
    return a.astype(float)


def _selected(which: Any, *cases: Any) -> Any:
    if len(cases) != 2:
        raise TraceError(message("a choice of several has no counterpart in symbols"))
    return np.where(which, cases[1], cases[0])


OPERATIONS: dict[str, Callable[..., Any]] = {
    **of_formulas("jax"),
    **by_name(
        {
            **{"add": "add", "add_any": "add", "sub": "subtract", "mul": "multiply", "div": "true_divide"},
            **{"neg": "negative", "pow": "power", "square": "square", "exp2": "exp2"},
            **{"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"},
            **{"and": "logical_and", "or": "logical_or", "not": "logical_not"},
        }
    ),
    "eq": equal,
    "ne": not_equal,
    "integer_pow": lambda a, *, y: np.power(a, y),
    "rsqrt": lambda a, **_: 1 / np.sqrt(a),
    "clamp": lambda low, a, high: np.minimum(np.maximum(a, low), high),
    "select_n": _selected,
    "is_finite": lambda a: np.ones(a.shape, bool),  # JAX asks where a symbol stands for a finite number
    "stop_gradient": same,
    "copy": same,
    "copy_p": same,
    "convert_element_type": _converted,
    "reduce_precision": same,
    "reduce_sum": _reduction("sum"),
    "reduce_prod": _reduction("prod"),
    "reduce_max": _reduction("max"),
    "reduce_min": _reduction("min"),
    "cumsum": lambda a, *, axis, reverse, **_: cumulated(a, axis, reverse),
    "dot_general": _dot_general,
    "broadcast_in_dim": _broadcast,
    "reshape": lambda a, *, new_sizes, **_: a.reshape(tuple(new_sizes)),
    "squeeze": lambda a, *, dimensions: np.squeeze(elements(a), tuple(dimensions)),
    "expand_dims": lambda a, *, dimensions: np.expand_dims(elements(a), tuple(dimensions)),
    "transpose": lambda a, *, permutation: np.transpose(elements(a), permutation),
    "slice": _slice,
    "concatenate": lambda *arrays, dimension: np.concatenate(
        [elements(a, *arrays) for a in arrays], dimension
    ),
    "stack": lambda *arrays, **options: np.stack(
        [elements(a, *arrays) for a in arrays], options.get("axis", options.get("dimension", 0))
    ),
}
