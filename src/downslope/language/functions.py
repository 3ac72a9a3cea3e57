"""The functions a formula may call: one table, read by the parser, the printers and the documentation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from downslope.messages import Message, listing, message


@dataclass(frozen=True, slots=True)
class Function:
    """One known function: how many arguments it takes, what it means, how else it is spelt."""

    name: str
    minimum: int
    maximum: int | None
    meaning: Message
    value: Callable[..., float]
    """Its value at float arguments; raises ``ValueError`` or ``ArithmeticError`` outside the domain."""
    aliases: tuple[str, ...] = ()

    def takes(self, count: int) -> bool:
        """Whether ``count`` arguments are right."""
        return self.minimum <= count and (self.maximum is None or count <= self.maximum)

    @property
    def usage(self) -> str:
        """How it is written.

        >>> FUNCTIONS["atan2"].usage, FUNCTIONS["max"].usage
        ('atan2(y, x)', 'max(a, b, ...)')
        """
        special = {"atan2": "y, x", "min": "a, b, ...", "max": "a, b, ...", "where": "condition, a, b"}
        return f"{self.name}({special.get(self.name, 'x')})"


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    small = math.exp(x)
    return small / (1.0 + small)


def _cbrt(x: float) -> float:
    return math.cbrt(x)


_TABLE = (
    Function("exp", 1, 1, message("e to the power x"), math.exp),
    Function("log", 1, 1, message("natural logarithm"), math.log, ("ln",)),
    Function("log10", 1, 1, message("logarithm to base 10"), math.log10),
    Function("log2", 1, 1, message("logarithm to base 2"), math.log2),
    Function("sqrt", 1, 1, message("square root"), math.sqrt),
    Function("cbrt", 1, 1, message("real cube root"), _cbrt),
    Function("sin", 1, 1, message("sine, x in radians"), math.sin),
    Function("cos", 1, 1, message("cosine, x in radians"), math.cos),
    Function("tan", 1, 1, message("tangent, x in radians"), math.tan),
    Function("asin", 1, 1, message("inverse sine"), math.asin, ("arcsin",)),
    Function("acos", 1, 1, message("inverse cosine"), math.acos, ("arccos",)),
    Function("atan", 1, 1, message("inverse tangent"), math.atan, ("arctan",)),
    Function(
        "atan2", 2, 2, message("angle of the point (x, y), between -pi and pi"), math.atan2, ("arctan2",)
    ),
    Function("sinh", 1, 1, message("hyperbolic sine"), math.sinh),
    Function("cosh", 1, 1, message("hyperbolic cosine"), math.cosh),
    Function("tanh", 1, 1, message("hyperbolic tangent"), math.tanh),
    Function("asinh", 1, 1, message("inverse hyperbolic sine"), math.asinh, ("arcsinh", "arsinh")),
    Function("acosh", 1, 1, message("inverse hyperbolic cosine"), math.acosh, ("arccosh", "arcosh")),
    Function("atanh", 1, 1, message("inverse hyperbolic tangent"), math.atanh, ("arctanh", "artanh")),
    Function("abs", 1, 1, message("absolute value, also written |x|"), abs, ("Abs", "fabs")),
    Function("sign", 1, 1, message("-1, 0 or 1"), lambda x: float((x > 0) - (x < 0)), ("sgn",)),
    Function("min", 2, None, message("the smallest argument"), min, ("Min",)),
    Function("max", 2, None, message("the largest argument"), max, ("Max",)),
    Function("erf", 1, 1, message("error function"), math.erf),
    Function("relu", 1, 1, message("x where positive, otherwise 0"), lambda x: max(x, 0.0)),
    Function("sigmoid", 1, 1, message("1/(1 + exp(-x))"), _sigmoid),
    Function(
        "softplus", 1, 1, message("log(1 + exp(x))"), lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    ),
    Function(
        "where",
        3,
        3,
        message("a where the condition holds, otherwise b"),
        lambda test, a, b: a if test else b,
    ),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _TABLE}
"""Every function by its canonical name."""

CANONICAL: dict[str, str] = {name: f.name for f in _TABLE for name in (f.name, *f.aliases)}
"""Every accepted spelling of a function, and its canonical name."""

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e}
"""The named constants."""


def _write(*formulas: str) -> Message:
    return message("Write {code}.", code=listing(formulas, "or"))


REWRITES: dict[str, Message] = {
    "log1p": _write("log(1 + x)"),
    "expm1": _write("exp(x) - 1"),
    "square": _write("x^2"),
    "power": _write("x^y"),
    "hypot": _write("sqrt(x^2 + y^2)"),
    "cot": _write("1/tan(x)"),
    "sec": _write("1/cos(x)"),
    "csc": _write("1/sin(x)"),
    "maximum": _write("max(a, b)"),
    "minimum": _write("min(a, b)"),
    "absolute": _write("abs(x)"),
    "logistic": _write("sigmoid(x)"),
    "expit": _write("sigmoid(x)"),
    "lg": _write("log10(x)", "log2(x)"),
    "heaviside": _write("where(x > 0, 1, 0)"),
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
