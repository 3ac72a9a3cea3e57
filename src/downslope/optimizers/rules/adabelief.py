from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class AdaBeliefState(NamedTuple):
    m: Any  # running mean of gradients
    s: Any  # running mean square of the gradients' distance from it
    p1: Any  # beta1 to the power of the step
    p2: Any  # beta2 to the power of the step


class AdaBelief(Optimizer):
    r"""Adam that steps far where the gradient is as it was expected, and warily where it is not.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad
              s_{k+1} = \beta_2 s_k + (1 - \beta_2) (g_k - m_{k+1})^2 + \varepsilon

    .. math:: x_{k+1} = x_k - \eta\, \frac{m_{k+1} / (1 - \beta_1^{k+1})}
              {\sqrt{s_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}

    with :math:`m` the running mean of the gradient and :math:`s` that of its squared distance from :math:`m`
    (element by element).

    Args:
        learning_rate: length of a step in each coordinate per unit of m/√s, > 0; in units of x.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of s that is kept, in [0, 1).
        epsilon: >= 0; added to s at every step, where it accumulates, and to its root, as in the paper (optax has
            two names for the two).

    Where the gradient is nearly constant s goes to 0 and the steps become longer than the rate by far.

    Projection onto bounds is sound: coordinates are scaled by positive numbers, and m comes to point as g does.

    Source: J. Zhuang and others, "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients",
    NeurIPS 2020, arXiv 2010.07468, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import AdaBelief
    >>> rule = AdaBelief(learning_rate=0.1, beta1=0.5, beta2=0.75)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.8, 0.549815]
    """

    short_name = "adabelief"

    projects = True

    learning_rate: float = hyperparameter(0.001, "step per unit of mean over deviation", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-16, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> AdaBeliefState:
        return AdaBeliefState(m=zeros_like(x), s=zeros_like(x), p1=1.0, p2=1.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: AdaBeliefState
    ) -> tuple[Any, AdaBeliefState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        s = β2 * state.s + (1 - β2) * (g - m) * (g - m) + ε
        return x - η / (1 - p1) * m / (sqrt(s / (1 - p2)) + ε), AdaBeliefState(m, s, p1, p2), True
