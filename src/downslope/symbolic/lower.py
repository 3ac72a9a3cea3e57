"""Expression tree or SymPy expression -> SymEngine expression."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import symengine as se

from downslope.errors import ObjectiveError
from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS, Function
from downslope.language.relations import BY_SYMBOL, RELATIONS
from downslope.messages import message
from downslope.symbolic.functions import bounded, number, power, product, where
from downslope.symbolic.size import MOST_READ, spelt_size

_CONSTANTS = {"pi": se.pi, "e": se.E}
_RELATIONS = {sign: getattr(se, relation.short) for sign, relation in RELATIONS.items()}
_CONNECTIVES = {"and": se.And, "or": se.Or, "not": se.Not}
MOST_TERMS = 10_000  # of a sum or product of SymPy's that is written out

# SymEngine's own class of a function, in small letters -> ours
_NAMES = {
    record.symengine.lower(): record.name
    for record in FUNCTIONS.values()
    if record.symengine and not record.own_symbol
}


def lower(root: t.Node) -> Any:
    """The SymEngine expression of a tree; each variable becomes the symbol of that name.

    >>> from downslope.language import parse
    >>> lower(parse("x^2/20 + y^2").tree)
    (1/20)*x**2 + y**2
    """
    return t.fold(root, lower_node)


def lower_node(node: t.Node, parts: Sequence[Any]) -> Any:
    """The SymEngine expression of one node, from those of its children."""
    match node:
        case t.Number(value):
            return number(value)
        case t.NamedConstant(name):
            return _CONSTANTS[name]
        case t.Variable(name):
            return se.Symbol(name)
        case t.Negative():
            return -parts[0]
        case t.Sum():
            return se.Add(*parts)
        case t.Multiplication():
            return product(*parts)
        case t.Quotient():
            return bounded(parts[0] / parts[1])
        case t.Power():
            return power(parts[0], parts[1])
        case t.Call(name, _):
            return call(name, *parts)
        case t.Comparison(operator, _, _):
            return _RELATIONS[operator](parts[0], parts[1])
        case t.Logical(operator, _):
            return _CONNECTIVES[operator](*parts)


def lower_with(root: t.Node, values: Mapping[str, Any]) -> Any:
    """The SymEngine expression of a tree, where its variables stand for expressions."""

    def combine(node: t.Node, parts: Sequence[Any]) -> Any:
        return values[node.name] if isinstance(node, t.Variable) else lower_node(node, parts)

    return t.fold(root, combine)


def call(function: str, *arguments: Any) -> Any:
    """A function of formulas, applied to SymEngine expressions.

    >>> call("sigmoid", se.Symbol("x"))
    sigmoid(x)
    """
    record = FUNCTIONS[function]
    if record.variadic and len(arguments) > len(record.arguments):
        return _in_pairs(function, arguments)
    if record.condition:
        return where(*arguments)
    if record.own_symbol:
        return _own_symbol(record, arguments)
    if record.symengine:
        return getattr(se, record.symengine)(*arguments)
    return written_out(record, arguments)


def _in_pairs(function: str, arguments: Sequence[Any]) -> Any:
    """A function of two, such as max, of more: of the two halves, so that a thousand are ten deep."""
    if len(arguments) == 1:
        return arguments[0]
    middle = (len(arguments) + 1) // 2
    return call(function, _in_pairs(function, arguments[:middle]), _in_pairs(function, arguments[middle:]))


def written_out(record: Function, arguments: Sequence[Any]) -> Any:
    """A function by its definition."""
    assert record.definition is not None, record.name
    return lower_with(record.definition, dict(zip(record.arguments, arguments, strict=True)))


def _own_symbol(record: Function, arguments: Sequence[Any]) -> Any:
    """Under its name; of numbers, its value."""
    if all(argument.is_Number for argument in arguments):
        try:
            return number(record.value(*map(float, arguments)))
        except (ValueError, ArithmeticError):
            return se.nan
    return se.Function(record.name)(*arguments)


def function_of(node: Any) -> Function | None:
    """The record of the function that a SymEngine node is a call of; None where it is something else."""
    if isinstance(node, se.FunctionSymbol):
        return FUNCTIONS.get(node.get_name())
    name = _NAMES.get(type(node).__name__.lower())
    return FUNCTIONS[name] if name is not None else None


def expanded(expressions: Sequence[Any], has: Callable[[str], bool] | None = None) -> list[Any]:
    """Expressions in the functions that a compiler ``has``, or, where it is SymEngine's, in those of SymEngine.

    >>> expanded([call("expm1", se.Symbol("x"))])
    [(1 + exp(x))*tanh((1/2)*x)]
    """
    if has is None and not _has_own_symbols(expressions):
        return list(expressions)

    def replace(node: Any, parts: Sequence[Any]) -> Any:
        record = function_of(node)
        if record is None:
            return None
        if has is None and record.symengine:
            return getattr(se, record.symengine)(*parts)
        if record.definition is None or (has is not None and has(record.name)):
            return None
        return expanded([written_out(record, parts)], has)[0]

    memo: dict[Any, Any] = {}
    return [rewritten(expression, replace, memo) for expression in expressions]


def _has_own_symbols(expressions: Sequence[Any]) -> bool:
    """Whether there is a function that is a symbol of its own; SymEngine's ``atoms`` goes through shared parts anew."""
    seen: set[Any] = set()
    stack = list(expressions)
    while stack:
        node = stack.pop()
        if isinstance(node, se.FunctionSymbol):
            return True
        if node not in seen:
            seen.add(node)
            stack.extend(node.args)
    return False


