"""What theory says of a run before it begins: curvatures, the limit, the best rate, the number of steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from downslope.attachments import attached
from downslope.descent import Descent
from downslope.descent.norms import norm_of
from downslope.descent.stopping import DEFAULT_TOLERANCE
from downslope.errors import DownslopeError, UsageError
from downslope.explain.analysis_view import SAME, AnalysisView
from downslope.explain.classifying import MOST_PARAMETERS
from downslope.explain.closed_form import steps_to
from downslope.explain.curvature import Curvature
from downslope.explain.linear import LinearRule, written
from downslope.explain.local_minimum import find_local_minimum
from downslope.explain.sentences import say
from downslope.explain.setup import Setup
from downslope.explain.spectrum import SpectrumEnds
from downslope.messages import message
from downslope.objectives import Objective, Vector, as_objective
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.rules.gradient_descent import GradientDescent

STRAIGHT = (
    1e3  # lengths over which a slope that is called straight must outweigh a curvature too small to be seen
)
MEASURED = 1e-9  # a doubt above this is that of differences
SAME_STEPS = 1e-4  # of the steps: so far apart two counts are the same


class ForecastQuestion(NamedTuple):
    """What a forecast is of."""

    objective: Objective
    start: Vector
    rule: Optimizer | None


@dataclass(frozen=True)
class Forecast:
    """What curvature says of a descent.

    Attributes:
        largest, smallest: L and μ, the largest and smallest curvature.
        condition: κ = L/μ.
        limit: the learning rate above which the method diverges; None where the method has no such limit.
        best_rate: 2/(L + μ), the best constant rate of gradient descent.
        steps_at_best_rate: how many steps gradient descent takes with it.
        learning_rate: the one asked about.
        tolerance: the gradient norm to reach.
        steps: how many steps it will take; None where it never arrives or that is not known.
        diverges: whether it will not arrive because the rate is above the limit (or the objective has no bottom).
        zigzag: whether some direction changes its sign at every step.
        directions: curvature, name and factor per step of every direction.
        exact: true on quadratics; elsewhere all of this holds near the minimum only.
        happened: status and steps of the run that followed.
        bounded: whether there is something to arrive at.
        up: whether it is to climb: then all curvatures here are those of the objective turned upside down.
        seen: products with the Hessian that showed the ends of its spectrum, each to a few hundredths, where it has too
            many directions to be decomposed; else 0.
        asked: of what it is, where that is known.
    """

    largest: float
    smallest: float
    condition: float
    limit: float | None
    best_rate: float | None
    steps_at_best_rate: float | None
    learning_rate: float | None
    tolerance: float
    steps: float | None
    diverges: bool | None
    zigzag: bool | None
    directions: tuple[dict[str, Any], ...]
    exact: bool
    method: str = ""
    happened: dict[str, Any] | None = None
    bounded: bool = True
    up: bool = False
    seen: int = 0
    asked: ForecastQuestion | None = field(default=None, repr=False, compare=False)

    @property
    def sentence(self) -> str:
        """The forecast in a sentence or two."""
        fields: dict[str, Any] = {
            "largest": self.largest,
            "smallest": self.smallest,
            "condition": self.condition,
            "limit": self.limit,
            "best": self.best_rate,
            "best_steps": self.steps_at_best_rate,
            "rate": self.learning_rate,
            "steps": self.steps,
            "tolerance": self.tolerance,
        }
        if self.seen:
            key = "seen" if self.limit is None else "seen.limit"
            about = {name: value and float(f"{value:.2g}") for name, value in fields.items()}
            return str(say(f"forecast.{key}{'.up' if self.up else ''}", **about))
        if not self.bounded:
            key = "nowhere"
        elif self.limit is None:
            key = "curvature"
        elif self.diverges:
            key = "diverges"
        else:
            key = "steps" if self.steps is not None else "limit"
        alone = ".single" if len(self.directions) == 1 and self.bounded else ""
        where, way = "" if self.exact else ".local", ".up" if self.up else ""
        return str(say(f"forecast.{key}{alone}{where}{way}", **fields))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def beside(self, run: Descent) -> Forecast:
        """The same, with what then happened."""
        return replace(
            self, happened={"status": run.status, "steps": run.nit, "gradient_norm": run.gradient_norm}
        )

    def to_dict(self) -> dict[str, Any]:
        """The forecast as plain data."""
        return {
            "largest_curvature": self.largest,
            "smallest_curvature": self.smallest,
            "condition": self.condition if np.isfinite(self.condition) else None,
            "limit": self.limit,
            "best_rate": self.best_rate,
            "steps_at_best_rate": self.steps_at_best_rate,
            "learning_rate": self.learning_rate,
            "tolerance": self.tolerance,
            "steps": self.steps,
            "diverges": self.diverges,
            "zigzag": self.zigzag,
            "directions": list(self.directions),
            "exact": self.exact,
            "happened": self.happened,
            "sentence": self.sentence,
        }

    def __str__(self) -> str:
        return self.sentence


def forecast(
    function: Any,
    start: Any = None,
    *,
    optimizer: Any = None,
    learning_rate: float | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    maximize: bool = False,
    run: Descent | None = None,
) -> Forecast:
    """What to expect of a descent, from the curvature of the function: nothing is run.

    Exact on a quadratic, to the step; elsewhere it holds near the minimum that lies downhill from the start.

    Args:
        function, start: as for ``minimize``.
        optimizer: a method with a constant learning rate that is linear in the gradient (gradient descent, momentum,
            Nesterov), for its limit and its number of steps; others have their curvatures told.
        learning_rate: for gradient descent, or a method given by name. Without one: the best constant rate.
        tolerance: the gradient norm at which it is to stop.
        maximize: whether it is to climb.
        run: what then happened, to be kept beside the forecast.

    Raises:
        UsageError: no minimum lies downhill, or the function has too many parameters.

    >>> from downslope import forecast
    >>> f = forecast("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, tolerance=1e-6)
    >>> round(f.limit, 6), round(f.best_rate, 3), f.steps
    (1.0, 0.952, 145.0)
    """
    objective, x = as_objective(function, start)
    rule = None
    if optimizer is not None or learning_rate is not None:
        rule = as_optimizer(optimizer, learning_rate)
    setup = None if rule is None else Setup.of(rule)
    made = forecast_of(objective, x, setup, tolerance, sign=-1.0 if maximize else 1.0)
    if made is None:
        raise UsageError(
            message(
                "nothing can be forecast here: no minimum was found downhill from the start, or there are more than"
                " {most} parameters.",
                most=MOST_PARAMETERS,
            )
        )
    made = replace(made, up=maximize, asked=ForecastQuestion(objective, x, rule))
    return made if run is None else made.beside(run)


def expected(
    function: Any, start: Any, tolerance: float, maximize: bool, **options: Any
) -> tuple[Forecast | None, Optimizer]:
    """A forecast where there is one, and the optimizer to run: gradient descent at the best rate by default."""
    objective, x = as_objective(function, start)
    sign = -1.0 if maximize else 1.0
    hyperparameters = options.pop("hyperparameters", None) or {}
    optimizer, rate = options.get("optimizer"), options.get("learning_rate")
    if optimizer is not None or rate is not None:
        rule = as_optimizer(optimizer, rate, **hyperparameters)
        made = forecast_of(objective, x, Setup.of(rule), tolerance, sign=sign)
        return (None if made is None else replace(made, up=maximize)), rule
    made = forecast_of(objective, x, None, tolerance, sign=sign)
    made = None if made is None else replace(made, up=maximize)
    best = None if made is None else made.best_rate
    return made, as_optimizer(None, best)


def forecast_of(
    objective: Objective, x: Vector, setup: Setup | None, tolerance: float, *, sign: float = 1.0
) -> Forecast | None:
    """The forecast for an objective and a start; None where theory has nothing to say."""
    if not 0 < len(x) <= MOST_PARAMETERS:
        return None
    view = AnalysisView.of(objective, sign, 0.0 if setup is None else setup.ridge)
    x = np.array(x, np.float64)
    try:
        with np.errstate(all="ignore"):
            if view.is_quadratic([x]):
                curvature = view.curvature(x)
                gradient = view.gradient(x)
                if not np.all(np.isfinite(gradient)):
                    return None
                return from_curvature(QuadraticModel(curvature, gradient, True, view.doubt), setup, tolerance)
            bottom = find_local_minimum(view, x)
            if bottom is None:
                return None
            gradient = view.hessian(bottom.x) @ (x - bottom.x)
            noise = noise_at(view, bottom.curvature, bottom.x)
            quadratic = QuadraticModel(bottom.curvature, gradient, False, view.doubt, noise)
            return from_curvature(quadratic, setup, tolerance)
    except (DownslopeError, np.linalg.LinAlgError):
        return None


class QuadraticModel(NamedTuple):
    """The quadratic that a forecast is made for.

    Attributes:
        curvature: its curvatures and their directions.
        gradient: at the start.
        exact: whether the objective is it; else it is so near its minimum only.
        doubt: the part of the largest curvature below which others that meet it are taken for rounding, and for none.
        noise: the gradient's norm that rounding alone makes at its minimum; of a smaller one nothing is foretold.
    """

    curvature: Curvature
    gradient: Vector
    exact: bool
    doubt: float = 1e-12
    noise: float = 0.0


def from_ends(ends: SpectrumEnds, setup: Setup) -> Forecast:
    """What the ends of a spectrum say of a run, at the point where they were seen."""
    linear = LinearRule.of(setup.rule) if setup.plain else None
    limit = None if linear is None else linear.limit(ends.largest)
    return Forecast(
        largest=ends.largest,
        smallest=ends.smallest,
        condition=ends.largest / ends.smallest,
        limit=limit,
        best_rate=2 / (ends.largest + ends.smallest),
        steps_at_best_rate=None,
        learning_rate=None if linear is None else linear.rate,
        tolerance=np.nan,
        steps=None,
        diverges=None,
        zigzag=None,
        directions=(),
        exact=False,
        method="" if linear is None else type(linear.rule).__name__,
        seen=ends.products,
    )


def noise_at(view: AnalysisView, curvature: Curvature, x: Vector) -> float:
    """The gradient's norm that rounding makes at a minimum with these curvatures."""
    vectors = np.abs(curvature.vectors)
    return view.precision * norm_of(vectors @ (np.abs(curvature.values) * (vectors.T @ np.abs(x))))


def _sure_steps(
    given: LinearRule, quadratic: QuadraticModel, curvature: Curvature, tolerance: float
) -> float | None:
    """The steps to a tolerance; None where curvatures as near as those that were measured would take others."""
    steps = steps_to(given, curvature, quadratic.gradient, tolerance)
    if steps is None or quadratic.doubt < MEASURED:
        return steps
    parts = curvature.vectors.T @ quadratic.gradient
    first = np.array([given.matrix(float(v))[0, 0] for v in curvature.values]) * parts
    if steps > 1 and norm_of(first) <= tolerance + STRAIGHT * quadratic.doubt * norm_of(parts):
        return None  # the first step may as well land on the minimum
    for way in (1 - quadratic.doubt, 1 + quadratic.doubt):
        moved = replace(curvature, values=way * curvature.values)
        others = steps_to(given, moved, quadratic.gradient, tolerance)
        if others is None or abs(others - steps) > 1 + SAME_STEPS * steps:
            return None
    return steps


def from_curvature(quadratic: QuadraticModel, setup: Setup | None, tolerance: float) -> Forecast | None:
    """The forecast from a curvature and the first gradient; None where differences leave open what curves.

    Only of a quadratic can it be said that it falls without end: elsewhere a curvature says nothing of what is far.
    """
    curvature, gradient, exact, doubt, noise = quadratic
    units = doubt < MEASURED  # of symbols: what comes of differences is as coarse as its largest
    largest = curvature.own if units else np.max(np.abs(curvature.values), initial=0.0)
    small = (np.abs(curvature.values) <= doubt * largest) & ~curvature.known
    λ = np.where(small, 0.0, curvature.values)
    curvature = replace(curvature, values=λ)
    L = curvature.largest
    parts = curvature.vectors.T @ gradient
    size = quadratic.curvature.sizes_beside(parts) if units else np.full(len(parts), norm_of(parts))
    down = bool(np.any((λ < 0) & (np.abs(parts) > 1e-13 * size)))
    sloping = (λ == 0) & (np.abs(parts) > max(1e-9, doubt) * size)
    if not units:
        unseen = sloping & (np.abs(parts) <= STRAIGHT * doubt * largest)
        unsure = (λ < 0) & (-λ <= SAME * largest) & (np.abs(parts) > 1e-13 * size)
        if np.any(unseen | unsure):
            return None  # a curvature too small to be measured may well end that slope
    level = bool(np.any(sloping))
    bounded = not (exact and (down or level))
    best = curvature.best_rate if curvature.smallest > 0 and bounded else None
    counts = bounded and (exact or tolerance >= noise)
    given = None
    if setup is None:
        given = None if best is None else LinearRule.of(GradientDescent(learning_rate=best))
    elif setup.plain:
        given = LinearRule.of(setup.rule)
    factors = [None if given is None else given.factor(float(v)) for v in λ]
    growing = [
        abs(p) > 1e-13 * s and v > 0 and not given.settles(float(v))
        for p, v, s in zip(parts, λ, size, strict=True)
        if given is not None
    ]
    return Forecast(
        largest=L,
        smallest=curvature.smallest,
        condition=curvature.condition,
        limit=None if given is None or L <= 0 else given.limit(L),
        best_rate=best,
        steps_at_best_rate=_steps(best, curvature, gradient, tolerance) if counts else None,
        learning_rate=None if given is None else given.rate,
        tolerance=tolerance,
        steps=None if given is None or not counts else _sure_steps(given, quadratic, curvature, tolerance),
        diverges=None if given is None else any(growing) or not bounded,
        zigzag=None if given is None else any(f is not None and f.imag == 0 and f.real < 0 for f in factors),
        directions=tuple(
            {
                "along": curvature.along(i),
                "direction": curvature.direction(i),
                "curvature": float(λ[i]),
                "factor": None if f is None else written(f),
            }
            for i, f in enumerate(factors)
        ),
        exact=exact,
        method="" if given is None else type(given.rule).__name__,
        bounded=bounded,
    )


def _steps(best: float | None, curvature: Curvature, gradient: Vector, tolerance: float) -> float | None:
    linear = None if best is None else LinearRule.of(GradientDescent(learning_rate=best))
    return None if linear is None else steps_to(linear, curvature, gradient, tolerance)
