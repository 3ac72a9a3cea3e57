from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import dot, maximum, norm, sqrt
from downslope.optimizers.base import Optimizer, hyperparameter


class DoGState(NamedTuple):
    x0: Any  # the start
    r: Any  # the longest distance from it so far
    s: Any  # sum of squared gradient norms
    a: Any  # average of the points
    t: Any  # steps so far


class DoG(Optimizer):
    r"""Distance over gradients: the rate is the distance from the start over the root of all squared gradients.

    .. math:: r_k = \max(r_{k-1}, \|x_k - x_0\|), \qquad s_{k+1} = s_k + \|g_k\|^2, \qquad
              x_{k+1} = x_k - \frac{r_k}{\sqrt{s_{k+1} + \varepsilon}}\, g_k

    .. math:: a_{k+1} = (1 - w)\, a_k + w\, x_{k+1}, \qquad w = \frac{9}{9 + k}

    with :math:`r_{-1} = \alpha (1 + \|x_0\|)`. The answer is the average :math:`a`, not the last point.

    Args:
        initial_distance: α, the first guess of the distance to go, > 0, relative to 1 + ‖x₀‖; so small that the
            first step cannot harm.
        epsilon: >= 0, in units of the gradient squared; inside the root.

    It needs no learning rate, but tens of steps to grow one from the first guess, and it overshoots by then. Old
    gradients are never forgotten: a steep start slows it for good.

    Source: M. Ivgi, O. Hinder, Y. Carmon, ICML 2023, arXiv 2302.12022, step size (DoG) of section 1; the average of
    section 4 is polynomial decay averaging with γ = 8, as in the authors' code. optax has the same steps without the
    average.

    >>> import downslope as ds
    >>> from downslope.optimizers import DoG
    >>> rule = DoG(initial_distance=0.25, epsilon=0)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].round(6).tolist()
    [1.0, 0.5, 0.276393]
    """

    short_name = "dog"

    initial_distance: float = hyperparameter(1e-6, "first guess of the distance, over 1 + |x0|", above=0)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)

    def init(self, x: Any) -> DoGState:
        return DoGState(x0=x, r=self.initial_distance * (1 + norm(x)), s=0.0, a=x, t=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: DoGState) -> tuple[Any, DoGState, Any]:
        x0, r, s, a, t = state
        r = maximum(r, norm(x - x0))
        s = s + dot(gradient, gradient)
        next_x = x - r / sqrt(s + self.epsilon) * gradient
        w = 9 / (9 + t)
        return next_x, DoGState(x0, r, s, (1 - w) * a + w * next_x, t + 1), True

    def answer(self, x: Any, state: DoGState) -> Any:
        """The average of the points."""
        return state.a
