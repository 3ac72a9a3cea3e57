"""Several descents side by side: what is set differently in them, and where they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from downslope.descent import Descent, Status
from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.wrappers.wrapper import named_within

SAME_PLACE = 1e-3  # of the extent of the starts and ends of runs that arrived: so near, two ends are one
ARRIVED = (Status.CONVERGED, Status.TARGET_REACHED)
SAME_VALUE = 1e-6  # relative: what two formulas of one function may differ by
_WHOLE = ("function", "optimizer", "start")  # what every run has; the rest belongs to its rule


def settings_of(runs: Sequence[Descent]) -> list[dict[str, Any]]:
    """For each run what tells it apart from the others: function, rule, its hyperparameters, start; else its rule.

    A hyperparameter is told where two runs of one rule differ in it; the learning rate also where the rules differ.
    """
    every = [_all_settings(run) for run in runs]
    names = list(dict.fromkeys(name for settings in every for name in settings))
    told = [name for name in names if _differs(name, every)] or ["optimizer"]
    told.sort(key=lambda name: (name == "start", name != "function", name != "optimizer"))
    return [{name: settings[name] for name in told if name in settings} for settings in every]


def _all_settings(run: Descent) -> dict[str, Any]:
    own: dict[str, Any] = {}
    for layer in run.optimizer.layers():
        own |= {k: v for k, v in layer.hyperparameters().items() if not isinstance(v, Optimizer)}
    rule = run.optimizer.layers()[-1]
    return {
        "function": run.objective.headline,
        "optimizer": named_within(run.optimizer, rule.name()),
        **{name: value for name, value in own.items() if name not in _WHOLE},
        "start": tuple(run.start.tolist()),
    }


def _differs(name: str, every: list[dict[str, Any]]) -> bool:
    if name in _WHOLE or name == "learning_rate":
        rules = {settings["optimizer"] for settings in every}
        values = {repr(settings.get(name)) for settings in every}
        return len(values) > 1 or (name == "learning_rate" and len(rules) > 1)
    seen: dict[str, set[str]] = {}
    for settings in every:
        if name in settings:
            seen.setdefault(settings["optimizer"], set()).add(repr(settings[name]))
    return any(len(values) > 1 for values in seen.values())


def same_function(runs: Sequence[Descent]) -> bool:
    """Whether all descend one function in one direction, as far as is seen where they began and ended."""
    first = runs[0]
    for run in runs[1:]:
        alike = (
            run.maximize == first.maximize
            and run.objective.parameters.coordinates == first.objective.parameters.coordinates
        )
        if not alike:
            return False
        if run.objective is first.objective or run.objective.text == first.objective.text:
            continue
        if not (run.objective.evaluable and first.objective.evaluable):
            return False
        with np.errstate(all="ignore"):
            points = (first.start, first.final, run.start, run.final)
            values = np.array([(run.objective.value(x), first.objective.value(x)) for x in points])
        if not np.allclose(values[:, 0], values[:, 1], rtol=SAME_VALUE, equal_nan=True):
            return False
    return True


class End(NamedTuple):
    """Where some of the runs ended.

    Attributes:
        status: the word for it, of the first of them.
        point: where, of runs that converged or reached their target; else None.
        members: the numbers of these runs.
    """

    status: str
    point: Vector | None
    members: tuple[int, ...]


def ends_of(runs: Sequence[Descent]) -> list[End]:
    """The runs by where they ended: those that arrived by their points, the others by their status; the most first."""
    arrived = [run for run in runs if run.status in ARRIVED]
    corners = np.array([point for run in arrived for point in (run.start, run.final)], np.float64)
    extent = float(np.ptp(corners, axis=0).max(initial=0.0)) if arrived else 0.0
    found: list[tuple[str, Vector | None, list[int]]] = []
    for i, run in enumerate(runs):
        point = run.final if run.status in ARRIVED else None
        for status, where, members in found:
            if point is None and where is None and status == run.status:
                members.append(i)
                break
            if (
                point is not None
                and where is not None
                and np.linalg.norm(point - where) <= SAME_PLACE * extent
            ):
                members.append(i)
                break
        else:
            found.append((run.status, point, [i]))
    found.sort(key=lambda entry: -len(entry[2]))
    return [End(status, point, tuple(members)) for status, point, members in found]


def check_comparable(runs: Sequence[Descent]) -> None:
    """Refuse what is no list of runs.

    Raises:
        UsageError: there are none, or one of them is no run.
    """
    if not runs:
        raise UsageError(message("there are no runs to compare: the list is empty."))
    for i, run in enumerate(runs):
        if not isinstance(run, Descent):
            raise UsageError(
                message(
                    "number {n} of what is to be compared is a {kind}, and no run; give what minimize returned.",
                    n=i + 1,
                    kind=type(run).__name__,
                )
            )
