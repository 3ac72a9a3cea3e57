"""Hyperparameters in a parameter group, under the names that torch's own tools look for: ``lr``, ``betas``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from downslope.errors import HyperparameterError, UnknownNameError
from downslope.messages import Message, message, sentences
from downslope.optimizers.base import Optimizer
from downslope.optimizers.hyperparameters import ELSEWHERE, found_elsewhere, has_only
from downslope.optimizers.state_dict import with_hyperparameter

RATE, BETAS = "lr", "betas"  # what torch's schedulers read and write
BOTH_BETAS = ("beta1", "beta2")
UPHILL, RULE = (
    "maximize",
    "rule",
)  # what every group has besides: whether it climbs, and of which rule its state is
TORCHS = {  # what torch and its schedulers put into a group
    *("params", "param_names", "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr"),
    RULE,
}


class Group(dict[str, Any]):
    """A parameter group that says why it has no ``lr``, where a scheduler asks for one or sets it.

    Args:
        entries: what it holds.
        without_rate: why; None where it has one.
    """

    without_rate: Message | None = None  # while it is unpickled, too

    def __init__(self, entries: Mapping[str, Any], without_rate: Message | None) -> None:
        super().__init__(entries)
        self.without_rate = without_rate

    def __missing__(self, key: str) -> Any:
        if key == RATE and self.without_rate is not None:
            raise UnknownNameError(self.without_rate)
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key == RATE and self.without_rate is not None:
            raise UnknownNameError(self.without_rate)
        super().__setitem__(key, value)


class GroupKeys:
    """Between the paths of a rule's numbers and the keys of a group.

    >>> from downslope.optimizers import Adam
    >>> GroupKeys(Adam()).defaults()
    {'lr': 0.001, 'epsilon': 1e-08, 'betas': (0.9, 0.999)}
    """

    def __init__(self, rule: Optimizer) -> None:
        self.rule = rule
        self._paths: dict[str, str] = {}
        for path in rule.scalars():
            last = path.rpartition(".")[2]
            key = RATE if last == "learning_rate" else last
            self._paths[path if key in self._paths else key] = path
        self._paired = set(BOTH_BETAS) <= set(self._paths)
        self._held = tuple(self.defaults())
        self._last: tuple[list[Any], dict[str, float]] = ([], {})  # what a group held, and its numbers

    def defaults(self) -> dict[str, Any]:
        """What a group holds unless told otherwise."""
        numbers = self.rule.scalars()
        out: dict[str, Any] = {key: numbers[path] for key, path in self._paths.items()}
        if self._paired:
            out[BETAS] = (out.pop("beta1"), out.pop("beta2"))
        return out

    def of_group(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a person puts into one group: hyperparameters, and other entries as they are, which torch keeps too.

        Raises:
            HyperparameterError: a number is outside its range, or a name is only nearly one of the rule's.
        """
        known = ["params", *self.defaults()]
        extra = {}
        for name, value in given.items():
            own = name in (*known, *self._paths, RATE, "learning_rate", UPHILL)
            own = own or (self._paired and name in BOTH_BETAS)
            switched_off = name in ELSEWHERE and not value  # ``weight_decay=0`` of a rule that has none
            if name in TORCHS or (not own and (switched_off or not found_elsewhere(name, known))):
                extra[name] = value
        return {**extra, **self.checked({name: v for name, v in given.items() if name not in extra})}

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A person's hyperparameters for one group, under the group's names.

        Raises:
            HyperparameterError: a name is unknown, or a number outside its range.
        """
        out: dict[str, Any] = {}
        for name, value in given.items():
            key = RATE if name == "learning_rate" else name
            if key == UPHILL:
                out[key] = bool(value)
            elif key in BOTH_BETAS and self._paired:
                betas = list(out.get(BETAS, given.get(BETAS, self.defaults()[BETAS])))
                betas[int(key[-1]) - 1] = self._number(key, value)
                out[BETAS] = tuple(betas)
            elif key == BETAS and self._paired:
                first, second = value
                out[BETAS] = (self._number("beta1", first), self._number("beta2", second))
            elif key in self._paths:
                out[key] = self._number(key, value)
            else:
                known = ["params", *self.defaults()]
                unknown = message(
                    "{kind} has no hyperparameter '{name}' for a parameter group.",
                    kind=type(self.rule).__name__,
                    name=name,
                )
                raise HyperparameterError(
                    sentences(unknown, found_elsewhere(name, known), has_only(known[1:]))
                )
        return out

    def _number(self, key: str, value: Any) -> float:
        number = float(value)
        if key == RATE:  # schedulers begin and end at 0
            if not (math.isfinite(number) and number >= 0):
                raise HyperparameterError(
                    message(
                        "{kind}: lr is {value!r}; it must be a finite number >= 0.",
                        kind=type(self.rule).__name__,
                        value=value,
                    )
                )
            return number
        path = self._paths[key]
        with_hyperparameter(self.rule, path.rpartition(".")[2], number)  # which checks the range
        return number

    def numbers(self, group: Mapping[str, Any]) -> dict[str, float]:
        """Path -> number, as the rule's ``with_scalars`` takes them, from what a group holds now."""
        held = [group[key] for key in self._held]
        if held != self._last[0]:
            self._last = held, self._named(group)
        return self._last[1]

    def _named(self, group: Mapping[str, Any]) -> dict[str, float]:
        out = {path: float(group[key]) for key, path in self._paths.items() if key in group}
        if self._paired:
            first, second = group[BETAS]
            out[self._paths["beta1"]], out[self._paths["beta2"]] = float(first), float(second)
        return out
