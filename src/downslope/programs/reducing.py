"""NumPy's functions that make fewer numbers of many: sums, extremes, statistics; and running sums and differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from downslope.messages import message
from downslope.programs import products
from downslope.programs.arithmetic import mul
from downslope.programs.calls import sorted_rows
from downslope.programs.elementwise import as_number, as_truth
from downslope.programs.node import ArrayNode, Axis, Table
from downslope.programs.recorded import ProgramArray, as_array
from downslope.programs.shaping import concatenate
from downslope.symbolic.unknown import TraceError


def _axes(a: ProgramArray, axis: Any) -> tuple[int, ...]:
    return tuple(range(a.ndim)) if axis is None else normalize_axis_tuple(axis, a.ndim)


def _reduced(name: str, a: ProgramArray, axis: Any, keepdims: bool) -> ProgramArray:
    axes = _axes(a, axis)
    node = as_truth(a.node) if name in ("all", "any") else as_number(a.node)
    if name in ("max", "min") and not math.prod(a.shape[k] for k in axes):
        raise TraceError(message("an array without elements has no {name}", name=name))
    found = products.reduced(name, node, axes)
    if keepdims:
        kept = [k for k in range(a.ndim) if k not in axes]
        shape = tuple(1 if k in axes else n for k, n in enumerate(a.shape))
        found = found.graph.view(found, [Axis(0, 1, k) for k in kept], shape)
    return ProgramArray(found)


def _reduction(name: str) -> Callable[..., ProgramArray]:
    def applied(
        a: Any, axis: Any = None, dtype: None = None, out: None = None, *, keepdims: bool = False
    ) -> ProgramArray:
        if (dtype is not None and np.dtype(dtype) != np.float64) or out is not None:
            raise TraceError(
                message("np.{function} into another array is not known for symbols", function=name)
            )
        return _reduced(name, as_array(a), axis, keepdims)

    return applied


def _extreme(name: str) -> Callable[..., ProgramArray]:
    return lambda a, axis=None, out=None, *, keepdims=False: _reduction(name)(
        a, axis, None, out, keepdims=keepdims
    )


def _count(a: ProgramArray, axis: Any) -> int:
    return math.prod(a.shape[k] for k in _axes(a, axis))


def _mean(a: Any, axis: Any = None, *, keepdims: bool = False) -> ProgramArray:
    given = as_array(a)
    return _reduced("sum", given, axis, keepdims) / float(_count(given, axis))  # type: ignore[no-any-return]


def _variance(a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> ProgramArray:
    given = as_array(a)
    apart = given - _mean(given, axis, keepdims=True)
    total = _reduced("sum", apart * apart, axis, keepdims)
    return total / float(_count(given, axis) - ddof)  # type: ignore[no-any-return]


def _deviation(a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> ProgramArray:
    return np.sqrt(_variance(a, axis, ddof=ddof, keepdims=keepdims))  # type: ignore[return-value]


def _average(a: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> ProgramArray:
    given = as_array(a, weights)
    if weights is None:
        return _mean(given, axis, keepdims=keepdims)
    shares = as_array(weights, given)
    if shares.shape != given.shape:
        k = normalize_axis_index(axis, given.ndim)
        shares = shares.reshape((given.shape[k],) + (1,) * (given.ndim - k - 1))
    shares = shares + 0.0 * np.zeros(given.shape)
    total = _reduced("sum", given * shares, axis, keepdims)
    return total / _reduced("sum", shares, axis, keepdims)  # type: ignore[no-any-return]


def _range(a: Any, axis: Any = None, *, keepdims: bool = False) -> ProgramArray:
    given = as_array(a)
    return _reduced("max", given, axis, keepdims) - _reduced("min", given, axis, keepdims)  # type: ignore[no-any-return]


def _running(node: ArrayNode, product: bool) -> ArrayNode:
    """Running sums or products of each row (the last axis), by doubling how many numbers are in each."""
    graph, shape = node.graph, node.shape
    n, k = shape[-1], len(shape) - 1
    lead = [Axis(0, 1, j) for j in range(k)]
    whole = [*lead, Axis(0, 1, k)]
    apart = 1
    while apart < n:
        earlier = graph.view(node, whole, (*shape[:-1], n - apart))
        behind = [*lead, Axis(apart, 1, k)]
        if product:
            ones = graph.broadcast(graph.number(1.0), (*shape[:-1], apart))
            node = mul(node, graph.assembled([(earlier, behind), (ones, whole)], shape))
        else:
            node = graph.assembled([(node, whole), (earlier, behind)], shape)
        apart *= 2
    return node


def _cumulative(product: bool) -> Callable[..., ProgramArray]:
    def applied(a: Any, axis: int | None = None) -> ProgramArray:
        given = as_array(a)
        if axis is None:
            given, axis = given.reshape(-1), 0
        rows = given.seen(lambda array: np.moveaxis(array, axis, -1))
        return ProgramArray(_running(as_number(rows.node), product)).seen(
            lambda array: np.moveaxis(array, -1, axis)
        )

    return applied


def _along(a: ProgramArray, axis: int, part: slice) -> ProgramArray:
    return a[(*(slice(None),) * normalize_axis_index(axis, a.ndim), part)]


def _differences(a: Any, n: int = 1, axis: int = -1) -> ProgramArray:
    found = as_array(a)
    for _ in range(n):
        found = _along(found, axis, slice(1, None)) - _along(found, axis, slice(None, -1))
    return found


def _slopes_along(given: ProgramArray, spacing: Any, axis: int, edge_order: int) -> ProgramArray:
    """``np.gradient`` along one axis."""
    n = given.shape[axis]
    if n < edge_order + 1:
        raise TraceError(message("np.gradient needs {n} numbers along an axis", n=edge_order + 1))
    steps = np.broadcast_to(spacing, (n - 1,)) if np.ndim(spacing) == 0 else np.diff(np.asarray(spacing))
    column = (slice(None),) + (None,) * (given.ndim - 1 - normalize_axis_index(axis, given.ndim))
    before, after = steps[:-1][column], steps[1:][column]
    rise = _differences(given, 1, axis) / steps[column]
    left, right = _along(rise, axis, slice(None, -1)), _along(rise, axis, slice(1, None))
    inner = (left * after + right * before) / (before + after)
    ends = [_along(rise, axis, slice(0, 1)), _along(rise, axis, slice(n - 2, None))]
    if edge_order == 2:
        first, last = steps[0] / (steps[0] + steps[1]), steps[-1] / (steps[-1] + steps[-2])
        ends[0] = ends[0] * (1 + first) - _along(rise, axis, slice(1, 2)) * first
        ends[1] = ends[1] * (1 + last) - _along(rise, axis, slice(n - 3, n - 2)) * last
    return concatenate([ends[0], inner, ends[1]], axis)


def _gradient(f: Any, *spacings: Any, axis: Any = None, edge_order: int = 1) -> Any:
    given = as_array(f)
    axes = _axes(given, axis)
    if len(spacings) <= 1:
        spacings = (spacings or (1.0,)) * len(axes)
    found = [_slopes_along(given, spacing, k, edge_order) for spacing, k in zip(spacings, axes, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> ProgramArray:
    given = as_array(y, x, dx)
    if x is not None:
        spots = as_array(x, given)
        dx = _differences(spots, 1, -1 if spots.ndim == 1 else axis)
        if spots.ndim == 1:
            dx = dx.reshape((-1,) + (1,) * (given.ndim - 1 - normalize_axis_index(axis, given.ndim)))
    middles = (_along(given, axis, slice(1, None)) + _along(given, axis, slice(None, -1))) / 2.0
    return _reduced("sum", dx * middles, axis, False)


def _sort(a: Any, axis: int | None = -1) -> ProgramArray:
    given = as_array(a)
    if axis is None:
        given, axis = given.reshape(-1), -1
    rows = given.seen(lambda array: np.moveaxis(array, axis, -1))
    return ProgramArray(sorted_rows(as_number(rows.node))).seen(lambda array: np.moveaxis(array, -1, axis))


def _quantile(a: Any, q: Any, axis: int | None = None, *, keepdims: bool = False) -> ProgramArray:
    """By straight lines between the sorted elements, which is NumPy's way where none is named."""
    rows = _sort(a, axis)
    axis = -1 if axis is None else axis
    n = rows.shape[axis]
    places = np.asarray(q, float) * (n - 1)
    below = np.clip(np.floor(places).astype(int), 0, n - 1)
    above = np.minimum(below + 1, n - 1)
    shares = places - below
    parts = []
    for low, high, share in zip(below.ravel(), above.ravel(), shares.ravel(), strict=True):
        first, second = (_along(rows, axis, slice(k, k + 1)) for k in (int(low), int(high)))
        part = first if share == 0 else first + (second - first) * float(share)
        if not keepdims:
            part = part.seen(lambda array: np.squeeze(array, axis))
        parts.append(part)
    return parts[0] if places.ndim == 0 else np.stack(parts)  # type: ignore[return-value]


