"""Functions of a matrix, one for each thing that NumPy can do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[[Any], Any]

V = np.array([0.7, -1.3, 2.1, 0.4, -0.2])  # no two of them alike, none at a kink
W = np.array([0.5, -1.5, 2.0, 1.1, 0.3])
M = np.array([[0.9, -1.2, 0.3, 0.7], [2.2, 0.1, -0.6, -1.7], [1.4, 0.8, -2.3, 0.45]])
C = np.array([[1.2, 0.4, -0.3], [0.2, -0.9, 1.6], [0.6, 0.5, 1.1], [-0.7, 1.3, 0.8]])
S = np.array([[3.1, 0.4, -0.7], [0.2, 2.6, 0.5], [-0.3, 0.9, 4.2]])
B = np.arange(24.0).reshape(2, 3, 4) / 11 - 0.95
ONE = np.array(0.6)


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _rows_written(m: Any) -> Any:
    y = np.zeros_like(m)
    y[0] = m[0]
    for i in range(1, 3):
        y[i] = 0.5 * y[i - 1] + m[i] ** 2
    y[:, 1] += m[:, 0]
    y[1:, ::2] *= m[:2, 1::2]
    return y


OF_MATRICES: dict[str, Function] = {
    "turned": lambda m: [m.T, m.transpose(1, 0), np.transpose(m), np.swapaxes(m, 0, 1), np.moveaxis(m, 0, 1)],
    "turned otherwise": lambda m: [np.flip(m), np.fliplr(m), np.flipud(m), np.rot90(m), np.rot90(m, 2), m.mT],
    "index": lambda m: [
        m[1],
        m[:, 2],
        m[1, 2],
        m[-1, ::-1],
        m[::2, 1::2],
        m[..., 0],
        m[1][2],
        m[:, None, 1:],
    ],
    "by numbers": lambda m: [
        m[[0, 2]],
        m[:, [1, 1]],
        m[[0, 1], [2, 3]],
        m[np.ix_([0, 2], [1, 3])],
        m[1, [0, 2]],
    ],
    "by truth": lambda m: [m[M > 0], m[np.array([True, False, True])], m[:, M[0] > 0]],
    "iteration": lambda m: sum(row @ row for row in m),
    "sums": lambda m: [np.sum(m, axis=0), m.sum(axis=1), np.sum(m, axis=(0, 1)), np.sum(m, 1, keepdims=True)],
    "means": lambda m: [
        np.mean(m, axis=0),
        m.mean(axis=1, keepdims=True),
        np.var(m, axis=1),
        np.std(m, axis=0),
    ],
    "extremes": lambda m: [
        np.max(m, axis=0),
        m.min(axis=1),
        np.max(m, axis=-1, keepdims=True),
        np.ptp(m, axis=0),
    ],
    "products": lambda m: [np.prod(m, axis=0), np.prod(m, axis=1), np.prod(m)],
    "running": lambda m: [np.cumsum(m), np.cumsum(m, axis=0), np.cumsum(m, axis=1), np.cumprod(m, axis=1)],
    "differences": lambda m: [np.diff(m), np.diff(m, axis=0), *np.gradient(m), np.gradient(m, 0.5, axis=1)],
    "trapezoid": lambda m: [
        np.trapezoid(m),
        np.trapezoid(m, axis=0),
        np.trapezoid(m, x=W[:3] ** 2 + M[:, 0], axis=0),
    ],
    "sorted": lambda m: [
        np.sort(m),
        np.sort(m, axis=0),
        np.median(m, axis=0),
        np.median(m),
        np.quantile(m, 0.3, 1),
    ],
    "average": lambda m: [
        np.average(m, axis=1, weights=[1.0, 2.0, 0.5, 1.0]),
        np.average(m, axis=0, weights=M**2),
    ],
    "norms": lambda m: [
        np.linalg.norm(m),
        np.linalg.norm(m, axis=1),
        np.linalg.norm(m, 1),
        np.linalg.norm(m, "fro"),
    ],
    "more norms": lambda m: (
        [np.linalg.norm(m, k) for k in (np.inf, -np.inf, -1)] + [np.linalg.norm(m, 1, axis=0)]
    ),
    "products of matrices": lambda m: [
        m @ C,
        C @ m,
        m @ W[:4],
        W[:3] @ m,
        np.dot(m, C),
        m @ m.T,
        np.matmul(m, C),
    ],
    "inner": lambda m: [
        np.inner(m, W[:4]),
        np.inner(m, m),
        np.tensordot(m, C, 1),
        np.tensordot(m, m, 2),
        np.vdot(m, M),
    ],
    "tensordot": lambda m: [
        np.tensordot(m, B, ([0, 1], [1, 2])),
        np.tensordot(B, m, ([1], [0])),
        np.dot(m, B.swapaxes(1, 2)),
    ],
    "batched": lambda m: [
        B @ m.T,
        m.T @ B,
        m[:, None] @ m[:, :, None],
        np.matmul(B, np.stack([m.T, m.T * 2])),
    ],
    "einsum": lambda m: [
        np.einsum("ij->ji", m),
        np.einsum("ij->", m),
        np.einsum("ij,jk->ik", m, C),
        np.einsum("ij,ij->i", m, M),
    ],
    "more einsum": lambda m: [
        np.einsum("ij,kj,kl->il", m, m, m),
        np.einsum("bij,ij->b", B, m),
        np.einsum("ii", m[:, :3]),
    ],
    "batched einsum": lambda m: [
        np.einsum("bij,bkj->bik", B * m, B),
        np.einsum("...j,j->...", m, W[:4]),
        np.einsum("ij,kl->ikjl", m, C),
    ],
    "implicit einsum": lambda m: [
        np.einsum("ij,jk", m, C),
        np.einsum("ji", m),
        np.einsum("ii->i", m[:, 1:]),
        np.einsum("ij,ij", m, m),
    ],
    "kron": lambda m: [np.kron(m, C[:2]), np.outer(m, W), np.kron(W[:2], m)],
    "cross": lambda m: [np.cross(m[:, :3], M[:, 1:]), np.cross(m, m[:, ::-1], axis=0)],
    "broadcast": lambda m: [
        m + W[:4],
        m * W[:3, None],
        m - np.mean(m, axis=0),
        m[:, None] * m[None],
        m + m[:1],
        m[:, :1] * m,
    ],
    "concatenate": lambda m: [
        np.concatenate([m, M]),
        np.concatenate([m, M[:, :2]], axis=1),
        np.concatenate([m, m], None),
    ],
    "stacks": lambda m: [
        np.hstack([m, m[:, :1]]),
        np.vstack([m, W[:4]]),
        np.dstack([m, m]),
        np.stack([m, M], 1),
        np.block([[m, M], [M, m]]),
    ],
    "split": lambda m: [*np.split(m, 2, axis=1), *np.vsplit(m, [1]), *np.hsplit(m, 2)],
    "shapes": lambda m: [
        m.reshape(4, 3),
        m.ravel(),
        m.flatten(),
        m.T.reshape(-1),
        m.reshape(2, 6, order="F"),
        m.reshape(12, 1).squeeze(),
    ],
    "roll": lambda m: [
        np.roll(m, 1, axis=0),
        np.roll(m, -1, axis=1),
        np.roll(m, 2),
        np.roll(m, (1, 2), axis=(0, 1)),
    ],
    "tile": lambda m: [
        np.tile(m, 2),
        np.tile(m, (2, 3)),
        np.tile(m, (2, 1, 1)),
        np.repeat(m, 2, axis=0),
        np.repeat(m, 3),
    ],
    "diagonals": lambda m: [
        np.diag(m),
        np.diag(m, 1),
        np.diagonal(m, -1),
        np.trace(m),
        m.trace(1),
        np.tril(m),
        np.triu(m, 1),
    ],
    "pad": lambda m: [
        np.pad(m, 1),
        np.pad(m, ((0, 1), (2, 0))),
        np.pad(m, 1, mode="wrap"),
        np.delete(m, 1, axis=0),
    ],
    "written into": lambda m: _rows_written(m),
    "softmax": softmax,
    "laplacian": lambda m: np.sum((m[1:] - m[:-1]) ** 2) + np.sum((m[:, 1:] - m[:, :-1]) ** 2),
    "distances": lambda m: np.sqrt(np.sum((m[:, None, :] - m[None, :, :]) ** 2, axis=-1) + np.eye(3)),
    "multi_dot": lambda m: np.linalg.multi_dot([m, C, m]),
}
OF_SQUARES: dict[str, Function] = {
    "solve": lambda a: [
        np.linalg.solve(a, W[:3]),
        np.linalg.solve(a, C[:3]),
        np.linalg.solve(S, a),
        np.linalg.solve(S, a[0]),
    ],
    "inv": lambda a: np.linalg.inv(a),
    "det": lambda a: np.linalg.det(a),
    "slogdet": lambda a: np.linalg.slogdet(a)[1] + np.linalg.slogdet(a).logabsdet,
    "matrix power": lambda a: [
        np.linalg.matrix_power(a, 3),
        np.linalg.matrix_power(a, -2),
        np.linalg.matrix_power(a, 0),
    ],
    "batched": lambda a: [
        np.linalg.det(np.stack([a, a.T * 2])),
        np.linalg.inv(a * np.array([1.0, 2])[:, None, None]),
    ],
    "cholesky": lambda a: np.linalg.cholesky(a @ a.T + np.eye(3)),
    "lower triangle alone": lambda a: np.linalg.cholesky(a),
    "quadratic form": lambda a: W[:3] @ a @ a.T @ W[:3],
}
