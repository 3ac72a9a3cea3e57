from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import entry, where
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer, trace_at_most
from downslope.optimizers.rules.obsf import MOST_TRACED, schedule


class OBSGState(NamedTuple):
    k: Any  # steps made


class OBSG(Optimizer):
    r"""Steepest descent with the best basic schedule for a small gradient after a number of steps that is known.

    .. math:: x_{k+1} = x_k - \eta\, h_k\, g_k, \qquad (h_0, \ldots, h_{n-1}) = (F_{n-1}, \ldots, F_0)

    with :math:`F` the schedule of ``OBSF`` for n steps, here from its end to its beginning, and :math:`\eta` the
    learning rate.

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; a larger one may diverge.
        steps: n, for how many steps the schedule is made, 1 to 10,000. Steps after that have h = 1. The traced
            engine takes 500, the hosted engine all.

    For a convex function ‖g_n‖² <= 2 L D/(1 + 2 Σh) < 0.8463 L D/n^1.2716, with D how far the value falls from the
    start to a minimum. It is the mirror image of ``OBSF``, whose bound is for the value and goes by the distance. On
    the way the gradient rises and falls: fewer steps than n are far from the best. It needs a true L, and convexity.

    Source: B. Grimmer, K. Shu, A. Wang, "Composing optimized stepsize schedules for gradient descent",
    arXiv 2410.16249, section 3 and corollary 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import OBSG
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=OBSG(learning_rate=0.125, steps=2), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.530808, 0.343139]
    """

    short_name = "obsg"

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)
    steps: int = 31

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=10_000)

    def init(self, x: Any) -> OBSGState:
        return OBSGState(k=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: OBSGState) -> tuple[Any, OBSGState, Any]:
        trace_at_most(MOST_TRACED, x, numbers=self.steps)
        η, g, k = self.learning_rate, gradient, state.k
        h = entry(mirrored(self.steps), k)
        return x - η * where(k < self.steps, h, 1.0) * g, OBSGState(k + 1), True


def mirrored(n: int) -> tuple[float, ...]:
    """The schedule F(n) of ``OBSF`` from its end to its beginning.

    >>> [round(h, 4) for h in mirrored(2)]
    [1.8768, 1.4142]
    """
    return tuple(reversed(schedule(n)))
