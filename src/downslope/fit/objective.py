"""The cost of a table as an ``Objective``: mean loss over the rows, plus penalties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.fit import kernels
from downslope.fit.losses import Loss
from downslope.fit.rows import CHUNK_ROWS, Array, LinearRows, Rows, SoftmaxRows, unlocked
from downslope.objectives import Objective, Parameters, Vector


@dataclass(frozen=True, eq=False)
class Penalty:
    """``l2 * sum(p^2) + l1 * sum(abs(p))`` over the parameters in ``mask`` (1 where penalised, else 0)."""

    l2: float
    l1: float
    mask: Array

    def add_to(self, theta: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient with the penalties in them; for l1 the subgradient of least norm."""
        if not self.l2 and not self.l1:
            return value, gradient
        kept = self.mask * theta
        value += self.l2 * float(kept @ kept) + self.l1 * float(np.sum(np.abs(kept)))
        gradient = gradient + 2 * self.l2 * kept
        return value, subgradient(theta, gradient, self.l1 * self.mask) if self.l1 else gradient


def subgradient(theta: Array, smooth: Array, thresholds: Array) -> Array:
    """The shortest subgradient of ``f + sum thresholds*abs(theta)``: zero exactly where that is smallest."""
    at_zero = np.sign(smooth) * np.maximum(np.abs(smooth) - thresholds, 0.0)
    return np.where(theta == 0, at_zero, smooth + thresholds * np.sign(theta))


class DataObjective(Objective):
    """The cost of a hypothesis on a table.

    Args:
        rows: the hypothesis on its rows.
        y: the targets; class numbers for softmax.
        weights: of the rows, or empty.
        loss, penalty: what is added up.
        parameters, text: for people.
    """

    def __init__(
        self,
        rows: Rows,
        y: Array,
        weights: Array,
        loss: Loss,
        penalty: Penalty,
        parameters: Parameters,
        text: str,
    ) -> None:
        super().__init__(parameters, text)
        self.rows, self.y, self.weights = rows, unlocked(y), unlocked(weights)
        self.loss, self.penalty = loss, penalty
        self.total = float(np.sum(weights)) if weights.size else float(len(y))
        self.differentiation = "symbolic"

    def centred(self, centre: Array) -> DataObjective:
        """The same cost with the features of a linear hypothesis measured from ``centre``."""
        assert isinstance(self.rows, LinearRows)
        return DataObjective(
            self.rows.centred(centre),
            self.y,
            self.weights,
            self.loss,
            self.penalty,
            self.parameters,
            self.text,
        )

    def data_value(self, x: Vector) -> float:
        """The mean loss without penalties (its root for rmse)."""
        mean = float(self.rows.sums(np.asarray(x), self.y, self.weights, self.loss)[0]) / self.total
        return float(np.sqrt(mean)) if self.loss.root else mean

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        return self.penalty.add_to(np.asarray(x, np.float64), *self.loss_and_gradient(x))

    def loss_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """The mean loss (its root for rmse) and its gradient, without penalties."""
        sums = self.rows.sums(np.asarray(x, np.float64), self.y, self.weights, self.loss)
        value, gradient = float(sums[0]) / self.total, sums[1:] / self.total
        return rooted(value, gradient) if self.loss.root else (value, gradient)

    def curvature(self, x: Vector, rows: Any = None, least: float = 0.0) -> Array:
        """Second derivatives of the mean loss as if the hypothesis were linear at ``x``: J' diag(c) J / total.

        ``rows`` are indices of a sample; None takes all. ``least`` see ``kernels.curvatures``.
        """
        theta = np.asarray(x, np.float64)
        out = np.zeros((self.rows.size, self.rows.size))
        if rows is not None:
            share = self.rows.count / len(rows)
            return out + share * self._curvature_of(theta, rows, least) / self.total
        for begin in range(0, self.rows.count, CHUNK_ROWS):
            out += self._curvature_of(theta, slice(begin, begin + CHUNK_ROWS), least)
        return out / self.total

    def _curvature_of(self, theta: Array, rows: Any, least: float) -> Array:
        u, J = self.rows.jacobian(theta, rows)
        c = np.empty(len(u))
        kernels.curvatures(self.loss.code, self.loss.shape, u, self.y[rows], least, c)
        if self.weights.size:
            c *= self.weights[rows]
        return np.asarray(J.T @ (c[:, None] * J))

    @property
    def several(self) -> bool:
        """Whether there is one prediction for each class."""
        return isinstance(self.rows, SoftmaxRows)


def rooted(mean: float, gradient: Any) -> tuple[float, Any]:
    """The root of a mean of squares and its gradient, which is taken as 0 where the fit is exact."""
    root = float(np.sqrt(mean))
    return root, gradient / (2 * root) if root > 0 or not np.isfinite(root) else 0.0 * gradient
