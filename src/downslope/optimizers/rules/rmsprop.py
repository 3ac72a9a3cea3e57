from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class RMSPropState(NamedTuple):
    s: Any  # running mean of squared gradients


class RMSProp(Optimizer):
    r"""Each coordinate's gradient divided by the root of its recent mean square.

    .. math:: s_{k+1} = \rho s_k + (1 - \rho) g_k^2, \qquad
              x_{k+1} = x_k - \eta\, \frac{g_k}{\sqrt{s_{k+1}} + \varepsilon}

    with :math:`s` the running mean of squared gradients (element by element), :math:`\rho` its decay,
    :math:`\eta` the learning rate and :math:`\varepsilon` a guard against division by zero.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        decay: part of the running mean that is kept, in [0, 1); torch calls it alpha, Keras rho.
        epsilon: >= 0, in units of the gradient; as in torch it stands outside the root (Keras: inside).

    With a constant rate it does not settle: it ends up stepping to and fro by about the learning rate.

    Projection onto bounds is sound: every coordinate of the gradient is scaled by a positive number.

    Source: T. Hinton, *Neural Networks for Machine Learning*, Coursera 2012, lecture 6e, slide 29.

    >>> import downslope as ds
    >>> from downslope.optimizers import RMSProp
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=RMSProp(learning_rate=0.1, decay=0.75), steps=1)
    >>> round(run.x["x"], 6)
    0.8
    """

    short_name = "rmsprop"

    projects = True

    learning_rate: float = hyperparameter(0.01, "about the length of a step in each coordinate", above=0)
    decay: float = hyperparameter(0.99, "part of the running mean that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> RMSPropState:
        return RMSPropState(s=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: RMSPropState) -> tuple[Any, RMSPropState, Any]:
        η, ρ, ε, g = self.learning_rate, self.decay, self.epsilon, gradient
        s = ρ * state.s + (1 - ρ) * g * g
        return x - η * g / (sqrt(s) + ε), RMSPropState(s), True
