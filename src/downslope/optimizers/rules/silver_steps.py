from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import Optimizer, hyperparameter

LEVELS = 20  # after 2^20 - 1 steps the schedule begins anew
SILVER = 1 + 2**0.5  # the silver ratio


class SilverStepsState(NamedTuple):
    digits: tuple[Any, ...]  # the number of steps made, in binary, the lowest digit first


class SilverSteps(Optimizer):
    r"""Steepest descent with a fixed fractal pattern of short and long steps.

    .. math:: x_k = x_{k-1} - \eta\, h_k\, g_{k-1}, \qquad h_k = 1 + \varrho^{\,\nu(k) - 1}, \qquad
              \varrho = 1 + \sqrt 2

    with :math:`\nu(k)` how often 2 divides :math:`k` and :math:`\eta` the learning rate: h = √2, 2, √2, 2 + √2, √2,
    2, √2, 5.83, ...

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; a larger one may diverge.

    For a convex function and n = 2^m - 1 steps, f(x_n) - f* <= L R²/(1 + √(4 ϱ^{2m} - 3)), with R the distance of
    the start to a minimum: like n^-1.27, where a constant rate gets n^-1, and without momentum. Between such
    n the value rises and falls: stop at one of them. It needs a true L, and convexity.

    Source: J. Altschuler, P. Parrilo, Mathematical Programming 2024, arXiv 2309.16530, equation (1.2) and
    theorem 1.1.

    >>> import downslope as ds
    >>> from downslope.optimizers import SilverSteps
    >>> rule = SilverSteps(learning_rate=0.125)
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=3)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.646447, 0.323223, 0.208947]
    """

    aliases = ("Silver",)

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)

    def init(self, x: Any) -> SilverStepsState:
        return SilverStepsState(digits=(0.0,) * LEVELS)

    def update(
        self, x: Any, value: Any, gradient: Any, state: SilverStepsState
    ) -> tuple[Any, SilverStepsState, Any]:
        η, g = self.learning_rate, gradient
        digits, carry, h = [], 1.0, 1 + 1 / SILVER
        for level, digit in enumerate(state.digits):  # count one up; ν(k) is how far the carry goes
            digits.append(digit + carry - 2 * digit * carry)
            carry = digit * carry
            h = where(carry > 0.5, 1 + SILVER**level, h)
        return x - η * h * g, SilverStepsState(tuple(digits)), True
