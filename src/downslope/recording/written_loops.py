"""Sees loops that are written out, ``x = x - lr*g``, without a class or a framework that could be watched.

The source of the script or function is read. Where a loop moves a variable by something that has a gradient in it, the
same source is run with calls put between its lines that tell what the variable and the gradient were.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from downslope.recording.learner_source import (
    Moved,
    calls_gradient,
    coordinate_loops,
    parameters_of,
    steps_within,
    variable_of,
)
from downslope.recording.loop_records import LoopRecord, LoopRow, Slip
from downslope.recording.loops_seen import LoopSeen, LoopsSeen, Reading
from downslope.recording.source_slips import reads_others, source_slips
from downslope.recording.telling_lines import TELLS, TellingLines, cost_name
from downslope.recording.told_values import Key, Parts, aligned, array_of, coordinates, parts_of
from downslope.recording.turns import Loop, Source, Turn, inside, names_in
from downslope.recording.watched_calls import telling
from downslope.recording.written_costs import STEPS, cost_lines, derivatives

BY_CHANCE = re.compile(r"(?i)rand|shuffle|batch|sample|choice|permut|noise")  # other data at every step


class WrittenLoop:
    """What the calls tell of one loop of the source, which may run several times.

    Attributes:
        reading: what its source says.
        slips: what its source shows to be wrong.
        runs: what was seen of it.
    """

    def __init__(self, reading: Reading, slips: list[Slip]) -> None:
        self.reading, self.slips = reading, slips
        self.runs: list[LoopSeen] = []
        self._true: dict[str, Parts] | None
        self.lines: Any = None  # that compute the cost, of this name, from these parameters
        self.cost_name = ""
        self.owners: list[str] = []
        self._begins = True
        self._names: dict[str, float] = {}
        self._begin({})

    def begins(self) -> None:
        """The loop begins, for the first time or once more."""
        self.end()
        self._begin({})
        self._begins, self._names = True, {}

    def turn(self, known: Mapping[str, Any]) -> None:
        """A turn begins."""
        self.end()
        if not self._names:
            self._names = {
                name: float(value)
                for name, value in known.items()
                if isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)
            }

    def before(self, name: str, value: Any, rate: Any = None) -> None:
        """A variable is about to be moved."""
        if name in self._x:
            self.end()
        self._x[name] = parts_of(value)
        self._rate(name, rate)

    def before_part(self, name: str, value: Any, rate: Any, key: Key) -> None:
        """One coordinate of a variable is about to be moved."""
        self._add(self._x, name, key, value)
        self._rate(name, rate)

    def gradient(self, name: str, value: Any, sign: int = 1, *, later: bool = False) -> Any:
        """A gradient has been computed, of the point where this turn began or, ``later``, where it led."""
        found = parts_of(value)
        self._gradients(name, later=later)[name] = (
            None if found is None else [(key, sign * array) for key, array in found]
        )
        return value

    def gradient_part(self, name: str, value: Any, sign: int, key: Key, *, later: bool = False) -> Any:
        """The gradient of one coordinate has been computed."""
        self._add(self._gradients(name, later=later), name, key, value if sign > 0 else _turned(value))
        return value

    def after(self, name: str, value: Any) -> None:
        """A variable has been moved."""
        self._after[name] = parts_of(value)

    def after_part(self, name: str, value: Any, key: Key) -> None:
        """One coordinate of a variable has been moved."""
        self._add(self._after, name, key, value)

    def _gradients(self, name: str, *, later: bool) -> dict[str, Parts | None]:
        """Where the gradient of a variable belongs: to this turn, or to the next."""
        if later:
            return self._later
        if name not in self._told:
            self._g.pop(name, None)
            self._told.add(name)
        return self._g

    def _add(self, told: dict[str, Parts | None], name: str, key: Key, value: Any) -> None:
        array = array_of(value)
        known = told.setdefault(name, [])
        if array is None or known is None:
            told[name] = None
        else:
            known.append((key, array))

    def _rate(self, name: str, rate: Any) -> None:
        number = array_of(rate)
        if number is not None and number.size > 1:  # of each coordinate: it is no learning rate
            self.reading = replace(self.reading, is_plain=False)
        is_one = number is not None and number.size == 1
        known = number.item() if is_one and math.isfinite(number.item()) and number.item() != 0 else None
        self._rates.setdefault(name, []).append(known)

    def cost(
        self, value: Any, known: Mapping[str, Any] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        """The cost has been computed, by lines that can be run again with the names that are known."""
        if self._after:
            return  # that of the next point
        early = not self.runs or len(self.runs[-1].record.rows) < STEPS
        if self.lines is not None and known is not None and early:
            self._true = derivatives(self.lines, self.cost_name, {**(more or {}), **known}, self.owners)
        number = array_of(value)
        self._cost = number.item() if number is not None and number.size == 1 else math.nan

    def end(self) -> None:
        """A turn of the loop is over, or the next has begun."""
        names = tuple(self._x)
        parts = [self._of_a_variable(name) for name in names]
        if parts and all(part is not None for part in parts):
            x, g, after = (np.concatenate([p[k] for p in parts if p is not None]) for k in range(3))
            labels = tuple(c for name in names for c in coordinates(name, self._x[name] or []))
            run = self._run(labels, x)
            true = self._derivatives(names)
            if true is not None and len(run.record.rows) == len(run.true):
                run.true.append(true)
            row = LoopRow(x, g, None, self._cost, self._share(run, names), after)
            self._begin(self._later)
            run.record.add(row)
            return
        untold = {name: told for name, told in self._g.items() if name not in self._told}
        self._begin(self._later if names else untold)

    def _of_a_variable(self, name: str) -> tuple[Any, Any, Any] | None:
        """(x, g, after) of one variable, flat and in one order; None where one of them is not known."""
        x, g, after = self._x.get(name), self._g.get(name), self._after.get(name)
        if x is None or g is None or after is None:
            return None
        given, led = aligned(g, x), aligned(after, x)
        if given is None or led is None:
            return None
        flat = [np.concatenate([np.ravel(array) for array in one]) for one in ([a for _, a in x], given, led)]
        return flat[0], flat[1], flat[2]

    def _derivatives(self, names: Sequence[str]) -> Any:
        """Those of the cost, in the order of the variables; None where they are not known."""
        found = []
        for name in names:
            true, x = None if self._true is None else self._true.get(name), self._x[name]
            in_order = None if true is None or x is None else aligned(true, x)
            if in_order is None:
                return None
            found += [np.ravel(array) for array in in_order]
        return np.concatenate(found)

    def _begin(self, gradients: dict[str, Parts | None]) -> None:
        """Nothing is told yet of a turn, but gradients that the one before computed for it."""
        self._true = None
        self._x: dict[str, Parts | None] = {}
        self._g = gradients
        self._told: set[str] = set()  # whose gradient this turn has computed
        self._later: dict[str, Parts | None] = {}
        self._after: dict[str, Parts | None] = {}
        self._rates: dict[str, list[float | None]] = {}
        self._cost = math.nan

    def _run(self, names: tuple[str, ...], x: Any) -> LoopSeen:
        """The run that goes on here; a new one where the loop has begun elsewhere than where it was."""
        if self.runs:
            last = self.runs[-1]
            after = last.record.rows[-1].after
            goes_on = not self._begins or (after is not None and np.array_equal(after, x))
            if goes_on and last.record.names == names:
                self._begins = False
                return last
        rates = [rate for n in self._x for rate in self._rates.get(n, ()) if rate is not None]
        run = LoopSeen(
            LoopRecord(names, told=list(self.slips)),
            reading=self.reading,
            rate=rates[0] if rates else None,
            names=self._names,
        )
        self.runs.append(run)
        self._begins = False
        return run

    def _share(self, run: LoopSeen, names: tuple[str, ...]) -> Any:
        """The learning rate of this step as a part of that of the first one; of each coordinate where they differ."""
        if not self.reading.is_plain or run.rate is None:
            return 1.0
        shares: list[Any] = []
        for name in names:
            arrays, rates = [array for _, array in self._x[name] or []], self._rates.get(name, [])
            if not rates or None in rates or len(rates) not in (1, len(arrays)):
                return 1.0
            rates = rates * len(arrays) if len(rates) == 1 else rates
            shares += [
                np.full(array.size, float(rate or 0.0) / run.rate)
                for array, rate in zip(arrays, rates, strict=True)
            ]
        share = np.concatenate(shares)
        return float(share[0]) if np.all(share == share[0]) else share


def _turned(value: Any) -> Any:
    array = array_of(value)
    return None if array is None else -array


class WrittenLoops:
    """All loops of a source that move something, and what is told of each."""

    def __init__(self, seen: LoopsSeen) -> None:
        self.loops: list[WrittenLoop] = []
        self._seen = seen

    def function(self, function: Any) -> Any:
        """What a function that makes an update is replaced by."""
        return telling(function, self._seen)

    def over(self, whole: bool) -> None:
        """A loop of the source is over, one of the script's own or one in a function."""
        self._seen.over(whole=whole)

    def __getitem__(self, index: int) -> WrittenLoop:
        return self.loops[index]

    def rewritten(self, tree: ast.Module) -> ast.Module:
        """The source with calls between its lines."""
        owners = {
            inner: node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            for inner in inside(node)
            if isinstance(inner, (ast.For, ast.While))
        }
        watched: dict[ast.AST, int] = {}
        source = Source(tree)
        over = coordinate_loops(source)
        stepping = {loop for loop in source.loops if loop not in over and steps_within(loop, source, over)}
        for node in source.loops:
            if node in stepping and not any(inner in stepping for inner in inside(node)):
                count = len(self.loops)
                self._watch(node, Turn(node, source, over), source, owners.get(node, ""))
                if len(self.loops) > count:
                    watched[node] = count
        for part in list(ast.walk(tree)):
            self._put_beside(part, watched)
        return ast.fix_missing_locations(tree)

    def seen(self) -> list[LoopSeen]:
        """The runs of which steps were seen."""
        for loop in self.loops:
            loop.end()
        return [run for loop in self.loops for run in loop.runs]

    def _put_beside(self, node: ast.AST, watched: Mapping[ast.AST, int]) -> None:
        """Calls before and after loops, and around functions that make an update."""
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if not isinstance(body, list):
                continue
            lines: list[ast.stmt] = []
            for statement in body:
                if statement in watched:
                    lines += ast.parse(f"{TELLS}[{watched[statement]}].begins()").body
                lines.append(statement)
                whole = isinstance(node, ast.Module)
                if isinstance(statement, (ast.For, ast.While)) and (
                    whole or isinstance(node, ast.FunctionDef)
                ):
                    lines += ast.parse(f"{TELLS}.over({whole})").body
            setattr(node, name, lines)
        if isinstance(node, (ast.Module, ast.FunctionDef)):
            for statement in node.body:
                if isinstance(statement, ast.FunctionDef) and len(statement.args.args) > 1:
                    statement.decorator_list.append(ast.parse(f"{TELLS}.function", mode="eval").body)

    def _watch(self, loop: Loop, turn: Turn, source: Source, function: str) -> None:
        moved = parameters_of(loop, turn, source)
        labels = [m.move.before for m in moved]
        if not moved or len(set(labels)) < len(moved):
            return
        owners = {name for m in moved for name in m.move.names()}
        made_of = [turn.beginnings(m.gradient, turn.place(m.gradient)) for m in moved]
        literals = [n.value for n in inside(loop) if isinstance(n, ast.Constant) and type(n.value) is float]
        reading = Reading(
            is_plain=all(m.is_plain for m in moved),
            is_at_the_point=not any(
                turn.kept(m.gradient, turn.place(m.gradient), owners | {variable_of(m.gradient, turn) or ""})
                for m in moved
            ),
            is_in_turn=any(m.move.is_in_place and reads_others(m, turn) for m in moved),
            is_of_the_cost=not any(names & turn.counted for names in made_of)
            and not BY_CHANCE.search(ast.unparse(loop)),
            is_named=all(m.sign > 0 and calls_gradient(m.gradient, turn) for m in moved),
            function=function,
            constants=tuple(dict.fromkeys(c for c in literals if 0 < c < 1)),
            rates=frozenset(n for m in moved for n in names_in(ast.parse(str(m.rate), mode="eval"))),
            names=frozenset(names_in(loop)),
            lasting=frozenset(names_in(loop)) - turn.written,
        )
        told = WrittenLoop(reading, source_slips(moved, loop, turn))
        self._with_its_cost(told, turn, moved)
        self.loops.append(told)
        TellingLines(len(self.loops) - 1, moved, turn).put_into(loop)

    def _with_its_cost(self, told: WrittenLoop, turn: Turn, moved: Sequence[Moved]) -> None:
        """The cost that the loop computes, where the lines that do it can be run again."""
        owners = dict.fromkeys(m.move.owner for m in moved)
        for place, statement in enumerate(turn.order):
            name = cost_name(statement)
            lines = None if name is None else cost_lines(turn, place, set(owners))
            if name is not None and lines is not None:
                told.lines, told.cost_name = compile(lines, "cost", "exec"), name
                told.owners = list(owners)
                return
