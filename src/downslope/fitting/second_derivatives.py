"""The second derivatives of a cost over the rows of a table, exactly: from the symbols of hypothesis and loss."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import symengine as se

from downslope import symbolic
from downslope.fitting.formula_rows import FormulaRows, evaluated
from downslope.fitting.hypothesis import Hypothesis
from downslope.fitting.loss_record import derivative
from downslope.fitting.losses import Loss
from downslope.fitting.rows import CHUNK_ROWS, NOTHING, Array, HypothesisRows, LinearRows, SoftmaxRows

Part = tuple[HypothesisRows, Array, Array]  # rows, targets, and weights or nothing

MOST_AT_ONCE = 4_000_000  # numbers of derivatives of predictions in memory
WIDEST = 30  # parameters of a formula in general form up to which its second derivatives are compiled


def second_derivatives(part: Part, loss: Loss, theta: Array) -> Array | None:
    """The sum of those of these rows' costs, (parameters, parameters); None where they are not made."""
    H, (source, y, weights) = np.zeros((len(theta), len(theta))), part
    if not isinstance(source, LinearRows) and len(theta) > WIDEST:
        return None
    rows = max(1, min(CHUNK_ROWS, MOST_AT_ONCE // len(theta)))
    with np.errstate(all="ignore"):
        for begin in range(0, source.count, rows):
            H += _of_rows((source, y, weights), slice(begin, begin + rows), loss, theta)
    return H


def _of_rows(part: Part, rows: slice, loss: Loss, theta: Array) -> Array:
    """The sum over these rows."""
    source, y = part[0], part[1][rows]
    weights = part[2][rows] if part[2].size else np.ones(len(y))
    if isinstance(source, SoftmaxRows):
        P, J = source.chances(theta, rows), source.features(rows)
        bends = weights[:, None, None] * (P[:, :, None] * np.eye(source.classes) - P[:, :, None] * P[:, None])
        sums = np.einsum("nk,nl,ncd->kcld", J, J, bends, optimize=True)
        return np.asarray(sums.reshape(len(theta), -1))
    if isinstance(source, LinearRows):
        u, J = source.jacobian(theta, rows)
        bend = evaluated(_of_loss(loss), NOTHING, np.column_stack([u, y, np.full(len(y), loss.shape)]))
        return np.asarray(J.T @ ((weights * bend[:, 0])[:, None] * J))
    assert isinstance(source, FormulaRows)
    columns = np.column_stack([source.X[rows], y, np.full(len(y), loss.shape)])
    sums = weights @ evaluated(_of_hypothesis(source.hypothesis, loss), theta, columns)
    H = np.empty((len(theta), len(theta)))
    H[np.triu_indices(len(theta))] = sums
    return np.triu(H) + np.triu(H, 1).T


@lru_cache(maxsize=64)
def _of_loss(loss: Loss) -> symbolic.NativeFunction:
    """[prediction, target, number of the loss] -> the second derivative in the prediction."""
    bend = symbolic.lower(derivative(loss.slope))
    return symbolic.compile_native([se.Symbol(name) for name in "uyc"], [bend])


@lru_cache(maxsize=64)
def _of_hypothesis(hypothesis: Hypothesis, loss: Loss) -> symbolic.NativeFunction:
    """[parameters | columns, target, number of the loss] -> the upper triangle, row by row."""
    y, c = se.Symbol("#y"), se.Symbol("#c")  # no names that a column can have
    cost = symbolic.lower(loss.cost).subs(
        {se.Symbol("u"): hypothesis.expression, se.Symbol("y"): y, se.Symbol("c"): c}
    )
    chosen = hypothesis.symbols[: len(hypothesis.parameters)]
    rows = symbolic.hessian(cost, chosen)
    return symbolic.compile_native(
        [*hypothesis.symbols, y, c], [entry for i, row in enumerate(rows) for entry in row[i:]]
    )
