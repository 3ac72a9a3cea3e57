from __future__ import annotations

import math
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, dot, either, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdGDState(NamedTuple):
    x0: Any  # the last point
    g0: Any  # its gradient
    λ: Any  # the last step size
    θ: Any  # it divided by the one before
    started: Any  # 0 before the first evaluation, 1 after


class AdGD(Optimizer):
    r"""Steepest descent that measures the curvature on the way: no line search, no learning rate.

    .. math:: \lambda_k = \min\Bigl\{\sqrt{1 + \theta_{k-1}}\,\lambda_{k-1},\;
              \frac{\|x_k - x_{k-1}\|}{2\,\|g_k - g_{k-1}\|}\Bigr\}, \qquad
              \theta_k = \frac{\lambda_k}{\lambda_{k-1}}, \qquad x_{k+1} = x_k - \lambda_k\, g_k

    with :math:`g` the gradient and :math:`\lambda` the step size; the first bound does not hold for :math:`k = 1`.

    Args:
        initial_step: the first step size, > 0. A small one is safe: the second step is already measured.

    Convex functions whose gradient is locally Lipschitz, at the rate 1/k; the value may rise on the way. Where the
    gradient does not change from one point to the next, the step grows by at most √2. Off convexity
    nothing is promised, and it is as slow as steepest descent where the curvatures differ.

    Source: Y. Malitsky, K. Mishchenko, ICML 2020, arXiv 1910.09529, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdGD
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=AdGD(initial_step=0.125), steps=3)
    >>> run.history["x"].tolist()
    [1.0, 0.75, 0.375, 0.1875]
    """

    short_name = "adgd"

    initial_step: float = hyperparameter(1e-10, "the first step size", above=0)

    def init(self, x: Any) -> AdGDState:
        return AdGDState(x0=zeros_like(x), g0=zeros_like(x), λ=self.initial_step, θ=1.0, started=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AdGDState) -> tuple[Any, AdGDState, Any]:
        x0, g0, λ0, θ, started = state
        g = gradient
        s, y = x - x0, g - g0
        length, bend = dot(s, s), dot(y, y)
        measured = sqrt(length / where(bend > 0, bend, 1.0)) / 2
        grown = sqrt(1 + θ) * λ0
        bounded = where(started > 1.5, minimum(grown, measured), measured)  # θ_0 = ∞
        bent = both(length > 0, bend > 0)
        λ = where(bent, bounded, sqrt(1 + minimum(θ, 1.0)) * λ0)
        learnt = either(
            bent, dot(g0, g) > 0
        )  # nothing from a gradient of 0, or where squares over- or underflow
        λ = where(both(both(started > 0.5, learnt), both(λ > 0, λ < math.inf)), λ, λ0)
        θ = where(started > 0.5, λ / λ0, θ)
        return x - λ * g, AdGDState(x, g, λ, θ, minimum(started + 1, 2.0)), True
