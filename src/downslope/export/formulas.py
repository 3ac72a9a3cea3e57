"""A formula's tree as a Python expression in the words of a dialect."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from downslope.export.python import call, fill, name, number, real, replaced, simplified, text
from downslope.export.vocabulary import Words
from downslope.language import tree as t
from downslope.language.functions import FUNCTIONS, Function
from downslope.language.relations import RELATIONS

SHORT = 6  # parts of a definition; a longer one becomes a function of the script


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
            plain and not isinstance(node, t.Variable) and self._of_numbers(node),
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
                return ast.Compare(codes[0], [getattr(ast, RELATIONS[operator].code)()], [codes[1]])
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
        record, words = FUNCTIONS[function], self.words
        template = None
        if plain and words.plain is not None:
            template = record.spellings.get(words.plain)
        if template is not None:
            codes = [p.code for p in parts]
        else:
            template = self._template(record, array)
            several = len(parts) > 1 and words.lifted is not None
            codes = [self._lifted(p) if several or (plain and words.plain) else p.code for p in parts]
        if template is None:
            return self._defined(record, codes, array)
        called = template.partition("(")[0]
        source = words.own(record.helpers.get(words.dialect, ""))
        if re.search(rf"^(def {called}\(|class {called}\(|{called} =)", source, re.MULTILINE):
            self.helpers[called] = source
        if record.variadic:
            return reduce(lambda a, b: fill(template, a, b), codes)
        return fill(template, *codes)

    def _of_numbers(self, node: t.Node) -> bool:
        """Whether the dialect can say this of plain numbers."""
        return not isinstance(node, t.Call) or self.words.plain in {None, *FUNCTIONS[node.function].spellings}

    def _template(self, record: Function, array: bool) -> str | None:
        dialect, spellings = self.words.dialect, record.spellings
        found = (spellings.get(f"{dialect}_arrays") if array else None) or spellings.get(dialect)
        return None if found is None else self.words.own(found)

    def _defined(self, record: Function, codes: Sequence[ast.expr], array: bool) -> ast.expr:
        """A function that the dialect has no word for: its definition, as a function of ours where that is long."""
        assert record.definition is not None, record.name
        named = {argument: argument for argument in record.arguments}
        arrays = frozenset(record.arguments if array else ())
        code = Speller(self.words, named, arrays, self.helpers).expression(record.definition)
        if sum(1 for _ in t.walk(record.definition)) <= SHORT:
            return replaced(code, dict(zip(record.arguments, codes, strict=True)))
        meaning = str(record.meaning)
        summary = meaning[0].upper() + meaning[1:]
        arguments = ", ".join(record.arguments)
        self.helpers.pop(record.name, None)  # it comes after those that it calls
        self.helpers[record.name] = f'''
def {record.name}({arguments}):
    """{summary}."""
    return {text(code)}
'''
        return call(record.name, *codes)


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
            return FUNCTIONS[function].domain is None
    return True
