"""When a run ends, and the word and the sentence for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import Template, message

DEFAULT_TOLERANCE = 1e-8
SINGLE_TOLERANCE = 1e-4  # in float32, which rarely gets further
DEFAULT_STEPS = 100_000
RUNAWAY = 1e30  # a value this many times (1 + |the start's|) away is called diverged or unbounded
NO_LIMIT = 2**53  # steps; centuries, and the largest count that float64 holds exactly
IDLE_EVALUATIONS = 200  # so many evaluations without a move, with a test yet to be met, is stalled
_NO_TOLERANCE = Template("{name} is {value!r}; it must be a finite number, at least 0.")
_NO_TIME = Template(
    "time_limit is {value!r}; it must be a number of seconds, more than 0."
)  # as minimize() has it
_NO_TARGET = Template("target is {value!r}; it must be a finite number.")


class Status(StrEnum):
    """How a run ended, in one word."""

    CONVERGED = "converged"
    STEP_LIMIT = "step_limit"
    EVALUATION_LIMIT = "evaluation_limit"
    TIME_LIMIT = "time_limit"
    TARGET_REACHED = "target_reached"
    DIVERGED = "diverged"
    UNBOUNDED = "unbounded"
    LEFT_DOMAIN = "left_domain"
    STALLED = "stalled"
    INTERRUPTED = "interrupted"
    STOPPED_BY_CALLBACK = "stopped_by_callback"
    ERROR = "error"


def _size(value: float) -> float:
    """A number as a float, infinite where it is larger than any."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """When to stop; the first condition met ends the run. None means: not asked for.

    Args:
        steps: most accepted steps, >= 0.
        evaluations: most evaluations of the objective, >= 1.
        seconds: most wall-clock time, > 0.
        tolerance: stop where the Euclidean norm of the gradient is at most this, >= 0.
        relative_tolerance: the same, relative to the norm at the start, >= 0.
        value_tolerance: stop where a step changes the value by at most this, >= 0.
        x_tolerance: stop where a step is at most this long (Euclidean norm), >= 0.
        target: stop where the value is at most this (at least, when maximising).

    Where neither ``steps`` nor a tolerance or target is given, the tolerance is 1e-8 (1e-4 in float32): ``evaluations``
    and ``seconds`` are safety nets and do not switch it off, while ``steps`` alone runs exactly so many. Where no limit
    is given, it is 100,000 steps.

    >>> from downslope import Stopping
    >>> Stopping(tolerance=1e-5).asks_for_a_test
    True
    >>> Stopping(seconds=5).with_defaults().tolerance, Stopping(steps=5).with_defaults().tolerance
    (1e-08, None)
    """

    steps: int | None = None
    evaluations: int | None = None
    seconds: float | None = None
    tolerance: float | None = None
    relative_tolerance: float | None = None
    value_tolerance: float | None = None
    x_tolerance: float | None = None
    target: float | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], **called: str) -> Stopping:
        """The conditions among the options of a call; ``called`` says which have other names there.

        >>> from downslope import Stopping
        >>> Stopping.from_options({"maxiter": 9, "disp": True}, steps="maxiter").steps
        9
        """
        names = {name: name for name in cls.__dataclass_fields__} | {"seconds": "time_limit"} | called
        return cls(**{name: options.get(option) for name, option in names.items()})

    def __post_init__(self) -> None:
        for name, least in (("steps", 0), ("evaluations", 1)):
            value = getattr(self, name)
            if value is None:
                continue
            whole = isinstance(value, (int, np.integer)) or (isinstance(value, float) and value.is_integer())
            if whole and value > NO_LIMIT:
                raise UsageError(
                    message(
                        "{name} is {value:.4g}; it must be at most {most:,}.",
                        name=name,
                        value=_size(value),
                        most=NO_LIMIT,
                    )
                )
            if isinstance(value, bool) or not whole or value < least:
                raise UsageError(
                    message(
                        "{name} is {value!r}; it must be a whole number, at least {least}.",
                        name=name,
                        value=value,
                        least=least,
                    )
                )
            object.__setattr__(self, name, int(value))
        for name in ("tolerance", "relative_tolerance", "value_tolerance", "x_tolerance"):
            self._check(name, lambda v: v >= 0 and math.isfinite(v), _NO_TOLERANCE)
        self._check("seconds", lambda v: v > 0, _NO_TIME)
        self._check("target", lambda v: math.isfinite(v), _NO_TARGET)

    def _check(self, name: str, allowed: Any, refusal: Template) -> None:
        value = getattr(self, name)
        if value is None:
            return
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, (bool, str)) or not allowed(number):
            raise UsageError(refusal.filled(name=name, value=value))
        object.__setattr__(self, name, number)

    @property
    def asks_for_a_test(self) -> bool:
        """Whether the run is to end by a tolerance or target, so that a limit is not what was asked for."""
        tests = (self.tolerance, self.relative_tolerance, self.value_tolerance, self.x_tolerance, self.target)
        return any(test is not None for test in tests)

    def with_defaults(self, dtype: Any = np.float64) -> Stopping:
        """With the default tolerance of this precision without steps and test, and with a step limit always."""
        asked = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if self.steps is None and not self.asks_for_a_test:
            asked["tolerance"] = SINGLE_TOLERANCE if dtype == np.float32 else DEFAULT_TOLERANCE
        if self.steps is None:
            # a person who limits evaluations or time has chosen the limit already
            chosen = self.evaluations is not None or self.seconds is not None
            asked["steps"] = NO_LIMIT if chosen else DEFAULT_STEPS
        return Stopping(**asked)
