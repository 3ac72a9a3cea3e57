"""Wrappers printed as a module of JavaScript: what they make of an evaluation before a rule sees it, and of a step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from downslope.optimizers import Optimizer, all_wrappers
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import where
from downslope.page.printed import DIMENSIONS, body_of, fields_of, flat
from downslope.symbolic import SymbolicArray
from downslope.symbolic.tracing import tracing

INNER = ("", "inner")  # what the leaf of the state of the rule inside is called
OLD, NEW = (
    "#old",
    "#new",
)  # the state of the rule inside, before and after its update: 0 and 1 when it is asked which


class Onlooker(Optimizer):
    """A rule that remembers what it is given, and returns symbols: its next point, its state, whether it accepts."""

    seen: list[Any]

    def init(self, x: Any) -> Any:
        """One number in the place of the whole state."""
        return 0.0

    def update(self, x: Any, value: Any, gradient: Any, state: Any) -> tuple[Any, Any, Any]:
        """The symbols; of the trial on numbers, a step."""
        if not isinstance(x, SymbolicArray):
            return x - gradient, state, True
        self.seen.append((x, value, gradient))
        return (
            SymbolicArray.symbols("#y", len(x)),
            SymbolicArray.symbols(NEW),
            SymbolicArray.symbols("#a") > 0.5,
        )

    def answer(self, x: Any, state: Any) -> Any:
        """The symbols of what it reports."""
        return SymbolicArray.symbols("#r", len(x)) if isinstance(x, SymbolicArray) else x


def wrappers() -> str:
    """The module. Bounds are no numbers of a wrapper, and scheduled rates none: the loop has those itself."""
    lines = ['import { powi, rsqrt } from "./arithmetic.js";', "export const WRAPPERS = new Map(["]
    for cls in all_wrappers():
        fields = [field for field in fields_of(cls) if "whole" not in field]
        if fields:
            said = json.dumps(fields, separators=(",", ":"))
            lines.append(f'["{cls.name()}", {{ hyperparameters: {said},')
            lines += [f"{n}: {_printed(cls, fields, n)}," for n in DIMENSIONS]
            lines.append("}],")
    return "\n".join([*lines, "]);", ""])


def _printed(cls: Any, fields: list[dict[str, Any]], n: int) -> str:
    """The functions of a wrapper around a rule of n coordinates, of its numbers p, the point x and its own state s.

    ``init`` writes its first state. ``before`` writes the point and the gradient that the rule sees, and returns the
    value; ``after`` writes the next point and its own next state, of the rule's next point y, whether that accepts (a)
    and what it reports (r), and returns whether this does, and 2 more where the rule's own state goes on. ``answer``
    writes what is reported where the rule inside reports r, ``residual`` what vanishes at the end. What only hands on
    is not there.
    """
    onlooker = Onlooker(seen=[])
    made = cls(optimizer=onlooker)
    symbols = {field["name"]: SymbolicArray.symbols(f"#{field['name']}") for field in fields}
    wrapper, shape = made.with_values(**symbols), made.init(np.zeros(n))
    x, value, g = (SymbolicArray.symbols(name, *size) for name, *size in (("#x", n), ("#f",), ("#g", n)))
    before = states.mapped(shape, _symbol)
    with tracing():
        first = wrapper.init(x)
        next_x, after, accepted = wrapper.update(x, value, g, before)
        answer, residual = flat(wrapper.answer(x, before)), flat(wrapper.residual(x, g))
    names = {f"#{field['name']}": f"p[{i}]" for i, field in enumerate(fields)} | dict(_places(shape))
    names |= {"#f": "f", "#a": "a", OLD: "0", NEW: "1"}
    names |= {f"#{letter}[{i}]": f"{letter}[{i}]" for letter in "xgyr" for i in range(n)}
    seen_x, seen_value, seen_g = onlooker.seen[-1]
    changed = _into([*flat(seen_x), *flat(seen_g)], flat(seen_value)[0])
    parts = {"before": f"(p, x, f, g, s, o) => {{{body_of(changed, names)}}}"}
    own = [entry for leaf in _own(after) for entry in flat(leaf)]
    hands_on = flat(next_x) == flat(SymbolicArray.symbols("#y", n)) and not own
    if not hands_on:
        inner = next((leaf for name, leaf in states.leaves(after) if name in INNER), 1.0)
        with tracing():
            taken = flat(where(accepted, 1.0, 0.0) + 2.0 * inner)[0]
        written = _into([*flat(next_x), *own], taken)
        parts["after"] = f"(p, x, f, g, s, y, a, r, o) => {{{body_of(written, names)}}}"
        begun = [entry for leaf in _own(first) for entry in flat(leaf)]
        parts["init"] = f"(p, x, o) => {{{body_of(_into(begun), names)}}}"
    if answer != flat(SymbolicArray.symbols("#r", n)):
        parts["answer"] = f"(p, x, s, r, o) => {{{body_of(_into(answer), names)}}}"
    if residual != flat(g):
        parts["residual"] = f"(p, x, g, o) => {{{body_of(_into(residual), names)}}}"
    written_out = ", ".join(f"{name}: {code}" for name, code in parts.items())
    return f"{{ state: {len(own)}, {written_out} }}"


def _symbol(name: str, leaf: Any) -> SymbolicArray:
    """The symbols of a leaf of the state; one for all of the rule inside."""
    return (
        SymbolicArray.symbols(OLD) if name in INNER else SymbolicArray.symbols(f"#s.{name}", *np.shape(leaf))
    )


def _own(state: Any) -> Iterator[Any]:
    """The leaves of a state but that of the rule inside."""
    return (leaf for name, leaf in states.leaves(state) if name not in INNER)


def _places(state: Any) -> Iterator[tuple[str, str]]:
    """Symbol -> its place in the wrapper's own state."""
    entries = [
        entry
        for name, leaf in states.leaves(state)
        if name not in INNER
        for entry in flat(_symbol(name, leaf))
    ]
    return ((str(entry), f"s[{i}]") for i, entry in enumerate(entries))


def _into(entries: list[Any], returned: Any = None) -> dict[str, Any]:
    """Expressions at their places of o, and what is returned."""
    return {f"o[{i}]": entry for i, entry in enumerate(entries)} | (
        {} if returned is None else {"return": returned}
    )
