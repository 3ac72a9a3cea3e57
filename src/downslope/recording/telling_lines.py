"""Calls between the lines of a loop, that tell of its parameters, gradients and costs while it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from downslope.recording.elements import key_text, mapped_by, place_in
from downslope.recording.learner_source import Moved
from downslope.recording.turns import Loop, Turn, names_in

TELLS = "__downslope_tells__"  # the name by which the source reaches who watches
COSTS = re.compile(r"(?i)^(cost|loss|objective|mse|rmse|j)$")


@dataclass
class TellingLines(ast.NodeTransformer):
    """Puts the calls into a loop.

    Attributes:
        index: of the loop, among all that are watched.
        moved: its parameters.
        turn: its lines.
    """

    index: int
    moved: Sequence[Moved]
    turn: Turn

    def put_into(self, loop: Loop) -> None:
        """Into the body of a loop."""
        self._of_a_part = {id(m.gradient): self._key_of(m) for m in self.moved if self._is_of_a_part(m)}
        self._of_the_next = {id(m.gradient) for m in self.moved if self._is_of_the_next_turn(m)}
        loop.body = [self._call("turn", "locals()"), *self._body(loop.body), self._call("end")]

    def _body(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in body:
            mine = [m for m in self.moved if m.move.statement is statement]
            cost = cost_name(statement) or self._summed_cost(statement)
            if isinstance(statement, (ast.If, ast.With, ast.For, ast.While)) and (
                statement in self.turn.over or isinstance(statement, (ast.If, ast.With))
            ):
                if isinstance(statement, ast.For):
                    statement.iter = self.visit(statement.iter)
                statement.body = self._body(statement.body)
                if not isinstance(statement, ast.With):
                    statement.orelse = self._body(statement.orelse)
            else:
                statement = self.visit(statement)
            out += [self._before(m) for m in mine]
            out.append(statement)
            out += [self._after(m) for m in mine if m.move.part is None or m.move.part.new is not None]
            out += [  # of what a loop over elements changes in place
                self._call("after", repr(m.move.before), m.move.before)
                for m in self.moved
                if m.move.part is not None and m.move.part.new is None and m.move.part.loop is statement
            ]
            out += [self._call("cost", cost, "locals()", "globals()")] * (cost is not None)
        return out

    def _summed_cost(self, statement: ast.stmt) -> str | None:
        """The name of a cost that a line, or a loop over data, adds to what this turn has begun."""
        if statement in self.turn.over:
            return None
        for node in ast.walk(statement):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
                begun = [
                    write for _, write in self.turn.writes_to(name) if isinstance(write.value, ast.Constant)
                ]
                if COSTS.match(name) and begun:
                    return name
        return None

    def _before(self, m: Moved) -> ast.stmt:
        move, rate = m.move, m.rate
        if move.part is not None:
            return self._call("before_part", repr(move.before), move.part.old, str(rate), str(move.part.key))
        if rate is not None and move.mapped is not None:
            inner = names_in(ast.parse(rate, mode="eval")) & move.mapped.names
            rate = None if inner else rate  # another one for each coordinate
        return self._call("before", repr(move.before), move.before, str(rate))

    def _after(self, m: Moved) -> ast.stmt:
        move = m.move
        if move.part is not None:
            return self._call("after_part", repr(move.before), move.part.new, str(move.part.key))
        return self._call("after", repr(move.before), move.after)

    def _call(self, what: str, *arguments: str | None) -> ast.stmt:
        given = ", ".join(a for a in arguments if a is not None)
        return ast.parse(f"{TELLS}[{self.index}].{what}({given})").body[0]

    # --- gradients, whole or coordinate by coordinate -----------------------------------------------------

    def _line_of(self, m: Moved) -> ast.stmt:
        return self.turn.order[self.turn.place(m.gradient)]

    def _is_of_a_part(self, m: Moved) -> bool:
        """Whether it is computed anew for each coordinate."""
        line = self._line_of(m)
        if self.turn.is_repeated(line):
            return True
        mapped = mapped_by(line)
        return mapped is not None and any(node is m.gradient for node in ast.walk(mapped.element))

    def _is_of_the_next_turn(self, m: Moved) -> bool:
        """Whether it is computed where this turn led."""
        begun, place = self.turn.place(m.move.statement), self.turn.place(m.gradient)
        made_of = self.turn.sources(m.gradient, place)
        return place > begun and any(name in m.move.names() and at >= begun for name, at in made_of)

    def _key_of(self, m: Moved) -> str:
        """How its coordinate is looked up, as far as it is."""
        line = self._line_of(m)
        mapped = mapped_by(line)
        looked_up = [node for node in ast.walk(m.gradient) if isinstance(node, ast.Subscript)]
        if mapped is not None and mapped.key is not None:
            return ast.unparse(mapped.key)
        if m.move.part is not None and m.move.statement is line and m.move.part.key is not None:
            return m.move.part.key
        for node in looked_up[:1]:
            _, keys = place_in(node)
            if any(isinstance(key, ast.Name) for key in keys) and mapped is None:
                return key_text(keys)
        return "None"

    def visit(self, node: ast.AST) -> Any:
        """A gradient tells of itself, and is handed on."""
        mine = [m for m in self.moved if m.gradient is node]
        told: Any = super().generic_visit(node)
        for m in mine:
            key = self._of_a_part.get(id(node))
            what = "gradient" if key is None else "gradient_part"
            more = ("" if key is None else f", {key}") + ", later=True" * (id(node) in self._of_the_next)
            call: Any = ast.parse(
                f"{TELLS}[{self.index}].{what}({m.move.before!r}, 0, {m.sign}{more})", mode="eval"
            ).body
            call.args[1] = told
            told = call
        return told


def cost_name(statement: ast.stmt) -> str | None:
    """The name of the cost that a line computes."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = [
        name.id
        for target in targets
        for name in (target.elts if isinstance(target, ast.Tuple) else [target])
        if isinstance(name, ast.Name)
    ]
    return next((name for name in names if COSTS.match(name)), None)
