"""Which rule a loop claims to be: by what it was told, its class or function, its framework, or its names."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from downslope.errors import DownslopeError
from downslope.optimizers import Optimizer
from downslope.optimizers.block_rules import BlockRule
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.registry import all_optimizers, as_optimizer, optimizer_class
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.rules.adagrad import AdaGrad
from downslope.optimizers.rules.adam import Adam
from downslope.optimizers.rules.asgd import ASGD
from downslope.optimizers.rules.gradient_descent import GradientDescent
from downslope.optimizers.rules.momentum import Momentum
from downslope.optimizers.rules.nesterov import Nesterov
from downslope.optimizers.rules.rmsprop import RMSProp
from downslope.optimizers.updater import Updater
from downslope.recording.loop_records import LoopRecord, all_near, steps_of
from downslope.recording.loops_seen import FunctionCalled, LoopSeen
from downslope.recording.watched_calls import RATE_NAMES, as_written, number_in, rate_among

# What people call a hyperparameter in classes of their own, and in the names of a script.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "learning_rate": RATE_NAMES,
    "momentum": ("momentum", "mu", "beta", "gamma"),
    "decay": ("decay", "decay_rate", "rho", "beta", "alpha", "gamma"),
    "beta1": ("beta1", "beta_1", "b1"),
    "beta2": ("beta2", "beta_2", "b2"),
    "epsilon": ("epsilon", "eps"),
}
OTHER_RULES: dict[str, type[Optimizer]] = {"gd": GradientDescent, "nag": Nesterov, "rms": RMSProp}
USUAL = (Momentum, Nesterov, AdaGrad, RMSProp, Adam)
EPSILONS = (1e-10, 1e-8, 1e-7, 1e-6)  # that frameworks and books have
EXACT = 1e-5  # of a step: what is nearer than this is as near as another
FIRST_ROWS = 50  # that say whether a rule may be the loop's
MOST_CONSTANTS = 6  # written in a loop, of which every two are tried as its hyperparameters


class Claim:
    """What a loop says that it is.

    Attributes:
        is_a_guess: whether neither the caller nor the loop has named a rule.
        is_plain: whether its source shows that it is gradient descent.
        is_asked: whether the caller has named the rule.
        beyond: the rule that it is called, where its steps take more than the gradients that are seen.
    """

    def __init__(
        self, loop: LoopSeen, names: Mapping[str, Any], optimizer: Any, learning_rate: float | None
    ) -> None:
        self._loop, self._optimizer, self._rate = loop, optimizer, learning_rate
        owner, reading = loop.updater, loop.reading
        known: Mapping[str, Any] = names
        if isinstance(owner, FunctionCalled):
            known = {**names, **owner.given}
        elif reading is not None:
            known = {name: value for name, value in names.items() if name in reading.lasting}
            known |= {name: value for name, value in loop.names.items() if name in reading.names}
        elif hasattr(owner, "__dict__"):
            known = vars(owner)
        self._known = {name.lower(): value for name, value in known.items()}
        named = _classes_of(owner) if reading is None else _rules_in(reading.function)
        self._named = [cls for cls in named if _goes_by_gradients(cls)]
        self.beyond = (
            next((cls for cls in named if cls not in self._named), None) if not self._named else None
        )
        self.is_plain = reading is not None and reading.is_plain
        self.is_asked = optimizer is not None
        self.is_a_guess = optimizer is None and not is_a_library_s(owner) and not self._named
        self._numbers = self._by_name()
        if self.is_plain and (not loop.record.has_one_rate or "learning_rate" not in self._numbers):
            rate = loop.rate
            if rate is None and optimizer is None:  # forgotten in the step, and somewhere else
                rate = rate_among(names)
            if rate is not None:
                self._numbers["learning_rate"] = abs(rate)

    @property
    def has_names(self) -> bool:
        """Whether hyperparameters of some rule but gradient descent have their names in it."""
        return self._by_its_names() is not GradientDescent

    def rule(self) -> Optimizer | None:
        """The rule that the updates are held against; None where they are another library's affair."""
        owner = self._loop.updater
        if isinstance(self._optimizer, Optimizer):
            return self._optimizer
        if self._optimizer is not None:
            rate = self._loop.rate
            seen = {} if rate is None or self._loop.reading is None else {"learning_rate": abs(rate)}
            return self._made(type(as_optimizer(self._optimizer)), {**seen, **self._numbers})
        if isinstance(owner, Updater):
            return owner.optimizer
        if is_a_library_s(owner):
            return _of_a_library(owner)
        if self._named:
            return self._made(self._named[0], self._numbers)
        return self._made(GradientDescent if self.is_plain else self._by_its_names(), self._numbers)

    def others(self) -> Iterator[Optimizer]:
        """Rules that it may be as well and whose first steps are the loop's, the nearest first, then the simplest.

        Where a rule is named: the others that are named with it. Where it is a guess: all that look at gradients alone;
        gradient descent only where no names speak of another.
        """
        if self._optimizer is not None or is_a_library_s(self._loop.updater):
            return
        classes = set(self._named[1:]) if self._named else set(all_optimizers())
        if self.has_names and not self._named:
            classes -= {
                GradientDescent,
                ASGD,
            }  # the points of the other are the same: only what it reports is a mean
        fitting: list[tuple[float, Optimizer]] = []
        for numbers in self._all_numbers():
            for rule in like(numbers, classes):
                known = self._with_its_rate(rule, numbers)
                if known is not None and self._begins_like(known):
                    fitting.append((max(EXACT, self.distance(known)), known))
        yield from (rule for _, rule in sorted(fitting, key=lambda one: one[0]))

    def distance(self, rule: Optimizer) -> float:
        """By how much the rule's first steps are longer or shorter than the loop's, as a part of these."""
        moves = self._loop.record.moves[:FIRST_ROWS]
        rows = self._loop.record.rows[: len(moves)]
        steps = steps_of(rule, rows, [row.g for row in rows])
        with np.errstate(all="ignore"):
            parts = [
                float(np.linalg.norm(a - b) / np.linalg.norm(a))
                for a, b in zip(moves, steps, strict=True)
                if a.any()
            ]
        return max(parts, default=0.0)

    def usual(self) -> Iterator[Optimizer]:
        """The rules that people write out, with the numbers that the loop has, or that stand in it."""
        for numbers in self._all_numbers():
            for rule in like(numbers, set(USUAL)):
                known = self._with_its_rate(rule, numbers)
                if known is not None:
                    yield known

    def _all_numbers(self) -> Iterator[dict[str, float]]:
        yield self._numbers
        rate = self._loop.rate
        if not self.is_plain and rate is not None and "learning_rate" not in self._numbers:
            yield {**self._numbers, "learning_rate": abs(rate)}
        reading = self._loop.reading
        constants = () if reading is None else reading.constants[:MOST_CONSTANTS]
        for c in constants:
            yield {"momentum": c, "decay": c, "beta1": c, **self._numbers}
            if not self.is_plain and rate is not None:
                yield {"learning_rate": abs(rate), "momentum": c, "decay": c, "beta1": c, **self._numbers}
        for one, other in itertools.permutations(constants, 2):
            yield {"beta1": one, "beta2": other, **self._numbers}

    def _begins_like(self, rule: Optimizer) -> bool:
        moves = self._loop.record.moves[:FIRST_ROWS]
        rows = self._loop.record.rows[: len(moves)]
        return all_near(rows, moves, steps_of(rule, rows, [row.g for row in rows]))

    def _with_its_rate(self, rule: Optimizer, numbers: Mapping[str, float]) -> Optimizer | None:
        """With the learning rate of the first step, where none has a name."""
        if "learning_rate" in numbers:
            return rule
        rate = _first_rate(self._loop.record, rule)
        return None if rate is None else rule.with_scalars({"learning_rate": rate})

    def _by_its_names(self) -> type[Optimizer]:
        """Who has a beta1 and a beta2 writes Adam; who has a momentum, momentum."""

        def has(field: str, *words: str) -> bool:
            return any(number_in(self._known.get(w)) is not None for w in words or OTHER_NAMES[field])

        if has("beta1") and has("beta2"):
            return Adam
        if has("momentum", "momentum", "mu"):
            return Momentum
        return RMSProp if has("decay", "decay_rate", "rho") else GradientDescent

    def _by_name(self) -> dict[str, float]:
        """The numbers that the loop has under one of the names of a hyperparameter."""
        fields = {*OTHER_NAMES, *(f for cls in all_optimizers() for f in cls.__dataclass_fields__)}
        given = {}
        for field in fields:
            for word in OTHER_NAMES.get(field, (field,)):
                number = number_in(self._known.get(word))
                if number is not None:
                    given[field] = number
                    break
        if self._rate is not None:
            given["learning_rate"] = float(self._rate)
        return given

    def _made(self, cls: type[Optimizer], numbers: Mapping[str, float]) -> Optimizer:
        """The rule with these numbers; its learning rate that of the first step where a guess has none."""
        given = {name: value for name, value in numbers.items() if name in cls.__dataclass_fields__}
        try:
            rule = cls(**{"learning_rate": 0.01, **given} if cls is GradientDescent else given)
        except DownslopeError:
            return cls(**{"learning_rate": 0.01} if cls is GradientDescent else {})
        if "learning_rate" in given or not (cls is GradientDescent or self.is_a_guess):
            return rule
        rate = _first_rate(self._loop.record, rule)
        return rule if rate is None else rule.with_scalars({"learning_rate": rate})

    def guards(self, rule: Optimizer) -> Iterator[Optimizer]:
        """The rule, and where nobody names its epsilon, the rule with each of those that are usual."""
        yield rule
        is_said = self.is_asked or "epsilon" in self._numbers or is_a_library_s(self._loop.updater)
        if "epsilon" in rule.scalars() and not is_said:
            yield from (rule.with_scalars({"epsilon": e}) for e in EPSILONS)

    def with_its_guard(self, rule: Optimizer) -> Optimizer:
        """With the epsilon among the usual ones of which the rule's steps are the nearest to the loop's."""
        nearest = min(self.guards(rule), key=self.distance)
        return nearest if self.distance(nearest) < self.distance(rule) / 2 else rule


