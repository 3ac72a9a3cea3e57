"""An array of symbols that answers to operators and to NumPy's functions.

A Python function written for numbers or NumPy arrays is *traced* by calling it with one of these; an
optimizer's update rule is traced in the same way. What cannot be expressed in symbols (a branch on a
value, a loop until convergence, a call into compiled code) raises ``TraceError``, and the caller
falls back to calling the function with numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS, Function
from downslope.messages import message
from downslope.symbolic import functions as fn
from downslope.symbolic.lower import call, lower_with
from downslope.symbolic.pairings import Side, difference
from downslope.symbolic.unknown import TraceError, Unknown, name_of

MOST_NUMBERS = (
    10_000  # in an array that is mixed with symbols; a formula of more would take seconds to compile
)


def _constant(value: Any) -> Any:
    """A plain Python or NumPy number as a symbolic one; symbols pass through."""
    if isinstance(value, (bool, np.bool_)):
        return se.true if value else se.false
    if isinstance(value, (int, float, np.integer, np.floating)):
        return fn.number(float(value))
    if isinstance(value, se.Basic):
        return value
    raise TraceError(message("a {kind} cannot be mixed with symbols", kind=type(value).__name__))


def box(value: Any) -> NDArray[Any]:
    """Anything array-like as an object array of symbolic expressions."""
    if isinstance(value, SymbolicArray):
        return value.elements
    if isinstance(value, se.Basic):
        out = np.empty((), object)
        out[()] = value
        return out
    if isinstance(value, (list, tuple)) and any(
        isinstance(v, (SymbolicArray, se.Basic, list, tuple)) for v in value
    ):
        return np.stack([box(v) for v in value])
    array = np.asarray(value)
    if array.size > MOST_NUMBERS:
        raise TraceError(
            message("an array of {size} numbers is too large to be written out as a formula", size=array.size)
        )
    out = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        out[index] = _constant(array[index])
    return out


def _wrap(value: Any) -> SymbolicArray:
    return SymbolicArray(value if isinstance(value, np.ndarray) and value.dtype == object else box(value))


class SymbolicArray(Unknown):
    """An n-dimensional array whose elements are SymEngine expressions.

    >>> x = SymbolicArray.symbols("x", 2)
    >>> np.sum(np.sin(x) ** 2).item()
    sin(x[0])**2 + sin(x[1])**2
    """

    __slots__ = ("elements",)

    def __init__(self, elements: NDArray[Any]) -> None:
        self.elements = elements

    @classmethod
    def symbols(cls, name: str, *shape: int) -> SymbolicArray:
        """Fresh symbols ``name[0]``, ``name[1]``, ... (or just ``name``, for a scalar)."""
        elements = np.empty(shape, object)
        for index in np.ndindex(*shape):
            place = f"[{','.join(map(str, index))}]" if index else ""
            elements[index] = se.Symbol(name + place)
        return cls(elements)

    # --- what an array is asked for -------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.elements.shape

    @property
    def ndim(self) -> int:
        return self.elements.ndim

    @property
    def size(self) -> int:
        return self.elements.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.elements.dtype

    @property
    def T(self) -> SymbolicArray:  # noqa: N802 - NumPy's name
        return SymbolicArray(self.elements.T)

    def __len__(self) -> int:
        return len(self.elements)

    def __iter__(self) -> Iterator[SymbolicArray]:
        if not self.ndim:
            raise TraceError(message("a single symbol cannot be unpacked"))
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> SymbolicArray:
        return _wrap(self.elements[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        boxed = box(value)
        self.elements[index] = boxed if boxed.ndim else boxed[()]

    def __repr__(self) -> str:
        return f"SymbolicArray({self.elements.tolist()})"

    def item(self) -> Any:
        """The one SymEngine expression of an array of size 1."""
        return (
            self.elements.reshape(-1)[0]
            if self.size == 1
            else self._refuse(message("a symbol was asked for one number"))
        )

    def tolist(self) -> Any:
        """The elements as nested lists of SymEngine expressions."""
        return self.elements.tolist()

    def astype(self, dtype: Any, **_: Any) -> SymbolicArray:
        """Itself: symbols have no precision. Other kinds of number than real ones are refused."""
        return (
            self
            if np.dtype(dtype).kind in "fO"
            else self._refuse(message("a symbol was asked for its value as {dtype}", dtype=np.dtype(dtype)))
        )

    def copy(self) -> SymbolicArray:
        return SymbolicArray(self.elements.copy())

    def reshape(self, *shape: Any) -> SymbolicArray:
        return SymbolicArray(self.elements.reshape(*shape))

    def ravel(self) -> SymbolicArray:
        return SymbolicArray(self.elements.ravel())

    def flatten(self) -> SymbolicArray:
        return SymbolicArray(self.elements.flatten())

    def sum(self, axis: Any = None, **options: Any) -> SymbolicArray:
        return _wrap(self.elements.sum(axis=axis, **options))

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> SymbolicArray:
        total = self.sum(axis=axis, keepdims=keepdims)
        return _wrap(total.elements / se.Integer(self.size // total.size))

    def prod(self, axis: Any = None, **options: Any) -> SymbolicArray:
        return _wrap(self.elements.prod(axis=axis, **options))

    def max(self, axis: Any = None) -> SymbolicArray:
        return _reduce(_maximum, self, axis)

    def min(self, axis: Any = None) -> SymbolicArray:
        return _reduce(_minimum, self, axis)

    def dot(self, other: Any) -> SymbolicArray:
        return _wrap(np.dot(self.elements, box(other)))

    # --- NumPy's protocols ------------------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        if method == "reduce" and ufunc in _REDUCTIONS and not set(options) - {"axis"}:
            return _reduce(_REDUCTIONS[ufunc], inputs[0], options.get("axis", 0))
        if method != "__call__" or options:
            raise TraceError(message("{function} is not known for symbols", function=name_of(ufunc, method)))
        boxed = [box(value) for value in inputs]
        if ufunc is np.subtract and np.shape(boxed[0]) != np.shape(boxed[1]):
            difference(*(_side(value, array) for value, array in zip(inputs, boxed, strict=True)))
        if ufunc is np.matmul:
            result = _wrap(np.matmul(*boxed))
        elif ufunc in _UFUNCS:
            result = _wrap(np.frompyfunc(_UFUNCS[ufunc], len(boxed), 1)(*boxed))
        else:
            raise TraceError(message("{function} is not known for symbols", function=name_of(ufunc)))
        if out is not None:  # an in-place operator: x += 1
            if not isinstance(out[0], SymbolicArray):
                raise TraceError(message("a symbol was put into a plain NumPy array"))
            out[0].elements[...] = result.elements
            return out[0]
        return result

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        special = _FUNCTIONS.get(function)
        try:
            if special is not None:
                return special(*args, **kwargs)
            result = function(*(_unwrap(a) for a in args), **{k: _unwrap(v) for k, v in kwargs.items()})
        except TraceError:
            raise
        except Exception as error:  # whatever NumPy says of an array of objects, it is not traceable
            raise TraceError(
                message(
                    "{function} is not known for symbols: {error}", function=name_of(function), error=error
                )
            ) from error
        plain = not (isinstance(result, np.ndarray) and result.dtype == object)
        return result if plain and function in _WITHOUT_VALUES else _rewrap(result)


def _side(value: Any, elements: Any) -> Side:
    known = not isinstance(value, SymbolicArray)
    bare = not known and all(isinstance(element, se.Symbol) for element in elements.flat)
    return Side(np.shape(elements), known, bare)


def _unwrap(value: Any) -> Any:
    if isinstance(value, SymbolicArray):
        return value.elements
    if isinstance(value, (list, tuple)):
        return type(value)(_unwrap(v) for v in value)
    return value


def _rewrap(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return type(result)(_rewrap(r) for r in result)
    if isinstance(result, se.Basic) or (isinstance(result, np.ndarray) and result.dtype == object):
        return _wrap(box(result))
    # NumPy compared or counted the symbols as if they were values: np.count_nonzero, np.array_equal, ...
    raise TraceError(message("a symbol was asked for a {kind}", kind=type(result).__name__))


def _reduce(function: Callable[..., Any], array: Any, axis: Any = None) -> SymbolicArray:
    elements = box(array)
    if axis is None:
        return _wrap(function(*elements.ravel()))
    moved = np.moveaxis(elements, axis, -1)
    out = np.empty(moved.shape[:-1], object)
    for index in np.ndindex(out.shape):
        out[index] = function(*moved[index])
    return SymbolicArray(out)


_maximum, _minimum, _absolute = (partial(call, name) for name in ("max", "min", "abs"))


def _of_numpy() -> Iterator[tuple[Any, Callable[..., Any]]]:
    """NumPy's functions that are functions of formulas, or such functions of something else."""
    for record in FUNCTIONS.values():
        for name in record.numpy_names:
            function = getattr(np, name, None)
            if isinstance(function, np.ufunc):
                yield function, partial(call, record.name)
        for name, formula in record.foreign.items():
            if name.startswith("numpy."):
                yield getattr(np, name.removeprefix("numpy.")), of_formula(record, formula)


