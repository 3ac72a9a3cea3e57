"""The words given to an optimizer: which are the rule's, which are Keras's own, and what to say of the others."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

import keras

from downslope.errors import HyperparameterError, nearest
from downslope.messages import Message, listing, message, sentences
from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.hyperparameters import found_elsewhere
from downslope.optimizers.registry import as_optimizer
from downslope.optimizers.state_dict import known_hyperparameters, with_hyperparameter

# ``clipnorm``, ``weight_decay``, ``use_ema``, ``name``, ...; TensorFlow's own class takes and passes on anything
KERAS_OWN = tuple(
    dict.fromkeys(
        name
        for cls in keras.optimizers.Optimizer.__mro__
        for name, parameter in inspect.signature(cls.__init__).parameters.items()
        if name not in ("self", "learning_rate") and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    )
)


def by_name(rule: Any, learning_rate: Any, options: dict[str, Any]) -> tuple[Rule, dict[str, Any]]:
    """A rule given by its name or class, with its hyperparameters; and the options that are Keras's.

    Raises:
        HyperparameterError: an option is neither, or a number outside its range.
    """
    cls = type(as_optimizer(rule))
    fields = [field.name for field in dataclasses.fields(cls)]
    own = {name: value for name, value in options.items() if name in fields}
    rest = _checked(cls.__name__, fields, {k: v for k, v in options.items() if k not in own})
    return as_optimizer(rule, learning_rate if "learning_rate" in fields else None, **own), rest


def of_instance(rule: Rule, options: dict[str, Any]) -> tuple[Rule, dict[str, Any]]:
    """A rule with other values of its hyperparameters, inside its wrappers too; and the options that are Keras's.

    Raises:
        HyperparameterError: an option is neither, or a number outside its range.
    """
    known = known_hyperparameters(rule)
    own = {name: value for name, value in options.items() if name in known}
    rest = _checked(type(rule).__name__, known, {k: v for k, v in options.items() if k not in own})
    for name, value in own.items():
        rule = with_hyperparameter(rule, name, value)
    return rule, rest


def _checked(title: str, known: Sequence[str], rest: dict[str, Any]) -> dict[str, Any]:
    for name in rest:
        if name not in KERAS_OWN:
            plain = [word for word in known if word == name.replace("_", "")]  # Keras's beta_1 is beta1
            hint = nearest(name, plain) or found_elsewhere(name, [*known, *KERAS_OWN])
            unknown = message(
                "{kind} has no hyperparameter {name!r}, and Keras's optimizers have no such option.",
                kind=title,
                name=name,
            )
            raise HyperparameterError(sentences(unknown, hint, _there_are(title, known)))
    return rest


def _there_are(title: str, known: Sequence[str]) -> Message:
    if not known:
        return message("{kind} has none; Keras has: {words}.", kind=title, words=listing(KERAS_OWN))
    return message(
        "{kind} has: {names}; Keras has: {words}.",
        kind=title,
        names=listing(known),
        words=listing(KERAS_OWN),
    )
