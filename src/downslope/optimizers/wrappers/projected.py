"""Bounds on the parameters, by projection."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from downslope.errors import HyperparameterError
from downslope.messages import message
from downslope.optimizers.arithmetic import maximum, minimum, where
from downslope.optimizers.base import State
from downslope.optimizers.wrappers.wrapper import Wrapper


class Projected(Wrapper):
    r"""Every new point is moved to the nearest one within the bounds.

    .. math:: x_{k+1} = P(x_{k+1}), \qquad P(x)_i = \min(u_i, \max(l_i, x_i))

    Args:
        optimizer: the rule inside; one for which projection is sound (``Optimizer.projects``).
        lower, upper: one bound for each coordinate, in order; infinite where there is none.

    The run is converged where :math:`x - P(x - g)` vanishes, which is the gradient where no bound is active. Its length
    is what the history calls ``gradient_norm``, and what the tolerances are about.

    Sound where x = P(next point) holds exactly where x = P(x - g): for steps that scale every coordinate of the
    gradient by a positive number. A method that compares values, or keeps a velocity that the bound
    should have stopped, can stall or settle elsewhere.

    Source: D. Bertsekas, IEEE Transactions on Automatic Control 21 (1976) 174-184, equation (2).

    >>> import downslope as ds
    >>> run = ds.minimize("(x - 3)^2", start={"x": 0.0}, learning_rate=0.25, bounds={"x": (0, 1)}, tolerance=1e-9)
    >>> run.x, run.status
    ({'x': 1.0}, 'converged')
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.lower) != len(self.upper) or not all(
            low <= high and low < math.inf and high > -math.inf
            for low, high in zip(self.lower, self.upper, strict=True)
        ):
            raise HyperparameterError(
                message(
                    "Projected: each lower bound must be at most its upper bound; got {lower} and {upper}.",
                    lower=self.lower,
                    upper=self.upper,
                )
            )

    def project(self, x: Any) -> Any:
        """The nearest point within the bounds."""
        dtype = x.dtype if isinstance(x, np.ndarray) else np.dtype(np.float64)
        for bounds, nearer in ((self.lower, maximum), (self.upper, minimum)):
            there = np.isfinite(bounds)
            if there.any():
                x = where(there, nearer(np.where(there, bounds, 0.0).astype(dtype), x), x)
        return x

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        next_x, state, accepted = self.inner.update(x, value, gradient, state)
        return self.project(next_x), state, accepted

    def residual(self, x: Any, gradient: Any) -> Any:
        g = self.inner.residual(x, gradient)
        return x - self.project(x - g)
