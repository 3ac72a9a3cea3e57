"""Python expressions as trees, and trees as one line of text, spaced as the formatters of the day space them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from functools import cache

_BINARY: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 11),
    ast.Sub: ("-", 11),
    ast.Mult: ("*", 12),
    ast.Div: ("/", 12),
    ast.FloorDiv: ("//", 12),
    ast.Mod: ("%", 12),
    ast.MatMult: ("@", 12),
    ast.Pow: ("**", 14),
    ast.BitAnd: ("&", 9),
    ast.BitOr: ("|", 7),
    ast.BitXor: ("^", 8),
    ast.LShift: ("<<", 10),
    ast.RShift: (">>", 10),
}
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_TERNARY, _OR, _AND, _NOT, _COMPARE, _UNARY, _POWER, _ATOM = 2, 3, 4, 5, 6, 13, 14, 16


def quoted(said: object) -> str:
    """What it says, as a string in a script."""
    return text(ast.Constant(str(said)))


def name(identifier: str) -> ast.expr:
    """A name, or a dotted path of names.

    >>> text(name("np.linalg.norm"))
    'np.linalg.norm'
    """
    first, *rest = identifier.split(".")
    node: ast.expr = ast.Name(first)
    for part in rest:
        node = ast.Attribute(node, part)
    return node


def number(value: float) -> ast.expr:
    """A number as people write it: whole ones below 10^15 without a decimal point.

    >>> text(number(2.0)), text(number(-0.5)), text(number(1e-8))
    ('2', '-0.5', '1e-8')
    """
    if value < 0:
        return ast.UnaryOp(ast.USub(), number(-value))
    whole = float(value).is_integer() and value < 1e15
    return ast.Constant(int(value) if whole else float(value))


def real(value: float) -> ast.expr:
    """A number with a decimal point.

    >>> text(real(2.0)), text(real(float("-inf")))
    ('2.0', '-math.inf')
    """
    if value < 0:
        return ast.UnaryOp(ast.USub(), real(-value))
    return name("math.inf") if value == float("inf") else ast.Constant(float(value))


def string(value: str) -> ast.expr:
    """A string literal."""
    return ast.Constant(value)


def call(function: str, *arguments: ast.expr, **named: ast.expr) -> ast.expr:
    """A call of the function of that (dotted) name."""
    return ast.Call(name(function), list(arguments), [ast.keyword(k, v) for k, v in named.items()])


def listing(items: Sequence[ast.expr]) -> ast.expr:
    """``[a, b]``."""
    return ast.List(list(items))


def grouping(items: Sequence[ast.expr]) -> ast.expr:
    """``a, b``, or the item itself where there is but one."""
    return items[0] if len(items) == 1 else ast.Tuple(list(items))


@cache
def _template(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def fill(template: str, *arguments: ast.expr, **named: ast.expr) -> ast.expr:
    """Our own template with ``_0``, ``_1``, ... (or other names) replaced by expressions.

    >>> text(fill("np.sqrt(_0) / _1", number(2), fill("_0 + 1", name("x"))))
    'np.sqrt(2) / (x + 1)'
    """
    values = {f"_{i}": argument for i, argument in enumerate(arguments)} | named
    return replaced(_template(template), values)


def replaced(node: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """A copy with names, and names of attributes such as ``self.m``, replaced by expressions."""
    return _Replacing(values).visit(node)  # type: ignore[no-any-return]


class _Replacing(ast.NodeTransformer):
    """Copies as it goes, so that no part is shared with a template."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        found = self.values.get(text(node)) if isinstance(node.value, ast.Name) else None
        return self.generic_visit(node) if found is None else found

    def generic_visit(self, node: ast.AST) -> ast.AST:
        fields = {}
        for field, old in ast.iter_fields(node):
            if isinstance(old, list):
                fields[field] = [self.visit(v) if isinstance(v, ast.AST) else v for v in old]
            else:
                fields[field] = self.visit(old) if isinstance(old, ast.AST) else old
        return type(node)(**fields)


def simplified(node: ast.expr) -> ast.expr:
    """Nested choices by one condition taken once: ``(a / (b if c else 1) if c else 0)`` is ``(a / b if c else 0)``.

    >>> text(simplified(ast.parse("a / (b if c > 0 else 1) if c > 0 else d", mode="eval").body))
    'a / b if c > 0 else d'
    """
    if isinstance(node, ast.IfExp):
        chosen = _least_or_largest(node)
        if chosen is not None:
            return chosen
        yes = _decided(node.body, text(node.test), True)
        no = _decided(node.orelse, text(node.test), False)
        return ast.IfExp(node.test, simplified(yes), simplified(no))
    return node


