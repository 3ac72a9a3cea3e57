"""The facts of one run that the findings look at, each worked out when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from downslope.descent import Descent, LoopOptions, Status, Stopping, descend
from downslope.descent.descend import EngineName
from downslope.descent.evidence import ABOVE_START, ENDLESS, POOR_FIT
from downslope.descent.norms import norm_of
from downslope.errors import DownslopeError
from downslope.explain import budget
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.budget import TooDearError
from downslope.explain.classifying import MOST_PARAMETERS
from downslope.explain.corners import corner_at, length_at
from downslope.explain.curvature import Curvature
from downslope.explain.judgement import FEW_PARAMETERS, ended_at, free_of
from downslope.explain.krylov import may_be_rounding, steepest, steepest_at
from downslope.explain.linear import LinearRule
from downslope.explain.local_minimum import LocalMinimum, find_local_minimum
from downslope.explain.point import Point
from downslope.explain.poles import STEEP
from downslope.explain.setup import Setup
from downslope.explain.walls import Wall, ends_within, wall_ahead
from downslope.objectives import Vector

WINDOW = 400  # consecutive steps that are looked at, at either end
REPLAYED = 20_000  # steps of a thinned run that are run again to have them all
WANTED = 1e-6  # part of the first gradient's norm to reach, where the run was given no test
ARRIVED = 1e-6  # part of the way from the start, within which a run has arrived whatever its gradient is
SCHEDULED = 1e-2  # part of the first learning rate
FADED = 0.05  # part of the first gradient's norm
CREEPING = 0.1  # of it may go in the second half of a run that creeps: a square root of the steps keeps 0.35
NEAR_BY = 1e-2  # part of the way: a domain that ends within it ends near by
NO_POINTS = (
    ABOVE_START,
    ENDLESS,
    POOR_FIT,
    "small_by_units",
)  # grounds that are no kind of point, or leave it open
RAN_OFF = (Status.DIVERGED, Status.UNBOUNDED, Status.LEFT_DOMAIN)
LIMITS = (Status.STEP_LIMIT, Status.EVALUATION_LIMIT, Status.TIME_LIMIT)


class Diagnosis:
    """A run under examination. Everything is seen as descent sees it: what was climbed is turned upside down.

    Where bounds hold some coordinates at the end, only the others are looked at.

    Args:
        run: the run.
        sound: whether a run that would be advised is one that nothing is wrong with; without it, none is advised.
    """

    def __init__(self, run: Descent, sound: Callable[[Descent], bool] | None = None) -> None:
        self.run = run
        self.sound = sound or (lambda _: True)
        self.advising = sound is not None
        self.setup = Setup.of(run.optimizer)
        self.sign = -1.0 if run.maximize else 1.0
        objective, self.final = free_of(run)
        self.view = AnalysisView.of(objective, self.sign, self.setup.ridge)
        self.names = self.view.names
        everything = run.objective.parameters.coordinates
        self.free = (
            np.arange(len(everything))
            if len(self.names) == len(everything)
            else run.objective.parameters.places(self.names)
        )
        free = set(self.names)
        self.held = tuple(name for name in everything if name not in free)
        self.start = run.start[self.free]
        self.status = run.termination.status
        self.linear = LinearRule.of(self.setup.rule) if self.setup.plain else None

    # --- how the run went --------------------------------------------------------------------------

    @property
    def values(self) -> NDArray[np.float64]:
        """The objective at every row kept, as descent sees it."""
        return self.sign * self.run.history.value

    @property
    def norms(self) -> NDArray[np.float64]:
        """The gradient's norm at every row kept."""
        return self.run.history.gradient_norm

    @property
    def rate(self) -> float | None:
        """The constant learning rate, if there is one."""
        return self.setup.rate

    @property
    def faded(self) -> bool:
        """Whether a schedule has made the learning rate a hundredth of the first, and less."""
        first, last = self.setup.rate_at(0), self.setup.rate_at(self.run.nit)
        return (
            self.setup.schedule is not None
            and first is not None
            and last is not None
            and last <= SCHEDULED * first
        )

    @cached_property
    def reduction(self) -> float:
        """What is left of the first gradient's norm."""
        if not len(self.norms) or not self.norms[0] > 0:
            return 0.0
        return float(self.norms[-1] / self.norms[0])

    @property
    def asked(self) -> bool:
        """Whether the run was to end by a test."""
        return self.run.stopping.asks_for_a_test

    @property
    def asked_of_gradient(self) -> bool:
        """Whether it was the gradient's norm that was to become small."""
        stopping = self.run.stopping
        return stopping.tolerance is not None or stopping.relative_tolerance is not None

    @property
    def missed(self) -> bool:
        """Whether it was to end by a test and did not."""
        return self.asked and self.status in (*LIMITS, Status.STALLED)

    @property
    def worsened(self) -> bool:
        """Whether a limit ended the run above where it started."""
        evidence = self.run.termination.evidence
        return self.status in LIMITS and evidence is not None and evidence.worse

    @property
    def cycles(self) -> bool:
        """Whether a limit ended the run in a cycle."""
        evidence = self.run.termination.evidence
        return self.status in LIMITS and evidence is not None and evidence.trend == "cycle"

    @property
    def succeeded_by_test(self) -> bool:
        """Whether a test that was asked for passed."""
        return self.status in (Status.CONVERGED, Status.TARGET_REACHED)

    @cached_property
    def wanted(self) -> float:
        """The gradient norm to reach: the run's own tolerance, else a millionth of the first."""
        stopping = self.run.stopping
        first = float(self.norms[0]) if len(self.norms) else 1.0
        asked = [t for t in (stopping.tolerance,) if t is not None]
        if stopping.relative_tolerance is not None:
            asked.append(stopping.relative_tolerance * first)
        return max(asked) if asked else WANTED * first

    @cached_property
    def consecutive(self) -> bool:
        """Whether the history has every step."""
        steps = self.run.history.step
        return len(steps) == int(steps[-1]) + 1 if len(steps) else False

    @cached_property
    def whole(self) -> NDArray[np.float64] | None:
        """Every point, in order, run again where the history left some out; None where that is too many."""
        if self.consecutive:
            return self.run.history.x[:, self.free]
        if not len(self.run.history) or self.run.nit > REPLAYED or self.run.engine != "traced":
            return None
        return self._replayed(self.run.nit)

    @cached_property
    def early(self) -> NDArray[np.float64]:
        """The first points, with none left out."""
        if self.whole is not None:
            return self.whole[: WINDOW + 1]
        if not len(self.run.history):
            return np.empty((0, len(self.free)))
        return self._replayed(min(WINDOW, self.run.nit))

    @cached_property
    def late(self) -> NDArray[np.float64] | None:
        """The last points, with none left out; None where they are not to be had."""
        return None if self.whole is None else self.whole[-WINDOW:]

    def _replayed(self, steps: int) -> NDArray[np.float64]:
        """The first points of the run, which is deterministic, computed again."""
        run = self.run
        budget.spend(steps * budget.step_price(run))
        engine = "hosted" if run.engine == "compiled" else cast(EngineName, run.engine)
        loop = LoopOptions(maximize=run.maximize, every=1, engine=engine)
        again = descend(run.objective, run.start, run.optimizer, Stopping(steps=steps), loop=loop)
        return again.history.x[:, self.free]

    # --- the objective -----------------------------------------------------------------------------

    @cached_property
    def known(self) -> bool:
        """Whether there are few enough parameters for Hessians, and a finite point to look at."""
        return 0 < len(self.names) <= MOST_PARAMETERS and len(self.run.history) > 0

    @cached_property
    def quadratic(self) -> bool:
        """Whether the curvature is the same everywhere."""
        if not self.known:
            return False
        try:
            return self.view.is_quadratic([self.start, self.final])
        except DownslopeError:
            return False

    def curvature_at(self, x: Vector) -> Curvature | None:
        """The curvatures at a point, or None where there are none."""
        if not self.known:
            return None
        try:
            with np.errstate(all="ignore"):
                hessian = self.view.hessian(x)
        except DownslopeError:
            return None
        return self.view.curvature(x) if np.all(np.isfinite(hessian)) else None

    def steepest_at(self, x: Vector) -> Vector | None:
        """The direction of the greatest curvature at a point: of many parameters as a few products show it."""
        if self.known and len(x) <= FEW_PARAMETERS:
            curvature = self.curvature_at(x)
            return None if curvature is None else curvature.vectors[:, -1]
        with np.errstate(all="ignore"):
            return steepest(self.view, x)

    @cached_property
    def curvature(self) -> Curvature | None:
        """That of a quadratic; else that at the minimum, where there is one; else that at the end."""
        if self.quadratic:
            return self.curvature_at(self.start)
        if self.bottom is not None:
            return self.bottom.curvature
        try:
            with np.errstate(all="ignore"):
                if corner_at(self.view, self.final, length_at(self.final, self.start)) is not None:
                    return None
        except DownslopeError:
            return None
        return self.curvature_at(self.final)

    @cached_property
    def bottom(self) -> LocalMinimum | None:
        """The minimum that the run was on its way to, where one can be found."""
        if not self.known or self.setup.bounded:
            return None
        runaway = self.status in RAN_OFF
        best = int(np.argmin(self.values))
        sources = [self.start, self.run.history.x[best][self.free]] if runaway else [self.final, self.start]
        with np.errstate(all="ignore"):
            for source in sources:
                try:
                    found = find_local_minimum(self.view, source)
                except (DownslopeError, np.linalg.LinAlgError):
                    return None
                if found is not None:
                    return found
        return None

    @cached_property
    def first_gradient(self) -> Vector:
        """The gradient at the start."""
        return self.view.gradient(self.start)

    @cached_property
    def point(self) -> Point:
        """What kind of point the run ended at."""
        if not len(self.run.history) and not self._is_finite_at_start:
            return Point("edge_of_domain", "nowhere", maximize=self.run.maximize)
        if self.status == Status.LEFT_DOMAIN and len(self.run.history) and self.at_the_edge:
            return Point("edge_of_domain", maximize=self.run.maximize)
        if self.wall is not None:
            return Point("edge_of_domain", maximize=self.run.maximize)
        if not (len(self.names) and len(self.run.history)):
            return self.judged if len(self.run.history) else Point("unknown", maximize=self.run.maximize)
        if self.may_be_in_a_pole:
            point = self.judged
            if point.detail == "pole":
                return point
        evidence = self.run.termination.evidence
        told = "" if evidence is None else evidence.ground
        settled = evidence is not None and evidence.settled
        if (
            settled or told not in ("", *NO_POINTS) or self.stands
        ):  # of the former the ending has told already
            return self.judged
        if self.creeps:
            point = self.judged
            if point.kind == "degenerate" and point.detail != "undecided":
                return point
        return self._moving

    @cached_property
    def wall(self) -> Wall | None:
        """The edge of the domain at which the run stands, and which keeps it from going on downhill."""
        if self.status != Status.STALLED or not (len(self.run.history) and len(self.names)):
            return None
        try:
            gradient = self.view.gradient(self.final)
            return wall_ahead(self.view, self.final, gradient, length_at(self.final, self.start))
        except TooDearError:
            return None

    @cached_property
    def may_be_in_a_pole(self) -> bool:
        """Whether the last value is below 0, and tiny beside the slope that it has, as of -c/d and its like.

        That is known without evaluating anything.
        """
        if not len(self.values) or not self.values[-1] < 0:
            return False
        size = length_at(self.final, self.start)
        return bool(-self.values[-1] <= STEEP * size * self.norms[-1])

    @cached_property
    def _is_finite_at_start(self) -> bool:
        """Whether the objective has a value there, whatever its slope."""
        return bool(np.isfinite(self.run.objective.value(self.run.start)))

    @cached_property
    def at_the_edge(self) -> bool:
        """Whether the domain ends near the last good point, on the way to where the run left it."""
        left = self.run.termination.left_at
        if left is None or not np.all(np.isfinite(left)):
            return False
        size = max(norm_of(self.final - self.start), float(np.max(np.abs(self.final))))
        return ends_within(self.view, self.final, left[self.free] - self.final, NEAR_BY * size)

    @cached_property
    def judged(self) -> Point:
        """The point as the end of the run has it."""
        return ended_at(self.run)

    @cached_property
    def stands(self) -> bool:
        """Whether the end is stationary by its own test, or as nearly as numbers here can be, or all but there."""
        if self.status == Status.CONVERGED and self.run.gradient_norm <= 1.0000001 * self.wanted:
            return True
        try:
            gradient = self.view.gradient(self.final)
            if not self.known:
                return may_be_rounding(self.view, self.final, gradient)
            if self.view.hides(self.final, gradient, 100):
                return True
        except TooDearError:
            if self.status in RAN_OFF:
                return False  # which needs no looking
            raise
        curvature = self.curvature_at(self.final)
        if curvature is None or not len(curvature.values) or curvature.values[0] <= 0:
            return False
        way = norm_of((curvature.vectors.T @ gradient) / curvature.values)
        return way <= ARRIVED * max(
            norm_of(self.final - self.start), ARRIVED * float(np.max(np.abs(self.final)))
        )

    @property
    def creeps(self) -> bool:
        """Whether the gradient has faded, and fades ever more slowly: as where the curvature itself vanishes.

        The gradient of a bowl falls by the same factor in every so many steps; on x^4 as a power of their number.
        """
        steps, norms = self.run.history.step, self.norms
        if self.status not in LIMITS or self.reduction > FADED or steps[-1] < 30:
            return False
        half, quarter = (int(np.searchsorted(steps, steps[-1] // part)) for part in (2, 4))
        with np.errstate(all="ignore"):
            first, second = norms[half] / norms[quarter], norms[-1] / norms[half]
        return bool(np.isfinite(second) and CREEPING < second < 1 and second > CREEPING * first)

    @property
    def _moving(self) -> Point:
        curvature = self.curvature_at(self.final)
        if curvature is None and len(self.free) > FEW_PARAMETERS:  # the ends of the spectrum say enough
            curvature = steepest_at(self.view, self.final)
        listed: Any = () if curvature is None else tuple(curvature.to_list(self.sign))
        if self.run.maximize:
            listed = listed[::-1]
        return Point(
            "not_stationary",
            curvatures=tuple(entry["curvature"] for entry in listed),
            directions=listed,
            names=self.names,
            maximize=self.run.maximize,
        )
