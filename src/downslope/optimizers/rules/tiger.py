from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sign, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class TigerState(NamedTuple):
    m: Any  # running mean of gradients


class Tiger(Optimizer):
    r"""Lion with one memory: steps of one length in each coordinate, down the running mean of the gradient.

    .. math:: m_{k+1} = \beta m_k + (1 - \beta) g_k, \qquad
              x_{k+1} = x_k - \eta\, \bigl(\operatorname{sign}(m_{k+1}) + \lambda x_k\bigr)

    with :math:`m` the running mean of the gradient.

    Args:
        learning_rate: length of a step in each coordinate, > 0; in units of x.
        beta: part of m that is kept, in [0, 1).
        weight_decay: λ, >= 0, per unit of x; times the rate. The author has 0.01 unless told otherwise.

    It is Lion with beta1 = beta2, and needs no more memory than momentum. With a constant rate it never settles: it
    ends up stepping to and fro by the rate, or by several where m lags.

    Source: J. Su, "Tiger: a tight-fisted optimizer", 2023, github.com/bojone/tiger, without its accumulation of
    gradients and its rates by the name of a layer.

    >>> import downslope as ds
    >>> from downslope.optimizers import Tiger
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Tiger(learning_rate=0.25), steps=3)
    >>> run.history["x"].tolist()
    [1.0, 0.75, 0.5, 0.25]
    """

    learning_rate: float = hyperparameter(0.001, "length of a step in each coordinate", above=0)
    beta: float = hyperparameter(0.965, "part of the mean gradient that is kept", at_least=0, below=1)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> TigerState:
        return TigerState(m=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: TigerState) -> tuple[Any, TigerState, Any]:
        η, β, λ, g = self.learning_rate, self.beta, self.weight_decay, gradient
        m = β * state.m + (1 - β) * g
        return x - η * (sign(m) + λ * x), TigerState(m), True
