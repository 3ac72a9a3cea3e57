"""JAX: a compiled value and gradient, and the rule as a pure, compiled function of point and state."""

from __future__ import annotations

import ast

from downslope.export import arithmetic, table_templates
from downslope.export.arithmetic import Arithmetic
from downslope.export.formatter import commented
from downslope.export.python import name, text
from downslope.export.schedules import ScheduleLines
from downslope.export.script import CLIMBING, ScriptWriter
from downslope.export.vocabulary import JAX
from downslope.messages import message


class Jax(ScriptWriter):
    """Pure functions under ``jit``."""

    title = "JAX"
    words = JAX
    table_templates = table_templates.JAX
    vector = "jnp.stack(_0)"
    inline = False

    def arithmetic(self, alone: bool) -> Arithmetic:
        if (
            not self.simple
        ):  # a search: hundreds of operations, of which each step needs few; compiling takes seconds
            return arithmetic.JAX_SEARCH
        return arithmetic.JAX_ONE if alone else arithmetic.JAX

    def preamble(self) -> list[str]:
        if self.model.single:
            return []
        return [
            commented('jax.config.update("jax_enable_x64", True)', message("float64, not float32")),
            "",
        ]

    def ready(self) -> list[str]:
        both = f"lambda x: ({self.f}(x), gradient(x))" if self.given else f"jax.value_and_grad({self.f})"
        return [f"value_and_gradient = jax.jit({both})", ""]

    def begin(self, numbers: ast.expr) -> list[str]:
        return [f"{self.point} = jnp.array({text(numbers)})"]

    def evaluate(self) -> list[str]:
        lines = [f"value, g = value_and_gradient({self.point})"]
        return [*lines, commented("g = -g", CLIMBING)] if self.model.uphill else lines

    def first_rate(self, table: ScheduleLines) -> ast.expr:
        return name(table.function)

    def created(self, call: str) -> list[str]:
        return [
            f"optimizer = {call}",
            f"state = optimizer.init({self.point})",
            *("", "", "@jax.jit"),
            f"def update({self.point}, g, state):",
            f"    updates, state = optimizer.update(g, state, {self.point})",
            f"    return optax.apply_updates({self.point}, updates), state",
            *("", ""),
        ]

    def used(self, rate: list[str], before: list[str]) -> list[str]:
        return [*before, f"{self.point}, state = update({self.point}, g, state)"]

    def length(self, vector: str) -> str:
        return f"abs({vector})" if self.alone else f"jnp.linalg.norm({vector})"

    def clipped(self, vector: str, low: str, high: str) -> str:
        return f"jnp.clip({vector}, {low}, {high})"

    def constant_vector(self, code: str) -> str:
        return code if self.alone else f"jnp.array({code})"

    def sight_of(self) -> str:
        return "-value" if self.model.uphill else "value"

    def moved(self, value: ast.expr) -> list[str]:
        return [f"{self.point} = {text(value)}"]

    def plain(self, number: str) -> str:
        return f"float({number})"

    def listed(self, point: str) -> str:
        return f"{point}.tolist()"
