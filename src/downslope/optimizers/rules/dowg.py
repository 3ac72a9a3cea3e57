from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, norm, sqrt
from downslope.optimizers.base import Optimizer, hyperparameter


class DoWGState(NamedTuple):
    x0: Any  # the start
    r: Any  # the longest distance from it so far
    v: Any  # sum of squared gradient norms, each times the squared distance of then
    w: Any  # sum of squared distances, the weight of the average
    a: Any  # average of the points


class DoWG(Optimizer):
    r"""Distance over weighted gradients: DoG in which gradients from farther out, where it is now, count for more.

    .. math:: r_k = \max(r_{k-1}, \|x_k - x_0\|), \qquad v_{k+1} = v_k + r_k^2 \|g_k\|^2, \qquad
              x_{k+1} = x_k - \frac{r_k^2}{\sqrt{v_{k+1}} + \varepsilon}\, g_k

    .. math:: a_k = \frac{r_0^2 x_0 + \dots + r_k^2 x_k}{r_0^2 + \dots + r_k^2}

    with :math:`r_{-1}` the first guess. The answer is the average :math:`a`, not the last point.

    Args:
        initial_distance: the first r, > 0; in units of x, so small that the first step cannot harm.
        epsilon: >= 0, in units of the value; outside the root.

    It needs no learning rate, but tens of steps to grow one from the first guess. No step is longer than the distance
    so far. The average gives early points little weight, but never forgets them, so it comes in slower than the points.

    Source: A. Khaled, K. Mishchenko, C. Jin, "DoWG unleashed: an efficient universal parameter-free gradient descent
    method", NeurIPS 2023, arXiv 2305.16284, algorithm 1. optax has the same steps without the average.

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
        r = self.initial_distance
        return DoWGState(x0=x, r=r, v=0.0, w=r * r, a=x)

    def update(self, x: Any, value: Any, gradient: Any, state: DoWGState) -> tuple[Any, DoWGState, Any]:
        x0, r, v, w, a = state
        v = v + r * r * dot(gradient, gradient)
        next_x = x - r * r / (sqrt(v) + self.epsilon) * gradient
        r = maximum(r, norm(next_x - x0))
        w = w + r * r
        return next_x, DoWGState(x0, r, v, w, a + r * r / w * (next_x - a)), True

    def answer(self, x: Any, state: DoWGState) -> Any:
        """The average of the points."""
        return state.a
