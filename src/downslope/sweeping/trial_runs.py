"""Makes the runs of a trial, each in lanes where they have them, else one by one; what is made already is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from downslope import interruption
from downslope.descent import Descent
from downslope.descent.function_state import NOTHING_REMEMBERED, FunctionState, FunctionWatch
from downslope.descent.stopping import Status
from downslope.messages import NOTHING, Message
from downslope.sweeping.cores import Watch
from downslope.sweeping.lane_ends import run_in_lanes
from downslope.sweeping.lanes import LaneProblem, Varied, why_no_lanes
from downslope.sweeping.pool import run_one_by_one
from downslope.sweeping.runs import RunEnds
from downslope.sweeping.settings import check_size
from downslope.sweeping.trial import RunGroup, Trial, checked_groups

FIRST_BATCH = 1024  # runs in lanes between two looks at whether they are to be kept in a file,
BATCH_SECONDS = 1.0  # and twice as many next time, until they take so long


@dataclass(frozen=True, eq=False)
class Made:
    """What became of a trial.

    Attributes:
        ends: where its runs ended.
        engine: "lanes", "single" where every run had an engine of its own, or "both".
        why_single: why some were not made in lanes; nothing where all were.
        rows: value, gradient norm and point of every so-many-th step, shape (runs, rows, 2 + p); empty where none are.
        complete: False where it was interrupted.
        function: see ``SweepRecord``.
    """

    ends: RunEnds
    engine: str
    why_single: Message
    rows: NDArray[np.float64]
    complete: bool = True
    function: FunctionState = NOTHING_REMEMBERED


@dataclass(frozen=True, eq=False)
class Onlookers:
    """Who is told while runs are made.

    Attributes:
        watch: of how many are done, about twenty times a second; it may end them.
        keep: of what is done, about as often; it may put that into a file.
    """

    watch: Watch | None = None
    keep: Callable[[Made], None] | None = None


def run_trial(trial: Trial, told: Onlookers = Onlookers(), made: Made | None = None) -> Made:
    """Make all runs that are not ``made``. Ctrl-C keeps what is done: the others are "interrupted".

    Raises:
        HyperparameterError, UnknownNameError, UsageError: a setting is wrong, or there are too many; before any runs.
    """
    groups = checked_groups(trial)
    kept = rows_kept(trial, groups)
    check_size(len(trial.design), trial.objective.parameters.size, kept)
    course = _Course(trial, told, _nothing(trial, kept) if made is None else made)
    complete = True
    try:
        for group in groups:
            complete = course.run(group)
            if not complete:
                break
    except KeyboardInterrupt:
        interruption.caught()
        complete = False
    return course.made(complete)


def _nothing(trial: Trial, rows: int) -> Made:
    """Before any run."""
    runs, size = len(trial.design), trial.objective.parameters.size
    none = np.full((runs if trial.every else 0, rows, 2 + size), np.nan)
    return Made(RunEnds.empty(runs, size), "", NOTHING, none, complete=False)


class _Course:
    """The runs of a trial on their way: group by group, and what is made already is left as it is."""

    def __init__(self, trial: Trial, told: Onlookers, before: Made) -> None:
        self.trial, self.told, self.starts = trial, told, trial.starts()
        self.ends, self.rows, self.why_single = before.ends, before.rows, before.why_single
        self.engines = {"both": {"lanes", "single"}, "": set()}.get(before.engine, {before.engine})
        self.done = len(trial.design) - len(self._missing(np.arange(len(trial.design))))
        self._watch = FunctionWatch(trial.objective, before.function)
        self.function = before.function

    def _missing(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        return places[self.ends.is_status(Status.INTERRUPTED)[places]]

    def made(self, complete: bool) -> Made:
        """What there is."""
        engine = "both" if len(self.engines) > 1 else next(iter(self.engines), "lanes")
        return Made(self.ends, engine, self.why_single, self.rows, complete, self.function)

    def run(self, group: RunGroup) -> bool:
        """Make the runs of a group; False where that was ended."""
        places = self._missing(group.places)
        if not len(places):
            return True
        why = why_no_lanes(self.trial.objective, group.optimizer)
        self.engines.add("single" if why else "lanes")
        self.why_single = self.why_single or why
        if why:
            into = (self.ends, self.rows, self.trial.every)
            see = self._see if self.trial.objective.called else None
            complete = run_one_by_one(self.trial.run, places, into, self._look, after=see)
            self.done += len(places)
            return complete
        batch = FIRST_BATCH if self.told.keep is not None else len(places)
        while len(places):
            began = time.perf_counter()
            if not self._run_lanes(group, places[:batch]):
                return False
            places = places[batch:]
            if self.told.keep is not None:
                self.told.keep(self.made(complete=False))
            batch *= 2 if time.perf_counter() - began < BATCH_SECONDS else 1
        return True

    def _run_lanes(self, group: RunGroup, places: NDArray[np.intp]) -> bool:
        trial = self.trial
        problem = LaneProblem(trial.objective, group.optimizer, group.stopping, trial.maximize, trial.every)
        within = np.searchsorted(group.places, places)
        numbers = {path: column[within] for path, column in group.numbers.items()}
        watch = None if self.told.watch is None else _Beginning(self.told.watch, self.done)
        made = run_in_lanes(problem, Varied(self.starts[places], numbers), _Alone(trial, places), watch)
        self.ends.write(places, made.ends)
        if trial.every:
            self.rows[places, : made.rows.shape[1]] = made.rows
        self.done += len(places)
        return made.complete

    def _see(self) -> None:
        """A run is made whole: the next one begins with the random numbers that come now."""
        self.function = FunctionState(self._watch.state().drawn)

    def _look(self, done: int) -> bool:
        """What runs one by one tell of."""
        if self.told.keep is not None:
            self.told.keep(self.made(complete=False))
        return self.told.watch is not None and self.told.watch(self.done + done)


def rows_kept(trial: Trial, groups: list[RunGroup]) -> int:
    """How many rows of a run are kept, at most."""
    if not trial.every:
        return 0
    return max((group.stopping.with_defaults().steps or 0) for group in groups) // trial.every + 1


@dataclass(frozen=True)
class _Beginning:
    """A watch that is told of the runs of earlier groups too."""

    watch: Watch
    before: int

    def __call__(self, done: int) -> bool:
        return self.watch(self.before + done)


@dataclass(frozen=True)
class _Alone:
    """Makes a run of a group by an engine of its own."""

    trial: Trial
    places: NDArray[np.intp]

    def __call__(self, place: int) -> Descent:
        return self.trial.run(int(self.places[place]))
