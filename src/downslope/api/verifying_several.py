"""``verify`` of saved sweeps and races: what was done of them is made again, and held against what the file says."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.api.saved_races import race_to_go_on
from downslope.api.saved_sweeps import with_function
from downslope.api.verification import AGREES, Verification, other_versions
from downslope.descent.function_state import as_left
from downslope.descent.stopping import Status
from downslope.errors import UsageError
from downslope.messages import NOTHING, Message, message, plural, sentences
from downslope.results.known_again import Given
from downslope.results.sweep_loading import sweep_of_file
from downslope.sweeping.race import record_of, run_race
from downslope.sweeping.race_record import RaceRecord
from downslope.sweeping.race_state import RaceState
from downslope.sweeping.runs import RunEnds, code_of
from downslope.sweeping.trial_runs import Made, run_trial

_EXACT = 17  # decimal digits: more than a number of 64 bits has


def verify_sweep(data: dict[str, Any], path: str | os.PathLike[str], given: Given) -> Verification:
    """Make the runs again that a saved sweep has made, and compare where they end.

    Raises:
        DataError: the state in it is not whole, or the function or table is another.
        UsageError: no run was made yet, or the table is missing.
        ObjectiveError: the function is not in the file, and is not given.
    """
    swept = sweep_of_file(data, path)
    trial, ends = with_function(swept, given, path), swept.ends
    by_clock = ends.is_status(Status.TIME_LIMIT)
    places = np.flatnonzero(~ends.is_status(Status.INTERRUPTED) & ~by_clock)
    if not len(places):
        raise UsageError(message("{path} has no run yet that could be made again.", path=path))
    # What is not to be made again counts as made.
    blank = RunEnds.empty(len(trial.design), trial.objective.parameters.size)
    blank.status[:] = code_of(Status.STALLED)
    blank.status[places] = code_of(Status.INTERRUPTED)
    rows = np.full_like(swept.traces, np.nan)
    begun = swept.function.at_begin()
    with as_left(trial.objective, begun):  # the caller's generators stay where they are
        made = run_trial(trial, made=Made(blank, "", NOTHING, rows, False, begun))
    trial.objective.end_run()
    if not made.complete:
        raise KeyboardInterrupt
    same = _same_runs(ends.of(places), made.ends.of(places))
    if len(rows):
        same &= _same_rows(swept.traces[places], made.rows[places])
    digits = _digits(ends.points[places], made.ends.points[places])
    alike = ends.status[places] == made.ends.status[places]
    holds = bool(alike.all()) and digits >= AGREES
    if same.all():
        said = plural(
            "Identical: made again, {n:,} run ends at the same point, bit for bit.",
            "Identical: made again, {n:,} runs end at the same points, bit for bit.",
            n=len(places),
        )
        digits = _EXACT
    elif holds:
        said = message(
            "Made again, all {count:,} runs end alike, at points that agree to {digits} digits.",
            count=len(places),
            digits=digits,
        )
    else:
        said = message(
            "It does not hold: made again, {n:,} of {count:,} runs end otherwise; the first is run {run}.",
            n=int(np.count_nonzero(~same)),
            count=len(places),
            run=int(places[~same][0]),
        )
    left_out = plural(
        "{n:,} run was ended by the clock and is not made again.",
        "{n:,} runs were ended by the clock and are not made again.",
        n=int(by_clock.sum()),
    )
    parts = (
        said,
        left_out if by_clock.any() else NOTHING,
        NOTHING if same.all() else _versions(data, trial.objective),
    )
    return Verification(bool(same.all()), digits, None, bool(same.all()) or holds, sentences(*parts))


def _versions(versions: dict[str, Any], objective: Any) -> Message:
    return other_versions(versions.get("versions", {}), "traced", objective.tensors is not None)


def _same_runs(one: RunEnds, other: RunEnds) -> NDArray[np.bool_]:
    """Which runs have the same ends, bit for bit."""
    columns = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(RunEnds)]
    same = np.ones(len(one.status), bool)
    for mine, theirs in columns:
        same &= _same_rows(mine, theirs)
    return same


def _same_rows(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of two arrays are the same, bit for bit."""
    if one.shape != other.shape:
        return np.zeros(len(one), bool)
    mine, theirs = (
        np.ascontiguousarray(array).reshape(len(one), -1).view(np.uint8) for array in (one, other)
    )
    return np.asarray((mine.reshape(len(one), -1) == theirs.reshape(len(one), -1)).all(axis=1))


