"""The source of the update rules, as trees: a rule is printed from the very code that runs.

Of a class its methods are read, of a module its functions, its constants and the states' fields, each with the comments
that stand beside them.
"""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from downslope.errors import UsageError


@dataclass(frozen=True, eq=False)
class RuleSource:
    """A module's tree, its comments by line, and its definitions by name.

    Attributes:
        module: the module itself, in which names that are not defined here are looked up.
        comments: the comment that ends each line.
        functions, classes: what is defined at the top.
        constants, lines: names bound at the top, with what they are bound to and where.
        locals: every name that is bound or taken as an argument within a function.
    """

    module: ModuleType
    comments: dict[int, str]
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    locals: set[str] = field(default_factory=set)

    def method(self, cls: str, name: str) -> ast.FunctionDef | None:
        """A method that the class itself defines."""
        for node in self.classes[cls].body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return node
        return None

    def fields(self, cls: str) -> list[tuple[str, str]]:
        """(name, comment) of the annotated fields of a class, in order."""
        return [
            (node.target.id, self.comments.get(node.lineno, ""))
            for node in self.classes[cls].body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        ]

    def comment(self, node: ast.stmt) -> str:
        """The comment at the end of a statement (of its first line, for a compound one)."""
        last = node.body[0].lineno - 1 if isinstance(node, (ast.For, ast.If)) else node.end_lineno
        return next(
            (
                self.comments[line]
                for line in range(node.lineno, (last or node.lineno) + 1)
                if line in self.comments
            ),
            "",
        )


@cache
def source_of(module: ModuleType) -> RuleSource:
    """The source of one of the package's own modules.

    Raises:
        UsageError: it is not there, as in a frozen program.
    """
    try:
        text = inspect.getsource(module)
    except OSError as error:
        raise UsageError(
            f"the source of {module.__name__} is not on this machine, and a rule is written out from its source."
        ) from error
    comments = {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and "noqa" not in token.string
    }
    found = RuleSource(module, comments)
    tree = ast.parse(text)
    for part in ast.walk(tree):
        if isinstance(part, (ast.FunctionDef)):
            found.locals.update(a.arg for a in part.args.args)
            found.locals.update(
                n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found.classes[node.name] = node
        elif isinstance(node, ast.Assign):
            for target, value in _bound(node):
                found.constants[target] = value
                found.lines[target] = node.lineno
    return found


def _bound(node: ast.Assign) -> list[tuple[str, ast.expr]]:
    """The names an assignment at the top of a module binds, with their values."""
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return [(t.id, v) for t, v in pairs if isinstance(t, ast.Name)]
    return []


def source_of_class(cls: type) -> RuleSource:
    """The source of the module that a class is defined in."""
    module = inspect.getmodule(cls)
    if module is None or not module.__name__.startswith("downslope."):
        raise UsageError(
            f"{cls.__name__} is not one of downslope's own rules, and only those are written out from their source."
        )
    return source_of(module)


def home_of(function: Any) -> RuleSource | None:
    """The source of the module of one of our functions; None for anybody else's."""
    if isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):
        module = inspect.getmodule(inspect.unwrap(function))
        if module is not None and module.__name__.startswith("downslope."):
            return source_of(module)
    return None


def docstring(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Its docstring, or nothing."""
    return ast.get_docstring(node) or ""


def summary_and_source(cls: type) -> tuple[str, str]:
    """What the method is, in a sentence, and the paper it comes from.

    >>> from downslope.optimizers import Adam
    >>> summary_and_source(Adam)[1]
    'D. Kingma, J. Ba, ICLR 2015, arXiv 1412.6980, algorithm 1.'
    """
    paragraphs = inspect.getdoc(cls)
    blocks = (paragraphs or "").split("\n\n")
    summary = " ".join(blocks[0].split())
    source = next((" ".join(b.split()) for b in blocks if b.startswith("Source:")), "")
    return summary, source.removeprefix("Source:").strip().replace("*", "")
