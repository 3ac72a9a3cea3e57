from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import floor, sqrt, where
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer


class StrongSilverStepsState(NamedTuple):
    k: Any  # the step within the pattern, from 1


class StrongSilverSteps(Optimizer):
    r"""Steepest descent with the silver steps for functions whose curvature has a known least and largest value.

    .. math:: x_k = x_{k-1} - \eta\, h_k\, g_{k-1}, \qquad
              h_k = \psi(y_{\nu(k) + 1}) \text{ for } k < 2^m, \qquad h_{2^m} = \psi(z_m), \qquad
              \psi(t) = \frac{1 + \kappa t}{1 + t}

    .. math:: z_0 = \frac{1}{\kappa}, \qquad \xi_i = 1 - z_i + \sqrt{1 + (1 - z_i)^2}, \qquad
              y_{i+1} = \frac{z_i}{\xi_i}, \qquad z_{i+1} = z_i\, \xi_i

    with :math:`\nu(k)` how often 2 divides :math:`k`, :math:`\kappa` the condition number and :math:`\eta` the
    learning rate. After :math:`2^m` steps the pattern begins anew.

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; a larger one may diverge.
        condition: κ = L/μ, with μ the least curvature, >= 1; one that is too small may diverge.
        levels: m, 0 to 16, for patterns of 2^m steps. More than log(κ/3)/log(1 + √2) gain no more; at 0 it is gradient
            descent with the rate 2/(L + μ).

    Each pattern leaves at most (1 - z_m)/(1 + z_m) of the distance to the minimum, on every function with such
    curvatures: of the order κ^0.786 steps for a digit, where a constant rate needs κ. Within a pattern it comes and
    goes. It needs true L and μ.

    Source: J. Altschuler, P. Parrilo, "Acceleration by stepsize hedging I", Journal of the ACM 72 (2025), arXiv
    2309.07879, section 3 and theorem 4.1.

    >>> import downslope as ds
    >>> from downslope.optimizers import StrongSilverSteps
    >>> rule = StrongSilverSteps(learning_rate=0.5, condition=4, levels=1)
    >>> run = ds.minimize("x^2 + y^2/4", start={"x": 1.0, "y": 1.0}, optimizer=rule, steps=2)
    >>> run.history.x.round(6).tolist()
    [[1.0, 1.0], [-0.333333, 0.666667], [0.333333, 0.333333]]
    """

    aliases = ("StronglyConvexSilverSteps",)

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)
    condition: float = hyperparameter(100.0, "the largest curvature over the least", at_least=1)
    levels: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "levels", at_least=0, at_most=16)

    def init(self, x: Any) -> StrongSilverStepsState:
        return StrongSilverStepsState(k=1.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: StrongSilverStepsState
    ) -> tuple[Any, StrongSilverStepsState, Any]:
        η, κ, g, k = self.learning_rate, self.condition, gradient, state.k
        z, h = 1 / κ, 1.0
        for level in range(self.levels):
            ξ = 1 - z + sqrt(1 + (1 - z) * (1 - z))
            y, z = z / ξ, z * ξ
            part = k / 2**level
            h = where(part - floor(part) > 0, h, (1 + κ * y) / (1 + y))
        end = k > 2**self.levels - 0.5
        h = where(end, (1 + κ * z) / (1 + z), h)
        return x - η * h * g, StrongSilverStepsState(where(end, 1.0, k + 1)), True
