"""``fit``: a table, a hypothesis and a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Unpack

import numpy as np

from downslope.api.asked_hypothesis import (
    MOST_LISTED,
    MOST_NAMED,
    Wish,
    hypothesis_of,
    spelt_as_in,
    wanted_columns,
    why_no_text,
)
from downslope.api.options import RunOptions, callbacks_of
from downslope.descent import Stopping
from downslope.errors import StartError, UsageError, nearest
from downslope.explain.linear import without_memory
from downslope.fitting import batches, custom_gradient
from downslope.fitting.finalize import finalize
from downslope.fitting.frame import Frame
from downslope.fitting.holdout import SplitTable, scores, split
from downslope.fitting.hypothesis import Hypothesis
from downslope.fitting.losses import Loss, as_loss
from downslope.fitting.outcome import PATHS, FitOutcome, FitPlan, Path
from downslope.fitting.pages import Pages
from downslope.fitting.problem import FitProblem, Specification, make_problem
from downslope.fitting.rows import Array
from downslope.fitting.strategies import fit_full_batch
from downslope.fitting.streamed import pages_to_stream, streamed_problem
from downslope.fitting.streaming_pass import PagedTable
from downslope.fitting.suggested_starts import suggested_starts
from downslope.fitting.tables import as_frame
from downslope.fitting.text_format import ReadingOptions, TextFormat
from downslope.messages import argument, listing, message, sentences
from downslope.objectives import parse_start
from downslope.objectives.start import draw
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.registry import is_auto, with_schedule
from downslope.optimizers.schedule_text import as_schedule
from downslope.results.fit import Fit, as_fit

_NAMED = ("target", "features", "loss", "start", "optimizer", "learning_rate", "steps")  # of ``fit``


class FitOptions(RunOptions, ReadingOptions, total=False):
    """The keyword arguments of ``fit`` beyond the common ones."""

    tolerance: float
    target_loss: float
    weights: str | Sequence[float]
    l2: float
    l1: float
    categories: str | Sequence[str]
    standardize: bool
    batch_size: int
    epochs: int
    drop_missing: bool
    holdout: float
    path: Path
    stream: bool | Literal["auto"]


def fit(
    table: Any,
    hypothesis: str | None = None,
    *,
    target: str | None = None,
    features: Sequence[str] | str | None = None,
    loss: str | Loss = "mse",
    start: Any = None,
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    **options: Unpack[FitOptions],
) -> Fit:
    """Fit a hypothesis to a table by gradient descent.

    Names in the hypothesis that are columns are data; the others are the parameters to be found.

    Args:
        table: a path or a list of paths, a dict of columns, arrays ``(X, y)``, a data frame; see
            ``downslope.fitting.tables.as_frame``.
        hypothesis: ``"y ~ a*x + b"``, or any other formula on the right. Instead, ``target`` (and ``features``) say
            which columns a linear model with an intercept is made of.
        loss: mse, rmse, mae, huber, log_cosh, quantile, log_loss, softmax or poisson; huber(1.5) and quantile(0.9)
            carry a number; log_loss, softmax and poisson apply sigmoid, softmax and exp to the hypothesis themselves.
            See ``downslope.fitting.losses``.
        start: a dict, text (``"a=1,b=1"``) or a sequence in the order of the parameters. By default zeros, for a
            hypothesis that is linear in its parameters; for any other what its form and the table suggest, where
            the form is one that people fit (exponentials, saturation, peaks, logistic curves, powers, waves,
            fractions): the notes say where it began. Where it is none of these, it needs a start.
        optimizer, learning_rate: as for ``minimize``. Without either, or with ``"auto"``, coordinates are chosen in
            which the cost is nearly round, and descended with step sizes found on the way; the notes say which.
        steps: most steps.
        tolerance, evaluations, time_limit, relative_tolerance, value_tolerance, x_tolerance, target_loss: see
            ``Stopping``; tolerances are judged in the coordinates that are descended in.
        weights: a column, or one number >= 0 for each row.
        categories: features that are numbers and count by their categories all the same, such as codes; features of
            words always do. Each category but the first is a feature of its own, 1 or 0: ``city[Uri]``.
        l2, l1: penalties ``l2*sum(p^2) + l1*sum(abs(p))`` on the parameters in the user's units, not on an intercept;
            l1 is taken exactly, by proximal steps.
        standardize: descend with the features standardised; the answer is the same, in the user's units.
        batch_size, epochs: mini-batches of so many rows, and how many times through the table. Without a batch size,
            an epoch is a step.
        drop_missing: leave out rows with missing values (they are counted) instead of refusing them.
        holdout: a part of the rows, such as 0.2, that is drawn (by ``seed``) and not fitted; ``Fit.holdout`` says how
            good the fit is on them.
        path: "auto", or "moments", "qr", "kernel" or "formula" to insist on one way of reading the data.
        gradient: a hand-written gradient of the cost, ``"sum((W*x - y)*x)"`` or a dict of such, descended in place
            of the true one and checked against it.
        stream: whether files are read page by page at every pass, in little memory, instead of once into memory: True,
            False, or "auto": where the table would take more than half of the free memory. Standard input streams
            only with True, and then for squared losses of linear hypotheses, for which one reading is enough.
        decimal, thousands, skip_rows, na_values, encoding: how text files are to be read, where that is not found out
            rightly: the sign before decimals ("," or "."), the sign between groups of three digits, how many lines
            stand before the names of the columns, words for a missing value, and the encoding ("cp949").
        every, seed, callback, progress, hyperparameters, schedule: as for ``minimize``; in mini-batches a schedule
            counts batches.

    Returns:
        The ``Fit``: ``x``, ``loss``, ``r2``, ``accuracy``, ``standard_errors``, ``predict``, ``residuals``,
        ``history``, ``run``, ``notes``, ``explain``, ``plot``, ``save``.

    Raises:
        DataError: the table cannot be read, or holds what cannot be fitted; column, row and value are named.
        ExpressionError, UsageError, StartError, UnknownNameError: what was asked makes no sense.

    >>> import downslope as ds
    >>> ds.fit({"x": [1, 2, 3], "y": [1, 2, 3]}, "y ~ W*x", learning_rate=0.15, steps=2).history["W"].round(6)
    array([0.  , 1.4 , 0.84])
    """
    for name in options:
        if name not in FitOptions.__annotations__:
            hint = nearest(name, (*FitOptions.__annotations__, *_NAMED))
            raise UsageError(sentences(message("there is no option '{name}'.", name=name), hint))
    if hypothesis is not None and not isinstance(hypothesis, str):
        raise UsageError(why_no_text(hypothesis))
    path = options.get("path", "auto")
    if path not in PATHS:
        raise UsageError(message("path is {path!r}; it can be {paths}.", path=path, paths=listing(PATHS)))
    if isinstance(features, str):
        features = [name.strip() for name in features.split(",")]
    start = parse_start(start) if isinstance(start, str) else start
    wanted = wanted_columns(hypothesis, target, features, options.get("weights"))
    reading = TextFormat.from_options(options)
    pages = pages_to_stream(table, wanted, options.get("stream", "auto"), reading)
    frame = as_frame(table, wanted, reading) if pages is None else pages.first()
    target, features = spelt_as_in(target, frame), spelt_as_in(features, frame)
    options["weights"] = spelt_as_in(options.get("weights"), frame)
    named = options.get("categories")
    named = [name.strip() for name in named.split(",")] if isinstance(named, str) else named
    wish = Wish(hypothesis, target, features, spelt_as_in(named, frame), start)
    asked = _asked(hypothesis_of(frame, wish, pages), as_loss(loss), options)
    held = _held_out(frame, asked, pages, options)
    if held is not None:
        problem = make_problem(held.seen, held.asked)
    elif pages is None:
        problem = make_problem(frame, asked)
    elif options.get("gradient") is None:
        problem = streamed_problem(PagedTable(pages, asked))
    else:
        raise UsageError(
            message(
                "a gradient of your own goes over a table in memory; this one is read page by page ({stream}"
                " reads it whole).",
                stream=argument("stream", False),
            )
        )
    x = _start(problem, start, options.get("seed"))
    plan = replace(_plan(optimizer, learning_rate, steps, options), suggested=start is None)
    outcome = _descended(problem, x, plan, options)
    if plan.optimizer is not None and (told := without_memory(plan.optimizer)):
        outcome = replace(outcome, notes=(*outcome.notes, told))
    result = finalize(problem, outcome, x)
    return as_fit(result if held is None else replace(result, holdout=scores(result.model, held)))


def _held_out(
    frame: Frame, asked: Specification, pages: Pages | None, options: FitOptions
) -> SplitTable | None:
    """The table in the rows that are fitted and those that are held out; None where none are."""
    part = options.get("holdout")
    if part is None:
        return None
    if pages is not None:
        raise UsageError(
            message(
                "{holdout} draws rows from a table in memory; this one is read page by page ({stream} reads it whole).",
                holdout=argument("holdout"),
                stream=argument("stream", False),
            )
        )
    return split(frame, asked, part, options.get("seed") or 0)


def _asked(hypothesis: Hypothesis, loss: Loss, options: FitOptions) -> Specification:
    return Specification(
        hypothesis,
        loss,
        options.get("weights"),
        l2=options.get("l2", 0.0),
        l1=options.get("l1", 0.0),
        drop_missing=options.get("drop_missing", False),
        as_formula=options.get("path") == "formula",
    )


def _start(problem: FitProblem, start: Any, seed: int | None) -> Array:
    """The start as one vector; where none is given, zeros for what is linear, else what the formula suggests."""
    parameters = problem.objective.parameters
    names = listing(parameters.names)
    columns = listing(problem.frame.known, most=MOST_LISTED)
    if start is None:
        if problem.hypothesis.linear is None and not problem.hypothesis.doubts:
            suggested = suggested_starts(problem.objective.block, 1)
            if suggested:
                return suggested[0]
        if problem.hypothesis.linear is None:
            example = ",".join(f"{name}=1" for name in parameters.names[:MOST_NAMED])
            example += ",..." if len(parameters.names) > MOST_NAMED else ""
            needed = message(
                "'{hypothesis}' is not linear in its parameters and needs a start for {names}, such as"
                " {start}. The columns are: {columns}.",
                hypothesis=problem.hypothesis.text,
                names=names,
                start=argument("start", example),
                columns=columns,
            )
            told = (*problem.hypothesis.notes, *problem.hypothesis.doubts)
            raise StartError(sentences(needed, *told))
        return np.zeros(parameters.size)
    given = draw(start, seed)
    if isinstance(given, Mapping):
        clash = [name for name in given if name in problem.frame.columns and name not in parameters.names]
        if clash:
            raise StartError(
                message(
                    "the start names {clash}, which the table has as a column. Parameters: {names};"
                    " columns: {columns}.",
                    clash=listing(clash, most=MOST_LISTED),
                    names=names,
                    columns=columns,
                )
            )
        shapes = dict(zip(parameters.names, parameters.shapes, strict=True))
        given = {
            name: np.full(shapes[name], value)
            if name in shapes and shapes[name] and np.ndim(value) == 0
            else value
            for name, value in given.items()
        }
    return np.asarray(parameters.flatten(given), np.float64)


def _plan(optimizer: Any, learning_rate: float | None, steps: int | None, options: FitOptions) -> FitPlan:
    epochs = options.get("epochs")
    if epochs is not None:
        if steps is not None:
            raise UsageError(
                message(
                    "give steps or epochs, not both: in mini-batches a step is an epoch, without them an"
                    " epoch is a step."
                )
            )
        steps = epochs
    chosen: Optimizer | None = None
    auto = is_auto(optimizer)
    hyperparameters, schedule = options.get("hyperparameters") or {}, options.get("schedule")
    if learning_rate is not None or hyperparameters or not (optimizer is None or auto):
        chosen = as_optimizer(None if auto else optimizer, learning_rate, **hyperparameters)
    if schedule is not None:
        if chosen is None:
            raise UsageError(message("a schedule multiplies the learning rate, and there is none: give one."))
        chosen = with_schedule(chosen, as_schedule(schedule))
    return FitPlan(
        chosen,
        options.get("standardize"),
        Stopping.from_options({**options, "steps": steps}, target="target_loss"),
        options.get("path", "auto"),
        options.get("every"),
        callbacks_of(options),
    )


def _descended(problem: FitProblem, start: Array, plan: FitPlan, options: FitOptions) -> FitOutcome:
    gradient, batch = options.get("gradient"), options.get("batch_size")
    if batch is not None:
        if gradient is not None or plan.path not in ("auto", "formula"):
            raise UsageError(
                message(
                    "{batch_size} goes neither with {gradient} nor with a path.",
                    batch_size=argument("batch_size"),
                    gradient=argument("gradient"),
                )
            )
        asked = batches.MiniBatches(batch, options.get("epochs"), options.get("seed", 0) or 0)
        return batches.fit_in_batches(problem, start, plan, asked)
    if gradient is not None:
        return custom_gradient.fit_with_custom_gradient(problem, start, plan, gradient)
    return fit_full_batch(problem, start, plan)
