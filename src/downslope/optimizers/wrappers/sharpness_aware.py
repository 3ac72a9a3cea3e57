"""Gradients from a little further up the hill."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from downslope.optimizers.arithmetic import norm, where
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.scheduled import chosen
from downslope.optimizers.wrappers.wrapper import StepWrapper


class SharpnessAwareState(NamedTuple):
    """Where the rule stands while the ascent is looked at, and the state of the optimizer inside."""

    home: Any  # the point that steps
    away: Any  # whether the next evaluation is of the ascent, 0 or 1
    inner: Any


class SharpnessAware(StepWrapper):
    r"""Steps by the gradient of the highest point nearby, which prefers minima that are flat.

    .. math:: \hat x = x_k + \rho\, \frac{\nabla f(x_k)}{\|\nabla f(x_k)\|}, \qquad
              x_{k+1} = \text{the rule's step from } x_k \text{ by } \nabla f(\hat x)

    Every step takes two evaluations: at :math:`x_k`, which the history has, and at the ascent :math:`\hat x`, which is
    evaluated but not accepted as a step, as the trials of a line search are not.

    Args:
        optimizer: the rule inside; it sees gradient and value of the ascent.
        radius: ρ, length of the ascent, >= 0, in units of x; at 0 it is the rule itself at twice the evaluations.

    A run does not settle at the minimum: there the ascent still has a slope of about ρ times the curvature, by which it
    is thrown to and fro. In an optimizer of PyTorch ``step(closure)`` makes both evaluations; loops that call without
    one step at every second call, as optax's ``contrib.sam`` does.

    Source: P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, ICLR 2021, arXiv 2010.01412, algorithm 1 and equation (2)
    with p = 2.

    >>> import downslope as ds
    >>> from downslope.optimizers import SharpnessAware
    >>> rule = SharpnessAware(optimizer=ds.optimizers.SGD(learning_rate=0.25), radius=1.0)
    >>> run = ds.minimize("x^2", start={"x": 8.0}, optimizer=rule, steps=2)
    >>> run.history["x"].tolist(), run.nfev
    ([8.0, 3.5, 1.25], 5)
    """

    keeps_points: ClassVar[bool] = True

    radius: float = hyperparameter(0.05, "length of the ascent", at_least=0)

    def init(self, x: Any) -> SharpnessAwareState:
        return SharpnessAwareState(home=x, away=0.0, inner=self.inner.init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: SharpnessAwareState
    ) -> tuple[Any, SharpnessAwareState, Any]:
        ρ, g, here = self.radius, gradient, state.away < 0.5
        length = norm(g)
        ascent = x + (ρ / where(length > 0, length, 1.0)) * g
        next_x, inner, _ = self.inner.update(state.home, value, g, state.inner)
        made = SharpnessAwareState(
            home=where(here, x, next_x),
            away=where(here, 1.0, 0.0),
            inner=chosen(here, state.inner, inner),
        )
        return where(here, ascent, next_x), made, here

    def answer(self, x: Any, state: State) -> Any:
        """The point that steps."""
        return where(state.away < 0.5, x, state.home)
