"""Text such as ``adam(0.3, beta1=0.8)``: a rule with its own settings. Nothing in it is ever executed.

In ``lookahead(adam(0.3), every=5)`` a wrapper has the rule inside it first.
"""

from __future__ import annotations

import re
from typing import Any

from downslope.errors import ExpressionError, HyperparameterError
from downslope.language import parse_number
from downslope.messages import message
from downslope.optimizers.discovery import wrapper_class
from downslope.pieces import split_outside_brackets

_CALL = re.compile(r"\s*([^()]+?)\s*\((.*)\)\s*", re.DOTALL)
_NAMED = re.compile(r"(?:([^()=]*)(=))?(.*)", re.DOTALL)


def split_rule(text: str) -> tuple[str, dict[str, Any]]:
    """The name of a rule and its settings; a number without a name is the learning rate, a rule is ``optimizer``.

    Raises:
        HyperparameterError: what is in the brackets cannot be read.

    >>> split_rule("adam(0.3, beta1=1/2)"), split_rule("adam")
    (('adam', {'learning_rate': 0.3, 'beta1': 0.5}), ('adam', {}))
    >>> split_rule("lookahead(adam(0.3), every=6)")
    ('lookahead', {'optimizer': 'adam(0.3)', 'every': 6})
    """
    match = _CALL.fullmatch(text)
    if match is None:
        return text, {}
    settings: dict[str, Any] = {}
    for piece in split_outside_brackets(match[2]) if match[2].strip() else ():
        name, equals, value = (part.strip() for part in _NAMED.fullmatch(piece).groups(""))  # type: ignore[union-attr]
        name = name.replace("-", "_") if equals else "optimizer" if takes_rule(match[1]) else "learning_rate"
        if name in settings:
            raise HyperparameterError(message("'{rule:.60}' gives {name} twice.", rule=text, name=name))
        settings[name] = value if name == "optimizer" else _number(value, text)
    return match[1], settings


def gives_rate(text: str) -> bool:
    """Whether a learning rate stands in the text of a rule, inside its wrappers too.

    >>> gives_rate("lookahead(adam(0.3))"), gives_rate("lookahead(adam)")
    (True, False)
    """
    settings = split_rule(text)[1]
    return "learning_rate" in settings or ("optimizer" in settings and gives_rate(settings["optimizer"]))


def takes_rule(name: str) -> bool:
    """Whether it is the name of a wrapper, which has a rule inside."""
    return wrapper_class(name) is not None


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
