"""Text such as ``adam(0.3, beta1=0.8)``: a rule with its own settings. Nothing in it is ever executed."""

from __future__ import annotations

import re
from typing import Any

from downslope.errors import ExpressionError, HyperparameterError
from downslope.language import parse_number
from downslope.messages import message

_CALL = re.compile(r"\s*([^()]+?)\s*\((.*)\)\s*", re.DOTALL)


def split_rule(text: str) -> tuple[str, dict[str, Any]]:
    """The name of a rule and its settings; a number without a name is the learning rate.

    Raises:
        HyperparameterError: what is in the brackets cannot be read.

    >>> split_rule("adam(0.3, beta1=1/2)"), split_rule("adam")
    (('adam', {'learning_rate': 0.3, 'beta1': 0.5}), ('adam', {}))
    """
    match = _CALL.fullmatch(text)
    if match is None:
        return text, {}
    settings: dict[str, Any] = {}
    for piece in match[2].split(",") if match[2].strip() else ():
        name, equals, value = (part.strip() for part in piece.rpartition("="))
        name = name.replace("-", "_") if equals else "learning_rate"
        if name in settings:
            raise HyperparameterError(message("'{rule:.60}' gives {name} twice.", rule=text, name=name))
        settings[name] = _number(value, text)
    return match[1], settings


def _number(text: str, rule: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return parse_number(text)
    except ExpressionError as error:
        raise HyperparameterError(
            message(
                "'{rule:.60}' has '{text:.40}', which is not a number: {why}. Write it like {example}.",
                rule=rule,
                text=text,
                why=error.message,
                example="adam(0.3, beta1=0.8)",
            )
        ) from error
