"""NumPy's linear algebra: products of all kinds, norms, equations, determinants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from downslope.messages import message
from downslope.programs import calls
from downslope.programs.elementwise import as_number
from downslope.programs.node import ArrayNode
from downslope.programs.products import matmul
from downslope.programs.recorded import ProgramArray, as_array
from downslope.symbolic.unknown import TraceError


def _pair(a: Any, b: Any) -> tuple[ProgramArray, ProgramArray]:
    return as_array(a, b), as_array(b, a)


def _dot(a: Any, b: Any) -> Any:
    first, second = _pair(a, b)
    if not first.ndim or not second.ndim:
        return first * second
    if second.ndim <= 2:
        return first @ second
    return _tensordot(first, second, ([-1], [-2]))


def _vdot(a: Any, b: Any) -> Any:
    first, second = _pair(a, b)
    return first.reshape(-1) @ second.reshape(-1)


def _inner(a: Any, b: Any) -> Any:
    first, second = _pair(a, b)
    return first * second if not first.ndim or not second.ndim else _tensordot(first, second, ([-1], [-1]))


def _outer(a: Any, b: Any) -> Any:
    first, second = _pair(a, b)
    return first.reshape(-1, 1) * second.reshape(1, -1)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    first, second = _pair(a, b)
    if isinstance(axes, (int, np.integer)):
        left, right = tuple(range(first.ndim - int(axes), first.ndim)), tuple(range(int(axes)))
    else:
        left, right = (normalize_axis_tuple(x, n.ndim) for x, n in zip(axes, (first, second), strict=True))
    if [first.shape[k] for k in left] != [second.shape[k] for k in right]:
        raise TraceError(
            message("the product of arrays of shapes {a} and {b} does not fit", a=first.shape, b=second.shape)
        )
    rows = [k for k in range(first.ndim) if k not in left]
    columns = [k for k in range(second.ndim) if k not in right]
    count = math.prod(first.shape[k] for k in left)
    matrix = first.transpose(*rows, *left).reshape(math.prod(first.shape[k] for k in rows), count)
    other = second.transpose(*right, *columns).reshape(count, math.prod(second.shape[k] for k in columns))
    shape = (*(first.shape[k] for k in rows), *(second.shape[k] for k in columns))
    return (matrix @ other).reshape(shape)


def _kron(a: Any, b: Any) -> Any:
    first, second = _pair(a, b)
    ndim = max(first.ndim, second.ndim)
    first, second = (m.reshape((1,) * (ndim - m.ndim) + m.shape) for m in (first, second))
    spread = first.reshape(tuple(n for k in first.shape for n in (k, 1)))
    inner = second.reshape(tuple(n for k in second.shape for n in (1, k)))
    shape = tuple(m * n for m, n in zip(first.shape, second.shape, strict=True))
    return (spread * inner).reshape(shape)


def _cross(a: Any, b: Any, axis: int = -1) -> Any:
    first, second = (m.seen(lambda array: np.moveaxis(array, axis, 0)) for m in _pair(a, b))
    if first.shape[0] != 3 or second.shape[0] != 3:
        raise TraceError(
            message(
                "the cross product of arrays of shapes {a} and {b} does not fit", a=np.shape(a), b=np.shape(b)
            )
        )
    parts = [first[i] * second[j] - first[j] * second[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis)


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Sums of products of one with the other turned round; the shorter one is gone through."""
    first, second = _pair(a, v)
    if first.size < second.size:
        first, second = second, first
    n, m = first.size, second.size
    padded = np.pad(first, m - 1)
    terms = [padded[k : k + n + m - 1] * second[m - 1 - k] for k in range(m)]
    full = reduce(lambda p, q: p + q, terms)
    if mode == "same":
        start = (m - 1) // 2
        return full[start : start + n]
    return full if mode == "full" else full[m - 1 : n]


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    first, second = _pair(a, v)
    if first.size < second.size and mode != "full":
        return _convolve(first, second[::-1], mode)[::-1] if mode == "valid" else _refused_correlation()
    return _convolve(first, second[::-1], mode)


