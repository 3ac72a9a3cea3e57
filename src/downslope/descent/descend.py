"""Runs an engine in slices, and between them looks at the clock, the keyboard and the callback."""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol, get_args

from downslope import interruption
from downslope.descent import judge as j
from downslope.descent.compiled import CompiledEngine
from downslope.descent.curved import CurvedEngine, CurvedStepper, curved_rule
from downslope.descent.engine import DescentProblem, Engine, EvaluationsLeft
from downslope.descent.evidence import TESTS, Cause
from downslope.descent.function_state import FunctionState, FunctionWatch, as_left
from downslope.descent.fused import FusedStepper
from downslope.descent.history import History
from downslope.descent.hosted import HostedStepper
from downslope.descent.observing import StopEvent, judge_end
from downslope.descent.progress import Progress, Step
from downslope.descent.remote import RemoteStepper
from downslope.descent.reported import Reported
from downslope.descent.reports import Reports
from downslope.descent.result import Descent
from downslope.descent.snapshot import Looks, Snapshot, snapshot_of
from downslope.descent.stations import Counts, Station, Stations
from downslope.descent.step_map import program_of
from downslope.descent.stepping import ArrayStepper, SteppingEngine
from downslope.descent.stopping import Stopping
from downslope.descent.trace_buffer import TraceBuffer
from downslope.descent.traced import TracedEngine
from downslope.errors import DownslopeError, ObjectiveError, UsageError
from downslope.messages import message
from downslope.objectives import FormulaObjective, Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.block_rules import in_blocks, works_on_blocks
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.symbolic.unknown import TraceError

SLICE_SECONDS = 0.05
MOST_LETTERS = 200  # of the text of an exception

EngineName = Literal["auto", "traced", "compiled", "hosted"]
EngineMaker = Callable[[DescentProblem, Optimizer], Engine]


class Checkpoints(Protocol):
    """Keeps a descent that is under way, now and then."""

    def is_due(self, now: float, numbers: int) -> bool:
        """Whether it is time, by ``time.perf_counter``, for one of so many numbers."""

    def keep(self, descent: Descent) -> None:
        """Keep it, as it stands."""


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """What happens between two slices."""

    checkpoints: Checkpoints | None = None
    callback: Callable[[Step], Any] | None = None
    progress: Callable[[Progress], None] | None = None


