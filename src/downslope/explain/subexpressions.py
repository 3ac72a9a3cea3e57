"""Which part of a formula fails at a point, and with which argument: ``log(x)`` with x = -0.3."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import symengine as se

from downslope.errors import DownslopeError
from downslope.explain.budget import operations_of, spend
from downslope.explain.program_parts import Points, ProgramAt, divided_by
from downslope.language import Expression
from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS, Function
from downslope.language.relations import RELATIONS
from downslope.objectives import FormulaObjective, Objective, Vector
from downslope.programs.evaluate import evaluated
from downslope.programs.node import ArrayNode
from downslope.symbolic import lift

if TYPE_CHECKING:
    from downslope.objectives.array_program import ArrayProgram


@dataclass(frozen=True)
class Failure:
    """The innermost part of a formula that is not finite though its arguments are.

    Attributes:
        part: that part as text.
        argument: what it is applied to, as text.
        number: the argument's value.
        value: what the part gives: NaN or an infinity.
        of: "value" or the coordinate whose partial derivative fails.
        value_at: what the part gives where that argument is another number.
    """

    part: str
    argument: str
    number: float
    value: float
    of: str = "value"
    value_at: Callable[[float], float] | None = field(default=None, compare=False, repr=False)


def failure_at(objective: Objective, x: Vector) -> Failure | None:
    """The innermost failing part of the objective at ``x``, else of its gradient; None where nothing is known.

    >>> from downslope.objectives.formula import from_text
    >>> failure_at(from_text("x - log(x)"), np.array([-0.3]))
    Failure(part='log(x)', argument='x', number=-0.3, value=nan, of='value')
    """
    tree = _tree_of(objective)
    if tree is None:
        return None if objective.program is None else _failure_in_program(objective, objective.program, x)
    values = dict(zip(objective.parameters.coordinates, map(float, x), strict=True))
    cast = np.dtype(objective.dtype).type
    with np.errstate(all="ignore"):
        found = _innermost(tree, values, cast)
        if found is not None:
            return found
        for name, partial in zip(
            objective.parameters.coordinates, getattr(objective, "partials", []), strict=False
        ):
            try:
                found = _innermost(lift(partial), values, cast)
            except DownslopeError:
                continue
            if found is not None:
                return replace(found, of=name)
    return None


def _failure_in_program(objective: Objective, program: ArrayProgram, x: Vector) -> Failure | None:
    """The same of a program: the innermost element that fails on the way to its value, else to its gradient."""
    names = objective.parameters.coordinates
    seen = ProgramAt(program, names, x, (program.value, program.gradient))
    roots = [(program.value, 0), *((program.gradient, i) for i in range(len(x)))]
    with np.errstate(all="ignore"):
        for root, i in roots:
            element = seen.failing(root, i)
            found = None if element is None else _innermost(element.tree, element.numbers, np.float64)
            if found is not None:
                return found if root is program.value else replace(found, of=names[i])
    return None


def _tree_of(objective: Objective) -> t.Node | None:
    """The formula as it was typed, else as its symbols say it."""
    if objective.expression is None:
        return None
    try:
        return objective.tree if isinstance(objective, FormulaObjective) else lift(objective.expression)
    except DownslopeError:
        return None


def _innermost(root: t.Node, values: dict[str, float], cast: Callable[[float], Any]) -> Failure | None:
    """The first node, children before parents, that is not finite while all of its children are.

    Only a part that spoils the whole counts: a branch of ``where`` that is not taken may fail as it likes.
    """
    results: list[tuple[Any, Failure | None]] = []
    for node in t.walk(root):
        count = len(t.children(node))
        parts = results[len(results) - count :]
        del results[len(results) - count :]
        numbers = [number for number, _ in parts]
        value = _value(node, numbers, values, cast)
        failure = None
        if not np.isfinite(value):
            inside = [f for number, f in parts if f is not None and not np.isfinite(number)]
            failure = inside[0] if inside else _failure(node, numbers, values, cast)
        results.append((value, failure))
    return results[0][1]


def _failure(
    node: t.Node, numbers: Sequence[Any], values: dict[str, float], cast: Callable[[float], Any]
) -> Failure:
    below, value = t.children(node), _value(node, numbers, values, cast)
    which = 0
    if isinstance(node, t.Quotient):
        which = 1
    elif isinstance(node, (t.Sum, t.Multiplication)):
        sizes = np.abs(numbers)
        written = [isinstance(part, (t.Number, t.NamedConstant)) for part in below]
        which = int(np.argmax(np.where(written, -1.0, sizes) if not all(written) else sizes))
    elif isinstance(node, t.Power) and not isinstance(below[1], t.Number):
        which = 1 if isinstance(below[0], (t.Number, t.NamedConstant)) else 0
    argument = below[which] if below else node
    number = float(numbers[which]) if len(numbers) else float(value)

    def value_at(other: float) -> float:
        parts = [cast(other) if k == which else part for k, part in enumerate(numbers)]
        with np.errstate(all="ignore"):
            return float(_value(node, parts, values, cast))

    return Failure(_text(node), _text(argument), number, float(value), value_at=value_at)


def _text(node: t.Node) -> str:
    text = str(Expression.from_tree(node))
    return text if len(text) <= 60 else text[:57] + "..."


def _called(record: Function, parts: Sequence[Any], cast: Callable[[float], Any]) -> Any:
    """A function's value by NumPy, else by its definition or by the value of its record."""
    function = next((getattr(np, name) for name in record.numpy_names if hasattr(np, name)), None)
    if isinstance(function, np.ufunc):
        return cast(reduce(function, parts) if record.variadic else function(*parts))
    if record.condition:
        return parts[1] if parts[0] else parts[2]
    if record.definition is not None:
        known = dict(zip(record.arguments, map(float, parts), strict=True))
        return t.fold(record.definition, lambda node, below: _value(node, below, known, cast))
    return cast(record.value(*map(float, parts)))