def of_formula(record: Function, formula: t.Node) -> Callable[..., Any]:
    """A function of others, which is this formula in the arguments of the record."""
    return lambda *arguments: lower_with(formula, dict(zip(record.arguments, arguments, strict=True)))


_UFUNCS: dict[Any, Callable[..., Any]] = {
    **{function: made for function, made in _of_numpy() if isinstance(function, np.ufunc)},
    np.add: lambda a, b: a + b,
    np.subtract: lambda a, b: a - b,
    np.multiply: fn.product,
    np.true_divide: lambda a, b: a / b,
    np.power: fn.power,
    np.float_power: fn.power,
    np.negative: lambda a: -a,
    np.positive: lambda a: a,
    np.conjugate: lambda a: a,
    np.square: lambda a: fn.power(a, se.Integer(2)),
    np.reciprocal: lambda a: 1 / a,
    np.exp2: lambda a: 2**a,
    np.logaddexp: lambda a, b: b + call("softplus", a - b),
    np.less: se.Lt,
    np.less_equal: se.Le,
    np.greater: se.Gt,
    np.greater_equal: se.Ge,
    np.equal: se.Eq,
    np.not_equal: se.Ne,
    np.logical_and: fn.both,
    np.logical_or: fn.either,
    np.bitwise_and: se.And,
    np.bitwise_or: se.Or,
    np.logical_not: lambda a: se.Not(a),
    np.invert: lambda a: se.Not(a),
}

