"""A loop being recorded, and the run that comes of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import numpy as np

from downslope.containers import flattened
from downslope.descent import Descent, History, Stopping
from downslope.descent.evidence import Cause, Evidence, Failure
from downslope.descent.norms import norm_from_square, norm_of
from downslope.descent.stopping import RUNAWAY
from downslope.descent.termination import Termination, terminate
from downslope.descent.termination_messages import Places
from downslope.descent.trend import trend_of
from downslope.errors import UsageError
from downslope.messages import Message, message, plural, sentences
from downslope.objectives import Vector
from downslope.objectives.recorded import LoopFacts, LoopFault, NotFinite, RecordedObjective
from downslope.optimizers import Optimizer
from downslope.optimizers.external import ExternalOptimizer
from downslope.optimizers.param_tree import ParamTree, dot
from downslope.recording.choice import Choice
from downslope.recording.parts_seen import PartsSeen
from downslope.recording.rows import NONE, RecordedRows, until
from downslope.results.run import Run
from downslope.tensors import library_of_parameter
from downslope.tensors.given import as_number

MOST_SECANTS = (
    200_000  # parameters up to which the last point and gradient are kept, to measure curvatures by
)
SWINGS = 4  # times the usual change from step to step, by which a value must rise to be more than swinging


class LoopWatch(Protocol):
    """What looks into a loop."""

    title: Message

    @property
    def climbs(self) -> bool:
        """Whether its optimizer says that it goes up."""

    @property
    def faults(self) -> tuple[LoopFault, ...]:
        """What is wrong with the loop, by what its framework shows."""

    def begin(self, recorder: Recorder) -> None:
        """Start to look."""

    def end(self) -> None:
        """Leave no trace."""

    def final(self) -> tuple[Sequence[str], ParamTree] | None:
        """Names and parameters as the last step left them; None where that is in the record, or not known."""

    def optimizer(self) -> Optimizer:
        """The optimizer of the loop, as far as it can be told."""


class Unwatched:
    """A loop that nothing watches: everything comes through ``log``."""

    title = message("a loop")
    climbs = False
    faults: tuple[LoopFault, ...] = ()

    def begin(self, recorder: Recorder) -> None:
        pass

    def end(self) -> None:
        pass

    def final(self) -> None:
        return None

    def optimizer(self) -> Optimizer:
        return ExternalOptimizer(library="the loop", title="own optimizer")


class Recorder:
    """A loop being recorded, and afterwards its ``Run``: every attribute of a ``Run`` is here too.

    Attributes:
        evaluations: evaluations of the objective seen.
        skipped: steps that loss scaling left out, as their gradients were not finite; they are in no row.
        run: what was recorded so far, as a ``Run``.
    """

    def __init__(
        self, watch: LoopWatch, choice: Choice, rows: RecordedRows, maximize: bool | None = None
    ) -> None:
        self._watch, self._choice, self._rows, self._maximize = watch, choice, rows, maximize
        self.evaluations = self.skipped = 0
        self._value: float | None = None  # logged, and waiting for its row
        self._late: bool | None = None  # whether values are logged after their step; known from the first on
        self._before: tuple[ParamTree, ParamTree | None] | None = None
        self._before_the_end: tuple[ParamTree, ParamTree | None] | None = None
        self._began = self._seconds = 0.0
        self._broke: NotFinite | None = None
        self._parts = PartsSeen()
        self._interrupted = self._entered = False
        self._made: tuple[int, Run] | None = None

    def __enter__(self) -> Recorder:
        self._began = time.perf_counter() - self._seconds
        self._entered, self._interrupted, self._made = True, False, None
        if self._rows.reopen():
            self._before = self._before_the_end
        self._watch.begin(self)
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            self._end_where_it_ended()
        finally:
            self._watch.end()
        self._seconds = time.perf_counter() - self._began
        self._interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)

    # --- what happens ------------------------------------------------------------------------------------

    def log(self, value: Any = None, *, params: Any = None, gradients: Any = None) -> None:
        """Tell what the recorder cannot see.

        Args:
            value: the loss at the parameters as they were when its gradient was taken: a number or a tensor of one.
            params, gradients: of a loop without an optimizer that can be watched; arrays, or dicts or lists of them.
        """
        number = None if value is None else as_number(value)
        self._parts.look_at_cost(value)
        if params is not None:
            names, x = _bundle(params, self._parts.names)
            self.see(names, x, None if gradients is None else _bundle(gradients, names)[1], number)
            return
        if number is None:
            return
        self._made = None
        if self._late is None:
            self._late = self._rows.count + self.skipped > 0
        if not self._late:
            self._value = number
        elif self._rows.latest is not None and math.isnan(self._rows.latest[0]):
            self._rows.latest[0] = number
            self._look_at(self._rows.count - 1, number, 0.0)

    def see(
        self,
        names: Sequence[str],
        x: ParamTree,
        g: ParamTree | None,
        value: float | None,
        *,
        norm: float = NONE,
    ) -> None:
        """Add a row: the parameters before a step, their gradient (or its norm), and the value where it is known."""
        if self._broke is not None or self._parts.misshapen is not None:
            return
        if not self._parts.fits(names, x, g):
            self._made = None
            if self._rows.count:
                return
            g = None  # so that there is a record at all
        if value is None and self._late is not True:
            value, self._value = self._value, None
            if value is not None:
                self._late = False
        norm = norm if g is None else _length(g)
        number = NONE if value is None else value
        known = 0.0 if g is None and math.isnan(norm) else norm
        if self._look_at(self._rows.count, 0.0 if value is None else value, known):
            return
        self.evaluations += 1
        self._made = None
        self._parts.see(x, g, None if self._before is None else self._before[0])
        numbers = [number, norm, *self._secant(x, g)]
        self._rows.add(self.evaluations, numbers, self._choice.numbers(names, x))

    def skip(self) -> None:
        """Count a step that was not made, and forget its value: the gradients of a scaled loss were not finite."""
        if self._broke is None:
            self.evaluations += 1
            self.skipped += 1
            self._value = self._made = None

    def _end_where_it_ended(self) -> None:
        """Add the point that the last step led to, at which nothing was evaluated."""
        ends = self._broke is None and self._parts.misshapen is None
        found = self._watch.final() if self._rows.count and ends else None
        if found is None:
            return
        names, x = found
        value, self._value = self._value, None
        if self._look_at(self._rows.count, 0.0 if value is None else value, 0.0):
            return
        self._before_the_end = self._before
        point = self._choice.numbers(names, x)
        if not np.all(np.isfinite(point)):
            self._broke = NotFinite(self._rows.count, "point")
            return
        self._made = None
        numbers = [NONE if value is None else value, NONE, *self._secant(x, None)]
        self._rows.end(self.evaluations, numbers, point)

    def names_of(self, tensors: Sequence[Any], otherwise: Sequence[str]) -> list[str]:
        """The names that a person gave to tensors, else the others."""
        return self._choice.names_of(tensors, otherwise)

    def _look_at(self, step: int, value: float, norm: float) -> bool:
        """Whether a number is not finite; the record ends before it."""
        if not math.isfinite(value):
            self._broke = NotFinite(step, "value", math.isinf(value))
        elif not math.isfinite(norm):
            self._broke = NotFinite(step, "gradient", math.isinf(norm))
        return not math.isfinite(value) or not math.isfinite(norm)

    def _secant(self, x: ParamTree, g: ParamTree | None) -> tuple[float, float, float]:
        """The squared length of the last step, and the slopes along it at its ends where the gradients were seen."""
        if len(x) > MOST_SECANTS:
            return NONE, NONE, NONE
        length = before = after = NONE
        if self._before is not None:
            old_x, old_g = self._before
            s = x - old_x
            length = float(dot(s, s))
            before, after = (NONE if slope is None else float(dot(slope, s)) for slope in (old_g, g))
        self._before = _copied(x), None if g is None else _copied(g)
        return length, before, after

    # --- what comes of it --------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """What was recorded so far.

        Raises:
            UsageError: nothing was.
        """
        if self._made is None or self._made[0] != self._rows.count:
            self._made = self._rows.count, self._run()
        return self._made[1]

    def __descent__(self) -> Descent:
        """The run, to what takes any descent."""
        return self.run

    def _run(self) -> Run:
        parameters = self._choice.parameters
        history, secants = self._rows.history(parameters.coordinates)
        if self._broke is not None:
            history, secants = until(history, secants, self._broke.step)
        if not len(history):
            nothing = message("nothing was recorded of {loop}.", loop=self._watch.title)
            raise UsageError(sentences(nothing, self._broke.at_its_start if self._broke else self._unseen()))
        objective = RecordedObjective(
            parameters,
            str(self._watch.title),
            of_norms=self._choice.of_norms,
            facts=LoopFacts(secants, self._broke, self._faults),
        )
        return Run(
            objective=objective,
            optimizer=self._watch.optimizer(),
            stopping=Stopping(steps=int(history.step[-1])),
            maximize=self._climbs,
            start=history.x[0].copy(),
            history=history,
            termination=self._terminate(history),
            nfev=self.evaluations,
            engine="recorded",
            seconds=self._seconds or time.perf_counter() - self._began,
        )

    @property
    def _faults(self) -> tuple[LoopFault, ...]:
        """What the framework shows, and of parts that are left alone what the rows do where it shows nothing."""
        shown = self._watch.faults
        kinds = {fault.kind.partition(".")[0] for fault in shown}
        return *shown, *(one for one in self._parts.faults if one.kind.partition(".")[0] not in kinds)

    @property
    def _climbs(self) -> bool:
        """Whether the loop goes up: as a person said, or else its optimizer."""
        return self._watch.climbs if self._maximize is None else bool(self._maximize)

    def _unseen(self) -> Message:
        if not self._entered:
            return message(
                "Steps are seen within its 'with' statement: with ds.record(...) as run: and the loop in it."
            )
        if isinstance(self._watch, Unwatched):
            return message("Without an optimizer to watch, tell every step: run.log(loss, params=params).")
        if self.skipped:
            return message(
                "Loss scaling skipped every step, {count} in all: no gradient was finite.", count=self.skipped
            )
        return message("No step was seen.")

    def _terminate(self, history: History) -> Termination:
        known = history.value[np.isfinite(history.value)]
        norms = history.gradient_norm[np.isfinite(history.gradient_norm)]
        seen = -known if self._climbs else known
        cause = Cause.LOOP_INTERRUPTED if self._interrupted else Cause.LOOP_ENDED
        if len(seen) and seen[-1] <= -RUNAWAY * (1 + abs(seen[0])) and not self._interrupted:
            cause = Cause.VALUE_LOW
        step, failure = int(history.step[-1]), _failure(self._broke)
        if self._broke is not None:
            cause, step = Cause.RECORD_BROKE, self._broke.step - 1
        evidence = Evidence(
            cause=cause,
            step=step,
            evaluations=self.evaluations,
            value=float(known[-1]) if len(known) else math.nan,
            first_value=float(known[0]) if len(known) else math.nan,
            gradient_norm=float(norms[-1]) if len(norms) else math.nan,
            first_gradient_norm=float(norms[0]) if len(norms) else math.nan,
            worse=_is_worse(seen),
            trend=trend_of(seen, np.empty((0, 1)), tail=0)[0],
            failure=failure,
            maximize=self._climbs,
        )
        names = self._choice.parameters.coordinates
        return terminate(evidence, Places(names, history.x[-1]), *self._skipped_said())

    def _skipped_said(self) -> list[Message]:
        if not self.skipped:
            return []
        return [
            plural(
                "{n} more is left out, which loss scaling skipped since gradients were not finite.",
                "{n} more are left out, which loss scaling skipped since gradients were not finite.",
                n=self.skipped,
            )
        ]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in _OF_A_RUN:
            raise AttributeError(
                str(message("'{kind}' object has no attribute '{name}'", kind="Recorder", name=name))
            )
        return getattr(self.run, name)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *_OF_A_RUN})

    def __repr__(self) -> str:
        if not len(self._rows):
            return str(message("record of {loop}: no step yet", loop=self._watch.title))
        return repr(self.run)


def _is_worse(values: Vector) -> bool:
    """Whether values end higher than they began, by more than those of random batches swing."""
    if len(values) < 3 or not values[-1] > values[0]:
        return False
    steps = np.diff(values)
    return bool(np.all(steps > 0) or values[-1] - values[0] > SWINGS * np.median(np.abs(steps)))


_OF_A_RUN = frozenset(
    name for name in [*Run.__dataclass_fields__, *vars(Descent), *vars(Run)] if name[0] != "_"
)


def _failure(broke: NotFinite | None) -> Failure:
    """What was not finite, by its name in the evidence of an end."""
    if broke is None:
        return ""
    nature = "not_finite" if broke.what == "point" else "infinite" if broke.infinite else "nan"
    return cast(Failure, f"recorded_{broke.what}_{nature}")


def _bundle(params: Any, known: Sequence[str]) -> tuple[list[str], ParamTree]:
    """Names and numbers, in the order of the names that are known: JAX gives dicts back with theirs sorted."""
    leaves = list(flattened(params))
    names = [name if name != "the parameter" else "x" for name, _ in leaves]
    if sorted(names) == sorted(known):
        leaves, names = [leaves[names.index(name)] for name in known], list(known)
    return names, ParamTree(library_of_parameter(leaf, name).read(leaf, name) for name, leaf in leaves)


def _length(g: ParamTree) -> float:
    """The norm of gradients, whose squares are summed up where they are, and anew where those over- or underflow."""
    norm = norm_from_square(float(dot(g, g)), np.float32)
    if norm is not None:
        return norm
    return norm_of([norm_of(library_of_parameter(part, "x").plain(part)) for part in g.parts])


def _copied(x: ParamTree) -> ParamTree:
    return ParamTree(library_of_parameter(part, "x").copied(part) for part in x.parts)
