"""Runs an engine in slices, and between them looks at the clock, the keyboard and the callback."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from downslope.descent import kernel as k
from downslope.descent.compiled import CompiledEngine
from downslope.descent.engine import Engine
from downslope.descent.evidence import TESTS, Cause
from downslope.descent.fused import FusedEngine
from downslope.descent.hosted import HostedEngine
from downslope.descent.observing import DescentProblem, StopEvent, judge_end
from downslope.descent.progress import Progress, Step
from downslope.descent.remote import RemoteEngine
from downslope.descent.reports import Reports
from downslope.descent.result import Descent
from downslope.descent.stopping import Stopping
from downslope.descent.trace_buffer import TraceBuffer
from downslope.descent.traced import TracedEngine
from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives import FormulaObjective, Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.symbolic.array import TraceError

SLICE_SECONDS = 0.05

EngineName = Literal["auto", "traced", "compiled", "hosted"]


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """What happens between two slices."""

    callback: Callable[[Step], Any] | None = None
    progress: Callable[[Progress], None] | None = None


def descend(
    objective: Objective,
    x: Vector,
    optimizer: Optimizer,
    stopping: Stopping,
    *,
    maximize: bool = False,
    every: int | None = None,
    engine: EngineName = "auto",
    callbacks: Callbacks | None = None,
) -> Descent:
    """Descend (or climb) an objective from ``x`` until ``stopping`` says so.

    Raises:
        UsageError: the engine asked for cannot take this objective.
    """
    started = time.perf_counter()
    sign = -1.0 if maximize else 1.0
    full = stopping.with_defaults(objective.dtype)
    trace = TraceBuffer(x, _towards(full, sign), every)
    chosen = choose_engine(objective, resolve_schedule(optimizer), x, sign, engine)
    descent = DescentProblem(objective, x, sign)
    reports = Reports(chosen, trace, descent, resolve_schedule(optimizer))
    cause = _drive(chosen, trace, descent, reports, callbacks or Callbacks(), started)
    event = StopEvent(cause, chosen.point(trace), reports.at_the_end(cause))
    termination = judge_end(event, trace, descent)
    seconds = time.perf_counter() - started
    history = trace.history(objective.parameters.coordinates, sign)
    return Descent(
        objective=objective,
        optimizer=optimizer,
        stopping=full,
        maximize=maximize,
        start=x,
        history=history,
        termination=termination,
        reported=event.reported,
        nfev=trace.evaluations,
        engine=chosen.name,
        seconds=seconds,
    )


def _towards(stopping: Stopping, sign: float) -> Stopping:
    """The stopping conditions as descent sees them: climbing to a target is descending to its negative."""
    if stopping.target is None or sign > 0:
        return stopping
    values = {name: getattr(stopping, name) for name in stopping.__dataclass_fields__}
    return Stopping(**{**values, "target": -stopping.target})


def choose_engine(
    objective: Objective, optimizer: Optimizer, x: Vector, sign: float, engine: EngineName
) -> Engine:
    """The traced engine where objective and rule can be traced, the compiled one where a framework compiles both,
    else the hosted one."""
    if engine not in get_args(EngineName):
        raise UsageError(
            message(
                "engine is {engine!r}; it can be 'auto', 'traced', 'compiled' or 'hosted'.", engine=engine
            )
        )
    if engine == "traced" and not isinstance(objective, FormulaObjective):
        raise UsageError(
            message(
                "'{objective}' could not be traced into symbols; use engine='hosted'.",
                objective=objective.text,
            )
        )
    if engine == "compiled" and objective.loop is None:
        raise UsageError(
            message(
                "'{objective}' has no framework that compiles its descent; leave engine= out.",
                objective=objective.text,
            )
        )
    kinds: list[Any] = []
    if isinstance(objective, FormulaObjective) and engine in ("auto", "traced"):
        kinds.append(TracedEngine)
    remote = objective.remote
    if remote is not None and len(x) >= remote.least and engine in ("auto", remote.engine):
        kinds += [FusedEngine, RemoteEngine]
    if objective.loop is not None and engine in ("auto", "compiled"):
        kinds.append(CompiledEngine)
    for kind in kinds:
        try:
            made: Engine = kind(objective, optimizer, x, sign)
            return made
        except TraceError as error:
            if engine != "auto" and kind is kinds[-1] and engine != "hosted":
                raise UsageError(
                    message(
                        "{kind} cannot be {engine} here: {why}.",
                        kind=type(optimizer).__name__,
                        engine=engine,
                        why=error.message,
                    )
                ) from error
    return HostedEngine(objective, optimizer, x, sign)


def _drive(
    engine: Engine,
    trace: TraceBuffer,
    descent: DescentProblem,
    reports: Reports,
    callbacks: Callbacks,
    started: float,
) -> Cause:
    """Advance slice by slice until something ends the run."""
    seconds = trace.stopping.seconds
    budget, told = 1, -1
    try:
        while True:
            began = time.perf_counter()
            code = engine.advance(trace, reports.within(budget))
            now = time.perf_counter()
            if told < 0 <= trace.step:
                trace.begin()
            if (
                callbacks.callback is not None
                and trace.step > told
                and _wants_to_stop(callbacks.callback, trace, descent)
            ):
                return Cause.CALLBACK
            told = trace.step
            if code == k.ROWS_FULL:
                trace.make_room()
                continue
            if code != k.SLICE_DONE and (code not in TESTS or reports.confirm(Cause(code))):
                return reports.cause or Cause(code)
            if seconds is not None and now - started >= seconds:
                return Cause.TIME_LIMIT
            if callbacks.progress is not None and now - started >= SLICE_SECONDS:
                callbacks.progress(_progress(trace, descent.sign, now - started))
            again = code != k.SLICE_DONE or callbacks.callback is not None
            budget = 1 if again else _next_budget(budget, now - began, seconds)
    except KeyboardInterrupt:
        return Cause.INTERRUPTED


def _next_budget(budget: int, took: float, seconds: float | None) -> int:
    """So many evaluations as fill a slice, growing at most sixteenfold at a time."""
    slice_seconds = SLICE_SECONDS if seconds is None else min(SLICE_SECONDS, seconds / 4)
    return max(1, min(16 * budget, int(budget * slice_seconds / max(took, 1e-7))))


def _wants_to_stop(callback: Callable[[Step], Any], trace: TraceBuffer, descent: DescentProblem) -> bool:
    x = descent.objective.present(trace.last_x)
    step = Step(trace.step, trace.evaluations, x, descent.sign * trace.memory[k.LAST_VALUE], trace.last_norm)
    try:
        return bool(callback(step))
    except StopIteration:
        return True


def _progress(trace: TraceBuffer, sign: float, elapsed: float) -> Progress:
    s, m = trace.stopping, trace.memory
    done = [
        used / allowed
        for used, allowed in ((trace.step, s.steps), (trace.evaluations, s.evaluations), (elapsed, s.seconds))
        if allowed
    ]
    return Progress(
        trace.step,
        trace.evaluations,
        float(sign * m[k.LAST_VALUE]),
        float(m[k.LAST_NORM]),
        elapsed,
        max(done, default=None),
    )