def _goes_by_gradients(cls: type[Optimizer]) -> bool:
    """Whether steps follow from gradients: not from curvatures, residuals, or the trials of a line search."""
    if issubclass(cls, (CurvedRule, BlockRule)):
        return False
    try:
        rule = cls()
    except DownslopeError:  # which has no learning rate of its own
        rule = cls(**{"learning_rate": 0.1})
    return not requirements_of(rule).searches


def like(numbers: Mapping[str, float], classes: Iterable[type[Optimizer]]) -> Iterator[Optimizer]:
    """Rules that look at gradients alone, the simplest first, with these numbers where they have such."""
    simple = sorted(classes, key=lambda cls: (len(cls.__dataclass_fields__), cls.name()))
    for cls in simple:
        given = {name: value for name, value in numbers.items() if name in cls.__dataclass_fields__}
        if cls is GradientDescent:
            given = {"learning_rate": 0.01, **given}
        try:
            rule = cls(**given)
        except DownslopeError:
            continue
        if "learning_rate" in cls.__dataclass_fields__ and not requirements_of(rule).searches:
            yield rule


def is_a_library_s(owner: Any) -> bool:
    """Whether it is an optimizer that the loop only uses: torch's, Keras's, or an ``Updater``."""
    roots = {cls.__module__.partition(".")[0] for cls in type(owner).__mro__}
    return (
        isinstance(owner, Updater) or hasattr(owner, "param_groups") or bool(roots & {"keras", "tensorflow"})
    )


