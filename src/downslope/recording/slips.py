"""What is wrong with the updates of a loop: held against the rule that they claim to be, step by step.

Each row has the point and the gradient there; the next row has where the update led. The rule says where it should have
led. Where the two part company, other updates are tried that people write by mistake, and the one that makes every step
of the loop as it was made is what is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.messages import Message, listing, message, sentences
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.recording.loop_records import (
    LoopRecord,
    LoopRow,
    Slip,
    finite_part,
    first_difference,
    steps_of,
    wrong_coordinates,
)
from downslope.recording.miswritten import causes
from downslope.recording.updates_seen import Updates

LINES = 6  # of a rule's formula, that a sentence can hold


def slip_of(
    record: LoopRecord, rule: Optimizer, *, climbs: bool = False, causes_too: bool = True
) -> Slip | None:
    """The first difference between a loop's updates and those of ``rule``, and its cause; None where there is none.

    A loop that ``climbs`` is held against the rule's descent of the negative.
    """
    with np.errstate(all="ignore"):
        return _slip_of(finite_part(record), rule, climbs=climbs, causes_too=causes_too)


def _slip_of(record: LoopRecord, rule: Optimizer, *, climbs: bool, causes_too: bool) -> Slip | None:
    moves = record.moves
    rows = record.rows[: len(moves)]
    gradients = [-row.g if climbs else row.g for row in rows]
    right = steps_of(rule, rows, gradients)
    first = first_difference(rows, moves, right)
    if first is None:
        return None
    place = _place(record.names, first, rows[first], led=moves[first], due=right[first])
    if not causes_too:
        return Slip("another_update", first, place.numbers, place.sentence)
    updates = Updates(rule, record.names, rows, gradients, moves, right)
    for code, numbers, sentence in causes(updates):
        return Slip(code, first, {**numbers, **place.numbers}, sentences(sentence, place.sentence))
    wrong = wrong_coordinates(rows, moves, right)
    if 0 < wrong.sum() < len(wrong):
        names = [name for name, is_wrong in zip(record.names, wrong, strict=True) if is_wrong]
        part = [row.only(wrong) for row in rows]
        given = [-row.g if climbs else row.g for row in part]
        updates = Updates(rule, names, part, given, [m[wrong] for m in moves], steps_of(rule, part, given))
        for code, numbers, sentence in causes(updates):
            only = message("Only {names} of the parameters is moved wrongly.", names=listing(names, "and"))
            return Slip(code, first, {**numbers, **place.numbers}, sentences(only, sentence, place.sentence))
    return Slip("another_update", first, place.numbers, sentences(_unknown(rule), place.sentence))


def _unknown(rule: Optimizer) -> Message:
    """That no mistake is known that makes such steps, what was tried, and the rule's own lines to be put beside."""
    from downslope.optimizers.notation import formula

    lines = str(formula(rule)).splitlines()
    name = rule.name()
    cure = (
        message(
            "Put its lines beside yours, one by one (g is the gradient, a prime a new value): {lines}.",
            lines="; ".join(lines),
        )
        if len(lines) <= LINES
        else message(
            "Put its lines beside yours, one by one: `{command}` prints them.",
            command=f"downslope optimizers {name}",
        )
    )
    tried = [
        message("the sign"),
        message("a factor"),
        message("gradients that are late, added up or crossed"),
        message("hyperparameters that are swapped or usual elsewhere"),
        message("the updates of other rules"),
    ]
    if tuple(states.leaves(rule.init(np.zeros(1)))):
        tried.insert(3, message("state that is forgotten, late or without its correction"))
    return sentences(
        message("The update is not that of {rule}.", rule=name),
        message("Tried, and not the cause: {tried}.", tried=listing([str(one) for one in tried], "and")),
        cure,
        message("If another rule is meant, name it by {option}.", option="--optimizer"),
    )


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
