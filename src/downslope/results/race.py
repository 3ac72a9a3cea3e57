"""``Race``: the record of a race, with what people do with it."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.attachments import attached
from downslope.descent.function_state import FunctionState, FunctionWatch
from downslope.errors import DataError, UsageError
from downslope.files import write_atomically
from downslope.messages import Message, as_message, message, sentences
from downslope.objectives.generators import Generator, generators_kept, generators_of
from downslope.plots.races import plot_race
from downslope.results import race_saving, saving
from downslope.results.race_html import page_of
from downslope.results.text_columns import TextColumn, text_rows
from downslope.sweeping.race import record_of, run_race
from downslope.sweeping.race_record import RaceRecord
from downslope.sweeping.race_words import (
    described,
    misses_said,
    opening,
    ranked,
    timing_said,
    tuning_said,
    verdicts_said,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.descent.snapshot import Pack
    from downslope.results.checkpoints import Checkpoint
    from downslope.sweeping.race_entrants import Entrant
    from downslope.sweeping.race_setting import Field
    from downslope.sweeping.race_state import RaceState

WIDE = 100  # columns of the text


@dataclass(frozen=True, eq=False, kw_only=True)
class Race(RaceRecord):
    """A race: what every method needed, and what may be said of it; ``print`` shows its report.

    Attributes: those of a ``RaceRecord``, and ``state``, by which it is kept in a file and gone on with.

    >>> import downslope as ds
    >>> found = ds.race("x^2", ["sgd(0.4)", "sgd(0.1)"], {"x": 1.0}, seed=1, rounds=0)
    >>> found.columns["median"], found.columns["reached"]
    ([7.0, 38.0], [25, 25])
    """

    state: RaceState

    @cached_property
    def columns(self) -> dict[str, list[Any]]:
        """A row for each method and way of choosing its rate, at the last target; the best first."""
        last = len(self.precisions) - 1
        order = ranked(self)
        out: dict[str, list[Any]] = {
            "method": [self.contestants[i].label for i in order],
            "way": [self.contestants[i].way for i in order],
            "learning_rate": [
                float(np.median(self.contestants[i].rates)) if self.contestants[i].rates else None
                for i in order
            ],
            "reached": [int(np.isfinite(self.reached[i, :, last]).sum()) for i in order],
            "starts": [int(self.finished.sum())] * len(order),
        }
        for k, name in enumerate(("lower_quartile", "median", "upper_quartile")):
            out[name] = [self.quartiles(i, last)[k] for i in order]
        out["expected"] = [self.expected(i, last) for i in order]
        out["tuning_evaluations"] = [self._tuning(i) for i in order]
        if self.timing is not None:
            out["seconds"] = [float(np.nanmedian(self.timing.seconds[i])) for i in order]
            out["compiling_seconds"] = [float(self.timing.compiling[i]) for i in order]
        return out

    def _tuning(self, i: int) -> float:
        """The evaluations that choosing its rate took; none where it is the default that nobody had to look for."""
        contestant = self.contestants[i]
        return (
            contestant.tuning.evaluations
            if contestant.tuning is not None and contestant.way == "tuned"
            else 0.0
        )

    @property
    def said(self) -> tuple[list[Message], list[Message]]:
        """What the report says before its table, and behind it."""
        before = [*opening(self), *tuning_said(self)]
        return before, [*misses_said(self), *verdicts_said(self), *timing_said(self)]

    @property
    def table(self) -> list[TextColumn]:
        """The columns of the report, at the last target."""
        columns = self.columns
        names = [str(described(self.contestants[i])) for i in ranked(self)]
        spent = [f"{count:,.0f}" for count in columns["tuning_evaluations"]]
        reached = [f"{n}/{of}" for n, of in zip(columns["reached"], columns["starts"], strict=True)]
        out = [
            TextColumn(str(message("method", context="column")), names, words=True),
            TextColumn(str(message("reached", context="column")), reached),
            TextColumn(str(message("25 %", context="column")), list(map(_count, columns["lower_quartile"]))),
            TextColumn(str(message("median", context="column")), list(map(_count, columns["median"]))),
            TextColumn(str(message("75 %", context="column")), list(map(_count, columns["upper_quartile"]))),
            TextColumn(str(message("tuning", context="column")), spent),
        ]
        if self.timing is not None:
            out.append(TextColumn(str(message("ms", context="column")), list(map(_ms, columns["seconds"]))))
            compiling = list(map(_ms, columns["compiling_seconds"]))
            out.append(TextColumn(str(message("compiling ms", context="column")), compiling))
        expected = list(map(_count, columns["expected"]))
        return [*out, TextColumn(str(message("expected", context="column")), expected)]

    def __str__(self) -> str:
        before, after = self.said
        return "\n".join([*map(str, before), "", *text_rows(self.table, WIDE), "", *map(str, after)])

    def to_dict(self) -> dict[str, Any]:
        """Plain data: everything that was asked and measured, infinities as the text "inf"."""
        data = {
            "schema": saving.SCHEMA,
            "command": "race",
            "interrupted": self.interrupted,
            "seed": self.seed,
            "budget": self.budget,
            "precisions": list(self.precisions),
            "machine": self.machine,
            "columns": self.columns,
            "problems": [
                {
                    "function": problem.objective.text,
                    "parameters": list(problem.objective.parameters.coordinates),
                    "least": problem.least,
                    "least_from": problem.source,
                    "box": None
                    if problem.box is None
                    else {"low": problem.box.low.tolist(), "high": problem.box.high.tolist()},
                    "starts": problem.starts.tolist(),
                    "values": problem.values.tolist(),
                    "finished": self.finished[p].tolist(),
                }
                for p, problem in enumerate(self.problems)
            ],
            "methods": [self._method(i) for i in range(len(self.contestants))],
            "verdicts": [{**verdict._asdict(), "differs": verdict.differs} for verdict in self.verdicts],
        }
        return saving.encoded(data)

    def _saved(self) -> dict[str, Any]:
        """The same, with what it is read from again where that can be in a file."""
        with contextlib.suppress(UsageError):
            return {**self.to_dict(), "left_with": saving.encoded(race_saving.state_to_dict(self.state))}
        return self.to_dict()

    def _method(self, i: int) -> dict[str, Any]:
        contestant = self.contestants[i]
        tuning = contestant.tuning
        return {
            "method": contestant.label,
            "way": contestant.way,
            "learning_rates": list(contestant.rates),
            "tuning": None
            if tuning is None
            else {
                "rates": list(tuning.rates),
                "chosen": list(tuning.chosen),
                "evaluations": tuning.evaluations,
                "solved": tuning.solved.tolist(),
                "typical": tuning.typical.tolist(),
            },
            "evaluations": self.evaluations[i].tolist(),
            "statuses": self.statuses[i].tolist(),
            "another_minimum": self.elsewhere[i].tolist(),
            "spent": self.spent[i].tolist(),
            "quartiles": [list(self.quartiles(i, t)) for t in range(len(self.precisions))],
            "expected": [self.expected(i, t) for t in range(len(self.precisions))],
            "misses": self.misses(i),
            "seconds": None if self.timing is None else self.timing.seconds[i].tolist(),
            "compiling_seconds": None if self.timing is None else float(self.timing.compiling[i]),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it as JSON, atomically; ``downslope.load`` reads it back.

        Raises:
            DataError: the file cannot be written; what was there before is untouched.
        """
        saving.save(self._saved(), path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as one file of HTML with its pictures in it, which asks for nothing elsewhere.

        Raises:
            DataError: the file cannot be written.
        """
        page = page_of(self)
        if path is not None:
            write_atomically(path, page.encode())
        return page

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw it: the targets reached against evaluations, the profile, the quartiles, the sensitivity to the rate.

        Args:
            path: where to write PNG, SVG or PDF; None only draws.
            options: ``kind``, "ecdf", "profile", "quartiles" or "sensitivity" for one of them; ``theme``; ``size``.
        """
        return plot_race(self, path, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def __repr__(self) -> str:
        return f"Race(methods={len(self.contestants)}, starts={int(self.finished.sum())}, seed={self.seed})"


def _count(evaluations: float) -> str:
    return f"{evaluations:,.0f}" if math.isfinite(evaluations) else str(message("missed", context="column"))


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}"


def as_race(record: RaceRecord, state: RaceState) -> Race:
    """The record of a race as people get it."""
    return Race(**{field.name: getattr(record, field.name) for field in fields(record)}, state=state)


def make_race(state: RaceState, entrants: Sequence[Entrant], checkpoint: Checkpoint | None = None) -> Race:
    """Race the entrants, from where ``state`` stands; it is kept in a file meanwhile, and at its end.

    Raises:
        ObjectiveError: a function has no value at a start, or no least value.
        DataError: the first checkpoint cannot be written.
    """
    watches = [_watch(one) for one in state.fields]

    def see(whole: bool) -> None:
        state.fields = tuple(
            one if watch is None else one._replace(function=_behind(one, watch, whole=whole))
            for one, watch in zip(state.fields, watches, strict=True)
        )

    def content(pack: Pack) -> dict[str, Any]:
        left_with = saving.encoded(race_saving.state_to_dict(state, pack))
        return {"schema": saving.SCHEMA, "command": "race", "left_with": left_with}

    def keep(state: RaceState) -> None:
        see(whole=not state.bottoms)  # targets that are half found are found anew
        if checkpoint is not None and checkpoint.is_due(
            time.perf_counter(), 0 if state.course is None else state.course.evaluations.size
        ):
            checkpoint.write(content)

    if checkpoint is not None:
        race_saving.refuse_unnamed(state.rules)
        with generators_kept(_generators(state)):
            state.fields = tuple(one._replace(witness=race_saving.witness_of(one)) for one in state.fields)
    state.onlooker = keep
    try:
        return as_race(run_race(state, entrants), state)
    finally:  # also what is done before it is interrupted, or a function raises
        state.onlooker = None
        see(whole=False)
        if checkpoint is not None:
            checkpoint.end(content)


def _generators(state: RaceState) -> dict[str, Generator]:
    """All that the functions of a race may draw from."""
    return {
        name: generator
        for one in state.fields
        for name, generator in generators_of(one.objective.called).items()
    }


def _watch(one: Field) -> FunctionWatch | None:
    """Sees what a person's function draws, from where it was left; nobody is needed for a formula."""
    if not one.objective.called:
        return None
    return FunctionWatch(one.objective, one.function if one.function.drawn else None)


def _behind(one: Field, watch: FunctionWatch, *, whole: bool) -> FunctionState:
    """The generators that a function draws from, as they are; or as they were behind what was whole last."""
    now = watch.state().drawn
    return FunctionState(now if whole else {**FunctionState(now).at_begin().drawn, **one.function.drawn})


def race_of_file(data: dict[str, Any], path: str | os.PathLike[str]) -> Race:
    """The race in the plain data that was read from ``path``.

    Raises:
        DataError: it is not whole, or has no start yet that all have run from.
    """
    try:
        state = race_saving.state_of_file(data, path)
        return as_race(record_of(state), state)
    except UsageError as error:
        raise DataError(
            sentences(
                as_message(error.message),
                message("{path}: downslope.resume(path) goes on with it.", path=path),
            )
        ) from error
