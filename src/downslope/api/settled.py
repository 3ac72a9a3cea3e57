"""What a page asks of Python: the settings that it shows, run and explained in full."""

from __future__ import annotations

import math
from typing import Any

from downslope.api.minimization import maximize, minimize
from downslope.api.table_fitting import fit
from downslope.errors import DownslopeError, UsageError
from downslope.messages import message
from downslope.optimizers import all_optimizers, as_optimizer
from downslope.optimizers.registry import all_schedules, with_schedule
from downslope.page.document import MOST_METHODS, MOST_STEPS, MOST_VARIABLES
from downslope.page.fits import MOST_ROWS

LONGEST_FORMULA = 2_000  # characters, as on the page
MOST_COLUMNS = 8
MOST_SCHEDULES = 3
SECONDS = 20.0  # that a run may take before its explanation


def explain_setting(question: Any) -> dict[str, Any]:
    """A setting of a page, each of its rules run from the start and explained: ``{"rules": [{rule, sentences}]}``.

    Args:
        question: formula, start, methods, steps, tolerance, maximize, table, as a page sends them; it may be anything.

    Raises:
        UsageError: it is no setting.

    >>> asked = {"formula": "x^2", "start": {"x": 1.0}, "methods": [{"rule": "gradient_descent"}], "steps": 3}
    >>> explain_setting(asked)["rules"][0]["sentences"][0]
    'Stopped at the limit of 3 steps.'
    """
    setting = _record(question)
    methods = setting.get("methods")
    if not isinstance(methods, list) or not 1 <= len(methods) <= MOST_METHODS:
        raise _no_setting("methods")
    described = _Described(setting)
    return {"rules": [described.explained(_record(one)) for one in methods]}


class _Described:
    """A setting that was checked, except for its rules."""

    def __init__(self, setting: dict[str, Any]) -> None:
        self.formula = setting.get("formula")
        if not isinstance(self.formula, str) or len(self.formula) > LONGEST_FORMULA:
            raise _no_setting("formula")
        self.start = {name: _number(value, "start") for name, value in _record(setting.get("start")).items()}
        if len(self.start) > MOST_VARIABLES:
            raise _no_setting("start")
        steps = setting.get("steps")
        if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
            raise _no_setting("steps")
        self.limits: dict[str, Any] = {"steps": steps, "time_limit": SECONDS}
        tolerance = _number(setting.get("tolerance") or 0, "tolerance")
        if tolerance > 0:
            self.limits["tolerance"] = tolerance
        self.maximize = setting.get("maximize") is True
        self.table = None if setting.get("table") is None else _table(_record(setting["table"]))

    def explained(self, method: dict[str, Any]) -> dict[str, Any]:
        name = method.get("rule")
        if not isinstance(name, str) or name not in {cls.name() for cls in all_optimizers()}:
            raise _no_setting("rule")
        try:
            return {"rule": name, "sentences": self._sentences(method)}
        except DownslopeError as error:
            return {"rule": name, "sentences": [str(error)]}

    def _sentences(self, method: dict[str, Any]) -> list[str]:
        if method.get("before"):
            return [
                str(message("Its setting changes in mid-run, and what is explained is a run of one setting."))
            ]
        rule = _rule(method)
        if self.table is not None:
            target, _, right = str(self.formula).partition("=")
            done = fit(
                self.table["columns"],
                f"{target} ~ {right}",
                loss=self.table["loss"],
                weights=self.table["weights"],
                l2=self.table["l2"],
                start=self.start,
                optimizer=rule,
                **self.limits,
            )
            return _told(done.run.message, done.explain().sentences)
        # In brackets: the name of a classic problem is a variable on the page.
        descend = maximize if self.maximize else minimize
        run = descend(f"({self.formula})", self.start, optimizer=rule, **self.limits)
        return _told(run.message, run.explain().sentences)


def _told(ending: Any, sentences: Any) -> list[str]:
    """How a run ended and what is said of it, each sentence once."""
    return list(dict.fromkeys([str(ending), *map(str, sentences)]))


def _rule(method: dict[str, Any]) -> Any:
    given = _record(method.get("hyperparameters") or {})
    cls = {cls.name(): cls for cls in all_optimizers()}[method["rule"]]
    rule = as_optimizer(cls, **{name: _number(value, name) for name, value in given.items()})
    schedules = method.get("schedule") or []
    if not isinstance(schedules, list) or len(schedules) > MOST_SCHEDULES:
        raise _no_setting("schedule")
    known = {one.name(): one for one in all_schedules()}
    for schedule in map(_record, schedules):
        if schedule.get("name") not in known:
            raise _no_setting("schedule")
        values = {name: _number(value, name) for name, value in _record(schedule.get("values")).items()}
        rule = with_schedule(rule, known[schedule["name"]](**values))
    return rule


def _table(table: dict[str, Any]) -> dict[str, Any]:
    columns = _record(table.get("columns"))
    lengths = {len(values) if isinstance(values, list) else 0 for values in columns.values()}
    if not 1 <= len(columns) <= MOST_COLUMNS or len(lengths) != 1 or not 1 <= max(lengths) <= MOST_ROWS:
        raise _no_setting("table")
    loss, number = table.get("loss"), table.get("number")
    if not isinstance(loss, str) or not loss.isidentifier():
        raise _no_setting("loss")
    weights = table.get("weights")
    if weights is not None and not (isinstance(weights, list) and {len(weights)} == lengths):
        raise _no_setting("weights")
    return {
        "weights": None if weights is None else [_number(weight, "weights") for weight in weights],
        "l2": _number(table.get("l2") or 0.0, "l2"),
        "columns": {name: [_number(value, name) for value in values] for name, values in columns.items()},
        "loss": loss if number is None else f"{loss}({_number(number, 'loss')!r})",
    }


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _no_setting("record")
    return value


def _number(value: Any, name: str) -> Any:
    """A finite number as it is, whole ones as such.

    Raises:
        UsageError: it is none.
    """
    try:
        finite = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # whole, and beyond every float
        finite = False
    if not finite:
        raise _no_setting(name)
    return value


def _no_setting(part: str) -> UsageError:
    return UsageError(
        message("this is no setting of a page: its {part!r:.60} is not as it has to be.", part=part)
    )
