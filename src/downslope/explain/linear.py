"""What a rule does to one curvature: its step as a matrix, where the rule is linear, and what follows from it.

On a quadratic, gradient descent and its relatives with constant settings do the same linear map at every step to
each direction of curvature λ. The map is not written down here again for each of them: it is read off the
rule itself, by calling its ``update`` on λx²/2 in one variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.messages import NOTHING, Message, message
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.rules.gradient_descent import GradientDescent
from downslope.optimizers.rules.momentum import Momentum
from downslope.optimizers.rules.nesterov import Nesterov

LARGEST_STATE = 6  # numbers that a linear rule may keep for each coordinate


@dataclass(frozen=True, eq=False)
class LinearRule:
    """A rule whose step is A z + λ B z for z = (x, state) in each direction of curvature λ.

    Attributes:
        rule: the optimizer.
        free: A, the step where there is no curvature.
        bend: B.

    >>> linear = LinearRule.of(Momentum(learning_rate=0.1, momentum=0.5))
    >>> linear.matrix(2.0)
    array([[ 0.8 , -0.05],
           [ 2.  ,  0.5 ]])
    >>> linear.critical
    3.0
    """

    rule: Optimizer
    free: NDArray[np.float64]
    bend: NDArray[np.float64]

    @classmethod
    def of(cls, rule: Optimizer) -> LinearRule | None:
        """The rule as a linear map, or None where it is none."""
        rate = rule.hyperparameters().get("learning_rate")
        return _linear(rule) if isinstance(rate, float) else None

    @property
    def rate(self) -> float:
        """The learning rate η."""
        return float(self.rule.hyperparameters()["learning_rate"])

    @property
    def momentum(self) -> float:
        """The momentum β; 0 where there is none."""
        return float(self.rule.hyperparameters().get("momentum", 0.0))

    def matrix(self, curvature: float) -> NDArray[np.float64]:
        """The step of one direction of that curvature."""
        return self.free + curvature * self.bend

    def roots(self, curvature: float) -> NDArray[np.complex128]:
        """The eigenvalues of the step, the largest modulus first."""
        if len(self.free) == 1:
            return np.array([self.matrix(curvature)[0, 0]], np.complex128)
        roots = np.linalg.eigvals(self.matrix(curvature)).astype(np.complex128)
        return roots[np.argsort(-np.abs(roots), kind="stable")]

    def factor(self, curvature: float) -> complex:
        """The root that rules in the long run: real where the direction shrinks evenly or flips."""
        root = complex(self.roots(curvature)[0])
        return complex(root.real, 0.0) if abs(root.imag) < 1e-12 * max(1.0, abs(root)) else root

    @property
    def critical(self) -> float:
        """The largest ηλ at which it does not diverge: 2 for gradient descent, 2(1+β) for heavy ball."""
        return _critical(self.rule)

    def limit(self, largest: float) -> float:
        """The learning rate above which it diverges where the largest curvature is ``largest``."""
        return self.critical / largest if largest > 0 else np.inf

    def settles(self, curvature: float) -> bool:
        """Whether a direction of that curvature shrinks at all: ηλ below the critical number, and above 0."""
        return 0 < self.rate * curvature < self.critical * (1 - 1e-14)

    def at_rate(self, rate: float) -> LinearRule:
        """The same rule with another learning rate."""
        changed = self.rule.changed(learning_rate=rate)
        found = LinearRule.of(changed)
        assert found is not None
        return found


def modulus(factor: complex) -> float:
    """By how much a direction shrinks a step, without its sign."""
    return abs(factor)


def written(factor: complex) -> float:
    """A factor as one number: with its sign where it is real, else its modulus."""
    return float(factor.real) if factor.imag == 0 else abs(factor)


def without_memory(rule: Optimizer) -> Message:
    """That a rule with a memory makes the very steps of gradient descent, where its settings make it so; else nothing.

    >>> str(without_memory(Nesterov(learning_rate=0.1, momentum=0.0)))
    'Nesterov with momentum 0 makes the steps of gradient descent.'
    >>> str(without_memory(Nesterov(learning_rate=0.1, momentum=0.5)))
    ''
    """
    linear = LinearRule.of(rule)
    if linear is None or isinstance(rule, GradientDescent) or rule.hyperparameters().get("momentum") != 0:
        return NOTHING
    plain = np.zeros(len(linear.free))
    for curvature in (0.5, 2.0):
        plain[0] = 1 - linear.rate * curvature
        if not np.allclose(linear.matrix(curvature)[0], plain, rtol=1e-12, atol=1e-15):
            return NOTHING
    return message("{rule} with momentum 0 makes the steps of gradient descent.", rule=type(rule).__name__)


@lru_cache(maxsize=256)
def _linear(rule: Optimizer) -> LinearRule | None:
    """Probe ``update`` at unit vectors, at two curvatures, and check that a third and a mixture agree.

    Whether it is linear does not depend on the learning rate, and is seen at 1: a tiny rate hides every step.
    """
    try:
        if (
            rule.hyperparameters()["learning_rate"] != 1.0
            and _linear(rule.changed(learning_rate=1.0)) is None
        ):
            return None
        with np.errstate(all="ignore"):
            shape = rule.init(np.zeros(1))
            size = 1 + len(states.flat(shape))
            if size > LARGEST_STATE or np.any(states.flat(shape) != 0):
                return None
            if np.any(_step(rule, np.zeros(size), 1.0, shape) != 0):
                return None
            units = np.eye(size)
            free = np.array([_step(rule, z, 0.0, shape) for z in units]).T
            unit = 1 / float(
                rule.hyperparameters()["learning_rate"]
            )  # where a step shows, however small the rate
            bend = (np.array([_step(rule, z, unit, shape) for z in units]).T - free) / unit
            for seed, part in ((1, 0.37), (2, 2.5), (3, 40.0)):
                λ, z = part * unit, np.random.default_rng(seed).normal(size=size)
                if not np.allclose(_step(rule, z, λ, shape), (free + λ * bend) @ z, rtol=1e-9, atol=1e-12):
                    return None
    except Exception:  # a rule that cannot be called so is no linear one
        return None
    return LinearRule(rule, free + 0.0, bend + 0.0)


def _step(rule: Optimizer, z: NDArray[np.float64], curvature: float, shape: Any) -> NDArray[np.float64]:
    x = z[:1].copy()
    value = 0.5 * curvature * float(x[0]) ** 2
    next_x, state, accepted = rule.update(x, value, curvature * x, states.refilled(shape, z[1:]))
    if accepted is not True:
        raise TypeError(rule)  # a rule that rejects steps is not linear
    return np.concatenate([np.ravel(next_x), states.flat(state)])


@lru_cache(maxsize=256)
def _critical(rule: Optimizer) -> float:
    """sup of ηλ with every root inside the unit circle: closed forms, else by bisection to 12 digits."""
    if isinstance(rule, GradientDescent):
        return 2.0
    β = float(rule.hyperparameters().get("momentum", 0.0))
    if isinstance(rule, Momentum):
        return 2.0 * (1.0 + β)
    if isinstance(rule, Nesterov):
        return 2.0 * (1.0 + β) / (1.0 + 2.0 * β)
    linear = _linear(rule)
    assert linear is not None
    η = linear.rate
    low, high = 0.0, 1.0
    while abs(linear.roots(high / η)[0]) < 1 and high < 1e6:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if abs(linear.roots(middle / η)[0]) < 1 else (low, middle)
    return high


def best_settings(rule: Optimizer, largest: float, condition: float) -> tuple[float, float]:
    """The momentum and the learning rate that are best for a rule on a quadratic: Nesterov's own, else Polyak's.

    Y. Nesterov's for strongly convex functions: β = (√κ - 1)/(√κ + 1), η = 1/L.

    >>> best_settings(Nesterov(learning_rate=0.1), 2.0, 9.0)
    (0.5, 0.5)
    """
    if isinstance(rule, Nesterov):
        root = np.sqrt(condition) if np.isfinite(condition) and condition > 1 else 1.0
        return float((root - 1) / (root + 1)), 1 / largest
    momentum, scaled = best_momentum(condition)
    return momentum, scaled / largest


def best_modulus(condition: float) -> float:
    """The part of an error that is left after each step of the best heavy ball: (√κ - 1)/(√κ + 1)."""
    if not np.isfinite(condition):
        return 1.0
    root = np.sqrt(max(condition, 1.0))
    return float((root - 1) / (root + 1))


def best_momentum(condition: float) -> tuple[float, float]:
    """Polyak's best heavy ball on a quadratic: β, and η times L.

    >>> best_momentum(9.0)
    (0.25, 2.25)
    """
    if not np.isfinite(condition) or condition <= 1:
        return 0.0, 1.0
    root = np.sqrt(condition)
    return float(((root - 1) / (root + 1)) ** 2), float((2 / (1 + 1 / root)) ** 2)
