"""Functions, rules and schedules printed as modules of JavaScript, from their records and by tracing them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope.descent.step_map import SymbolicEvaluation, rule_symbols, step_symbols
from downslope.language.functions import FUNCTIONS, Function
from downslope.objectives import FormulaObjective
from downslope.optimizers import Optimizer, all_optimizers
from downslope.optimizers import state as states
from downslope.optimizers.registry import all_schedules
from downslope.optimizers.schedule import Schedule
from downslope.symbolic import SymbolicArray
from downslope.symbolic.array import box
from downslope.symbolic.derivatives import function_partials
from downslope.symbolic.javascript import OF_MATH, statements
from downslope.symbolic.lower import expanded, written_out
from downslope.symbolic.tracing import tracing
from downslope.symbolic.unknown import TraceError

OWN = frozenset(("erf", "erfc"))  # that neither browsers nor a definition have: arithmetic.js
DIMENSIONS = (1, 2)
LONGEST_FOR_LANES = 4_000  # characters of a step; longer ones are called run by run


class StepMapRequest(NamedTuple):
    """What a joint step map is made of.

    Attributes:
        objective, optimizer, start: of the run.
        sign: -1 to climb.
    """

    objective: FormulaObjective
    optimizer: Optimizer
    start: NDArray[np.float64]
    sign: float = 1.0


def functions() -> str:
    """The module of functions: value, and derivative by each argument."""
    lines = ['import { erf as f_erf, erfc as f_erfc, powi, rsqrt } from "./arithmetic.js";']
    entries = []
    for record in FUNCTIONS.values():
        if record.condition:
            continue
        symbols = [se.Symbol(f"#{name}") for name in record.arguments]
        partials = [
            _function(record, f"d{i}_{record.name}", partial)
            for i, partial in enumerate(function_partials(record, symbols))
        ]
        if record.name not in OWN | OF_MATH:
            lines.append(_function(record, f"f_{record.name}", written_out(record, symbols)))
        lines += partials
        value = f"{'Math.' if record.name in OF_MATH else 'f_'}{record.name}"
        names = ", ".join(f"d{i}_{record.name}" for i in range(len(partials)))
        entries.append(f'  ["{record.name}", {{ value: {value}, partials: [{names}] }}],')
    return "\n".join([*lines, "export const CODE = new Map([", *entries, "]);", ""])


def _function(record: Function, name: str, formula: Any) -> str:
    arguments = {f"#{argument}": argument for argument in record.arguments}
    *shared, last = statements({"return": formula}, arguments).split("\n")
    body = "\n".join([*shared, last.replace("return=", "return ", 1)])
    return f"function {name}({', '.join(record.arguments)}) {{\n{body}\n}}"


def rules() -> str:
    """The module of rules: of each its hyperparameters, and its arithmetic for each number of coordinates."""
    lines = ['import { powi, rsqrt } from "./arithmetic.js";', "export const RULES = new Map(["]
    for cls in all_optimizers():
        rule = _instance(cls)
        fields = _json(list(fields_of(rule)))
        projects = str(cls.projects).lower()
        lines.append(
            f'["{cls.name()}", {{ name: "{cls.name()}", projects: {projects}, hyperparameters: {fields},'
        )
        lines += [f"{n}: {_arithmetic(rule, n)}," for n in DIMENSIONS]
        lines.append("}],")
    return "\n".join([*lines, "]);", ""])


def _instance(cls: type[Optimizer]) -> Optimizer:
    """A rule with its default numbers; what must be given is 1."""
    needed = {f.name: 1.0 for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    return cls(**needed)


def fields_of(record: Any) -> Iterator[dict[str, Any]]:
    """Name, default (none where it must be given), range where it has one, and "whole" where it is, of every number."""
    for field in dataclasses.fields(record):
        known = field.metadata
        default = None if field.default is dataclasses.MISSING else field.default
        if "about" in known:
            sides = ("above", "at_least", "below")
            limits = {
                side: known[side] for side in sides if known[side] is not None and np.isfinite(known[side])
            }
            yield {"name": field.name, "default": default, **limits}
        elif type(default) is int or field.type in (int, "int"):
            yield {"name": field.name, "default": default, "whole": True}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _arithmetic(rule: Optimizer, n: int) -> str:
    """Size of the state, and functions of the buffer [hyperparameters | x | state].

    ``init`` writes the first state; ``step`` writes x and state into another buffer and says whether the point is
    accepted; ``lanes`` is ``step`` for many runs, and not there for the longest; ``answer`` writes the point that is
    reported, where that is another than the last one.
    """
    paths = list(rule.scalars())
    x = SymbolicArray.symbols("#x", n)
    hyper = {path: SymbolicArray.symbols(f"#{path}") for path in paths}
    with tracing():
        state = rule.with_scalars(hyper).init(x)
    shape = rule.init(np.zeros(n))
    f, g = SymbolicArray.symbols("#f"), SymbolicArray.symbols("#g", n)
    inputs, outputs = rule_symbols(SymbolicEvaluation(x, f, g), rule, shape)
    names = {str(symbol): f"a[{i}]" for i, symbol in enumerate(inputs)}
    names |= {"#f": "f"} | {f"#g[{i}]": f"g[{i}]" for i in range(n)}
    begin, size = len(paths), len(inputs) - len(paths) - n
    *after, _, _, taken = outputs
    step = body_of({f"o[{begin + i}]": e for i, e in enumerate(after)} | {"return": taken}, names)
    first = flat(state)
    init = body_of({f"a[{begin + n + i}]": e for i, e in enumerate(first)}, names)
    answer = _answer(rule, x, shape, (begin, names))
    lanes = f", {_lanes(step)}" if len(step) <= LONGEST_FOR_LANES else ""
    return f"{{ state: {size}, init(a) {{{init}}}, step(a, o, f, g) {{{step}}}{lanes}, answer: {answer} }}"


def _lanes(step: str) -> str:
    """The same step for runs side by side, of which each number is an array with an entry for each run."""
    inside = re.sub(r"\b([aog])\[(\d+)\]", r"\1\2[k]", re.sub(r"\bf\b", "f[k]", step))
    inside = re.sub(r"\breturn ([^;]*);", r"r[k]=\1;", inside)
    arrays = sorted({(letter, int(place)) for letter, place in re.findall(r"\b([aog])(\d+)\[k\]", inside)})
    taken = ",".join(f"{letter}{place}={letter}[{place}]" for letter, place in arrays)
    return f"lanes(a, o, f, g, r, n) {{const {taken};\nfor (let k=0;k<n;k++) {{{inside}}}}}"


def step_map(run: StepMapRequest) -> str:
    """The joint step map of an objective and a rule as an expression of JavaScript: with the bits of the machine code.

    An object of two functions. ``step(a, o)``: from [hyperparameters | x | state] in ``a`` it writes all but the first,
    the value and the square of the gradient's norm into ``o``, and says whether the point is accepted.
    ``gradient(a, g)`` is for where that square is no good. It needs ``powi`` and ``rsqrt``.
    """
    state = run.optimizer.init(run.start)
    inputs, outputs = step_symbols(run.objective, run.optimizer, run.sign, state)
    names = {str(symbol): f"a[{i}]" for i, symbol in enumerate(inputs)}
    begin = len(run.optimizer.scalars())
    *written, taken = expanded(outputs)
    body = body_of({f"o[{begin + i}]": e for i, e in enumerate(written)} | {"return": taken}, names)
    slopes = [se.Integer(int(run.sign)) * partial for partial in expanded(run.objective.partials)]
    gradient = body_of({f"g[{i}]": slope for i, slope in enumerate(slopes)}, names)
    return f"{{ step(a, o) {{{body}}}, gradient(a, g) {{{gradient}}} }}"


def _answer(rule: Optimizer, x: SymbolicArray, shape: Any, layout: tuple[int, Mapping[str, str]]) -> str:
    before = states.mapped(shape, lambda name, leaf: SymbolicArray.symbols(f"#state.{name}", *np.shape(leaf)))
    hyper = {path: SymbolicArray.symbols(f"#{path}") for path in rule.scalars()}
    with tracing():
        answer = flat(rule.with_scalars(hyper).answer(x, before))
    if answer == flat(x):
        return "null"
    return f"(a, o) => {{{body_of({f'o[{i}]': e for i, e in enumerate(answer)}, layout[1])}}}"


def flat(state: Any) -> list[Any]:
    """Every entry of every leaf of a state, or of an array."""
    return [entry for _, leaf in states.leaves(state) for entry in box(leaf).ravel()]


def body_of(places: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The body of a function that writes expressions to places; "return" is the one that it returns."""
    return statements(places, names).replace("return=", "return ", 1)


