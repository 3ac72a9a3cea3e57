"""Finds the optimizers: every class in ``optimizers/rules``, by itself."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import inspect
from typing import Any

from downslope.errors import UnknownNameError, UsageError, nearest
from downslope.messages import Message, listing, message, sentences
from downslope.optimizers.base import Optimizer
from downslope.optimizers.block_rules import BlockRule
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.discovery import all_wrappers, classes_in, classes_of, plain_name, wrapper_class
from downslope.optimizers.external import ExternalOptimizer
from downslope.optimizers.hyperparameters import HyperparameterRecord
from downslope.optimizers.rule_text import split_rule
from downslope.optimizers.schedule import Constant, Product, Schedule


@functools.cache
def all_optimizers() -> tuple[type[Optimizer], ...]:
    """Every optimizer class in ``rules``, sorted by name."""
    return tuple(classes_in("rules", Optimizer).values())


@functools.cache
def all_curved() -> tuple[type[CurvedRule], ...]:
    """Every rule in ``curved``, which only our own loops run, sorted by name."""
    return tuple(classes_in("curved", CurvedRule).values())


@functools.cache
def all_blocks() -> tuple[type[BlockRule], ...]:
    """Every rule in ``blocks``, which steps whole matrices, sorted by name."""
    return tuple(classes_in("blocks", BlockRule).values())


@functools.cache
def all_schedules() -> tuple[type[Schedule], ...]:
    """Every schedule in ``schedules``, sorted by name."""
    return tuple(classes_in("schedules", Schedule).values())


@functools.cache
def _by_plain_name() -> dict[str, type[Optimizer]]:
    table: dict[str, type[Optimizer]] = {}
    for cls in (*all_optimizers(), *all_curved(), *all_blocks()):
        for name in (cls.name(), cls.__name__, *cls.aliases):
            table[plain_name(name)] = cls
    return table


def _of_its_own_file(name: str) -> type[Optimizer] | None:
    """The optimizer whose name is that of its file, found without loading the others, which takes a start a while."""
    if name.isidentifier():
        for folder, kind in (("rules", Optimizer), ("curved", CurvedRule), ("blocks", BlockRule)):
            module = f"downslope.optimizers.{folder}.{name}"
            if importlib.util.find_spec(module) is not None:
                return classes_of(module, kind).get(name)
    return None


def optimizer_class(name: str) -> type[Optimizer]:
    """The optimizer of that name; case, hyphens and underscores do not matter.

    Raises:
        UnknownNameError: there is none; the nearest are suggested.

    >>> from downslope.optimizers import optimizer_class
    >>> optimizer_class("SGD").__name__
    'GradientDescent'
    """
    cls = _of_its_own_file(name) or _by_plain_name().get(plain_name(name))
    if cls is None:
        known = (*all_optimizers(), *all_curved(), *all_blocks())
        names = sorted(c.name() for c in known)
        hint = nearest(name, [*names, *(a for c in known for a in c.aliases)])
        rest = hint or message("There are: {names}.", names=listing(names))
        raise UnknownNameError(sentences(message("there is no optimizer '{name}'.", name=name), rest))
    return cls


def as_optimizer(optimizer: Any = None, learning_rate: Any = None, /, **hyperparameters: Any) -> Optimizer:
    """An optimizer from an instance, a class, or a name with hyperparameters, which may be in brackets behind it.

    A wrapper has its rule in its brackets, as ``lookahead(adam(0.1), every=6)`` does; what is given beside it and is
    none of its own goes to the rule.

    With neither optimizer nor learning rate: ``auto``, which needs none. With a
    learning rate alone: gradient descent.

    >>> from downslope.optimizers import as_optimizer
    >>> as_optimizer("adam", learning_rate=0.1).learning_rate, as_optimizer("adam(0.1)").learning_rate
    (0.1, 0.1)
    >>> as_optimizer("clip_by_norm(momentum, limit=2)", 0.1)
    ClipByNorm(optimizer=Momentum(learning_rate=0.1, momentum=0.9), limit=2.0)
    """
    if learning_rate is not None:
        hyperparameters["learning_rate"] = learning_rate
    if isinstance(optimizer, Optimizer):
        if hyperparameters:
            raise UsageError(
                message(
                    "{names} is given twice over: set it in {kind}(...).",
                    names=listing(hyperparameters),
                    kind=type(optimizer).__name__,
                )
            )
        return optimizer
    if optimizer is None:
        optimizer = "gradient_descent" if "learning_rate" in hyperparameters else "auto"
    if isinstance(optimizer, str):
        name, own = split_rule(optimizer)
        twice = sorted(set(own) & set(hyperparameters))
        if twice:
            raise UsageError(
                message(
                    "{names} is given twice over: by {rule} and beside it.",
                    names=listing(twice),
                    rule=optimizer,
                )
            )
        wrapper = wrapper_class(name)
        if wrapper is not None:
            return _around(wrapper, own, hyperparameters)
        optimizer, hyperparameters = optimizer_class(name), {**hyperparameters, **own}
    if inspect.isclass(optimizer) and issubclass(optimizer, Optimizer):
        return optimizer(**hyperparameters)
    raise UsageError(_foreign(optimizer))


def _around(wrapper: type[Optimizer], own: dict[str, Any], beside: dict[str, Any]) -> Optimizer:
    """A wrapper around the rule that stands in its brackets."""
    if "optimizer" not in own:
        raise UsageError(
            message(
                "{name} stands around a rule, which is to be in its brackets: {name}(adam).",
                name=wrapper.name(),
            )
        )
    fields = {field.name for field in dataclasses.fields(wrapper)}
    theirs = {name: value for name, value in beside.items() if name in fields}
    inside = {name: value for name, value in beside.items() if name not in fields}
    return wrapper(**{**own, **theirs, "optimizer": as_optimizer(own["optimizer"], **inside)})


def is_auto(optimizer: Any) -> bool:
    """Whether it is left to us by name which optimizer it is."""
    return isinstance(optimizer, str) and optimizer.strip().lower() == "auto"


def with_schedule(optimizer: Optimizer, schedule: Schedule) -> Optimizer:
    """The optimizer with its learning rate multiplied by a schedule, inside its wrappers where it has any.

    Raises:
        UsageError: it has no learning rate.

    >>> from downslope.optimizers import GradientDescent
    >>> from downslope.optimizers.schedules import Cosine
    >>> with_schedule(GradientDescent(learning_rate=0.5), Cosine(steps=9)).learning_rate.first
    Constant(value=0.5)
    """
    for depth, layer in enumerate(optimizer.layers()):
        rate = layer.hyperparameters().get("learning_rate")
        if rate is not None:
            return optimizer.replaced(depth, layer.changed(learning_rate=rate * schedule))
    having = [cls.name() for cls in all_optimizers() if "learning_rate" in cls.__dataclass_fields__]
    raise UsageError(
        message(
            "{kind} has no learning rate for a schedule to multiply. These have one: {having}.",
            kind=type(optimizer).__name__,
            having=listing(having),
        )
    )


def _foreign(given: Any) -> Message:
    """What to say of an optimizer that is not ours."""
    if callable(getattr(given, "init", None)) and callable(getattr(given, "update", None)):
        return message(
            "optimizer is optax's, of which downslope.optimizers.from_optax(...) makes one of ours; else give"
            " a name such as 'adam', or an Optimizer."
        )
    library = {cls.__module__.partition(".")[0] for cls in type(given).__mro__} & {"torch", "keras"}
    if library:
        return message(
            "optimizer is {library}'s {kind}, which steps in loops of its own (downslope.record watches"
            " them); give a name such as 'adam', or an Optimizer.",
            library=library.pop(),
            kind=type(given).__name__,
        )
    return message("optimizer is {given!r:.60}; give a name such as 'adam', or an Optimizer.", given=given)


def optimizer_from_dict(data: dict[str, Any], own: tuple[type[Optimizer], ...] = ()) -> Optimizer:
    """The inverse of ``Optimizer.to_dict``; unknown names and values out of range raise as usual.

    ``own`` are classes beyond those here.

    >>> from downslope.optimizers import optimizer_from_dict
    >>> optimizer_from_dict({"name": "adam", "learning_rate": 0.5}).learning_rate
    0.5
    """
    kinds: list[type[HyperparameterRecord]] = [
        *all_optimizers(),
        *all_curved(),
        *all_blocks(),
        *all_wrappers(),
        *all_schedules(),
        Constant,
        Product,
        ExternalOptimizer,
        *own,
    ]
    classes = {cls.name(): cls for cls in kinds}

    def build(entry: Any) -> Any:
        if isinstance(entry, dict):
            fields = {key: build(value) for key, value in entry.items() if key != "name"}
            name = str(entry["name"])
            return (classes[name] if name in classes else optimizer_class(name))(**fields)
        if isinstance(entry, list):
            return tuple(build(value) for value in entry)
        return float(entry) if entry in ("inf", "-inf") else entry

    made = build(data)
    if not isinstance(made, Optimizer):
        raise UsageError(message("'{name}' is not an optimizer.", name=data.get("name")))
    return made
