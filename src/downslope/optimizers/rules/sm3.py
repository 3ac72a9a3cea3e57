from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class SM3State(NamedTuple):
    s: Any  # sum of squared gradients
    m: Any  # running mean of scaled gradients


class SM3(Optimizer):
    r"""AdaGrad with a running mean of its steps, which for matrices keeps less than a number for each entry.

    .. math:: s_{k+1} = s_k + g_k^2, \qquad
              m_{k+1} = \mu m_k + (1 - \mu) \frac{g_k}{\sqrt{s_{k+1} + \varepsilon}}, \qquad
              x_{k+1} = x_k - \eta\, m_{k+1}

    with :math:`s` the sum of squared gradients and :math:`m` the running mean of the scaled ones (element by element).

    Args:
        learning_rate: length of the first step in each coordinate where μ = 0, > 0; in units of x.
        momentum: μ, part of m that is kept, in [0, 1); at 0 it is AdaGrad.
        epsilon: >= 0, in units of the gradient squared; inside the root.

    The method keeps one number for each set of a cover, not for each coordinate. Here the parameters are a vector, as
    a layer's biases are for its authors: each coordinate is a set of its own. So tensors of a framework save no memory
    here, and matrices go another way than in optax, whose sets are rows and columns. As in AdaGrad, steps
    become ever shorter, and a steep start slows it for good.

    Source: R. Anil, V. Gupta, T. Koren, Y. Singer, "Memory-efficient adaptive optimization", NeurIPS 2019, arXiv
    1901.11150, algorithm SM3-II with momentum as in section 5.

    >>> import downslope as ds
    >>> from downslope.optimizers import SM3
    >>> rule = SM3(learning_rate=0.5, momentum=0.5, epsilon=0)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.75, 0.475]
    """

    short_name = "sm3"

    projects = True

    learning_rate: float = hyperparameter(0.1, "length of the first step without momentum", above=0)
    momentum: float = hyperparameter(0.9, "part of the mean that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-30, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> SM3State:
        return SM3State(s=zeros_like(x), m=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: SM3State) -> tuple[Any, SM3State, Any]:
        η, μ, g = self.learning_rate, self.momentum, gradient
        s = state.s + g * g
        root = sqrt(s + self.epsilon)
        scaled = g / where(root > 0, root, 1.0)
        m = μ * state.m + (1 - μ) * scaled
        return x - η * m, SM3State(s, m), True
