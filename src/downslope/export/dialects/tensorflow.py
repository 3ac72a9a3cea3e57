"""TensorFlow 2: a gradient tape gives the gradient, the rule is written by hand on tensors."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from downslope.export import arithmetic, table_templates
from downslope.export.arithmetic import Arithmetic
from downslope.export.formatter import commented
from downslope.export.library import FrameworkOptimizers
from downslope.export.own_classes import OwnClass, for_keras
from downslope.export.python import text
from downslope.export.script import CLIMBING, ScriptWriter
from downslope.export.script_model import ScriptModel
from downslope.export.statements import unpacked
from downslope.export.vocabulary import TENSORFLOW
from downslope.messages import NOTHING


class TensorFlow(ScriptWriter):
    """A tape, and a step that assigns to a variable."""

    title = "TensorFlow"
    words = TENSORFLOW
    table_templates = table_templates.TENSORFLOW
    vector = "tf.stack(_0)"

    def arithmetic(self, alone: bool) -> Arithmetic:
        if self.own is not None:
            return arithmetic.KERAS
        return arithmetic.TENSORFLOW_ONE if alone else arithmetic.TENSORFLOW

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        super().__init__(model, library)
        self.speller.words = replace(TENSORFLOW, lifted=f"tf.constant(_0, {self.dtype})")

    @property
    def dtype(self) -> str:
        """The type of its numbers."""
        return "tf.float32" if self.model.single else "tf.float64"

    def preamble(self) -> list[str]:
        if (self.made_by or self.own) and not self.model.single:
            return ['keras.config.set_floatx("float64")', ""]
        return []

    def used(self, rate: list[str], before: list[str]) -> list[str]:
        lines = self.given_rate(rate, "optimizer.learning_rate")
        return [*lines, *before, f"optimizer.apply([g], [{self.point}])"]

    def unpacking(self) -> list[str]:
        return unpacked(list(self.called.values()), f"tf.unstack({self.point})")

    def begin(self, numbers: ast.expr) -> list[str]:
        return [f"{self.point} = tf.Variable({text(numbers)}, dtype={self.dtype})"]

    def own_class(self) -> Callable[[ScriptWriter], OwnClass]:
        return for_keras

    def begin_at(self, code: str) -> str:
        return f"{self.point} = tf.Variable({code})"

    def evaluate(self) -> list[str]:
        sign = "-" if self.model.uphill else ""
        if self.given:
            return [f"value = {self.f}({self.point})", f"g = {sign}gradient({self.point})"]
        remark = CLIMBING if self.model.uphill else NOTHING
        return [
            "with tf.GradientTape() as tape:",
            f"    value = {self.f}({self.point})",
            commented(f"g = {sign}tape.gradient(value, {self.point})", remark),
        ]

    def length(self, vector: str) -> str:
        return f"abs({vector})" if self.alone else f"tf.norm({vector})"

    def clipped(self, vector: str, low: str, high: str) -> str:
        return f"tf.clip_by_value({vector}, {low}, {high})"

    def constant_vector(self, code: str) -> str:
        return code if self.alone else f"tf.constant({code}, dtype={self.dtype})"

    def sight_of(self) -> str:
        return "-float(value)" if self.model.uphill else "float(value)"

    def moved(self, value: ast.expr) -> list[str]:
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub) and text(value.left) == self.point:
            return [f"{self.point}.assign_sub({text(value.right)})"]
        return [f"{self.point}.assign({text(value)})"]

    def kept_point(self) -> str:
        return f"tf.identity({self.point})"

    def shown(self) -> str:
        return f"{self.point}.numpy()"

    def spread(self) -> str:
        return f"*{self.point}.numpy()"

    def plain(self, number: str) -> str:
        return f"float({number})"

    def listed(self, point: str) -> str:
        return f"{point}.numpy().tolist()"
