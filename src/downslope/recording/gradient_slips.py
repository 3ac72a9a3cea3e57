"""What is wrong with the gradients that a loop computes: held against the derivatives of its cost."""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from downslope.messages import message, sentences
from downslope.objectives import Vector
from downslope.recording.loop_records import (
    ROUNDING,
    TOLERANCE,
    LoopRecord,
    LoopRow,
    Slip,
    all_near,
    common_factor,
    finite_part,
    first_difference,
    wrong_coordinates,
)
from downslope.recording.loops_seen import LoopSeen, numbers_of
from downslope.recording.updates_seen import Cause

PAIRS = 4  # steps between costs that say what the gradient is
COST_SHARE = 1e-3  # of each other, that the factors of all steps may be away
NOISE = 1e-7  # of the largest derivative: below, differences are rounding
MOST_CROSSED = 12  # coordinates, of which every two are tried against each other
COST_FACTOR = 0.02  # away from 1, at which a factor is none of curvature and rounding


def slips_by_the_gradient(record: LoopRecord, gradient: Callable[[Any], Any]) -> list[Slip]:
    """Held against derivatives that a person gives."""
    names = record.names
    true = []
    for row in record.rows:
        alone = len(names) == 1 and "[" not in names[0]
        point: Any = float(row.x[0]) if alone and names[0] == "x" else row.x.copy()
        if all("[" not in name for name in names) and not (alone and names[0] == "x"):
            point = dict(zip(names, row.x.tolist(), strict=True))
        true.append(numbers_of(gradient(point))[1])
    found = gradient_slip(record, true)
    return [] if found is None else [found]


COST_NAMES = (
    "f",
    "func",
    "fun",
    "function",
    "cost",
    "loss",
    "objective",
    "J",
    "cost_function",
    "loss_function",
)


def slips_by_the_cost(loop: LoopSeen, names: Mapping[str, Any], *, is_sure: bool) -> list[Slip]:
    """Held against differences of a cost function beside the loop, or against the costs that the loop computes.

    Where it is not ``is_sure`` that each gradient is that of the whole cost, only differences with a known cause count.
    """
    if loop.reading is not None and (loop.reading.is_in_turn or not loop.reading.is_at_the_point):
        return []
    function = cost_function(names)
    true = None if function is None else _differences(function, loop.record)
    found = cost_slip(loop.record) if true is None else gradient_slip(loop.record, true)
    if found is None and true is None and len(loop.true) > 1:
        return _slips_of_its_own_cost(loop)
    if found is None or (found.code == "another_update" and not is_sure):
        return []
    return [found]


def _slips_of_its_own_cost(loop: LoopSeen) -> list[Slip]:
    """Held against the cost that the loop computes, at its first steps.

    A cost may leave a penalty out (the difference is a multiple of the parameters), or be a function of the one that is
    descended, its root say (the gradients are multiples of each other): neither is a mistake.
    """
    rows = loop.record.rows[: len(loop.true)]
    found = gradient_slip(LoopRecord(loop.record.names, rows, None), loop.true)
    if found is None or found.code != "another_update":
        return [] if found is None else [found]
    multiples = all(_are_multiples(row.g, true) for row, true in zip(rows, loop.true, strict=True))
    points = np.array([row.x for row in rows])
    more = np.array([row.g for row in rows]) - np.array(loop.true)
    least = TOLERANCE * float(np.max(np.abs(loop.true)))
    penalty = all(
        np.max(np.abs(rest)) < least or _are_multiples(rest, x) or _are_multiples(rest, np.sign(x))
        for rest, x in zip(more.T, points.T, strict=True)
    )
    return [] if multiples or penalty else [found]


def _are_multiples(one: Vector, other: Vector) -> bool:
    square = float(other @ other)
    if square == 0:
        return not one.any()
    rest = one - float(one @ other) / square * other
    return float(np.linalg.norm(rest)) <= TOLERANCE * float(np.linalg.norm(one))


def cost_function(names: Mapping[str, Any]) -> Callable[..., Any] | None:
    """The function of a script that is called a cost."""
    return next((names[name] for name in COST_NAMES if inspect.isfunction(names.get(name))), None)


def values_along(loop: LoopSeen, names: Mapping[str, Any]) -> list[float]:
    """The costs at the points of a loop, as it computed them, or by its cost function; nothing where there are none."""
    values = [row.value for row in loop.record.rows]
    function = cost_function(names)
    call = None if function is None else _as_one_point(function, loop.record)
    if not np.isfinite(values).any() and call is not None:
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            values = [float(call(row.x)) for row in (loop.record.rows[0], loop.record.rows[-1])]
    return [value for value in values if not math.isnan(value)]


