"""The page of a fit: its rows, its hypothesis, and the cost surface on which its parameters are dragged."""

from __future__ import annotations

from typing import Any

from downslope.errors import ObjectiveError
from downslope.fitting.problem import FitProblem
from downslope.fitting.result import FitResult
from downslope.language.text import to_text
from downslope.messages import message
from downslope.optimizers import all_optimizers
from downslope.page.document import MOST_STEPS, MOST_VARIABLES, PageContent, document, method_of, steps_of
from downslope.page.evidence import scripts_of

MOST_ROWS = 1_000  # that the page goes through at every step while a parameter is dragged
SEARCHING = {
    "rule": "armijo",
    "hyperparameters": {},
}  # what descends any cost, where the fit's own way is none for a page


def page_of_fit(fit: FitResult) -> str:
    """The page on which the hypothesis is fitted again; see ``content_of_fit``."""
    return document(content_of_fit(fit))


def content_of_fit(fit: FitResult) -> PageContent:
    """What a page has of a fit, made again by the same rule, where it was descended in its own parameters.

    Raises:
        ObjectiveError: it has more parameters or rows than a page shows, or another cost.
    """
    problem = check_fit(fit)
    run = fit.run
    own = type(run.optimizer) in all_optimizers()
    same = own and fit.coordinates == "user" and fit.path != "batches"
    hypothesis = problem.hypothesis
    columns = {name: problem.frame.numbers(name).tolist() for name in hypothesis.columns}
    columns[hypothesis.target] = problem.objective.y.tolist()
    setting: dict[str, Any] = {
        "formula": f"{hypothesis.target} = {to_text(hypothesis.tree)}",
        "table": {"columns": columns, "loss": problem.loss.name, "number": problem.loss.shape},
        "start": dict(zip(hypothesis.parameters, map(float, run.start), strict=True)),
        "methods": [method_of(run) if own else SEARCHING],
        "steps": min(MOST_STEPS, steps_of([run])),
        "tolerance": (run.stopping.with_defaults().tolerance or 0) if same else 0,
        "maximize": False,
    }
    return PageContent(setting, [run] if same else [], scripts_of(fit))


def check_fit(fit: FitResult) -> FitProblem:
    """What a fit is of; raises what ``content_of_fit`` raises."""
    problem = fit.problem
    if problem is None:
        raise ObjectiveError(
            message(
                "a page shows the rows of a fit, and a fit that was loaded has none: fit the table again."
            )
        )
    count = len(problem.hypothesis.parameters)
    if not 1 <= count <= MOST_VARIABLES:
        raise ObjectiveError(
            message("a page shows hypotheses of one or two parameters, and this one has {n}.", n=count)
        )
    if fit.rows > MOST_ROWS:
        raise ObjectiveError(
            message("a page shows at most {most:,} rows, not {n:,}.", most=MOST_ROWS, n=fit.rows)
        )
    penalty = problem.objective.penalty
    if problem.objective.weights.size or penalty.l1 or penalty.l2 or problem.loss.formula is None:
        raise ObjectiveError(
            message("a page counts each row once, by a loss of one formula and without penalties.")
        )
    names = (problem.hypothesis.target, *problem.hypothesis.columns, *problem.hypothesis.parameters)
    if problem.hypothesis.categories or not all(name.isidentifier() for name in names):
        raise ObjectiveError(message("a page shows columns of numbers whose names are words."))
    return problem
