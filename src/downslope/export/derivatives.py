"""Partial derivatives of a formula as formulas a person would write, with shared parts named once.

SymEngine differentiates and tidies up. Functions with a kink, and those whose safe spelling is a branch (sigmoid),
are kept as symbols of their own meanwhile, so that they come out under their names, not as branches. Their derivatives
are those that their records state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import symengine as se

from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS
from downslope.symbolic import derivatives, lift
from downslope.symbolic.functions import ZERO
from downslope.symbolic.lower import lower_node

FEW = 14  # operations; below, naming shared parts makes nothing clearer


@dataclass(frozen=True)
class Shared:
    """Formulas with their shared parts: (name, formula) in order of computation, and the formulas using the names."""

    parts: tuple[tuple[str, t.Node], ...]
    results: tuple[t.Node, ...]


def partials(formula: t.Node, variables: Sequence[str]) -> Shared:
    """The derivatives of ``formula`` by each of ``variables``.

    >>> from downslope.language import parse
    >>> from downslope.language.text import to_text
    >>> [to_text(d) for d in partials(parse("|x|/20 + y^2").tree, ["x", "y"]).results]
    ['sign(x)/20', '2*y']
    """
    keeper = _Keeper(variables)
    expression = keeper.lowered(formula)
    return keeper.shared([keeper.derivative(expression, se.Symbol(name)) for name in variables])


def second_partials(formula: t.Node, variables: Sequence[str], *, first: bool = False) -> Shared:
    """The derivatives by each pair of ``variables``, row by row of their matrix; after the first ones, if asked.

    >>> from downslope.language import parse
    >>> from downslope.language.text import to_text
    >>> [to_text(d) for d in second_partials(parse("x^2*y").tree, ["x", "y"]).results]
    ['2*y', '2*x', '2*x', '0']
    """
    keeper = _Keeper(variables)
    expression, symbols = keeper.lowered(formula), [se.Symbol(name) for name in variables]
    slopes = [keeper.derivative(expression, symbol) for symbol in symbols]
    upper = {
        (i, j): keeper.derivative(slopes[i], symbols[j])
        for i in range(len(symbols))
        for j in range(i, len(symbols))
    }
    places = range(len(symbols))
    matrix = [upper[min(i, j), max(i, j)] for i in places for j in places]
    return keeper.shared([*slopes, *matrix] if first else matrix)


def residual_rows(roots: Sequence[Any], variables: Sequence[str], wanted: Sequence[str]) -> Shared:
    """Of every one of ``roots``, as SymEngine expressions, the derivatives by each of those wanted, and itself.

    >>> from downslope.language.text import to_text
    >>> x, y = se.symbols("x y")
    >>> [to_text(d) for d in residual_rows([y - x**2], ["x", "y"], ["x", "y"]).results]
    ['-2*x', '1', 'y - x^2']
    """
    keeper, symbols = _Keeper(variables), [se.Symbol(name) for name in wanted]
    lowered = [keeper.lowered(lift(root)) for root in roots]
    return keeper.shared([e for r in lowered for e in (*(keeper.derivative(r, s) for s in symbols), r)])


def shared(expressions: Sequence[Any], variables: Sequence[str]) -> Shared:
    """SymEngine expressions, their shared parts named."""
    keeper = _Keeper(variables)
    return keeper.shared([keeper.lowered(lift(expression)) for expression in expressions])


class _Keeper:
    """Knows what each symbol of its own stands for: a call with arguments that are expressions."""

    def __init__(self, variables: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(variables)}
        self.kept: dict[Any, tuple[str, tuple[Any, ...]]] = {}
        self.known: dict[Any, Any] = {}
        self.memo: dict[Any, Any] = {}

    def lowered(self, formula: t.Node) -> Any:
        return t.fold(formula, self._node)

    def _node(self, node: t.Node, parts: Sequence[Any]) -> Any:
        if isinstance(node, t.Call) and _is_kept(node.function):
            if FUNCTIONS[node.function].variadic:
                return reduce(lambda a, b: self.keep(node.function, a, b), parts)
            return self.keep(node.function, *parts)
        if isinstance(node, (t.Comparison, t.Logical)):
            return self.keep("condition", node, *parts)
        return lower_node(node, parts)

    def keep(self, function: str, *arguments: Any) -> Any:
        key = (function, *arguments)
        if key not in self.known:
            symbol = se.Symbol(f"#{len(self.kept)}")  # '#' cannot begin a person's name
            self.known[key] = symbol
            self.kept[symbol] = (function, arguments)
        return self.known[key]

    def derivative(self, expression: Any, variable: Any) -> Any:
        """The total derivative, through what is kept."""
        if (expression, variable) in self.memo:
            return self.memo[expression, variable]
        symbols = [s for s in expression.free_symbols if s in self.kept]
        direct, *through = derivatives.gradient(expression, [variable, *symbols])
        total = direct
        for symbol, outer in zip(symbols, through, strict=True):
            total += outer * self._kept_derivative(symbol, variable)
        self.memo[expression, variable] = total
        return total

    def _kept_derivative(self, symbol: Any, variable: Any) -> Any:
        function, arguments = self.kept[symbol]
        if function == "where":
            condition, yes, no = arguments
            by_yes, by_no = (self.derivative(branch, variable) for branch in (yes, no))
            return by_yes if by_yes == by_no else self.keep("where", condition, by_yes, by_no)
        if function == "condition":
            return ZERO
        inner = [self.derivative(argument, variable) for argument in arguments]
        if all(d == 0 for d in inner):
            return ZERO
        return sum((d * w for d, w in zip(inner, self._weights(symbol), strict=True) if d != 0), ZERO)

    def _weights(self, symbol: Any) -> tuple[Any, ...]:
        """The derivative of a kept function by each of its arguments."""
        function, arguments = self.kept[symbol]
        record = FUNCTIONS[function]
        known = dict(zip(record.arguments, arguments, strict=True))

        def combine(node: t.Node, parts: Sequence[Any]) -> Any:
            return known[node.name] if isinstance(node, t.Variable) else self._node(node, parts)

        return tuple(t.fold(derivative, combine) for derivative in record.derivatives)

    def shared(self, expressions: Sequence[Any]) -> Shared:
        """Back to trees, with parts that occur more than once named where that is worth it."""
        expressions = [se.sympify(e) for e in expressions]
        if _size(expressions) <= FEW:
            return Shared((), tuple(self.tree(e) for e in expressions))
        replacements, reduced = se.cse(expressions)
        names = {symbol: se.Symbol(f"t{i + 1}") for i, (symbol, _) in enumerate(replacements)}
        parts = tuple((names[s].name, self.tree(e.subs(names))) for s, e in replacements)
        return Shared(parts, tuple(self.tree(e.subs(names)) for e in reduced))

    def tree(self, expression: Any) -> t.Node:
        """The tree, what was kept under its name again, positive terms first."""
        return t.fold(lift(expression), self._back)

    def _back(self, node: t.Node, parts: Sequence[t.Node]) -> t.Node:
        if isinstance(node, t.Variable) and node.name.startswith("#"):
            function, arguments = self.kept[se.Symbol(node.name)]
            if function == "condition":
                told, *below = arguments
                return t.with_children(told, [self.tree(b) for b in below])
            return t.Call(function, tuple(self.tree(argument) for argument in arguments))
        if isinstance(node, (t.Sum, t.Multiplication)):
            product = isinstance(node, t.Multiplication)
            return type(node)(tuple(sorted(parts, key=lambda part: self._place(part, product))))
        return t.with_children(node, parts)

    def _place(self, part: t.Node, product: bool) -> tuple[int, int]:
        """Where a part stands: factors are numbers, variables, the rest; terms are added, subtracted, numbers."""
        below = [self.places.get(n.name, len(self.places)) for n in t.walk(part) if isinstance(n, t.Variable)]
        first = min(below, default=0)
        if product:
            return (0 if not below else 2 - isinstance(part, t.Variable)), first
        return 2 * isinstance(part, t.Negative) + (not below), first


def _is_kept(function: str) -> bool:
    """Whether a function would be a choice in symbols, or is one."""
    record = FUNCTIONS[function]
    return record.is_choice or record.condition


def _size(expressions: Sequence[Any]) -> int:
    """How many operations there are, counted until there are enough."""
    count, stack = 0, list(expressions)
    while stack and count <= FEW:
        node = stack.pop()
        count += max(len(node.args) - 1, 0) + isinstance(node, se.Function)
        stack.extend(node.args)
    return count