def _as_one_point(function: Callable[..., Any], record: LoopRecord) -> Callable[[Any], Any] | None:
    """A function of the loop's points as one array; None where it does not take such."""
    taken = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    owners = list(dict.fromkeys(name.partition("[")[0] for name in record.names))
    if len(taken) == len(record.names) and (len(taken) == 1 or taken == list(record.names)):
        alone = len(taken) == 1 and "[" in record.names[0]
        return (lambda x: function(x)) if alone else (lambda x: function(*x))
    if len(taken) == 1 and len(owners) == 1 and len(record.names) > 1:
        return function
    return None


def _differences(function: Callable[..., Any], record: LoopRecord) -> list[np.ndarray[Any, Any]] | None:
    """Central differences of a function at every point; None where it does not take such points."""
    call = _as_one_point(function, record)
    if call is None:
        return None
    true = []
    try:
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            for row in record.rows:
                steps = np.diag(np.cbrt(np.finfo(np.float64).eps) * np.maximum(1.0, np.abs(row.x)))
                true.append(
                    np.array(
                        [
                            (float(call(row.x + h)) - float(call(row.x - h))) / (2 * h[i])
                            for i, h in enumerate(steps)
                        ]
                    )
                )
    except Exception:  # it is of something else
        return None
    return true if np.isfinite(true).all() else None


def accumulated(record: LoopRecord) -> list[Slip]:
    """Where the gradient that torch holds is more than the last backward brought, since nobody set it to zero."""
    rows = record.rows
    for k in range(1, len(rows)):
        held, before = rows[k].held, rows[k - 1].held
        if held is None or before is None:
            return []
        away = np.abs(held - rows[k].g)
        i = int(np.argmax(away))
        if away[i] > 1e-5 * abs(rows[k].g[i]) and np.allclose(held, rows[k].g + before, rtol=1e-4, atol=1e-7):
            numbers = {"parameter": record.names[i], "found": float(held[i]), "expected": float(rows[k].g[i])}
            sentence = sentences(
                message(
                    "Gradients add up over the steps: the update gets the sum of all so far. Call zero_grad() in each"
                    " step, before backward()."
                ),
                message(
                    "At step {step} the gradient of {name} is {fresh:.6g}, and the update gets {held:.6g}.",
                    step=k,
                    name=record.names[i],
                    fresh=numbers["expected"],
                    held=numbers["found"],
                ),
            )
            return [Slip("gradient_not_zeroed", k, numbers, sentence)]
    return []


def gradient_slip(record: LoopRecord, true: Sequence[Vector]) -> Slip | None:
    """What is wrong with the gradients that a loop computes, held against the derivatives of its cost."""
    with np.errstate(all="ignore"):
        rows = finite_part(record).rows
        return _gradient_slip(record.names, rows, list(true[: len(rows)]))


def _gradient_slip(names: Sequence[str], rows: Sequence[LoopRow], true: list[Vector]) -> Slip | None:
    given, true = _without_noise([row.g for row in rows], true)
    first = first_difference(rows, given, true)
    if first is None:
        return None
    crossed = _crossed(names, given, true, rows)
    wrong = wrong_coordinates(rows, given, true) if crossed is None else np.ones(len(names), bool)
    if 0 < wrong.sum() < len(wrong):
        these = [name for name, is_wrong in zip(names, wrong, strict=True) if is_wrong]
        found_there = _gradient_slip(these, [row.only(wrong) for row in rows], [g[wrong] for g in true])
        if found_there is not None:
            return found_there
    cause = _crossing(crossed) or _shifted(rows, given, true) or _of_another_length(rows, given, true)
    if cause is None:
        return None
    code, more, said = cause
    i = int(np.argmax(np.abs(given[first] - true[first])))
    name, found, wanted = names[i], float(given[first][i]), float(true[first][i])
    there = message(
        "At step {step} the gradient of {name} is {found:.6g}, and the derivative is {wanted:.6g}.",
        step=first,
        name=name,
        found=found,
        wanted=wanted,
    )
    numbers = {"parameter": name, "found": found, "expected": wanted, **more}
    return Slip(code, first, numbers, sentences(said, there))


def _crossing(crossed: tuple[str, str] | None) -> Cause | None:
    if crossed is None:
        return None
    said = message(
        "{one} gets the derivative by {other}, and {other} that by {one}: give both in the same order.",
        one=crossed[0],
        other=crossed[1],
    )
    return "crossed_gradients", {}, said


def _shifted(rows: Sequence[LoopRow], given: list[Vector], true: list[Vector]) -> Cause | None:
    """Derivatives with the other sign, added up, or of another step than theirs."""
    if all_near(rows, given, [-g for g in true]):
        return "sign", {}, message("The gradient has the wrong sign: take the derivative as it is.")
    if all_near(rows, given, list(np.cumsum(true, axis=0))):
        said = message("The gradient is the sum of those of all steps so far: begin each step with zeros.")
        return "gradient_not_zeroed", {}, said
    later = rows[1:], given[1:]
    if all_near(*later, true[:-1]):
        said = message(
            "The gradient is that of the point before: compute it after the update, at the new point."
        )
        return "stale_gradient", {}, said
    if all_near(*later, [true[0]] * (len(true) - 1)):
        said = message("The gradient is that of the start at every step: compute it anew in the loop.")
        return "stale_gradient", {}, said
    if not given[0].any() and true[0].any() and all_near(*later, true[1:]):
        said = message(
            "The first update gets a gradient of 0: it comes before the gradient is computed. Compute the gradient"
            " first, then update."
        )
        return "wrong_order", {}, said
    return None


