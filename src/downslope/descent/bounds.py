"""Bounds on the parameters: read, checked, put around the optimizer, and what they leave free at a point."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ExpressionError, UsageError, nearest
from downslope.language import look_alike, parse_number
from downslope.messages import Message, listing, message, plural, sentences
from downslope.objectives import Objective, Parameters, Vector
from downslope.objectives.parameters import own_name
from downslope.objectives.wrapped import RestrictedObjective
from downslope.optimizers import Optimizer, all_optimizers
from downslope.optimizers.wrappers.projected import Projected

FORMS = message(
    "bounds are given as {{'x': (0, 1), 'y': (None, 5)}}, as a pair for each parameter, or as text: x=0:1,y=:5"
)


def within_bounds(
    optimizer: Optimizer, objective: Objective, x: Vector, bounds: Any
) -> tuple[Optimizer, Objective, Vector]:
    """The optimizer kept within bounds, the objective with a note where the start had to move, and the start.

    Args:
        bounds: a dict of (low, high) by parameter or coordinate, a sequence of such pairs in the order of the
            coordinates, or text such as ``"x=0:1,y=:5"``. None or an infinity is no bound.

    Raises:
        UsageError: a name or number is wrong, or the method cannot be kept within bounds.
    """
    lower, upper = read_bounds(bounds, objective.parameters)
    if np.all(np.isneginf(lower)) and np.all(np.isposinf(upper)):
        return optimizer, objective, x
    if projection_of(optimizer) is not None:
        raise UsageError(
            message("bounds are given twice over: the optimizer is Projected already. Leave bounds= out.")
        )
    _refuse_unsound(optimizer)
    lower, upper = _representable(lower, upper, objective.dtype)
    inside = np.clip(x, lower, upper)
    if not np.array_equal(inside, x):
        objective = copy.copy(objective)
        objective.notes = (*objective.notes, _moved(objective.parameters, x, inside))
    return (
        Projected(optimizer=optimizer, lower=tuple(lower.tolist()), upper=tuple(upper.tolist())),
        objective,
        inside,
    )


def _refuse_unsound(optimizer: Optimizer) -> None:
    *wrappers, rule = optimizer.layers()
    for wrapper in wrappers:
        if getattr(wrapper, "keeps_points", False):
            raise UsageError(
                message(
                    "{kind} cannot be kept within bounds: it keeps points of its own, which would leave them. Take the"
                    " rule without it.",
                    kind=type(wrapper).__name__,
                )
            )
    if not rule.projects:
        names = listing(cls.name() for cls in all_optimizers() if cls.projects)
        raise UsageError(
            message(
                "{kind} cannot be kept within bounds: moved onto a bound, it need not find the"
                " minimum there. These can: {names}.",
                kind=type(rule).__name__,
                names=names,
            )
        )


def _representable(lower: Vector, upper: Vector, dtype: Any) -> tuple[Vector, Vector]:
    """The bounds as numbers of the run's precision, rounded inwards, so that no point shown lies outside."""
    with np.errstate(over="ignore"):
        low, high = (side.astype(dtype) for side in (lower, upper))
    infinity = np.array(np.inf, dtype)
    inner_low = np.where(low < lower, np.nextafter(low, infinity), low)
    inner_high = np.where(high > upper, np.nextafter(high, -infinity), high)
    empty = inner_low > inner_high  # a parameter held at a number that this precision lacks
    low, high = np.where(empty, low, inner_low), np.where(empty, low, inner_high)
    return low.astype(np.float64), high.astype(np.float64)


def _moved(parameters: Parameters, x: Vector, inside: Vector) -> Message:
    moves = [
        message("{name} from {before:.6g} to {after:.6g}", name=name, before=before, after=after)
        for name, before, after in zip(parameters.coordinates, x, inside, strict=True)
        if before != after
    ]
    return message(
        "the start lay outside the bounds and was moved onto them: {moves}", moves=listing(moves, most=4)
    )


def read_bounds(bounds: Any, parameters: Parameters) -> tuple[Vector, Vector]:
    """Lower and upper bound of every coordinate, infinite where there is none.

    Raises:
        UsageError: they are not of a known form, a name is unknown, or a lower bound is above its upper.

    >>> read_bounds("x=0:1, y=:2*pi", Parameters.scalars(["x", "y"]))
    (array([  0., -inf]), array([1.        , 6.28318531]))
    """
    lower, upper = np.full(parameters.size, -np.inf), np.full(parameters.size, np.inf)
    if isinstance(bounds, str):
        bounds = _from_text(bounds)
    elif not isinstance(bounds, Mapping):
        bounds = _in_order(bounds, parameters)
    for name, pair in bounds.items():
        places = _places(str(name), parameters)
        low, high = _pair(name, pair)
        lower[places], upper[places] = _side(name, low, -np.inf, places), _side(name, high, np.inf, places)
    for name, low, high in zip(parameters.coordinates, lower, upper, strict=True):
        if low > high or low == np.inf or high == -np.inf:
            raise UsageError(
                message(
                    "the bounds of {name} leave nothing between them: {low:g} to {high:g}. The lower one"
                    " comes first.",
                    name=name,
                    low=low,
                    high=high,
                )
            )
    return lower, upper


