from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class ADOPTState(NamedTuple):
    m: Any  # running mean of scaled gradients
    v: Any  # running mean of squared gradients, before this one
    t: Any  # gradients so far


class ADOPT(Optimizer):
    r"""Adam that scales each gradient by those before it, and so converges whatever beta2 is.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1)\, \mathrm{clip}\Bigl(\frac{g_k}{\max(\sqrt{v_k}, \varepsilon)},
              k^{1/4}\Bigr), \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2

    .. math:: x_{k+1} = x_k - \eta\, m_{k+1}

    with :math:`v` the running mean of the squared gradient, :math:`v_1 = g_0^2`, :math:`m` that of the gradient over
    its root, and :math:`\mathrm{clip}(a, c)` the nearest number in [-c, c] (all element by element). The first gradient
    only measures: :math:`x_1 = x_0`.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: > 0, in units of the gradient; the least that is divided by.

    With the default beta2 it remembers 10,000 gradients, so after a steep start it is slow for as long. Where
    gradients grow from one step to the next, only the clipping holds it: with a beta2 of 0.99 it arrives, forgets how
    steep it was, and is kicked away by up to k^(1/4) rates, over and over.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: S. Taniguchi and others, "ADOPT: modified Adam can converge with any β₂ with the optimal rate",
    NeurIPS 2024, arXiv 2411.02853, algorithm 2, with clipping at k^(1/4).

    >>> import downslope as ds
    >>> from downslope.optimizers import ADOPT
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=ADOPT(learning_rate=0.1, beta1=0.5), steps=3)
    >>> run.history["x"].round(6).tolist()
    [1.0, 1.0, 0.95, 0.8775]
    """

    short_name = "adopt"
    projects = True

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.9999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-6, "the least that is divided by", above=0)

    def init(self, x: Any) -> ADOPTState:
        return ADOPTState(m=zeros_like(x), v=zeros_like(x), t=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: ADOPTState) -> tuple[Any, ADOPTState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        c = sqrt(sqrt(state.t))  # 0 at first, when there is nothing yet to scale by
        scaled = maximum(minimum(g / maximum(sqrt(state.v), ε), c), -c)
        m = β1 * state.m + (1 - β1) * scaled
        v = where(state.t > 0, β2 * state.v + (1 - β2) * g * g, g * g)
        return x - η * m, ADOPTState(m, v, state.t + 1), True