def _refused_correlation() -> Any:
    raise TraceError(message("np.correlate with mode='same' takes the longer array first"))


def _einsum(subscripts: Any, *operands: Any, optimize: Any = True) -> Any:
    """Sums of products over named axes: of two operands at a time, as products of matrices where they are such."""
    if not isinstance(subscripts, str):
        raise TraceError(message("np.einsum takes its axes as text here"))
    given = [as_array(a, *operands) for a in operands]
    names, result = _named_axes(subscripts.replace(" ", ""), given)
    terms = [_of_one(a, list(axes)) for a, axes in zip(given, names, strict=True)]
    while len(terms) > 1:
        i, j = _cheapest(terms)
        (a, first), (b, second) = terms[i], terms[j]
        rest = [term for k, term in enumerate(terms) if k not in (i, j)]
        wanted = set(result).union(*(axes for _, axes in rest))
        terms = [*rest, _contracted((a, first), (b, second), wanted)]
    array, axes = terms[0]
    array, axes = _summed_away(array, axes, set(result))
    return array.transpose(*(axes.index(name) for name in result)).copy()


def _named_axes(subscripts: str, given: Sequence[ProgramArray]) -> tuple[list[str], str]:
    """One letter for each axis; those of an ellipsis get letters of their own."""
    inputs, arrow, output = subscripts.partition("->")
    names = inputs.split(",")
    if len(names) != len(given):
        raise TraceError(
            message("'{subscripts}' does not fit {n} arrays", subscripts=subscripts, n=len(given))
        )
    spare = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in subscripts]
    extra = max(
        (a.ndim - len(text) + 3 for a, text in zip(given, names, strict=True) if "..." in text), default=0
    )
    letters = "".join(spare[:extra])[::-1]
    found = []
    for a, text in zip(given, names, strict=True):
        own = a.ndim - len(text.replace("...", ""))
        found.append(text.replace("...", letters[extra - own :] if own else ""))
        if len(found[-1]) != a.ndim:
            raise TraceError(
                message("'{subscripts}' does not fit an array of shape {a}", subscripts=text, a=a.shape)
            )
    if arrow:
        return found, output.replace("...", letters)
    together = "".join(found)
    once = sorted(c for c in set(together) if together.count(c) == 1 and c not in letters)
    return found, letters + "".join(once)


_Term = tuple[ProgramArray, list[str]]


def _of_one(a: ProgramArray, axes: list[str]) -> _Term:
    """An operand whose axes are all different: of equal ones the diagonal is taken."""
    for name in [n for n in dict.fromkeys(axes) if axes.count(n) > 1]:
        while axes.count(name) > 1:
            i = axes.index(name)
            j = axes.index(name, i + 1)
            a = a.seen(partial(np.diagonal, axis1=i, axis2=j), read_only=True)
            axes = [n for k, n in enumerate(axes) if k not in (i, j)] + [name]
    return a, axes


def _cheapest(terms: Sequence[_Term]) -> tuple[int, int]:
    """The pair whose product has the fewest elements."""
    sizes = {name: n for a, axes in terms for name, n in zip(axes, a.shape, strict=True) if n != 1}

    def elements(pair: tuple[int, int]) -> int:
        rest = {n for k, (_, axes) in enumerate(terms) if k not in pair for n in axes}
        both = {*terms[pair[0]][1], *terms[pair[1]][1]}
        del rest
        return math.prod(sizes.get(name, 1) for name in both)

    return min(((i, j) for j in range(len(terms)) for i in range(j)), key=elements)


def _summed_away(a: ProgramArray, axes: list[str], wanted: set[str]) -> _Term:
    gone = tuple(k for k, name in enumerate(axes) if name not in wanted)
    if not gone:
        return a, axes
    return np.sum(a, axis=gone), [name for name in axes if name in wanted]


