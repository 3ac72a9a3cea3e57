"""What the readers of PyTorch's, TensorFlow's and JAX's operations share: limits of size, and operations in symbols.

Every operation is written once, in NumPy's functions, for both kinds of array that it may be done with: one of symbols
(``SymbolicArray``, number by number) and one of a program (``ProgramArray``, recorded as a whole).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import symengine as se

from downslope.language.functions import FUNCTIONS, Function
from downslope.language.tree import Node
from downslope.messages import message
from downslope.objectives.parameters import Parameters
from downslope.programs import Graph, ProgramArray, node_of
from downslope.programs.arithmetic import formula as formula_of_nodes
from downslope.programs.elementwise import as_number, on_numbers
from downslope.programs.recorded import graph_among
from downslope.programs.shaping import arranged
from downslope.symbolic import SymbolicArray, call
from downslope.symbolic.array import box, of_formula
from downslope.symbolic.size import size
from downslope.symbolic.unknown import TraceError

MOST_PARAMETERS = 500
MOST_PARTS = 3_000  # of a formula: one of more takes longer to compile than most runs take in its framework
MOST_ELEMENTS = 20_000  # symbols made on the way
TOO_LARGE = message("as a formula it would be too large to compile")

Followed: TypeAlias = SymbolicArray | ProgramArray
"""An array that stands for one of the framework's, and depends on the parameters."""


def is_followed(value: Any) -> bool:
    """Whether it is an array that depends on the parameters."""
    return isinstance(value, (SymbolicArray, ProgramArray))


def program_among(*values: Any) -> Graph | None:
    """The program that is recorded, where an array of one is among these."""
    try:
        return graph_among(*values)
    except TraceError:
        return None


def elements(a: Any, *others: Any) -> Any:
    """What NumPy's functions take for an array: symbols as objects, what is recorded (or goes with it) as it is."""
    return box(a) if program_among(a, *others) is None else a


def followed(result: Any, *inputs: Any) -> Followed:
    """The result of an operation as an array of the kind that went in."""
    graph = program_among(result, *inputs)
    return SymbolicArray(box(result)) if graph is None else ProgramArray(node_of(graph, result))


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


def one_vector(results: Sequence[Any]) -> ProgramArray:
    """All elements of results that are recorded, one after the other."""
    graph = program_among(results)
    if graph is None:
        raise TraceError(message("it does not depend on its parameters"))
    parts = [ProgramArray(node_of(graph, result)).reshape(-1) for result in results]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)  # type: ignore[return-value]


class Allowance:
    """Counts the symbols made on the way, and compares all shapes with those that the framework found."""

    def __init__(self) -> None:
        self._elements = 0

    def take(self, made: Followed, shape: tuple[int, ...]) -> None:
        """Raise TraceError where ``made`` is of another shape, or one array too many."""
        if made.shape != shape:
            raise TraceError(message("shapes {found} and {wanted} differ", found=made.shape, wanted=shape))
        self._elements += made.size if isinstance(made, SymbolicArray) else 0
        if self._elements > MOST_ELEMENTS:
            raise TraceError(TOO_LARGE)


def same(a: Any, *_: Any, **__: Any) -> Any:
    """What an operation does that says something of its argument only to a framework."""
    return a


def each(function: Callable[..., Any], nodes: Callable[..., Any]) -> Callable[..., Followed]:
    """A function, element by element, of symbols and of nodes, with whatever options an operation has."""

    def of_arrays(*arrays: Any, **_: Any) -> Followed:
        graph = program_among(arrays)
        if graph is not None:
            return ProgramArray(nodes(*(node_of(graph, array) for array in arrays)))
        return SymbolicArray(np.asarray(np.frompyfunc(function, len(arrays), 1)(*map(box, arrays)), object))

    return of_arrays


def named(name: str) -> Callable[..., Followed]:
    """A function of formulas by its name, element by element."""
    return each(partial(call, name), on_numbers(name))


equal, not_equal = each(se.Eq, on_numbers("equal")), each(se.Ne, on_numbers("not_equal"))


def of_formulas(framework: str) -> dict[str, Callable[..., Followed]]:
    """A framework's operations that are functions of formulas, or such functions of something else."""
    found: dict[str, Callable[..., Any]] = {}
    for record in FUNCTIONS.values():
        for name in record.traced.get(framework, (record.name,)):
            found[name.capitalize() if framework == "tensorflow" else name] = named(record.name)
        for name, formula in record.foreign.items():
            if name.startswith(f"{framework}."):
                found[name.removeprefix(f"{framework}.")] = each(
                    of_formula(record, formula), partial(_formula_of_nodes, record, formula)
                )
    return found


