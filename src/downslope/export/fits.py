"""What a script of a fit has to tell besides: the table, the hypothesis and the cost."""

from __future__ import annotations

import csv
import os
import re
from typing import Any

import numpy as np

from downslope.errors import DataError, ObjectiveError
from downslope.export.fit_data import Column, FitData, Supplied
from downslope.export.script_model import LayeredRule, ScriptModel, ends_of, every_of
from downslope.fitting import FitResult
from downslope.fitting.categories import with_indicators
from downslope.fitting.cells import MISSING
from downslope.fitting.checks import drop_missing
from downslope.fitting.custom_gradient import CustomGradient
from downslope.fitting.frame import Frame
from downslope.fitting.levenberg_marquardt import TRACE
from downslope.fitting.preconditioning import PreconditionedObjective
from downslope.fitting.problem import FitProblem, Specification, make_problem
from downslope.fitting.rows import LinearRows
from downslope.fitting.standardising import standardised
from downslope.fitting.tables import as_frame
from downslope.language import parse
from downslope.language import tree as t
from downslope.messages import argument, listing, message, plural, sentences
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.curved.coordinate_descent import CoordinateDescent
from downslope.optimizers.curved.levenberg_marquardt import LevenbergMarquardt
from downslope.optimizers.curved.nelder_mead import NelderMead
from downslope.symbolic import lift

INLINE = 50  # rows of a table that is written into the script


def script_model_of_fit(
    fit: FitResult, table: Any = None, data: str | os.PathLike[str] | None = None
) -> ScriptModel:
    """The story of a fit.

    Args:
        fit: the fit.
        table: its table, where the fit was loaded.
        data: the CSV file that the script is to read, where the table is not from one.

    Raises:
        ObjectiveError: it was descended in a way that no plain script tells.
        DataError: the table is not at hand, or too long to be written into a script.
    """
    check_tellable(fit)
    problem = fit.problem if fit.problem is not None else _task(fit, table)
    if not _as_told(fit, problem):
        raise ObjectiveError(sentences(_CHOSEN, _NAME_IT))
    run = fit.run
    objective = problem.objective
    rows = objective.rows
    linear = rows if isinstance(rows, LinearRows) else None
    in_units = fit.coordinates == "standardised"
    shifted = (
        in_units and fit.path in ("moments", "qr") and linear is not None and linear.intercept is not None
    )
    hypothesis = problem.hypothesis
    formula = None if hypothesis.expression is None else hypothesis.tree
    supplied = _supplied(fit)
    file, separator = _file(problem.frame, data)
    if file is not None:
        _refuse_unusual(problem, file)
    weights, weights_name = _weights(problem)
    story = FitData(
        columns={name: problem.frame.numbers(name) for name in _columns(problem, supplied)},
        target=hypothesis.target,
        values=objective.y if linear is None or hypothesis.linear is None else _target(problem),
        labels=problem.classes if fit.model.loss.per_class else (),
        weights=weights,
        weights_name=weights_name,
        formula=formula,
        features=_features(problem),
        loss=fit.model.loss,
        l2=objective.penalty.l2,
        penalised=tuple(bool(m) for m in objective.penalty.mask),
        standardised=in_units,
        shifted=shifted,
        supplied=supplied,
        file=file,
        separator=separator,
        trace=TRACE if _by_least_squares(fit) else None,
        missing=tuple(MISSING) if file is not None and problem.frame.rows_dropped else (),
    )
    return ScriptModel(
        run=run,
        formula=t.Number(0.0),
        coordinates=objective.parameters.coordinates,
        supplied=None,
        method=LayeredRule.of(_rule(fit, problem)),
        ends=ends_of(run),
        every=every_of(run),
        table=story,
        unasked=fit.unasked,
    )


def _by_least_squares(fit: FitResult) -> bool:
    """Whether it was descended by the loop of least squares, which has tests of its own."""
    return fit.coordinates == "natural" and isinstance(fit.run.optimizer, LevenbergMarquardt)


def _rule(fit: FitResult, problem: FitProblem) -> Optimizer:
    """The optimizer of the run, with an l1 penalty where it takes that itself."""
    rule, penalty = fit.run.optimizer, problem.objective.penalty
    if isinstance(rule, CoordinateDescent) and penalty.l1:
        return rule.changed(thresholds=tuple((penalty.l1 * penalty.mask).tolist()))
    return rule


