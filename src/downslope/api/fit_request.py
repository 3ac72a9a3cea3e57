"""What ``fit`` was asked for, put together with the table: the problem, the start and the plan; and as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

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
from downslope.api.asked_names import check_switches, name_of, names_of
from downslope.api.database_request import in_database, refuse_what_needs_rows
from downslope.api.options import CheckpointOptions, RunOptions, callbacks_of
from downslope.descent import Stopping
from downslope.errors import StartError, UsageError
from downslope.fitting.batches import MiniBatches
from downslope.fitting.database import StaysInDatabase
from downslope.fitting.frame import Frame
from downslope.fitting.holdout import SplitPages, SplitTable, split, split_pages
from downslope.fitting.hypothesis import Hypothesis
from downslope.fitting.losses import Loss, as_loss
from downslope.fitting.outcome import PATHS, FitPlan, Path
from downslope.fitting.paged_table import PagedTable
from downslope.fitting.pages import Pages
from downslope.fitting.partitions.choosing import EngineOptions
from downslope.fitting.partitions.engine import InProcess, PartitionEngine
from downslope.fitting.problem import FitProblem, Specification, make_problem
from downslope.fitting.rows import Array
from downslope.fitting.state import FitState
from downslope.fitting.streamed import pages_to_stream, streamed_problem
from downslope.fitting.suggested_starts import suggested_starts
from downslope.fitting.tables import as_frame, paths_of
from downslope.fitting.text_format import READING, ReadingOptions, TextFormat
from downslope.messages import argument, listing, message, sentences
from downslope.objectives import parse_start
from downslope.objectives.start import draw
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.registry import is_auto, with_schedule
from downslope.optimizers.schedule_text import as_schedule

if TYPE_CHECKING:
    from downslope.fitting.database.table import DatabaseTable


class FitOptions(RunOptions, ReadingOptions, CheckpointOptions, EngineOptions, total=False):
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


class FitArguments(FitOptions, total=False):
    """All keyword arguments of ``fit``."""

    hypothesis: str | None
    target: str | None
    features: Any
    loss: str | Loss
    start: Any
    optimizer: Any
    learning_rate: float | None
    steps: int | None


# What is kept as it was given; the rest is kept as it was understood.
_AS_GIVEN = (
    *("weights", "l2", "l1", "drop_missing", "holdout", "path", "gradient", "batch_size", "epochs", "steps"),
    *("standardize", "every", "seed", "evaluations", "time_limit", "tolerance", "relative_tolerance"),
    *("value_tolerance", "x_tolerance", "target_loss", *READING, "engine", "workers", "address"),
    "partition_seconds",
)


def put_together(table: Any, asked: FitArguments, engine: PartitionEngine | None = None) -> FitState:
    """The fit that is asked for, which has not begun.

    Args:
        table, asked: see ``fit``.
        engine: works on the partitions of a table in files; by default this process.

    Raises:
        DataError: the table cannot be read, or holds what cannot be fitted; column, row and value are named.
        ExpressionError, UsageError, StartError, UnknownNameError: what was asked makes no sense.
    """
    hypothesis, target = asked.get("hypothesis"), name_of("target", asked.get("target"))
    features, named = (
        names_of("features", asked.get("features")),
        names_of("categories", asked.get("categories")),
    )
    check_switches(asked)
    if hypothesis is not None and not isinstance(hypothesis, str):
        raise UsageError(why_no_text(hypothesis))
    path = asked.get("path", "auto")
    if not isinstance(path, str) or path not in PATHS:
        raise UsageError(message("path is {path!r}; it can be {paths}.", path=path, paths=listing(PATHS)))
    start = asked.get("start")
    start = parse_start(start) if isinstance(start, str) else start
    if isinstance(number := asked.get("weights"), int | np.integer):  # a column's name in pandas
        asked["weights"] = name_of("weights", number) or ""
    wanted = wanted_columns(hypothesis, target, features, asked.get("weights"))
    reading, stream = TextFormat.from_options(asked), asked.get("stream", "auto")
    engine = engine or InProcess()
    database = in_database(table)
    if not isinstance(engine, InProcess):
        check_for_engine(table, asked)
        stream = True
    if database is not None:
        refuse_what_needs_rows(asked, database.origin)
        pages, frame = None, database.first(wanted)
    else:
        pages = pages_to_stream(table, wanted, stream, reading)
        if pages is None:
            frame = as_frame(table, wanted, reading)
        else:
            frame = pages.first() if isinstance(engine, InProcess) else pages.look()
    target, features = spelt_as_in(target, frame), spelt_as_in(features, frame)
    asked["weights"] = spelt_as_in(asked.get("weights"), frame)
    weights = asked["weights"] if isinstance(asked["weights"], str) else None
    wish = Wish(hypothesis, target, features, spelt_as_in(named, frame), start, weights)
    specified = _specified(
        hypothesis_of(frame, wish, database or pages), as_loss(asked.get("loss", "mse")), asked
    )
    paged = None if pages is None else (pages, engine)
    if pages is not None:
        frame = frame.a_row()  # the others are read again, and need not stay meanwhile
    problem, held = _problem(frame, specified, database or paged, asked)
    x = _start(problem, start, asked.get("seed"))
    plan = _plan(asked, suggested=start is None)
    return FitState(
        problem=problem,
        plan=plan,
        start=x,
        batches=_batches(plan, asked),
        gradient=asked.get("gradient"),
        split=held,
        asked={
            **_plain(asked),
            **{
                "hypothesis": hypothesis,
                "target": target,
                "features": features,
                "categories": wish.categories,
            },
            "loss": str(problem.loss),
            "start": None if start is None else _plain_start(problem, x),
            "stream": pages is not None,
        },
    )


def _plain(asked: FitArguments) -> dict[str, Any]:
    """The arguments that are kept as they were given; of weights that are no column only that there are some."""
    given: Mapping[str, Any] = asked
    kept = {name: given[name] for name in _AS_GIVEN if given.get(name) is not None}
    if "weights" in kept and not isinstance(kept["weights"], str):
        kept["weights"] = True
    if isinstance(kept.get("gradient"), Mapping):
        kept["gradient"] = {str(name): str(formula) for name, formula in kept["gradient"].items()}
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in kept.items()}


def _plain_start(problem: FitProblem, x: Array) -> dict[str, Any]:
    """Parameter -> where it begins."""
    values = problem.objective.present(x)
    return {name: np.asarray(value).tolist() for name, value in values.items()}


def _batches(plan: FitPlan, asked: FitArguments) -> MiniBatches | None:
    """What was asked about mini-batches; None without them."""
    size = asked.get("batch_size")
    if size is None:
        return None
    if asked.get("gradient") is not None or plan.path not in ("auto", "formula"):
        raise UsageError(
            message(
                "{batch_size} goes neither with {gradient} nor with a path.",
                batch_size=argument("batch_size"),
                gradient=argument("gradient"),
            )
        )
    return MiniBatches(size, asked.get("epochs"), asked.get("seed", 0) or 0)


def _problem(
    frame: Frame,
    specified: Specification,
    paged: tuple[Pages, PartitionEngine] | DatabaseTable | None,
    options: FitArguments,
) -> tuple[FitProblem, SplitTable | SplitPages | None]:
    """The problem on the rows that are fitted, and those that are held out; None where none are."""
    if isinstance(paged, StaysInDatabase):
        from downslope.fitting.database.objective import database_problem

        return database_problem(paged, specified), None
    part, seed = options.get("holdout"), options.get("seed") or 0
    if paged is None and part is None:
        return make_problem(frame, specified), None
    if paged is None:
        held = split(frame, specified, part, seed)
        return make_problem(held.seen, held.asked), held
    if options.get("gradient") is not None:
        raise UsageError(
            message(
                "a gradient of your own goes over a table in memory; this one is read page by page ({stream}"
                " reads it whole).",
                stream=argument("stream", False),
            )
        )
    table = PagedTable(*paged, specified.as_sent, digested=options.get("checkpoint") is not None)
    unseen = None
    if part is not None:
        table, unseen = split_pages(table, part, seed)
    return streamed_problem(table), unseen


def check_for_engine(table: Any, asked: FitArguments) -> None:
    """Raise where other processes cannot do what is asked.

    Raises:
        UsageError: the table is not in files, or an option asks for more than sums over partitions.
    """
    name = argument("engine", asked.get("engine"))
    paths = paths_of(table)
    if not paths or "-" in paths:
        raise UsageError(
            message(
                "{engine} reads partitions of a table in files, which every worker can open: give paths or a pattern.",
                engine=name,
            )
        )
    if asked.get("stream", "auto") is False:
        raise UsageError(
            message(
                "{stream} reads the table into the memory of this process, and {engine} leaves it in its files:"
                " give one.",
                stream=argument("stream", False),
                engine=name,
            )
        )
    for option in ("batch_size", "gradient"):
        if asked.get(option) is not None:
            raise UsageError(
                message(
                    "{option} does not go with {engine}: its steps follow one another through the rows, and"
                    " partitions are worked on side by side.",
                    option=argument(option),
                    engine=name,
                )
            )
    weights = asked.get("weights")
    if weights is not None and not isinstance(weights, str):
        raise UsageError(
            message(
                "with {engine} the weights stand in the files, as a column: {weights}.",
                engine=name,
                weights=argument("weights", "column"),
            )
        )


def _specified(hypothesis: Hypothesis, loss: Loss, options: FitArguments) -> Specification:
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


def _plan(options: FitArguments, *, suggested: bool) -> FitPlan:
    optimizer, learning_rate, steps = (options.get(name) for name in ("optimizer", "learning_rate", "steps"))
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
        suggested,
    )