def _of_another_length(rows: Sequence[LoopRow], given: list[Vector], true: list[Vector]) -> Cause | None:
    """A multiple of the derivative, or something else; nothing where a gradient may be cut on purpose."""
    factor = common_factor(rows, given, true)
    if factor is not None:
        said = message(
            "The gradient is {factor:.6g} times the derivative: a mean in one place and a sum in the other, or a"
            " factor lost. Multiply it by {cure:.4g}; as it is, the learning rate is in truth {factor:.6g} times"
            " what it says.",
            factor=factor,
            cure=1 / factor,
        )
        return "factor", {"factor": factor}, said
    if _is_bounded(rows, given, true):
        return None
    said = message("The gradient is not the derivative of the cost: differentiate it term by term.")
    return "another_update", {}, said


def _without_noise(given: list[Vector], true: list[Vector]) -> tuple[list[Vector], list[Vector]]:
    """Both with zeros where they are so small that differences cannot tell them from rounding."""
    least = NOISE * max((float(np.max(np.abs(g), initial=0)) for g in true), default=0.0)
    small = [np.maximum(np.abs(a), np.abs(b)) < least for a, b in zip(given, true, strict=True)]
    return (
        [np.where(little, 0.0, g) for little, g in zip(small, given, strict=True)],
        [np.where(little, 0.0, g) for little, g in zip(small, true, strict=True)],
    )


def _crossed(
    names: Sequence[str], given: list[Vector], true: list[Vector], rows: Sequence[LoopRow]
) -> tuple[str, str] | None:
    """Two parameters that get each other's derivative."""
    for (i, one), (j, other) in itertools.combinations(enumerate(names[:MOST_CROSSED]), 2):
        order = np.arange(len(names))
        order[[i, j]] = j, i
        if all_near(rows, given, [g[order] for g in true]) and not all_near(rows, given, true):
            return one, other
    return None


def _is_bounded(rows: Sequence[LoopRow], given: Sequence[Vector], true: Sequence[Vector]) -> bool:
    """Whether a gradient is cut to a length, or is the derivative at some points: as it may be, on purpose."""
    away = [k for k, row in enumerate(rows) if first_difference([row], [given[k]], [true[k]]) is not None]
    if len(away) < len(rows):
        return True
    for size in (np.linalg.norm, lambda g: np.max(np.abs(g))):
        sizes = [float(size(given[k])) for k in away]
        if max(sizes) > 0 and np.ptp(sizes) <= TOLERANCE * max(sizes):
            return len(away) > 1
    return False


def cost_slip(record: LoopRecord) -> Slip | None:
    """What the costs that a loop computes say of its gradients; None where they agree, or say nothing for sure.

    From one point to the next a cost changes by the mean of the gradients at both times the way between: exactly for
    a quadratic, nearly for short steps. One factor between the two in all steps is one of the gradient.
    """
    factors = []
    least = ROUNDING * max((abs(row.value) for row in record.rows if math.isfinite(row.value)), default=0.0)
    for row, later in itertools.pairwise(record.rows):
        change, way = later.value - row.value, later.x - row.x
        due = float((row.g + later.g) @ way) / 2
        if not math.isfinite(change) or abs(due) <= least or abs(change) <= least:
            continue
        factors.append(due / change)
    if len(factors) < PAIRS:
        return None
    factor = float(np.median(factors))
    if abs(factor - 1) < COST_FACTOR or np.ptp(factors) > COST_SHARE * abs(factor):
        return None
    first, second = record.rows[0], record.rows[1]
    numbers = {
        "change": second.value - first.value,
        "due": float((first.g + second.g) @ (second.x - first.x)) / 2,
    }
    place = message(
        "From step 0 to step 1 the cost changes by {change:.6g}, and by the gradients it should by {due:.6g}.",
        change=numbers["change"],
        due=numbers["due"],
    )
    if abs(factor + 1) < COST_FACTOR:
        cause = message("The gradient has the wrong sign: take the derivative as it is.")
        return Slip("sign", 0, numbers, sentences(cause, place))
    cause = message(
        "The gradient is {factor:.6g} times the derivative of the cost: a mean in one place and a sum in the other, or"
        " a factor lost. Multiply it by {cure:.4g}; as it is, the learning rate is in truth {factor:.6g} times what it"
        " says.",
        factor=factor,
        cure=1 / factor,
    )
    return Slip("factor", 0, {**numbers, "factor": factor}, sentences(cause, place))
