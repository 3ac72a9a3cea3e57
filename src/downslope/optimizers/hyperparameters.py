"""A frozen record of hyperparameters that checks its numbers: what optimizers and schedules are made of."""

from __future__ import annotations

import dataclasses
import math
import re
from abc import ABCMeta
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, dataclass_transform

from downslope.errors import HyperparameterError, nearest
from downslope.messages import Message, listing, message, sentences
from downslope.tensors.lookup import root_of


def hyperparameter(
    default: float,
    about: str,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
) -> Any:
    """A field of a record that is a real number: its default, what it is, and its valid range.

    ``above`` and ``below`` are outside the range, ``at_least`` is inside. NaN as default means: must be given.
    """
    metadata = {"about": about, "above": above, "at_least": at_least, "below": below}
    if math.isnan(default):
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


# What other libraries' optimizers take as arguments and ours have as rules of their own or under another name.
ELSEWHERE = {
    "momentum": message("Momentum and Nesterov have one."),
    "nesterov": message("Nesterov is a rule of its own."),
    "amsgrad": message("AMSGrad is a rule of its own."),
    "weight_decay": message("AdamW has one, and WeightDecay(optimizer=..., rate=...) adds one to any rule."),
    "clipnorm": message("ClipByNorm(optimizer=..., limit=...) clips for any rule."),
    "clipvalue": message("ClipByValue(optimizer=..., limit=...) clips for any rule."),
    "betas": message("They are two: beta1 and beta2."),
    "rho": message("It is called {name} here.", name="decay"),
    "alpha": message("It is called {name} here.", name="decay"),
}


def found_elsewhere(name: str, known: Sequence[str]) -> Message:
    """Where there is a hyperparameter that a rule does not have, or which of its own was meant; or nothing."""
    return ELSEWHERE.get(name) or nearest(name, known)


