"""The page of a fit: its rows, its hypothesis, and the cost surface on which its parameters are dragged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from downslope.errors import ObjectiveError, UsageError, nearest
from downslope.fitting.problem import FitProblem
from downslope.fitting.result import FitResult
from downslope.language.text import to_text
from downslope.language.tree import Node, as_node, substituted
from downslope.messages import listing, message, sentences
from downslope.optimizers import all_optimizers
from downslope.page.document import MOST_STEPS, MOST_VARIABLES, PageContent, document, method_of, steps_of
from downslope.page.evidence import scripts_of

MOST_ROWS = 1_000  # that the page goes through at every step while a parameter is dragged
SEARCHING = {
    "rule": "armijo",
    "hyperparameters": {},
}  # what descends any cost, where the fit's own way is none for a page


def page_of_fit(fit: FitResult, free: Sequence[str] | None = None) -> str:
    """The page on which the hypothesis is fitted again; see ``content_of_fit``."""
    return document(content_of_fit(fit, free))


def content_of_fit(fit: FitResult, free: Sequence[str] | None = None) -> PageContent:
    """What a page has of a fit, made again by the same rule, where it was descended in its own parameters.

    Of a fit with more than two parameters those in ``free`` are descended, by default the first two; the others stand
    in the hypothesis as the numbers that were found.

    Raises:
        ObjectiveError: it has more parameters or rows than a page shows, or another cost.
    """
    problem = check_fit(fit)
    run = fit.run
    hypothesis, penalty = problem.hypothesis, problem.objective.penalty
    names = _free(hypothesis.parameters, free)
    found = dict(zip(hypothesis.parameters, map(float, run.final), strict=True))
    held = {name: value for name, value in found.items() if name not in names}
    own = type(run.optimizer) in all_optimizers()
    same = own and not held and fit.coordinates == "user" and fit.path != "batches"
    columns = {name: problem.frame.numbers(name).tolist() for name in hypothesis.columns}
    columns[hypothesis.target] = problem.objective.y.tolist()
    setting: dict[str, Any] = {
        "formula": f"{hypothesis.target} = {to_text(substituted(hypothesis.tree, _as_nodes(held)))}",
        "table": {"columns": columns, "loss": problem.loss.name, "number": problem.loss.shape}
        | ({"weights": problem.objective.weights.tolist()} if problem.objective.weights.size else {})
        | ({"l2": penalty.l2} if penalty.l2 else {})
        | ({"l1": penalty.l1} if penalty.l1 else {})
        | ({"penalised": _penalised(problem, names)} if penalty.l1 or penalty.l2 else {}),
        "start": {
            name: float(value)
            for name, value in zip(hypothesis.parameters, run.start, strict=True)
            if name in names
        },
        "methods": [method_of(run) if own else SEARCHING],
        "steps": min(MOST_STEPS, steps_of([run])),
        "tolerance": (run.stopping.with_defaults().tolerance or 0) if same else 0,
        "maximize": False,
    }
    return PageContent(setting, [run] if same else [], scripts_of(fit), _said_of_held(held) if held else None)


def _free(parameters: Sequence[str], free: Sequence[str] | None) -> tuple[str, ...]:
    """The parameters that are descended on the page."""
    chosen = tuple(
        parameters[:MOST_VARIABLES] if free is None else (free,) if isinstance(free, str) else free
    )
    for name in chosen:
        if name not in parameters:
            said = message("there is no parameter {name!r:.60}.", name=name)
            raise UsageError(sentences(said, nearest(name, parameters)))
    if not 1 <= len(set(chosen)) == len(chosen) <= MOST_VARIABLES:
        raise UsageError(message("a page descends one or two parameters, and these are {n}.", n=len(chosen)))
    return tuple(name for name in parameters if name in chosen)


def _as_nodes(held: Mapping[str, float]) -> dict[str, Node]:
    return {name: as_node(value) for name, value in held.items()}


def _penalised(problem: FitProblem, names: Sequence[str]) -> list[str]:
    mask = dict(zip(problem.hypothesis.parameters, problem.objective.penalty.mask, strict=True))
    return [name for name in names if mask[name]]


def _said_of_held(held: Mapping[str, float]) -> str:
    """What a reader of the page has to know of parameters that are not descended there."""
    values = listing([f"{name} = {value:.6g}" for name, value in held.items()])
    return str(
        message(
            "The page descends some of the parameters of this fit. The others are held at what it found: {values}.",
            values=values,
        )
    )


def check_fit(fit: FitResult) -> FitProblem:
    """What a fit is of; raises what ``content_of_fit`` raises."""
    problem = fit.problem
    if problem is None:
        raise ObjectiveError(
            message(
                "a page shows the rows of a fit, and a fit that was loaded has none: fit the table again."
            )
        )
    if fit.rows > MOST_ROWS:
        raise ObjectiveError(
            message("a page shows at most {most:,} rows, not {n:,}.", most=MOST_ROWS, n=fit.rows)
        )
    if problem.loss.formula is None:
        raise ObjectiveError(message("a page has losses of one formula."))
    names = (problem.hypothesis.target, *problem.hypothesis.columns, *problem.hypothesis.parameters)
    if problem.hypothesis.categories or not all(name.isidentifier() for name in names):
        raise ObjectiveError(message("a page shows columns of numbers whose names are words."))
    return problem
