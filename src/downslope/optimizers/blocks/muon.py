from __future__ import annotations

import math
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, zeros_like
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.block_rules import BlockRule, each_matrix, length, transposed

A, B, C = (
    3.4445,
    -4.7750,
    2.0315,
)  # of the polynomial: steepest at 0 of those that keep to some 0.7 to 1.2 (K. Jordan)
ROUNDS = 5  # of it
LEAST = 1e-7  # length of a matrix that is divided by it


class MuonState(NamedTuple):
    m: Any  # running mean of gradients


class Muon(BlockRule):
    r"""Nesterov's momentum, with all singular values of each matrix brought to about 1.

    .. math:: m_{k+1} = \beta m_k + (1 - \beta) g_k, \qquad
              x_{k+1} = x_k - \eta \Bigl(\sqrt{\max(1, r/c)}\;
              \operatorname{O}\bigl(\beta m_{k+1} + (1 - \beta) g_k\bigr) + \lambda x_k\Bigr)

    .. math:: \operatorname{O}(X) = p^5(X / \lVert X \rVert_F), \qquad
              p(X) = aX + b\,XX^\top X + c\,(XX^\top)^2 X

    with :math:`m` the running mean of the gradient, each matrix having r rows and c columns, and
    :math:`a, b, c = 3.4445, -4.7750, 2.0315`.

    Args:
        learning_rate: η, about the length of a step in each direction, > 0; in units of x.
        momentum: β, part of m that is kept, in [0, 1).
        weight_decay: λ, >= 0, per unit of x; times the rate.

    Singular values come to between 0.68 and 1.21 where they were above 0.002 of the length of their matrix, and smaller
    ones are left small. Parameters that are no matrices are refused, as by torch; its author gives them to AdamW, and
    the first and last layers of networks too. A step does not shrink with the gradient, so a constant rate settles only
    to within about itself.

    Source: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024,
    kellerjordan.github.io/posts/muon. torch computes the polynomial in bfloat16, here it has the precision of x. optax
    corrects m for its zero start before it is mixed with the gradient.

    >>> import numpy as np, downslope as ds
    >>> from downslope.optimizers import Muon
    >>> run = ds.minimize(lambda W: ((W - np.eye(2)) ** 2).sum(), start={"W": np.zeros((2, 2))},
    ...                   optimizer=Muon(learning_rate=0.1), steps=8)
    >>> run.x["W"].round(3).tolist()
    [[0.886, 0.0], [0.0, 0.886]]
    """

    learning_rate: float = hyperparameter(0.02, "about the length of a step in each direction", above=0)
    momentum: float = hyperparameter(0.95, "part of the mean gradient that is kept", at_least=0, below=1)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> MuonState:
        return MuonState(m=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: MuonState) -> tuple[Any, MuonState, Any]:
        η, β, λ, g = self.learning_rate, self.momentum, self.weight_decay, gradient
        m = β * state.m + (1 - β) * g
        step = each_matrix(self, _orthogonalised, β * m + (1 - β) * g)
        return x - η * (step + λ * x), MuonState(m), True


def _orthogonalised(matrix: Any) -> Any:
    """The matrix with its singular values brought to about sqrt(max(1, rows / columns))."""
    rows, columns = map(int, matrix.shape)
    x = matrix / maximum(length(matrix), LEAST)
    if rows > columns:  # the smaller of both products
        x = transposed(x)
    for _ in range(ROUNDS):
        square = x @ transposed(x)
        x = A * x + (B * square + C * square @ square) @ x
    return math.sqrt(max(1.0, rows / columns)) * (transposed(x) if rows > columns else x)
