"""What is wrong with the updates of a loop: held against the rule that they claim to be, step by step.

Each row has the point and the gradient there; the next row has where the update led. The rule says where it should have
led. Where the two part company, other updates are tried that people write by mistake, and the one that makes every step
of the loop as it was made is what is said.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from downslope.messages import Message, listing, message, sentences
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states

TOLERANCE = 1e-3  # of a step: where people put epsilon, and float32, move less than that
ROUNDING = 1e-6  # of a point: of the difference of two points in float32

Code: TypeAlias = Literal[
    "sign",
    "factor",
    "state_not_kept",
    "gradient_not_zeroed",
    "wrong_order",
    "stale_gradient",
    "another_hyperparameter",
    "another_update",
]


@dataclass(frozen=True)
class LoopRow:
    """One step of a loop.

    Attributes:
        x, g: the point, and the gradient there.
        held: the gradient as the update got it, where that is known to be another; else None.
        value: the cost, or NaN.
    """

    x: Vector
    g: Vector
    held: Vector | None = None
    value: float = math.nan


@dataclass
class LoopRecord:
    """The steps of a loop, and the point where it ended.

    Attributes:
        names: of the coordinates.
        rows: one for each step.
        last: where the loop ended.
        told: what the watch saw by itself: a slip in the order of calls, say.
    """

    names: tuple[str, ...] = ()
    rows: list[LoopRow] = field(default_factory=list)
    last: Vector | None = None
    told: list[Slip] = field(default_factory=list)

    @property
    def moves(self) -> list[Vector]:
        """What each update added to the point."""
        points = [row.x for row in self.rows] + ([] if self.last is None else [self.last])
        return [after - before for before, after in itertools.pairwise(points)]


@dataclass(frozen=True)
class Slip:
    """One thing that is wrong with a loop.

    Attributes:
        code: which.
        step: the first one at which it shows.
        numbers: what was found, by name.
        sentence: what is wrong, with the numbers, and the cure.
    """

    code: Code
    step: int
    numbers: dict[str, Any]
    sentence: Message


def slip_of(record: LoopRecord, rule: Optimizer) -> Slip | None:
    """The first difference between a loop's updates and those of ``rule``, and its cause; None where there is none."""
    moves = record.moves
    rows = record.rows[: len(moves)]
    right = steps_of(rule, rows, [row.g for row in rows])
    first = _first_difference(rows, moves, right)
    if first is None:
        return None
    place = _place(record.names, first, rows[first], led=moves[first], due=right[first])
    for code, numbers, sentence in _causes(rule, rows, moves, right):
        return Slip(code, first, {**numbers, **place.numbers}, sentences(sentence, place.sentence))
    unknown = message("The update is none of {rule} and none of the usual mistakes.", rule=rule.name())
    return Slip("another_update", first, place.numbers, sentences(unknown, place.sentence))


def gradient_slip(record: LoopRecord, true: Sequence[Vector]) -> Slip | None:
    """What is wrong with the gradients that a loop computes, held against the derivatives of its cost."""
    rows = record.rows
    given = [row.g for row in rows]
    first = _first_difference(rows, given, true)
    if first is None:
        return None
    i = int(np.argmax(np.abs(given[first] - true[first])))
    name, found, wanted = record.names[i], float(given[first][i]), float(true[first][i])
    numbers = {"parameter": name, "found": found, "expected": wanted}
    there = message(
        "At step {step} the gradient of {name} is {found:.6g}, and the derivative is {wanted:.6g}.",
        step=first,
        name=name,
        found=found,
        wanted=wanted,
    )
    code: Code
    if _all_near(rows, given, [-g for g in true]):
        code, cause = "sign", message("The gradient has the wrong sign: take the derivative as it is.")
    elif _all_near(rows, given, list(np.cumsum(true, axis=0))):
        code, cause = (
            "gradient_not_zeroed",
            message("The gradient is the sum of those of all steps so far: begin each step with zeros."),
        )
    elif _all_near(rows[1:], given[1:], true[:-1]):
        code, cause = (
            "stale_gradient",
            message(
                "The gradient is that of the point before: compute it after the update, at the new point."
            ),
        )
    elif _all_near(rows[1:], given[1:], [true[0]] * (len(true) - 1)):
        code, cause = (
            "stale_gradient",
            message("The gradient is that of the start at every step: compute it anew in the loop."),
        )
    elif (factor := _factor(rows, given, true)) is not None:
        numbers["factor"] = factor
        code, cause = (
            "factor",
            message(
                "The gradient is {factor:.6g} times the derivative: a mean in one place and a sum in the other, or a"
                " factor lost.",
                factor=factor,
            ),
        )
    else:
        code, cause = "another_update", message("The gradient is not the derivative of the cost.")
    return Slip(code, first, numbers, sentences(cause, there))