def schedules() -> str:
    """The module of schedules: the factor of a step from its count, the value there, and a state."""
    lines = ['import { powi, rsqrt } from "./arithmetic.js";', "export const SCHEDULES = new Map(["]
    for cls in all_schedules():
        code = _schedule(cls)
        if code:
            lines.append(f'["{cls.name()}", {code}],')
    return "\n".join([*lines, "]);", ""])


def _schedule(cls: type[Schedule]) -> str | None:
    """A schedule's arithmetic of p (its numbers), or nothing where it is made of a function or a list."""
    fields = list(fields_of(cls))
    if len(fields) != len(dataclasses.fields(cls)):
        return None
    given = cls(
        **{field["name"]: 2 if "whole" in field else 0.5 for field in fields if field["default"] is None}
    )
    for fixed in (
        (),
        tuple(field["name"] for field in fields if "whole" in field and field["default"] is not None),
    ):
        symbols = {
            f["name"]: SymbolicArray.symbols(f"#{f['name']}") for f in fields if f["name"] not in fixed
        }
        try:
            return _traced_schedule(given, symbols, [f for f in fields if f["name"] not in fixed])
        except (TraceError, TypeError, ValueError):
            continue
    return None


def _traced_schedule(given: Schedule, symbols: dict[str, SymbolicArray], fields: list[dict[str, Any]]) -> str:
    schedule = given.with_values(**symbols)
    first = given.init()
    before = states.mapped(first, lambda name, leaf: SymbolicArray.symbols(f"#state.{name}"))
    with tracing():
        factor, after = schedule.update(
            SymbolicArray.symbols("#count"), SymbolicArray.symbols("#value"), before
        )
    names = {f"#{field['name']}": f"p[{i}]" for i, field in enumerate(fields)}
    names |= {"#count": "count", "#value": "value"}
    names |= {f"#state.{name}": f"s[{i}]" for i, (name, _) in enumerate(states.leaves(first))}
    body = body_of({f"o[{i}]": e for i, e in enumerate(flat(after))} | {"return": box(factor).item()}, names)
    initial = _json([float(leaf) for _, leaf in states.leaves(first)])
    return (
        f"{{ hyperparameters: {_json(fields)}, state: {initial}, factor(p, count, value, s, o) {{{body}}} }}"
    )
