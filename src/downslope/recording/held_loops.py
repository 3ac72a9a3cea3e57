"""One loop held against its rule and its cost: what is wrong with it, or which rule it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from downslope.messages import Message, message, plural, sentences
from downslope.optimizers import Optimizer
from downslope.recording.claims import EXACT, Claim, is_a_library_s
from downslope.recording.gradient_slips import (
    COST_FACTOR,
    accumulated,
    slips_by_the_cost,
    slips_by_the_gradient,
    values_along,
)
from downslope.recording.loop_records import LoopRecord, Slip
from downslope.recording.loops_seen import LoopSeen
from downslope.recording.slips import slip_of
from downslope.recording.watched_calls import as_written
from downslope.recording.written_loops import BY_CHANCE

# Slips that are the loop's own where a library's optimizer makes the steps; other differences may be a schedule.
OF_THE_LOOP = ("crossed_gradients", "no_step", "sign", "gradient_not_zeroed")
# Slips that say nothing where nobody has said which rule is meant: it may be another one.
OF_A_NAMED_RULE = ("another_update", "another_rule", "another_hyperparameter")
# Slips of a rule with state that are sure enough to say which rule was meant.
OF_A_RULE_S_OWN = (
    "bias_correction",
    "state_not_kept",
    "step_not_counted",
    "swapped_hyperparameters",
    "wrong_order",
    "sign",
    "gradient_not_zeroed",
    "stale_gradient",
    "no_root",
    "epsilon_in_the_root",
)
RUNS_AWAY = 10.0  # times the gradient of the start
IN_TURN = re.compile(r"(?i)coordinate|seidel|좌표|하나씩")  # where that is what is meant
IN_TIME = frozenset(("h", "dt"))  # rates of a differential equation, whose derivatives are added
CLIMBS = re.compile(r"(?i)maxim|ascen|climb|uphill|최대|상승|오르막")


@dataclass(frozen=True)
class Asked:
    """What a person said of the loops.

    Attributes:
        optimizer: the rule; None where the loop is to say it.
        learning_rate: None where the loop has it.
        gradient: the derivatives of the cost; None where differences are to do.
        maximize: whether the loops climb.
    """

    optimizer: Any = None
    learning_rate: float | None = None
    gradient: Callable[[Any], Any] | None = None
    maximize: bool = False


@dataclass(frozen=True)
class HeldLoop:
    """What was found of one loop.

    Attributes:
        rule: the rule that its updates were held against; None where only the order of calls could be checked.
        steps: how many updates were seen.
        slips: what is wrong; nothing where all is well.
        notes: what else is to be said of it.
    """

    rule: Optimizer | None
    steps: int
    slips: tuple[Slip, ...] = ()
    notes: tuple[Message, ...] = ()

    @property
    def sentences(self) -> list[Message]:
        """What was found, in words."""
        if self.slips:
            return [slip.sentence for slip in self.slips]
        if self.rule is None:
            said = plural(
                "{n} step was seen, each from a gradient of its own and in the right order.",
                "{n} steps were seen, each from a gradient of its own and in the right order.",
                n=self.steps,
            )
        else:
            said = plural(
                "{n} update is that of {rule!r}.",
                "All {n} updates are those of {rule!r}.",
                n=self.steps,
                rule=self.rule,
            )
        return [sentences(said, *self.notes)]


def merged(loops: Iterable[HeldLoop]) -> tuple[HeldLoop, ...]:
    """Those of which the same is to be said as one, those with a slip first, then the longest."""
    found: list[HeldLoop] = []
    for loop in loops:
        for k, other in enumerate(found):
            if (loop.rule, loop.notes, loop.slips) == (other.rule, other.notes, other.slips):
                found[k] = replace(other, steps=other.steps + loop.steps)
                break
        else:
            found.append(loop)
    return tuple(sorted(found, key=lambda one: (not one.slips, -one.steps)))


def hold(loop: LoopSeen, names: Mapping[str, Any], text: str, asked: Asked) -> HeldLoop:
    """Hold one loop against its rule and its cost."""
    record = loop.record
    steps = len(record.rows)
    if IN_TURN.search(text) and loop.reading is not None:
        kept = [slip for slip in record.told if not slip.numbers.get("in_turn")]
        loop.reading = replace(
            loop.reading, is_in_turn=loop.reading.is_in_turn or len(kept) < len(record.told)
        )
        record.told = kept
    if record.told:
        return HeldLoop(None, steps, tuple(record.told))
    if asked.gradient is not None:
        slips = slips_by_the_gradient(record, asked.gradient)
    elif not loop.derived:
        sure = not BY_CHANCE.search(text) and (loop.reading is None or loop.reading.is_of_the_cost)
        slips = [_of_the_step(slip, loop) for slip in slips_by_the_cost(loop, names, is_sure=sure)]
    else:
        slips = []
    more = [] if slips else accumulated(record)
    if more or any(slip.code in ("wrong_order", "stale_gradient", "gradient_not_zeroed") for slip in slips):
        return HeldLoop(None, steps, (*slips, *more))
    claim = Claim(loop, names, asked.optimizer, asked.learning_rate)
    if claim.beyond is not None and not claim.is_asked:
        return HeldLoop(None, steps, tuple(slips), notes=(_beyond(claim.beyond),))
    found = _against_a_rule(loop, claim, climbs=asked.maximize)
    if len(slips) == len(found.slips) == 1 and _undo_each_other(slips[0], found.slips[0]):
        return HeldLoop(found.rule, steps)
    if any(slip.code == "sign" for slip in found.slips):
        values, says_so = values_along(loop, names), bool(CLIMBS.search(text))
        found = _of_a_climb(found, loop, claim, values=values, says_so=says_so)
    return replace(found, slips=(*slips, *found.slips))


def _of_the_step(slip: Slip, loop: LoopSeen) -> Slip:
    """A wrong sign of what is not called a gradient is one of the step: who writes ``x + lr*2*x`` has no gradient."""
    if slip.code != "sign" or loop.reading is None or loop.reading.is_named:
        return slip
    uphill = message(
        "The update goes uphill: its step has the wrong sign. Subtract the learning rate times the derivative."
    )
    where = (
        message(
            "From step 0 to step 1 the cost changes by {change:.6g}.",
            change=slip.numbers["change"],
        )
        if "change" in slip.numbers
        else message(
            "At step {step} the derivative by {name} is {wanted:.6g}.",
            step=slip.step,
            name=slip.numbers["parameter"],
            wanted=slip.numbers["expected"],
        )
    )
    return replace(slip, sentence=sentences(uphill, where))


def _undo_each_other(one: Slip, other: Slip) -> bool:
    """Whether a gradient and an update are wrong by factors that are 1 together: ``x + lr*(-g)``, ``2*lr*(g/2)``."""
    factors = [-1.0 if s.code == "sign" else float(s.numbers.get("factor", np.nan)) for s in (one, other)]
    return abs(factors[0] * factors[1] - 1) < COST_FACTOR


def _against_a_rule(loop: LoopSeen, claim: Claim, *, climbs: bool) -> HeldLoop:
    record, steps, rule = loop.record, len(loop.record.rows), claim.rule()
    if rule is None or not record.moves:
        return HeldLoop(rule, steps)
    found, rule = _nearest_guard(record, claim, rule, climbs=climbs)
    if found is None and not (claim.is_a_guess and claim.has_names and claim.distance(rule) > EXACT):
        return HeldLoop(claim.with_its_guard(rule), steps, notes=_notes_on(loop))
    if found is not None and is_a_library_s(loop.updater) and not claim.is_asked:
        # Else its rate changes on the way, say: its steps are its own affair.
        sure = found.code in OF_THE_LOOP or (loop.made_anew > 1 and found.code == "state_not_kept")
        return HeldLoop(rule if sure else None, steps, (found,) if sure else ())
    for other in () if claim.is_plain else claim.others():
        if slip_of(record, other, climbs=climbs, causes_too=False) is None:
            return HeldLoop(claim.with_its_guard(other), steps, notes=_notes_on(loop))
    if found is None:
        return HeldLoop(claim.with_its_guard(rule), steps, notes=_notes_on(loop))
    if not claim.is_a_guess:
        return HeldLoop(rule, steps, (found,))
    if _is_of_means(found):
        return _of_means(loop, rule, found)
    if not claim.is_plain and (found.code in OF_A_NAMED_RULE or found.code == "factor"):
        for other in claim.usual():
            slip = slip_of(record, other, climbs=climbs)
            if slip is not None and _is_of_means(slip):
                return _of_means(loop, other, slip)
            if slip is not None and (slip.code in OF_A_RULE_S_OWN or _has_its_rate_twice(slip, other)):
                return HeldLoop(other, steps, (slip,))
    if found.code in OF_A_NAMED_RULE:
        return HeldLoop(None, steps, notes=(_unnamed(rule, claim, found),))
    return HeldLoop(rule, steps, (found,))


def _has_its_rate_twice(slip: Slip, rule: Optimizer) -> bool:
    """Whether the steps of a rule that divides by a root are all too short by its learning rate, and nothing else."""
    numbers = rule.scalars()
    if slip.code != "factor" or "names" in slip.numbers or "epsilon" not in numbers:
        return False
    return bool(np.isclose(slip.numbers["factor"], numbers["learning_rate"], rtol=COST_FACTOR / 20))


def _is_of_means(slip: Slip) -> bool:
    return slip.code == "factor" and slip.numbers.get("names") == ["momentum"]


def _of_means(loop: LoopSeen, rule: Optimizer, found: Slip) -> HeldLoop:
    """A loop whose velocity is a mean of gradients, not a sum: momentum too, where nobody says which it is to be."""
    rate = rule.scalars()["learning_rate"] * float(found.numbers["factor"])
    note = message(
        "What it keeps is a mean of the gradients, each times 1 - momentum: its steps are those of momentum with a"
        " learning rate of {rate:.6g}.",
        rate=rate,
    )
    same = rule.with_scalars({"learning_rate": as_written(rate)})
    return HeldLoop(same, len(loop.record.rows), notes=(note, *_notes_on(loop)))


def _nearest_guard(
    record: LoopRecord, claim: Claim, rule: Optimizer, *, climbs: bool
) -> tuple[Slip | None, Optimizer]:
    """What is wrong, by the rule with that epsilon of which it says most: nothing at best, then a known mistake."""
    found: list[tuple[Slip, Optimizer]] = []
    for one in claim.guards(rule):
        if slip_of(record, one, climbs=climbs, causes_too=False) is None:
            return None, one
    for one in claim.guards(rule):
        slip = slip_of(record, one, climbs=climbs)
        assert slip is not None  # it differs, as was seen
        if slip.code != "another_update" and slip.numbers.get("name") != "epsilon":
            return slip, one
        found.append((slip, one))
    return found[0]


def _beyond(rule: type[Optimizer]) -> Message:
    return message(
        "By its name the loop is {rule}, whose steps take more than the gradients that are seen here: they were not"
        " held against it.",
        rule=rule.name(),
    )


def _unnamed(rule: Optimizer, claim: Claim, found: Slip) -> Message:
    """That the rule is not known, and how to have the loop held against one."""
    ask = message(
        "Name the rule that is meant, by {option}, and every update is held against it.", option="--optimizer"
    )
    if not claim.has_names:
        return sentences(message("Their rule is none that is known here."), ask)
    return sentences(
        message(
            "By its names the loop is {rule}, and its updates are not: at step {step} {name} went to {found:.6g}, and"
            " by {rule} it goes to {expected:.6g}.",
            rule=rule.name(),
            name=found.numbers["parameter"],
            step=found.step,
            found=found.numbers["found"],
            expected=found.numbers["expected"],
        ),
        ask,
    )


def _notes_on(loop: LoopSeen) -> tuple[Message, ...]:
    """What is to be said of a loop whose updates are right."""
    notes = []
    rows = loop.record.rows
    if loop.reading is not None and loop.reading.is_in_turn:
        notes.append(
            message("It moves one coordinate after the other, each by the gradient where the last one led.")
        )
    elif loop.reading is not None and not loop.reading.is_at_the_point:
        notes.append(message("Its gradients are those of a point ahead, as in Nesterov's method."))
    if not loop.record.has_one_rate:
        notes.append(
            message("The learning rate is not the same everywhere: each step was held against its own.")
        )
    with np.errstate(all="ignore"):
        grown = float(np.linalg.norm(rows[-1].g) / np.linalg.norm(rows[0].g))
    if grown > RUNS_AWAY or np.isnan(rows[-1].x).any():
        notes.append(
            message(
                "It runs away: the gradient is {grown:.3g} times that of the start. Try a smaller learning rate.",
                grown=grown,
            )
        )
    return tuple(notes)


def _of_a_climb(
    held: HeldLoop, loop: LoopSeen, claim: Claim, *, values: list[float], says_so: bool
) -> HeldLoop:
    """Without the accusation that it goes uphill, where it is meant to, or rightly goes by the negative gradient."""
    if [slip.code for slip in held.slips] != ["sign"] or claim.is_asked or "state" in held.slips[0].numbers:
        return held
    first, last = loop.record.rows[0].g, loop.record.rows[-1].g
    if says_so or (not values and loop.reading is not None and loop.reading.rates & IN_TIME):
        meant = True
    elif not claim.is_plain:
        meant = False
    elif len(values) > 1:
        meant = values[-1] < values[0]
    else:
        meant = float(np.linalg.norm(last)) < float(np.linalg.norm(first))
    if not meant:
        return held
    climbs = message("It climbs: its steps are added, not subtracted.")
    return HeldLoop(held.rule, held.steps, notes=(climbs, *held.notes))
