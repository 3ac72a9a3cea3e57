"""``sweep``: many runs of one function, each with its own start, rule or numbers."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack, cast

import numpy as np

from downslope.api.fit_request import FitArguments
from downslope.api.table_costs import cost_of_table
from downslope.descent.stopping import Stopping
from downslope.errors import StartError, UsageError, nearest
from downslope.fitting.text_format import ReadingOptions
from downslope.messages import Message, argument, listing, message, sentences
from downslope.objectives import Normal, Parameters, Uniform, as_objective
from downslope.objectives.parameters import own_name
from downslope.objectives.start import parse_start
from downslope.optimizers.schedule_text import as_schedule
from downslope.results.checkpoints import checkpoint_of
from downslope.results.sweep import Sweep, make_sweep
from downslope.sweeping.notation import read_starts
from downslope.sweeping.settings import DesignOptions, SweepAxis, Target, design_of
from downslope.sweeping.trial import Trial


class TableOptions(ReadingOptions, total=False):
    """Of which table a hypothesis is, how it is fitted, and how text is read; see ``fit``."""

    table: Any
    loss: Any
    weights: Any
    l2: float
    drop_missing: bool


_OF_TABLE = tuple(name for name in TableOptions.__annotations__ if name != "table")


class SweepOptions(TableOptions, total=False):
    """The keyword arguments of ``sweep`` beyond those in its signature."""

    pairs: bool
    draws: int
    seed: int
    maximize: bool
    evaluations: int
    relative_tolerance: float
    value_tolerance: float
    x_tolerance: float
    target: float
    schedule: Any
    bounds: Any
    gradient: Any
    dtype: Any
    every: int
    progress: Callable[[int, int], None]
    checkpoint: str | os.PathLike[str]
    checkpoint_seconds: float


def sweep(
    function: Any,
    start: Any = None,
    *,
    optimizer: Any = None,
    learning_rate: Any = None,
    hyperparameters: Mapping[str, Any] | None = None,
    steps: Any = None,
    tolerance: float | None = None,
    **options: Unpack[SweepOptions],
) -> Sweep:
    """Make many runs of one function: each value of what is a list with each of the others.

    Args:
        function: as for ``minimize``; with ``table=``, a hypothesis such as ``"y ~ a*x + b"``, whose cost by ``loss``
            (and ``weights``, ``l2``, ``drop_missing``, and what says how text is read) is descended: of a squared loss
            the table is read once for all runs.
        start: as for ``minimize``, where each number may also be a list, an array, ``grid(low, high, n)``,
            ``logspace(low, high, n)``, ``Uniform(low, high)`` or ``Normal(mean, deviation)``; or a list of starts.
        optimizer: a name or an ``Optimizer``, or a list of them.
        learning_rate: a number > 0, or a list, grid, ``Uniform`` or ``Normal``.
        hyperparameters: others of the rule by name, each likewise.
        steps: most accepted steps, or a list of such limits.
        tolerance: as for ``minimize``, and so are ``evaluations``, ``relative_tolerance``, ``value_tolerance``,
            ``x_tolerance``, ``target``, ``schedule``, ``bounds``, ``gradient`` and ``dtype``.
        pairs: lists go along with each other, the first with the first, instead of each with each.
        draws: how many sets of random numbers are drawn, 20 by default; ``seed``: of these.
        maximize: climb instead.
        every: keep value, gradient norm and point of every so-many-th step of every run, in ``Sweep.traces``; none by
            default.
        progress: called with (runs done, all runs) about twenty times a second.
        checkpoint: a file that keeps the sweep on its way, at most every ``checkpoint_seconds`` (10) and at its end;
            ``downslope.load`` reads it, and ``downslope.resume`` makes the runs that are missing.

    Returns:
        The ``Sweep``: a row a run with settings, status, steps, evaluations, value, gradient norm, point, and which
        minimum it came to. ``sweep.run(i)`` is row i as a ``Run``: what ``minimize`` gives with these settings.

    The status is how the descent ended, as with ``minimize(..., explain=False)``; the kind of the points at which
    runs came to rest is in ``Sweep.minima``.

    Formulas run in lanes, eight to a register on all cores; see ``sweep.engine``. Ctrl-C keeps what is done.

    Raises:
        StartError, ObjectiveError, HyperparameterError, UnknownNameError, UsageError: what was given is wrong, or there
            is too much of it: before anything runs.

    >>> import downslope as ds
    >>> rates = ds.sweep("x^2", start={"x": 3.0}, learning_rate=[0.1, 0.5, 1.5], steps=100, tolerance=1e-8)
    >>> rates.column("status").tolist(), rates.column("steps").tolist()
    (['converged', 'converged', 'diverged'], [91, 1, 50])
    """
    _refuse_unknown(options)
    checkpoint = checkpoint_of(options)
    varying = {"optimizer": optimizer, "learning_rate": learning_rate, "steps": steps}
    given = {**options, **varying, "hyperparameters": hyperparameters, "tolerance": tolerance}
    trial = trial_of(function, start, given)
    told = options.get("progress")
    return make_sweep(
        trial, None if told is None else Telling(told, len(trial.design)), checkpoint=checkpoint
    )


def trial_of(function: Any, start: Any, asked: Mapping[str, Any]) -> Trial:
    """What is asked for, as what runs have in common and what varies."""
    varied: dict[Target, Any] = {}
    fixed: dict[str, Any] = {}
    for name in ("optimizer", "learning_rate", "steps"):
        _place((name,), asked[name], varied, fixed)
    numbers: dict[str, Any] = {}
    for name, value in (asked["hyperparameters"] or {}).items():
        _place(("hyperparameter", str(name)), value, varied, numbers)
    if "learning_rate" in fixed:
        numbers["learning_rate"] = fixed["learning_rate"]
    fitted: dict[str, Any] = {}
    of_table = {name: asked[name] for name in _OF_TABLE if asked.get(name) is not None}
    if asked.get("table") is None:
        if of_table:
            raise UsageError(
                message(
                    "{names} goes with a hypothesis and its table, {table}, and there is none.",
                    names=listing(argument(name) for name in of_table),
                    table=argument("table"),
                )
            )
    else:
        function, suggested, fitted = cost_of_table(function, asked["table"], cast(FitArguments, of_table))
        start = suggested if start is None else start
    starts = StartsGiven.of(start)
    objective, x = as_objective(
        function,
        starts.first,
        gradient=asked.get("gradient"),
        dtype=asked.get("dtype"),
        seed=asked.get("seed"),
    )
    varied.update(starts.varied(objective.parameters))
    options = DesignOptions(bool(asked.get("pairs")), asked.get("draws"), asked.get("seed"))
    schedule = asked.get("schedule")
    return Trial(
        objective,
        x,
        design_of(varied, options, starts.axes(objective.parameters)),
        optimizer=fixed.get("optimizer"),
        hyperparameters=numbers,
        schedule=None if schedule is None else as_schedule(schedule),
        stopping=Stopping.from_options({**asked, "steps": fixed.get("steps")}),
        maximize=bool(asked.get("maximize")),
        every=_every(asked.get("every")),
        bounds=asked.get("bounds"),
        fitted=fitted,
    )


@dataclass(frozen=True)
class Telling:
    """Tells a person's function how many runs are done."""

    tell: Callable[[int, int], None]
    runs: int

    def __call__(self, done: int) -> bool:
        self.tell(done, self.runs)
        return False


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    for name in options:
        if name not in SweepOptions.__annotations__:
            known = [*inspect.signature(sweep).parameters, *SweepOptions.__annotations__]
            raise UsageError(
                sentences(message("there is no option '{name}'.", name=name), nearest(name, known))
            )