def _formula_of_nodes(record: Function, formula: Node, *nodes: Any) -> Any:
    return formula_of_nodes(formula, dict(zip(record.arguments, map(as_number, nodes), strict=True)))


def by_name(names: dict[str, str]) -> dict[str, Callable[..., Any]]:
    """Operations that are functions of NumPy's: their names -> those."""

    def of_numpy(name: str) -> Callable[..., Any]:
        return lambda *arrays, **_: getattr(np, name)(*arrays)

    return {theirs: of_numpy(ours) for theirs, ours in names.items()}


_OF_MANY: dict[str, Callable[..., Any]] = {
    "sum": lambda *terms: se.Add(*terms),
    "prod": lambda *factors: se.Mul(*factors),
    "max": partial(call, "max"),
    "min": partial(call, "min"),
}


def reduced(name: str, a: Any, axes: Sequence[int], keep: bool = False) -> Followed:
    """The sum, product, maximum or minimum over some axes.

    >>> x = SymbolicArray.symbols("x", 2, 2)
    >>> reduced("sum", x, [1]).tolist()
    [x[0,0] + x[0,1], x[1,0] + x[1,1]]
    """
    if isinstance(a, ProgramArray):
        return followed(getattr(np, name)(a, axis=tuple(axes), keepdims=keep), a)
    gone = [axis % a.ndim for axis in axes]
    kept = [axis for axis in range(a.ndim) if axis not in gone]
    moved = np.transpose(box(a), [*kept, *gone]).reshape([a.shape[k] for k in kept] + [-1])
    out = np.empty(moved.shape[:-1], object)
    for place in np.ndindex(out.shape):
        out[place] = _OF_MANY[name](*moved[place])
    return SymbolicArray(out.reshape([1 if k in gone else n for k, n in enumerate(a.shape)]) if keep else out)


def cumulated(a: Any, axis: int, reverse: bool = False) -> Any:
    """Running sums along an axis."""
    terms = elements(a)
    if not reverse:
        return np.cumsum(terms, axis)
    return np.flip(np.cumsum(np.flip(terms, axis), axis), axis)


def rearranged(
    inputs: Sequence[Any], is_data: Sequence[bool], operation: Callable[[list[Any]], Sequence[Any]]
) -> list[Followed]:
    """An operation that only moves elements about: done once, by the framework, with the elements' numbers.

    Args:
        inputs: arrays that are followed, and the framework's own numbers.
        is_data: which of them are moved; the others say where to.
        operation: the framework's, of NumPy arrays of float64 in the place of what is moved.

    Raises:
        TraceError: where to depends on symbols, or something else than the elements comes out.
    """
    pool: list[Any] = []  # what is moved
    count, places = 0, []
    for entry, data in zip(inputs, is_data, strict=True):
        if not data:
            if is_followed(entry):
                raise TraceError(
                    message("an index that depends on the parameters has no counterpart in symbols")
                )
            places.append(entry)
            continue
        pool.append(entry if is_followed(entry) else np.asarray(entry))
        size_here = pool[-1].size
        places.append(np.arange(count, count + size_here, dtype=float).reshape(pool[-1].shape))
        count += size_here
    parts = [elements(part, *pool) for part in pool]
    source = parts[0] if len(parts) == 1 else np.concatenate([part.reshape(-1) for part in parts])
    out: list[Followed] = []
    for found in map(np.asarray, operation(places)):
        if not np.isfinite(found).all():
            raise TraceError(message("padding has no counterpart in symbols"))
        where = found.astype(int)
        out.append(
            arranged(source, where)
            if isinstance(source, ProgramArray)
            else SymbolicArray(box(source.reshape(-1)[where]))
        )
    return out


def log_sum_exp(a: Any, axis: int, keep: bool = False) -> Followed:
    """The logarithm of the sum of exponentials: by logaddexp, which overflows nowhere; of symbols term after term."""
    if isinstance(a, ProgramArray):
        return followed(np.logaddexp.reduce(a, axis=axis, keepdims=keep), a)  # type: ignore[call-overload]
    moved = np.moveaxis(box(a), axis, 0)
    total: Any = SymbolicArray(box(moved[0]))
    for row in moved[1:]:
        total = np.logaddexp(total, SymbolicArray(box(row)))
    return SymbolicArray(np.expand_dims(box(total), axis) if keep else box(total))


def log_softmax(a: Any, axis: int = -1) -> Any:
    """The logarithms of the shares that exponentials have in their sum."""
    return a - log_sum_exp(a, axis, keep=True)
