"""A gradient that has no name of its own, in a state or beside one: ``v = beta*v + (1 - beta)*2*x``.

Of what a step is made of, the terms are looked at that are made of the parameter as the turn began, and of nothing that
is kept from turn to turn. Where they all are the same, but for squares of it, that is the gradient. Else none is.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from downslope.recording.elements import mapped_in
from downslope.recording.factors import factors_of, is_a_number, product_of, replace_in, terms_of
from downslope.recording.learner_names import is_a_rate
from downslope.recording.turns import Turn, names_in
from downslope.recording.written_moves import WrittenMove


@dataclass
class Fresh:
    """A term of what moves a parameter that is new in this turn.

    Attributes:
        statement, term: the line, and the term in it.
        sign: with which it comes in.
        gradient: its factors that are made of the parameter and the numbers beside them, and what divides them.
        others: its other factors: rates, parts of what is new, what is kept.
    """

    statement: ast.stmt
    term: ast.expr
    sign: int
    gradient: tuple[list[ast.expr], list[ast.expr]]
    others: tuple[list[ast.expr], list[ast.expr]]

    def is_a_square(self) -> bool:
        """Whether it is the square of something, as a mean square is made of."""
        over = self.gradient[0]
        texts = sorted(map(ast.unparse, over))
        made_twice = len(texts) % 2 == 0 and texts[::2] == texts[1::2]
        return made_twice or any(
            (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow))
            or (isinstance(part, ast.Call) and ast.unparse(part.func).endswith(("square", "abs", "pow")))
            for part in over
        )

    def text(self) -> str:
        """Its gradient, to be compared."""
        return "*".join(sorted(map(ast.unparse, self.gradient[0]))) + "/".join(
            map(ast.unparse, self.gradient[1])
        )

    def put_apart(self) -> ast.expr:
        """The gradient as one expression, which its line is rewritten to hold."""
        gradient = product_of(*self.gradient)
        joined = ast.BinOp(product_of(*self.others), ast.Mult(), gradient)
        replace_in(self.statement, self.term, joined)
        return gradient


@dataclass
class _Search:
    """For what is new in what moves one parameter."""

    move: WrittenMove
    turn: Turn
    owners: set[str]
    found: list[Fresh] = field(default_factory=list)
    visited: set[tuple[str, int]] = field(default_factory=set)

    def look_into(self, expression: ast.expr, statement: ast.stmt, place: int, sign: int) -> None:
        """Into the terms of an expression, and into what made the kept values in it."""
        terms = list(terms_of(expression))
        for term, its_sign in terms:
            if isinstance(term, ast.Name) and self._is_made_here(term, place):
                *_, (at, value, of, sign_there) = self._made(term.id, place)
                self.look_into(value, of, at, sign * its_sign * sign_there)
                continue
            fresh = self._fresh(term, statement, place, [one for one, _ in terms])
            if fresh is not None:
                fresh.sign = sign * its_sign
                self.found.append(fresh)
        for name in sorted(names_in(expression)):
            if not self._is_kept(ast.Name(name, ast.Load()), place):
                continue
            for at, value, of, its_sign in self._made(name, place):
                self.look_into(value, of, at, sign * its_sign)

    def _is_made_here(self, name: ast.Name, place: int) -> bool:
        """Whether a line of this turn made a value, of nothing that is kept: ``step = lr*2*x``."""
        before = [write for at, write in self.turn.writes_to(name.id) if at < place]
        is_made = bool(before) and isinstance(before[-1].value, (ast.expr, ast.AugAssign))
        return name.id not in self.owners and is_made and not self._is_kept(name, place)

    def _made(self, name: str, place: int) -> Iterator[tuple[int, ast.expr, ast.stmt, int]]:
        """(place, value, line, sign) of the lines of this turn that made a value."""
        for at, write in self.turn.writes_to(name):
            if at >= place or (name, at) in self.visited:
                continue
            self.visited.add((name, at))
            value, sign = write.value, 1
            if isinstance(value, ast.AugAssign):
                sign = -1 if isinstance(value.op, ast.Sub) else 1
                value = value.value
            mapped = mapped_in(value)
            if isinstance(value, ast.expr):
                yield at, value if mapped is None else mapped.element, self.turn.order[at], sign

    def _is_kept(self, part: ast.expr, place: int) -> bool:
        return bool(self.turn.kept(part, place, self.owners))

    def _fresh(self, term: ast.expr, statement: ast.stmt, place: int, beside: list[ast.expr]) -> Fresh | None:
        over, under = factors_of(term)

        def is_of_the_gradient(part: ast.expr) -> bool:
            return not self._is_kept(part, place) and not _is_a_share(part, beside) and not is_a_rate(part)

        own = [part for part in over if is_of_the_gradient(part)]
        less = [part for part in under if is_of_the_gradient(part)]
        if not any(self.move.owner in self.turn.beginnings(part, place) for part in own):
            return None
        others = [part for part in over if part not in own], [part for part in under if part not in less]
        return Fresh(statement, term, 1, (own, less), others)


def fresh_term(move: WrittenMove, turn: Turn, owners: set[str]) -> Fresh | None:
    """The one thing that is new in what moves a parameter; None where there is none, or where there are several."""
    search = _Search(move, turn, owners)
    search.look_into(move.added, move.statement, turn.place(move.statement), 1 if move.is_added else -1)
    plain = [one for one in search.found if not one.is_a_square()]
    if len({(one.text(), one.sign) for one in plain}) != 1:
        return None
    fresh = plain[0]
    rated = any(is_a_number(part) for part in factors_of(move.added)[0]) or fresh.term is move.added
    own, less = fresh.gradient
    if not rated and not any(is_a_rate(part) for part in fresh.others[0]) and len(own) > 1:
        first = next((part for part in own if is_a_number(part)), None)
        if first is not None:  # v = 0.9*v - 0.1*2*x, and x + v: the rate stands in the state
            fresh.gradient = [part for part in own if part is not first], less
            fresh.others = [*fresh.others[0], first], fresh.others[1]
    if not turn.kept(move.added, turn.place(move.statement), owners) and not _is_a_descent(fresh, move):
        return None
    return fresh


def _is_a_descent(fresh: Fresh, move: WrittenMove) -> bool:
    """Whether a step in which nothing is kept has a learning rate in it; else it is another method's: f(x)/f'(x)."""
    if fresh.term is move.added:
        return False
    over = [*fresh.others[0], *factors_of(move.added)[0]]
    return any(is_a_rate(part) or (isinstance(part, ast.Constant) and not fresh.gradient[1]) for part in over)


def _is_a_share(part: ast.expr, beside: list[ast.expr]) -> bool:
    """Whether a factor says which part of what is new is taken: ``1 - beta``, or 0.1 beside 0.9."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
        return (
            isinstance(part.left, ast.Constant)
            and part.left.value == 1
            and is_a_number(part.right, of_any_name=True)
        )
    if not isinstance(part, ast.Constant) or not isinstance(part.value, (int, float)):
        return False
    kept = [one.value for term in beside for one in factors_of(term)[0] if isinstance(one, ast.Constant)]
    return any(isinstance(one, float) and math.isclose(one, 1 - part.value) for one in kept)
