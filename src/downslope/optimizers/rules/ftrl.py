from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, maximum, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class FTRLState(NamedTuple):
    s: Any  # sum of squared gradients
    d: Any  # the slope of the penalties at the point


class FTRL(Optimizer):
    r"""AdaGrad with penalties in its own step, so that coordinates that hardly matter stay exactly zero.

    .. math:: s_{k+1} = s_k + g_k^2, \qquad r = \sqrt{s_{k+1}}, \qquad c = r\, x_k + \eta\, (d_k - g_k)

    .. math:: x_{k+1} = \frac{S_{\eta \lambda_1}(c)}{r + \beta + 2 \eta \lambda_2}, \qquad
              S_a(c) = \operatorname{sign}(c) \max(|c| - a, 0), \qquad
              d_{k+1} = \frac{c - r\, x_{k+1}}{\eta}

    with :math:`s` the sum of squared gradients and :math:`d` the slope of the penalties at :math:`x` (element by
    element). That is the published form, of which z is :math:`r x / \eta - d` with its sign turned, in numbers
    that do not cancel.

    Args:
        learning_rate: η, length of the first step in each coordinate where there are no penalties, > 0; in units of x.
        beta: β, >= 0, in units of the gradient; keeps first steps short, and pulls towards 0 until s is large.
        l1: λ₁, >= 0, in units of the gradient; a coordinate that is 0 stays 0 until its gradients sum to more.
        l2: λ₂, >= 0, in units of the gradient per x; pulls towards 0 like one gradient of λ₂x² at all times.

    Each point is the best for the sum of all gradients so far with the penalty λ₁|x| + λ₂x² once beside it. So the
    penalties count for ever less, and it ends where the objective alone is least: they are for long streams of few
    looks at each coordinate. Without any it is AdaGrad, and like it takes ever shorter steps.

    Source: H. McMahan and others, "Ad click prediction: a view from the trenches", KDD 2013, algorithm 1, started at
    x_0 instead of 0. As ``keras.optimizers.Ftrl`` with ``initial_accumulator_value=0``; where that is above 0, Keras
    pulls the start towards 0 at its first step.

    >>> import downslope as ds
    >>> from downslope.optimizers import FTRL
    >>> rule = FTRL(learning_rate=0.5, l1=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.375, 0.199438]
    """

    short_name = "ftrl"
    aliases = ("FollowTheRegularizedLeader",)

    learning_rate: float = hyperparameter(0.1, "length of the first step without penalties", above=0)
    beta: float = hyperparameter(0.0, "keeps first steps short", at_least=0)
    l1: float = hyperparameter(0.0, "strength of the penalty on |x|, once for all steps", at_least=0)
    l2: float = hyperparameter(0.0, "strength of the penalty on x^2, once for all steps", at_least=0)

    def init(self, x: Any) -> FTRLState:
        return FTRLState(s=zeros_like(x), d=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: FTRLState) -> tuple[Any, FTRLState, Any]:
        η, β, λ1, λ2, g = self.learning_rate, self.beta, self.l1, self.l2, gradient
        s = state.s + g * g
        r = sqrt(s)
        c = r * x + η * (state.d - g)
        cut = maximum(minimum(c, η * λ1), -η * λ1)
        scale, moves = r + β + 2 * η * λ2, η > 0  # a schedule may end with a rate of 0
        moved = where(both(scale > 0, moves), (c - cut) / where(scale > 0, scale, 1.0), x)
        η = where(moves, η, 1.0)
        return moved, FTRLState(s, cut / η + (2 * λ2 + β / η) * moved), True