def _contracted(one: _Term, other: _Term, wanted: set[str]) -> _Term:
    """The product of two operands, summed over the axes that nothing else needs."""
    a, first = _summed_away(*one, wanted | set(other[1]))
    b, second = _summed_away(*other, wanted | set(first))
    for name in set(first) & set(second):  # an axis of length 1 is repeated
        i, j = first.index(name), second.index(name)
        if a.shape[i] != b.shape[j]:
            if 1 not in (a.shape[i], b.shape[j]):
                raise TraceError(
                    message("'einsum' of arrays of shapes {a} and {b} does not fit", a=a.shape, b=b.shape)
                )
            if a.shape[i] == 1:
                a, first = a[(slice(None),) * i + (0,)], first[:i] + first[i + 1 :]
            else:
                b, second = b[(slice(None),) * j + (0,)], second[:j] + second[j + 1 :]
    shared = [name for name in first if name in second]
    batch = [name for name in shared if name in wanted]
    inner = [name for name in shared if name not in wanted]
    rows = [name for name in first if name not in second]
    columns = [name for name in second if name not in first]
    if not inner:
        left = a.transpose(*(first.index(n) for n in batch + rows))
        left = left.reshape(left.shape + (1,) * len(columns))
        right = b.transpose(*(second.index(n) for n in batch + columns))
        lead = right.shape[: len(batch)]
        right = right.reshape(lead + (1,) * len(rows) + right.shape[len(batch) :])
        return left * right, [*batch, *rows, *columns]
    sizes = {**dict(zip(first, a.shape, strict=True)), **dict(zip(second, b.shape, strict=True))}

    def flat(array: ProgramArray, axes: list[str], groups: tuple[list[str], list[str]]) -> ProgramArray:
        order = batch + groups[0] + groups[1]
        shape = [sizes[n] for n in batch] + [math.prod(sizes[n] for n in group) for group in groups]
        return array.transpose(*(axes.index(n) for n in order)).reshape(shape)

    product = flat(a, first, (rows, inner)) @ flat(b, second, (inner, columns))
    axes = [*batch, *rows, *columns]
    return product.reshape([sizes[name] for name in axes]), axes


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    given = as_array(x)
    if axis is None:
        if ord is None or (ord in ("fro", 2) and given.ndim == (2 if ord == "fro" else 1)):
            return np.sqrt(np.sum(given**2, keepdims=keepdims))
        axes = tuple(range(given.ndim))
    else:
        axes = normalize_axis_tuple(axis, given.ndim)
    if len(axes) == 1:
        return _norm_of_vectors(given, ord, axes[0], keepdims)
    if len(axes) == 2 and ord in (None, "fro", 1, -1, np.inf, -np.inf):
        return _norm_of_matrices(given, ord, axes, keepdims)
    raise TraceError(message("np.linalg.norm with ord={ord} is not known for symbols", ord=ord))


def _norm_of_vectors(x: ProgramArray, ord: Any, axis: int, keepdims: bool) -> Any:
    if ord in (None, 2):
        return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise TraceError(message("np.linalg.norm with ord={ord} is not known for symbols", ord=ord))
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _norm_of_matrices(x: ProgramArray, ord: Any, axes: Sequence[int], keepdims: bool) -> Any:
    row, column = axes
    if ord in (None, "fro"):
        return np.sqrt(np.sum(x**2, axis=(row, column), keepdims=keepdims))
    summed, kept = (row, column) if abs(ord) == 1 else (column, row)
    totals = np.sum(np.abs(x), axis=summed, keepdims=True)
    found = (np.max if ord > 0 else np.min)(totals, axis=kept, keepdims=True)
    return found if keepdims else np.squeeze(found, axis=(row, column))


def _square(a: Any, *others: Any) -> ArrayNode:
    given = as_array(a, *others)
    if given.ndim < 2 or given.shape[-1] != given.shape[-2]:
        raise TraceError(message("a matrix of shape {a} is not square", a=given.shape))
    return as_number(given.node)


