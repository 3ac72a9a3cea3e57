"""Hyperparameters and factors as people write them by mistake, and the root of a mean square."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.messages import message, sentences
from downslope.optimizers import Optimizer
from downslope.recording.loop_records import common_factor, steps_of
from downslope.recording.updates_seen import Cause, Updates, powers_of

TWICE = message("the learning rate stands in it twice. Multiply by it once.")
LEFT_OUT = message("the learning rate is left out. Multiply the step by it.")
EPSILONS = (
    0.0,
    1e-10,
    1e-8,
    1e-7,
    1e-6,
    1e-3,
)  # that frameworks and books have; 0 is the one that was left out


def longer(updates: Updates) -> Iterator[Cause]:
    """Steps that are all longer or shorter by one factor."""
    factor = common_factor(updates.rows, updates.moves, updates.right)
    if factor is None:
        return
    rule, numbers = updates.rule.name(), {"factor": factor}
    for names, known in _lost_factors(updates.rule).items():
        if abs(abs(factor) - known) > 1e-3 * known:
            continue
        said = (
            message(
                "Every step is {factor:.6g} times that of {rule}: what is kept takes only 1 - momentum of"
                " each gradient. Add the whole gradient: v = momentum*v + gradient.",
                factor=factor,
                rule=rule,
            )
            if names == ("momentum",)
            else message(
                "Every step is {factor:.6g} times that of {rule}: the running means lack their factors, 1 - {one} and"
                " 1 - {other}, of what is new. Write each as beta*mean + (1 - beta)*new.",
                factor=factor,
                rule=rule,
                one=names[0],
                other=names[1],
            )
            if len(names) > 1
            else message(
                "Every step is {factor:.6g} times that of {rule}: a running mean lacks the factor 1 - {name} of what"
                " is new. Write it as {name}*mean + (1 - {name})*new.",
                factor=factor,
                rule=rule,
                name=names[0],
            )
        )
        yield "factor", {**numbers, "names": list(names)}, said
        return
    rate = updates.rule.scalars().get("learning_rate", 1.0)
    for power, said in ((rate, TWICE), (1 / rate if rate else 0.0, LEFT_OUT)):
        if abs(factor - power) <= 1e-3 * power and abs(rate - 1) > 0.01:
            yield (
                "factor",
                numbers,
                sentences(
                    message("Every step is {factor:.6g} times that of {rule}:", factor=factor, rule=rule),
                    said,
                ),
            )
            return
    yield (
        "factor",
        numbers,
        message(
            "Every step is {factor:.6g} times that of {rule}: the learning rate is another, or a sum stands where"
            " a mean should.",
            factor=factor,
            rule=rule,
        )
        if factor > 0
        else message(
            "Every step is {factor:.6g} times that of {rule}: it has the wrong sign, and another length.",
            factor=factor,
            rule=rule,
        ),
    )


def _lost_factors(rule: Optimizer) -> dict[tuple[str, ...], float]:
    """By what steps grow where the 1 - part of running means is left out, or put in where there is none."""
    parts = _between_0_and_1(rule)
    of_mean = {name: 1 / (1 - parts[name]) for name in ("beta1",) if name in parts}
    of_square = {name: math.sqrt(1 - parts[name]) for name in ("beta2", "decay") if name in parts}
    lost: dict[tuple[str, ...], float] = {}
    for name, factor in (*of_mean.items(), *of_square.items()):
        lost[name,] = factor
    if of_mean and "beta2" in of_square:
        lost["beta1", "beta2"] = of_mean["beta1"] * of_square["beta2"]
    if "momentum" in parts and not of_square:
        lost["momentum",] = 1 - parts["momentum"]
    return lost


def _between_0_and_1(rule: Optimizer) -> dict[str, float]:
    """Hyperparameters that say which part is kept."""
    return {
        path: value
        for path, value in rule.scalars().items()
        if 0 < value < 1 and not path.endswith(("learning_rate", "epsilon", "weight_decay"))
    }


def other_numbers(updates: Updates) -> Iterator[Cause]:
    """Hyperparameters with values that people confuse with theirs: of each other, 1 minus it, usual ones, none."""
    rule = updates.rule
    parts = _between_0_and_1(rule)
    for one, value in parts.items():
        for other, another in parts.items():
            if one < other and value != another and _made_with_numbers(updates, {one: another, other: value}):
                yield (
                    "swapped_hyperparameters",
                    {"names": [one, other]},
                    message(
                        "{one} and {other} are swapped: the update has {one} = {another:.6g} and {other} = {value:.6g}."
                        " Exchange them where the running means are made and corrected.",
                        one=one,
                        other=other,
                        value=value,
                        another=another,
                    ),
                )
    for path, claimed, usual in _confused(rule):
        if _made_with_numbers(updates, {path: usual}):
            yield (
                "another_hyperparameter",
                {"name": path.rpartition(".")[2], "claimed": claimed, "used": usual},
                message(
                    "The update is that of {rule} with {name} = {used:.6g}, not {claimed:.6g}.",
                    rule=rule.name(),
                    name=path.rpartition(".")[2],
                    used=usual,
                    claimed=claimed,
                ),
            )


def _made_with_numbers(updates: Updates, numbers: dict[str, float]) -> bool:
    """Whether other hyperparameters make the steps: everywhere, or with the bias correction as it should be."""
    rule, powers = updates.rule.with_scalars(numbers), powers_of(updates)
    if updates.made_with(rule):
        return True
    now = rule.scalars()
    used = {
        name: next((now[path] for path, claimed in updates.rule.scalars().items() if claimed == value), value)
        for name, value in powers.items()
    }
    if not powers or used == powers or not all(used.values()):
        return False

    def as_claimed(k: int, name: str, leaf: Any) -> Any:
        return powers[name] ** (k + 1) / used[name] if name in powers else leaf

    return updates.made_with(rule, before=as_claimed)


def _confused(rule: Optimizer) -> Iterator[tuple[str, float, float]]:
    """(path, value, another value) of one hyperparameter."""
    numbers = rule.scalars()
    for path, value in numbers.items():
        if path.endswith("learning_rate"):
            continue  # a factor
        usual = EPSILONS if path.endswith("epsilon") else (0.0, 0.5, 0.9, 0.95, 0.99, 0.999)
        others = usual if path.endswith("epsilon") else [1 - value, *numbers.values(), *usual]
        for other in dict.fromkeys(others):
            if other != value and 0 <= other < 1:
                yield path, value, other


def root(updates: Updates) -> Iterator[Cause]:
    """Epsilon under the root of a mean square, and no root at all.

    A rule's step is a/(r + epsilon). From its steps with epsilon 0 and 1 follow a and r of every coordinate, whatever
    the rule.
    """
    rule, path = updates.rule, "epsilon"
    if path not in rule.scalars():
        return
    ε = rule.scalars()[path]
    bare, guarded = (
        np.array(steps_of(rule.with_scalars({path: e}), updates.rows, updates.gradients)) for e in (0.0, 1.0)
    )
    with np.errstate(all="ignore"):
        r = 1 / (bare / guarded - 1)
        within, squared = bare * r / np.sqrt(r * r + ε), bare * r / (r * r + ε)
    if not np.isfinite(r).all() or not (r > 0).all():
        return
    if updates.made_by(list(within)):
        yield (
            "epsilon_in_the_root",
            {"epsilon": ε},
            message(
                "epsilon stands under the root: sqrt(v + epsilon), whose guard is {guard:.6g}, is not"
                " sqrt(v) + epsilon. Take it out of the root, or say what {rule} you mean.",
                guard=math.sqrt(ε),
                rule=rule.name(),
            ),
        )
    if updates.made_by(list(squared)):
        yield (
            "no_root",
            {},
            message(
                "The step is divided by the mean square itself: divide by its square root, as {rule} does.",
                rule=rule.name(),
            ),
        )
