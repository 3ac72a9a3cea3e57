"""Costs of frameworks that are read: as programs on whole arrays where there are many parameters, else as formulas."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.messages import message
from downslope.objectives.array_program import ArrayProgram
from downslope.objectives.formula import FEWEST, FormulaObjective
from downslope.objectives.frameworks.agreement import agreeing_formula, check_agreement
from downslope.objectives.frameworks.tensors import Tensors
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.programs import ProgramArray
from downslope.symbolic.unknown import TraceError

MOST_OPERATIONS = 50_000_000
"""Of one evaluation. Costs of more are mostly products of large matrices, at which frameworks are as fast or faster."""


class CostReader(NamedTuple):
    """How a cost is read.

    Attributes:
        expressions: its elements as SymEngine expressions; or a TraceError.
        recorded: the same in the program of an array of its parameters; or a TraceError. None where the cost is
            not computed in the machine's own memory, to which it would have to be brought.
    """

    expressions: Callable[[], list[Any]]
    recorded: Callable[[ProgramArray], Any] | None


class ProgramObjective(Objective):
    """A framework's cost, computed by a program that says what the framework's operations say.

    Args:
        program: it.
        hosted: the cost as the framework computes it.
        written: makes the formula that it is, number by number; or a TraceError.
    """

    def __init__(
        self, program: ArrayProgram, hosted: Objective, written: Callable[[], FormulaObjective]
    ) -> None:
        super().__init__(hosted.parameters, hosted.text, hosted.dtype)
        self.program: ArrayProgram = program
        self.operations = program.operations
        self.differentiation = "supplied" if program.supplied else "reverse sweep"
        self.loop, self.remote = (
            hosted.loop,
            hosted.remote,
        )  # for engine="compiled", and rules that cannot be traced
        self._written = written

    @cached_property
    def formula(self) -> FormulaObjective | None:
        try:
            made = self._written()
        except TraceError:
            return None
        made.program = self.program
        return made

    def value(self, x: Vector) -> float:
        return self.program.value_at(x)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        return self.program.value_and_gradient(x)

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        if self.program.supplied:
            return super().hessian(x)
        return self.program.hessian(np.asarray(x, np.float64))


def read_cost(cost: CostReader, slopes: CostReader | None, hosted: Objective, tensors: Tensors) -> Objective:
    """The cost as a program or a formula, once that has given the framework's value and gradient.

    A formula comes first where there are few parameters; a program where there are many. Its numbers are float64, so
    costs in float32 have none.

    Args:
        slopes: the gradient, where a person gives it.

    Raises:
        TraceError: it can be read neither way.
    """

    def as_formula() -> FormulaObjective:
        partials = None if slopes is None else slopes.expressions()
        return agreeing_formula(cost.expressions(), partials, hosted, tensors)

    def as_program() -> Objective:
        assert cost.recorded is not None
        program = _recorded(cost.recorded, None if slopes is None else slopes.recorded, tensors)
        if program.operations > MOST_OPERATIONS:
            raise TraceError(message("it has too many operations"))
        check_agreement(program.evaluated_at, hosted, tensors.x)
        return ProgramObjective(program, hosted, as_formula)

    ways: list[Callable[[], Objective]] = [as_formula]
    if hosted.dtype == np.float64 and cost.recorded is not None:
        ways.insert(0 if tensors.parameters.size >= FEWEST else 1, as_program)
    try:
        return ways[0]()
    except TraceError:
        if len(ways) == 1:
            raise
        return ways[1]()


def _recorded(
    cost: Callable[[ProgramArray], Any], slopes: Callable[[ProgramArray], Any] | None, tensors: Tensors
) -> ArrayProgram:
    try:
        return ArrayProgram(cost, tensors.parameters.size, slopes)
    except TraceError:
        raise
    except Exception as error:  # an operation in a form that its counterpart here does not know
        raise TraceError(
            message("it cannot be followed in symbols ({kind})", kind=type(error).__name__)
        ) from error