def _from_text(text: str) -> dict[str, tuple[Any, Any]]:
    """``x=0:1,y=:5`` as a dict; commas inside the brackets of a name or number do not count."""
    found: dict[str, tuple[Any, Any]] = {}
    for piece in re.split(r",(?![^\[(]*[\])])", text):
        name, equals, pair = (part.strip() for part in piece.partition("="))
        low, colon, high = (part.strip() for part in pair.partition(":"))
        if not equals or not name or not colon:
            raise UsageError(
                message(
                    "'{piece:.80}' in the bounds is not of the form name=low:high, as in x=0:1,y=:5.",
                    piece=piece.strip(),
                )
            )
        if name in found:
            raise UsageError(message("the bounds give {name} twice.", name=name))
        found[name] = _number(name, low), _number(name, high)
    return found


def _number(name: str, text: str) -> float | None:
    if text.lower() in ("", "inf", "-inf", "+inf"):
        return float(text) if text else None
    try:
        return parse_number(text)
    except ExpressionError as error:
        raise UsageError(
            message(
                "a bound of {name} is '{text:.80}', which is not a number: {why}.",
                name=name,
                text=text,
                why=error.message,
            )
        ) from error


def _in_order(bounds: Any, parameters: Parameters) -> dict[str, Any]:
    """Pairs in the order of the coordinates as a dict; one plain pair will do for a single number."""
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):  # SciPy's Bounds
        both = np.broadcast_arrays(np.atleast_1d(bounds.lb), bounds.ub)
        bounds = np.stack(
            both if both[0].size > 1 else [np.resize(side, parameters.size) for side in both], axis=1
        )
    pairs = list(bounds) if isinstance(bounds, (Sequence, np.ndarray)) else None
    if pairs is not None and parameters.size == 1 and len(pairs) == 2 and np.ndim(pairs[0]) == 0:
        pairs = [pairs]
    if pairs is None or len(pairs) != parameters.size:
        order = listing(parameters.coordinates[:10])
        raise UsageError(
            message(
                "{bounds!r:.60} is given, but the parameters are {order}; {forms}.",
                bounds=bounds,
                order=order,
                forms=FORMS,
            )
            if pairs is None
            else plural(
                "{n} bound is given, but the parameters are {order}; {forms}.",
                "{n} bounds are given, but the parameters are {order}; {forms}.",
                n=len(pairs),
                order=order,
                forms=FORMS,
            )
        )
    return {n: p for n, p in zip(parameters.coordinates, pairs, strict=True) if p is not None}


def _places(name: str, parameters: Parameters) -> NDArray[np.intp]:
    """Where in the flat vector the parameter or coordinate of that name lies."""
    coordinates = parameters.coordinates
    squeezed = own_name(name.replace(" ", ""), coordinates)
    if squeezed in coordinates:
        return np.array([coordinates.index(squeezed)])
    name = own_name(name, parameters.names)
    if name in parameters.names:
        k = parameters.names.index(name)
        begin = sum(parameters.sizes[:k])
        return np.arange(begin, begin + parameters.sizes[k])
    known = dict.fromkeys([*parameters.names, *coordinates])
    hint = look_alike(name, known) or nearest(name, known)
    raise UsageError(
        sentences(
            message(
                "the bounds name '{name:.60}', but the parameters are: {names}.",
                name=name,
                names=listing(parameters.names),
            ),
            hint,
        )
    )


def _pair(name: Any, pair: Any) -> tuple[Any, Any]:
    try:
        low, high = (None, None) if pair is None else pair
    except (TypeError, ValueError):
        raise UsageError(
            message(
                "the bounds of {name} are {pair!r:.60}; they must be a pair (low, high). {forms}.",
                name=name,
                pair=pair,
                forms=FORMS,
            )
        ) from None
    return low, high


def _side(name: Any, bound: Any, none: float, places: NDArray[np.intp]) -> Vector:
    """One side of a parameter's bounds: a number for all its elements, or as many numbers."""
    if bound is None:
        return np.full(len(places), none)
    numbers = np.asarray(bound)
    if numbers.dtype.kind not in "iuf" or numbers.size not in (1, len(places)) or np.any(np.isnan(numbers)):
        raise UsageError(
            message(
                "a bound of {name} is {bound!r:.60}; it must be a number, or None for no bound.",
                name=name,
                bound=bound,
            )
        )
    return np.broadcast_to(numbers.astype(np.float64).ravel(), len(places))


def projection_of(optimizer: Optimizer) -> Projected | None:
    """The projection among the wrappers of an optimizer, if there is one."""
    return next((layer for layer in optimizer.layers() if isinstance(layer, Projected)), None)


def free_part(
    optimizer: Optimizer, objective: Objective, x: Vector, maximize: bool
) -> tuple[Objective, Vector]:
    """The objective of the coordinates that no bound holds at ``x``, and those coordinates.

    A coordinate is held where it is on a bound and the objective would get better beyond it. Without bounds
    everything is free.
    """
    projected = projection_of(optimizer)
    if projected is None:
        return objective, x
    lower, upper = np.array(projected.lower), np.array(projected.upper)
    downhill = objective.gradient(x) * (1.0 if maximize else -1.0)
    held = ((x <= lower) & (downhill < 0)) | ((x >= upper) & (downhill > 0)) | (lower == upper)
    return RestrictedObjective(objective, x, np.flatnonzero(~held).tolist(), (lower, upper)), x[~held]
