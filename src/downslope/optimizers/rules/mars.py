from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, norm, sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class MARSState(NamedTuple):
    last: Any  # the gradient before
    m: Any  # running mean of corrected gradients
    v: Any  # running mean of their squares
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step


class MARS(Optimizer):
    r"""AdamW on gradients that are corrected by their change since the last step, and cut to length 1.

    .. math:: c_k = g_k + \gamma \frac{\beta_1}{1 - \beta_1} (g_k - g_{k-1}), \qquad
              \tilde c_k = \frac{c_k}{\max(1, \|c_k\|)}, \qquad g_{-1} = 0

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) \tilde c_k, \qquad
              v_{k+1} = \beta_2 v_k + (1 - \beta_2) \tilde c_k^2

    .. math:: x_{k+1} = x_k - \eta \Bigl(\frac{m_{k+1} / (1 - \beta_1^{k+1})}
              {\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon} + \lambda x_k\Bigr)

    with :math:`c` the corrected gradient and :math:`m, v` the running means of it and of its square (element by
    element). The length is that of all parameters together.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        gamma: γ, how much of the change is added, >= 0; at 0 it is AdamW on gradients cut to length 1.
        epsilon: >= 0, in units of the corrected gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; times the rate.

    Made for gradients of mini-batches, whose noise it takes away where the same rows are seen twice. Gradients longer
    than 1 are cut, so it depends on the unit of the objective as long as they are.

    Source: H. Yuan, Y. Liu, S. Wu, X. Zhou, Q. Gu, "MARS: unleashing the power of variance reduction for training
    large models", 2024, arXiv 2411.10438, algorithm 2 in its approximate form (the gradient before is that of the
    last step's rows). The authors' code cuts, and starts, each tensor by itself; here the parameters are one.

    >>> import downslope as ds
    >>> from downslope.optimizers import MARS
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=MARS(learning_rate=0.1), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.9, 0.8]
    """

    short_name = "mars"

    learning_rate: float = hyperparameter(0.003, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.95, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.99, "part of the mean square that is kept", at_least=0, below=1)
    gamma: float = hyperparameter(0.025, "how much of the gradient's change is added", at_least=0)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> MARSState:
        zero = zeros_like(x)
        return MARSState(last=zero, m=zero, v=zero, p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: MARSState) -> tuple[Any, MARSState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        c = g + self.gamma * β1 / (1 - β1) * (g - state.last)
        c = c / maximum(norm(c), 1.0)
        m = β1 * state.m + (1 - β1) * c
        v = β2 * state.v + (1 - β2) * c * c
        step = m / (1 - p1) / (sqrt(v / (1 - p2)) + ε)
        return x - η * (step + self.weight_decay * x), MARSState(g, m, v, p1, p2), True
