"""NumPy: the gradient written out, vectors as arrays, a single parameter as a number."""

from __future__ import annotations

import ast
from typing import ClassVar

from downslope.export import arithmetic, table_templates
from downslope.export.arithmetic import Arithmetic
from downslope.export.curved_loop import curved_loop
from downslope.export.fit_hessian import fit_hessian
from downslope.export.formatter import commented, indent_lines
from downslope.export.loops import LoopCode
from downslope.export.python import call, fill, grouping, name, real, text
from downslope.export.residual_rows import residual_rows
from downslope.export.script import CLIMBING, OVERFLOWING, ScriptWriter
from downslope.export.vocabulary import NUMPY
from downslope.messages import Message


class NumPy(ScriptWriter):
    """Arrays and a gradient by hand."""

    title: ClassVar[Message | str] = "NumPy"
    words = NUMPY
    table_templates = table_templates.NUMPY
    vector = "np.array(_0)"
    differentiates = False

    def arithmetic(self, alone: bool) -> Arithmetic:
        return arithmetic.NUMPY_ONE if alone else arithmetic.NUMPY

    def preamble(self) -> list[str]:
        if self.overflows:
            return [commented('np.seterr(all="ignore")', OVERFLOWING), ""]
        return []

    def begin(self, numbers: ast.expr) -> list[str]:
        if self.model.single:
            made = (
                call("np.float32", numbers)
                if self.alone
                else call("np.array", numbers, dtype=name("np.float32"))
            )
        else:
            made = numbers if self.alone else call("np.array", numbers)
        return [f"{self.point} = {text(made)}"]

    def evaluate(self) -> list[str]:
        if self.model.uphill:
            return [
                f"value = {self.f}({self.point})",
                commented(f"g = -gradient({self.point})", CLIMBING),
            ]
        return [
            f"value, g = {text(grouping([call(self.f, name(self.point)), call('gradient', name(self.point))]))}"
        ]

    def objective(self) -> list[str]:
        if self.model.asks_for("values"):
            return self.function()
        if self.model.asks_for("residuals"):
            return [*(self.costs.given() if self.costs is not None else []), *residual_rows(self)]
        second = self._hessian() if self.model.asks_for("hessian") else []
        return [*super().objective(), *second]

    def _hessian(self) -> list[str]:
        """The matrix of second derivatives as a function."""
        if self.costs is not None:
            return fit_hessian(self, self.costs)
        shared, many = self.model.second_derivatives(), len(self.model.coordinates)
        self.speller.called = {**self.called, **{part: part for part, _ in shared.parts}}
        body = [f"{part} = {text(self.speller.expression(tree))}" for part, tree in shared.parts]
        entries = [self.speller.lifted(result) for result in shared.results]
        rows: list[ast.expr] = [ast.List(entries[i : i + many]) for i in range(0, many * many, many)]
        body.append(f"return {text(fill(self.vector, ast.List(rows)))}")
        return ["", "", *self.opening("hessian"), *indent_lines(body)]

    def length(self, vector: str) -> str:
        return f"abs({vector})" if self.alone else f"np.linalg.norm({vector})"

    def clipped(self, vector: str, low: str, high: str) -> str:
        return f"min(max({vector}, {low}), {high})" if self.alone else f"np.clip({vector}, {low}, {high})"

    def constant_vector(self, code: str) -> str:
        return code if self.alone else f"np.array({code})"

    def fixed_vector(self, numbers: list[float]) -> str:
        code = text(ast.List([real(v) for v in numbers]))
        return f"np.array({code}, dtype=np.float32)" if self.model.single else f"np.array({code})"

    def sight_of(self) -> str:
        return "-value" if self.model.uphill else "value"

    def loop(self) -> LoopCode:
        return curved_loop(self) if self.curved is not None else super().loop()

    def moved(self, value: ast.expr) -> list[str]:
        return [f"{self.point} = {text(value)}"]

    def plain(self, number: str) -> str:
        return number

    def listed(self, point: str) -> str:
        return f"{point}.tolist()"
