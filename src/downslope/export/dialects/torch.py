"""PyTorch: autograd gives the gradient, the rule is written by hand on tensors."""

from __future__ import annotations

import ast
from collections.abc import Callable

from downslope.export import arithmetic, table_templates
from downslope.export.arithmetic import Arithmetic
from downslope.export.formatter import commented
from downslope.export.own_classes import OwnClass, for_torch
from downslope.export.python import fill, name, text
from downslope.export.script import CLIMBING, ScriptWriter
from downslope.export.vocabulary import TORCH


class Torch(ScriptWriter):
    """Autograd and a step under ``no_grad``."""

    title = "PyTorch"
    words = TORCH
    table_templates = table_templates.TORCH
    vector = "torch.stack(_0)"

    def arithmetic(self, alone: bool) -> Arithmetic:
        return arithmetic.TORCH_ONE if alone else arithmetic.TORCH

    def preamble(self) -> list[str]:
        return [] if self.model.single else ["torch.set_default_dtype(torch.float64)", ""]

    def begin(self, numbers: ast.expr) -> list[str]:
        return [f"{self.point} = torch.tensor({text(numbers)}, requires_grad=True)"]

    def own_class(self) -> Callable[[ScriptWriter], OwnClass]:
        return for_torch

    def begin_at(self, code: str) -> str:
        return f"{self.point} = ({code}).requires_grad_()"

    def evaluate(self) -> list[str]:
        lines = [f"value = {self.f}({self.point})"]
        if self.made_by or self.own:
            return ["optimizer.zero_grad()", *lines, *self._backward(), f"g = {self.point}.grad"]
        if self.given:
            sign = "-" if self.model.uphill else ""
            return [*lines, "with torch.no_grad():", f"    g = {sign}gradient({self.point})"]
        if self.model.uphill:
            return [
                *lines,
                commented(f"(g,) = torch.autograd.grad(-value, {self.point})", CLIMBING),
            ]
        return [*lines, f"(g,) = torch.autograd.grad(value, {self.point})"]

    def _backward(self) -> list[str]:
        sign = "-" if self.model.uphill else ""
        if self.given:
            copied = ".clone()" if self.alone else ""  # W itself cannot be its own gradient
            return ["with torch.no_grad():", f"    {self.point}.grad = {sign}gradient({self.point}){copied}"]
        return [commented("(-value).backward()", CLIMBING)] if sign else ["value.backward()"]

    def used(self, rate: list[str], before: list[str]) -> list[str]:
        lines = self.given_rate(rate, 'optimizer.param_groups[0]["lr"]')
        if before:
            lines += self.stepped([*before, f"{self.point}.grad = g"])
        return [*lines, "optimizer.step()"]

    def length(self, vector: str) -> str:
        return f"abs({vector})" if self.alone else f"torch.linalg.vector_norm({vector})"

    def clipped(self, vector: str, low: str, high: str) -> str:
        return f"torch.clamp({vector}, {low}, {high})"

    def constant_vector(self, code: str) -> str:
        return code if self.alone else f"torch.tensor({code})"

    def sight_of(self) -> str:
        return "-value.item()" if self.model.uphill else "value.item()"

    def moved(self, value: ast.expr) -> list[str]:
        """In place, for the point is what autograd watches."""
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub) and text(value.left) == self.point:
            return [f"{self.point} -= {text(value.right)}"]
        return [text(fill("_0.copy_(_1)", name(self.point), value))]

    def replaced(self, value: ast.expr) -> list[str]:
        return [f"{self.point} = {text(fill('_0.requires_grad_()', value))}"]

    def stepped(self, lines: list[str]) -> list[str]:
        return ["with torch.no_grad():", *("    " + line for line in lines)] if lines else []

    def plain(self, number: str) -> str:
        return f"{number}.item()"

    def listed(self, point: str) -> str:
        return f"{point}.tolist()"
