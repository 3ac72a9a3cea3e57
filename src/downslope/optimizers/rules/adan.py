from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdanState(NamedTuple):
    m: Any  # running mean of gradients
    d: Any  # running mean of the gradient's changes
    n: Any  # running mean square of gradients looked ahead
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step
    p3: Any  # beta3 to the power of the step
    last: Any  # the last gradient
    k: Any  # 0 before the first gradient, 1 after it


class Adan(Optimizer):
    r"""Adam with Nesterov's look ahead, taken from how the gradient changes.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad
              d_{k+1} = \beta_2 d_k + (1 - \beta_2)(g_k - g_{k-1})

    .. math:: n_{k+1} = \beta_3 n_k + (1 - \beta_3) \bigl(g_k + \beta_2 (g_k - g_{k-1})\bigr)^2

    .. math:: x_{k+1} = \frac{1}{1 + \eta \lambda} \Bigl(x_k - \eta\, \frac{m_{k+1} / (1 - \beta_1^{k+1})
              + \beta_2 d_{k+1} / (1 - \beta_2^{k+1})}{\sqrt{n_{k+1} / (1 - \beta_3^{k+1})} + \varepsilon}\Bigr)

    with :math:`m, d, n` the running means of the gradient, of its change and of the square of what it is expected to be
    next (element by element), and :math:`g_{-1} = g_0`.

    Args:
        learning_rate: about the length of a step in each coordinate, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of d that is kept, and weight of the look ahead, in [0, 1).
        beta3: part of n that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; taken at the next point, so it cannot overshoot.

    The betas are those of the authors' code, the paper's are 1 minus these; the correction of the zero starts is theirs
    too. optax 0.2.8 weighs the look ahead by 1 - β₂ where paper and authors weigh it by β₂. Changes of the gradient are
    noisy where the gradient is, twice over.

    Source: X. Xie and others, "Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models",
    IEEE TPAMI 2024, arXiv 2208.06677, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import Adan
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Adan(learning_rate=0.1), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.9, 0.800773]
    """

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.98, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.92, "part of the mean change that is kept", at_least=0, below=1)
    beta3: float = hyperparameter(0.99, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> AdanState:
        zero = zeros_like(x)
        return AdanState(m=zero, d=zero, n=zero, p1=1.0, p2=1.0, p3=1.0, last=zero, k=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: AdanState) -> tuple[Any, AdanState, Any]:
        η, β1, β2, β3, g = self.learning_rate, self.beta1, self.beta2, self.beta3, gradient
        change = state.k * (g - state.last)
        p1, p2, p3 = state.p1 * β1, state.p2 * β2, state.p3 * β3
        m = β1 * state.m + (1 - β1) * g
        d = β2 * state.d + (1 - β2) * change
        ahead = g + β2 * change
        n = β3 * state.n + (1 - β3) * ahead * ahead
        step = (m / (1 - p1) + β2 * d / (1 - p2)) / (sqrt(n / (1 - p3)) + self.epsilon)
        return (x - η * step) / (1 + η * self.weight_decay), AdanState(m, d, n, p1, p2, p3, g, 1.0), True
