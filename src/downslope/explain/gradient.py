"""Whether a gradient given by hand is the derivative of its cost, and if not, the slip that was likely made."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.attachments import attached
from downslope.errors import UsageError
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.data_sizes import data_sizes
from downslope.explain.sentences import say
from downslope.messages import Message, listing, message, sentences
from downslope.objectives import Objective, Vector, as_objective
from downslope.objectives.differences import central_differences, doubt_of_differences, scale_for
from downslope.objectives.wrapped import RestrictedObjective

POINTS = 3  # the point asked about and two near it: a wrong gradient can be right at a special point
AWAY = 0.1  # how far, relative to the size of a coordinate
CLOSE = 1e-6  # relative agreement that is none to complain of, where derivatives are exact
MOST_COORDINATES = 200  # of more, so many are chosen at random
MOST_PERMUTED = 8
BESIDE = 4  # evaluations at each point beside those of the coordinates
EACH = 6  # of a coordinate: a difference, and two more that tell its rounding


@dataclass(frozen=True)
class GradientCheck:
    """A supplied gradient held against the derivative of its cost.

    Attributes:
        correct: whether they agree.
        coordinates: the names.
        supplied, derivative: both gradients, at the point asked about (or near it, where both vanish there).
        at: that point.
        slip: what was likely done: "sign", "factor_two", "half", "sum_for_mean" (n/2: the sum without its 2, where
            the derivative is twice the mean), "sum" (n), "mean" (1/n), "constant", "permuted",
            "transposed", "one_coordinate", "different"; "none" where they agree.
        ratio: supplied over derivative, where it is the same everywhere, or in the coordinate that is wrong.
        count: n, the number of data found, where that explains the ratio.
        wrong: the coordinates that are wrong.
        of: how many coordinates there are, where only some were looked at, chosen at random.
        cost: the cost, where it is known.

    It is true where the gradient is right.
    """

    correct: bool
    coordinates: Sequence[str]
    supplied: tuple[float, ...]
    derivative: tuple[float, ...]
    at: tuple[float, ...]
    slip: str = "none"
    ratio: float | None = None
    count: int | None = None
    wrong: tuple[str, ...] = ()
    of: int | None = None
    cost: Objective | None = dataclasses.field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.correct

    @property
    def coordinate(self) -> str:
        """The coordinate in which the two differ most."""
        apart = np.abs(np.array(self.supplied) - np.array(self.derivative))
        return self.coordinates[int(np.argmax(apart))]

    @property
    def sentence(self) -> str:
        """What was found, in a sentence."""
        return str(self.message)

    @property
    def message(self) -> Message:
        """The same as data."""
        i = self.coordinates.index(self.coordinate)
        told = say(
            f"gradient.{self.slip}",
            ratio=self.ratio,
            n=self.count,
            coordinate=self.coordinate,
            wrong=listing(self.wrong[:6]),
            supplied=self.supplied[i],
            derivative=self.derivative[i],
        )
        if self.of is None:
            return told
        seen = message(
            "(Seen at {seen:,} of {of:,} coordinates, chosen at random.)",
            seen=len(self.coordinates),
            of=self.of,
        )
        return sentences(told, seen)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def evidence(self) -> dict[str, Any]:
        """The numbers, as a finding carries them."""
        ratios = [s / d if d else None for s, d in zip(self.supplied, self.derivative, strict=True)]
        return {
            "ratio": self.ratio,
            "coordinate": self.coordinate,
            "slip": self.slip,
            "n": self.count,
            "wrong": list(self.wrong),
            "at": dict(zip(self.coordinates, self.at, strict=True)),
            "supplied": dict(zip(self.coordinates, self.supplied, strict=True)),
            "derivative": dict(zip(self.coordinates, self.derivative, strict=True)),
            "ratios": dict(zip(self.coordinates, ratios, strict=True)),
        }

    def to_dict(self) -> dict[str, Any]:
        """The check as plain data."""
        return {"correct": self.correct, **self.evidence(), "sentence": self.sentence}

    def __str__(self) -> str:
        return self.sentence


def check_gradient(cost: Any, gradient: Any, at: Any = None, *, dtype: Any = None) -> GradientCheck:
    """Hold a gradient written by hand against the derivative of its cost: in value, not only in direction.

    Args:
        cost: a formula, or a Python function, as for ``minimize``.
        gradient: a dict of formulas by name, or a function called like the cost.
        at: the point, as a start is given to ``minimize``. Two points near it are looked at as well.
        dtype: in which both compute: "float64" or "float32"; by default that of the point's tensors, else float64.

    Returns:
        A ``GradientCheck``, true where they agree.

    Raises:
        UsageError: no gradient is given, or the cost has no finite value and derivative there.

    >>> from downslope import check_gradient
    >>> print(check_gradient("x^2/20 + y^2", {"x": "x/10", "y": "2*y"}, at={"x": 1, "y": 2}))
    The gradient is the derivative of its cost.
    >>> print(check_gradient("x^2", {"x": "x"}, at=3.0))
    The gradient is half the derivative of its cost: is a factor 2 missing, or a 1/2 in the cost?
    """
    if gradient is None:
        raise UsageError(
            message(
                "there is no gradient to check; give {example}, or a function.",
                example="gradient={'x': 'x/10', 'y': '2*y'}",
            )
        )
    objective, x = as_objective(cost, at, gradient=gradient, dtype=dtype)
    return dataclasses.replace(compare(objective, x, data_sizes(cost, gradient)), cost=objective)


def coordinates_for(evaluations: float) -> int:
    """How many coordinates can be compared with so many evaluations: at least 1, at most ``MOST_COORDINATES``."""
    return int(max(1, min(MOST_COORDINATES, (evaluations / POINTS - BESIDE) / EACH)))


def compare(
    objective: Objective, x: Vector, sizes: Sequence[int] = (), most: int = MOST_COORDINATES
) -> GradientCheck:
    """The check of an objective's supplied gradient at and near ``x``.

    Args:
        objective: a function with a supplied gradient.
        x: the point.
        sizes: numbers of data that could explain a ratio.
        most: of more coordinates, so many are chosen at random.
    """
    random = np.random.default_rng(0)
    if len(x) > most:
        chosen = np.sort(random.choice(len(x), most, replace=False))
        found = compare(RestrictedObjective(objective, x, chosen.tolist()), x[chosen], sizes)
        return dataclasses.replace(found, of=len(x))
    names = objective.parameters.coordinates
    spread = AWAY * np.maximum(1.0, np.abs(x))
    points = [x, *(x + spread * random.uniform(0.5, 1.0, len(x)) * s for s in (1, -1))][:POINTS]
    rows = [_both(objective, point) for point in points]
    usable = [
        (p, s, d, doubt)
        for p, (s, d, doubt) in zip(points, rows, strict=True)
        if np.all(np.isfinite(s)) and np.all(np.isfinite(d))
    ]
    if not usable:
        raise UsageError(message("the cost or its gradient is not finite there, so nothing can be compared."))
    supplied, derivative = (np.array([row[k] for row in usable]) for k in (1, 2))
    doubt = max(row[3] for row in usable)
    shown = next((i for i in range(len(usable)) if np.any(np.abs(supplied[i] - derivative[i]) > doubt)), 0)
    made = functools.partial(
        GradientCheck,
        coordinates=names,
        supplied=tuple(map(float, supplied[shown])),
        derivative=tuple(map(float, derivative[shown])),
        at=tuple(map(float, usable[shown][0])),
    )
    off = np.abs(supplied - derivative) > doubt
    if not np.any(off):
        return made(correct=True)
    wrong = tuple(name for name, bad in zip(names, np.any(off, axis=0), strict=True) if bad)
    return made(correct=False, wrong=wrong, **_slip(objective, Both(supplied, derivative, doubt), sizes))


def _both(objective: Objective, x: Vector) -> tuple[Vector, Vector, float]:
    """The supplied gradient, the derivative, and by how much they may differ for no reason."""
    single = objective.dtype == np.float32
    with np.errstate(all="ignore"):
        if not np.isfinite(objective.value(x)):
            return np.full(len(x), np.nan), np.full(len(x), np.nan), 0.0
        supplied = np.asarray(objective.gradient(x), np.float64)
        if objective.expression is not None:
            derivative = AnalysisView.of(objective).gradient(x)
            doubt = 0.0
        else:
            derivative = central_differences(objective.value, x, scale_for(objective.dtype))
            doubt = doubt_of_differences(objective.value, x, objective.dtype)
    size = float(np.max(np.abs(derivative), initial=0.0))
    slack = 1e-3 if single else CLOSE if objective.expression is not None else 1e-4
    return supplied, derivative, doubt + slack * size + 1e-12


class Both(NamedTuple):
    """Two gradients at a few points, one a row, and by how much they may differ for no reason."""

    supplied: NDArray[np.float64]
    derivative: NDArray[np.float64]
    doubt: float


def _slip(objective: Objective, both: Both, sizes: Sequence[int]) -> dict[str, Any]:
    supplied, derivative, doubt = both
    off = np.abs(supplied - derivative) > doubt
    square = float(np.sum(derivative**2))
    ratio = float(np.sum(supplied * derivative)) / square if square > 0 else 0.0
    if square > 0 and np.all(np.abs(supplied - ratio * derivative) <= 10 * doubt * max(1.0, abs(ratio))):
        return _named_ratio(ratio, sizes)
    order = _reordering(objective, supplied, derivative, doubt)
    if order:
        return {"slip": order}
    bad = np.flatnonzero(np.any(off, axis=0))
    if len(bad) < len(off[0]):
        i = int(bad[0])
        column, truth = supplied[:, i], derivative[:, i]
        own = float(np.sum(column * truth) / np.sum(truth**2)) if np.any(truth) else 0.0
        same = bool(np.all(np.abs(column - own * truth) <= 10 * doubt * max(1.0, abs(own))))
        named = _named_ratio(own, sizes)["slip"] if same else "constant"
        if len(bad) == 1 and same and named in ("sign", "factor_two", "half"):
            return {"slip": f"one_coordinate.{named}", "ratio": own}
        return {"slip": "one_coordinate" if len(bad) == 1 else "different", "ratio": own if same else None}
    return {"slip": "different"}


def _named_ratio(ratio: float, sizes: Sequence[int]) -> dict[str, Any]:
    """The usual reasons for a constant ratio; numbers of data before plain factors of two."""

    def near(number: float) -> bool:
        return bool(np.isclose(ratio, number, rtol=1e-3))

    for n in sizes:
        for slip, number in (
            ("sum_for_mean", n / 2),
            ("sum", float(n)),
            ("mean", 1 / n),
            ("mean_for_sum", 2 / n),
        ):
            if near(number) and not near(1.0):
                return {"slip": slip, "ratio": ratio, "count": n}
    if abs(ratio) < 1e-9:
        return {"slip": "zero", "ratio": 0.0}
    for slip, number in (("sign", -1.0), ("factor_two", 2.0), ("half", 0.5)):
        if near(number):
            return {"slip": slip, "ratio": ratio}
    return {"slip": "constant", "ratio": ratio}


def _reordering(
    objective: Objective, supplied: NDArray[np.float64], derivative: NDArray[np.float64], doubt: float
) -> str:
    """ "transposed" or "permuted" where the supplied numbers are the right ones in another order."""
    begin, swapped = 0, derivative.copy()
    for shape, size in zip(objective.parameters.shapes, objective.parameters.sizes, strict=True):
        if len(shape) == 2 and min(shape) > 1:
            block = derivative[:, begin : begin + size].reshape(-1, *shape)
            swapped[:, begin : begin + size] = block.transpose(0, 2, 1).reshape(len(block), size)
        begin += size
    if not np.array_equal(swapped, derivative) and np.all(np.abs(swapped - supplied) <= 10 * doubt):
        return "transposed"
    d = supplied.shape[1]
    if not 2 <= d <= MOST_PERMUTED:
        return ""
    free, chosen = set(range(d)), []
    for i in range(d):
        fits = [j for j in sorted(free) if np.all(np.abs(supplied[:, i] - derivative[:, j]) <= 10 * doubt)]
        if not fits:
            return ""
        chosen.append(fits[0])
        free.discard(fits[0])
    return "permuted" if chosen != list(range(d)) else ""
