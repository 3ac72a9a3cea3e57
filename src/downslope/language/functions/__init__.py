"""The functions that a formula may call: one record each, which every form of a formula reads.

To add one, write its record in the table that it belongs to; ``record`` says what a record holds. The test of
completeness then takes it through every form.
"""

from __future__ import annotations

import math

from downslope.language.functions import choices, circular, hyperbolic, powers, special
from downslope.language.functions.record import Function

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

REWRITES: dict[str, str] = {
    "square": "write x^2",
    "power": "write x^y",
    "maximum": "write max(a, b)",
    "minimum": "write min(a, b)",
    "absolute": "write abs(x)",
    "logistic": "write sigmoid(x)",
    "expit": "write sigmoid(x)",
    "lg": "write log10(x) or log2(x)",
    "round": "write floor(x + 1/2)",
    "mod": "write x - n*floor(x/n)",
    "factorial": "write gamma(x + 1)",
    "if": "write where(condition, a, b)",
    "iif": "write where(condition, a, b)",
    "piecewise": "write where(condition, a, b)",
    "clip": "write min(max(x, low), high)",
    "clamp": "write min(max(x, low), high)",
    "sum": "write the terms out: x1 + x2 + x3",
    "prod": "write the factors out: x1*x2*x3",
    "root": "write x^(1/n)",
}
"""Functions that do not exist here and how to say the same thing."""