def _least_or_largest(node: ast.IfExp) -> ast.expr | None:
    """``a if a < b else b`` as ``min(b, a)``, which is the same even where ``a`` is no number."""
    match node.test:
        case ast.Compare(left, [ast.Lt() | ast.Gt() as sign], [right]):
            less = isinstance(sign, ast.Lt)
            chosen = text(node.body), text(node.orelse)
            if chosen == (text(left), text(right)):
                return call("min" if less else "max", right, left)
            if chosen == (text(right), text(left)):
                return call("max" if less else "min", left, right)
    return None


def _decided(node: ast.expr, condition: str, holds: bool) -> ast.expr:
    class Deciding(_Replacing):
        def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
            if text(node.test) == condition:
                return self.visit(node.body if holds else node.orelse)  # type: ignore[no-any-return]
            return self.generic_visit(node)  # type: ignore[return-value]

    return Deciding({}).visit(node)  # type: ignore[no-any-return]


def joined(word: ast.boolop, left: ast.expr, right: ast.expr) -> ast.expr:
    """``a and b``, or ``a or b``, without brackets around what is joined alike."""
    parts = [
        part
        for side in (left, right)
        for part in (side.values if isinstance(side, ast.BoolOp) and type(side.op) is type(word) else [side])
    ]
    return ast.BoolOp(word, parts)


def chained(operator: ast.operator, left: ast.expr, right: ast.expr) -> ast.expr:
    """``a & b & c`` from ``a`` and ``b & c``, for operators that do not care."""
    if isinstance(right, ast.BinOp) and type(right.op) is type(operator):
        return ast.BinOp(chained(operator, left, right.left), operator, right.right)
    return ast.BinOp(left, operator, right)


