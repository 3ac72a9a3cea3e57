"""What the readers of PyTorch's, TensorFlow's and JAX's operations share: limits of size, and operations in symbols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope.language.functions import FUNCTIONS
from downslope.messages import message
from downslope.objectives.parameters import Parameters
from downslope.symbolic import SymbolicArray, call
from downslope.symbolic.array import TraceError, box, of_formula
from downslope.symbolic.native import size

MOST_PARAMETERS = 500
MOST_PARTS = 3_000  # of a formula: one of more takes longer to compile than most runs take in its framework
MOST_ELEMENTS = 20_000  # symbols made on the way
TOO_LARGE = message("as a formula it would be too large to compile")


def symbols_of(parameters: Parameters) -> SymbolicArray:
    """A symbol for each number of the flat vector of the parameters.

    Raises:
        TraceError: there are too many.
    """
    if parameters.size > MOST_PARAMETERS:
        raise TraceError(message("{size} parameters are too many for a formula", size=parameters.size))
    return SymbolicArray(np.array([se.Symbol(name) for name in parameters.coordinates], object))


def expressions_of(results: Sequence[Any]) -> list[Any]:
    """All elements of the results, flat.

    Raises:
        TraceError: they are too large a formula.
    """
    expressions = [entry for result in results for entry in box(result).ravel()]
    if size(expressions, MOST_PARTS) == MOST_PARTS:
        raise TraceError(TOO_LARGE)
    return expressions


class Allowance:
    """Counts the symbols made on the way, and compares shapes with those that the framework found."""

    def __init__(self) -> None:
        self._elements = 0

    def take(self, made: SymbolicArray, shape: tuple[int, ...]) -> None:
        """Raise TraceError where ``made`` is of another shape, or one array too many."""
        if made.shape != shape:
            raise TraceError(message("shapes {found} and {wanted} differ", found=made.shape, wanted=shape))
        self._elements += made.size
        if self._elements > MOST_ELEMENTS:
            raise TraceError(TOO_LARGE)


def same(a: Any, *_: Any, **__: Any) -> Any:
    """What an operation does that says something of its argument only to a framework."""
    return a


def each(function: Callable[..., Any]) -> Callable[..., SymbolicArray]:
    """A function of symbols, element by element, with whatever options an operation has."""

    def of_arrays(*arrays: Any, **_: Any) -> SymbolicArray:
        return SymbolicArray(np.asarray(np.frompyfunc(function, len(arrays), 1)(*map(box, arrays)), object))

    return of_arrays


def of_formulas(framework: str) -> dict[str, Callable[..., SymbolicArray]]:
    """A framework's operations that are functions of formulas, or such functions of something else."""
    found: dict[str, Callable[..., Any]] = {}
    for record in FUNCTIONS.values():
        for name in record.traced.get(framework, (record.name,)):
            found[name.capitalize() if framework == "tensorflow" else name] = each(partial(call, record.name))
        for name, formula in record.foreign.items():
            if name.startswith(f"{framework}."):
                found[name.removeprefix(f"{framework}.")] = each(of_formula(record, formula))
    return found


def by_name(names: dict[str, str]) -> dict[str, Callable[..., Any]]:
    """Operations that are functions of NumPy's: their names -> those."""

    def named(name: str) -> Callable[..., Any]:
        return lambda *arrays, **_: getattr(np, name)(*arrays)

    return {theirs: named(ours) for theirs, ours in names.items()}


def reduced(function: Callable[..., Any], a: Any, axes: Sequence[int], keep: bool = False) -> NDArray[Any]:
    """A function of many symbols over some axes.

    >>> x = SymbolicArray.symbols("x", 2, 2)
    >>> reduced(lambda *terms: se.Add(*terms), x, [1]).tolist()
    [x[0,0] + x[0,1], x[1,0] + x[1,1]]
    """
    gone = [axis % a.ndim for axis in axes]
    kept = [axis for axis in range(a.ndim) if axis not in gone]
    moved = np.transpose(box(a), [*kept, *gone]).reshape([a.shape[k] for k in kept] + [-1])
    out = np.empty(moved.shape[:-1], object)
    for place in np.ndindex(out.shape):
        out[place] = function(*moved[place])
    return out.reshape([1 if k in gone else n for k, n in enumerate(a.shape)]) if keep else out


def cumulated(a: Any, axis: int, reverse: bool = False) -> NDArray[Any]:
    """Running sums along an axis."""
    elements: NDArray[Any] = box(a)
    if not reverse:
        return np.cumsum(elements, axis)
    return np.flip(np.cumsum(np.flip(elements, axis), axis), axis)


def rearranged(
    inputs: Sequence[Any], is_data: Sequence[bool], operation: Callable[[list[Any]], Sequence[Any]]
) -> list[SymbolicArray]:
    """An operation that only moves elements about: done once, by the framework, with the elements' numbers.

    Args:
        inputs: symbols, and the framework's own numbers.
        is_data: which of them are moved; the others say where to.
        operation: the framework's, of NumPy arrays of float64 in the place of what is moved.

    Raises:
        TraceError: where to depends on symbols, or something else than the elements comes out.
    """
    pool: list[Any] = []
    places: list[Any] = []
    for entry, data in zip(inputs, is_data, strict=True):
        if not data:
            if isinstance(entry, SymbolicArray):
                raise TraceError(
                    message("an index that depends on the parameters has no counterpart in symbols")
                )
            places.append(entry)
            continue
        elements = box(entry if isinstance(entry, SymbolicArray) else np.asarray(entry))
        places.append(np.arange(len(pool), len(pool) + elements.size, dtype=float).reshape(elements.shape))
        pool.extend(elements.ravel())
    source = np.empty(len(pool), object)
    source[:] = pool
    out = []
    for found in map(np.asarray, operation(places)):
        if not np.isfinite(found).all():
            raise TraceError(message("padding has no counterpart in symbols"))
        out.append(SymbolicArray(box(source[found.astype(int)])))
    return out


def log_sum_exp(a: Any, axis: int, keep: bool = False) -> SymbolicArray:
    """The logarithm of the sum of exponentials: by logaddexp, term after term, which overflows nowhere."""
    moved = np.moveaxis(box(a), axis, 0)
    total: Any = SymbolicArray(box(moved[0]))
    for row in moved[1:]:
        total = np.logaddexp(total, SymbolicArray(box(row)))
    return SymbolicArray(np.expand_dims(box(total), axis) if keep else box(total))


def log_softmax(a: Any, axis: int = -1) -> Any:
    """The logarithms of the shares that exponentials have in their sum."""
    return a - log_sum_exp(a, axis, keep=True)
