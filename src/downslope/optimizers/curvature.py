"""The contract of rules that need more than a value and a gradient, or remember a matrix over all coordinates.

They are pure, like all rules, and written for NumPy's vectors, as factorisations are; so downslope's own loops run
them, and scripts do, around a function of NumPy or of a framework; the optimizers of other libraries and mini-batches
refuse them in words.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple

from downslope.errors import UsageError
from downslope.messages import Message, message, sentences
from downslope.optimizers.base import Optimizer, State

Asks = Literal["hessian", "residuals", "matrix", "values"]


class CurvedEvaluation(NamedTuple):
    """What is known of a point.

    Attributes:
        x: the point, shape (coordinates,), float64.
        value: the objective there.
        gradient: its gradient there; None for rules that ask for values alone.
        curvature: the matrix of second derivatives, or ``Residuals``, where the rule wanted it; else None.
    """

    x: Any
    value: Any
    gradient: Any
    curvature: Any = None


class Move(NamedTuple):
    """What follows from an evaluation.

    Attributes:
        point: where to evaluate next.
        state: the new state.
        accepted: whether the evaluation ends a step.
        at: the point and value at the end of that step, where it is not the point evaluated.
        norm: of the gradient there, where the rule knows it better than the evaluation.
    """

    point: Any
    state: State
    accepted: bool
    at: tuple[Any, float] | None = None
    norm: float | None = None


class CurvedRule(Optimizer):
    """A rule that asks for more than a value and a gradient, or remembers a matrix.

    Attributes:
        asks_for: "hessian" (the matrix of second derivatives), "residuals" (those of a sum of squares, with their
            derivatives), "matrix" (nothing more, but it remembers a matrix) or "values" (no gradient).
    """

    asks_for: ClassVar[Asks]

    def wants_curvature(self, at: CurvedEvaluation, state: State) -> bool:
        """Whether ``step`` will look at the second derivatives; residuals are always there."""
        return True

    @abstractmethod
    def step(self, at: CurvedEvaluation, state: State) -> Move:
        """From one evaluation to the next, as ``Optimizer.update`` is for rules that need no more."""

    def remarks(self, state: State) -> tuple[Message, ...]:
        """What is to be said at the end of a run."""
        return ()

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        """Refused: a loop that has only a value and a gradient to give cannot run it.

        Raises:
            UsageError: always.
        """
        raise UsageError(refusal(self))


def refusal(rule: CurvedRule) -> Message:
    """Why a loop that has only a value and a gradient to give cannot run the rule."""
    if rule.asks_for == "hessian":
        why = message("{name} asks for second derivatives, and here there are none.", name=rule.name())
    elif rule.asks_for == "residuals":
        why = message(
            "{name} asks for the residuals of a sum of squares, and here there are none.", name=rule.name()
        )
    elif rule.asks_for == "values":
        why = message("{name} looks at values alone, and here it would be given gradients.", name=rule.name())
    else:
        why = message(
            "{name} remembers a matrix over all coordinates, which has no form here.", name=rule.name()
        )
    return sentences(why, message("It runs in downslope's own loops: minimize, maximize and fit."))
