"""Who takes part in a race: our own rules; other libraries' methods are in ``race_peers``."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from downslope.descent import LoopOptions, Status, Stopping, descend
from downslope.errors import DownslopeError, ObjectiveError
from downslope.objectives import Objective, Vector
from downslope.optimizers import Optimizer
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.wrappers.wrapper import named_within

FLAT = 1e-10  # part of the gradient norm at the start at which a descent that missed its target goes nowhere any more


class Course(NamedTuple):
    """How a descent went, as a race sees it.

    Attributes:
        evaluations: made when each of its points was known, float64 (rows,).
        values: at these points, float64 (rows,).
        status: how it ended, in one word.
        point: where it ended, float64 (d,).
        seconds: wall-clock time.
    """

    evaluations: NDArray[np.float64]
    values: NDArray[np.float64]
    status: str
    point: Vector
    seconds: float

    @property
    def spent(self) -> float:
        """All its evaluations."""
        return float(self.evaluations[-1]) if len(self.evaluations) else 0.0

    @property
    def value(self) -> float:
        """At its end."""
        return float(self.values[-1]) if len(self.values) else float("nan")


class Finish(NamedTuple):
    """When a descent of a race ends.

    Attributes:
        target: at or below this value.
        evaluations: after so many.
    """

    target: float
    evaluations: int


class Entrant(Protocol):
    """A method that can be raced."""

    @property
    def label(self) -> str:
        """What it is called, with the settings that it was given."""

    @property
    def rate(self) -> float | None:
        """Its learning rate; None where it has none that could be tuned."""

    @property
    def fixed(self) -> bool:
        """Whether somebody chose the rate, so that it is not to be tuned."""

    def with_rate(self, rate: float) -> Entrant:
        """The same at another learning rate."""

    def descend(self, objective: Objective, x: Vector, finish: Finish) -> Course:
        """From ``x`` until then."""


def course_of(racer: Entrant, objective: Objective, x: Vector, finish: Finish) -> Course:
    """From ``x`` until then; what a person's function raises ends this descent, and not the race."""
    began = time.perf_counter()
    try:
        return racer.descend(objective.afresh(), x, finish)
    except Exception as error:
        of_a_person = objective.expression is None and not isinstance(error, DownslopeError)
        if not of_a_person and not isinstance(error, ObjectiveError):  # ours, or a peer's: not to be hidden
            raise
        none = np.zeros(0)
        return Course(none, none, str(Status.ERROR), np.full(len(x), np.nan), time.perf_counter() - began)


@dataclass(frozen=True)
class OwnRule:
    """A rule of ours, or an optax transformation as one.

    Attributes:
        rule: with its settings.
        fixed: whether its learning rate was chosen.
        name: what it is called, where that is not the rule's own name.
    """

    rule: Optimizer
    fixed: bool = False
    name: str = ""

    @property
    def label(self) -> str:
        """Its name, and what differs from its defaults: but for the learning rate, unless that was chosen."""
        inner = self.rule.layers()[-1]
        usual = {field.name: field.default for field in fields(inner)}
        told = [
            f"{value:g}" if name == "learning_rate" else f"{name}={value}"
            for name, value in inner.hyperparameters().items()
            if (self.fixed if name == "learning_rate" else value != usual[name]) and not callable(value)
        ]
        name = self.name or inner.name()
        own = f"{name}({', '.join(told)})" if told else name
        return own if self.name else named_within(self.rule, own)

    @property
    def rate(self) -> float | None:
        """Its learning rate, where it is a number."""
        rate = self.rule.layers()[-1].hyperparameters().get("learning_rate")
        return float(rate) if isinstance(rate, (int, float)) else None

    def with_rate(self, rate: float) -> OwnRule:
        """The same rule, inside its wrappers, at another learning rate."""
        depth = len(self.rule.layers()) - 1
        inner: Any = self.rule.layers()[-1].changed(learning_rate=rate)
        return OwnRule(self.rule.replaced(depth, inner) if depth else inner, self.fixed, self.name)

    def descend(self, objective: Objective, x: Vector, finish: Finish) -> Course:
        """From ``x`` until then; second derivatives count as many evaluations as there are coordinates."""
        began = time.perf_counter()
        stopping = Stopping(target=finish.target, evaluations=finish.evaluations, relative_tolerance=FLAT)
        run = descend(objective, x, self.rule, stopping, loop=LoopOptions(keep_errors=True))
        seconds = time.perf_counter() - began
        if run.termination.status == Status.INTERRUPTED:
            raise KeyboardInterrupt
        spent = run.history.evaluations.astype(np.float64)
        if isinstance(self.rule.layers()[-1], CurvedRule) and run.nit:
            spent = spent + len(x) * run.nhev * run.history.step / run.nit
        values = run.history.value
        if run.reported is not None and len(values):  # of a method that averages: its answer, at its end
            values = np.append(values[:-1], run.reported.value)
        return Course(spent, values, run.status, run.final, seconds)