def _task(fit: FitResult, table: Any) -> FitProblem:
    """The task of a loaded fit, from its table."""
    if table is None:
        raise DataError(
            message(
                "the table is not in the saved fit: give it again, fit.export(..., table=...) or --data FILE."
            )
        )
    named = dict(_penalties(fit))
    weights = (fit.recorded or {}).get("weights")
    if weights is True:
        raise DataError(
            message("the weights of the rows are not in the saved fit, and were no column of the table.")
        )
    wanted = {*fit.model.hypothesis.sources, fit.model.hypothesis.target, *([weights] if weights else [])}
    frame = as_frame(table, wanted)
    missing = [name for name in sorted(wanted) if name not in frame.columns]
    if missing:
        raise DataError(
            message(
                "{origin} has no column '{missing}', which '{hypothesis}' needs. The columns are: {known}.",
                origin=frame.origin,
                missing=missing[0],
                hypothesis=fit.model.hypothesis.text,
                known=listing(frame.known[:20]),
            )
        )
    frame = with_indicators(frame, fit.model.hypothesis.categories)
    if fit.rows_dropped:
        frame = drop_missing(frame, sorted(wanted))
    if frame.rows != fit.rows:
        raise DataError(
            plural(
                "{origin} has {n:,} row without missing values, and the fit was made on {fitted:,}: give it the same"
                " table.",
                "{origin} has {n:,} rows without missing values, and the fit was made on {fitted:,}: give it the same"
                " table.",
                n=frame.rows,
                origin=frame.origin,
                fitted=fit.rows,
            )
            if fit.rows_dropped
            else plural(
                "{origin} has {n:,} row, and the fit was made on {fitted:,}: give it the same table.",
                "{origin} has {n:,} rows, and the fit was made on {fitted:,}: give it the same table.",
                n=frame.rows,
                origin=frame.origin,
                fitted=fit.rows,
            )
        )
    l2, l1 = named.get("l2", 0.0), named.get("l1", 0.0)
    asked = Specification(fit.model.hypothesis, fit.model.loss, weights, l2=l2, l1=l1)
    problem = make_problem(frame, asked)
    loss, _ = problem.objective.loss_and_gradient(fit.run.final)
    least = 1e-9 * abs(fit.run.history.value[0]) if len(fit.run.history) else 0.0
    if np.isfinite(fit.loss) and not np.isclose(loss, fit.loss, rtol=1e-6, atol=least):
        raise DataError(
            message(
                "{origin} is not the table of this fit: its loss there is {loss:.6g}, and was {before:.6g}.",
                origin=frame.origin,
                loss=loss,
                before=fit.loss,
            )
        )
    return problem


_NAME_IT = message(
    "Name a method when fitting, such as {optimizer} with {rate}, and export that fit.",
    optimizer=argument("optimizer", "adam"),
    rate=argument("learning_rate", 0.1),
)
_CHOSEN = message("this fit was descended in a way chosen by downslope, which no plain script goes.")


def check_tellable(fit: FitResult) -> None:
    """Raise ObjectiveError where a plain script cannot go the way of the fit; no table is needed for that."""
    loss, linear = fit.model.loss, fit.model.hypothesis.linear
    if fit.coordinates == "orthogonal":
        own = message("this fit was descended in orthogonal coordinates, chosen by downslope.")
        raise ObjectiveError(sentences(own, _NAME_IT))
    if fit.coordinates == "natural" and not _by_least_squares(fit):
        own = message("this fit was descended in coordinates renewed on the way, chosen by downslope.")
        raise ObjectiveError(sentences(own, _NAME_IT))
    if fit.path == "batches":
        raise ObjectiveError(
            message("a fit in mini-batches is not exported: a saved fit does not know their size and seed.")
        )
    if fit.coordinates == "standardised":
        cure = _NAME_IT
        if not fit.unasked:
            cure = message(
                "Fit it without {option}, and export that fit.", option=argument("standardize", True)
            )
        if loss.per_class:
            raise ObjectiveError(
                sentences(
                    message(
                        "scripts cannot standardise the features of a fit of several classes yet, as this one did."
                    ),
                    cure,
                )
            )
        if linear is not None and linear.offset is not None:
            raise ObjectiveError(
                sentences(
                    message(
                        "scripts cannot standardise the features of a hypothesis with a part that has no parameter"
                        " yet, as this fit did."
                    ),
                    cure,
                )
            )
    if dict(_penalties(fit)).get("l1") and not isinstance(fit.run.optimizer, CoordinateDescent):
        raise ObjectiveError(
            message("an l1 penalty is taken by proximal steps, which scripts do not have yet.")
        )
    if fit.problem is None and fit.run.objective.differentiation == "supplied":
        raise ObjectiveError(
            message("this fit descended a gradient that it was given, which a saved fit does not keep.")
        )
    armijo = fit.run.optimizer.to_dict() == {**as_optimizer("armijo").to_dict(), "initial_step": 1.0}
    if fit.coordinates == "standardised" and loss.root and armijo:  # whose square was descended
        raise ObjectiveError(sentences(_CHOSEN, _NAME_IT))