def _classes_of(owner: Any) -> list[type[Optimizer]]:
    """The rules of a class's or function's name: ``MyAdam``, ``AdamOptimizer`` and ``update_with_adam`` are Adam."""
    if owner is None or is_a_library_s(owner):
        return []
    return _rules_in(owner.name if isinstance(owner, FunctionCalled) else type(owner).__name__)


def _rules_in(name: str) -> list[type[Optimizer]]:
    """The rules that a name speaks of, gradient descent the last of them."""
    words = [word for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name) if word]
    bare = name.removeprefix("My").removesuffix("Optimizer")
    pairs = [f"{one}_{other}" for one, other in itertools.pairwise(words)]
    found: list[type[Optimizer]] = []
    for word in (name, bare, *pairs, *words):
        if word.lower() in OTHER_RULES:
            found.append(OTHER_RULES[word.lower()])
            continue
        with contextlib.suppress(DownslopeError):
            found.append(optimizer_class(word))
    return sorted(dict.fromkeys(found), key=lambda cls: cls is GradientDescent)


def _of_a_library(owner: Any) -> Optimizer | None:
    """The rule of an optimizer of torch's or Keras's, where it is one of ours; None of others."""
    if hasattr(owner, "param_groups"):
        from downslope.recording.torch import TorchWatch

        found = TorchWatch(owner, None).optimizer()
    elif hasattr(owner, "apply_gradients") and not hasattr(owner, "apply"):  # TensorFlow 1
        rate = getattr(owner, "_learning_rate", None)
        known = number_in(rate) if type(owner).__name__ == "GradientDescentOptimizer" else None
        return None if known is None else GradientDescent(learning_rate=known)
    else:
        from downslope.recording.keras import optimizer_of

        found = optimizer_of(owner)
    return found if found.name() != "theirs" else None


def _first_rate(record: LoopRecord, rule: Optimizer) -> float | None:
    """The learning rate of which the rule's first step is as long as the loop's."""
    if not record.rows or not record.moves or "learning_rate" not in rule.scalars():
        return None
    for first, move in enumerate(record.moves):
        row = record.rows[first]
        if not move.any() or not row.g.any() or not np.isfinite(move).all():
            continue
        (unit,) = steps_of(rule.with_scalars({"learning_rate": 1.0}), [row], [row.g])
        square = float(unit @ unit)
        rate = float(unit @ move) / square if 0 < square < math.inf else 0.0
        return as_written(abs(rate)) if rate != 0 and math.isfinite(rate) else None
    return None
