from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sign, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class LionState(NamedTuple):
    m: Any  # running mean of gradients


class Lion(Optimizer):
    r"""Every coordinate moves by exactly the learning rate, against the sign of its recent gradients.

    .. math:: x_{k+1} = x_k - \eta\, \bigl(\mathrm{sign}(\beta_1 m_k + (1 - \beta_1) g_k) + \lambda x_k\bigr), \qquad
              m_{k+1} = \beta_2 m_k + (1 - \beta_2) g_k

    with :math:`m` the running mean of the gradient and :math:`\lambda` the weight decay.

    Args:
        learning_rate: length of a step in each coordinate, > 0; in units of x.
        beta1: weight of m against the gradient in the step's sign, in [0, 1).
        beta2: part of m that is kept, in [0, 1).
        weight_decay: λ, >= 0, per unit of x; times the rate. optax has 0.001 unless told otherwise.

    With a constant rate it never settles: it ends up stepping to and fro by the rate, or by several where m lags,
    around the best point with every coordinate in [-1/λ, 1/λ].

    Source: X. Chen and others, "Symbolic discovery of optimization algorithms", NeurIPS 2023, arXiv 2302.06675,
    algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import Lion
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Lion(learning_rate=0.25), steps=3)
    >>> run.history["x"].tolist()
    [1.0, 0.75, 0.5, 0.25]
    """

    learning_rate: float = hyperparameter(1e-4, "length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(0.9, "weight of the mean gradient in the step", at_least=0, below=1)
    beta2: float = hyperparameter(0.99, "part of the mean gradient that is kept", at_least=0, below=1)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> LionState:
        return LionState(m=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: LionState) -> tuple[Any, LionState, Any]:
        η, β1, β2, λ, g = self.learning_rate, self.beta1, self.beta2, self.weight_decay, gradient
        direction = sign((1 - β1) * g + β1 * state.m)
        m = (1 - β2) * g + β2 * state.m
        return x - η * (direction + λ * x), LionState(m), True
