from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum
from downslope.optimizers.base import Optimizer, hyperparameter


class ASGDState(NamedTuple):
    a: Any  # average of the points
    t: Any  # steps so far


class ASGD(Optimizer):
    r"""Gradient descent with a rate that falls, which reports the average of its points.

    .. math:: x_{k+1} = x_k - \eta_k\, (g_k + \lambda x_k), \qquad
              \eta_k = \frac{\eta}{(1 + \lambda \eta k)^\alpha}, \qquad
              a_{k+1} = a_k + \frac{x_{k+1} - a_k}{\max(1, k - k_0)}

    with :math:`a` the average of the points from step :math:`k_0 + 1` on, which is the answer; the history shows
    :math:`x`, where the objective was evaluated.

    Args:
        learning_rate: η, step per unit of gradient in the beginning, > 0.
        weight_decay: λ, >= 0, per unit of x; times the rate. It also says how soon the rate falls: at 0 it is constant.
        power: α, how the rate falls, >= 0.
        begin: k_0, after how many steps the average begins, >= 0. Until then it is the newest point.

    Averages take the noise out of mini-batches, and let rates be large. Without noise they lag behind: the average
    comes in like 1/k where the points come in geometrically, so give ``begin`` the steps that are on the way.

    Source: B. Polyak, A. Juditsky, SIAM Journal on Control and Optimization 30 (1992) 838-855, equation (3), with the
    rate of L. Bottou, COMPSTAT 2010, section 5. As ``torch.optim.ASGD``, which has λ = 0.0001, and begins to average
    after a million steps.

    >>> import downslope as ds
    >>> from downslope.optimizers import ASGD
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=ASGD(learning_rate=0.25), steps=3)
    >>> run.history["x"].tolist(), run.x["x"]
    ([1.0, 0.5, 0.25, 0.125], 0.1875)
    """

    short_name = "asgd"
    aliases = ("PolyakAverage",)

    learning_rate: float = hyperparameter(0.01, "step per unit of gradient in the beginning", above=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, and how soon the rate falls", at_least=0)
    power: float = hyperparameter(0.75, "how the rate falls", at_least=0)
    begin: float = hyperparameter(0.0, "steps before the average", at_least=0)

    def init(self, x: Any) -> ASGDState:
        return ASGDState(a=x, t=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: ASGDState) -> tuple[Any, ASGDState, Any]:
        η, λ, a, t = self.learning_rate, self.weight_decay, state.a, state.t
        η = η / (1 + λ * η * t) ** self.power
        next_x = x - η * (gradient + λ * x)
        return next_x, ASGDState(a + (next_x - a) / maximum(t - self.begin, 1.0), t + 1), True

    def answer(self, x: Any, state: ASGDState) -> Any:
        """The average of the points."""
        return state.a