def _digits(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """To how many decimal digits all points agree; of some that are not numbers on both sides that is no question."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.max(np.abs(one), axis=1, initial=0.0), np.finfo(np.float64).tiny)
        apart = np.max(np.abs(one - other), axis=1, initial=0.0) / size
        apart[_same_rows(one, other)] = 0.0
        digits = np.floor(-np.log10(np.maximum(np.where(np.isnan(apart), np.inf, apart), 10.0**-_EXACT)))
    return int(max(digits.min(), -1.0))


class _EnoughError(Exception):
    """As many starts were raced again as are in the file."""


def verify_race(data: dict[str, Any], path: str | os.PathLike[str], given: Given) -> Verification:
    """Race again from the starts that a saved race has raced from, and compare; the clock is left out.

    Raises:
        DataError: the state in it is not whole, or a function is another.
        UsageError: no start was raced by all yet.
        ObjectiveError: a function is not in the file, and is not given.
    """
    saved, entrants = race_to_go_on(data, path, given)
    before = record_of(saved)
    again = RaceState(saved.fields, replace(saved.setting, rounds=0, progress=None), saved.rules)

    def enough(state: RaceState) -> None:
        if state.course is not None and state.course.finished.sum() >= before.finished.sum():
            raise _EnoughError

    again.onlooker = enough
    with contextlib.ExitStack() as begun, contextlib.suppress(_EnoughError):
        for one in again.fields:
            begun.enter_context(as_left(one.objective, one.function.at_begin()))
        run_race(again, entrants)
    now = record_of(again)
    if now.finished.sum() < before.finished.sum():
        raise KeyboardInterrupt
    problem = next(_differences(before, now), None)
    if problem is None:
        starts = int(before.finished.sum())
        said = plural(
            "Identical: raced again, everybody needs as many evaluations and ends alike from {n} start.",
            "Identical: raced again, everybody needs as many evaluations and ends alike from all {n} starts.",
            n=starts,
        )
        return Verification(True, _EXACT, None, True, said)
    told = other_versions(
        data["left_with"]["versions"],
        "traced",
        any(one.objective.tensors is not None for one in saved.fields),
    )
    return Verification(False, 0, None, False, sentences(problem, told))


def _differences(before: RaceRecord, now: RaceRecord) -> Iterator[Message]:
    """What is otherwise: the targets, the rates that were tuned, or the descents."""
    for mine, theirs in zip(before.problems, now.problems, strict=True):
        if mine.least != theirs.least or not np.array_equal(mine.values, theirs.values, equal_nan=True):
            yield message(
                "It does not hold: raced again, the targets are others; the least value of {function} is {now!r}, and"
                " was {before!r}.",
                function=mine.objective.headline,
                now=theirs.least,
                before=mine.least,
            )
    names = [[(one.label, one.way) for one in record.contestants] for record in (before, now)]
    for (label, _), one, other in zip(names[0], before.contestants, now.contestants, strict=False):
        if names[0] != names[1] or one.rates != other.rates:
            yield message(
                "It does not hold: raced again, {method} is tuned to another learning rate.", method=label
            )
            return
    finished = before.finished & now.finished
    same = (
        (before.statuses == now.statuses) & (before.elsewhere == now.elsewhere) & (before.spent == now.spent)
    )
    same &= (before.evaluations == now.evaluations).all(axis=-1)
    for c, p, s in np.argwhere(~same & finished):
        yield message(
            "It does not hold: raced again, {n} of {count} descents end otherwise; the first is {method} from start"
            " {start} on {function}.",
            n=int(np.count_nonzero(~same & finished)),
            count=int(finished.sum()) * len(before.contestants),
            method=before.contestants[c].label,
            start=int(s),
            function=before.problems[p].objective.headline,
        )
