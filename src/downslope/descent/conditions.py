"""The conditions on which a run ends, as records and as JavaScript: read from ``judge.judge``, which alone has them.

>>> conditions()[4]
Condition(code='GRADIENT_SMALL', all_of=('accepted', 'gradient_norm <= tolerance'))
>>> print(to_javascript().splitlines()[8])
    if (gradient_norm <= tolerance) return 10; // GRADIENT_SMALL
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from functools import lru_cache

from downslope.descent import judge as j

_COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = {"np.isfinite": "Number.isFinite", "abs": "Math.abs"}


@dataclass(frozen=True)
class Condition:
    """One line of the judge: the first whose parts all hold gives the code.

    Attributes:
        code: the name of the constant of that file that is returned.
        all_of: its parts, as Python on the named evidence; none for the last line, which always holds.
    """

    code: str
    all_of: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def conditions() -> tuple[Condition, ...]:
    """The judge's lines, in their order."""
    return tuple(Condition(code, tuple(ast.unparse(part) for part in parts)) for code, parts in _lines())


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """What the evidence is called: the fields of what the judge takes."""
    return (*j.Evaluation._fields, *j.Limits._fields)


def to_javascript() -> str:
    """``judge`` as a function of JavaScript: of one object with the named evidence, it returns the number of a code."""
    head = f"function judge({{{', '.join(names())}}}) {{"
    return "\n".join([head, *_printed(_judge().body, "  "), "}", ""])


def _printed(body: list[ast.stmt], margin: str) -> list[str]:
    """The nested ifs of ``_returns``, which has looked that there is nothing else, as they stand."""
    lines: list[str] = []
    for statement in body:
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name):
            code = statement.value.id
            lines.append(f"{margin}return {getattr(j, code)}; // {code}")
        elif isinstance(statement, ast.If):
            held = f"{margin}if ({' && '.join(map(_script, _parts(statement.test)))}) "
            inner = _printed(statement.body, margin + "  ")
            lines += [held + inner[0].strip()] if len(inner) == 1 else [held + "{", *inner, margin + "}"]
    return lines


@lru_cache(maxsize=1)
def _judge() -> ast.FunctionDef:
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(j.judge))).body
    assert isinstance(function, ast.FunctionDef)
    return _Named().visit(function)  # type: ignore[no-any-return]


class _Named(ast.NodeTransformer):
    """Writes the evidence by its name alone, without the record that has it."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name(node.attr) if node.attr in names() else node


@lru_cache(maxsize=1)
def _lines() -> tuple[tuple[str, tuple[ast.expr, ...]], ...]:
    return tuple(_returns(_judge().body, ()))


def _returns(body: list[ast.stmt], held: tuple[ast.expr, ...]) -> list[tuple[str, tuple[ast.expr, ...]]]:
    """The returns of nested ifs without else, each with all that must hold to come there."""
    found: list[tuple[str, tuple[ast.expr, ...]]] = []
    for statement in body:
        match statement:
            case ast.Expr(ast.Constant(str())):  # the docstring
                continue
            case ast.Return(ast.Name(code)):
                found.append((code, held))
            case ast.If(test, inner, []):
                found += _returns(inner, (*held, *_parts(test)))
            case _:
                raise TypeError(
                    f"the judge is made of ifs and returns, and not of {ast.unparse(statement)!r}"
                )
    return found


def _parts(test: ast.expr) -> list[ast.expr]:
    """What must hold all together."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return test.values
    return [test]


def _script(node: ast.expr) -> str:
    match node:
        case ast.Name(name):
            return name
        case ast.Constant(bool() as number) | ast.Constant(int() | float() as number):
            return repr(number).lower()
        case ast.UnaryOp(ast.Not(), ast.Call() as inner):
            return f"!{_script(inner)}"
        case ast.UnaryOp(ast.Not(), inner):
            return f"!({_script(inner)})"
        case ast.UnaryOp(ast.USub(), inner):
            return f"-({_script(inner)})"
        case ast.BoolOp(operator, parts):
            word = " && " if isinstance(operator, ast.And) else " || "
            return f"({word.join(map(_script, parts))})"
        case ast.BinOp(left, operator, right):
            return f"({_script(left)} {_ARITHMETIC[type(operator)]} {_script(right)})"
        case ast.Compare(left, [operator], [right]):
            return f"{_script(left)} {_COMPARISONS[type(operator)]} {_script(right)}"
        case ast.Call(function, arguments, []):
            return f"{_FUNCTIONS[ast.unparse(function)]}({', '.join(map(_script, arguments))})"
    raise TypeError(f"there is no JavaScript for {ast.unparse(node)!r}")
