"""What each parameter does in a hypothesis: a factor, a rate, a place, a width, a power, a frequency, a phase.

The forms that people fit are made of few such roles, however they are written: a rate multiplies a column within a
function that is not linear, a place is where such an argument is 0, a width is what it is divided by. A role is found
from the derivatives of the innermost expression in which the parameter meets a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import symengine as se

from downslope import symbolic

Kind = Literal[
    "rate", "frequency", "base_rate", "phase", "place", "width", "period", "power", "half", "unknown"
]
TRIES = 6  # points at which two expressions are compared
ALIKE = 1e-7  # relative difference of expressions that are the same


@dataclass(frozen=True)
class Role:
    """What a parameter does.

    Attributes:
        parameter: which, by its place.
        kind: a "rate" times a column within a function; a "frequency", that of sines and cosines; a "base_rate" within
            what is raised to a power; a "phase", what is added to such an argument; a "place", where it is 0; a
            "width", what it is divided by; a "period", that of sines and cosines; a "power"; a "half", the size of
            what is added to a column before it is raised to a power; else "unknown".
        argument: the expression in which it meets a column.
        factor: what multiplies it there, for rates and phases.
        degree: the power of the parameter with which the argument goes, for widths and periods.
        wave: whether that is the argument of a sine or cosine.
    """

    parameter: int
    kind: Kind
    argument: Any = None
    factor: Any = None
    degree: float = 1.0
    wave: bool = False

    @property
    def order(self) -> int:
        """Those of a higher one are chosen when the others are known: rates before phases, places before widths."""
        return ("power", "half", "place", "width", "period", "frequency", "base_rate", "rate", "phase").index(
            self.kind
        )


@dataclass(frozen=True)
class Split:
    """A hypothesis as a fraction, and the parameters in which both of its parts are linear.

    Attributes:
        above, below: the parts.
        linear: the places of these parameters.
        roles: those of all others.
    """

    above: Any
    below: Any
    linear: tuple[int, ...]
    roles: tuple[Role, ...]


def split(expression: Any, parameters: Sequence[str], columns: Sequence[str]) -> Split:
    """The hypothesis taken apart.

    >>> x, a, b, c = map(se.Symbol, "xabc")
    >>> found = split(a * se.exp(-b * x) + c, ("a", "b", "c"), ("x",))
    >>> found.linear, [role.kind for role in found.roles]
    ((0, 2), ['rate'])
    """
    own, data = [se.Symbol(name) for name in parameters], {se.Symbol(name) for name in columns}
    above, below = _fraction(expression, set(own))
    linear: list[int] = []
    for i, symbol in enumerate(own):
        held = [own[j] for j in (*linear, i)]
        if all(
            not (part.diff(symbol).free_symbols & set(held)) and not _moves(part, symbol, held)
            for part in (above, below)
        ):
            linear.append(i)
    roles = [_role(expression, i, own, data) for i in range(len(own)) if i not in linear]
    return Split(above, below, tuple(linear), tuple(roles))


def _moves(part: Any, symbol: Any, held: Sequence[Any]) -> bool:
    """Whether the derivative in one of those depends on the symbol."""
    return any(symbol in part.diff(other).free_symbols for other in held)


def _fraction(expression: Any, own: set[Any]) -> tuple[Any, Any]:
    """What is above and below the bar; the whole and 1 where nothing with parameters is below it."""
    if not isinstance(expression, (se.Mul, se.Pow)):
        return expression, se.Integer(1)
    factors = expression.args if isinstance(expression, se.Mul) else (expression,)
    below = [f for f in factors if isinstance(f, se.Pow) and f.args[1] == -1 and f.args[0].free_symbols & own]
    rest = [f for f in factors if f not in below]
    return se.Mul(*rest) if rest else se.Integer(1), se.Mul(
        *(f.args[0] for f in below)
    ) if below else se.Integer(1)


def _carriers(node: Any, symbol: Any, data: set[Any]) -> Iterator[Any]:
    """The innermost functions and powers in which the parameter meets a column."""
    if symbol not in node.free_symbols:
        return
    if isinstance(node, (se.Add, se.Mul)):
        for part in node.args:
            yield from _carriers(part, symbol, data)
        return
    inner = [found for part in node.args for found in _carriers(part, symbol, data)]
    if inner:
        yield from inner
    elif node.args and node.free_symbols & data:
        yield node


def _role(expression: Any, place: int, own: Sequence[Any], data: set[Any]) -> Role:
    found = [_role_in(node, place, own, data) for node in _carriers(expression, own[place], data)]
    return next((role for role in found if role.kind != "unknown"), Role(place, "unknown"))


def _role_in(node: Any, place: int, own: Sequence[Any], data: set[Any]) -> Role:
    symbol = own[place]
    raised = isinstance(node, se.Pow) and node.args[0] != se.E
    if isinstance(node, se.Pow) and symbol in node.args[1].free_symbols and raised:
        plain = not node.args[1].free_symbols & data
        return Role(place, "power", node.args[1]) if plain else Role(place, "unknown")
    argument = node.args[1] if isinstance(node, se.Pow) and not raised else node.args[0]
    if symbol not in argument.free_symbols:
        return Role(place, "unknown")
    function = symbolic.function_of(node)
    wave = function is not None and function.name in ("sin", "cos")
    factor = symbolic.gradient(argument, [symbol])[0]
    opposed = any(_same(-symbolic.gradient(argument, [x])[0], factor) for x in data & argument.free_symbols)
    whole = raised and node.args[1].is_Integer and int(node.args[1]) > 0
    if opposed and (whole or not raised):
        return Role(place, "place", argument, factor)
    if symbol not in factor.free_symbols:
        if factor.free_symbols & data:
            return Role(place, "frequency" if wave else "base_rate" if raised else "rate", argument, factor)
        return Role(place, "half" if raised else "phase", argument, factor, wave=wave)
    degree = _degree(argument, factor, symbol)
    if degree:
        return Role(place, "period" if wave else "width", argument, factor, degree)
    return Role(place, "half" if raised else "unknown", argument, factor)


def _numbers(expressions: Sequence[Any]) -> Any:
    """The expressions at a few points, one a row; NaN where they are not real numbers."""
    names = sorted({symbol for e in expressions for symbol in e.free_symbols}, key=str)
    points = np.random.default_rng(5).uniform(0.4, 1.9, (TRIES, max(len(names), 1)))
    if not names:
        return np.array([[float(e) for e in expressions]])
    return symbolic.compile_native(names, list(expressions)).rows(points[:, : len(names)])


def _same(first: Any, second: Any) -> bool:
    """Whether two expressions have the same values."""
    values = _numbers([first, second])
    return bool(np.allclose(values[:, 0], values[:, 1], rtol=ALIKE, atol=0))


def _degree(argument: Any, factor: Any, symbol: Any) -> float:
    """The power of the parameter that the argument is proportional to; 0 where there is none."""
    values = _numbers([argument, factor * symbol])
    with np.errstate(all="ignore"):
        ratio = values[:, 1] / values[:, 0]
    alike = np.all(np.isfinite(ratio)) and np.ptp(ratio) <= ALIKE * abs(ratio[0])
    return float(ratio[0]) if alike else 0.0
