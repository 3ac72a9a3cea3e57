from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, norm, sqrt
from downslope.optimizers.base import Optimizer, hyperparameter


class DoWGState(NamedTuple):
    x0: Any  # the start
    r: Any  # the longest distance from it so far
    v: Any  # sum of squared gradient norms, each times the squared distance of then


class DoWG(Optimizer):
    r"""Distance over weighted gradients: DoG in which gradients from farther out, where it is now, count for more.

    .. math:: r_k = \max(r_{k-1}, \|x_k - x_0\|), \qquad v_{k+1} = v_k + r_k^2 \|g_k\|^2, \qquad
              x_{k+1} = x_k - \frac{r_k^2}{\sqrt{v_{k+1}} + \varepsilon}\, g_k

    with :math:`r_{-1}` the first guess of the distance.

    Args:
        initial_distance: the first r, > 0; in units of x, so small that the first step cannot harm.
        epsilon: >= 0, in units of the value; outside the root.

    It needs no learning rate, but tens of steps to grow one from the first guess. No step is longer than the distance
    so far. Its rate comes near the largest that is stable and may pass it, so in a bent valley it bounces. The paper's
    bounds are for the mean of the points weighted by r²; the last point is reported, as in optax, since on smooth
    functions it comes in geometrically and the mean like 1/k.

    Source: A. Khaled, K. Mishchenko, C. Jin, "DoWG unleashed: an efficient universal parameter-free gradient descent
    method", NeurIPS 2023, arXiv 2305.16284, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import DoWG
    >>> rule = DoWG(initial_distance=0.5, epsilon=0)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.5, 0.276393]
    """

    short_name = "dowg"

    initial_distance: float = hyperparameter(0.01, "first guess of the distance", above=0)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> DoWGState:
        return DoWGState(x0=x, r=self.initial_distance, v=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: DoWGState) -> tuple[Any, DoWGState, Any]:
        r = maximum(state.r, norm(x - state.x0))
        v = state.v + r * r * dot(gradient, gradient)
        return x - r * r / (sqrt(v) + self.epsilon) * gradient, DoWGState(state.x0, r, v), True