_REDUCTIONS: dict[Any, Callable[..., Any]] = {
    np.add: lambda *terms: se.Add(*terms),
    np.multiply: lambda *factors: se.Mul(*factors),
    np.maximum: _maximum,
    np.minimum: _minimum,
    np.logical_and: lambda *parts: se.And(*parts),
    np.logical_or: lambda *parts: se.Or(*parts),
}


def _elementwise(function: Callable[..., Any]) -> Callable[..., SymbolicArray]:
    return lambda *arrays: _wrap(np.frompyfunc(function, len(arrays), 1)(*map(box, arrays)))


def _where(condition: Any, yes: Any, no: Any) -> SymbolicArray:
    return _wrap(np.frompyfunc(fn.where, 3, 1)(box(condition), box(yes), box(no)))


def _clip(array: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    for bound in (a_min, min):
        array = array if bound is None else np.maximum(array, bound)
    for bound in (a_max, max):
        array = array if bound is None else np.minimum(array, bound)
    return array


def _norm(array: Any, ord: Any = None, axis: Any = None) -> SymbolicArray:
    elements = box(array)
    if ord is None or (ord == 2 and (isinstance(axis, int) or elements.ndim == 1)):
        return _wrap(np.frompyfunc(se.sqrt, 1, 1)((elements * elements).sum(axis=axis)))
    if ord == 1 and elements.ndim == 1:
        return _wrap(np.frompyfunc(_absolute, 1, 1)(elements).sum())
    if ord == np.inf and elements.ndim == 1:
        return _wrap(_maximum(*(_absolute(e) for e in elements)))
    raise TraceError(message("np.linalg.norm with ord={ord} is not known for symbols", ord=ord))


def _variance(array: Any, axis: Any = None, *, ddof: float = 0) -> SymbolicArray:
    elements = box(array)
    count = elements.size if axis is None else elements.shape[axis]
    deviations = elements - elements.sum(axis=axis, keepdims=True) / se.Integer(count)
    return _wrap((deviations * deviations).sum(axis=axis) / fn.number(count - ddof))


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{f: _elementwise(made) for f, made in _of_numpy() if not isinstance(f, np.ufunc)},
    np.where: _where,
    np.clip: _clip,
    np.linalg.norm: _norm,
    np.sum: lambda a, axis=None, **options: _wrap(box(a).sum(axis=axis, **options)),
    np.mean: lambda a, axis=None, **options: SymbolicArray(box(a)).mean(axis=axis, **options),
    np.var: _variance,
    np.std: lambda a, **options: np.sqrt(_variance(a, **options)),
    np.max: lambda a, axis=None: _reduce(_maximum, a, axis),
    np.min: lambda a, axis=None: _reduce(_minimum, a, axis),
    np.amax: lambda a, axis=None: _reduce(_maximum, a, axis),
    np.amin: lambda a, axis=None: _reduce(_minimum, a, axis),
    np.vdot: lambda a, b: SymbolicArray(box(a).ravel()).dot(box(b).ravel()),
    np.shape: lambda a: box(a).shape,
    np.ndim: lambda a: box(a).ndim,
    np.size: lambda a: box(a).size,
    np.empty_like: lambda a: SymbolicArray(box(np.zeros(np.shape(a)))),
}

# What NumPy may answer about symbols with something else than symbols: it looks at shapes and kinds only.
_WITHOUT_VALUES = frozenset([np.iscomplexobj, np.isrealobj, np.result_type, np.zeros_like, np.ones_like])
