"""Wrappers printed as a module of JavaScript: what they make of an evaluation before a rule sees it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from downslope.optimizers import Optimizer
from downslope.optimizers.registry import all_wrappers
from downslope.page.printed import DIMENSIONS, body_of, fields_of, flat
from downslope.symbolic import SymbolicArray
from downslope.symbolic.tracing import tracing


class Onlooker(Optimizer):
    """A rule that hands back what it is given: the gradient as the next point, and the value as its state."""

    def update(self, x: Any, value: Any, gradient: Any, state: Any) -> tuple[Any, Any, Any]:
        """(gradient, value, True)."""
        return gradient, value, True


def wrappers() -> str:
    """The module. Bounds are no numbers of a wrapper, and scheduled rates none: the loop has those itself."""
    lines = ['import { powi, rsqrt } from "./arithmetic.js";', "export const WRAPPERS = new Map(["]
    for cls in all_wrappers():
        fields = list(fields_of(cls))
        if len(fields) == len(dataclasses.fields(cls)) - 1 > 0:
            said = json.dumps(fields, separators=(",", ":"))
            lines.append(f'["{cls.name()}", {{ hyperparameters: {said},')
            lines += [f"{n}: {_change(cls, fields, n)}," for n in DIMENSIONS]
            lines.append("}],")
    return "\n".join([*lines, "]);", ""])


def _change(cls: Any, fields: list[dict[str, Any]], n: int) -> str:
    """``change`` writes the gradient that the rule sees and returns the value; ``residual`` writes what vanishes."""
    wrapper = cls(optimizer=Onlooker()).with_values(
        **{field["name"]: SymbolicArray.symbols(f"#{field['name']}") for field in fields}
    )
    x, value, gradient = (
        SymbolicArray.symbols(name, *size) for name, *size in (("#x", n), ("#f",), ("#g", n))
    )
    with tracing():
        changed, seen, _ = wrapper.update(x, value, gradient, ())
        residual = flat(wrapper.residual(x, gradient))
    names = {f"#{field['name']}": f"p[{i}]" for i, field in enumerate(fields)} | {"#f": "f"}
    names |= {f"#{letter}[{i}]": f"{letter}[{i}]" for letter in "xg" for i in range(n)}
    places = {f"o[{i}]": entry for i, entry in enumerate(flat(changed))} | {"return": flat(seen)[0]}
    vanishing = "null"
    if residual != flat(gradient):
        written = body_of({f"o[{i}]": entry for i, entry in enumerate(residual)}, names)
        vanishing = f"(p, x, g, o) => {{{written}}}"
    return f"{{ change(p, x, f, g, o) {{{body_of(places, names)}}}, residual: {vanishing} }}"
