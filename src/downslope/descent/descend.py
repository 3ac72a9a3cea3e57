"""Runs an engine in slices, and between them looks at the clock, the keyboard and the callback."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np

from downslope.descent import kernel as k
from downslope.descent.compiled import CompiledEngine
from downslope.descent.fused import FusedEngine
from downslope.descent.hosted import HostedEngine
from downslope.descent.progress import Progress, Step
from downslope.descent.remote import RemoteEngine
from downslope.descent.result import Descent, Reported
from downslope.descent.stopping import Status, Stopping
from downslope.descent.termination import StopEvent, Termination, termination_of
from downslope.descent.trace_buffer import TraceBuffer
from downslope.descent.traced import TracedEngine
from downslope.errors import UsageError
from downslope.objectives import FormulaObjective, Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.symbolic.array import TraceError

SLICE_SECONDS = 0.05

EngineName = Literal["auto", "traced", "compiled", "hosted"]


class Engine(Protocol):
    """What both engines are to the loop here."""

    name: str

    def advance(self, trace: TraceBuffer, budget: int) -> int:
        """Up to ``budget`` evaluations; returns a code of ``kernel``."""

    def answer(self, trace: TraceBuffer) -> Vector:
        """The point that the method reports, which for averaging methods is not the one it evaluates."""

    def point(self, trace: TraceBuffer) -> Vector:
        """The point that was, or is to be, evaluated."""


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
    ending = _drive(chosen, trace, objective, sign, callbacks or Callbacks(), started)
    judgement = termination_of(ending, trace, x, sign, objective)
    seconds = time.perf_counter() - started
    history = trace.history(objective.parameters.coordinates, sign)
    return Descent(
        objective=objective,
        optimizer=optimizer,
        stopping=full,
        maximize=maximize,
        start=x,
        history=history,
        termination=judgement,
        reported=_reported(chosen, trace, judgement, objective),
        nfev=trace.evaluations,
        engine=chosen.name,
        seconds=seconds,
    )


def _reported(
    engine: Engine, trace: TraceBuffer, judgement: Termination, objective: Objective
) -> Reported | None:
    """What an averaging method reports instead of its last point; None where that is the last point."""
    if judgement.left_at is not None or trace.step < 0:
        return None
    with np.errstate(all="ignore"):
        answer = engine.answer(trace)
        if np.array_equal(answer, engine.point(trace)):
            return None
        value, gradient = objective.value_and_gradient(answer)
    return Reported(answer, float(value), float(np.linalg.norm(gradient)))


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
        raise UsageError(f"engine is {engine!r}; it can be 'auto', 'traced', 'compiled' or 'hosted'.")
    if engine == "traced" and not isinstance(objective, FormulaObjective):
        raise UsageError(f"'{objective.text}' could not be traced into symbols; use engine='hosted'.")
    if engine == "compiled" and objective.loop is None:
        raise UsageError(f"'{objective.text}' has no framework that compiles its descent; leave engine= out.")
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
                raise UsageError(f"{type(optimizer).__name__} cannot be {engine} here: {error}.") from error
    return HostedEngine(objective, optimizer, x, sign)


def _drive(
    engine: Engine,
    trace: TraceBuffer,
    objective: Objective,
    sign: float,
    callbacks: Callbacks,
    started: float,
) -> StopEvent:
    """Advance slice by slice until something ends the run."""
    seconds = trace.stopping.seconds
    budget, told = 1, -1
    try:
        while True:
            began = time.perf_counter()
            code = engine.advance(trace, budget)
            now = time.perf_counter()
            if told < 0 <= trace.step:
                trace.begin()
            if (
                callbacks.callback is not None
                and trace.step > told
                and _wants_to_stop(callbacks.callback, trace, objective, sign)
            ):
                return StopEvent(Status.STOPPED_BY_CALLBACK, engine.point(trace))
            told = trace.step
            if code == k.ROWS_FULL:
                trace.make_room()
                continue
            if code != k.SLICE_DONE:
                return StopEvent(code, engine.point(trace))
            if seconds is not None and now - started >= seconds:
                return StopEvent(Status.TIME_LIMIT, engine.point(trace))
            if callbacks.progress is not None and now - started >= SLICE_SECONDS:
                callbacks.progress(_progress(trace, sign, now - started))
            budget = 1 if callbacks.callback is not None else _next_budget(budget, now - began, seconds)
    except KeyboardInterrupt:
        return StopEvent(Status.INTERRUPTED, engine.point(trace))


def _next_budget(budget: int, took: float, seconds: float | None) -> int:
    """So many evaluations as fill a slice, growing at most sixteenfold at a time."""
    slice_seconds = SLICE_SECONDS if seconds is None else min(SLICE_SECONDS, seconds / 4)
    return max(1, min(16 * budget, int(budget * slice_seconds / max(took, 1e-7))))


def _wants_to_stop(
    callback: Callable[[Step], Any], trace: TraceBuffer, objective: Objective, sign: float
) -> bool:
    m = trace.memory
    x = objective.present(trace.last_x)
    step = Step(trace.step, trace.evaluations, x, sign * m[k.LAST_VALUE], float(np.sqrt(m[k.LAST_SQUARE])))
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
        float(np.sqrt(m[k.LAST_SQUARE])),
        elapsed,
        max(done, default=None),
    )
