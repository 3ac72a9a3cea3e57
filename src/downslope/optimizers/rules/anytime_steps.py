from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, floor, sqrt, where
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.rules.silver_steps import SILVER

LEVELS = 12  # of patterns; those of the last are repeated, after 390 million steps


class AnytimeStepsState(NamedTuple):
    p: Any  # place in the pattern; 0 is the step that joins it
    n: Any  # how many places the pattern has
    q: Any  # the silver ratio to the power of its level
    left: Any  # how often it is still to come
    sum: Any  # of all h so far


class AnytimeSteps(Optimizer):
    r"""Steepest descent with short and long steps that are good whenever it is stopped.

    .. math:: x_{k+1} = x_k - \eta\, h_k\, g_k, \qquad
              h = (\varphi, S_1, \varphi, S_1, \ldots, \varphi, S_2, \ldots, \varphi, S_3, \ldots), \qquad
              S_j = (s_1, \ldots, s_{2^j - 1}), \qquad s_i = 1 + \varrho^{\,\nu(i) - 1}

    .. math:: \varphi = \tfrac12\Bigl(\sqrt{(a + b + 2)^2 + 4 (a + 1)(b + 1)} - a - b\Bigr), \qquad b = \varrho^j - 1,
              \qquad \varrho = 1 + \sqrt 2

    with :math:`S_j` the silver steps (:math:`\nu(i)` is how often 2 divides i), each :math:`\lfloor 2 \varrho^j
    \rfloor` times, :math:`\varphi` the step that joins the next pattern, whose sum is b, to all before, whose sum is
    a, and :math:`\eta` the learning rate.

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; a larger one may diverge.

    For a convex function f(x_n) - f* is of the order L R²/n^1.119 after any n steps, with R the distance of the start
    to a minimum, and at most L R²/(2 + 4 Σh) at the end of each pattern. ``SilverSteps`` and ``OBSF`` get n^-1.27, but
    only after a number of steps that is known; a constant rate gets n^-1. It needs a true L, and convexity.

    Source: Z. Zhang, J. Lee, S. Du, Y. Chen, "Anytime acceleration of gradient descent", COLT 2025, arXiv 2411.17668,
    section 3.1.

    >>> import downslope as ds
    >>> from downslope.optimizers import AnytimeSteps
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=AnytimeSteps(learning_rate=0.125), steps=3)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.599692, 0.387669, 0.16858]
    """

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)

    def init(self, x: Any) -> AnytimeStepsState:
        return AnytimeStepsState(p=0.0, n=2.0, q=SILVER, left=4.0, sum=0.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: AnytimeStepsState
    ) -> tuple[Any, AnytimeStepsState, Any]:
        η, g, p, n, q, a = self.learning_rate, gradient, state.p, state.n, state.q, state.sum
        h = 1 + 1 / SILVER
        for level in range(1, LEVELS):
            part = p / 2**level
            h = where(part - floor(part) > 0, h, 1 + SILVER ** (level - 1))
        φ = (sqrt((a + q + 1) * (a + q + 1) + 4 * (a + 1) * q) - a - q + 1) / 2
        h = where(p > 0, h, φ)
        end = p + 1.5 > n
        left = where(end, state.left - 1, state.left)
        larger = both(left < 0.5, n < 2**LEVELS)
        q_next = where(larger, q * SILVER, q)
        left = where(larger, floor(2 * q_next), left)
        after = AnytimeStepsState(where(end, 0.0, p + 1), where(larger, 2 * n, n), q_next, left, a + h)
        return x - η * h * g, after, True