def _value(node: t.Node, parts: Sequence[Any], values: dict[str, float], cast: Callable[[float], Any]) -> Any:
    match node:
        case t.Number(number):
            return cast(number)
        case t.NamedConstant(name):
            return cast(math.pi if name == "pi" else math.e)
        case t.Variable(name):
            return cast(values[name])
        case t.Negative():
            return -parts[0]
        case t.Sum():
            return cast(np.sum(parts))
        case t.Multiplication():
            return cast(np.prod(parts))
        case t.Quotient():
            return cast(np.divide(parts[0], parts[1]))
        case t.Power():
            return cast(np.power(parts[0], parts[1]))
        case t.Call(name, _):
            return _called(FUNCTIONS[name], parts, cast)
        case t.Comparison(operator, _, _):
            return float(RELATIONS[operator].holds(parts[0], parts[1]))
        case t.Logical("and", _):
            return float(all(parts))
        case t.Logical("or", _):
            return float(any(parts))
        case t.Logical():
            return float(not parts[0])


ASIDE = 100.0  # times the distance within which a corner is met: so far aside it is met no more
POLES_OF = {
    "tan": "cos",
    "cot": "sin",
    "sec": "cos",
    "csc": "sin",
}  # with poles where the other function is 0


def divisors(objective: Objective, points: Points) -> list[tuple[str, Callable[[Vector], float]]]:
    """What the formula divides by, as text and as a function of the point; without what is a number.

    Of a program only what vanishes at one of the points, or changes its sign between two of them.
    """
    tree = _tree_of(objective)
    if tree is None:
        return [] if objective.program is None else _divisors_in_program(objective, objective.program, points)
    names = objective.parameters.coordinates
    found: dict[str, t.Node] = {}
    for node in t.walk(tree):
        divisor = None
        if isinstance(node, t.Quotient):
            divisor = t.children(node)[1]
        elif isinstance(node, t.Power) and _is_negative(t.children(node)[1]):
            divisor = t.children(node)[0]
        elif isinstance(node, t.Call) and node.function in POLES_OF:
            divisor = t.Call(POLES_OF[node.function], t.children(node))
        while isinstance(divisor, t.Power) and isinstance(t.children(divisor)[1], t.Number):
            divisor = t.children(divisor)[0]  # an even power does not change its sign
        if divisor is not None and any(isinstance(part, t.Variable) for part in t.walk(divisor)):
            found.setdefault(_text(divisor), divisor)

    def valued(divisor: t.Node) -> Callable[[Vector], float]:
        def value(x: Vector) -> float:
            values = dict(zip(names, map(float, x), strict=True))
            with np.errstate(all="ignore"):
                return float(t.fold(divisor, lambda node, parts: _value(node, parts, values, np.float64)))

        return value

    return [(text, valued(divisor)) for text, divisor in found.items()]


