"""What is descended: a scalar function of a flat vector, with its gradient."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from downslope.errors import UsageError
from downslope.messages import Message, message
from downslope.objectives.differences import second_differences
from downslope.objectives.loop import LoopCompiler, Remote
from downslope.objectives.parameters import Parameters, Vector
from downslope.objectives.residuals import Residuals

if TYPE_CHECKING:
    from downslope.objectives.array_program import ArrayProgram
    from downslope.objectives.problems import Problem

LONGEST_HEADLINE = 60  # characters
VISIBLE = 1e3  # times rounding of a gradient, below which it spoils digits of a difference that count


class StartTensors(Protocol):
    """The tensors that a start was made of."""

    def present(self, x: Vector) -> Any:
        """A flat vector in the form of the start."""

    def put(self, x: Vector) -> None:
        """Write a flat vector into the tensors of the start themselves."""


class StartBuild(Protocol):
    """How a start was built of dicts and lists in dicts and lists."""

    def build(self, flat: Mapping[str, Any]) -> Any:
        """A value for each place, in dicts and lists as those of the start."""

    @property
    def plan(self) -> Any:
        """The build as JSON can say it."""


class Objective(ABC):
    """A scalar function of ``parameters.size`` numbers, with its gradient and Hessian.

    Attributes:
        parameters: names and shapes of what it depends on.
        text: how a person would write it: a formula, or the function's name.
        name: the function's name, where the text is a formula that was traced from one.
        dtype: the precision it computes in.
        differentiation: where the gradient comes from, one phrase.
        notes: what the reader should know about how it was understood.
        expression, symbols: the SymEngine expression and its symbols, where there are any; the traced
            engine takes an objective exactly when there are.
        problem: the classic problem it is, where it is one: it knows its minimum.
        program: what it does with the array of its parameters, where that is known and there are many.
        loop: how a framework compiles whole descents of it, where one can.
        remote: how a framework keeps its points, where there is one.
        of_norms: whether the "parameters" are norms of tensors, as a record may have them.
        operations: of one evaluation, where they are counted and are not those of ``expression``: over a table's rows.
        gradient_calls: calls of a person's function that one gradient takes, where it is made of calls; else 1.
        by_values: whether second derivatives are taken from values alone.
        evaluable: False where only a record of it is there, and no function.
        tensors: the tensors that the start was made of, where it was: answers are made like them.
        nested: the build of the start, where it was dicts and lists in dicts and lists: answers are built so.
    """

    name: str = ""
    operations: int = 0
    gradient_calls: int = 1
    evaluable: bool = True
    of_norms: bool = False
    by_values: bool = False
    expression: Any = None
    symbols: tuple[Any, ...] = ()
    problem: Problem | None = None
    program: ArrayProgram | None = None
    loop: LoopCompiler | None = None
    remote: Remote | None = None
    tensors: StartTensors | None = None
    nested: StartBuild | None = None

    def __init__(self, parameters: Parameters, text: str, dtype: Any = np.float64) -> None:
        self.parameters = parameters
        self.text = text
        self.dtype = np.dtype(dtype)
        self.differentiation = "supplied"
        self.notes: tuple[Message, ...] = ()

    def end_run(self) -> None:  # noqa: B027 - most have nothing to do
        """The run has ended: what is asked from now on is none of its evaluations."""

    def afresh(self) -> Objective:
        """For another run: as it was before any, where it remembers something of one."""
        return self

    @property
    def called(self) -> tuple[Any, ...]:
        """The functions of a person that are called at evaluations."""
        return ()

    def memory(self) -> Any:
        """What it remembers of a run, as dicts, lists, numbers and arrays; None where that is nothing."""
        return None

    def recall(self, memory: Any) -> None:  # noqa: B027 - most remember nothing
        """Remember again what ``memory`` gave.

        Raises:
            DataError: it is not that of such an objective.
        """

    def left_as(self, saved: Objective) -> None:  # noqa: B027 - most remember nothing
        """Remember of a run what its file says of it."""

    @property
    def formula(self) -> Any:
        """This as a ``FormulaObjective``, number by number, to be printed; None where it cannot be written out."""
        return None

    @property
    def headline(self) -> str:
        """The text where it is short, the name of the function where it is not and there is one."""
        return self.name if self.name and len(self.text) > LONGEST_HEADLINE else self.text

    @abstractmethod
    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """f(x) and its gradient, a new vector of the length of ``x``; not finite outside the domain."""

    def value(self, x: Vector) -> float:
        """f(x)."""
        return self.value_and_gradient(x)[0]

    def gradient(self, x: Vector) -> Vector:
        """The gradient of f at ``x``."""
        return self.value_and_gradient(x)[1]

    def draws_random(self, x: Vector) -> bool:
        """Whether the value is another when ``x`` is evaluated again, by more than rounding."""
        with np.errstate(all="ignore"):
            first, second = self.value(x), self.value(x)
        return bool(abs(first - second) > 1e3 * np.finfo(self.dtype).eps * max(abs(first), abs(second)))

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """The matrix of second derivatives at ``x``; here from central differences of the gradient.

        The step along coordinate i is h = cbrt(eps) * max(1, ``|x_i|``); the error is of order h^2. ``by_values``
        says that the gradient is one of differences itself: differences of these are mostly rounding.
        """
        if self.by_values:
            return second_differences(self.value, np.asarray(x, np.float64))
        d, eps = len(x), float(np.finfo(self.dtype).eps)
        out = np.empty((d, d))
        steps = np.cbrt(eps) * np.maximum(1.0, np.abs(x))
        longest = float(np.max(steps, initial=0.0))
        for i in range(d):
            out[i], change, rounding = self._slope_of_gradient(x, i, steps[i])
            if steps[i] < longest and change <= VISIBLE * rounding:  # far out, others drown a short step
                out[i] = self._slope_of_gradient(x, i, longest)[0]
        return (out + out.T) / 2

    def _slope_of_gradient(self, x: Vector, i: int, step: float) -> tuple[Vector, float, float]:
        """The gradient's change along a coordinate by its length; its largest part, and what rounding may be of it."""
        forward, backward = x.copy(), x.copy()
        forward[i] += step
        backward[i] -= step
        ahead, behind = self.gradient(forward), self.gradient(backward)
        size = float(max(np.max(np.abs(ahead)), np.max(np.abs(behind))))
        change = ahead - behind
        slope = np.asarray(change / (forward[i] - backward[i]))
        return slope, float(np.max(np.abs(change))), float(np.finfo(self.dtype).eps) * size

    def check_residuals(self, wanted_by: str) -> None:
        """Raise UsageError where it is not known as a sum of squares."""
        raise UsageError(
            message(
                "{name} asks for residuals, and '{objective}' is not written as a sum of squares, such as"
                " (x - 1)^2 + 3*(y - x^2)^2.",
                name=wanted_by,
                objective=self.headline,
            )
        )

    def residuals(self, x: Vector) -> tuple[float, Residuals]:
        """The value at ``x``, and the residuals of which it is the sum of squares, in brief."""
        self.check_residuals("residuals")
        raise NotImplementedError

    def present(self, x: Vector) -> Any:
        """A point in the form in which the start was given: a dict, an array, a number, a framework's tensor."""
        flat = (
            self.tensors.present(x) if self.tensors is not None else self.parameters.structured(x, self.dtype)
        )
        return flat if self.nested is None else self.nested.build(flat)

    def values(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """f at each row of ``points``, as contour maps need it."""
        return np.array([self.value(point) for point in points])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r}, of {', '.join(self.parameters.coordinates)})"
