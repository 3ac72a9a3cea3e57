"""Sees loops that are written out, ``x = x - lr*g``, without a class or a framework that could be watched.

The source of the script or function is read. Where a loop moves a variable by something that has a gradient in it, the
same source is run with calls put between its lines that tell what the variable and the gradient were.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from downslope.objectives import Parameters
from downslope.recording.learner_source import Moved, moves_in, parameters_of, says_gradient
from downslope.recording.loop_records import LoopRecord, LoopRow, Slip
from downslope.recording.loops_seen import LoopSeen, LoopsSeen, Reading
from downslope.recording.source_slips import source_slips
from downslope.recording.turns import Loop, Turn, inside, names_in
from downslope.recording.watched_calls import telling
from downslope.recording.written_costs import STEPS, cost_lines, derivatives

TELLS = "__downslope_tells__"  # the name by which the source reaches who watches
COSTS = re.compile(r"(?i)^(cost|loss|objective|mse|rmse|j)$")
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
        self.lines: Any = None  # that compute the cost, of this name, from these parameters
        self.cost_name = ""
        self.owners: list[str] = []
        self._begins = True
        self._names: dict[str, float] = {}
        self._x: dict[str, Any] = {}
        self._g: dict[str, Any] = {}
        self._after: dict[str, Any] = {}
        self._rates: dict[str, float] = {}
        self._cost = math.nan
        self._true: list[Any] | None = None

    def begins(self) -> None:
        """The loop begins, for the first time or once more."""
        self.end()
        self._begins, self._names = True, {}

    def turn(self, known: Mapping[str, Any]) -> None:
        """A turn begins."""
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
        number = _copied(rate)
        if number is not None and number.size > 1:  # of each coordinate: it is no learning rate
            self.reading = replace(self.reading, is_plain=False)
        if number is not None and number.size == 1 and math.isfinite(number.item()) and number.item() != 0:
            self._rates[name] = number.item()
        self._x[name] = _copied(value)

    def gradient(self, name: str, value: Any, sign: int = 1) -> Any:
        """A gradient has been computed."""
        found = _copied(value)
        self._g[name] = None if found is None else sign * found
        return value

    def after(self, name: str, value: Any) -> None:
        """A variable has been moved."""
        self._after[name] = _copied(value)

    def cost(
        self, value: Any, known: Mapping[str, Any] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        """The cost has been computed, by lines that can be run again with the names that are known."""
        if self._after:
            return  # that of the next point
        early = not self.runs or len(self.runs[-1].record.rows) < STEPS
        if self.lines is not None and known is not None and early:
            self._true = derivatives(self.lines, self.cost_name, {**(more or {}), **known}, self.owners)
        number = _copied(value)
        self._cost = number.item() if number is not None and number.size == 1 else math.nan

    def end(self) -> None:
        """A turn of the loop is over, or the next has begun."""
        names = tuple(self._x)
        parts: list[tuple[Any, Any, Any]] = [(self._x[n], self._g.get(n), self._after.get(n)) for n in names]
        if names and all(
            x is not None and g is not None and after is not None and g.size == x.size == after.size
            for x, g, after in parts
        ):
            x, g, after = (np.concatenate([np.ravel(p[k]) for p in parts]) for k in range(3))
            coordinates = tuple(c for n, p in zip(names, parts, strict=True) for c in _coordinates(n, p[0]))
            run = self._run(coordinates, x)
            if self._true is not None and len(run.record.rows) == len(run.true):
                run.true.append(np.concatenate(self._true))
            row = LoopRow(x, g, None, self._cost, self._share(run, names), after)
            self._begin()
            run.record.add(row)
        self._begin()

    def _begin(self) -> None:
        self._true = None
        self._x, self._g, self._after, self._rates, self._cost = {}, {}, {}, {}, math.nan

    def _run(self, names: tuple[str, ...], x: Any) -> LoopSeen:
        """The run that goes on here; a new one where the loop has begun elsewhere than where it was."""
        if self.runs:
            last = self.runs[-1]
            after = last.record.rows[-1].after
            goes_on = not self._begins or (after is not None and np.array_equal(after, x))
            if goes_on and last.record.names == names:
                self._begins = False
                return last
        rates = [self._rates[n] for n in self._x if n in self._rates]
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
        if not self.reading.is_plain or run.rate is None or any(n not in self._rates for n in names):
            return 1.0
        shares = [self._rates[n] / run.rate for n in names]
        if len(set(shares)) == 1:
            return shares[0]
        return np.concatenate([np.full(self._x[n].size, s) for n, s in zip(names, shares, strict=True)])


def _copied(value: Any) -> Any:
    """The numbers of a value, or None where it has none."""
    if value is None:
        return None
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        return np.array(value, np.float64)
    except Exception:  # anything may stand in a learner's variable
        return None


def _coordinates(name: str, value: Any) -> list[str]:
    name = re.sub(r"""\[['"](.*)['"]\]$""", r".\1", name).removesuffix(".data").rpartition(".")[2]
    name = re.sub(r"\[(-1|[^\d\]][^\]]*)\]$", "", name)  # xs[i] and xs[-1] are xs
    return list(Parameters((name,), (value.shape,)).coordinates)


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
        for node in list(ast.walk(tree)):
            if isinstance(node, (ast.For, ast.While)) and not any(
                isinstance(inner, (ast.For, ast.While)) and moves_in(inner.body) for inner in inside(node)
            ):
                count = len(self.loops)
                self._watch(node, tree, owners.get(node, ""))
                if len(self.loops) > count:
                    watched[node] = count
        for node in list(ast.walk(tree)):
            self._put_beside(node, watched)
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

    def _watch(self, loop: Loop, tree: ast.Module, function: str) -> None:
        if not moves_in(loop.body):
            return
        turn = Turn(loop, tree)
        moved = parameters_of(loop, turn, tree)
        labels = [m.move.before for m in moved]
        if not moved or len(set(labels)) < len(moved):
            return
        owners = {name for m in moved for name in m.move.names()}
        made_of = [turn.beginnings(m.gradient, turn.place(m.gradient)) for m in moved]
        literals = [n.value for n in inside(loop) if isinstance(n, ast.Constant) and type(n.value) is float]
        reading = Reading(
            is_plain=all(m.is_plain for m in moved),
            is_at_the_point=not any(turn.kept(m.gradient, turn.place(m.gradient), owners) for m in moved),
            is_of_the_cost=not any(names & turn.counted for names in made_of)
            and not BY_CHANCE.search(ast.unparse(loop)),
            is_named=all(m.sign > 0 and says_gradient(m.gradient) for m in moved),
            function=function,
            constants=tuple(dict.fromkeys(c for c in literals if 0 < c < 1)),
            names=frozenset(names_in(loop)),
            lasting=frozenset(names_in(loop)) - turn.written,
        )
        told = WrittenLoop(reading, source_slips(moved, loop, turn))
        self._with_its_cost(told, turn, moved)
        self.loops.append(told)
        _Tells(len(self.loops) - 1, moved).put_into(loop)

    def _with_its_cost(self, told: WrittenLoop, turn: Turn, moved: Sequence[Moved]) -> None:
        """The cost that the loop computes, where the lines that do it can be run again."""
        owners = [m.move.owner for m in moved]
        if [m.move.before for m in moved] != owners:
            return
        for place, statement in enumerate(turn.order):
            name = _cost_of(statement)
            lines = None if name is None else cost_lines(turn, place, set(owners))
            if name is not None and lines is not None:
                told.lines, told.cost_name = compile(lines, "cost", "exec"), name
                told.owners = owners
                return


# --- the calls between the lines -------------------------------------------------------------------------


@dataclass
class _Tells(ast.NodeTransformer):
    """Puts the calls into a loop."""

    index: int
    moved: Sequence[Moved]

    def put_into(self, loop: Loop) -> None:
        loop.body = [self._call("turn", "locals()"), *self._body(loop.body), self._call("end")]

    def _body(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in body:
            mine = [m for m in self.moved if m.move.statement is statement]
            cost = _cost_of(statement)
            if isinstance(statement, (ast.If, ast.With)):
                statement.body = self._body(statement.body)
                if isinstance(statement, ast.If):
                    statement.orelse = self._body(statement.orelse)
            else:
                statement = self.visit(statement)
            out += [self._call("before", repr(m.move.before), m.move.before, str(m.rate)) for m in mine]
            out.append(statement)
            out += [self._call("after", repr(m.move.before), m.move.after) for m in mine]
            out += [self._call("cost", cost, "locals()", "globals()")] * (cost is not None)
        return out

    def _call(self, what: str, *arguments: str | None) -> ast.stmt:
        given = ", ".join(a for a in arguments if a is not None)
        return ast.parse(f"{TELLS}[{self.index}].{what}({given})").body[0]

    def visit(self, node: ast.AST) -> Any:
        """A gradient tells of itself, and is handed on."""
        mine = [m for m in self.moved if m.gradient is node]
        told: Any = super().generic_visit(node)
        for m in mine:
            call: Any = ast.parse(
                f"{TELLS}[{self.index}].gradient({m.move.before!r}, 0, {m.sign})", mode="eval"
            ).body
            call.args[1] = told
            told = call
        return told


def _cost_of(statement: ast.stmt) -> str | None:
    """The name of the cost that a line computes."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = [
        name.id
        for target in targets
        for name in (target.elts if isinstance(target, ast.Tuple) else [target])
        if isinstance(name, ast.Name)
    ]
    return next((name for name in names if COSTS.match(name)), None)
