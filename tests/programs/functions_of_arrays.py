"""Functions of an array, one for each thing that NumPy can do with it; and what a program must say of each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from functions_of_matrices import OF_MATRICES, OF_SQUARES, ONE, B, C, Function, M, S, V, W, softmax
from numpy.typing import NDArray

from downslope.programs.array import ProgramArray
from downslope.programs.evaluate import evaluated
from downslope.programs.node import ArrayNode, Graph

Array = NDArray[Any]


def recorded(function: Function, shape: tuple[int, ...]) -> tuple[ArrayNode, list[ArrayNode]]:
    """The input of the program of a function, and the nodes of its results."""
    x = Graph().input("x", shape)
    result = function(ProgramArray(x))
    results = result if isinstance(result, (list, tuple)) else [result]
    return x, [part.node for part in results]


def computed(function: Function, point: Array) -> list[Array]:
    """What NumPy says."""
    result = function(point.copy())
    return [np.asarray(part, float) for part in (result if isinstance(result, (list, tuple)) else [result])]


def worked_out(function: Function, point: Array) -> list[Array]:
    """What the program of a function says."""
    _, nodes = recorded(function, point.shape)
    return [np.asarray(part, float) for part in evaluated(nodes, {"x": point})]


def _written_into(x: Any) -> Any:
    y = x.copy()
    y += 1
    y *= x
    y -= 0.5
    y /= 2
    y[0] = y[1] + 2
    y[2:] = y[2:] ** 2
    y[..., -1] = x[0]
    return y


def _filled(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[i] ** 2 + (y[i - 1] if i else 0)
    return y


def _log_sum_exp(x: Any) -> Any:
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


ELEMENTWISE: dict[str, Function] = {
    name: getattr(np, name)
    for name in (
        *("negative", "positive", "conjugate", "square", "reciprocal", "cbrt", "exp", "exp2", "expm1", "sin"),
        *("cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh", "absolute", "fabs", "sign", "floor"),
        *("ceil", "sinc", "deg2rad", "rad2deg"),
    )
}
POSITIVE: dict[str, Function] = {n: getattr(np, n) for n in ("sqrt", "log", "log1p", "log2", "log10")}
BOUNDED: dict[str, Function] = {n: getattr(np, n) for n in ("arcsin", "arccos", "arctanh")}

OF_VECTORS: dict[str, Function] = {
    "operators": lambda x: 2 * x + x * x - x / 3 + 1 / x - (-x) + (+x) + (3 - x) + abs(x) + x % 0.75,
    "powers": lambda x: x**2 + x**3 + 2**x + abs(x) ** 0.5 + abs(x) ** 1.5 + x**-1 + x**1 + x**0,
    "power of arrays": lambda x: np.power(np.abs(x), x) + np.float_power(np.abs(x), 1.5),
    "table first": lambda x: W + x + W * x - (W - x) / (W / x),
    "truth as numbers": lambda x: (x > 0) * x + (x > 0) + (x < W).astype(float),
    "truth counted": lambda x: np.sum(x > 0) * x[0] + np.mean(x > 0),
    "truth": lambda x: [x > 0, (x > 0) & (x < 1), (x > 0) | (x < W), (x > 0) ^ (x < W), ~(x >= 0)],
    "more truth": lambda x: [np.logical_xor(x > 0, W > 0), np.logical_not(x), np.isnan(x), np.isfinite(x)],
    "comparisons": lambda x: [x < W, x <= W, x > W, x >= W, x == W, x != W, np.isinf(x)],
    "all and any": lambda x: [np.all(x > -2), np.any(x > 3), (x > 0).any(), (x > 0).all()],
    "maximum": lambda x: (
        np.maximum(x, 0) + np.maximum(x, W) + np.minimum(x, 0.5) + np.fmax(W, x) - np.fmin(x, 0)
    ),
    "clip": lambda x: (
        np.clip(x, -1, 1) + np.clip(x, 0, None) + x.clip(None, W) + np.clip(x, a_min=-1, a_max=1)
    ),
    "where": lambda x: (
        np.where(x > 0, x, -x) + np.where((x > 0) & (x < 1), x, 0.0) + np.where(W > 0, x, 2 * x)
    ),
    "where of truth": lambda x: np.where(np.where(x > 0, x < 1, x < -1), x, 3.0),
    "where of one": lambda x: np.where(True, x, W) + np.where(x[0] > 0, x, W),
    "select": lambda x: np.select([x > 1, x > 0], [x**2, x * W], default=-1.0),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x > 1], [lambda u: -u, lambda u: u**2, 0.5]),
    "hypot": lambda x: np.hypot(x, W) + np.arctan2(x, W) + np.logaddexp(x, W) + np.heaviside(x, 0.5),
    "interp": lambda x: np.interp(x, [-1.0, 0.0, 0.5, 2.0], [1.0, -1.0, 3.0, 2.0]),
    "polyval": lambda x: np.polyval([1.0, -2.0, 0.5], x) + np.polyval(x, 0.3),
    "nan_to_num": lambda x: np.nan_to_num(x) + np.nansum(x),
    "index": lambda x: x[0] + x[-1] + x[np.int64(2)],
    "slices": lambda x: [x[1:], x[:-1], x[::2], x[::-1], x[-2::-2], x[3:1], x[...], x[1:][1:][::-1]],
    "new axes": lambda x: [x[:, None], x[None], x[None, 1:, None], x[..., None]],
    "by numbers": lambda x: [x[[0, 0, 3]], x[np.array([[1, 2], [3, 3]])], np.take(x, [4, -1]), x.take([1])],
    "by truth": lambda x: [x[W > 0], x[np.array([True, False, True, False, True])]],
    "iteration": lambda x: sum(v**2 for v in x) + sum(a * b for a, b in zip(x, W, strict=True)),
    "unpacking": lambda x: (lambda a, b, *rest: a * b + sum(rest))(*x),
    "sums": lambda x: np.sum(x) + x.sum() + np.mean(x) + x.mean() + np.add.reduce(x) + np.sum((x - W) ** 2),
    "products": lambda x: np.prod(x) + x.prod() + np.multiply.reduce(x),
    "extremes": lambda x: (
        np.max(x) + x.max() + np.min(x) + x.min() + np.amax(x) + np.ptp(x) + np.maximum.reduce(x)
    ),
    "spread": lambda x: np.var(x) + np.std(x) + np.var(x, ddof=1) + x.var() + x.std(ddof=1),
    "average": lambda x: np.average(x, weights=[1.0, 2.0, 3.0, 0.5, 1.5]) + np.average(x),
    "running": lambda x: [np.cumsum(x), np.cumprod(x), x.cumsum(), np.add.accumulate(x)],
    "differences": lambda x: [np.diff(x), np.diff(x, 2), np.ediff1d(x)],
    "gradient": lambda x: [
        np.gradient(x),
        np.gradient(x, 0.5),
        np.gradient(x, [0.0, 1, 3, 4, 7], edge_order=2),
    ],
    "trapezoid": lambda x: np.trapezoid(x) + np.trapezoid(x, dx=0.3) + np.trapezoid(x, x=np.cumsum(W**2)),
    "sorted": lambda x: [
        np.sort(x),
        np.median(x),
        np.median(x[1:]),
        np.percentile(x, 30),
        np.quantile(x, [0.1, 0.5]),
    ],
    "log of sums": lambda x: np.logaddexp.reduce(x) + np.logaddexp.reduce(np.outer(x, W), axis=1),
    "counted": lambda x: np.bincount([0, 2, 0, 1, 2], weights=x),
    "norms": lambda x: [np.linalg.norm(x, k) for k in (None, 1, 2, 3, 0.5, np.inf, -np.inf, 0)],
    "vector norm": lambda x: np.linalg.vector_norm(x) + np.linalg.vector_norm(x, ord=1),
    "dots": lambda x: (
        np.dot(x, W) + np.vdot(W, x) + np.inner(x, x) + x @ W + W @ x + x.dot(x) + np.linalg.vecdot(x, W)
    ),
    "outer": lambda x: np.outer(x, W) + np.multiply.outer(x, x) + np.add.outer(x, W),
    "matrix of a vector": lambda x: [C.T @ x[:4], x[:3] @ C.T, np.dot(C, x[:3]), x[1:4] @ S @ x[:3]],
    "einsum": lambda x: [
        np.einsum("i,i->", x, W),
        np.einsum("i,j", x, W),
        np.einsum("i->", x),
        np.einsum("i,i", x, x),
    ],
    "cross": lambda x: np.cross(x[:3], W[:3]),
    "convolve": lambda x: [np.convolve(x, [1.0, -2, 0.5], mode) for mode in ("full", "same", "valid")],
    "convolved with itself": lambda x: np.convolve(x, x[:2]),
    "correlate": lambda x: [np.correlate(x, [1.0, -2, 0.5], mode) for mode in ("full", "same", "valid")],
    "kron": lambda x: np.kron(x, W[:2]),
    "concatenate": lambda x: [np.concatenate([x, W, x]), np.hstack([x, x[:2]]), np.append(x, 3.0)],
    "stack": lambda x: [
        np.stack([x, W]),
        np.stack([W, x], axis=-1),
        np.vstack([x, W]),
        np.column_stack([x, W]),
    ],
    "split": lambda x: [*np.split(x, [2, 3]), *np.array_split(x, 3), np.split(x[:4], 2)[1]],
    "shapes": lambda x: [
        x.reshape(5, 1),
        x.reshape(-1),
        x.reshape((1, 5)),
        np.expand_dims(x, 0),
        np.atleast_2d(x),
    ],
    "roll": lambda x: [np.roll(x, 1), np.roll(x, -7), np.flip(x), np.flip(x, 0), np.roll(x, 0)],
    "tile": lambda x: [np.tile(x, 2), np.tile(x, (2, 1)), np.repeat(x, 2), np.repeat(x, [0, 1, 2, 0, 3])],
    "diag": lambda x: [np.diag(x), np.diag(x, 1), np.diag(x, -2), np.tril(x), np.triu(x, 1)],
    "pad": lambda x: [np.pad(x, 2), np.pad(x, (1, 0), constant_values=3.0), np.pad(x, 2, mode="reflect")],
    "pad otherwise": lambda x: [np.pad(x, 2, mode=mode) for mode in ("edge", "wrap", "symmetric")],
    "broadcast": lambda x: [np.broadcast_to(x, (3, 5)), *np.broadcast_arrays(x, W[:, None])],
    "meshgrid": lambda x: list(np.meshgrid(x, W[:3])),
    "like": lambda x: [
        np.zeros_like(x) + x,
        np.ones_like(x) * x,
        np.full_like(x, 3.0) - x,
        np.empty_like(x) * 0,
    ],
    "written into": _written_into,
    "filled": _filled,
    "softmax": softmax,
    "log sum exp": _log_sum_exp,
    "item": lambda x: x[:1].item() + x.item(2) + sum(x.tolist()),
    "builtin sum of squares": lambda x: sum(
        100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(4)
    ),
    "array of numbers": lambda x: W * np.stack([x[0], x[1] ** 2, 3.0, x[2], x[0] * x[4]]),
    "lists": lambda x: np.add(x, [1.0, 2.0, x[0], 4.0, x[1]]),
}

CASES: list[tuple[str, Function, Array]] = [
    *((name, f, V) for name, f in ELEMENTWISE.items()),
    *((name, f, np.abs(V)) for name, f in POSITIVE.items()),
    *((name, f, V / 3) for name, f in BOUNDED.items()),
    ("arccosh", np.arccosh, 1 + np.abs(V)),
    *((f"{name} of a vector", f, V) for name, f in OF_VECTORS.items()),
    *((f"{name} of a matrix", f, M) for name, f in OF_MATRICES.items()),
    *((f"{name} of a square", f, S) for name, f in OF_SQUARES.items()),
    (
        "three axes",
        lambda b: [b.sum(axis=(0, 2)), b[1, ::2].T, np.moveaxis(b, 0, -1), b.reshape(6, 4) @ C, b @ C],
        B,
    ),
    ("one number", lambda x: x**2 + np.sin(x) + np.sum(x) + np.exp(x) * W[0], ONE),
    ("an array of one number", lambda x: x * W + x[()], ONE),
]
