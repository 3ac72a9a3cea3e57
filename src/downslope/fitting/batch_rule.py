"""What mini-batches are descended with where nothing is named: coordinates, learning rate and schedule from the rows.

Of a squared loss the curvature is known before the first step. In features that are uncorrelated and of spread 1 it is
the same in every direction, so one learning rate is right for all; how large it may be is said by the rows: the mean
square of the error falls only while ``rate < 1/(1 + K/batch)``, with K the largest eigenvalue of the mean of
``|x|^2 x x'``, and no single row may throw it back. It then falls like one over the number of batches, as it must for
the noise of the batches to die away.

Source: F. Bach, E. Moulines, NeurIPS 26 (2013) 773-781, section 2, for the largest rate; H. Robbins, S. Monro, Annals
of Mathematical Statistics 22 (1951) 400-407, for its fall.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.preconditioning import Coordinates, shear_of
from downslope.fitting.problem import FitProblem
from downslope.fitting.quadratic import DEPENDENT
from downslope.fitting.rows import CHUNK_ROWS, Array, LinearRows, SoftmaxRows
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.schedules.decay import InverseTime

MOST_FEATURES = 200  # that are made uncorrelated
MOST_NUMBERS = 4 * 10**7  # in a table in memory, which is copied for it
LASTING = 10.0  # contractions by e that the learning rate lasts before it is at one half
TRAVEL = 40.0  # spreads of the target that Adam may go in all at its first rate
ADAM_LEAST, ADAM_MOST = 0.01, 0.3  # of its rates, in those spreads
USUAL_EPOCHS = 20


class Whitening(NamedTuple):
    """Features that are uncorrelated, about their means.

    Attributes:
        coordinates: in which they are the features.
        mixing: ``(features - centre) @ mixing`` are they.
    """

    coordinates: Coordinates
    mixing: Array

    def of(self, part: RowBlock) -> RowBlock:
        """Rows with these features."""
        rows = part.rows
        assert isinstance(rows, LinearRows)
        white = LinearRows((rows.X - rows.centre) @ self.mixing, rows.at, rows.intercept)
        white.often = rows.often
        return part._replace(rows=white)


def whitens(problem: FitProblem) -> bool:
    """Whether rows are descended in uncorrelated features where nothing was named."""
    objective, rows = problem.objective, problem.rows
    if not isinstance(rows, LinearRows) or isinstance(rows, SoftmaxRows) or not objective.summed:
        return False
    penalty, features = objective.penalty, rows.X.shape[1]
    plain = problem.loss.quadratic and not problem.loss.root and not penalty.l1 and not penalty.l2
    small = 0 < features <= MOST_FEATURES
    return plain and small and (objective.streamed or objective.count * features <= MOST_NUMBERS)


def whitening(objective: DataObjective) -> Whitening:
    """The coordinates, from the moments; directions in which the features do not vary are left as they are."""
    m, rows = objective.moments(), objective.linear
    d = len(m.mean) - 1
    centre = m.mean[:d] if rows.intercept is not None else np.zeros(d)
    products = m.products[:d, :d] / m.total
    if rows.intercept is None:
        products = products + np.outer(m.mean[:d], m.mean[:d])
    size = np.sqrt(np.diag(products))
    size = np.where(size > DEPENDENT * np.abs(m.mean[:d]), size, np.inf)
    values, vectors = np.linalg.eigh(products / np.outer(size, size))
    sure = values > DEPENDENT * max(float(values[-1]), 0.0)
    units = np.where(np.isfinite(size), size, 1.0)
    mixing = vectors / np.sqrt(np.where(sure, values, 1.0)) / units[:, None]
    matrix = np.eye(rows.size)
    matrix[np.ix_(rows.at, rows.at)] = mixing
    coordinates = Coordinates("orthogonal", matrix, np.zeros(rows.size), shear_of(rows, centre))
    return Whitening(coordinates, mixing)


def rule_for_squares(objective: DataObjective, white: Whitening, batch: int) -> Optimizer:
    """Gradient descent in uncorrelated features; ``objective`` measures them from their means."""
    size, mean_weight = objective.rows.size, objective.total / objective.count
    fourth, most = np.zeros((size, size)), 0.0
    for part in objective.parts():
        for begin in range(0, part.rows.count, CHUNK_ROWS):
            some = slice(begin, begin + CHUNK_ROWS)
            rows = part.rows
            assert isinstance(rows, LinearRows)
            F = rows.features(some)
            F[:, rows.at] = F[:, rows.at] @ white.mixing
            square = np.sum(np.square(F), axis=1)
            v = part.weights[some] / mean_weight if part.weights.size else np.ones(len(F))
            fourth += F.T @ ((np.square(v) * square)[:, None] * F)
            most = max(most, float(np.max(v * square)))
    K = float(np.linalg.eigvalsh(fourth)[-1]) / objective.count
    rate = min(1 / (1 + K / batch), batch / max(most, 1.0))
    return as_optimizer("gradient_descent", learning_rate=rate / 2 * InverseTime(rate=rate / LASTING))


def usual_rule(objective: DataObjective, batches: int | None = None) -> Optimizer:
    """Adam, its steps in proportion to the spread of what is predicted, falling over so many ``batches``."""
    spread, away = 1.0, 0.0
    if isinstance(objective.rows, LinearRows) and objective.loss.link == "identity":
        spread, away = objective.target_spread(), abs(objective.target_mean())
        spread = spread if np.isfinite(spread) and spread > 0 else 1.0
    if not batches:
        return as_optimizer("adam", learning_rate=ADAM_LEAST * spread)
    part = min(max(TRAVEL / batches, ADAM_LEAST), ADAM_MOST)
    rate = part * spread + LASTING * away / batches
    return as_optimizer("adam", learning_rate=rate * InverseTime(rate=LASTING / batches))
