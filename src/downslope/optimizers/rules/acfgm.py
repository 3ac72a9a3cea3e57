from __future__ import annotations

import math
from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, dot, either, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.line_search import unit_of

BETA = 1 - 6**0.5 / 3  # as in the source's experiments
ALPHA = 0.1


class ACFGMState(NamedTuple):
    x0: Any  # the last point
    g0: Any  # its gradient
    f0: Any  # its value
    y: Any  # the centre of the next step
    η: Any  # the last step size
    τ0: Any  # the weight of the past, two steps ago
    τ: Any  # and one step ago
    stage: Any  # what is evaluated: 0 the start, 1 the probe, 2 the first step, 3 any other
    unit: Any  # what values and gradients are multiplied by


class ACFGM(Optimizer):
    r"""Accelerated gradients that measure the curvature on the way: no line search, no learning rate.

    .. math:: z = y_k - \eta_{k+1}\, g_k, \qquad y_{k+1} = (1 - \beta)\, y_k + \beta z, \qquad
              x_{k+1} = \frac{z + \tau_{k+1} x_k}{1 + \tau_{k+1}}

    .. math:: \ell_k = \frac{\|g_k - g_{k-1}\|^2}
                            {2\,[f_{k-1} - f_k - \langle g_k, x_{k-1} - x_k\rangle]_+}, \qquad
              \eta_{k+1} = \min\Bigl\{\tfrac43 \eta_k,\; \tfrac{\tau_{k-1} + 1}{\tau_k}\, \eta_k,\;
                           \tfrac{\tau_k}{4 \ell_k}\Bigr\}, \qquad
              \tau_{k+1} = \tau_k + \tfrac{\alpha}{2} + \tfrac{2 (1 - \alpha)\, \eta_{k+1} \ell_k}{\tau_k}

    with :math:`\beta = 1 - \sqrt6/3, \alpha = 0.1`. It begins with :math:`y_1 = y_0 = x_0`,
    :math:`x_1 = x_0 - \eta_1 g_0, \tau_1 = 0`, :math:`\eta_2 = \min\{(1 - \beta)\,\eta_1, 1/(4\ell_1)\}, \tau_2 = 1`.

    Args:
        probe: how far from the start a first point is tried, > 0, relative to 1 + ‖x‖. It measures a curvature L_0 and
            is rejected; the first step size is η_1 = 1/(2.5 L_0).

    Convex functions with Lipschitz gradient, at the optimal rate 1/k²; the value may rise on the way. Where
    the measured curvature jumps up, it goes slowly for a while. Off convexity nothing is promised.

    Source: T. Li, G. Lan, "A simple uniformly optimal method without line search for convex optimization",
    Mathematical Programming 2025, arXiv 2310.10082, algorithm 1 with corollary 3.

    >>> import downslope as ds
    >>> from downslope.optimizers import ACFGM
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=ACFGM(probe=0.5), steps=2)
    >>> run.history["x"].round(6).tolist(), run.nfev
    ([1.0, 0.6, 0.725], 4)
    """

    short_name = "acfgm"
    aliases = ("AC-FGM",)

    probe: float = hyperparameter(1e-6, "how far from the start the curvature is probed", above=0)

    def init(self, x: Any) -> ACFGMState:
        zero = zeros_like(x)
        return ACFGMState(x0=zero, g0=zero, f0=0.0, y=x, η=0.0, τ0=0.0, τ=0.0, stage=0.0, unit=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: ACFGMState) -> tuple[Any, ACFGMState, Any]:
        start, begin = state.stage < 0.5, unit_of(value, gradient)
        unit = where(start, begin, state.unit)
        f = where(start, begin * value, state.unit * value)
        g = where(start, begin * gradient, state.unit * gradient)
        point, after = self._step(x, f, g, state)
        tried, before = self._probe(x, f, g, state)
        probe = state.stage < 1.5
        fields = (where(probe, a, b) for a, b in zip(before, after, strict=True))
        after = ACFGMState(*fields)._replace(unit=unit)
        return where(probe, tried, point), after, either(start, state.stage > 1.5)

    def _probe(self, x: Any, f: Any, g: Any, state: ACFGMState) -> tuple[Any, ACFGMState]:
        """Before x_1: from the start to the probe, and from the probe to x_1; a bad probe is shortened."""
        start = state.stage < 0.5
        s, y = x - state.x0, g - state.g0
        bend, length = dot(y, y), dot(s, s)
        x0, g0, f0 = where(start, x, state.x0), where(start, g, state.g0), where(start, f, state.f0)
        square = dot(g0, g0)
        near = self.probe * (1 + sqrt(dot(x0, x0))) / sqrt(where(square > 0, square, 1.0))
        curved, fine = both(bend > 0, bend < math.inf), bend < math.inf  # both are False for NaN
        L0 = sqrt(where(curved, bend, 1.0) / where(length > 0, length, 1.0))
        η = where(start, near, where(curved, 1 / (2.5 * L0), where(fine, state.η, 0.1 * state.η)))
        stage = where(start, 1.0, where(fine, 2.0, 1.0))
        return x0 - η * g0, ACFGMState(x0, g0, f0, x0, η, 0.0, 0.0, stage, state.unit)

    def _step(self, x: Any, f: Any, g: Any, state: ACFGMState) -> tuple[Any, ACFGMState]:
        """From x_k to x_{k+1}."""
        first = state.stage < 2.5  # k = 1
        α, β = ALPHA, BETA
        x0, g0, f0, y, η0, τ0, τ, _, _ = state
        bend, below = dot(g - g0, g - g0), 2 * (f0 - f + dot(g, x - x0))
        curved = both(bend > 0, below > 0)
        L = where(curved, bend / where(curved, below, 1.0), 0.0)
        weight = where(first, 1.0, τ)
        η = where(first, (1 - β) * η0, minimum(4 / 3 * η0, (τ0 + 1) / weight * η0))
        η = where(curved, minimum(η, weight / (4 * where(curved, L, 1.0))), η)
        grown = where(first, 1.0, τ + α / 2 + 2 * (1 - α) * η * L / weight)
        z = y - η * g
        after = ACFGMState(x, g, f, (1 - β) * y + β * z, η, τ, grown, 3.0, state.unit)
        return (z + grown * x) / (1 + grown), after
