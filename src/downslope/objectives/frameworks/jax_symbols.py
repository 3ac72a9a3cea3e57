"""A JAX cost as a formula: its jaxpr, the list of operations that JAX makes of it, done with symbols.

A jaxpr is pure and complete, so nothing of the cost is missed. What has no counterpart in symbols raises
``TraceError``; JAX then compiles the descent itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import symengine as se

from downslope.messages import message
from downslope.objectives.frameworks.symbols import (
    Allowance,
    by_name,
    cumulated,
    each,
    expressions_of,
    of_formulas,
    rearranged,
    reduced,
    same,
    symbols_of,
)
from downslope.objectives.parameters import Parameters
from downslope.symbolic import SymbolicArray, call
from downslope.symbolic.array import TraceError, box


def traced(closed: Any, parameters: Parameters) -> list[Any]:
    """The SymEngine expressions, flat, of a closed jaxpr of one flat array of the parameters.

    Raises:
        TraceError: some of it cannot be expressed in symbols, or it is too large.
    """
    symbols = symbols_of(parameters)
    try:
        return expressions_of(_Interpreter().run(closed.jaxpr, closed.consts, [symbols]))
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

        for equation in jaxpr.eqns:
            inputs = [value(atom) for atom in equation.invars]
            for variable, result in zip(equation.outvars, self._apply(equation, inputs), strict=True):
                if isinstance(result, SymbolicArray):
                    self._allowance.take(result, tuple(variable.aval.shape))
                known[variable] = result
        return [value(atom) for atom in jaxpr.outvars]

    def _apply(self, equation: Any, inputs: list[Any]) -> list[Any]:
        name, options = equation.primitive.name, dict(equation.params)
        inner = next((options[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in options), None)
        if inner is not None and name in _CALLS:
            closed = hasattr(inner, "consts")
            return self.run(inner.jaxpr if closed else inner, inner.consts if closed else [], inputs)
        if not any(isinstance(entry, SymbolicArray) for entry in inputs):
            results = equation.primitive.bind(*inputs, **options)
            return list(results) if equation.primitive.multiple_results else [results]
        if name in OPERATIONS:
            arrays = [e if isinstance(e, SymbolicArray) else np.asarray(e) for e in inputs]
            return [SymbolicArray(box(OPERATIONS[name](*arrays, **options)))]
        if name in _REARRANGING:
            return _moved(equation.primitive, inputs, options)
        raise TraceError(message("{name} has no counterpart in symbols", name=name))


_CALLS = frozenset(
    {"jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"}
)

# They only move elements of their first argument about, so they are done once with the elements' numbers.
_REARRANGING = frozenset({"gather", "dynamic_slice", "rev", "pad"})


def _moved(primitive: Any, inputs: list[Any], options: dict[str, Any]) -> list[SymbolicArray]:
    """``pad`` puts NaN at the sides, by which it is seen whether there are any."""
    if primitive.name == "pad":
        inputs = [inputs[0], np.float32(np.nan)]

    def operation(places: list[Any]) -> list[Any]:
        return [primitive.bind(jax.numpy.asarray(places[0], np.float32), *places[1:], **options)]

    return rearranged(inputs, [True] + [False] * (len(inputs) - 1), operation)


def _broadcast(a: Any, *, shape: Any, broadcast_dimensions: Any, **_: Any) -> Any:
    placed = [1] * len(shape)
    for axis, place in enumerate(broadcast_dimensions):
        placed[place] = a.shape[axis]
    return np.broadcast_to(box(a).reshape(placed), shape)


def _slice(a: Any, *, start_indices: Any, limit_indices: Any, strides: Any) -> Any:
    steps = strides or (1,) * len(start_indices)
    return a[tuple(slice(*ends) for ends in zip(start_indices, limit_indices, steps, strict=True))]


def _dot_general(a: Any, b: Any, *, dimension_numbers: Any, **_: Any) -> Any:
    (contract_a, contract_b), (batch_a, _) = dimension_numbers
    if batch_a:
        raise TraceError(message("a batched product has no counterpart in symbols"))
    return np.tensordot(box(a), box(b), (list(contract_a), list(contract_b)))


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, *, axes, **_: reduced(function, a, axes)


def _converted(a: Any, *, new_dtype: Any, **_: Any) -> Any:
    if not np.issubdtype(new_dtype, np.floating):
        raise TraceError(message("a conversion to {new_dtype} has no derivative", new_dtype=new_dtype))
    return a


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
    "eq": each(se.Eq),
    "ne": each(se.Ne),
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
    "reduce_sum": _reduction(lambda *terms: se.Add(*terms)),
    "reduce_prod": _reduction(lambda *factors: se.Mul(*factors)),
    "reduce_max": _reduction(partial(call, "max")),
    "reduce_min": _reduction(partial(call, "min")),
    "cumsum": lambda a, *, axis, reverse, **_: cumulated(a, axis, reverse),
    "dot_general": _dot_general,
    "broadcast_in_dim": _broadcast,
    "reshape": lambda a, *, new_sizes, **_: a.reshape(tuple(new_sizes)),
    "squeeze": lambda a, *, dimensions: np.squeeze(box(a), tuple(dimensions)),
    "expand_dims": lambda a, *, dimensions: np.expand_dims(box(a), tuple(dimensions)),
    "transpose": lambda a, *, permutation: np.transpose(box(a), permutation),
    "slice": _slice,
    "concatenate": lambda *arrays, dimension: np.concatenate([box(a) for a in arrays], dimension),
    "stack": lambda *arrays, **options: np.stack(
        [box(a) for a in arrays], options.get("axis", options.get("dimension", 0))
    ),
}
