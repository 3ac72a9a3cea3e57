"""Loops over numbers, written in a small part of Python -> machine code by LLVM, in some milliseconds.

A function is taken as it stands in its file, with the functions that it calls written out in it. It may assign names,
parts of tuples and elements of arrays; compute and compare; ask ``if``, ``while`` and ``for ... in range(n)``; and
build and read named tuples. A name keeps the kind of number that it was given first. Both sides of ``and``, ``or`` and
of ``a if b else c`` are computed. Nothing is kept on disk: there is nothing to be damaged.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from llvmlite import ir

from downslope.symbolic.loop_numbers import BOOL, DOUBLE, LONG, Array, NumberWriter, Value

Names: TypeAlias = dict[str, Value]
EMITTED = "emitted_by"  # the attribute of a function that is written in LLVM's own instructions

_ORDERED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def emitted(emit: Callable[..., Value]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: calls of the function are the instructions that ``emit(writer, *arguments)`` writes."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        setattr(function, EMITTED, emit)
        return function

    return decorate


@cache
def _definitions(module: str) -> dict[str, ast.FunctionDef]:
    """The functions of a module, as they are written."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@cache
def _assigned(node: ast.AST) -> frozenset[str]:
    """The names that are assigned within a statement."""
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


@dataclass
class _Frame:
    """A function that is being written out: its names, and where it returns from."""

    names: Names
    globals: Mapping[str, Any]
    returns: list[tuple[Any, Value]] = field(default_factory=list)
    breaks: list[list[tuple[Any, Names]]] = field(default_factory=list)  # of the loops around