def has_only(known: Sequence[str]) -> Message:
    """Which hyperparameters there are."""
    if not known:
        return message("It has none.")
    return message("It has: {names}.", names=listing(known))


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(hyperparameter,))
class HyperparameterMeta(ABCMeta):
    """Makes every class a frozen, keyword-only dataclass and refuses unknown names kindly."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        cls = super().__new__(mcs, name, bases, namespace, **options)
        return dataclass(frozen=True, kw_only=True, repr=True)(cls)

    def __call__(cls, *positional: Any, **given: Any) -> Any:
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]
        known = [field.name for field in fields]
        if positional:
            example = known[0] if known else "learning_rate"
            raise HyperparameterError(
                message(
                    "{kind} takes its hyperparameters by name: {kind}({example}={value!r}).",
                    kind=cls.__name__,
                    example=example,
                    value=positional[0],
                )
            )
        for name in given:
            if name not in known:
                unknown = message("{kind} has no hyperparameter '{name}'.", kind=cls.__name__, name=name)
                raise HyperparameterError(sentences(unknown, found_elsewhere(name, known), has_only(known)))
        needed = [
            f.name
            for f in fields
            if f.default is dataclasses.MISSING
            and f.default_factory is dataclasses.MISSING
            and f.name not in given
        ]
        if needed:
            raise HyperparameterError(
                message("{kind} needs {needed}.", kind=cls.__name__, needed=listing(needed))
            )
        return super().__call__(**given)


class HyperparameterRecord(metaclass=HyperparameterMeta):
    """Named fields, checked when made, replaceable, printable and serialisable.

    A field made by ``hyperparameter`` is a real number in a range; tracing replaces it by a symbol. Where the class
    says so in ``accepts``, it may be a record of that kind instead (a schedule for a learning rate).
    """

    aliases: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if "about" in field.metadata and not self.accepts(field.name, value):
                object.__setattr__(self, field.name, self._checked(field, value))

    def accepts(self, name: str, value: Any) -> bool:
        """Whether ``value`` may stand in the field of that name as it is, though it is not a number."""
        return False

    def _checked(self, field: dataclasses.Field[Any], value: Any) -> Any:
        """The value as a float in its range, or HyperparameterError; what JAX traces as it is."""
        if is_traced(value):
            return value
        m = field.metadata
        fits = False
        try:
            number = float(value)
            fits = math.isfinite(number) and not isinstance(value, (bool, str))
            fits = fits and number > m["above"] and number >= m["at_least"] and number < m["below"]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not fits:
            raise HyperparameterError(_outside(type(self).__name__, field, value))
        return number

    @classmethod
    def name(cls) -> str:
        """The name on the command line: the class's in snake case.

        >>> from downslope.optimizers import GradientDescent
        >>> GradientDescent.name()
        'gradient_descent'
        """
        own = cls.__dict__.get("short_name")
        return str(own) if own else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def summary(cls) -> str:
        """The first sentence of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0]

    def hyperparameters(self) -> dict[str, Any]:
        """Name -> value of every field."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def with_values(self, **values: Any) -> Self:
        """A copy with some fields replaced and nothing checked: the values may be symbols."""
        copy = object.__new__(type(self))
        for name, value in {**self.hyperparameters(), **values}.items():
            object.__setattr__(copy, name, value)
        return copy

    def changed(self, **values: Any) -> Self:
        """A copy with some fields replaced, checked as when it is made."""
        return type(self)(**{**self.hyperparameters(), **values})

    def scalars(self) -> dict[str, float]:
        """Every real number in this record and the records in it, by path: ``optimizer.learning_rate``."""
        out: dict[str, float] = {}
        for name, value in self.hyperparameters().items():
            if is_hyperparameter(value):
                out[name] = value
            elif isinstance(value, HyperparameterRecord):
                out.update({f"{name}.{path}": number for path, number in value.scalars().items()})
        return out

    def settled(self) -> Self:
        """A copy with some number of their range in the place of hyperparameters that JAX traces."""
        numbers = {}
        for field in dataclasses.fields(self):
            value, m = getattr(self, field.name), field.metadata
            if isinstance(value, HyperparameterRecord):
                numbers[field.name] = value.settled()
            elif is_traced(value):
                least = max(m["above"], m["at_least"], -1.0)
                middle = (least + min(m["below"], least + 1.0)) / 2
                numbers[field.name] = middle if field.default is dataclasses.MISSING else field.default
        return self.with_values(**numbers) if numbers else self

    def with_scalars(self, values: Mapping[str, Any]) -> Self:
        """A copy with the numbers at these paths replaced, unchecked; the inverse of ``scalars``."""
        replaced: dict[str, Any] = {}
        for name, value in self.hyperparameters().items():
            if name in values:
                replaced[name] = values[name]
            elif isinstance(value, HyperparameterRecord):
                inner = {p.partition(".")[2]: v for p, v in values.items() if p.partition(".")[0] == name}
                replaced[name] = value.with_scalars(inner)
        return self.with_values(**replaced)

    def structure(self) -> tuple[Any, ...]:
        """What remains when the real numbers are taken away: equal for records that trace to the same formulas."""
        rest: list[Any] = []
        for name, value in self.hyperparameters().items():
            if isinstance(value, HyperparameterRecord):
                rest.append((name, value.structure()))
            elif not is_hyperparameter(value):
                rest.append((name, value if callable(value) else repr(value)))
        return (type(self), *rest)

    def kind(self) -> str:
        """What decides how a state of it is made up and goes on: names, and whole numbers.

        >>> from downslope.optimizers import LBFGS, ClipByNorm
        >>> ClipByNorm(optimizer=LBFGS(memory=5), limit=2.0).kind()
        'clip_by_norm(lbfgs(memory=5))'
        """
        parts = []
        for name, value in self.hyperparameters().items():
            if name == "optimizer":
                parts.append(value.kind())
            elif type(value) is int:
                parts.append(f"{name}={value}")
        return f"{self.name()}({', '.join(parts)})" if parts else self.name()

    def to_dict(self) -> dict[str, Any]:
        """``{"name": ..., field: value, ...}``, records inside likewise."""
        fields = {
            name: value.to_dict()
            if isinstance(value, HyperparameterRecord)
            else list(value)
            if isinstance(value, tuple)
            else getattr(value, "__name__", repr(value))  # a function: its name
            if callable(value)
            else value
            for name, value in self.hyperparameters().items()
        }
        return {"name": self.name(), **fields}


def is_traced(value: Any) -> bool:
    """Whether a value is a number of JAX's that is not known yet, as inside ``jit``, ``vmap`` and ``grad``."""
    return root_of(value) in ("jax", "jaxlib") and "Tracer" in type(value).__name__ and value.ndim == 0


def is_hyperparameter(value: Any) -> bool:
    """Whether a field's value is a real number, which tracing replaces by a symbol."""
    return isinstance(value, float)


def range_of(metadata: Mapping[str, Any]) -> Message:
    """``> 0 and < 1``, or nothing where every number will do."""
    parts = [
        *([f"> {metadata['above']:g}"] if metadata["above"] > -math.inf else []),
        *([f">= {metadata['at_least']:g}"] if metadata["at_least"] > -math.inf else []),
        *([f"< {metadata['below']:g}"] if metadata["below"] < math.inf else []),
    ]
    return listing(parts, "and")


def _outside(kind: str, field: dataclasses.Field[Any], value: Any) -> Message:
    """What is said of a value that is not in the field's range."""
    allowed = range_of(field.metadata)
    if not allowed:
        return message(
            "{kind}: {field} is {value!r}; it must be a finite number.",
            kind=kind,
            field=field.name,
            value=value,
        )
    return message(
        "{kind}: {field} is {value!r}; it must be a finite number {range}.",
        kind=kind,
        field=field.name,
        value=value,
        range=allowed,
    )
