"""What kind of point a run reached: a minimum, a saddle, a maximum, or something that curvature cannot tell."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from downslope.descent import Descent, Status
from downslope.descent.bounds import free_part, projection_of
from downslope.errors import ObjectiveError
from downslope.explain import budget
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import TooDearError, at_most, price_of, random_values, too_coarse, with_budget
from downslope.explain.sentences import say
from downslope.explain.setup import Setup
from downslope.objectives import Objective, Vector

Kind = Literal[
    "minimum",
    "saddle",
    "maximum",
    "degenerate",
    "edge_of_domain",
    "kink",
    "not_stationary",
    "small_by_units",
    "unknown",
    "unseen",
]
Detail = Literal[
    "",
    "flat_valley",
    "higher_order_minimum",
    "inflection",
    "asymptote",
    "plateau",
    "undecided",
    "too_many",
    "not_finite",
    "coarse",
    "random",
    "too_dear",
    "unfinished",
]

HAIR = 1e-12  # relative distance from a bound that is none
LEAST_SECONDS = 0.05  # what a judgement may always cost
MOST_PARAMETERS = 60  # the Hessian of more costs more than a run should


@dataclass(frozen=True)
class Point:
    """A judgement of a point, as descent sees it (a summit that was climbed to is a "maximum").

    Attributes:
        kind: "minimum" (strict), "saddle", "maximum", "degenerate" (curvature does not decide; ``detail`` says what
            values further out showed), "edge_of_domain", "kink", "not_stationary", "small_by_units" (the
            gradient is small only because of its units), "unknown", or "unseen" (only a record is there).
        detail: of a degenerate point: "flat_valley", "higher_order_minimum", "inflection", "asymptote" (it keeps
            falling for ever), "plateau", "undecided". Of an unknown one why: it has "too_many" parameters, derivatives
            that are "not_finite", values so "coarse" (float32, differenced) or "random" that they hide its curvature,
            it is "too_dear" to look at, or "unfinished": the gradient that is left outweighs what curvature shows.
        curvatures: eigenvalues of the Hessian, ascending.
        directions: for each, the parameter or the direction that it belongs to, and its components.
        escape: a direction along which the objective gets better, where there is one.
        way: the name of that direction, or of the line along which nothing curves.
        line: that line.
        order: the exponent with which values rise or fall there, where curvature does not decide.
        distance: how far the stationary point itself lies, as Newton's method sees it.
        sentence: what to say.
    """

    kind: Kind
    detail: Detail = ""
    curvatures: tuple[float, ...] = ()
    directions: tuple[dict[str, Any], ...] = ()
    escape: tuple[float, ...] | None = None
    way: str = ""
    line: tuple[float, ...] | None = None
    order: float | None = None
    distance: float = 0.0
    names: tuple[str, ...] = ()
    maximize: bool = False

    @property
    def sentence(self) -> str:
        """One sentence on the point."""
        return say(self._key, **self._fields())

    @property
    def _key(self) -> str:
        """Which sentence: that of the kind and detail, for ascents and single curvatures as need be."""
        key = f"point.{self.kind}{'.' + self.detail if self.detail else ''}{'.up' if self.maximize else ''}"
        reached = self.kind == ("maximum" if self.maximize else "minimum")
        if reached and not self.curvatures:
            return f"point.{self.kind}.bare"
        if reached and len(self.curvatures) == 1:
            return f"{key}.single"
        if self.kind == "not_stationary" and len(self.curvatures) > 1:
            return "point.not_stationary.curved"
        return key

    @property
    def disappoints(self) -> bool:
        """Whether a run that stands still here has not found what it was asked for."""
        other = "minimum" if self.maximize else "maximum"
        return self.kind in ("saddle", other) or self.detail in ("inflection", "plateau")

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"way": self.way, "order": self.order or 0.0, "distance": self.distance}
        if self.directions:
            fields["steep"], fields["shallow"] = self.directions[-1]["along"], self.directions[0]["along"]
            if self.maximize:
                fields["steep"], fields["shallow"] = fields["shallow"], fields["steep"]
            fields["most"] = max(self.curvatures, key=abs)
            fields["least"] = min(self.curvatures, key=abs)
        return fields

    def to_dict(self) -> dict[str, Any]:
        """The judgement as plain data."""
        return {
            "kind": self.kind,
            "detail": self.detail or None,
            "curvatures": list(self.directions),
            "escape": None if self.escape is None else dict(zip(self.names, self.escape, strict=True)),
            "escape_along": self.way if self.escape is not None else None,
            "flat_along": self.way if self.line is not None and self.escape is None else None,
            "order": self.order,
            "distance": self.distance,
            "sentence": self.sentence,
        }


def classify(
    objective: Objective, x: Vector, maximize: bool = False, start: Vector | None = None, ridge: float = 0.0
) -> Point:
    """Judge a point that is stationary, or nearly, by its Hessian and by values further out where that leaves it open.

    Args:
        objective: the function.
        x: the point.
        maximize: whether a maximum is wanted.
        start: where the run began; it tells what distance counts as large.
        ridge: of a penalty (ridge/2)|x|^2 that was added.

    >>> from downslope.objectives.formula import from_text
    >>> classify(from_text("x^2 - y^2"), np.zeros(2)).kind
    'saddle'
    >>> point = classify(from_text("x^2 + 2*y^3"), np.zeros(2))
    >>> point.kind, point.detail, point.way
    ('degenerate', 'inflection', '-y')
    """
    if not 0 < len(x) <= MOST_PARAMETERS:
        return Point("unknown", "too_many", maximize=maximize)
    from downslope.explain.point_classification import (
        PointClassifier,
    )  # which makes the points described here

    try:
        with np.errstate(all="ignore"):
            view = AnalysisView.of(objective, -1.0 if maximize else 1.0, ridge)
            return PointClassifier(view, np.array(x, np.float64), start).point()
    except TooDearError:
        return Point("unknown", "too_dear", maximize=maximize)
    except (ObjectiveError, np.linalg.LinAlgError):
        return Point("unknown", "not_finite", maximize=maximize)


def judge_run(run: Descent, cheap: bool = False) -> Descent:
    """The run, no longer called a success where the stationary point it reached is not what was asked for.

    ``cheap`` says that the objective is known to cost so little that the run's own time need not be looked at.
    """
    if run.termination.status not in (Status.CONVERGED, Status.STALLED) and run.gradient_norm > 0:
        return run
    if not len(run.history):
        return run
    with at_most(max(budget.JUDGING, run.seconds)):
        point = point_of(run, cheap)
    if not point.disappoints:
        return run
    termination = dataclasses.replace(
        run.termination, success=False, message=f"{run.termination.message} {point.sentence}"
    )
    return dataclasses.replace(run, termination=termination)


def point_of(run: Descent, cheap: bool = False) -> Point:
    """The judgement of the point that a run reached, on the coordinates that no bound holds there."""
    with np.errstate(all="ignore"):
        setup, run = Setup.of(run.optimizer), run if cheap else with_budget(run)
        objective, x = free_of(run)
        if not len(x):
            return Point("maximum" if run.maximize else "minimum", maximize=run.maximize)
        if not cheap:
            hidden = why_not(run, len(x))
            if hidden:
                return Point("unknown", hidden, maximize=run.maximize)
        start = run.start if len(x) == len(run.start) else None
        return classify(objective, x, run.maximize, start, setup.ridge)


def why_not(run: Descent, dimension: int) -> Detail:
    """Why the point of a run is not to be judged; empty where it is."""
    if dimension > MOST_PARAMETERS:
        return "too_many"
    if too_coarse(run):
        return "coarse"
    if not affordable(run, dimension):
        return "too_dear"
    return "random" if random_values(run) else ""


def affordable(run: Descent, dimension: int) -> bool:
    """Whether judging the point will cost no more than the run or 50 ms.

    Formulas are judged in about a millisecond. A Python function has to be called: a judgement takes some 8 gradients
    for each parameter (measured), priced as ``price_of`` says.
    """
    if run.objective.expression is not None or not run.nfev:
        return True
    price = 8 * dimension * price_of(run)
    return price <= max(run.seconds, LEAST_SECONDS)


def free_of(run: Descent) -> tuple[Objective, Vector]:
    """The objective of the coordinates that no bound holds at the end; a hair's breadth from a bound is on it."""
    x = run.final
    projected = projection_of(run.optimizer)
    if projected is not None:
        for bound in (np.array(projected.lower), np.array(projected.upper)):
            near = np.isfinite(bound) & (np.abs(x - bound) <= HAIR * np.maximum(1.0, np.abs(x)))
            x = np.where(near, bound, x)
    return free_part(run.optimizer, run.objective, x, run.maximize)
