"""The judge of the end as a module of JavaScript: its conditions, its words, and the numbers that it goes by."""

from __future__ import annotations

import json
import re
from typing import Any

from downslope.descent import (
    conditions,
    growing_rows,
    judge,
    norms,
    observing,
    reports,
    stopping,
    termination,
    trace_buffer,
    trend,
)
from downslope.descent.evidence import LIMITS, TESTS, Cause

_NUMBERS = {
    judge: ("LEVEL", "FORGIVEN", "LENIENCE", "NO_LIMIT", "LEAST_SQUARE"),
    stopping: ("DEFAULT_TOLERANCE", "DEFAULT_STEPS", "RUNAWAY", "IDLE_EVALUATIONS"),
    termination: ("FAR", "JUMP"),
    trend: ("PARTS", "FEWEST", "LONGEST_PERIOD", "ROUNDS", "FEWEST_ROUNDS", "WIDE", "SAME", "ULPS"),
    trace_buffer: ("TAIL_STEPS", "FIRST_ROWS", "FEWEST_ROWS"),
    growing_rows: ("MOST_NUMBERS",),
    observing: ("ROUNDING",),
    reports: ("PATIENCE",),
}
_CAUSES = tuple(
    cause
    for cause in Cause
    if cause in termination.STATUSES and (cause == Cause.STEP_NOT_FINITE or hasattr(judge, cause.name))
)


def _script(table: Any) -> str:
    """Names need no quotes, and whole numbers no point."""
    return re.sub(r"\.0\b", "", re.sub(r'"(\w+)":', r"\1:", json.dumps(table)))


def judging() -> str:
    """The module: ``judgeAt`` of the evidence in its order, ``judge`` of it by name; CAUSES, STATUSES, SETTINGS."""
    numbers = {name: getattr(module, name) for module, names in _NUMBERS.items() for name in names}
    numbers["LEAST_SQUARES"] = norms.LEAST_SQUARES[8]
    causes = {cause.name: int(cause) for cause in (*_CAUSES, *termination.LEAVING)}
    statuses = {int(cause): str(termination.STATUSES[cause]) for cause in _CAUSES}
    statuses |= {int(cause): str(stopping.Status.LEFT_DOMAIN) for cause in termination.LEAVING}
    tables = {
        "CAUSES": causes,
        "STATUSES": statuses,
        "TESTS": list(map(int, TESTS)),
        "LIMITS": [int(cause) for cause in LIMITS if hasattr(judge, cause.name)],
        "LEAVING": list(map(int, termination.LEAVING)),
        "SETTINGS": numbers,
    }
    lines = [f"export const {name} = {_script(table)};" for name, table in tables.items()]
    named = ", ".join(conditions.names())
    printed = conditions.to_javascript()
    head = printed.partition("\n")[0]
    printed = printed.replace(f"judge({{{named}}})", f"judgeAt({named})")
    by_name = "\n".join([f"export {head}", f"  return judgeAt({named});", "}", ""])
    return "\n".join([f"export {printed}", by_name, *lines, ""])
