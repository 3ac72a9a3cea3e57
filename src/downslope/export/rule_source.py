"""The source of the update rules, as trees: a rule is printed from the very code that runs.

Of a class its methods are read, of a module its functions, its constants and the states' fields, each with the comments
that stand beside them; what these say to a person is said in the reader's language.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from downslope.errors import UsageError
from downslope.export.formatter import commented, harmless
from downslope.export.formatter import docstring as formatted_docstring
from downslope.messages import Message, documentation, documented, message

_DOCSTRING = re.compile(r'( *)"""(.*)"""')


@dataclass(frozen=True, eq=False)
class RuleSource:
    """A module's tree, its comments by line, and its definitions by name.

    Attributes:
        module: the module itself, in which names that are not defined here are looked up.
        comments: the comment that ends each line.
        functions, classes: what is defined at the top.
        constants, lines: names bound at the top, with what they are bound to and where.
        imported: the module from which each name is imported.
        locals: every name that is bound or taken as an argument within a function.
    """

    module: ModuleType
    comments: dict[int, str]
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)
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
            (node.target.id, self.comment_in(node.lineno))
            for node in self.classes[cls].body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        ]

    def comment_in(self, line: int) -> str:
        """The comment at the end of a line, as the reader of this moment reads it."""
        return harmless(str(documented(self.comments.get(line, ""))))

    def comment(self, node: ast.stmt) -> str:
        """The comment at the end of a statement (of its first line, for a compound one)."""
        last = (
            node.body[0].lineno - 1
            if isinstance(node, (ast.For, ast.If, ast.While, ast.Try))
            else node.end_lineno
        )
        found = (n for n in range(node.lineno, (last or node.lineno) + 1) if n in self.comments)
        return self.comment_in(next(found, 0))


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
            message(
                "the source of {module} is not on this machine, and a rule is written out from its source.",
                module=module.__name__,
            )
        ) from error
    found = RuleSource(module, comments_in(text))
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
        elif isinstance(node, ast.ImportFrom):
            found.imported.update((a.asname or a.name, node.module or "") for a in node.names)
        elif isinstance(node, ast.Assign):
            for target, value in _bound(node):
                found.constants[target] = value
                found.lines[target] = node.lineno
    return found


def comments_in(text: str) -> dict[int, str]:
    """The comment of each line that has one."""
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and "noqa" not in token.string
    }


def said_in(text: str) -> Iterator[Message]:
    """All that scripts can say of a module of rules: comments, and the docstrings of what is defined in it."""
    for comment in comments_in(text).values():
        yield documented(comment)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            yield from map(documented, paragraphs_of(docstring(node)))
        elif isinstance(node, ast.ClassDef):
            said = documentation(docstring(node))
            yield from (said.summary, said.source)
            if any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases):
                yield from map(documented, paragraphs_of(docstring(node)))


def paragraphs_of(words: str) -> list[str]:
    """A docstring's paragraphs, without examples."""
    blocks = words.split("\n\n")
    return [" ".join(block.split()) for block in blocks if not block.lstrip().startswith(">>>")]


def about_in(words: str) -> list[str]:
    """The same, as the reader of this moment reads them; with plain quotes around code."""
    return [str(documented(paragraph)).replace("``", "`") for paragraph in paragraphs_of(words)]


def helper_lines(source: str) -> list[str]:
    """A function that is written out as it stands, its docstring and its comments as the reader reads them."""
    lines = source.strip("\n").split("\n")
    comments = comments_in("\n".join(lines) + "\n")
    for i, comment in comments.items():
        code = lines[i - 1].partition("#")[0].rstrip()
        lines[i - 1] = commented(code, documented(comment))
    out = []
    for line in lines:
        said = _DOCSTRING.fullmatch(line)
        out += formatted_docstring([documented(said[2])], len(said[1])) if said else [line]
    return out


def said_in_helper(source: str) -> Iterator[Message]:
    """All that such a function says."""
    yield from map(documented, comments_in(source).values())
    yield from (documented(said[2]) for line in source.split("\n") if (said := _DOCSTRING.fullmatch(line)))


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
            message(
                "{kind} is not one of downslope's own rules, and only those are written out from"
                " their source.",
                kind=cls.__name__,
            )
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


def summary_and_source(cls: type) -> tuple[Message, Message]:
    """What the method is, in a sentence, and the paper it comes from.

    >>> from downslope.optimizers import Adam
    >>> str(summary_and_source(Adam)[1])
    'D. Kingma, J. Ba, ICLR 2015, arXiv 1412.6980, algorithm 1.'
    """
    said = documentation(inspect.getdoc(cls) or "")
    return said.summary, said.source