def rewritten(expression: Any, replace: Callable[[Any, Sequence[Any]], Any], memo: dict[Any, Any]) -> Any:
    """The expression with nodes replaced, from the leaves up; ``replace`` gives None for those that stay."""
    stack = [expression]
    while stack:
        node = stack[-1]
        pending = [child for child in node.args if child not in memo]
        if pending:
            stack.extend(pending)
            continue
        stack.pop()
        if node in memo:
            continue
        parts = [memo[child] for child in node.args]
        made = replace(node, parts)
        if made is None:
            same = all(new is old or new == old for new, old in zip(parts, node.args, strict=True))
            made = node if same else _rebuild(node, parts)
        memo[node] = made
    return memo[expression]


def _rebuild(node: Any, parts: list[Any]) -> Any:
    if isinstance(node, se.Piecewise):
        return se.Piecewise(*zip(parts[::2], parts[1::2], strict=True))
    if isinstance(node, se.FunctionSymbol):
        return se.Function(node.get_name())(*parts)
    kind = type(node).__name__
    if kind in BY_SYMBOL:
        return _RELATIONS[BY_SYMBOL[kind].sign](*parts)
    if kind.lower() in _CONNECTIVES:
        return _CONNECTIVES[kind.lower()](*parts)
    return node.func(*parts)


