"""NumPy's functions that choose between numbers, or look them up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.messages import message
from downslope.programs import calls
from downslope.programs.elementwise import ON_NODES, as_number, as_truth, chosen
from downslope.programs.recorded import ProgramArray, as_array, graph_among, node_of
from downslope.symbolic.unknown import TraceError


def _where(condition: Any, yes: Any, no: Any) -> ProgramArray:
    graph = graph_among(condition, yes, no)
    return ProgramArray(chosen(*(node_of(graph, value) for value in (condition, yes, no))))


def _clip(array: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    for bound in (a_min, min):
        array = array if bound is None else np.maximum(array, bound)
    for bound in (a_max, max):
        array = array if bound is None else np.minimum(array, bound)
    return array


def _select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> ProgramArray:
    graph = graph_among(*conditions, *choices, default)
    found = node_of(graph, default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        found = chosen(node_of(graph, condition), node_of(graph, choice), found)
    return ProgramArray(found)


def _piecewise(x: Any, conditions: Any, functions: Sequence[Any]) -> ProgramArray:
    """Each function is called with the whole array, and its results count where its condition holds."""
    conditions = conditions if isinstance(conditions, (list, tuple)) else [conditions]
    given = as_array(x, *conditions)
    graph = given.node.graph
    results = [node_of(graph, function(given) if callable(function) else function) for function in functions]
    found = results.pop() if len(results) > len(conditions) else graph.number(0.0)
    if len(results) != len(conditions):
        raise TraceError(
            message("np.piecewise has {n} conditions for {m} functions", n=len(conditions), m=len(functions))
        )
    for condition, result in zip(conditions, results, strict=True):  # where several hold, the last counts
        found = chosen(as_truth(node_of(graph, condition)), result, found)
    return ProgramArray(graph.broadcast(found, given.shape))


def _interp(x: Any, xp: Any, fp: Any, *, left: None = None, right: None = None) -> ProgramArray:
    if left is not None or right is not None or isinstance(xp, ProgramArray) or isinstance(fp, ProgramArray):
        raise TraceError(message("np.interp is known for symbols between known points only"))
    lines = calls.Lines(np.array(xp, np.float64), np.array(fp, np.float64))
    return ProgramArray(calls.interpolated(as_number(as_array(x).node), lines))


def _polyval(p: Any, x: Any) -> Any:
    """The polynomial by Horner's rule."""
    found: Any = 0.0
    for coefficient in p:
        found = found * x + coefficient
    return found


def _elementwise(function: Any) -> Callable[..., ProgramArray]:
    """A function of NumPy's that is none of its universal ones, though it works on elements."""
    return lambda *values: ProgramArray(
        ON_NODES[function](*(node_of(graph_among(*values), value) for value in values))
    )


def _nan_to_num(x: Any, *, nan: float = 0.0) -> ProgramArray:
    given = as_array(x)
    most = float(np.finfo(np.float64).max)
    bounded = np.maximum(np.minimum(given, most), -most)
    return np.where(np.isnan(given), nan, bounded)  # type: ignore[return-value]


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{function: _elementwise(function) for function in ON_NODES if not isinstance(function, np.ufunc)},
    np.where: _where,
    np.clip: _clip,
    np.select: _select,
    np.piecewise: _piecewise,
    np.interp: _interp,
    np.polyval: _polyval,
    np.nan_to_num: _nan_to_num,
}