def _divisors_in_program(
    objective: Objective, program: ArrayProgram, points: Points
) -> list[tuple[str, Callable[[Vector], float]]]:
    spend(len(points) * operations_of(objective))
    names, elements = objective.parameters.coordinates, divided_by(program, points)
    if not elements:
        return []
    seen = ProgramAt(program, names, points[0], [node for node, _ in elements])

    def valued(node: ArrayNode, index: int) -> Callable[[Vector], float]:
        def value(x: Vector) -> float:
            spend(operations_of(objective))
            return float(evaluated([node], {"x": np.asarray(x, np.float64)})[0].ravel()[index])

        return value

    return [(_text(seen.element(node, i).tree), valued(node, i)) for node, i in elements]


def _is_negative(exponent: t.Node) -> bool:
    if isinstance(exponent, t.Negative):
        return isinstance(t.children(exponent)[0], t.Number)
    return isinstance(exponent, t.Number) and exponent.value < 0


def kinks_at(objective: Objective, x: Vector, reach: float) -> list[str]:
    """The parts with a corner, ``abs(u)``, ``max(u, v)`` and the like, whose corner lies within ``reach`` of ``x``."""
    tree = _tree_of(objective)
    if tree is None:
        if objective.program is None:
            return []
        near = ProgramAt(objective.program, objective.parameters.coordinates, x).cornered(reach)
        return list(dict.fromkeys(_text(element.tree) for element in near))
    values = dict(zip(objective.parameters.coordinates, map(float, x), strict=True))
    found: list[str] = []

    def visit(node: t.Node, parts: Sequence[Any]) -> Any:
        if isinstance(node, t.Call) and _gap(node.function, parts) <= reach and _text(node) not in found:
            found.append(_text(node))
        return _value(node, parts, values, np.float64)

    with np.errstate(all="ignore"):
        t.fold(tree, visit)
    return found


def kinks_along(objective: Objective, x: Vector, way: Vector, reach: float) -> list[str]:
    """Those of the parts with a corner at ``x`` that are off it a little further that way; all where none is.

    >>> from downslope.objectives.formula import from_text
    >>> kinks_along(from_text("abs(x) + abs(y - 1)"), np.array([0.0, 1.0]), np.array([0.0, 1.0]), 1e-6)
    ['abs(y - 1)']
    """
    here, aside = kinks_at(objective, x, reach), kinks_at(objective, x + ASIDE * reach * way, reach)
    return [part for part in here if part not in aside] or here


def _gap(function: str, parts: Sequence[Any]) -> float:
    """How far the argument of a function lies from its corner; infinite where it has none."""
    record = FUNCTIONS[function]
    if record.corner is None:
        return math.inf
    if record.variadic:  # between the two that are nearest to being chosen
        chosen = record.value(*parts)
        rest = list(parts)
        rest.remove(chosen)
        parts = (chosen, record.value(*rest) if len(rest) > 1 else rest[0])
    known = dict(zip(record.arguments, map(float, parts), strict=True))
    return abs(float(t.fold(record.corner, lambda node, below: _value(node, below, known, np.float64))))


def squared(objective: Objective) -> Any:
    """The formula under the root where the whole objective is a square root, times a number; else None.

    >>> from downslope.objectives.formula import from_text
    >>> squared(from_text("3*sqrt(x^2 + 1)"))
    9 + 9*x**2
    """
    expression, factor = objective.expression, se.Integer(1)
    if expression is None:
        return None
    if isinstance(expression, se.Piecewise) and expression.args[2:] == (se.Integer(0), se.true):
        expression = expression.args[
            0
        ]  # of a fit: the root, and 0 where rounding leaves nothing to take it of
    if isinstance(expression, se.Mul):
        numbers = [a for a in expression.args if not a.free_symbols]
        others = [a for a in expression.args if a.free_symbols]
        if len(others) != 1:
            return None
        factor, expression = se.Mul(*numbers), others[0]
    if not isinstance(expression, se.Pow) or expression.args[1] != se.Rational(1, 2):
        return None
    return expression.args[0] if factor == 1 else se.expand(factor**2 * expression.args[0])
