"""``fit``: a table, a hypothesis and a loss."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, Unpack

import numpy as np

from downslope.descent import Progress, Run, Stopping
from downslope.descent.descend import Watch
from downslope.descent.progress import Step
from downslope.errors import StartError, UsageError, nearest
from downslope.fit import batches, findings, supplied
from downslope.fit.explanation import sentence
from downslope.fit.frame import listed
from downslope.fit.hypothesis import Hypothesis, linear_model, read_hypothesis
from downslope.fit.losses import Loss, as_loss
from downslope.fit.model import Model
from downslope.fit.plan import PATHS, Outcome, Path, Plan, carried_out
from downslope.fit.result import Fit
from downslope.fit.rows import Array
from downslope.fit.tables import as_frame
from downslope.fit.task import Task, make_task
from downslope.objectives import parse_start
from downslope.objectives.start import draw
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.schedule_text import as_schedule
from downslope.optimizers.wrappers.scheduled import with_schedule

_NAMED = ("target", "features", "loss", "start", "optimizer", "learning_rate", "steps")  # of ``fit``
JUDGED = 10_000_000  # rows times squared parameters up to which the point reached is judged
CHEAP = 1_000_000  # and up to which that takes some 10 ms
MOST_NAMED = 12  # parameters spelt out in the example of a start


class FitOptions(TypedDict, total=False):
    """The keyword arguments of ``fit`` beyond the common ones."""

    tolerance: float
    evaluations: int
    time_limit: float
    relative_tolerance: float
    value_tolerance: float
    x_tolerance: float
    target_loss: float
    weights: str | Sequence[float]
    l2: float
    l1: float
    standardize: bool
    batch_size: int
    epochs: int
    drop_missing: bool
    path: Path
    gradient: str | Mapping[str, str]
    every: int
    seed: int
    callback: Callable[[Step], Any]
    progress: Callable[[Progress], None]
    hyperparameters: dict[str, Any]
    schedule: Any


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
            ``downslope.fit.tables.as_frame``.
        hypothesis: ``"y ~ a*x + b"``, or any other formula on the right. Instead, ``target`` (and ``features``) say
            which columns a linear model with an intercept is made of.
        loss: mse, rmse, mae, huber, log_cosh, quantile, log_loss, softmax or poisson; huber(1.5) and quantile(0.9)
            carry a number; log_loss, softmax and poisson apply sigmoid, softmax and exp to the hypothesis themselves.
            See ``downslope.fit.losses``.
        start: a dict, text (``"a=1,b=1"``) or a sequence in the order of the parameters. By default zeros, for a
            hypothesis that is linear in its parameters; any other needs a start.
        optimizer, learning_rate: as for ``minimize``. Without either, or with ``"auto"``, coordinates are chosen in
            which the cost is nearly round, and descended with step sizes found on the way; the notes say which.
        steps: most steps.
        tolerance, evaluations, time_limit, relative_tolerance, value_tolerance, x_tolerance, target_loss: see
            ``Stopping``; tolerances are judged in the coordinates that are descended in.
        weights: a column, or one number >= 0 for each row.
        l2, l1: penalties ``l2*sum(p^2) + l1*sum(abs(p))`` on the parameters in the user's units, not on an intercept;
            l1 is taken exactly, by proximal steps.
        standardize: descend with the features standardised; the answer is the same, in the user's units.
        batch_size, epochs: mini-batches of so many rows, and how many times through the table. Without a batch size,
            an epoch is a step.
        drop_missing: leave out rows with missing values (they are counted) instead of refusing them.
        path: "auto", or "moments", "qr", "kernel" or "formula" to insist on one way of reading the data.
        gradient: a hand-written gradient of the cost, ``"sum((W*x - y)*x)"`` or a dict of such, descended in place
            of the true one and checked against it.
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
            raise UsageError(f"there is no option '{name}'. {hint}".rstrip())
    if hypothesis is not None and not isinstance(hypothesis, str):
        raise UsageError(_no_text(hypothesis))
    path = options.get("path", "auto")
    if path not in PATHS:
        raise UsageError(f"path is {path!r}; it can be {', '.join(PATHS)}.")
    frame = as_frame(table, _wanted(hypothesis, target, features, options.get("weights")))
    task = make_task(
        frame,
        _hypothesis(frame, hypothesis, target, features),
        as_loss(loss),
        weights=options.get("weights"),
        l2=options.get("l2", 0.0),
        l1=options.get("l1", 0.0),
        drop_missing=options.get("drop_missing", False),
        as_formula=path == "formula",
    )
    x = _start(task, start, options.get("seed"))
    plan = _plan(optimizer, learning_rate, steps, options)
    return finished(task, _descended(task, x, plan, options), x)


def _no_text(hypothesis: Any) -> str:
    """What to say of a hypothesis that is no text."""
    if callable(hypothesis):
        return (
            "the hypothesis is a function, and it must be a formula as text, such as 'y ~ a*x + b'; a cost that is a"
            " function of yours is descended by minimize."
        )
    what = f"the hypothesis is a {type(hypothesis).__name__}, and it must be a formula as text, such as 'y ~ a*x + b'"
    if hasattr(hypothesis, "__len__"):
        return f"{what}. Inputs and a target go together, as one pair: fit((X, y))."
    return f"{what}."


def _wanted(hypothesis: str | None, target: str | None, features: Any, weights: Any) -> set[str] | None:
    """Every name that could be a column in use; None for all."""
    if hypothesis is None and (target is None or features is None):
        return None
    left, _, right = (hypothesis or "").partition("~")
    names = {left.strip(), *re.findall(r"[^\W\d]\w*", right)}
    if isinstance(features, str):
        features = [name.strip() for name in features.split(",")]
    return names | {target or ""} | set(features or ()) | ({weights} if isinstance(weights, str) else set())


def _hypothesis(frame: Any, text: str | None, target: str | None, features: Any) -> Hypothesis:
    if isinstance(features, str):
        features = [name.strip() for name in features.split(",")]
    if text is not None:
        if target is not None or features is not None:
            raise UsageError(
                "give either a hypothesis or a target (with features), not both: the hypothesis names its target."
            )
        return read_hypothesis(text, frame)
    if target is None:
        if "y" in frame.columns and frame.bases and features is None:
            target = "y"
        else:
            raise UsageError(
                "say what to fit: a hypothesis such as 'y ~ a*x + b', or which column is the target, target='y'"
                f" (--target y). The columns are: {listed(frame.names)}."
            )
    return linear_model(target, features, frame)


def _start(task: Task, start: Any, seed: int | None) -> Array:
    """The start as one vector; zeros where none is given and zero is a sensible place."""
    parameters = task.objective.parameters
    names = ", ".join(parameters.names)
    columns = listed(task.frame.known)
    if start is None:
        if task.hypothesis.linear is None:
            example = ",".join(f"{name}=1" for name in parameters.names[:MOST_NAMED])
            example += ",..." if len(parameters.names) > MOST_NAMED else ""
            notes = "".join(
                f" {sentence(note)}" for note in (*task.hypothesis.notes, *task.hypothesis.doubts)
            )
            raise StartError(
                f"'{task.hypothesis.text}' is not linear in its parameters and needs a start for {names}, such as"
                f" start='{example}' (--start {example}). The columns are: {columns}.{notes}"
            )
        return np.zeros(parameters.size)
    given = draw(parse_start(start) if isinstance(start, str) else start, seed)
    if isinstance(given, Mapping):
        clash = [name for name in given if name in task.frame.columns and name not in parameters.names]
        if clash:
            raise StartError(
                f"the start names {listed(clash)}, which the table has as a column. Parameters: {names};"
                f" columns: {columns}."
            )
        shapes = dict(zip(parameters.names, parameters.shapes, strict=True))
        given = {
            name: np.full(shapes[name], value)
            if name in shapes and shapes[name] and np.ndim(value) == 0
            else value
            for name, value in given.items()
        }
    return np.asarray(parameters.flatten(given), np.float64)


def _plan(optimizer: Any, learning_rate: float | None, steps: int | None, options: FitOptions) -> Plan:
    epochs = options.get("epochs")
    if epochs is not None:
        if steps is not None:
            raise UsageError(
                "give steps or epochs, not both: in mini-batches a step is an epoch, without them an epoch is a step."
            )
        steps = epochs
    chosen: Optimizer | None = None
    auto = isinstance(optimizer, str) and optimizer.strip().lower() == "auto"
    hyperparameters, schedule = options.get("hyperparameters") or {}, options.get("schedule")
    if learning_rate is not None or hyperparameters or not (optimizer is None or auto):
        chosen = as_optimizer(None if auto else optimizer, learning_rate, **hyperparameters)
    if schedule is not None:
        if chosen is None:
            raise UsageError("a schedule multiplies the learning rate, and there is none: give one.")
        chosen = with_schedule(chosen, as_schedule(schedule))
    stopping = Stopping(
        steps=steps,
        tolerance=options.get("tolerance"),
        evaluations=options.get("evaluations"),
        seconds=options.get("time_limit"),
        relative_tolerance=options.get("relative_tolerance"),
        value_tolerance=options.get("value_tolerance"),
        x_tolerance=options.get("x_tolerance"),
        target=options.get("target_loss"),
    )
    watch = Watch(callback=options.get("callback"), progress=options.get("progress"))
    return Plan(
        chosen, options.get("standardize"), stopping, options.get("path", "auto"), options.get("every"), watch
    )


def _descended(task: Task, start: Array, plan: Plan, options: FitOptions) -> Outcome:
    gradient, batch = options.get("gradient"), options.get("batch_size")
    if batch is not None:
        if gradient is not None or plan.path not in ("auto", "formula"):
            raise UsageError("batch_size goes neither with gradient= nor with a path.")
        return batches.carried_out(
            task, start, plan, batch, options.get("epochs"), options.get("seed", 0) or 0
        )
    if gradient is not None:
        return supplied.carried_out(task, start, plan, gradient)
    return carried_out(task, start, plan)


def finished(task: Task, outcome: Outcome, start: Array) -> Fit:
    """One true pass over the rows at the point reached, a look at what kind of point it is, and the findings."""
    run, objective = _begun_at(outcome.run, start), task.objective
    run = replace(run, verdict=replace(run.verdict, message=_counted_aright(outcome, run)))
    exact = outcome.square is None and not objective.penalty.l1 and not objective.penalty.l2
    loss = run.fun if exact and len(run.history) else objective.data_value(run.final)
    numbers = objective.rows.count * objective.parameters.size**2
    if task.hypothesis.linear is None and numbers <= JUDGED:
        from downslope.explain.point import judged

        succeeded = run.success
        run = judged(run, cheap=numbers <= CHEAP)  # a short run's time is that of compiling the hypothesis
        if succeeded and not run.success:
            message = f"{run.verdict.message} Begin elsewhere: give another start (start=, --start)."
            run = replace(run, verdict=replace(run.verdict, message=message))
    found, grave = findings.about(task, outcome, loss)
    notes = (*task.notes, *outcome.notes, *found)
    warnings = (*task.warnings, *outcome.warnings, *grave)
    objective.notes = (*notes, *warnings)
    model = Model(
        replace(task.hypothesis),
        task.loss,
        task.classes,
        objective.parameters,
        run.final,
        tuple(name for name in task.frame.names if name != task.hypothesis.target),
    )
    return Fit(
        model,
        run,
        loss,
        outcome.path,
        outcome.coordinates,
        (*notes, *warnings),
        task.frame.rows,
        task.frame.rows_dropped,
        task,
        outcome.square,
        warnings=warnings,
    )


def _begun_at(run: Run, start: Array) -> Run:
    """The run with its start as it was given, without the rounding of the way into other coordinates and back."""
    x = run.history.x.copy()
    if len(x) and run.history.step[0] == 0:
        x[0] = start
    return replace(run, start=start.copy(), history=replace(run.history, x=x))


def _counted_aright(outcome: Outcome, run: Run) -> str:
    """The message with the steps of the whole fit: to the engine an epoch is a step, and a round begins anew."""
    if outcome.path == "batches":
        return re.sub(r"\bstep(s?)\b", r"epoch\1", run.message)
    if outcome.coordinates == "natural":
        counted = f"after {run.nit} step{'' if run.nit == 1 else 's'}"
        return re.sub(
            r"\bafter \d+ steps?\b", counted, re.sub(r"\bat step \d+", f"at step {run.nit}", run.message)
        )
    return run.message
