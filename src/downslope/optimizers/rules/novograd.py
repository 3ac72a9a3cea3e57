from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class NovoGradState(NamedTuple):
    m: Any  # sum of scaled gradients that fades
    v: Any  # running mean of squared gradient norms
    k: Any  # 0 before the first gradient, 1 after it


class NovoGrad(Optimizer):
    r"""Momentum of gradients that are each divided by the recent length of the whole gradient.

    .. math:: v_{k+1} = \beta_2 v_k + (1 - \beta_2) \|g_k\|^2, \qquad
              m_{k+1} = \beta_1 m_k + \frac{g_k}{\sqrt{v_{k+1}} + \varepsilon} + \lambda x_k, \qquad
              x_{k+1} = x_k - \eta\, m_{k+1}

    with :math:`v` the running mean of the squared length of the gradient, :math:`v_1 = \|g_0\|^2`, and :math:`m` the
    momentum.

    Args:
        learning_rate: length of a step without momentum, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1); the paper takes 0.98 too.
        epsilon: > 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; part of the momentum.

    The length is that of all parameters together: here a vector is one layer. In the paper each layer has its own, as
    in optax each tensor has; in PyTorch a parameter group for each tensor does that. With a constant rate it never
    settles: the length of a step does not shrink with the gradient. Directions are those of momentum, so badly scaled
    coordinates stay so.

    Source: B. Ginsburg and others, "Stochastic gradient methods with layer-wise adaptive moments for training of deep
    networks", 2019, arXiv 1905.11286, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import NovoGrad
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=NovoGrad(learning_rate=0.1, beta1=0.5), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.9, 0.752809]
    """

    short_name = "novograd"

    learning_rate: float = hyperparameter(0.001, "length of a step without momentum", above=0)
    beta1: float = hyperparameter(0.9, "part of the momentum that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.25, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-6, "guard against division by zero", above=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, part of the momentum", at_least=0)

    def init(self, x: Any) -> NovoGradState:
        return NovoGradState(m=zeros_like(x), v=0.0, k=0.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: NovoGradState
    ) -> tuple[Any, NovoGradState, Any]:
        β2 = self.beta2 * state.k
        v = β2 * state.v + (1 - β2) * dot(gradient, gradient)
        m = self.beta1 * state.m + gradient / (sqrt(v) + self.epsilon) + self.weight_decay * x
        return x - self.learning_rate * m, NovoGradState(m, v, 1.0), True
