"""The functions that a formula may call: one record each, which every form of a formula reads.

To add one, write its record in the table that it belongs to; ``record`` says what a record holds. The test of
completeness then takes it through every form.
"""

from __future__ import annotations

import math

from downslope.language.functions import choices, circular, hyperbolic, powers, special
from downslope.language.functions.record import Function
from downslope.messages import Message, listing, message

__all__ = ["CANONICAL", "CONSTANTS", "FUNCTIONS", "REWRITES", "Function"]

_TABLES = (powers, circular, hyperbolic, choices, special)

FUNCTIONS: dict[str, Function] = {function.name: function for table in _TABLES for function in table.TABLE}
"""Every function by its canonical name."""

CANONICAL: dict[str, str] = {
    name: function.name for function in FUNCTIONS.values() for name in function.names
}
"""Every accepted spelling of a function, and its canonical name."""

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e}
"""The named constants."""


def _write(*formulas: str) -> Message:
    return message("Write {code}.", code=listing(formulas, "or"))


REWRITES: dict[str, Message] = {
    "square": _write("x^2"),
    "power": _write("x^y"),
    "maximum": _write("max(a, b)"),
    "minimum": _write("min(a, b)"),
    "absolute": _write("abs(x)"),
    "logistic": _write("sigmoid(x)"),
    "expit": _write("sigmoid(x)"),
    "lg": _write("log10(x)", "log2(x)"),
    "round": _write("floor(x + 1/2)"),
    "factorial": _write("gamma(x + 1)"),
    "if": _write("where(condition, a, b)"),
    "iif": _write("where(condition, a, b)"),
    "piecewise": _write("where(condition, a, b)"),
    "clip": _write("min(max(x, low), high)"),
    "clamp": _write("min(max(x, low), high)"),
    "sum": message("Write the terms out: {code}.", code="x1 + x2 + x3"),
    "prod": message("Write the factors out: {code}.", code="x1*x2*x3"),
    "root": _write("x^(1/n)"),
}
"""Functions that do not exist here and how to say the same thing."""