def steps_of(
    rule: Optimizer, rows: Sequence[LoopRow], gradients: Sequence[Vector], forgotten: Sequence[str] = ()
) -> list[Vector]:
    """What the rule would have added at each point of the loop, from these gradients.

    ``forgotten`` are leaves of its state that begin anew at every step.
    """
    state = first = rule.init(rows[0].x)
    made: list[Vector] = []
    begun = dict(states.leaves(first))

    def kept(name: str, leaf: Any) -> Any:
        return begun[name] if name in forgotten else leaf

    with np.errstate(all="ignore"):
        for row, g in zip(rows, gradients, strict=True):
            after, state, _ = rule.update(row.x, row.value, g, state)
            made.append(np.asarray(after - row.x, np.float64))
            if forgotten:
                state = states.mapped(state, kept)
    return made


# --- causes ----------------------------------------------------------------------------------------------

Cause: TypeAlias = tuple[Code, dict[str, Any], Message]


def _causes(
    rule: Optimizer, rows: list[LoopRow], moves: list[Vector], right: list[Vector]
) -> Iterator[Cause]:
    """Mistakes that make every step as it was made, the plainest first."""
    gradients = [row.g for row in rows]

    def explains(steps: Sequence[Vector]) -> bool:
        return _all_near(rows, moves, list(steps))

    if explains([-step for step in right]) or explains(steps_of(rule, rows, [-g for g in gradients])):
        yield (
            "sign",
            {},
            message("The update goes uphill: its step has the wrong sign. Subtract it from the parameters."),
        )
    if len(rows) > 1 and explains(steps_of(rule, rows, list(np.cumsum(gradients, axis=0)))):
        yield (
            "gradient_not_zeroed",
            {},
            message(
                "Gradients add up over the steps: the update gets the sum of all so far. Set them to zero in each step,"
                " before they are computed."
            ),
        )
    yield from _late(rule, rows, explains, right)
    yield from _forgotten(rule, rows, explains)
    factor = _factor(rows, moves, right)
    if factor is not None:
        yield (
            "factor",
            {"factor": factor},
            message(
                "Every step is {factor:.6g} times that of {rule}: the learning rate is another, or a sum stands where"
                " a mean should.",
                factor=factor,
                rule=rule.name(),
            )
            if factor > 0
            else message(
                "Every step is {factor:.6g} times that of {rule}: it has the wrong sign, and another length.",
                factor=factor,
                rule=rule.name(),
            ),
        )
    for path, value, other in _other_numbers(rule):
        if explains(steps_of(rule.with_scalars({path: other}), rows, gradients)):
            name = path.rpartition(".")[2]
            yield (
                "another_hyperparameter",
                {"name": name, "claimed": value, "used": other},
                message(
                    "The update is that of {rule} with {name} = {used:.6g}, not {claimed:.6g}.",
                    rule=rule.name(),
                    name=name,
                    used=other,
                    claimed=value,
                ),
            )


def _late(rule: Optimizer, rows: list[LoopRow], explains: Any, right: list[Vector]) -> Iterator[Cause]:
    """Steps that lag behind by one, and gradients that are not computed anew."""
    gradients = [row.g for row in rows]
    if len(rows) < 3:
        return
    nothing = np.zeros_like(right[0])
    has_state = bool(list(states.leaves(rule.init(rows[0].x))))
    if has_state and explains([nothing, *right[:-1]]):
        yield (
            "wrong_order",
            {},
            message(
                "Each step is the one that was due a step before: the parameters are moved before the state is updated."
                " Update the state first."
            ),
        )
    for shifted in ([nothing, *gradients[:-1]], [gradients[0], *gradients[:-1]]):
        if explains(steps_of(rule, rows, shifted)):
            yield (
                "stale_gradient",
                {},
                message(
                    "The update uses the gradient of the step before. Compute it at the point where the step begins,"
                    " before the update."
                ),
            )
    if explains(steps_of(rule, rows, [gradients[0]] * len(rows))):
        yield (
            "stale_gradient",
            {},
            message("The update uses the gradient of the start at every step. Compute it anew in the loop."),
        )


