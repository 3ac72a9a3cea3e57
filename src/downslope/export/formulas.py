"""A formula's tree as a Python expression in the words of a dialect."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from downslope.export.python import fill, name, number, real, simplified
from downslope.export.vocabulary import Words
from downslope.language import tree as t

_COMPARING: dict[str, ast.cmpop] = {
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
    "==": ast.Eq(),
    "!=": ast.NotEq(),
}
_PARTIAL = frozenset(
    ["log", "log10", "log2", "sqrt", "cbrt", "asin", "acos", "acosh", "atanh", "tan", "atan2"]
)


@dataclass(frozen=True)
class _Part:
    """An expression, whether it holds no variable, whether it is an array, and whether it has a value everywhere."""

    code: ast.expr
    plain: bool
    array: bool
    total: bool


@dataclass
class Speller:
    """Writes trees in one dialect.

    Attributes:
        words: the dialect's.
        called: what each variable is called in the script.
        arrays: variables that are arrays of numbers (columns of a table); what is built on them is one too.
        helpers: sources of the functions of ours that were used; collected here.
    """

    words: Words
    called: Mapping[str, str]
    arrays: frozenset[str] = frozenset()
    helpers: dict[str, str] = field(default_factory=dict)

    def expression(self, tree: t.Node) -> ast.expr:
        """The tree as a Python expression."""
        return t.fold(tree, self._node).code

    def lifted(self, tree: t.Node) -> ast.expr:
        """The same as one of the dialect's own numbers, also where it is a plain one."""
        return self._lifted(t.fold(tree, self._node))

    def _node(self, node: t.Node, parts: Sequence[_Part]) -> _Part:
        plain, array = all(p.plain for p in parts), any(p.array for p in parts)
        total = all(p.total for p in parts) and _total(node)
        return _Part(
            self._code(node, parts, plain, array),
            plain and not isinstance(node, t.Variable),
            array or (isinstance(node, t.Variable) and node.name in self.arrays),
            total,
        )

    def _code(self, node: t.Node, parts: Sequence[_Part], plain: bool, array: bool) -> ast.expr:
        codes = [p.code for p in parts]
        match node:
            case t.Number(value):
                return number(value)
            case t.NamedConstant(word):
                return name(self.words.constants[word])
            case t.Variable(word):
                return name(self.called[word])
            case t.Negative():
                return _negative(codes[0])
            case t.Sum():
                return reduce(_added, codes)
            case t.Multiplication():
                return reduce(lambda a, b: ast.BinOp(a, ast.Mult(), b), codes)
            case t.Quotient():
                return ast.BinOp(codes[0], ast.Div(), codes[1])
            case t.Power():
                return ast.BinOp(codes[0], ast.Pow(), codes[1])
            case t.Comparison(operator, _, _):
                return ast.Compare(codes[0], [_COMPARING[operator]], [codes[1]])
            case t.Logical(word, _):
                return self._connected(word, codes, array)
            case t.Call("where", _):
                return self._where(parts, array)
            case t.Call(function, _):
                return self._call(function, parts, plain, array)

    def _connected(self, word: str, codes: Sequence[ast.expr], array: bool) -> ast.expr:
        templates = self.words.arrays if array and "and" in self.words.arrays else self.words.connectives
        if templates is not None:
            if word == "not":
                return fill(templates["not"], codes[0])
            return reduce(lambda a, b: fill(templates[word], a, b), codes)
        if word == "not":
            return ast.UnaryOp(ast.Not(), codes[0])
        return ast.BoolOp(ast.And() if word == "and" else ast.Or(), list(codes))

    def _where(self, parts: Sequence[_Part], array: bool) -> ast.expr:
        """Both branches computed where that is harmless; else only the one that is taken."""
        words, (condition, *branches) = self.words, parts
        safe = all(branch.total for branch in branches)
        if array and "where" in words.arrays:
            template = words.arrays["where"]
        elif words.select is not None and safe:
            template = words.select
        else:
            template = words.conditional
        if words.plain is not None or words.select is not None:
            codes = [self._lifted(branch) for branch in branches]
        else:
            codes = [branch.code for branch in branches]
        return simplified(fill(template, condition.code, *codes))

    def _lifted(self, part: _Part) -> ast.expr:
        """A plain number as one of the dialect's own."""
        if not part.plain:
            return part.code
        code = part.code
        if isinstance(code, ast.Constant) and isinstance(code.value, int):
            code = real(code.value)
        return code if self.words.lifted is None else fill(self.words.lifted, code)

    def _call(self, function: str, parts: Sequence[_Part], plain: bool, array: bool) -> ast.expr:
        words = self.words
        template = (words.arrays.get(function) if array else None) or words.functions[function]
        codes = [p.code for p in parts]
        if plain and words.plain is not None:
            template = words.plain[function]
        elif function in ("max", "min", "atan2") and words.lifted is not None:
            codes = [self._lifted(p) for p in parts]
        for helper, source in words.helpers.items():
            if template.startswith(f"{helper}("):
                self.helpers[helper] = source
        if function in ("max", "min"):
            return reduce(lambda a, b: fill(template, a, b), codes)
        return fill(template, *codes)


def _added(total: ast.expr, term: ast.expr) -> ast.expr:
    positive = _without_sign(term)
    if positive is not None:
        return ast.BinOp(total, ast.Sub(), positive)
    return ast.BinOp(total, ast.Add(), term)


def _negative(code: ast.expr) -> ast.expr:
    """Minus the expression, the sign on the first factor of a product: -x * y is exactly -(x * y)."""
    if isinstance(code, ast.BinOp) and isinstance(code.op, (ast.Mult, ast.Div)):
        return ast.BinOp(_negative(code.left), code.op, code.right)
    return ast.UnaryOp(ast.USub(), code)


def _without_sign(code: ast.expr) -> ast.expr | None:
    """The expression without the minus it begins with, if it does."""
    if isinstance(code, ast.UnaryOp) and isinstance(code.op, ast.USub):
        return code.operand
    if isinstance(code, ast.BinOp) and isinstance(code.op, (ast.Mult, ast.Div)):
        left = _without_sign(code.left)
        return None if left is None else ast.BinOp(left, code.op, code.right)
    return None


def _total(node: t.Node) -> bool:
    """Whether the node itself has a finite value and derivative wherever its parts have one."""
    match node:
        case t.Quotient(_, bottom):
            return isinstance(bottom, (t.Number, t.NamedConstant))
        case t.Power(_, exponent):
            return isinstance(exponent, t.Number) and exponent.value.is_integer() and exponent.value >= 0
        case t.Call(function, _):
            return function not in _PARTIAL
    return True
