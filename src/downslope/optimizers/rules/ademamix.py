from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import log, minimum, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdEMAMixState(NamedTuple):
    m: Any  # running mean of recent gradients
    s: Any  # running mean of old and recent gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step
    t: Any  # steps so far


class AdEMAMix(Optimizer):
    r"""Adam with a second, very long memory of gradients beside the short one.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad s_{k+1} = b\, s_k + (1 - b) g_k, \qquad
              v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2

    .. math:: x_{k+1} = x_k - \eta\, \Bigl(\frac{m_{k+1} / (1 - \beta_1^{k+1}) + a\, s_{k+1}}
              {\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon} + \lambda x_k\Bigr)

    .. math:: \tau = \min\Bigl(\frac{k + 1}{T}, 1\Bigr), \qquad a = \tau \alpha, \qquad
              \ln b = \frac{\ln \beta_1 \ln \beta_3}{(1 - \tau) \ln \beta_3 + \tau \ln \beta_1}

    with :math:`m, s` the short and the long running mean of the gradient and :math:`v` that of its square (element by
    element), and T the warm-up. The zero start of s is not corrected: it fills slowly.

    Args:
        learning_rate: about the length of a step in each coordinate while s is empty, > 0; in units of x.
        beta1: part of m that is kept, in (0, 1).
        beta2: part of v that is kept, in [0, 1).
        beta3: part of s that is kept after the warm-up, in (0, 1), more than beta1.
        alpha: α, weight of s after the warm-up, >= 0.
        warmup: T, steps in which a and b grow to α and β₃, >= 1; with 1 they begin there. The paper takes as many as
            the whole run.
        epsilon: >= 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; times the rate.

    A memory of 1/(1 - β₃) steps swings far past the minimum of a smooth bowl and is slow to turn: in short runs, and
    without noise, Adam arrives sooner. With ``alpha=0`` it is Adam.

    Source: M. Pagliardini, P. Ablin, D. Grangier, "The AdEMAMix optimizer: better, faster, older", ICLR 2025,
    arXiv 2409.03137, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdEMAMix
    >>> rule = AdEMAMix(learning_rate=0.1, beta3=0.99)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.895, 0.785509]
    """

    short_name = "ademamix"

    learning_rate: float = hyperparameter(0.001, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "part of the short mean gradient that is kept", above=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    beta3: float = hyperparameter(0.9999, "part of the long mean gradient that is kept", above=0, below=1)
    alpha: float = hyperparameter(5.0, "weight of the long mean gradient", at_least=0)
    warmup: float = hyperparameter(1.0, "steps in which the long memory grows", at_least=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> AdEMAMixState:
        zero = zeros_like(x)
        return AdEMAMixState(m=zero, s=zero, v=zero, p1=1.0, p2=1.0, t=0.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: AdEMAMixState
    ) -> tuple[Any, AdEMAMixState, Any]:
        β1, β2, β3, ε, g = self.beta1, self.beta2, self.beta3, self.epsilon, gradient
        p1, p2, t = state.p1 * β1, state.p2 * β2, state.t + 1
        τ = minimum(t / self.warmup, 1.0)
        b = where(τ < 1, β1 ** (log(β3) / ((1 - τ) * log(β3) + τ * log(β1))), β3)
        m = β1 * state.m + (1 - β1) * g
        s = b * state.s + (1 - b) * g
        v = β2 * state.v + (1 - β2) * g * g
        mean = m / (1 - p1) + τ * self.alpha * s
        step = mean / (sqrt(v / (1 - p2)) + ε) + self.weight_decay * x
        return x - self.learning_rate * step, AdEMAMixState(m, s, v, p1, p2, t), True
