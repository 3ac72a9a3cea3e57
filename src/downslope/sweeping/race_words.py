"""What is said of a race: every sentence of its report, in order; the tables are elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from downslope.descent.status_words import in_words
from downslope.messages import Message, argument, listing, message, plural, sentences
from downslope.sweeping.race_record import FEWEST_STARTS, LEVEL, Contestant, RaceProblem, RaceRecord

SHOWN = 4  # coordinates of a box that are spelt out


def described(contestant: Contestant) -> Message:
    """A method with the way in which its rate was chosen."""
    label, rates = contestant.label, contestant.rates
    if contestant.way in ("none", "given"):
        return message("{method}", method=label)
    low, high = min(rates), max(rates)
    if contestant.way == "default":
        return message("{method} (default {rate:.3g})", method=label, rate=low)
    if low == high:
        return message("{method} (tuned to {rate:.3g})", method=label, rate=low)
    return message("{method} (tuned, {low:.3g} to {high:.3g})", method=label, low=low, high=high)


def function_of(problem: RaceProblem) -> str:
    """The name of a classic problem, or the formula."""
    objective = problem.objective
    return objective.problem.name if objective.problem is not None else objective.headline


def opening(record: RaceRecord) -> list[Message]:
    """What was raced, from where, for which targets, and what is counted."""
    problems, raced = record.problems, int(record.finished.sum())
    said = [
        message(
            "{methods} over {starts}: {functions}.",
            methods=plural("{n} method", "{n} methods", n=len({c.label for c in record.contestants})),
            starts=plural("{n} start", "{n} starts", n=raced),
            functions=listing([function_of(problem) for problem in problems], most=8),
        )
    ]
    if not record.finished.all():
        said.append(
            message(
                "It was interrupted: {raced} of {all} starts were raced by all methods, and only these count.",
                raced=raced,
                all=sum(len(problem.starts) for problem in problems),
            )
        )
    said += [_origin(problem, record) for problem in problems]
    said.append(
        message(
            "Fixed before: the targets f* + t (f(start) - f*) for t = {targets}; at most {budget:,} evaluations a"
            " descent. A target that is missed counts as infinite.",
            targets=listing([f"{t:g}" for t in record.precisions]),
            budget=record.budget,
        )
    )
    said.append(
        message(
            "Counted first: evaluations, of the value with its gradient; a matrix of second derivatives is as many as"
            " there are parameters. Every descent ends at the last target, at that limit, or where the gradient has"
            " vanished."
        )
    )
    return said


def _origin(problem: RaceProblem, record: RaceRecord) -> Message:
    """Where the starts are from, and the least value."""
    least = {
        "known": message("the least value f* = {value:.10g} is known", value=problem.least),
        "given": message("the least value f* = {value:.10g} was given", value=problem.least),
        "reference": message(
            "the least value f* = {value:.10g} is the least that long descents from all starts found before the race",
            value=problem.least,
        ),
    }[problem.source]
    if problem.box is None:
        return message(
            "{function}: the starts were given; {least}.", function=function_of(problem), least=least
        )
    names = problem.objective.parameters.coordinates
    spans = [
        f"{name} {low:.6g}..{high:.6g}"
        for name, low, high in zip(names, problem.box.low.tolist(), problem.box.high.tolist(), strict=True)
    ]
    return message(
        "{function}: starts uniform in {box} ({seed}); {least}.",
        function=function_of(problem),
        box=listing(spans, most=SHOWN),
        seed=argument("seed", record.seed),
        least=least,
    )


def tuning_said(record: RaceRecord) -> list[Message]:
    """The space of the tuning; what it took is in the table."""
    tuned = next((c.tuning for c in record.contestants if c.tuning is not None), None)
    if tuned is None:
        return []
    kept = [c.label for c in record.contestants if c.tuning is not None and c.way == "default"]
    same = message(
        "Of {methods} the default was the best of them or as good.", methods=listing(dict.fromkeys(kept))
    )
    return [
        sentences(
            message(
                "Tuned: the learning rate alone, {count} from {low:g} to {high:g}, on starts of their own; other"
                " settings are the defaults. What the tuning took is counted beside.",
                count=len(tuned.rates),
                low=tuned.rates[0],
                high=tuned.rates[-1],
            ),
            same if kept else None,
        )
    ]


def misses_said(record: RaceRecord) -> list[Message]:
    """Of each contestant how its misses ended, and apart from these which of them lie above another minimum."""
    out = []
    for i, contestant in enumerate(record.contestants):
        found = record.misses(i)
        if not found:
            continue
        told = [
            plural("{n} above another minimum", "{n} above another minimum", n=count)
            if word == "another_minimum"
            else message("{n} {ending}", n=count, ending=in_words(word))
            for word, count in found.items()
        ]
        out.append(
            message(
                "{method} missed the last target {times}: {endings}.",
                method=described(contestant),
                times=plural("{n} time", "{n} times", n=sum(found.values())),
                endings=listing(told),
            )
        )
    return out


def ranked(record: RaceRecord) -> list[int]:
    """The contestants by how many last targets they reached, and by expected evaluations; the best first."""
    last = len(record.precisions) - 1

    def place(i: int) -> tuple[float, float]:
        hits = record.reached[i, :, last]
        return -float((hits < math.inf).sum()), record.expected(i, last)

    return sorted(range(len(record.contestants)), key=place)


def verdicts_said(record: RaceRecord) -> list[Message]:
    """Who needs fewer evaluations than whom, only where the test says so; and between whom no difference is seen."""
    if len(record.contestants) < 2:
        return []
    if not record.verdicts:
        return [
            message(
                "Nothing is said of differences: at least {least} starts are needed, and {raced} were raced.",
                least=FEWEST_STARTS,
                raced=int(record.finished.sum()),
            )
        ]
    said = [
        message(
            "To the hardest target that either of two reaches, by Wilcoxon's signed-rank test over the starts, with"
            " Holm's correction for {pairs}, at {level:.0%}:",
            pairs=plural("{n} pair", "{n} pairs", n=len(record.verdicts)),
            level=LEVEL,
        )
    ]
    order = ranked(record)
    for i in order:
        beaten = [v.second for v in record.verdicts if v.differs and v.first == i]
        if beaten:
            said.append(
                message(
                    "{method} needs fewer evaluations than {others}.",
                    method=described(record.contestants[i]),
                    others=_named(record, beaten, order),
                )
            )
    seen: set[int] = set()
    for i in order:
        alike = {
            v.second if v.first == i else v.first
            for v in record.verdicts
            if not v.differs and i in (v.first, v.second)
        } - seen
        seen.add(i)
        if alike:
            said.append(
                message(
                    "No difference seen between {method} and {others}.",
                    method=described(record.contestants[i]),
                    others=_named(record, alike, order),
                )
            )
    return said


def _named(record: RaceRecord, which: Sequence[int] | set[int], order: Sequence[int]) -> Message:
    return listing([described(record.contestants[j]) for j in order if j in which])


def timing_said(record: RaceRecord) -> list[Message]:
    """What the clock is worth."""
    if record.timing is None:
        return []
    told = [f"{name} {version}" for name, version in record.machine.items()]
    return [
        message(
            "Timed second: whole descents, {rounds} each, in turns and in another order every time, compiling apart; on"
            " this machine only ({machine}).",
            rounds=plural("{n} round", "{n} rounds", n=record.timing.rounds),
            machine=listing(told),
        )
    ]