def _forgotten(rule: Optimizer, rows: list[LoopRow], explains: Any) -> Iterator[Cause]:
    """State that begins anew at every step: all of it, or a part."""
    names = [name for name, _ in states.leaves(rule.init(rows[0].x))]
    gradients = [row.g for row in rows]
    for some in [names, *([name] for name in names)] if len(names) > 1 else [names] * bool(names):
        if explains(steps_of(rule, rows, gradients, some)):
            yield (
                "state_not_kept",
                {"state": list(some)},
                message(
                    "{rule} forgets {state} from step to step: it begins anew at every update. Make it once, before the"
                    " loop, and store what the update makes of it.",
                    rule=rule.name(),
                    state=listing(some, "and"),
                ),
            )


def _other_numbers(rule: Optimizer) -> Iterator[tuple[str, float, float]]:
    """Hyperparameters with values that people confuse with theirs."""
    numbers = rule.scalars()
    for path, value in numbers.items():
        if path.endswith(("learning_rate", "epsilon")):
            continue  # the first is a factor, the second hardly shows
        for other in dict.fromkeys([1 - value, *numbers.values(), 0.0, 0.5, 0.9, 0.95, 0.99, 0.999]):
            if other != value and 0 <= other < 1:
                yield path, value, other


# --- what is near what -----------------------------------------------------------------------------------


def _near(row: LoopRow, found: Vector, wanted: Vector) -> bool:
    size = float(np.linalg.norm(wanted)) + float(np.linalg.norm(found))
    away = float(np.linalg.norm(found - wanted))
    return away <= TOLERANCE * size / 2 + ROUNDING * float(np.linalg.norm(row.x))


def _all_near(rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]) -> bool:
    """Whether all are, and not merely as nothing moves."""
    moved = any(
        float(np.linalg.norm(step)) > ROUNDING * float(np.linalg.norm(row.x))
        for row, step in zip(rows, found, strict=True)
    )
    return moved and all(_near(row, a, b) for row, a, b in zip(rows, found, wanted, strict=True))


def _first_difference(
    rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]
) -> int | None:
    return next((k for k, row in enumerate(rows) if not _near(row, found[k], wanted[k])), None)


def _factor(rows: Sequence[LoopRow], found: Sequence[Vector], wanted: Sequence[Vector]) -> float | None:
    """The one number by which all steps are longer; None where there is none."""
    square = sum(float(step @ step) for step in wanted)
    if not 0 < square < math.inf:
        return None
    factor = sum(float(a @ b) for a, b in zip(found, wanted, strict=True)) / square
    if factor == 0 or not math.isfinite(factor):
        return None
    return factor if _all_near(rows, found, [factor * step for step in wanted]) else None


@dataclass(frozen=True)
class _Place:
    """Where a difference shows most."""

    numbers: dict[str, Any]
    sentence: Message


def _place(names: Sequence[str], step: int, row: LoopRow, *, led: Vector, due: Vector) -> _Place:
    i = int(np.argmax(np.abs(led - due)))
    x = float(row.x[i])
    numbers = {
        "parameter": names[i],
        "at": x,
        "gradient": float(row.g[i]),
        "found": x + float(led[i]),
        "expected": x + float(due[i]),
    }
    said = message(
        "At step {step}, from {name} = {at:.6g} with gradient {gradient:.6g}, it went to {found:.6g}, and should have"
        " gone to {expected:.6g}.",
        step=step,
        name=names[i],
        at=x,
        gradient=numbers["gradient"],
        found=numbers["found"],
        expected=numbers["expected"],
    )
    return _Place(numbers, said)
