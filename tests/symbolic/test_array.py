"""What NumPy says of numbers, a SymbolicArray says of symbols; what it cannot say it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from downslope.symbolic import SymbolicArray, compile_native
from downslope.symbolic.array import box
from downslope.symbolic.unknown import TraceError

A = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, 1.0], [1.0, 0.0, -2.0]])
W = np.array([0.5, -1.5, 2.0])
AT = np.array([0.7, -1.3, 2.1])  # no two of them alike, none at a kink
INSIDE = np.array([0.3, -0.2, 0.6])  # of the domain of asin and atanh

Function = Callable[[Any], Any]

ELEMENTWISE: dict[str, Function] = {
    name: getattr(np, name)
    for name in [
        "negative",
        "positive",
        "conjugate",
        "square",
        "reciprocal",
        "cbrt",
        "exp",
        "exp2",
        "expm1",
        "sin",
        "cos",
        "tan",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "absolute",
        "abs",
        "fabs",
        "sign",
    ]
}
POSITIVE: dict[str, Function] = {n: getattr(np, n) for n in ("sqrt", "log", "log1p", "log2", "log10")}
BOUNDED: dict[str, Function] = {n: getattr(np, n) for n in ("arcsin", "arccos", "arctanh")}

FUNCTIONS: dict[str, Function] = {
    "operators": lambda x: 2 * x + x * x - x / 3 + 1 / x - (-x) + (+x) + (3 - x) + abs(x),
    "powers": lambda x: x**2 + x**3 + 2**x + abs(x) ** 0.5 + abs(x) ** 1.5 + x**-1,
    "power of symbols": lambda x: np.power(np.abs(x), x),
    "float_power": lambda x: np.float_power(np.abs(x), 1.5),
    "matrix @ x": lambda x: A @ x,
    "x @ matrix": lambda x: x @ A,
    "x @ x": lambda x: x @ x,
    "quadratic form": lambda x: x @ A @ x,
    "dot": lambda x: np.dot(A, x) + np.dot(x, W) + x.dot(W),
    "inner": lambda x: np.inner(x, W),
    "outer": lambda x: np.outer(x, W),
    "vdot": lambda x: np.vdot(x, W),
    "tensordot": lambda x: np.tensordot(A, x, axes=1),
    "einsum": lambda x: np.einsum("ij,j->i", A, x),
    "cross": lambda x: np.cross(x, W),
    "sum": lambda x: np.sum(x),
    "sum of squares": lambda x: np.sum((x - W) ** 2),
    "method sum": lambda x: (x * x).sum(),
    "sum axis": lambda x: np.sum(np.outer(x, W), axis=1),
    "sum keepdims": lambda x: np.sum(np.outer(x, W), axis=0, keepdims=True),
    "builtin sum": lambda x: sum(v**2 for v in x),
    "mean": lambda x: np.mean(x) + x.mean(),
    "mean axis": lambda x: np.mean(np.outer(x, W), axis=0),
    "average": lambda x: np.average(x, weights=np.array([1.0, 2.0, 3.0])),
    "var": lambda x: np.var(x),
    "var ddof": lambda x: np.var(x, ddof=1),
    "var axis": lambda x: np.var(np.outer(x, W), axis=1),
    "std": lambda x: np.std(x),
    "prod": lambda x: np.prod(x) + x.prod(),
    "cumsum": lambda x: np.cumsum(x),
    "cumprod": lambda x: np.cumprod(x),
    "diff": lambda x: np.diff(x),
    "max": lambda x: np.max(x) + x.max(),
    "min": lambda x: np.min(x) + x.min(),
    "max axis": lambda x: np.max(np.outer(x, W), axis=1),
    "amax": lambda x: np.amax(x) + np.amin(x),
    "maximum": lambda x: np.maximum(x, 0) + np.maximum(x, W),
    "minimum": lambda x: np.minimum(x, 0.5) + np.minimum(W, x),
    "fmax": lambda x: np.fmax(x, 0) - np.fmin(x, 0),
    "clip": lambda x: np.clip(x, -1, 1),
    "clip by name": lambda x: np.clip(x, a_min=-1, a_max=1),
    "clip below": lambda x: np.clip(x, 0, None),
    "where": lambda x: np.where(x > 0, x, -x),
    "where and": lambda x: np.where((x > 0) & (x < 1), x, 0.0),
    "where or not": lambda x: np.where((x > 2) | ~(x > 0), x, 1.0),
    "where logical": lambda x: np.where(np.logical_and(x >= 0, np.logical_not(x == 1)), x, 2.0),
    "where numbers": lambda x: np.where(W > 0, x, 2 * x),
    "norm": lambda x: np.linalg.norm(x),
    "norm 1": lambda x: np.linalg.norm(x, 1),
    "norm inf": lambda x: np.linalg.norm(x, np.inf),
    "norm 2": lambda x: np.linalg.norm(x, 2),
    "norm axis": lambda x: np.linalg.norm(np.outer(x, W), axis=1),
    "norm of a matrix": lambda x: np.linalg.norm(np.outer(x, W) + A),
    "hypot": lambda x: np.hypot(x, W),
    "arctan2": lambda x: np.arctan2(x, W),
    "logaddexp": lambda x: np.logaddexp(x, W),
    "concatenate": lambda x: np.concatenate([x, W, x]),
    "stack": lambda x: np.stack([x, W]),
    "hstack": lambda x: np.hstack([x, x]),
    "vstack": lambda x: np.vstack([x, W]),
    "reshape": lambda x: x.reshape(3, 1) @ x.reshape(1, 3),
    "ravel": lambda x: np.outer(x, x).ravel() + np.outer(x, x).flatten(),
    "transpose": lambda x: np.outer(x, W).T,
    "np.transpose": lambda x: np.transpose(np.outer(x, W)),
    "roll": lambda x: np.roll(x, 1),
    "flip": lambda x: np.flip(x) + x[::-1],
    "tile": lambda x: np.tile(x, 2),
    "repeat": lambda x: np.repeat(x, 2),
    "trace": lambda x: np.trace(np.outer(x, x)),
    "diag": lambda x: np.diag(x),
    "broadcast": lambda x: x[:, None] * x[None, :] + A,
    "slices": lambda x: 100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2,
    "last": lambda x: x[-1] * x[0],
    "fancy index": lambda x: x[[2, 0, 1]],
    "unpacking": lambda x: (lambda a, b, c: a * b + c)(*x),
    "in place": lambda x: _in_place(x),
    "zeros_like": lambda x: np.zeros_like(x) + np.ones_like(x) * x,
    "empty_like": lambda x: _filled(x),
    "reduce": lambda x: np.add.reduce(x) + np.multiply.reduce(x) + np.maximum.reduce(x),
    "vander": lambda x: sum(c * x**k for k, c in enumerate(W)),
    "kron": lambda x: np.kron(x, W),
    "size": lambda x: x * x.size + len(x) + x.shape[0] + x.ndim + np.size(x),
    "astype": lambda x: x.astype(float) + x.copy(),
}


def _in_place(x: Any) -> Any:
    y = x.copy()
    y += 1
    y *= x
    y[0] = y[1] + 2
    y[1:] = y[1:] ** 2
    return y


def _filled(x: Any) -> Any:
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = x[i] ** 2
    return y


CASES = [
    *((name, f, AT) for name, f in FUNCTIONS.items()),
    *((name, f, AT) for name, f in ELEMENTWISE.items()),
    *((name, f, np.abs(AT)) for name, f in POSITIVE.items()),
    *((name, f, INSIDE) for name, f in BOUNDED.items()),
    ("arccosh", np.arccosh, 1 + np.abs(AT)),
]


@pytest.mark.parametrize(("name", "function", "point"), CASES, ids=[c[0] for c in CASES])
def test_agrees_with_numpy(name: str, function: Function, point: Any) -> None:
    wanted = np.asarray(function(point.copy()), float)
    x = SymbolicArray.symbols("x", 3)
    traced = box(function(x))
    assert traced.shape == wanted.shape
    found = compile_native(list(box(x)), list(traced.ravel()))(point)
    assert found == pytest.approx(wanted.ravel(), rel=1e-12, abs=1e-12)


REFUSED: dict[str, Function] = {
    "branch": lambda x: x if x[0] > 0 else -x,
    "while": lambda x: [x := x / 2 for _ in iter(lambda: bool(x[0] > 1), False)],
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "math.sin": lambda x: math.sin(x[0]),
    "index": lambda x: AT[x[0]],
    "builtin max": lambda x: max(x[0], x[1]),
    "np.array": lambda x: np.array([x[0], x[1]]),
    "added into an array": lambda x: np.zeros(3).__iadd__(x),
    "trunc": lambda x: np.trunc(x),
    "floor division": lambda x: x // 2,
    "round": lambda x: np.round(x),
    "isnan": lambda x: np.isnan(x),
    "sort": lambda x: np.sort(x),
    "argmax": lambda x: np.argmax(x),
    "median": lambda x: np.median(x),
    "det": lambda x: np.linalg.det(np.outer(x, x)),
    "solve": lambda x: np.linalg.solve(A, x),
    "count_nonzero": lambda x: np.count_nonzero(x),
    "array_equal": lambda x: np.array_equal(x, AT),
    "flatnonzero": lambda x: np.flatnonzero(x),
    "any": lambda x: bool(np.any(x > 0)),
    "mask": lambda x: x[x > 0],
    "astype int": lambda x: x.astype(int),
    "complex": lambda x: x * 1j,
    "text": lambda x: x + "a",
    "spectral norm": lambda x: np.linalg.norm(np.outer(x, x), 2),
    "sum where": lambda x: np.mean(x, where=np.array([True, False, True])),
    "max initial": lambda x: np.max(x, initial=5.0),
    "reduce initial": lambda x: np.add.reduce(x, initial=5.0),
    "unpack a number": lambda x: list(x[0]),
    "compare": lambda x: bool(x == x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_numbers_can_answer_is_refused(name: str) -> None:
    with pytest.raises(TraceError):
        REFUSED[name](SymbolicArray.symbols("x", 3))


def test_symbols_have_names_and_shapes() -> None:
    x = SymbolicArray.symbols("w", 2, 2)
    assert str(x.tolist()) == "[[w[0,0], w[0,1]], [w[1,0], w[1,1]]]"
    assert str(SymbolicArray.symbols("b").item()) == "b"
    assert repr(x[0]) == "SymbolicArray([w[0,0], w[0,1]])"
