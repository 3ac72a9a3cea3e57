from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class NAdamState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    q: Any  # 0.96 to the power of psi times the step to come
    mu: Any  # the momentum of the step to come
    p1: Any  # product of the momenta so far
    p2: Any  # beta2 to the power of the step


class NAdam(Optimizer):
    r"""Adam with Nesterov's look ahead, its momentum warmed up from half to all of its size.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2,
              \qquad \mu_t = \beta_1 (1 - \tfrac12\, 0.96^{\psi t})

    .. math:: x_{k+1} = x_k - \eta\, \frac{\dfrac{\mu_{k+2}\, m_{k+1}}{1 - \mu_1 \cdots \mu_{k+2}} +
              \dfrac{(1 - \mu_{k+1})\, g_k}{1 - \mu_1 \cdots \mu_{k+1}}}
              {\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    with :math:`m, v` the running means of the gradient and of its square (element by element), :math:`\mu_t` the
    momentum of step t = 1, 2, ... and :math:`\psi` the speed of its warm-up.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        momentum_decay: ψ, >= 0; 0.004 in the paper and torch, 1 in Keras; optax has no warm-up, which is ψ = ∞.

    The paper multiplies the corrected v by β₂ once more; none of the libraries does, nor does this. It fails where
    Adam fails.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import NAdam
    >>> rule = NAdam(learning_rate=0.1, beta1=0.5, beta2=0.75, momentum_decay=0)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.886667, 0.792163]
    """

    aliases = ("Nadam",)

    projects = True

    learning_rate: float = hyperparameter(0.002, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    momentum_decay: float = hyperparameter(0.004, "speed of the momentum's warm-up", at_least=0)

    def init(self, x: Any) -> NAdamState:
        q = 0.96**self.momentum_decay
        return NAdamState(zeros_like(x), zeros_like(x), q, self.beta1 * (1 - 0.5 * q), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: NAdamState) -> tuple[Any, NAdamState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        q = state.q * 0.96**self.momentum_decay
        μ, μ_next = state.mu, β1 * (1 - 0.5 * q)
        p1, p2 = state.p1 * μ, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        ahead = μ_next / (1 - p1 * μ_next) * m + (1 - μ) / (1 - p1) * g
        return x - η * ahead / (sqrt(v / (1 - p2)) + ε), NAdamState(m, v, q, μ_next, p1, p2), True
