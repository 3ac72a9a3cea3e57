from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdaDeltaState(NamedTuple):
    s: Any  # running mean of squared gradients
    u: Any  # running mean of squared steps


class AdaDelta(Optimizer):
    r"""Each coordinate's step is as long as its recent steps were, per unit of its recent gradients.

    .. math:: s_{k+1} = \rho s_k + (1 - \rho) g_k^2, \qquad
              d_k = \frac{\sqrt{u_k + \varepsilon}}{\sqrt{s_{k+1} + \varepsilon}}\, g_k

    .. math:: u_{k+1} = \rho u_k + (1 - \rho) d_k^2, \qquad x_{k+1} = x_k - \eta\, d_k

    with :math:`s, u` the running means of squared gradients and squared steps (element by element),
    :math:`\rho` their decay and :math:`d` the step.

    Args:
        learning_rate: factor of the step, > 0, without unit; the paper has none, that is 1.
        decay: part of both running means that is kept, in [0, 1).
        epsilon: > 0; inside both roots, as in the paper, torch and Keras. It sets the length of the first steps,
            about the root of it, since u starts at 0.

    It needs hundreds of steps to grow from that first length, and a rescaled objective changes them only through ε.

    Source: M. Zeiler, arXiv 1212.5701 (2012), algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdaDelta
    >>> rule = AdaDelta(decay=0.75, epsilon=1e-4)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.980001, 0.958808]
    """

    short_name = "adadelta"
    aliases = ("Adadelta",)

    learning_rate: float = hyperparameter(1.0, "factor of the step", above=0)
    decay: float = hyperparameter(0.9, "part of the running means that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-6, "guard that sets the length of the first steps", above=0)

    def init(self, x: Any) -> AdaDeltaState:
        return AdaDeltaState(s=zeros_like(x), u=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: AdaDeltaState
    ) -> tuple[Any, AdaDeltaState, Any]:
        η, ρ, ε, g = self.learning_rate, self.decay, self.epsilon, gradient
        s = ρ * state.s + (1 - ρ) * g * g
        d = sqrt(state.u + ε) / sqrt(s + ε) * g
        u = ρ * state.u + (1 - ρ) * d * d
        return x - η * d, AdaDeltaState(s, u), True
