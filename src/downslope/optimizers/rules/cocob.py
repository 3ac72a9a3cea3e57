from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import absolute, maximum, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class COCOBState(NamedTuple):
    L: Any  # largest gradient so far
    G: Any  # sum of absolute gradients
    R: Any  # what was won so far
    s: Any  # sum of gradients
    x0: Any  # the start


class COCOB(Optimizer):
    r"""Learning-rate-free: each coordinate bets on its next gradient, and puts more in the more it has won.

    .. math:: L_{k+1} = \max(L_k, |g_k|), \qquad G_{k+1} = G_k + |g_k|, \qquad
              R_{k+1} = \max(R_k - g_k (x_k - x_0), 0), \qquad s_{k+1} = s_k + g_k

    .. math:: x_{k+1} = x_0 - \frac{s_{k+1}}{L_{k+1} \max(G_{k+1} + L_{k+1}, \alpha L_{k+1})}\,
              (L_{k+1} + R_{k+1})

    with :math:`L` the largest gradient, :math:`G, s` the sums of absolute and of signed gradients, and :math:`R` the
    winnings (all element by element).

    Args:
        alpha: α, at least how many of the largest gradients a bet is spread over, > 0, without unit; the first steps
            are 1/α long in every coordinate.
        epsilon: the first L, > 0, in units of the gradient.

    The first steps have the length 1/α whatever the scale of x is, and winnings grow from there geometrically: where x
    is to move by thousands it takes a while, and where by thousandths it overshoots at first. Past the minimum it loses
    what it won before it settles.

    Source: F. Orabona, T. Tommasi, "Training deep networks without learning rates through coin betting",
    NeurIPS 2017, arXiv 1705.07795, algorithm 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import COCOB
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=COCOB(alpha=4.0), steps=3)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.75, 0.480469, 0.198638]
    """

    short_name = "cocob"

    alpha: float = hyperparameter(100.0, "how many of the largest gradients a bet is spread over", above=0)
    epsilon: float = hyperparameter(1e-8, "first guess of the largest gradient", above=0)

    def init(self, x: Any) -> COCOBState:
        zero = zeros_like(x)
        return COCOBState(L=zero + self.epsilon, G=zero, R=zero, s=zero, x0=x)

    def update(self, x: Any, value: Any, gradient: Any, state: COCOBState) -> tuple[Any, COCOBState, Any]:
        g, size, x0 = gradient, absolute(gradient), state.x0
        L = maximum(state.L, size)
        G = state.G + size
        R = maximum(state.R - g * (x - x0), 0.0)
        s = state.s + g
        size = L * maximum(G + L, self.alpha * L)
        return x0 - s / size * (L + R), COCOBState(L, G, R, s, x0), True
