"""What the runs of a sweep have in common, and their settings by groups of one rule and limit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent, LoopOptions, Stopping, descend
from downslope.descent.bounds import read_bounds, within_bounds
from downslope.descent.descend import EngineName
from downslope.descent.function_state import FunctionState, as_left
from downslope.descent.snapshot import Witness
from downslope.errors import HyperparameterError, UnknownNameError, UsageError
from downslope.messages import NOTHING, Message, as_message, listing, message, sentences
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.registry import with_schedule
from downslope.optimizers.schedule import Schedule
from downslope.sweeping.settings import Design, Target, check_size

MOST_GROUPS = 10_000  # of runs that share a rule and a limit
SHORT = 2000  # steps, which take a framework no longer than compiling them into a loop: a second or two
RATE = "learning_rate"


@dataclass(frozen=True, eq=False)
class Trial:
    """Everything that runs of a sweep have in common, and what varies.

    Attributes:
        objective, start: what is descended, and from where, where no axis says otherwise.
        optimizer, hyperparameters, schedule: the rule, likewise: a name, a class or an instance; numbers of it by name.
        stopping: when to stop, likewise.
        design: what varies.
        maximize: whether they climb.
        every: spacing of the rows that are kept; 0 for none.
        bounds: within which they are kept, as ``minimize`` takes them.
        fitted: of the cost of a table: its hypothesis, and how it is fitted; else nothing.
        witness: value and gradient where the first run begins, by which a function is known again that is not in a
            file; None where nobody asked.
    """

    objective: Objective
    start: Vector
    design: Design
    optimizer: Any = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule | None = None
    stopping: Stopping = field(default_factory=Stopping)
    maximize: bool = False
    every: int = 0
    bounds: Any = None
    fitted: Mapping[str, Any] = field(default_factory=dict)
    witness: Witness | None = None

    def with_witness(self, begun: FunctionState) -> Trial:
        """The same with what its function gives where the first run begins, unless that is known or cannot be.

        Args:
            begun: where the generators stood then from which its function draws.
        """
        if self.witness is not None or not self.objective.evaluable:
            return self
        try:
            with as_left(self.objective, begun), np.errstate(all="ignore"):
                found = Witness.of(self.objective, self.starts()[0])
        except Exception:  # whatever a person's function raises
            return self
        return dataclasses.replace(self, witness=found)

    def starts(self) -> NDArray[np.float64]:
        """Where each run begins, shape (runs, p)."""
        out = np.tile(np.asarray(self.start, np.float64), (len(self.design), 1))
        for i, name in enumerate(self.objective.parameters.coordinates):
            column = self.design.column(("start", name))
            if column is not None:
                out[:, i] = column
        if self.bounds is not None:
            np.clip(out, *read_bounds(self.bounds, self.objective.parameters), out=out)
        return out

    def optimizer_of(self, settings: Mapping[Target, Any]) -> Optimizer:
        """The rule with these settings.

        Raises:
            HyperparameterError, UnknownNameError, UsageError: there is no such rule or number.
        """
        given = {**self.hyperparameters}
        given.update(
            {target[1]: value for target, value in settings.items() if target[0] == "hyperparameter"}
        )
        optimizer = settings.get(("optimizer",), self.optimizer)
        rate = settings.get((RATE,), given.pop(RATE, None))
        if isinstance(optimizer, Optimizer) and (given or rate is not None):
            rule = _changed(optimizer, given if rate is None else {**given, RATE: rate})
        else:
            rule = as_optimizer(optimizer, rate, **given)
        rule = rule if self.schedule is None else with_schedule(rule, self.schedule)
        if self.bounds is None:
            return rule
        return within_bounds(rule, self.objective, np.asarray(self.start, np.float64), self.bounds)[0]

    def stopping_of(self, settings: Mapping[Target, Any]) -> Stopping:
        """The conditions with these settings."""
        steps = settings.get(("steps",))
        return self.stopping if steps is None else dataclasses.replace(self.stopping, steps=steps)

    def run(self, place: int) -> Descent:
        """One of the runs, by an engine of its own, with its whole history."""
        settings = self.design.at(place)
        start = np.array(self.start, np.float64)
        for i, name in enumerate(self.objective.parameters.coordinates):
            start[i] = settings.get(("start", name), start[i])
        if self.bounds is not None:
            start = np.clip(start, *read_bounds(self.bounds, self.objective.parameters))
        stopping = self.stopping_of(settings)
        short = stopping.steps is not None and stopping.steps <= SHORT
        engine: EngineName = "hosted" if short and self.objective.loop is not None else "auto"
        return descend(
            self.objective.afresh(),
            start,
            self.optimizer_of(settings),
            stopping,
            loop=LoopOptions(maximize=self.maximize, keep_errors=True, engine=engine),
        )


@dataclass(frozen=True, eq=False)
class RunGroup:
    """Runs that share a rule but for its numbers, and a limit.

    Attributes:
        places: which of the runs, shape (some,).
        optimizer, stopping: the rule with the numbers of its first run, and the conditions.
        numbers: path of a hyperparameter -> its values, shape (some,).
    """

    places: NDArray[np.intp]
    optimizer: Optimizer
    stopping: Stopping
    numbers: Mapping[str, NDArray[np.float64]]


def _changed(optimizer: Optimizer, given: Mapping[str, Any]) -> Optimizer:
    """An instance with other numbers, of the layer that has them."""
    for name, value in given.items():
        for depth, layer in enumerate(optimizer.layers()):
            if name in layer.hyperparameters():
                optimizer = optimizer.replaced(depth, layer.changed(**{name: value}))
                break
        else:
            raise UsageError(
                message("{kind} has no hyperparameter '{name}'.", kind=optimizer.name(), name=name)
            )
    return optimizer


def _groups(trial: Trial) -> Iterator[RunGroup]:
    design = trial.design
    numbers: dict[Target, NDArray[np.float64]] = {}
    apart: list[tuple[int, Target]] = []  # what no column of numbers says: rules, limits, whole numbers
    for place, target in design.targets():
        if target[0] == "start":
            continue
        if target[0] in ("hyperparameter", RATE) and isinstance(design.axes[place].sets[target], np.ndarray):
            numbers[target] = np.asarray(design.axes[place].sets[target], np.float64)
        else:
            apart.append((place, target))
    places = {place: design.places(place) for place in {place for place, _ in apart}}
    axes = sorted(places)
    count = int(np.prod([design.shape[place] for place in axes], dtype=float)) if axes else 1
    if count > MOST_GROUPS:
        raise UsageError(
            message("these are {count:,} rules, and {most:,} are the most.", count=count, most=MOST_GROUPS)
        )
    for combination in np.ndindex(*(design.shape[place] for place in axes)):
        where = np.ones(len(design), bool)
        for place, value in zip(axes, combination, strict=True):
            where &= places[place] == value
        mine = np.flatnonzero(where) if axes else np.arange(len(design))
        if not len(mine):
            continue
        try:
            yield _group(trial, mine, numbers)
        except (UnknownNameError, UsageError) as error:
            if count == 1:
                raise
            said = [
                f"{target[-1]} {design.axes[place].sets[target][combination[axes.index(place)]]!r:.40}"
                for place, target in apart
            ]
            which = message(
                "This is at {settings}, of {count:,} such settings.", settings=listing(said), count=count
            )
            raise type(error)(sentences(as_message(error.message), which)) from error


def _group(trial: Trial, mine: NDArray[np.intp], numbers: Mapping[Target, NDArray[np.float64]]) -> RunGroup:
    settings = trial.design.at(int(mine[0]))
    for target, values in numbers.items():
        _check_numbers(trial, settings, target, values)
    rule = trial.optimizer_of(settings)
    columns = {}
    for target in numbers:
        column = trial.design.column(target)
        assert column is not None
        columns[_path(rule, target[-1])] = np.asarray(column, np.float64)[mine]
    return RunGroup(mine, rule, trial.stopping_of(settings), columns)


def _check_numbers(
    trial: Trial, settings: Mapping[Target, Any], target: Target, values: NDArray[np.float64]
) -> None:
    """Refuse numbers out of range, by the rule's own words; the least and the largest stand for the others."""
    finite = values[np.isfinite(values)]
    doubtful = [float(v) for v in values[~np.isfinite(values)][:1]]
    doubtful += [float(finite.min()), float(finite.max())] if len(finite) else []
    for value in doubtful:
        try:
            trial.optimizer_of({**settings, target: value})
        except HyperparameterError as error:
            said = error.message if isinstance(error.message, Message) else NOTHING
            one = message("It is one of {count:,} values of {name}.", count=len(values), name=target[-1])
            raise HyperparameterError(sentences(said, one if len(values) > 1 else NOTHING)) from error


def _path(rule: Optimizer, name: str) -> str:
    """Where a number is among the rule's, by its name: within wrappers, and as the first factor of a schedule."""
    for path in rule.scalars():
        parts = path.removesuffix(".first.value").split(".")
        if parts[-1] == name:
            return path
    raise UsageError(message("{kind} has no hyperparameter '{name}'.", kind=rule.name(), name=name))


def checked_groups(trial: Trial) -> list[RunGroup]:
    """The groups, where neither their number nor their runs are too many.

    Raises:
        HyperparameterError, UnknownNameError, UsageError: a setting is wrong, or there are too many.
    """
    check_size(len(trial.design), trial.objective.parameters.size)
    return list(_groups(trial))