def _every(every: Any) -> int:
    if every is None:
        return 0
    if isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1:
        raise UsageError(message("every is {every!r}; it must be a whole number, at least 1.", every=every))
    return int(every)


def _place(target: Target, value: Any, varied: dict[Target, Any], fixed: dict[str, Any]) -> None:
    """A value among what varies, or among what does not."""
    if isinstance(value, (Uniform, Normal)):
        varied[target] = value
    elif isinstance(value, (list, tuple, np.ndarray, range)) and np.ndim(value) > 0:
        varied[target] = _column(target, list(value))
    elif value is not None:
        fixed[target[-1]] = value


def _column(target: Target, values: Sequence[Any]) -> Any:
    """A list as an array of float64 where it is of numbers that may vary from run to run."""
    numbers = all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in values)
    if target[0] in ("optimizer", "steps") or not numbers:
        return list(values)
    if target[0] == "hyperparameter" and all(isinstance(v, (int, np.integer)) for v in values):
        return list(values)  # a number of things, perhaps: the rule will say
    return np.array(values, np.float64)


@dataclass(frozen=True)
class StartsGiven:
    """Where runs begin.

    Attributes:
        first: one start, as ``minimize`` takes it.
        entries: name or place of a number -> what it varies over.
        listed: all starts, where they came as a list of starts.
    """

    first: Any
    entries: Mapping[str | int, Any]
    listed: Sequence[Any] = ()

    @classmethod
    def of(cls, start: Any) -> StartsGiven:
        """What a person gave as a start, or as several.

        Raises:
            UsageError: a list is empty.
        """
        if isinstance(start, str):
            start = read_starts(start)
            if isinstance(start, list):
                by_place: dict[str | int, Any] = {i: value for i, value in enumerate(start) if _varies(value)}
                return cls([_some("start", value) for value in start], by_place)
        if isinstance(start, Mapping):
            entries = {name: value for name, value in start.items() if _varies(value)}
            return cls({**start, **{name: _some(name, value) for name, value in entries.items()}}, entries)
        if isinstance(start, (list, tuple)) or np.ndim(start) == 2:
            if len(start) == 0:
                raise UsageError(_empty("start"))
            if not isinstance(start[0], (Uniform, Normal)) and (
                isinstance(start[0], (Mapping, str)) or np.ndim(start[0]) > 0
            ):
                return cls(start[0], {}, start)
            places: dict[str | int, Any] = {}
            places.update((i, value) for i, value in enumerate(start) if isinstance(value, (Uniform, Normal)))
            if places:
                return cls([_some("start", value) for value in start], places)
        if isinstance(start, (Uniform, Normal)):
            return cls(_some("start", start), {0: start})
        return cls(start, {})

    def varied(self, parameters: Parameters) -> dict[Target, Any]:
        """What varies of the start, by coordinate.

        Raises:
            StartError: an array's entries vary by a list.
        """
        out: dict[Target, Any] = {}
        for name, value in self.entries.items():
            own = (
                parameters.coordinates[name]
                if isinstance(name, int)
                else own_name(str(name), parameters.names)
            )
            if own not in parameters.coordinates:
                raise StartError(
                    message("{name} is an array, whose entries vary by a list of starts only.", name=name)
                )
            out["start", own] = value if isinstance(value, (Uniform, Normal)) else np.array(value, np.float64)
        return out

    def axes(self, parameters: Parameters) -> tuple[SweepAxis, ...]:
        """The list of starts as an axis; none where they did not come as a list."""
        if not self.listed:
            return ()
        read = [parse_start(one) if isinstance(one, str) else one for one in self.listed]
        rows = np.array([parameters.flatten(one) for one in read])
        return (
            SweepAxis(
                "start", {("start", name): rows[:, i] for i, name in enumerate(parameters.coordinates)}
            ),
        )


def _varies(value: Any) -> bool:
    return isinstance(value, (Uniform, Normal, list, tuple, range)) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    )


def _some(name: Any, value: Any) -> Any:
    """One of the values that an entry of the start varies over."""
    if isinstance(value, Uniform):
        return value.low
    if isinstance(value, Normal):
        return value.mean
    if np.ndim(value) and not len(value):
        raise UsageError(_empty(str(name)))
    return value[0] if np.ndim(value) else value


def _empty(name: str) -> Message:
    return message("{name} is an empty list: there is nothing to run.", name=name)
