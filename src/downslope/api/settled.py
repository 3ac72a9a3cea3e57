"""What a page asks of Python: the settings that it shows, run and explained in full."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np

from downslope.api.minimization import maximize, minimize
from downslope.api.table_fitting import fit
from downslope.errors import DownslopeError, UsageError
from downslope.messages import message
from downslope.objectives import Objective
from downslope.optimizers import all_optimizers, as_optimizer
from downslope.optimizers.registry import all_schedules, with_schedule
from downslope.page.document import MOST_METHODS, MOST_STEPS, MOST_VARIABLES
from downslope.page.fits import MOST_ROWS

LONGEST_FORMULA = 2_000  # characters, as on the page
MOST_COLUMNS = 8
MOST_SCHEDULES = 3
MOST_POINTS = 20_000  # of one question
TRIALS = 10  # evaluations for a step, at most
SECONDS = 20.0  # that a run may take before its explanation


class PythonFunction(NamedTuple):
    """A function that is no formula, by the name that a page has for it."""

    text: str
    objective: Objective

    @property
    def names(self) -> list[str]:
        """Its parameters, as a page calls them."""
        return [plain_name(name, k) for k, name in enumerate(self.objective.parameters.coordinates)]


def plain_name(name: str, k: int) -> str:
    """The name of the k-th parameter as a formula can have it: ``p1`` for the first entry of ``p``."""
    return name if name.isidentifier() else f"{name.partition('[')[0]}{k + 1}"


def answer_page(question: Any, function: PythonFunction | None = None) -> dict[str, Any]:
    """What a page asks: the explanation of a setting, or where a function was given to it, its values.

    Raises:
        UsageError: it is no such question.
    """
    if function is not None and isinstance(question, dict) and question.get("kind") == "function":
        return {"evaluated": _evaluated(question, function)}
    return explain_setting(question, function)


def _evaluated(question: dict[str, Any], function: PythonFunction) -> list[Any]:
    """[point, [value, slopes]] for each point that was asked for, and on the ways of the rules from the start."""
    points, size = question.get("points"), len(function.names)
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise _no_setting("points")
    found: dict[tuple[float, ...], list[float | None]] = {}

    def at(x: Any) -> tuple[float, Any]:
        value, gradient = function.objective.value_and_gradient(np.asarray(x, np.float64))
        numbers = [float(value), *map(float, gradient)]
        found[tuple(map(float, x))] = [one if math.isfinite(one) else None for one in numbers]
        return float(value), gradient

    setting = _record(question.get("setting"))
    described = _Described(setting, function)
    start = np.array([described.start.get(name, 1.0) for name in function.names], np.float64)
    sign = -1.0 if described.maximize else 1.0
    until = time.perf_counter() + SECONDS
    for method in _methods(setting):
        rule, x, left = _rule(method), start, described.limits["steps"] + 1
        state = rule.init(x)
        for _ in range(TRIALS * described.limits["steps"]):
            if left == 0 or time.perf_counter() > until:
                break
            value, gradient = at(x)
            norm = float(np.linalg.norm(gradient))
            if not math.isfinite(value) or norm <= described.limits.get("tolerance", 0.0):
                break
            x, state, taken = rule.update(x, sign * value, sign * gradient, state)
            x, left = np.asarray(x, np.float64), left - bool(taken)
            if not np.all(np.isfinite(x)):
                break
    for point in points:
        if not isinstance(point, list) or len(point) != size:
            raise _no_setting("points")
        at([float(_number(number, "points")) for number in point])
    return [[list(point), numbers] for point, numbers in found.items()]


def explain_setting(question: Any, function: PythonFunction | None = None) -> dict[str, Any]:
    """A setting of a page, each of its rules run from the start and explained: ``{"rules": [{rule, sentences}]}``.

    Args:
        question: formula, start, methods, steps, tolerance, maximize, table, as a page sends them; it may be anything.
        function: what the page was opened with, where that is no formula.

    Raises:
        UsageError: it is no setting.

    >>> asked = {"formula": "x^2", "start": {"x": 1.0}, "methods": [{"rule": "gradient_descent"}], "steps": 3}
    >>> explain_setting(asked)["rules"][0]["sentences"][0]
    'Stopped at the limit of 3 steps.'
    """
    setting = _record(question)
    described = _Described(setting, function)
    return {"rules": [described.explained(method) for method in _methods(setting)]}


def _methods(setting: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of a setting, of which only the names are checked.

    Raises:
        UsageError: they are none, too many, or one is none that a page has.
    """
    methods, known = setting.get("methods"), {cls.name() for cls in all_optimizers()}
    if not isinstance(methods, list) or not 1 <= len(methods) <= MOST_METHODS:
        raise _no_setting("methods")
    for method in map(_record, methods):
        if not isinstance(method.get("rule"), str) or method["rule"] not in known:
            raise _no_setting("rule")
    return methods


class _Described:
    """A setting that was checked, except for its rules."""

    def __init__(self, setting: dict[str, Any], function: PythonFunction | None = None) -> None:
        self.function = function
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
        name = method["rule"]
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
        function, own = self.function, self.function is not None and self.function.text == self.formula
        what: Any = function.objective if function is not None and own else f"({self.formula})"
        start: Any = (
            [self.start.get(name, 1.0) for name in function.names] if function and own else self.start
        )
        run = descend(what, start, optimizer=rule, **self.limits)
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