class Continued(NamedTuple):
    """A descent that is gone on with.

    Attributes:
        snapshot: where it left off.
        history: the way until then.
        seconds: how long it took.
        counts: its evaluations of gradient and curvature, where they are counted apart.
        stations: where it stood before.
    """

    snapshot: Snapshot
    history: History
    seconds: float
    counts: Counts | None = None
    stations: tuple[Station, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """How a descent is run.

    Attributes:
        maximize: whether it climbs.
        every: which steps are kept, see ``TraceBuffer``.
        engine: which engine runs it; "auto" is the fastest that can; or what makes another one.
        callbacks: what happens between two slices.
        since: a descent that is gone on with, of the same objective, rule and start.
        keep_errors: whether an exception in a person's function or rule ends the run, with what it has done, once it
            has made a step; it is raised otherwise, as that of a callback always is.
        again: of a run that is made again from its start, what its function remembers: generators begin as they did.
        exact_norms: evaluations that may have gradients so small that their squares underflow, which takes a thousand
            times as long; then the run ends, as at its limit of evaluations. None: any number.
    """

    maximize: bool = False
    every: int | None = None
    engine: EngineName | EngineMaker = "auto"
    callbacks: Callbacks = Callbacks()
    since: Continued | None = None
    keep_errors: bool = False
    again: FunctionState | None = None
    exact_norms: EvaluationsLeft | None = None


def descend(
    objective: Objective,
    x: Vector,
    optimizer: Optimizer,
    stopping: Stopping,
    *,
    loop: LoopOptions = LoopOptions(),
) -> Descent:
    """Descend (or climb) an objective from ``x`` until ``stopping`` says so.

    Raises:
        UsageError: the engine asked for cannot take this objective.
    """
    started = time.perf_counter()
    since = loop.since
    position = None if since is None else since.snapshot.position
    problem = DescentProblem(objective, x, -1.0 if loop.maximize else 1.0, position, loop.exact_norms)
    full = stopping.with_defaults(objective.dtype)
    trace = TraceBuffer(x, towards(full, problem.sign), loop.every)
    rule = resolve_schedule(optimizer)
    engine = (
        loop.engine(problem, rule) if callable(loop.engine) else choose_engine(problem, rule, loop.engine)
    )
    reports = Reports(engine, trace, problem, rule)
    curved = engine if isinstance(engine, CurvedEngine) else None
    if since is not None:
        if curved is not None and since.counts is not None:
            curved.counts.add(since.counts)
        trace.restore(since.snapshot.trace, since.history, problem.sign)
        reports.restore(since.snapshot.reports)
    before, known = 0.0, tuple[Station, ...]()
    if since is not None:
        before, known = since.seconds, (*since.stations, Station(since.snapshot, since.seconds, since.counts))
    stations = Stations(known)
    watch = FunctionWatch(objective, None if since is None else since.snapshot.function, loop.again)

    def as_it_stands(cause: Cause, reported: Reported | None, looks: Looks) -> Descent:
        event = StopEvent(cause, engine.point(trace), reported, steps.error)
        return Descent(
            objective=objective,
            optimizer=optimizer,
            stopping=full,
            maximize=loop.maximize,
            start=x,
            termination=judge_end(event, trace, problem, remarks=() if curved is None else curved.remarks()),
            seconds=before + time.perf_counter() - started,
            history=trace.history(objective.parameters.coordinates, problem.sign),
            reported=reported,
            nfev=trace.evaluations,
            counts=None if curved is None else replace(curved.counts),
            engine=engine.name,
            left_with=snapshot_of(engine, trace, looks, objective),
            stations=stations.all(),
        )

    def standing() -> Station:
        return Station(
            snapshot_of(engine, trace, Looks(reports.state(), watch.state()), objective),
            before + time.perf_counter() - started,
            None if curved is None else replace(curved.counts),
        )

    steps = _Loop(engine, trace, problem, loop, started, lambda now: stations.look(now, standing))

    def interrupted() -> Descent:
        looks = Looks(reports.state(), watch.state())
        with as_left(
            objective, looks.function
        ):  # a look at what an averaging method reports may draw numbers
            return as_it_stands(Cause.INTERRUPTED, reports.now(), looks)

    cause = steps.run(reports, interrupted)
    looks = Looks(reports.state(), watch.state())
    return as_it_stands(cause, reports.at_the_end(cause), looks)


def towards(stopping: Stopping, sign: float) -> Stopping:
    """The stopping conditions as descent sees them: climbing to a target is descending to its negative."""
    if stopping.target is None or sign > 0:
        return stopping
    values = {name: getattr(stopping, name) for name in stopping.__dataclass_fields__}
    return Stopping(**{**values, "target": -stopping.target})


def choose_engine(problem: DescentProblem, optimizer: Optimizer, engine: EngineName) -> Engine:
    """The traced engine where objective and rule can be traced, the compiled one where a framework compiles both,
    else the stepping one, in the arrays that suit it best."""
    objective = problem.objective
    if not isinstance(engine, str) or engine not in get_args(EngineName):
        raise UsageError(
            message(
                "engine is {engine!r}; it can be 'auto', 'traced', 'compiled' or 'hosted'.", engine=engine
            )
        )
    traceable = isinstance(objective, FormulaObjective) or program_of(objective) is not None
    if engine == "traced" and not traceable:
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
    curved = curved_rule(optimizer)
    if curved is not None:
        if engine not in ("auto", "hosted"):
            raise UsageError(
                message(
                    "{kind} cannot be {engine}: its steps are factorisations of matrices, made in Python.",
                    kind=type(optimizer).__name__,
                    engine=engine,
                )
            )
        return CurvedEngine(CurvedStepper(problem, curved))
    if works_on_blocks(optimizer):
        if engine not in ("auto", "hosted"):
            raise UsageError(
                message(
                    "{kind} cannot be {engine}: its steps are products of matrices, made in Python.",
                    kind=type(optimizer).__name__,
                    engine=engine,
                )
            )
        return _stepping(HostedStepper)(problem, in_blocks(optimizer, objective.parameters.shapes))
    kinds: list[Callable[[DescentProblem, Optimizer], Engine]] = []
    if traceable and engine in ("auto", "traced"):
        kinds.append(TracedEngine)
    remote = objective.remote
    if remote is not None and len(problem.start) >= remote.least and engine in ("auto", remote.engine):
        kinds += [_stepping(FusedStepper), _stepping(RemoteStepper)]
    if objective.loop is not None and engine in ("auto", "compiled"):
        kinds.append(CompiledEngine)
    for kind in kinds:
        try:
            return kind(problem, optimizer)
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
    return _stepping(HostedStepper)(problem, optimizer)


def _stepping(
    stepper: Callable[[DescentProblem, Optimizer], ArrayStepper],
) -> Callable[[DescentProblem, Optimizer], Engine]:
    return lambda problem, optimizer: SteppingEngine(stepper(problem, optimizer))


@dataclass
class _Loop:
    """A descent under way."""

    engine: Engine
    trace: TraceBuffer
    problem: DescentProblem
    loop: LoopOptions
    started: float  # by time.perf_counter, seconds
    look: Callable[[float], None]  # at whether where it stands is to be kept
    error: str = ""  # with which it broke off
    calling_back: bool = False

    def run(self, reports: Reports, as_interrupted: Callable[[], Descent]) -> Cause:
        """Advance slice by slice until something ends the run.

        Args:
            reports: what an averaging method reports, held against the tests.
            as_interrupted: the descent as if it were interrupted now, for checkpoints.
        """
        try:
            return self._advance(reports, as_interrupted)
        except KeyboardInterrupt:
            interruption.caught()
            return Cause.INTERRUPTED
        except Exception as error:
            if not self._may_keep(error):
                checkpoints = self.loop.callbacks.checkpoints
                if checkpoints is not None and self.trace.step >= 0:
                    with contextlib.suppress(DownslopeError):  # the first error is the one to be told
                        checkpoints.keep(as_interrupted())
                raise
            self.error = described(error)
            return Cause.ERROR

    def _advance(self, reports: Reports, as_interrupted: Callable[[], Descent]) -> Cause:
        """The slices.

        They have a function of their own, as CPython jumps back to the head of a loop outside the ``try`` around it: a
        Ctrl-C that struck then was not caught, and the run was lost.
        """
        trace, seconds = self.trace, self.trace.stopping.seconds
        callbacks = self.loop.callbacks
        callback, progress, checkpoints = callbacks.callback, callbacks.progress, callbacks.checkpoints
        budget, told = 1, trace.step
        while True:
            began = time.perf_counter()
            code = self.engine.advance(trace, reports.within(budget))
            now = time.perf_counter()
            if told < 0 <= trace.step:
                trace.begin()
            if callback is not None and trace.step > told and self._wants_to_stop(callback):
                return Cause.CALLBACK
            told = trace.step
            if code == j.ROWS_FULL:
                trace.make_room()
                continue
            if code != j.SLICE_DONE and (code not in TESTS or reports.confirm(Cause(code))):
                return reports.cause or Cause(code)
            if seconds is not None and now - self.started >= seconds:
                return Cause.TIME_LIMIT
            if trace.step >= 0:
                self.look(now)
            if checkpoints is not None and checkpoints.is_due(now, trace.numbers):
                checkpoints.keep(as_interrupted())
            if progress is not None and now - self.started >= SLICE_SECONDS:
                progress(self._progress(now - self.started))
            again = code != j.SLICE_DONE or callback is not None
            budget = 1 if again else _next_budget(budget, now - began, seconds)

    def _may_keep(self, error: Exception) -> bool:
        """Whether an exception ends the run, with what it has done: one of a person's code, or memory that is full."""
        if not self.loop.keep_errors or self.trace.step < 0 or self.calling_back:
            return False
        if isinstance(error, (ObjectiveError, MemoryError)):
            return True
        return not isinstance(error, DownslopeError)

    def _wants_to_stop(self, callback: Callable[[Step], Any]) -> bool:
        trace = self.trace
        x = self.problem.objective.present(trace.last_x)
        value = self.problem.sign * trace.memory[j.LAST_VALUE]
        self.calling_back = True
        try:
            answer = bool(callback(Step(trace.step, trace.evaluations, x, value, trace.last_norm)))
        except StopIteration:
            answer = True
        self.calling_back = False
        return answer

    def _progress(self, elapsed: float) -> Progress:
        trace, s = self.trace, self.trace.stopping
        done = [
            used / allowed
            for used, allowed in (
                (trace.step, s.steps),
                (trace.evaluations, s.evaluations),
                (elapsed, s.seconds),
            )
            if allowed
        ]
        return Progress(
            trace.step,
            trace.evaluations,
            float(self.problem.sign * trace.memory[j.LAST_VALUE]),
            float(trace.memory[j.LAST_NORM]),
            elapsed,
            max(done, default=None),
        )


def described(error: BaseException) -> str:
    """An exception in a line: its kind, its text, and where it was raised."""
    text = " ".join(str(error).split())[:MOST_LETTERS]
    kind = type(error).__name__ + (f": {text}" if text else "")
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else kind


def _next_budget(budget: int, took: float, seconds: float | None) -> int:
    """So many evaluations as fill a slice, growing at most sixteenfold at a time."""
    slice_seconds = SLICE_SECONDS if seconds is None else min(SLICE_SECONDS, seconds / 4)
    return max(1, min(16 * budget, int(budget * slice_seconds / max(took, 1e-7))))
