"""Parameters taken one by one: which variable of a loop or comprehension is an element of what."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

WRAPPERS = ("array", "asarray", "list", "tuple", "dict")  # which make of a comprehension what it is made as
KEYS = ("range", "keys", "len")


class Each(NamedTuple):
    """A variable that a loop gives, and what it is an element of; None where it is a key or a count."""

    name: str
    of: ast.expr | None


@dataclass(frozen=True)
class Mapped:
    """An expression that is computed for each element: of a comprehension, or of ``map``.

    Attributes:
        element: the expression.
        key: of a dict's entries; else None.
        each: the variables that it is computed for.
    """

    element: ast.expr
    key: ast.expr | None
    each: tuple[Each, ...]

    @property
    def names(self) -> set[str]:
        """The variables."""
        return {each.name for each in self.each}


def elements_in(loop: ast.For) -> tuple[Each, ...]:
    """The variables that a loop gives its body."""
    return tuple(_elements(loop.target, loop.iter, _keys_in(loop.body)))


def mapped_in(value: ast.AST) -> Mapped | None:
    """What an expression computes element by element; None where it does nothing of the kind."""
    match value:
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return _comprehended(element, None, value.generators)
        case ast.DictComp(key=key, value=element):
            return _comprehended(element, key, value.generators)
        case ast.Call(func=ast.Name(id="map"), args=[ast.Lambda() as function, *taken]):
            names = [argument.arg for argument in function.args.args]
            if len(names) != len(taken):
                return None
            return Mapped(function.body, None, tuple(map(Each, names, taken)))
        case ast.Call(args=[inner, *_]) if _last_name(value.func) in WRAPPERS:
            return mapped_in(inner)
    return None


def mapped_by(line: ast.stmt) -> Mapped | None:
    """The comprehension that is the value of a line, or what ``w.update(...)`` is given."""
    value = line.value if isinstance(line, (ast.Assign, ast.Expr)) else None
    values = [] if value is None else [value, *getattr(value, "args", [])]
    return next((found for one in values if (found := mapped_in(one)) is not None), None)


def unwrapped(value: ast.expr) -> ast.expr:
    """What is within ``np.array(...)``, ``list(...)`` and their like."""
    if isinstance(value, ast.Call) and value.args and _last_name(value.func) in WRAPPERS:
        return unwrapped(value.args[0])
    return value


def _comprehended(element: ast.expr, key: ast.expr | None, generators: Sequence[ast.comprehension]) -> Mapped:
    keys = _keys_in([element] if key is None else [element, key])
    each = tuple(one for generator in generators for one in _elements(generator.target, generator.iter, keys))
    inner = mapped_in(element)
    if inner is None or inner.key is not None:
        return Mapped(element, key, each)
    return Mapped(inner.element, key, (*each, *inner.each))


def _elements(target: ast.expr, source: ast.expr, keys: set[str]) -> Iterator[Each]:
    match source, target:
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]), ast.Tuple(elts=[count, element]):
            yield from _without_a_source(count)
            yield from _elements(element, inner, keys)
        case ast.Call(func=ast.Name(id="zip"), args=taken), ast.Tuple(elts=elts) if len(taken) == len(elts):
            for one, inner in zip(elts, taken, strict=True):
                yield from _elements(one, inner, keys)
        case ast.Call(func=ast.Attribute(value=inner, attr="items")), ast.Tuple(elts=[key, element]):
            yield from _without_a_source(key)
            yield from _elements(element, inner, set())
        case ast.Call(func=ast.Attribute(value=inner, attr="values")), _:
            yield from _elements(target, inner, set())
        case ast.Call(), _ if _last_name(source.func) in KEYS:
            yield from _without_a_source(target)
        case _, ast.Name(id=name):
            yield Each(name, None if name in keys else source)
        case _:
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    yield Each(node.id, source)


def _without_a_source(target: ast.expr) -> Iterator[Each]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield Each(node.id, None)


def _keys_in(nodes: Sequence[ast.AST]) -> set[str]:
    """Names by which something is looked up."""
    return {
        name.id
        for node in nodes
        for looked_up in ast.walk(node)
        if isinstance(looked_up, ast.Subscript)
        for name in ast.walk(looked_up.slice)
        if isinstance(name, ast.Name)
    }


def _last_name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def place_in(node: ast.expr) -> tuple[ast.expr, list[ast.expr]]:
    """(what is looked into, the keys by which it is): ``W``, ``[i, j]`` of ``W[i][j]`` and ``W[i, j]``."""
    keys: list[ast.expr] = []
    while isinstance(node, ast.Subscript):
        keys[:0] = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        node = node.value
    return node, keys


def key_text(keys: Sequence[ast.expr]) -> str:
    """The source of a key."""
    written = [ast.unparse(key) for key in keys]
    return written[0] if len(written) == 1 else f"({', '.join(written)})"
