from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdaGradState(NamedTuple):
    s: Any  # sum of squared gradients


class AdaGrad(Optimizer):
    r"""Each coordinate's rate shrinks with the squared gradients it has seen.

    .. math:: s_{k+1} = s_k + g_k^2, \qquad x_{k+1} = x_k - \eta\, \frac{g_k}{\sqrt{s_{k+1}} + \varepsilon}

    with :math:`s` the sum of squared gradients (element by element), :math:`\eta` the learning rate and
    :math:`\varepsilon` a guard against division by zero.

    Args:
        learning_rate: length of the first step in each coordinate, > 0; in units of x.
        epsilon: >= 0, in units of the gradient; as in torch it stands outside the root.

    Its steps shrink like 1/√k, so it slows down on long runs.

    Projection onto bounds is sound: every coordinate of the gradient is scaled by a positive number.

    Source: J. Duchi, E. Hazan, Y. Singer, JMLR 12 (2011) 2121-2159, equation (1), diagonal case.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdaGrad
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=AdaGrad(learning_rate=0.5), steps=1)
    >>> round(run.x["x"], 9)
    0.5
    """

    short_name = "adagrad"

    projects = True

    learning_rate: float = hyperparameter(0.01, "length of the first step in each coordinate", above=0)
    epsilon: float = hyperparameter(1e-10, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> AdaGradState:
        return AdaGradState(s=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: AdaGradState) -> tuple[Any, AdaGradState, Any]:
        η, ε, g = self.learning_rate, self.epsilon, gradient
        s = state.s + g * g
        return x - η * g / (sqrt(s) + ε), AdaGradState(s), True