def from_sympy(expression: Any) -> Any:
    """A SymPy or SymEngine expression as SymEngine, its functions replaced by ours.

    Sums and products over finite ranges of whole numbers are written out.

    Raises:
        ObjectiveError: the expression holds something without a derivative here (an integral, a matrix,
            an undefined function, the imaginary unit).
    """
    if isinstance(expression, Hashable) and spelt_size(expression, MOST_READ) == MOST_READ:
        raise ObjectiveError(
            message(
                "the expression has more than {most:,} parts when it is written out; give it as a Python function of"
                " numbers, in which a loop stays a loop.",
                most=MOST_READ,
            )
        )
    expression = _in_known_functions(_without_ranges(expression))
    try:
        converted = se.sympify(expression)  # an object, never text: the callers see to that
    except (se.SympifyError, TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        part = _unreadable(expression)
        raise ObjectiveError(
            message(
                "'{part:.60}' ({kind}) in this expression is not among what is read here: write it with symbols and"
                " functions.",
                part=str(part),
                kind=type(part).__name__,
            )
        ) from error
    if not isinstance(converted, se.Basic) or converted.is_Boolean:
        raise ObjectiveError(
            message("a {kind} is not a number to be made smaller or larger.", kind=type(expression).__name__)
        )
    return rewritten(_of_plain_symbols(converted), _ours, {})


def _of_plain_symbols(expression: Any) -> Any:
    """With a symbol for each dummy, as a parameter goes by its name.

    Raises:
        ObjectiveError: two go by one name.
    """
    dummies = [symbol for symbol in expression.free_symbols if isinstance(symbol, se.Dummy)]
    if not dummies:
        return expression
    names = [symbol.name for symbol in expression.free_symbols]
    for name in names:
        if names.count(name) > 1:
            raise ObjectiveError(
                message(
                    "two symbols of this expression are called {name}: give each its own name.", name=name
                )
            )
    return expression.subs({dummy: se.Symbol(dummy.name) for dummy in dummies})


def _unreadable(expression: Any) -> Any:
    """The smallest part of an expression that SymEngine has nothing for."""
    for part in getattr(expression, "args", ()):
        try:
            se.sympify(part)
        except (se.SympifyError, TypeError, ValueError, RuntimeError, NotImplementedError):
            return _unreadable(part)
    return expression


def _without_ranges(expression: Any) -> Any:
    """SymPy's sums and products of a known number of terms, written out."""
    sympy = sys.modules.get("sympy")
    if sympy is None or not isinstance(expression, sympy.Basic):
        return expression
    if unfinished := expression.atoms(sympy.Integral, sympy.Limit):
        raise ObjectiveError(
            message(
                "{part} in this expression is not worked out; give expression.doit(), or a Python function that"
                " computes it.",
                part=str(next(iter(unfinished))),
            )
        )
    ranges = expression.atoms(sympy.Sum, sympy.Product)
    for found in ranges:
        count = 1
        for _, *ends in found.limits:
            if len(ends) != 2 or not all(end.is_Integer for end in ends):
                raise ObjectiveError(
                    message(
                        "{sum} has no definite number of terms; its bounds must be whole numbers.",
                        sum=str(found),
                    )
                )
            count *= max(0, int(ends[1]) - int(ends[0]) + 1)
        if count > MOST_TERMS:
            raise ObjectiveError(
                message(
                    "{sum} has {count:,} terms, and at most {most:,} are written out.",
                    sum=str(found),
                    count=count,
                    most=MOST_TERMS,
                )
            )
    return expression.replace(lambda part: part in ranges, _terms) if ranges else expression


def _in_known_functions(expression: Any) -> Any:
    """SymPy's functions that are not read here in terms of those that are, where SymPy knows how: beta by gamma."""
    sympy = sys.modules.get("sympy")
    if sympy is None or not isinstance(expression, sympy.Basic):
        return expression

    def unread(part: Any) -> bool:
        if not isinstance(part, sympy.Function) or isinstance(part, sympy.Piecewise):
            return False
        name = part.func.__name__.lower()
        return name not in _NAMES and name not in _FOREIGN and name not in _OF_SYMPY_BARE

    def known(part: Any) -> Any:
        ways = (sympy.expand_func, *(lambda f, to=to: f.rewrite(to) for to in (sympy.gamma, sympy.erf)))
        for way in ways:
            with contextlib.suppress(Exception):  # of SymPy's own: there is no such way
                other = way(part)
                strange = other.has(sympy.I, sympy.Mod) or any(map(unread, sympy.preorder_traversal(other)))
                if other != part and not strange:
                    return other
        return part

    return expression.replace(unread, known)


def _terms(found: Any) -> Any:
    sympy = sys.modules["sympy"]
    terms = [found.function]
    for index, low, high in found.limits:
        terms = [term.subs(index, k) for term in terms for k in range(int(low), int(high) + 1)]
    return sympy.Add(*terms) if isinstance(found, sympy.Sum) else sympy.Mul(*terms)


# SymPy's name of a function, in small letters, with the numbers that it carries -> ours
_OF_SYMPY = {
    **{name.lower(): record for record in FUNCTIONS.values() for name in record.names},
    **{record.sympy.lower(): record for record in FUNCTIONS.values() if isinstance(record.sympy, str)},
}

_OF_SYMPY_BARE = {name.partition("(")[0] for name in _OF_SYMPY}

_FOREIGN = {
    name.removeprefix("sympy."): (record.arguments, formula)
    for record in FUNCTIONS.values()
    for name, formula in record.foreign.items()
    if name.startswith("sympy.")
}


def _ours(node: Any, parts: Sequence[Any]) -> Any:
    if node.is_Number and not node.is_real:
        raise ObjectiveError(message("{node} in this expression is not a real number.", node=node))
    if isinstance(node, (se.Mul, se.Pow)):
        return bounded(node.func(*parts))
    if not isinstance(node, se.Function) or isinstance(node, se.Piecewise):
        return None
    name = _function_name(node)
    if name in _FOREIGN:
        names, formula = _FOREIGN[name]
        return lower_with(formula, dict(zip(names, parts, strict=True)))
    leading = [part for part in parts[:1] if f"{name}({part})" in _OF_SYMPY]
    record = _OF_SYMPY.get(f"{name}({leading[0]})" if leading else name)
    if record is None and function_of(node) is None and not isinstance(node, se.UnevaluatedExpr):
        raise ObjectiveError(
            message(
                "'{part:.60}': {function} is none of the functions that are read here. Give a Python function that"
                " computes the objective, with SciPy or mpmath for this part; its derivatives are then differences.",
                part=str(node),
                function=str(node).partition("(")[0],
            )
        )
    if record is None or (function_of(node) is record and not record.own_symbol):
        return None
    return call(record.name, *parts[len(leading) :])


def _function_name(node: Any) -> str:
    """Of a function of SymEngine's, of SymPy's within it, or of an undefined one; in small letters."""
    return str(node.get_name() if isinstance(node, se.FunctionSymbol) else type(node).__name__).lower()
