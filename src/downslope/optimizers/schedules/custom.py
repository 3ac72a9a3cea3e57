from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from downslope.errors import HyperparameterError, UsageError
from downslope.messages import message
from downslope.optimizers.schedule import Schedule
from downslope.symbolic.array import SymbolicArray, box
from downslope.symbolic.unknown import TraceError


class LostFunction:
    """What stands for the Python function of a schedule that was read from a file."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, count: int) -> float:
        raise UsageError(
            message(
                "the function '{name}' of this schedule is only known by name, from a saved run;"
                " give the function itself: Custom(function=lambda k: 0.5 ** (k / 100)).",
                name=self.__name__,
            )
        )

    def __repr__(self) -> str:
        return self.__name__


class Custom(Schedule):
    r"""A Python function of the step.

    .. math:: s_k = h(k)

    with :math:`s_k` the factor for step k.

    Args:
        function: h, of one whole number >= 0; returns a finite number. It is called with a symbol first: where it is
            arithmetic (NumPy's functions too) the run is native; where it is not (a branch, a table) the
            hosted engine calls it with the number at every step.

    The same step must give the same factor. It may rise, and nothing is checked but that it is a number. A saved run
    keeps the function's name, not the function. As ``torch.optim.lr_scheduler.LambdaLR``.

    Source: none; it is yours.

    >>> import downslope as ds
    >>> from downslope.optimizers.schedules import Custom
    >>> rule = ds.optimizers.SGD(learning_rate=0.5 * Custom(function=lambda k: 1 / (k + 1)))
    >>> ds.minimize("x^2", start={"x": 4.0}, optimizer=rule, steps=2).engine
    'traced'
    """

    aliases = ("Lambda", "LambdaLR")

    function: Callable[[int], Any]

    def __post_init__(self) -> None:
        if isinstance(self.function, str):  # how a saved run spells it
            object.__setattr__(self, "function", LostFunction(self.function))
        elif not callable(self.function):
            raise HyperparameterError(
                message(
                    "Custom: function is {function!r:.60}; it must be a function of the step, such as"
                    " lambda k: 0.5 ** (k / 100).",
                    function=self.function,
                )
            )

    def factor(self, count: Any) -> Any:
        if not isinstance(count, SymbolicArray):
            return count * 0 + self._number(count)
        try:
            expression = box(self.function(count))  # type: ignore[arg-type]
        except Exception as error:  # whatever a person's function raises when given a symbol
            raise TraceError(
                message("the schedule's function cannot be called with symbols: {error}", error=error)
            ) from error
        if expression.size != 1:
            raise TraceError(message("the schedule's function returns more than one number"))
        return SymbolicArray(expression.reshape(()))

    def structure(self) -> tuple[Any, ...]:
        """The traced formula, not the function: what it reads from outside may change between two runs."""
        return (type(self), self.factor(SymbolicArray.symbols("#count")).item())

    def _number(self, count: Any) -> float:
        result = self.function(int(count))
        try:
            number = float(result)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number) or not (isinstance(result, Real) or hasattr(result, "item")):
            raise HyperparameterError(
                message(
                    "Custom: the function returned {result!r:.60} for step {step}; a finite number is"
                    " needed.",
                    result=result,
                    step=int(count),
                )
            )
        return number
