"""SymEngine expressions as JavaScript, in the order in which SymEngine's machine code computes them.

Sums are ``acc + rest*c``, whole powers its binary loop ``powi``, quotients ``a*(1/b)``: on polynomials a page has the
bits of the machine code. ``exp``, ``sin``, ``cos``, ``log`` and powers that are not whole are the browser's, which may
differ from those of the C library by a unit in the last place. The script that is made needs ``powi``, ``rsqrt`` and,
as ``f_name``, the functions of ours that stay symbols of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import symengine as se

from downslope.language.functions import FUNCTIONS
from downslope.language.relations import BY_SYMBOL
from downslope.symbolic.lower import function_of

# SymEngine's functions that browsers have too, under the names of our records
OF_MATH = frozenset(record.name for record in FUNCTIONS.values() if record.symengine) - {
    *("erf", "erfc", "gamma", "lgamma")
}
_CONNECTIVES = {"And": "&&", "Or": "||"}
_SIGNS = {"==": "===", "!=": "!=="}
_UNITS = {"inf": "Infinity", "-inf": "(-Infinity)", "nan": "NaN"}
_ATOM = re.compile(r"\w+(\[\d+\])?")
MOST_WRITTEN_OUT = 3  # a whole power of a name up to this one is a product


def expression(root: Any, names: Mapping[str, str]) -> str:
    """One expression, its symbols spelled as ``names`` has them.

    >>> x = se.Symbol("x")
    >>> expression(1 + se.sin(x**2) / 20, {"x": "a[0]"})
    '(1+Math.sin((a[0]*a[0]))*0.05)'
    """
    if root in (se.true, se.false):
        return str(bool(root)).lower()
    if root.is_Symbol:
        return names[str(root)]
    if root.is_Number or not root.free_symbols:
        return _number(float(root))
    parts = [expression(part, names) for part in root.args]
    kind = type(root).__name__
    if root.is_Add:
        return _sum(root, parts, names)
    if root.is_Mul:
        return f"({'*'.join(parts)})"
    if root.is_Pow:
        return _power(root.args[0], root.args[1], parts)
    if kind in BY_SYMBOL:
        sign = BY_SYMBOL[kind].sign
        if sign == "==" and "true" in parts:  # a condition that is shared stands in choices as a symbol
            return next(part for part in parts if part != "true")
        return f"({parts[0]}{_SIGNS.get(sign, sign)}{parts[1]})"
    if kind in _CONNECTIVES:
        return f"({_CONNECTIVES[kind].join(parts)})"
    if kind == "Not":
        return f"(!{parts[0]})"
    return _piecewise(parts) if kind == "Piecewise" else _call(root, parts)


def statements(outputs: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Assignments of expressions to places, with what they share computed once.

    >>> x = se.Symbol("x")
    >>> print(statements({"o[0]": se.sin(x) + 1, "o[1]": 2 * se.sin(x)}, {"x": "x"}))
    const t0=Math.sin(x);
    o[0]=1+t0;
    o[1]=2*t0;
    """
    shared, results = se.cse([se.sympify(output) for output in outputs.values()])
    known, parts = dict(names), []
    for k, (symbol, part) in enumerate(shared):
        parts.append(f"t{k}={_bare(expression(part, known))}")
        known[str(symbol)] = f"t{k}"
    lines = ["const " + ",\n".join(parts) + ";"] if parts else []
    places = zip(outputs, results, strict=True)
    return "\n".join([*lines, *(f"{place}={_bare(expression(result, known))};" for place, result in places)])


def _bare(code: str) -> str:
    """An expression without the brackets around all of it."""
    if not (code.startswith("(") and code.endswith(")")):
        return code
    depth = 0
    for place, sign in enumerate(code):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not depth:
            return code[1:-1] if place == len(code) - 1 else code
    return code


def _number(value: float) -> str:
    text = repr(value).removesuffix(".0")
    if text in _UNITS:
        return _UNITS[text]
    return f"({text})" if text.startswith("-") else text


def _sum(root: Any, parts: Sequence[str], names: Mapping[str, str]) -> str:
    """The terms from left to right, the number of a later one behind it."""
    terms: list[str] = []
    for term, code in zip(root.args, parts, strict=True):
        head = term.args[0] if term.is_Mul and term.args[0].is_Number else None
        if head is not None:
            rest = "*".join(expression(factor, names) for factor in term.args[1:])
            rest = f"({rest})" if len(term.args) > 2 else rest
            number = expression(head, names)
            code = f"{rest}*{number}" if terms else f"{number}*{rest}"
        terms.append(code)
    return f"({'+'.join(terms)})"


def _power(base: Any, exponent: Any, parts: Sequence[str]) -> str:
    if base == se.E:
        return f"Math.exp({parts[1]})"
    if exponent.is_Number and abs(exponent) == se.Rational(1, 2):
        return f"{'Math.sqrt' if exponent > 0 else 'rsqrt'}({parts[0]})"
    if not isinstance(exponent, se.Integer):
        return f"Math.pow({parts[0]},{parts[1]})"
    power = int(exponent)
    if abs(power) > MOST_WRITTEN_OUT or (abs(power) > 1 and not _ATOM.fullmatch(parts[0])):
        return f"powi({parts[0]},{power})"
    name = parts[0]
    product = {1: name, 2: f"({name}*{name})", 3: f"({name}*({name}*{name}))"}[abs(power)]
    return product if power > 0 else f"(1/{product})"


def _piecewise(parts: Sequence[str]) -> str:
    code = "NaN"
    for value, condition in reversed(list(zip(parts[::2], parts[1::2], strict=True))):
        code = value if condition == "true" else f"({condition}?{value}:{code})"
    return code


def _call(root: Any, parts: Sequence[str]) -> str:
    if type(root).__name__ == "UnevaluatedExpr":
        return parts[0]
    record = function_of(root)
    if record is None:
        raise TypeError(f"there is no JavaScript for {root}")
    known = record.name in OF_MATH
    return f"{'Math.' if known else 'f_'}{record.name}({','.join(parts)})"
