from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, sqrt, where
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer


class OGMState(NamedTuple):
    y0: Any  # where the last gradient step led
    θ: Any  # sets the momentum
    k: Any  # steps made in this round


class OGM(Optimizer):
    r"""The optimized gradient method: the best that gradients can promise in a known number of steps.

    .. math:: y_{k+1} = x_k - \eta\, g_k, \qquad
              x_{k+1} = y_{k+1} + \frac{\theta_k - 1}{\theta_{k+1}} (y_{k+1} - y_k)
                        + \frac{\theta_k}{\theta_{k+1}} (y_{k+1} - x_k)

    .. math:: \theta_{k+1} = \tfrac12\bigl(1 + \sqrt{1 + 4\theta_k^2}\bigr), \quad\text{but}\quad
              \theta_N = \tfrac12\bigl(1 + \sqrt{1 + 8\theta_{N-1}^2}\bigr), \qquad \theta_0 = 1, \quad y_0 = x_0

    with :math:`g` the gradient, :math:`N` the number of steps and :math:`\eta` the learning rate.

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; above that it may diverge.
        steps: N, for how many steps the method is made, 1 to 1,000,000. After them it starts anew from x_N.

    For a convex function f(x_N) - f* <= L R²/(2 θ_N²) < L R²/N², with R the distance of the start to a minimum: half
    of Nesterov's, and no first-order method can promise less. It needs a true L, and convexity;
    on strongly convex functions it rings, and ``NesterovRestart`` is faster.

    Source: D. Kim, J. Fessler, Mathematical Programming 159 (2016) 81-107, arXiv 1406.5468, algorithm OGM2 and
    theorem 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import OGM
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=OGM(learning_rate=0.125, steps=2), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.595492, 0.295899]
    """

    short_name = "ogm"
    aliases = ("OptimizedGradientMethod",)

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)
    steps: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=1_000_000)

    def init(self, x: Any) -> OGMState:
        return OGMState(y0=x, θ=1.0, k=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: OGMState) -> tuple[Any, OGMState, Any]:
        η, g, N = self.learning_rate, gradient, self.steps
        done = state.k > N - 0.5
        y0, θ0, k = where(done, x, state.y0), where(done, 1.0, state.θ), where(done, 0.0, state.k)
        last = both(k > N - 1.5, k < N - 0.5)
        θ = (1 + sqrt(1 + where(last, 8.0, 4.0) * θ0 * θ0)) / 2
        y = x - η * g
        ahead = y + (θ0 - 1) / θ * (y - y0) + θ0 / θ * (y - x)
        return ahead, OGMState(y, θ, k + 1), True
