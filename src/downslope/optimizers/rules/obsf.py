from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from downslope.optimizers.arithmetic import entry, where
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer, trace_at_most

MOST_TRACED = 500  # steps; the step map holds them all, and 500 take a tenth of a second to compile


class OBSFState(NamedTuple):
    k: Any  # steps made


class OBSF(Optimizer):
    r"""Steepest descent with the best basic schedule of step sizes for a number of steps that is known.

    .. math:: x_{k+1} = x_k - \eta\, h_k\, g_k, \qquad (h_0, \ldots, h_{n-1}) = F(n)

    .. math:: P(n) = [P(\lfloor n/2\rfloor),\, \varphi,\, P(n - 1 - \lfloor n/2\rfloor)], \qquad
              F(n) = [P(m),\, \psi,\, F(n - 1 - m)]

    with :math:`\varphi = \tfrac12(\sqrt{(a + b + 2)^2 + 4(a + 1)(b + 1)} - a - b)` for halves that sum to
    :math:`a, b`; :math:`\psi = 1 + (\sqrt{1 + 8 r_F / r_P} - 1)/(4 r_F)`, where :math:`r_P = 1/(1 + \sum P(m))` and
    :math:`r_F = 1/(1 + 2\sum F(n - 1 - m))`; :math:`m` the one with the largest sum; and :math:`\eta` the learning
    rate.

    Args:
        learning_rate: η = 1/L, with L the largest curvature of the objective, > 0; a larger one may diverge.
        steps: n, for how many steps the schedule is made, 1 to 10,000. Steps after that have h = 1. The traced
            engine takes 500, the hosted engine all.

    For a convex function f(x_n) - f* <= L R²/(2 + 4 Σh) < 0.2116 L R²/n^1.2716, with R the distance of the start to
    a minimum: 0.00263 L R² for n = 31, where a constant rate gets 0.00794. On the way there the value
    rises and falls: fewer steps than n are far from the best. It needs a true L, and convexity.

    Source: B. Grimmer, K. Shu, A. Wang, "Composing optimized stepsize schedules for gradient descent",
    arXiv 2410.16249, section 3.

    >>> import downslope as ds
    >>> from downslope.optimizers import OBSF
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=OBSF(learning_rate=0.125, steps=2), steps=2)
    >>> run.history["x"].round(6).tolist()
    [1.0, 0.646447, 0.343139]
    """

    short_name = "obsf"

    learning_rate: float = hyperparameter(0.01, "1/L, with L the largest curvature", above=0)
    steps: int = 127

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "steps", at_least=1, at_most=10_000)

    def init(self, x: Any) -> OBSFState:
        return OBSFState(k=0.0)

    def update(self, x: Any, value: Any, gradient: Any, state: OBSFState) -> tuple[Any, OBSFState, Any]:
        trace_at_most(MOST_TRACED, x, numbers=self.steps)
        η, g, k = self.learning_rate, gradient, state.k
        h = entry(schedule(self.steps), k)
        return x - η * where(k < self.steps, h, 1.0) * g, OBSFState(k + 1), True


@functools.cache
def sums(n: int) -> tuple[Any, Any, Any]:
    """ΣP(k) and ΣF(k) for k = 0 ... n, and the m of F(k)."""
    P, F, split = np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1, int)
    for k in range(1, n + 1):
        a, b = P[k // 2], P[k - 1 - k // 2]
        P[k] = a + b + join_halves(a, b)
        totals = P[:k] + F[:k][::-1] + join_last(P[:k], F[:k][::-1])
        split[k] = int(np.argmax(totals))
        F[k] = totals[split[k]]
    return P, F, split


def join_halves(a: Any, b: Any) -> Any:
    """φ between two halves of P that sum to a and b."""
    return (np.sqrt((a + b + 2) ** 2 + 4 * (a + 1) * (b + 1)) - a - b) / 2


def join_last(before: Any, after: Any) -> Any:
    """ψ between a P and an F of these sums."""
    r_P, r_F = 1 / (1 + before), 1 / (1 + 2 * after)
    return 1 + (np.sqrt(1 + 8 * r_F / r_P) - 1) / (4 * r_F)


@functools.cache
def primitive(n: int) -> tuple[float, ...]:
    """The schedule P(n), which composes with others.

    >>> [round(h, 6) for h in primitive(3)]
    [1.414214, 2.0, 1.414214]
    """
    if n == 0:
        return ()
    first, second = primitive(n // 2), primitive(n - 1 - n // 2)
    return (*first, float(join_halves(math.fsum(first), math.fsum(second))), *second)


@functools.cache
def schedule(n: int) -> tuple[float, ...]:
    """The schedule F(n), the best basic one for the value after n steps.

    >>> [round(h, 4) for h in schedule(2)], schedule(1)
    ([1.4142, 1.8768], (1.5,))
    """
    P, F, split = sums(n)
    steps: list[float] = []
    while n > 0:
        m, rest = split[n], n - 1 - split[n]
        steps += [*primitive(int(m)), float(join_last(P[m], F[rest]))]
        n = int(rest)
    return tuple(steps)
