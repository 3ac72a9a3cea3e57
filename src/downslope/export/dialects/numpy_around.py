"""NumPy's loop of a rule that knows curvature around a function of PyTorch, JAX or TensorFlow.

Such rules are factorisations of small matrices, which are NumPy's in every dialect; what a framework has to give is the
function and its derivatives.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from downslope.errors import UsageError
from downslope.export import table_templates
from downslope.export.dialects.numpy import NumPy
from downslope.export.formatter import docstring
from downslope.export.library import FrameworkOptimizers
from downslope.export.residual_rows import ABOUT_ROWS, residuals
from downslope.export.script_model import ScriptModel
from downslope.export.statements import unpacked
from downslope.export.vocabulary import JAX, TENSORFLOW, TORCH
from downslope.messages import Message, message


class NumPyAround(NumPy):
    """What the frameworks have in common.

    Attributes:
        tensor: template of a tensor made of NumPy's point.
        derivatives: by what is wanted, lines that define a function of a tensor, of which ``_f`` is differentiated.
        before: lines after the imports.
        joined: template of two vectors one after the other.
    """

    differentiates = True
    tensor: ClassVar[str]
    derivatives: ClassVar[dict[str, tuple[str, ...]]]
    before: ClassVar[tuple[str, ...]] = ()
    joined: ClassVar[str]

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        super().__init__(model, library)
        if self.costs is not None and self.costs.table.standardised:
            raise UsageError(
                message(
                    "{dialect} has the steps of {name} for parameters in their own units, and this fit was made in"
                    " standardised ones: numpy writes it.",
                    dialect=self.title,
                    name=model.method.rule.name(),
                )
            )

    def preamble(self) -> list[str]:
        before = [] if self.model.single else [*self.before]
        return [*before, *super().preamble()]

    def objective(self) -> list[str]:
        if self.model.asks_for("residuals"):
            given = self.costs.given() if self.costs is not None else []
            return [
                *given,
                *residuals(self, self.joined),
                *self._made("jacobian", "residuals"),
                *self._rows(),
            ]
        lines = self.function()
        if self.model.asks_for("values"):
            return lines
        if self.given:
            lines += self.written_gradient()
        else:
            lines += self._made("gradient", self.f)
        return [*lines, *(self._made("hessian", self.f) if self.model.asks_for("hessian") else [])]

    def _made(self, wanted: str, function: str) -> list[str]:
        return ["", "", *(line.replace("_f", function) for line in self.derivatives[wanted])]

    def _rows(self) -> list[str]:
        """The residuals beside their derivatives."""
        return [
            *("", "", f"def rows_of({self.point}):"),
            *docstring([ABOUT_ROWS], 4),
            f"    x = {self.of_tensor(self.point)}",
            "    return np.column_stack([np.asarray(jacobian(x)), np.asarray(residuals(x))])",
        ]

    def of_tensor(self, point: str) -> str:
        """NumPy's point as a tensor."""
        return self.tensor.replace("_x", point)

    def value_at(self, point: str) -> str:
        return f"float({self.f}({self.of_tensor(point)}))"

    def evaluate(self) -> list[str]:
        x, sign = self.of_tensor(self.point), "-" if self.model.uphill else ""
        return [f"value = {self.value_at(self.point)}", f"g = {sign}np.asarray(gradient({x}))"]


class AroundTorch(NumPyAround):
    """Derivatives by ``torch.func``."""

    title: ClassVar[Message | str] = "PyTorch"
    words, table_templates, vector = TORCH, table_templates.TORCH, "torch.stack(_0)"
    tensor, bends = "torch.tensor(_x)", "np.asarray(hessian(torch.tensor(_x)))"
    joined = "torch.cat([_0, _1])"
    before = ("torch.set_default_dtype(torch.float64)", "")
    derivatives: ClassVar[dict[str, tuple[str, ...]]] = {
        "gradient": ("gradient = torch.func.grad(_f)",),
        "hessian": ("hessian = torch.func.jacrev(torch.func.grad(_f))",),
        "jacobian": ("jacobian = torch.func.jacrev(_f)",),
    }


class AroundJax(NumPyAround):
    """Derivatives by ``jax``, compiled."""

    title: ClassVar[Message | str] = "JAX"
    words, table_templates, vector = JAX, table_templates.JAX, "jnp.stack(_0)"
    tensor, bends = "_x", "np.asarray(hessian(_x))"
    joined = "jnp.concatenate([_0, _1])"
    before = ('jax.config.update("jax_enable_x64", True)', "")
    derivatives: ClassVar[dict[str, tuple[str, ...]]] = {
        "gradient": ("gradient = jax.jit(jax.grad(_f))",),
        "hessian": ("hessian = jax.jit(jax.hessian(_f))",),
        "jacobian": ("jacobian = jax.jit(jax.jacfwd(_f))",),
    }


_ZERO = "unconnected_gradients=tf.UnconnectedGradients.ZERO"


class AroundTensorFlow(NumPyAround):
    """Derivatives by tapes."""

    title: ClassVar[Message | str] = "TensorFlow"
    words, table_templates, vector = TENSORFLOW, table_templates.TENSORFLOW, "tf.stack(_0)"
    tensor, bends = "tf.constant(_x)", "np.asarray(hessian(tf.constant(_x)))"
    joined = "tf.concat([_0, _1], 0)"
    derivatives: ClassVar[dict[str, tuple[str, ...]]] = {
        "gradient": (
            "def gradient(x):",
            "    with tf.GradientTape() as tape:",
            "        tape.watch(x)",
            "        value = _f(x)",
            f"    return tape.gradient(value, x, {_ZERO})",
        ),
        "hessian": (
            "def hessian(x):",
            "    with tf.GradientTape() as tape:",
            "        tape.watch(x)",
            "        slopes = gradient(x)",
            f"    return tape.jacobian(slopes, x, {_ZERO})",
        ),
        "jacobian": (
            "def jacobian(x):",
            "    with tf.GradientTape() as tape:",
            "        tape.watch(x)",
            "        rest = _f(x)",
            f"    return tape.jacobian(rest, x, {_ZERO})",
        ),
    }

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        super().__init__(model, library)
        dtype = "tf.float32" if model.single else "tf.float64"
        self.speller.words = replace(TENSORFLOW, lifted=f"tf.constant(_0, {dtype})")

    def unpacking(self) -> list[str]:
        return unpacked(list(self.called.values()), f"tf.unstack({self.point})")