def _solve(a: Any, b: Any) -> ProgramArray:
    matrix = _square(a, b)
    right = as_number(as_array(b, a).node)
    graph, vector = matrix.graph, len(right.shape) == 1
    if vector:
        right = graph.reshaped(right, (*right.shape, 1))
    if matrix.shape[-1] != right.shape[-2]:
        raise TraceError(
            message("'solve' of arrays of shapes {a} and {b} does not fit", a=matrix.shape, b=np.shape(b))
        )
    batch = np.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
    matrix = graph.broadcast(matrix, (*batch, *matrix.shape[-2:]))
    found = calls.solve(matrix, graph.broadcast(right, (*batch, *right.shape[-2:])))
    return ProgramArray(graph.reshaped(found, found.shape[:-1]) if vector else found)


def _slogdet(a: Any) -> Any:
    matrix = _square(a)
    return type(np.linalg.slogdet(np.eye(1)))(
        ProgramArray(calls.of_matrices(calls.SIGN_OF_DETERMINANT, matrix)),
        ProgramArray(calls.of_matrices(calls.LOGARITHM_OF_DETERMINANT, matrix)),
    )


def _matrix_power(a: Any, n: int) -> Any:
    matrix = _square(a)
    if n < 0:
        matrix, n = calls.inverse(matrix), -n
    if n == 0:
        return np.zeros_like(as_array(a)) + np.eye(matrix.shape[-1])
    found: ArrayNode | None = None
    while n:
        if n % 2:
            found = matrix if found is None else matmul(found, matrix)
        n //= 2
        matrix = matmul(matrix, matrix) if n else matrix
    assert found is not None
    return ProgramArray(found)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    diagonal = as_array(a).seen(lambda array: np.diagonal(array, offset, axis1, axis2))
    return np.sum(diagonal, axis=-1)


def _vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    return np.sum(np.multiply(*_pair(a, b)), axis=axis)


def _vector_norm(x: Any, *, axis: Any = None, ord: Any = 2, keepdims: bool = False) -> Any:
    given = as_array(x)
    if axis is None:
        found = _norm(given.reshape(-1), ord)
        return found.reshape((1,) * given.ndim) if keepdims else found
    return _norm(given, ord, axis, keepdims)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.dot: _dot,
    np.vdot: _vdot,
    np.inner: _inner,
    np.outer: _outer,
    np.tensordot: _tensordot,
    np.kron: _kron,
    np.cross: _cross,
    np.convolve: _convolve,
    np.correlate: _correlate,
    np.einsum: _einsum,
    np.trace: _trace,
    np.linalg.norm: _norm,
    np.linalg.vector_norm: _vector_norm,
    np.linalg.matrix_norm: lambda x, *, keepdims=False, ord="fro": _norm(x, ord, (-2, -1), keepdims),
    np.linalg.solve: _solve,
    np.linalg.inv: lambda a: ProgramArray(calls.inverse(_square(a))),
    np.linalg.cholesky: lambda a: ProgramArray(calls.cholesky(_square(a))),
    np.linalg.det: lambda a: ProgramArray(calls.of_matrices(calls.DETERMINANT, _square(a))),
    np.linalg.slogdet: _slogdet,
    np.linalg.matrix_power: _matrix_power,
    np.linalg.multi_dot: lambda arrays: reduce(lambda a, b: a @ b, [as_array(a, *arrays) for a in arrays]),
    np.linalg.outer: _outer,
    np.linalg.matmul: lambda a, b: np.matmul(*_pair(a, b)),
    np.linalg.tensordot: lambda a, b, *, axes=2: _tensordot(a, b, axes),
    np.linalg.vecdot: lambda a, b, *, axis=-1: _vecdot(a, b, axis),
    np.linalg.cross: lambda a, b, *, axis=-1: _cross(a, b, axis),
    np.linalg.trace: lambda a, *, offset=0: _trace(a, offset, -2, -1),
}
