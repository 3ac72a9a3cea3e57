from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class ACPropState(NamedTuple):
    m: Any  # running mean of gradients
    s: Any  # running mean square of the gradients' distance from it, before this one
    p2: Any  # beta2 to the power of the gradients so far
    k: Any  # 0 before the first gradient, 1 after it


class ACProp(Optimizer):
    r"""Steps along the gradient itself, over how far the gradients before it were from what was expected.

    .. math:: x_{k+1} = x_k - \eta\, \frac{g_k}{\sqrt{s_k / (1 - \beta_2^k)} + \varepsilon}

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad
              s_{k+1} = \beta_2 s_k + (1 - \beta_2) (g_k - m_{k+1})^2 + \varepsilon

    with :math:`m` the running mean of the gradient and :math:`s` that of its squared distance from :math:`m`
    (element by element). For the first gradient there is no s, and it counts as 1.

    Args:
        learning_rate: length of a step in each coordinate per unit of g/√s, > 0; in units of x. The first step is η
            times the gradient.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of s that is kept, in [0, 1).
        epsilon: > 0; added to s at every step, where it accumulates, and to its root (optax has two names for the two).

    No momentum: m only centres s. The first step has the length of a gradient, and can throw it far where that is
    steep; where the gradient is nearly constant s goes to 0 and the steps become longer than the rate by far. optax
    measures the distance from the mean before the gradient, which is 1/β₁ times as far.

    Projection onto bounds is sound: coordinates are scaled by positive numbers.

    Source: J. Zhuang and others, "Momentum centering and asynchronous update for adaptive gradient methods",
    NeurIPS 2021, arXiv 2110.05454, algorithm 2; the correction of the zero start is optax's.

    >>> import downslope as ds
    >>> from downslope.optimizers import ACProp
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=ACProp(learning_rate=0.1), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.8, 0.711111]
    """

    short_name = "acprop"
    projects = True

    learning_rate: float = hyperparameter(0.001, "step per unit of gradient over deviation", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-16, "guard against division by zero", above=0)

    def init(self, x: Any) -> ACPropState:
        return ACPropState(m=zeros_like(x), s=zeros_like(x), p2=1.0, k=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: ACPropState) -> tuple[Any, ACPropState, Any]:
        β1, β2, ε, g = self.beta1, self.beta2, self.epsilon, gradient
        first = 1 - state.k  # what stands for s where there is none
        step = g / (sqrt(state.s / (1 - state.p2 + first) + first) + ε)
        m = β1 * state.m + (1 - β1) * g
        s = β2 * state.s + (1 - β2) * (g - m) * (g - m) + ε
        return x - self.learning_rate * step, ACPropState(m, s, state.p2 * β2, 1.0), True
