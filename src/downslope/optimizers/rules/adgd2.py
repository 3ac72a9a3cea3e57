from __future__ import annotations

import math
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, dot, either, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdGD2State(NamedTuple):
    x0: Any  # the last point
    g0: Any  # its gradient
    α: Any  # the last step size
    θ: Any  # it divided by the one before
    started: Any  # 0 before the first evaluation, 1 after


class AdGD2(Optimizer):
    r"""AdGD with longer steps, from a tighter proof.

    .. math:: \alpha_k = \min\Bigl\{\sqrt{\tfrac23 + \theta_{k-1}}\,\alpha_{k-1},\;
              \frac{\alpha_{k-1}}{\sqrt{[2\alpha_{k-1}^2 \ell_k^2 - 1]_+}}\Bigr\}, \qquad
              \ell_k = \frac{\|g_k - g_{k-1}\|}{\|x_k - x_{k-1}\|}

    .. math:: \theta_k = \frac{\alpha_k}{\alpha_{k-1}}, \qquad x_{k+1} = x_k - \alpha_k\, g_k, \qquad
              \theta_0 = \tfrac13

    with :math:`\ell` the curvature met on the last step and :math:`[\cdot]_+` the positive part; where that is 0,
    the second bound does not hold.

    Args:
        initial_step: the first step size, > 0; at its best between 1/(√2 L) and 2/L, with L the curvature at
            the start. One too short grows by up to 1.46 a step.

    Convex functions whose gradient is locally Lipschitz, at the rate 1/k; the value may rise on the way. Off
    convexity nothing is promised.

    Source: Y. Malitsky, K. Mishchenko, NeurIPS 2024, arXiv 2308.02261, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdGD2
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=AdGD2(initial_step=0.25), steps=3)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.5, 0.25, 0.088626]
    """

    short_name = "adgd2"

    initial_step: float = hyperparameter(1e-6, "the first step size", above=0)

    def init(self, x: Any) -> AdGD2State:
        return AdGD2State(x0=zeros_like(x), g0=zeros_like(x), α=self.initial_step, θ=1 / 3, started=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AdGD2State) -> tuple[Any, AdGD2State, Any]:
        x0, g0, α0, θ0, started = state
        g = gradient
        s, y = x - x0, g - g0
        length = dot(s, s)
        bracket = 2 * α0 * α0 * dot(y, y) / where(length > 0, length, 1.0) - 1
        grown = sqrt(2 / 3 + θ0) * α0
        bent = both(length > 0, bracket > 0)
        bounded = where(bent, minimum(grown, α0 / sqrt(where(bent, bracket, 1.0))), grown)
        learnt = either(
            bent, dot(g0, g) > 0
        )  # nothing from a gradient of 0, or where squares over- or underflow
        α = where(both(both(started > 0.5, learnt), both(bounded > 0, bounded < math.inf)), bounded, α0)
        θ = where(started > 0.5, α / α0, θ0)
        return x - α * g, AdGD2State(x, g, α, θ, 1.0), True