def _median(a: Any, axis: int | None = None, *, keepdims: bool = False) -> ProgramArray:
    rows = _sort(a, axis)
    axis = -1 if axis is None else axis
    n = rows.shape[axis]
    middle = _along(rows, axis, slice((n - 1) // 2, n // 2 + 1))
    return _mean(middle, axis, keepdims=keepdims)


def _without_nan(a: Any, axis: Any = None, *, keepdims: bool = False) -> ProgramArray:
    given = as_array(a)
    return _reduced("sum", np.where(np.isnan(given), 0.0, given), axis, keepdims)  # type: ignore[arg-type]


def _log_of_sum(
    a: Any, axis: Any = None, dtype: None = None, out: None = None, *, keepdims: bool = False
) -> ProgramArray:
    """``np.logaddexp.reduce``: from the largest element, so that nothing overflows."""
    given = as_array(a)
    largest = _reduced("max", given, axis, True)
    top: Any = np.where(np.isfinite(largest), largest, 0.0)
    found: Any = np.log(_reduced("sum", np.exp(given - top), axis, True)) + top
    if keepdims:
        return found  # type: ignore[no-any-return]
    return _reduced("sum", found, axis, False)  # of one number each


def _counted(x: Any, /, weights: Any = None, minlength: int = 0) -> ProgramArray:
    """``np.bincount``: sums of weights by the number that each has."""
    given, numbers = as_array(weights), np.asarray(x)
    if numbers.shape != given.shape or numbers.ndim != 1:
        raise TraceError(
            message("'bincount' of arrays of shapes {a} and {b} does not fit", a=numbers.shape, b=given.shape)
        )
    length = max(int(numbers.max(initial=-1)) + 1, minlength)
    node = as_number(given.node)
    return ProgramArray(node.graph.scattered(node, Table(numbers.astype(np.int64)), (length,)))


REDUCTIONS: dict[Any, Callable[..., Any]] = {
    np.add: _reduction("sum"),
    np.multiply: _reduction("prod"),
    np.maximum: _extreme("max"),
    np.minimum: _extreme("min"),
    np.logical_and: _extreme("all"),
    np.logical_or: _extreme("any"),
    np.logaddexp: _log_of_sum,
}

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _reduction("sum"),
    np.prod: _reduction("prod"),
    np.max: _extreme("max"),
    np.min: _extreme("min"),
    np.amax: _extreme("max"),
    np.amin: _extreme("min"),
    np.all: _extreme("all"),
    np.any: _extreme("any"),
    np.mean: _mean,
    np.var: _variance,
    np.std: _deviation,
    np.average: _average,
    np.ptp: _range,
    np.cumsum: _cumulative(False),
    np.cumprod: _cumulative(True),
    np.diff: _differences,
    np.ediff1d: lambda a: _differences(as_array(a).reshape(-1)),
    np.gradient: _gradient,
    np.trapezoid: _trapezoid,
    np.sort: _sort,
    np.median: _median,
    np.quantile: _quantile,
    np.percentile: lambda a, q, axis=None, *, keepdims=False: _quantile(
        a, np.asarray(q) / 100, axis, keepdims=keepdims
    ),
    np.nansum: _without_nan,
    np.bincount: _counted,
}
