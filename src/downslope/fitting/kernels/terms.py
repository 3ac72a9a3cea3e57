# mypy: disallow-untyped-decorators=False
"""What a row costs, its derivative and its curvature in the prediction: code made of the formulas of the losses.

Numba compiles what ``source`` writes and keeps it on disk like any other kernel, as long as the text is the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from downslope.fitting.kernels import functions
from downslope.fitting.losses import BY_CODE
from downslope.language import FUNCTIONS
from downslope.language import tree as t
from downslope.symbolic.kernel_cache import compiled, made_of

_TERMS = """
def terms(code, shape, u, y, count, cost, slope):
{branches}
"""
_TERM = """
    {word} code == {code}:  # {name}
        for i in range(count):{shared}
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
_BOUNDS = """
def bounds(code, shape, u, y, out):
{branches}
"""
_PLACES = {"u": "u[i]", "y": "y[i]", "c": "shape", "least": "least"}


def source() -> str:
    """The functions ``terms``, ``curvatures`` and, where there are such, ``bounds`` for every loss with a formula."""
    terms, curvatures, bounds = "", "", ""
    for code, loss in enumerate(BY_CODE):
        if loss.formula is None:
            continue
        about = {"word": "elif" if terms else "if", "code": code, "name": loss.name}
        shared, (cost, slope) = _shared([loss.cost, loss.slope])
        terms += _TERM.format(shared=shared, cost=cost, slope=slope, **about)
        curvatures += _CURVATURE.format(curvature=_code(loss.curvature), **about)
        if loss.bound is not None:
            about["word"] = "elif" if bounds else "if"
            bounds += _CURVATURE.format(curvature=_code(loss.bound), **about)
    made = _TERMS.format(branches=terms) + _CURVATURES.format(branches=curvatures)
    return made + _BOUNDS.format(branches=bounds)


def _shared(formulas: Sequence[t.Node]) -> tuple[str, list[str]]:
    """The lines that compute what the formulas have in common, and the formulas with names for it."""
    calls = Counter(
        node
        for formula in formulas
        for node in {
            node for node in t.walk(formula) if isinstance(node, t.Call) and node.function != "where"
        }
    )
    names: dict[t.Node, str] = {
        node: f"t{place}" for place, node in enumerate(n for n, times in calls.items() if times > 1)
    }
    lines = "".join(f"\n            {name} = {_code(node)}" for node, name in names.items())
    return lines, [_code(formula, names) for formula in formulas]


def _code(formula: t.Node, names: Mapping[t.Node, str] | None = None) -> str:
    """A formula as Python that Numba compiles; ``names`` are those of parts that are computed before."""
    known = names or {}
    return t.fold(formula, lambda node, parts: known.get(node) or _node(node, parts))


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
            signs = [part.removeprefix("(-") if part.startswith("(-") else None for part in parts[1:]]
            rest = [f" + {p}" if s is None else f" - ({s}" for p, s in zip(parts[1:], signs, strict=True)]
            return f"({parts[0]}{''.join(rest)})"
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
bounds = compiled()(_MADE["bounds"])
