"""Descent with ``sum thresholds * abs(z)`` taken exactly: what is small becomes zero, and stays so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from downslope.errors import UsageError
from downslope.fitting.objective import DataObjective, Penalty, subgradient
from downslope.fitting.rows import Array
from downslope.messages import listing, message
from downslope.objectives import Vector
from downslope.objectives.residuals import Residuals
from downslope.objectives.wrapped import WrappedObjective
from downslope.optimizers import Optimizer
from downslope.optimizers.arithmetic import maximum, minimum, sqrt
from downslope.optimizers.curved.coordinate_descent import CoordinateDescent

# How far a rule steps in each coordinate for a unit of slope that stays: what a threshold is multiplied by. Given the
# rule and its state after the step.
LENGTHS: dict[str, Callable[[Any, Any], Any]] = {
    "gradient_descent": lambda rule, _: rule.learning_rate,
    "momentum": lambda rule, _: rule.learning_rate / (1 - rule.momentum),
    "adagrad": lambda rule, after: rule.learning_rate / (sqrt(after.s) + rule.epsilon),
    "rmsprop": lambda rule, after: rule.learning_rate / (sqrt(after.s) + rule.epsilon),
    "adam": lambda rule, after: rule.learning_rate / (sqrt(after.v / (1 - after.p2)) + rule.epsilon),
}


def thresholds_in(penalty: Penalty, scale: Array) -> Array:
    """The strength of the l1 penalty on each coordinate ``z``, where the parameter is ``scale * z``."""
    return np.asarray(penalty.l1 * penalty.mask * np.abs(scale))


def shrunk(v: Any, amounts: Any) -> Any:
    """Every number moved towards zero by its amount, but not past it.

    >>> shrunk(np.array([3.0, -0.5]), np.array([1.0, 1.0])).tolist()
    [2.0, 0.0]
    """
    return maximum(v - amounts, 0.0) + minimum(v + amounts, 0.0)


class SmoothGradient(WrappedObjective):
    """A cost whose gradient leaves the l1 penalty out: a proximal rule takes that by itself."""

    whole: DataObjective

    def __init__(self, whole: DataObjective) -> None:
        super().__init__(whole)
        self.smooth = Penalty(whole.penalty.l2, 0.0, whole.penalty.mask)

    def check_residuals(self, wanted_by: str) -> None:
        self.whole.without_l1().check_residuals(wanted_by)

    def residuals(self, x: Vector) -> tuple[float, Residuals]:
        return self.whole.residuals(x)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        penalty = self.whole.penalty
        value, gradient = self.whole.loss_and_gradient(x)
        value, gradient = self.smooth.add_to(np.asarray(x), value, gradient)
        return value + penalty.l1 * float(np.sum(np.abs(penalty.mask * x))), gradient


class ShrinkingState(NamedTuple):
    """The thresholds, which do not change, and the state of the rule inside."""

    t: Any
    inner: Any


class Shrinking(Optimizer):
    r"""A plain rule's step on the smooth part, then the penalty's own step, which shrinks towards zero.

    .. math:: x_{k+1} = S_{D_k t}(x_k - \Delta_k), \qquad S_a(v)_i = \operatorname{sign}(v_i) \max(|v_i| - a_i, 0)

    with :math:`\Delta` the rule's step, :math:`t` the thresholds and :math:`D` the length of the rule's step for a unit
    of slope: the learning rate for gradient descent, over (1 - momentum) for momentum, over the root mean square of the
    gradient for AdaGrad, RMSProp and Adam.

    Args:
        learning_rate: of the rule, a number or a schedule.
        optimizer: the rule; one of ``LENGTHS``.
        thresholds: t, one for each coordinate.
        part: what the thresholds are multiplied by: the share of a short batch.

    The objective's gradient must be that of the smooth part.

    Source: gradient descent: J. Duchi, Y. Singer, JMLR 10 (2009) 2899-2934, equation (2); AdaGrad: J. Duchi, E. Hazan,
    Y. Singer, JMLR 12 (2011) 2121-2159, equation (4); the others: J. Yun, A. Lozano, E. Yang, NeurIPS 34 (2021)
    24365-24378, algorithm 1.
    """

    learning_rate: Any
    optimizer: Optimizer
    thresholds: tuple[float, ...]
    part: float = 1.0

    def init(self, x: Any) -> ShrinkingState:
        return ShrinkingState(np.resize(self.thresholds, np.shape(x)), self._rule().init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: ShrinkingState
    ) -> tuple[Any, ShrinkingState, Any]:
        rule = self._rule()
        next_x, inner, _ = rule.update(x, value, gradient, state.inner)
        amounts = LENGTHS[rule.name()](rule, inner) * state.t * self.part
        return shrunk(next_x, amounts), ShrinkingState(state.t, inner), True

    def residual(self, x: Any, gradient: Any) -> Any:
        return subgradient(x, gradient, np.array(self.thresholds))

    def _rule(self) -> Optimizer:
        return self.optimizer.with_values(learning_rate=self.learning_rate)


def shrinking(rule: Optimizer, thresholds: Array) -> Optimizer:
    """The rule with the l1 penalty's own step after each of its steps, or with the penalty where it takes that itself.

    Raises:
        UsageError: no such step is known for this rule.
    """
    if isinstance(rule, CoordinateDescent):
        return rule.changed(thresholds=tuple(thresholds.tolist()))
    if rule.name() not in LENGTHS:
        raise UsageError(
            message(
                "an l1 penalty is descended by proximal steps, which are known for {lengths} (and,"
                " without batches, need no optimizer named), or by coordinate_descent, not by {rule}.",
                lengths=listing(LENGTHS),
                rule=rule.name(),
            )
        )
    return Shrinking(
        learning_rate=rule.hyperparameters()["learning_rate"],
        optimizer=rule.with_values(learning_rate=1.0),
        thresholds=tuple(thresholds.tolist()),
    )


class ProximalState(NamedTuple):
    """What ``ProximalGradient`` remembers."""

    x0: Any  # the last accepted point
    g0: Any  # the gradient of the smooth part there
    f0: Any  # the whole cost there
    a: Any  # the step size on trial
    started: Any  # 0 before the first evaluation


class ProximalGradient(Optimizer):
    r"""Proximal gradient steps whose size is found on the way.

    .. math:: x = S_{a t}(x_0 - a\, g_0), \qquad S_t(v)_i = \operatorname{sign}(v_i) \max(|v_i| - t_i, 0)

    The step size is the long Barzilai-Borwein step, halved until
    :math:`F(x) \le F(x_0) - \tfrac{c}{2a} \|x - x_0\|^2`. The objective's gradient must be that of the smooth part.

    Args:
        thresholds: t, one for each coordinate.

    Source: I. Daubechies, M. Defrise, C. De Mol, Comm. Pure Appl. Math. 57 (2004) 1413-1457, equation (1.9); step
    sizes: S. Wright, R. Nowak, M. Figueiredo, IEEE Trans. Signal Processing 57 (2009) 2479-2493, equation (22).
    """

    thresholds: tuple[float, ...] = ()

    def init(self, x: Any) -> ProximalState:
        return ProximalState(x0=np.zeros_like(x), g0=np.zeros_like(x), f0=np.inf, a=1.0, started=0.0)

    def update(
        self, x: Any, value: Any, gradient: Any, state: ProximalState
    ) -> tuple[Any, ProximalState, Any]:
        t, g = np.array(self.thresholds), gradient
        s = x - state.x0
        square = float(s @ s)
        slack = 1e-14 * abs(state.f0) if np.isfinite(state.f0) else 0.0
        if state.started and not value <= state.f0 - 1e-4 / (2 * state.a) * square + slack:
            a = 0.5 * state.a
            return shrunk(state.x0 - a * state.g0, a * t), state._replace(a=a), False
        a = 2 * state.a
        if state.started and square > 0:
            bend = float(s @ (g - state.g0))
            a = min(max(square / bend, 1e-12), 1e12) if bend > 0 else a
        return shrunk(x - a * g, a * t), ProximalState(x, g, value, a, 1.0), True

    def residual(self, x: Any, gradient: Any) -> Any:
        return subgradient(x, gradient, np.array(self.thresholds))