def names_in(node: ast.AST) -> set[str]:
    """Every name that an expression or statement reads or writes."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def text(node: ast.expr) -> str:
    """The expression on one line.

    >>> text(ast.parse("(a+b)**2*-x if not(p and q) else f(a, *b, k=1)[0]", mode="eval").body)
    '(a + b) ** 2 * -x if not (p and q) else f(a, *b, k=1)[0]'
    >>> text(ast.parse("a[:, None] + b[1:, ::2][0, 1]", mode="eval").body)
    'a[:, None] + b[1:, ::2][0, 1]'
    """
    return _text(node)[0]


def _text(node: ast.expr) -> tuple[str, int]:
    """The text and how tightly its outermost part binds."""
    match node:
        case ast.Name(identifier):
            return identifier, _ATOM
        case ast.Constant(value):
            return _literal(value), _ATOM
        case ast.Attribute(value, attribute):
            return f"{_bound(value, _ATOM)}.{attribute}", _ATOM
        case ast.Subscript(value, place):
            return f"{_bound(value, _ATOM)}[{text(place)}]", _ATOM
        case ast.Call(function, arguments, keywords):
            return f"{_bound(function, _ATOM)}({_arguments(arguments, keywords)})", _ATOM
        case ast.BinOp(left, operator, right):
            return _binary(left, operator, right)
        case ast.UnaryOp(ast.Not(), operand):
            return f"not {_bound(operand, _NOT)}", _NOT
        case ast.UnaryOp(operator, operand):
            sign = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(operator)]
            written = _bound(operand, _UNARY)
            power = isinstance(operand, ast.BinOp) and isinstance(operand.op, ast.Pow)
            return f"{sign}({written})" if power else f"{sign}{written}", _UNARY
        case ast.BoolOp(operator, values):
            word, level = (" and ", _AND) if isinstance(operator, ast.And) else (" or ", _OR)
            return word.join(_bound(value, level + 1) for value in values), level
        case ast.Compare(left, operators, rights):
            parts = [_bound(left, _COMPARE + 1)]
            for comparing, right in zip(operators, rights, strict=True):
                parts.append(f"{_COMPARED[type(comparing)]} {_bound(right, _COMPARE + 1)}")
            return " ".join(parts), _COMPARE
        case ast.IfExp(condition, yes, no):
            pieces = _bound(yes, _TERNARY + 1), _bound(condition, _TERNARY + 1), _bound(no, _TERNARY)
            return f"{pieces[0]} if {pieces[1]} else {pieces[2]}", _TERNARY
        case ast.Starred(value):
            return f"*{_bound(value, _COMPARE)}", _ATOM
        case ast.Lambda(arguments, body):
            taken = ", ".join(a.arg for a in arguments.args)
            return f"lambda{' ' * bool(taken)}{taken}: {text(body)}", 1
    return _display(node)


def _display(node: ast.expr) -> tuple[str, int]:
    """Lists, tuples, dicts and comprehensions."""
    match node:
        case ast.Tuple(items):
            inner = ", ".join(map(_item, items)) + "," * (len(items) == 1)
            return (f"({inner})", _ATOM) if len(items) < 2 else (inner, 0)
        case ast.List(items):
            return f"[{', '.join(_item(item) for item in items)}]", _ATOM
        case ast.Dict(keys, values):
            pairs = (f"{text(k)}: {_item(v)}" for k, v in zip(keys, values, strict=True) if k is not None)
            return f"{{{', '.join(pairs)}}}", _ATOM
        case ast.GeneratorExp(element, loops):
            return f"({_item(element)}{_loops(loops)})", _ATOM
        case ast.ListComp(element, loops):
            return f"[{_item(element)}{_loops(loops)}]", _ATOM
        case ast.DictComp(key, value, loops):
            return f"{{{text(key)}: {_item(value)}{_loops(loops)}}}", _ATOM
        case ast.Slice(lower, upper, step):
            ends = [text(part) if part is not None else "" for part in (lower, upper)]
            return ":".join(
                [*ends, *([text(step)] if step is not None else [])]
            ), _ATOM  # it takes no brackets
    raise TypeError(f"{type(node).__name__} has no text here")


def _loops(loops: Sequence[ast.comprehension]) -> str:
    return "".join(
        f" for {text(loop.target)} in {_bound(loop.iter, _TERNARY + 1)}"
        + "".join(f" if {_bound(test, _TERNARY + 1)}" for test in loop.ifs)
        for loop in loops
    )


def _arguments(arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> str:
    if len(arguments) == 1 and not keywords and isinstance(arguments[0], ast.GeneratorExp):
        return text(arguments[0])[1:-1]
    named = (f"{k.arg}={_item(k.value)}" if k.arg else f"**{_item(k.value)}" for k in keywords)
    return ", ".join([*map(_item, arguments), *named])


def _item(node: ast.expr) -> str:
    """An element between commas."""
    return _bound(node, 1)


def _bound(node: ast.expr, least: int) -> str:
    written, level = _text(node)
    if least >= _ATOM and isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return f"({written})" if isinstance(node.value, int) else written
    return f"({written})" if level < least else written


def _binary(left: ast.expr, operator: ast.operator, right: ast.expr) -> tuple[str, int]:
    sign, level = _BINARY[type(operator)]
    if isinstance(operator, ast.Pow):
        space = "" if _simple(left) and _simple(right) else " "
        return f"{_bound(left, _POWER + 1)}{space}**{space}{_bound(right, _UNARY)}", _POWER
    rest = [f"{sign} {_bound(right, level + 1)}"]
    while (
        isinstance(left, ast.BinOp) and _BINARY[type(left.op)][1] == level
    ):  # a sum of hundreds, without recursion
        rest.append(f"{_BINARY[type(left.op)][0]} {_bound(left.right, level + 1)}")
        left = left.left
    return " ".join([_bound(left, level), *reversed(rest)]), level


def _simple(node: ast.expr) -> bool:
    """Whether a power of it is written without spaces: names, dotted names, numbers, and their negatives."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, (ast.Constant, ast.Name, ast.Attribute)):
        return not isinstance(node.op, ast.Not) and _simple(node.operand)
    if isinstance(node, ast.Attribute):
        return _simple(node.value)
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
    )


def shortest(value: float) -> str:
    """The shortest text of a float that reads back to it, as people write exponents.

    >>> shortest(1e-06), shortest(1e10), shortest(1e22), shortest(0.1), shortest(120.0)
    ('1e-6', '1e10', '1e22', '0.1', '120.0')
    """
    plain = repr(value)
    if "e" not in plain and value >= 1e6 and f"{value:g}" != plain and float(f"{value:g}") == value:
        plain = f"{value:g}"
    return re.sub(r"e([+-]?)0*(\d)", lambda m: f"e{'-' * (m[1] == '-')}{m[2]}", plain)


def _literal(value: object) -> str:
    if isinstance(value, float):
        return shortest(value)
    if not isinstance(value, str):
        return repr(value)
    plain = repr(value)
    if plain.startswith("'") and '"' not in plain:
        return f'"{plain[1:-1]}"'.replace("\\'", "'")
    return plain
