"""The cost of a hypothesis on a table, as a function of its parameters: what sweeps and searches over fits descend."""

from __future__ import annotations

from typing import Any, NamedTuple

from downslope.api.fit_request import FitArguments, put_together
from downslope.errors import UsageError
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.quadratic import normal_equations_from_moments, quadratic_objective
from downslope.fitting.text_format import READING
from downslope.objectives import Objective

ASKED = ("hypothesis", "loss", "weights", "l2", "drop_missing", *READING)


class TableCost(NamedTuple):
    """A cost, where a fit of it would begin, and as plain data what was asked about it."""

    objective: Objective
    start: dict[str, Any]
    asked: dict[str, Any]


def cost_of_table(hypothesis: str, table: Any, asked: FitArguments) -> TableCost:
    """The cost in the user's own parameters.

    A squared cost of a linear hypothesis is a quadratic: the table is read once, and a formula is made of its moments.

    Raises:
        DataError, ExpressionError, UsageError, UnknownNameError: as for ``fit``.
    """
    state = put_together(table, FitArguments(**asked, hypothesis=hypothesis))
    problem = state.problem
    objective: Objective = problem.objective
    start = objective.parameters.named(state.start)
    told = {name: state.asked[name] for name in ASKED if state.asked.get(name) is not None}
    if problem.quadratic:
        try:
            equations = normal_equations_from_moments(problem.objective)
        except UsageError:  # so ill-conditioned that its moments cannot be trusted: over the rows, then
            return TableCost(objective, start, told)
        user = Coordinates.user(objective.parameters.size)
        objective = quadratic_objective(equations, user, problem.objective.terms, root=problem.loss.root)
    return TableCost(objective, start, told)
