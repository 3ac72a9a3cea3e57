from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, norm, sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class LAMBState(NamedTuple):
    m: Any  # running mean of gradients
    v: Any  # running mean of squared gradients
    p1: Any  # beta1 to the power of the step, to correct m's zero start
    p2: Any  # beta2 to the power of the step


class LAMB(Optimizer):
    r"""Adam's direction, with a step as long as the rate times the length of the parameters.

    .. math:: m_{k+1} = \beta_1 m_k + (1 - \beta_1) g_k, \qquad v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2, \qquad
              r_k = \frac{m_{k+1} / (1 - \beta_1^{k+1})}{\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}
              + \lambda x_k

    .. math:: x_{k+1} = x_k - \eta\, \frac{\|x_k\|}{\|r_k\|}\, r_k

    with :math:`m, v` the running means of the gradient and of its square (element by element). Where one of the two
    lengths is 0, their ratio counts as 1.

    Args:
        learning_rate: length of a step relative to that of x, > 0; without unit.
        beta1: part of m that is kept, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; part of the direction.

    The lengths are those of all parameters together: here a vector is one layer. In the paper each layer has its own,
    as in optax and Keras each tensor has; in PyTorch a parameter group for each tensor does that. With a constant rate
    it never settles but at x = 0: every step is η‖x‖ long.

    Source: Y. You and others, "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020,
    arXiv 1904.00962, algorithm 2 with φ(z) = z.

    >>> import downslope as ds
    >>> from downslope.optimizers import LAMB
    >>> run = ds.minimize("(x - 3)^2", start={"x": 1.0}, optimizer=LAMB(learning_rate=0.5), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 1.5, 2.25]
    """

    short_name = "lamb"

    learning_rate: float = hyperparameter(0.01, "length of a step, over that of x", above=0)
    beta1: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-6, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, part of the direction", at_least=0)

    def init(self, x: Any) -> LAMBState:
        return LAMBState(m=zeros_like(x), v=zeros_like(x), p1=1.0, p2=1.0)

    def update(self, x: Any, value: Any, gradient: Any, state: LAMBState) -> tuple[Any, LAMBState, Any]:
        β1, β2, ε, g = self.beta1, self.beta2, self.epsilon, gradient
        p1, p2 = state.p1 * β1, state.p2 * β2
        m = β1 * state.m + (1 - β1) * g
        v = β2 * state.v + (1 - β2) * g * g
        r = m / (1 - p1) / (sqrt(v / (1 - p2)) + ε) + self.weight_decay * x
        ours, theirs = norm(x), norm(r)
        ratio = where(both(ours > 0, theirs > 0), ours / where(theirs > 0, theirs, 1.0), 1.0)
        return x - self.learning_rate * ratio * r, LAMBState(m, v, p1, p2), True