class PythonWriter(NumberWriter):
    """Writes functions into the block where a builder stands."""

    def inline(self, function: Callable[..., Any], arguments: Sequence[Value]) -> Value:
        """Write a function out here; answers with what it returns."""
        definition = _definitions(function.__module__)[function.__name__]
        parameters = [argument.arg for argument in definition.args.args]
        frame = _Frame(dict(zip(parameters, arguments, strict=True)), inspect.unwrap(function).__globals__)
        if self._write(definition.body, frame):
            frame.returns.append((self.b.block, None))
            if len(frame.returns) == 1:
                return None
        if len(frame.returns) == 1 and self.b.block is frame.returns[0][0]:
            return frame.returns[0][1]
        return self._joined(frame.returns)

    def _joined(self, returns: list[tuple[Any, Value]]) -> Value:
        """Go on behind a function that returns at several places."""
        after = self.function.append_basic_block()
        numbers: list[Any] = []
        for block, value in returns:
            self.b.position_at_end(block)
            numbers.append(None if value is None else self.number(value))
            self.b.branch(after)
        self.b.position_at_end(after)
        if all(number is None for number in numbers):
            return None
        phi = self.b.phi(numbers[0].type)
        for (block, _), number in zip(returns, numbers, strict=True):
            phi.add_incoming(number, block)
        return phi

    def _write(self, body: Sequence[ast.stmt], frame: _Frame) -> bool:
        """Write statements; whether there is a way to what comes behind them."""
        for statement in body:
            match statement:
                case ast.Expr(ast.Constant(str())) | ast.Pass():
                    continue
                case ast.Expr(value):
                    self._eval(value, frame)
                case ast.Assign([target], value):
                    self._assign(target, self._eval(value, frame), frame)
                case ast.AugAssign(target, operator, value):
                    read = ast.copy_location(_as_load(target), target)
                    made = self.compute(operator, self._eval(read, frame), self._eval(value, frame))
                    self._assign(target, made, frame)
                case ast.If(test, then, otherwise):
                    if not self._write_if(self.truth(self._eval(test, frame)), (then, otherwise), frame):
                        return False
                case ast.While(_, _, []):
                    self._write_while(statement, frame)
                case ast.For(ast.Name(), ast.Call(ast.Name("range"), [count]), _, []):
                    self._write_for(statement, self._eval(count, frame), frame)
                case ast.Return(value):
                    made = None if value is None else self._eval(value, frame)
                    frame.returns.append((self.b.block, made))
                    return False
                case ast.Break():
                    frame.breaks[-1].append((self.b.block, dict(frame.names)))
                    return False
                case _:
                    raise TypeError(ast.unparse(statement))
        return True

    def _assign(self, target: ast.expr, value: Value, frame: _Frame) -> None:
        match target:
            case ast.Name(name):
                before = frame.names.get(name)
                if isinstance(before, ir.Value) and before.type != BOOL:
                    value = self.number(value, before.type)
                frame.names[name] = value
            case ast.Tuple(targets):
                for part, one in zip(targets, value, strict=True):
                    self._assign(part, one, frame)
            case ast.Subscript(array, index):
                self.store(value, self._eval(array, frame), self._eval(index, frame))
            case _:
                raise TypeError(ast.unparse(target))

    def _write_if(self, test: Any, ways: tuple[Sequence[ast.stmt], ...], frame: _Frame) -> bool:
        if not isinstance(test, ir.Value):
            return self._write(ways[0 if test else 1], frame)
        blocks = [self.function.append_basic_block() for _ in ways]
        self.b.cbranch(test, *blocks)
        before, ends = frame.names, []
        for block, body in zip(blocks, ways, strict=True):
            self.b.position_at_end(block)
            frame.names = dict(before)
            if self._write(body, frame):
                ends.append((self.b.block, frame.names))
        frame.names = before
        if not ends:
            return False
        self._meet(ends, frame)
        return True

    def _meet(self, ends: list[tuple[Any, Names]], frame: _Frame) -> None:
        """Go on where several ways meet, with the names that all of them have."""
        if len(ends) == 1:
            block, frame.names = ends[0]
            self.b.position_at_end(block)
            return
        after = self.function.append_basic_block()
        shared = [name for name in ends[0][1] if all(name in names for _, names in ends)]
        differing = [n for n in shared if any(names[n] is not ends[0][1][n] for _, names in ends)]
        kinds = {}
        for name in differing:
            first = ends[0][1][name]
            if isinstance(first, (Array, tuple)):
                continue  # of a part that ended: nothing behind reads it
            kinds[name] = self._kind([names[name] for _, names in ends])
        numbers: dict[str, list[tuple[Any, Any]]] = {name: [] for name in kinds}
        for block, names in ends:
            self.b.position_at_end(block)
            for name, kind in kinds.items():
                numbers[name].append((self.number(names[name], kind), block))
            self.b.branch(after)
        self.b.position_at_end(after)
        frame.names = {name: ends[0][1][name] for name in shared if name not in differing}
        for name, incoming in numbers.items():
            frame.names[name] = self._phi(incoming)

    def _kind(self, values: Sequence[Value]) -> Any:
        kinds = {self.number(value).type for value in values}
        if len(kinds) == 1:
            return kinds.pop()
        return LONG if kinds <= {LONG, BOOL} else DOUBLE

    def _phi(self, incoming: Sequence[tuple[Any, Any]]) -> Any:
        phi = self.b.phi(incoming[0][0].type)
        for number, block in incoming:
            phi.add_incoming(number, block)
        return phi

    def _write_while(self, loop: ast.While, frame: _Frame) -> None:
        self._write_loop(loop, frame, lambda: self._eval(loop.test, frame), lambda: None)

    def _write_for(self, loop: ast.For, count: Value, frame: _Frame) -> None:
        """A loop over range(count): the name that it counts by, and the number that comes next."""
        assert isinstance(loop.target, ast.Name)
        name, count, hidden = loop.target.id, self.number(count, LONG), f"{loop.target.id}, to be"
        frame.names[hidden] = LONG(0)

        def goes_on() -> Any:
            frame.names[name] = frame.names[hidden]
            return self.compare("<", frame.names[hidden], count)

        def next_one() -> None:
            frame.names[hidden] = self.b.add(frame.names[hidden], LONG(1))

        self._write_loop(loop, frame, goes_on, next_one)
        frame.names.pop(hidden, None)

    def _write_loop(
        self, loop: ast.While | ast.For, frame: _Frame, goes_on: Callable[[], Any], at_end: Callable[[], None]
    ) -> None:
        """A loop: the names that its body assigns meet at its head."""
        head, inner, after = (self.function.append_basic_block() for _ in range(3))
        assigned = {*_assigned(loop), *(f"{name}, to be" for name in _assigned(loop))}
        carried = [
            name
            for name, value in frame.names.items()
            if name in assigned and not isinstance(value, (tuple, Array))
        ]
        begun = {name: self.number(frame.names[name]) for name in carried}
        before = self.b.block
        self.b.branch(head)
        self.b.position_at_end(head)
        phis = {name: self.b.phi(number.type) for name, number in begun.items()}
        for name, number in begun.items():
            phis[name].add_incoming(number, before)
        frame.names = {**frame.names, **phis}
        test = self.number(goes_on())
        at_head = dict(frame.names)
        self.b.cbranch(test, inner, after)
        self.b.position_at_end(inner)
        frame.breaks.append([])
        if self._write(loop.body, frame):
            at_end()
            ends = {name: self.number(frame.names[name], phi.type) for name, phi in phis.items()}
            for name, phi in phis.items():
                phi.add_incoming(ends[name], self.b.block)
            self.b.branch(head)
        self.b.position_at_end(after)
        frame.names = at_head
        broken = frame.breaks.pop()
        if broken:
            self._meet([(after, at_head), *broken], frame)

    # Expressions

    def _eval(self, node: ast.expr, frame: _Frame) -> Value:
        match node:
            case ast.Constant(value):
                return value
            case ast.Name(name):
                return frame.names[name] if name in frame.names else frame.globals[name]
            case ast.Attribute(value, name):
                return getattr(self._eval(value, frame), name)
            case ast.Tuple(parts):
                return tuple(self._eval(part, frame) for part in parts)
            case ast.Subscript(value, index):
                array, at = self._eval(value, frame), self._eval(index, frame)
                return self.load(array, at) if isinstance(array, Array) else array[at]
            case ast.BinOp(left, operator, right):
                return self.compute(operator, self._eval(left, frame), self._eval(right, frame))
            case ast.UnaryOp(ast.USub(), value):
                made = self._eval(value, frame)
                return self.compute(ast.Mult(), -1, made) if isinstance(made, ir.Value) else -made
            case ast.UnaryOp(ast.Not(), value):
                made = self.truth(self._eval(value, frame))
                return self.b.not_(made) if isinstance(made, ir.Value) else not made
            case ast.BoolOp(operator, parts):
                return self._all_or_any(operator, [self.truth(self._eval(part, frame)) for part in parts])
            case ast.Compare(left, [operator], [right]):
                return self.compare(
                    _ORDERED[type(operator)], self._eval(left, frame), self._eval(right, frame)
                )
            case ast.IfExp(test, then, otherwise):
                a, b = self._pair(self._eval(then, frame), self._eval(otherwise, frame))
                return self.b.select(self.truth(self._eval(test, frame)), a, b)
            case ast.Call(called, arguments, []):
                return self._call(called, [self._eval(argument, frame) for argument in arguments], frame)
        raise TypeError(ast.unparse(node))

    def _all_or_any(self, operator: ast.boolop, parts: list[Value]) -> Any:
        made = self.number(parts[0])
        for part in parts[1:]:
            made = (self.b.and_ if isinstance(operator, ast.And) else self.b.or_)(made, self.number(part))
        return made

    def _call(self, called: ast.expr, arguments: list[Value], frame: _Frame) -> Value:
        known = _KNOWN.get(ast.unparse(called))
        if known is not None:
            return known(self, *arguments)
        function = self._eval(called, frame)
        emit = getattr(function, EMITTED, None)
        if emit is not None:
            return emit(self, *arguments)
        return function(*arguments) if isinstance(function, type) else self.inline(function, arguments)


_KNOWN: dict[str, Callable[..., Value]] = {
    "abs": PythonWriter.absolute,
    "min": PythonWriter.smaller,
    "max": PythonWriter.larger,
    "np.sqrt": PythonWriter.root,
    "np.isfinite": PythonWriter.is_finite,
    "np.isnan": lambda writer, value: writer.compare("!=", value, value),
    "np.float64": lambda writer, value: writer.number(value, DOUBLE),
    "np.int64": lambda writer, value: writer.number(value, LONG),
}


def _as_load(target: ast.expr) -> ast.expr:
    """What is assigned to, to be read."""
    return ast.parse(textwrap.dedent(ast.unparse(target)), mode="eval").body
