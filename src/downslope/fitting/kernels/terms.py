# mypy: disallow-untyped-decorators=False
"""What a row costs, its derivative and its curvature in the prediction: code made of the formulas of the losses.

Numba compiles what ``source`` writes and keeps it on disk like any other kernel, as long as the text is the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.fitting.kernels import functions
from downslope.fitting.kernels.caching import compiled, made_of
from downslope.fitting.losses import BY_CODE
from downslope.language import FUNCTIONS
from downslope.language import tree as t

_TERMS = """
def terms(code, shape, u, y, count, cost, slope):
{branches}
"""
_TERM = """
    {word} code == {code}:  # {name}
        for i in range(count):
            cost[i], slope[i] = {cost}, {slope}
"""
_CURVATURES = """
def curvatures(code, shape, u, y, least, out):
{branches}
"""
_CURVATURE = """
    {word} code == {code}:  # {name}
        for i in range(u.size):
            out[i] = {curvature}
"""
_PLACES = {"u": "u[i]", "y": "y[i]", "c": "shape", "least": "least"}


def source() -> str:
    """The functions ``terms`` and ``curvatures`` for every loss with a formula."""
    terms, curvatures = "", ""
    for code, loss in enumerate(BY_CODE):
        if loss.formula is None:
            continue
        about = {"word": "elif" if terms else "if", "code": code, "name": loss.name}
        terms += _TERM.format(cost=_code(loss.cost), slope=_code(loss.slope), **about)
        curvatures += _CURVATURE.format(curvature=_code(loss.curvature), **about)
    return _TERMS.format(branches=terms) + _CURVATURES.format(branches=curvatures)


def _code(formula: t.Node) -> str:
    """A formula as Python that Numba compiles."""
    return t.fold(formula, _node)


def _node(node: t.Node, parts: Sequence[str]) -> str:
    match node:
        case t.Number(value):
            return repr(int(value)) if value.is_integer() and abs(value) < 2**31 else repr(value)
        case t.NamedConstant(name):
            return f"math.{name}"
        case t.Variable(name):
            return _PLACES[name]
        case t.Negative():
            return f"(-{parts[0]})"
        case t.Sum():
            return f"({' + '.join(parts)})"
        case t.Multiplication():
            return f"({' * '.join(parts)})"
        case t.Quotient():
            return f"({parts[0]} / {parts[1]})"
        case t.Power():
            return f"({parts[0]} ** {parts[1]})"
        case t.Comparison(sign, _, _):
            return f"({parts[0]} {sign} {parts[1]})"
        case t.Logical("not", _):
            return f"(not {parts[0]})"
        case t.Logical(word, _):
            return f"({f' {word} '.join(parts)})"
        case t.Call("where", _):
            return f"({parts[1]} if {parts[0]} else {parts[2]})"
        case t.Call(name, arguments):
            return _called(name, arguments, parts)


def _called(name: str, arguments: Sequence[t.Node], parts: Sequence[str]) -> str:
    if hasattr(functions, name):
        return f"functions.{name}({', '.join(parts)})"
    record = FUNCTIONS[name]
    template = record.spellings.get("math")
    if template is not None and "if" not in template:
        for place, part in enumerate(parts):
            template = template.replace(f"_{place}", part)
        return f"({template})"
    assert record.definition is not None, name
    return _code(t.substituted(record.definition, dict(zip(record.arguments, arguments, strict=True))))


_SOURCE = source()
made_of(_SOURCE)
_MADE: dict[str, Any] = {"__name__": __name__, "math": math, "np": np, "functions": functions}
exec(compile(_SOURCE, __file__, "exec"), _MADE)
terms = compiled(fastmath={"contract"})(_MADE["terms"])
curvatures = compiled()(_MADE["curvatures"])
