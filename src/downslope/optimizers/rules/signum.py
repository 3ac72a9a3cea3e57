from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sign, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class SignumState(NamedTuple):
    m: Any  # running mean of gradients


class Signum(Optimizer):
    r"""Every coordinate moves by exactly the learning rate, against the sign of the mean of its recent gradients.

    .. math:: m_{k+1} = \beta m_k + (1 - \beta) g_k, \qquad x_{k+1} = x_k - \eta\, \mathrm{sign}(m_{k+1})

    with :math:`m` the running mean of the gradient.

    Args:
        learning_rate: length of a step in each coordinate, > 0; in units of x.
        beta: part of m that is kept, in [0, 1).

    With a constant rate it never settles: it steps to and fro across the minimum, by several rates as m lags. Gradients
    of any size count alike, and so does their noise. With ``beta=0`` it is ``SignDescent``.

    Projection onto bounds is sound: coordinates move independently, and m comes to point as g does.

    Source: J. Bernstein and others, "signSGD: compressed optimisation for non-convex problems", ICML 2018,
    arXiv 1802.04434, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import Signum
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Signum(learning_rate=0.25), steps=3)
    >>> run.history["x"].tolist()
    [1.0, 0.75, 0.5, 0.25]
    """

    projects = True

    learning_rate: float = hyperparameter(0.001, "length of a step in each coordinate", above=0)
    beta: float = hyperparameter(0.9, "part of the mean gradient that is kept", at_least=0, below=1)

    def init(self, x: Any) -> SignumState:
        return SignumState(m=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: SignumState) -> tuple[Any, SignumState, Any]:
        β = self.beta
        m = β * state.m + (1 - β) * gradient
        return x - self.learning_rate * sign(m), SignumState(m), True