def _penalties(fit: FitResult) -> list[tuple[str, float]]:
    """(l1 or l2, its strength) of the cost."""
    found = re.findall(r" \+ (\S+)\*(l[12])", fit.run.objective.text)
    return [(called, float(strength)) for strength, called in found]


def _as_told(fit: FitResult, problem: FitProblem) -> bool:
    """Whether value and gradient norm of the start are those that the script will print."""
    h, objective = fit.run.history, problem.objective
    if not len(h):
        return False
    if isinstance(fit.run.objective, CustomGradient):
        value, gradient = fit.run.objective.value_and_gradient(fit.run.start)
    elif _by_least_squares(fit) or isinstance(fit.run.optimizer, NelderMead):  # whose norm is another
        return bool(np.isclose(objective.value(fit.run.start), h.value[0], rtol=1e-6))
    elif fit.coordinates == "standardised":
        centred, coordinates = standardised(objective)
        value, gradient = PreconditionedObjective(centred, coordinates).value_and_gradient(
            coordinates.from_user(fit.run.start)
        )
    else:
        value, gradient = objective.value_and_gradient(fit.run.start)
    norm = float(np.linalg.norm(gradient))
    near = np.allclose([value, norm], [h.value[0], h.gradient_norm[0]], rtol=1e-6, atol=1e-9 * abs(value))
    return bool(near)


def _features(problem: FitProblem) -> tuple[t.Node | None, ...]:
    linear = problem.hypothesis.linear
    if linear is None:
        return ()
    return tuple(
        None if f is None else t.Variable(f) if isinstance(f, str) else lift(f) for f in linear.features
    )


def _target(problem: FitProblem) -> Column:
    """The target's own numbers, nothing subtracted."""
    name = problem.hypothesis.target
    return problem.objective.y if problem.loss.classifies else problem.frame.numbers(name)


def _weights(problem: FitProblem) -> tuple[Column | None, str]:
    name = problem.weights_column
    return (problem.objective.weights if name else None), name if isinstance(name, str) else ""


def _supplied(fit: FitResult) -> dict[str, Supplied]:
    objective = fit.run.objective
    if not isinstance(objective, CustomGradient):
        return {}
    return {
        name: Supplied(parse(row, objective.parameters.coordinates).tree, mean)
        for name, (row, mean) in objective.rows_and_means.items()
    }


def _columns(problem: FitProblem, supplied: dict[str, Supplied]) -> list[str]:
    """The columns that the hypothesis or a derivative written by hand uses, in the order of the table."""
    named = {n.name for s in supplied.values() for n in t.walk(s.formula) if isinstance(n, t.Variable)}
    used = {*problem.hypothesis.columns, *named} - {problem.hypothesis.target}
    return [name for name in problem.frame.names if name in used]


def _file(frame: Frame, data: str | os.PathLike[str] | None) -> tuple[str | None, str]:
    """The CSV file that the script is to read (None where the table is short enough to be written into it)."""
    path = os.fspath(data) if data is not None else None
    if path is None:
        if frame.rows <= INLINE:
            return None, ","
        if len(frame.sources) != 1:
            raise DataError(
                message(
                    "the table has {rows:,} rows, too many to be written into a script, and did not come"
                    " from one file: save it as CSV and name that, fit.export(..., data='points.csv').",
                    rows=frame.rows,
                )
            )
        path = frame.sources[0].path
    if not path.lower().endswith((".csv", ".tsv", ".txt")):
        raise DataError(
            message(
                "scripts read tables of more than {most} rows from CSV, and {path} is none: save"
                " it as CSV and name that, fit.export(..., data='points.csv').",
                most=INLINE,
                path=path,
            )
        )
    return path, _separator(path)


def _refuse_unusual(problem: FitProblem, path: str) -> None:
    """Raise DataError where a script that reads the file plainly would read something else.

    What was fitted is what counts: columns that were read in a way of their own, and features made of categories.
    """
    hypothesis = problem.hypothesis
    odd = problem.frame.notes_on([*hypothesis.sources, hypothesis.target])
    if hypothesis.categories or odd:
        raise DataError(
            message(
                "a script reads {path} plainly, and this fit was made of what was found in it ({how}): save the columns"
                " {columns} as they were fitted, at most {most} rows of them or as CSV, and fit that.",
                path=path,
                how=odd[0] if odd else hypothesis.categories[0].note,
                columns=listing(hypothesis.columns[:20]),
                most=INLINE,
            )
        )


def _separator(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return csv.Sniffer().sniff(file.readline(), delimiters=",;\t|").delimiter
    except (OSError, csv.Error, UnicodeDecodeError):
        return "\t" if path.lower().endswith(".tsv") else ","
