"""SymPy: the function is an expression, SymPy differentiates it, and the loop computes with plain numbers."""

from __future__ import annotations

import ast
from functools import reduce
from typing import TYPE_CHECKING

from downslope.errors import ObjectiveError, UsageError
from downslope.export.costs import Costs
from downslope.export.dialects.numpy import NumPy
from downslope.export.formatter import WIDTH, commented, split_rows
from downslope.export.library import FrameworkOptimizers
from downslope.export.python import fill, name, quoted, text
from downslope.export.script import CLIMBING
from downslope.export.script_model import ScriptModel
from downslope.export.vocabulary import SYMPY
from downslope.messages import NOTHING, Message, message, sentences

if TYPE_CHECKING:
    from downslope.export.fit_data import FitData


class SymPy(NumPy):
    """NumPy's loop around symbols and ``diff``. The symbols have the parameters' names, so the point has another."""

    title = "SymPy"
    columns_end = "_data"
    words = SYMPY
    bends = "np.array(hessian_of(*_x), dtype=float)"
    rows_at = "np.array(rows_of(*_x), dtype=float)"

    def __init__(self, model: ScriptModel, library: FrameworkOptimizers | None = None) -> None:
        super().__init__(model, library)
        self.names.taken.discard(self.point)
        self.called = {c: model.names.new(self.names, c) for c in model.coordinates}
        self.point = self.names.new("point")
        self.speller.called = self.called

    def preamble(self) -> list[str]:
        if lines := super().preamble():
            return lines
        if "Piecewise" in text(self.speller.expression(self.model.formula)):
            both = message("both branches are computed, also the one not taken")
            return [commented('np.seterr(all="ignore")', both), ""]
        return []

    def objective(self) -> list[str]:
        if self.costs is not None:
            if self.model.asks_for("hessian") or self.model.asks_for("residuals"):
                raise UsageError(
                    message(
                        "{dialect} has the steps of {name} for formulas, and this is a fit: numpy writes it, and so do"
                        " torch, tensorflow and jax.",
                        dialect=self.title,
                        name=self.model.method.rule.name(),
                    )
                )
            return fitted(self, self.costs)
        symbols = list(self.called.values())
        lines = ["", *_symbols(symbols)]
        lines.append(f"f = {text(self.speller.expression(self.model.formula))}")
        every = _tupled(symbols)
        if self.model.asks_for("residuals"):
            return [*lines, *self._residuals(every)]
        shared = self.model.supplied
        if shared is not None:
            self.speller.called = {**self.called, **{part: part for part, _ in shared.parts}}
            lines += [f"{part} = {text(self.speller.expression(tree))}" for part, tree in shared.parts]
            given = ast.List([self.speller.expression(result) for result in shared.results])
            why = message("as it was given, in place of the derivatives of f")
            lines.append(commented(f"gradient = {text(given)}", why))
        elif self.alone:
            lines.append(f"gradient = sympy.diff(f, {symbols[0]})")
        else:
            lines.append(f"gradient = [sympy.diff(f, symbol) for symbol in {every}]")
        second = f"sympy.lambdify({every}, sympy.hessian(f, {every}), {self.modules(bends=True)})"
        made = "gradient[0]" if self.alone and self.model.supplied else "gradient"
        return [
            *lines,
            'print("f =", f)',
            'print("gradient =", gradient)',
            "",
            commented("", message("The same as functions of plain numbers.")),
            f"value_of = sympy.lambdify({every}, f, {self.modules()})",
            f"gradient_of = sympy.lambdify({every}, {made}, {self.modules()})",
            *([f"hessian_of = {second}"] if self.model.asks_for("hessian") else []),
        ]

    def _residuals(self, every: str) -> list[str]:
        """The residuals as a column of expressions, and beside them their derivatives."""
        trees = self.model.residual_rows(slopes=False)
        self.speller.called = {**self.called, **{part: part for part, _ in trees.parts}}
        shared = [f"{part} = {text(self.speller.expression(tree))}" for part, tree in trees.parts]
        roots = text(ast.List([self.speller.expression(result) for result in trees.results]))
        return [
            *shared,
            f"residuals = sympy.Matrix({roots})",
            f"rows = residuals.jacobian({every}).row_join(residuals)",
            'print("f =", f)',
            f"print({quoted(message('derivatives of its residuals, and the residuals:'))}, rows.tolist())",
            "",
            commented("", message("The same as functions of plain numbers.")),
            f"rows_of = sympy.lambdify({every}, rows, {self.modules()})",
        ]

    def modules(self, *, bends: bool = False) -> str:
        """What the functions of numbers are made of; ``bends`` for those of second derivatives."""
        return modules_of(text(self.speller.expression(self.model.formula)), bends=bends)

    def evaluate(self) -> list[str]:
        if self.costs is not None:
            return [f"value, g = loss({self.point}), gradient({self.point})"]
        point = self.point if self.alone else f"*{self.point}"
        gradient = f"gradient_of({point})" if self.alone else f"np.array(gradient_of({point}))"
        if self.model.uphill:
            return [f"value = value_of({point})", commented(f"g = -{gradient}", CLIMBING)]
        return [f"value = value_of({point})", f"g = {gradient}"]

    def value_at(self, point: str) -> str:
        if self.costs is not None:
            return f"loss({point})"
        return f"value_of({point if self.alone else '*' + point})"


def modules_of(code: str, *, bends: bool = False) -> str:
    """What functions of numbers are made of, for an expression; with ``bends`` those of its second derivatives."""
    kinks = "sympy.Max(" in code or "sympy.Min(" in code
    steps = (
        '{"Heaviside": np.heaviside, "DiracDelta": np.zeros_like}' if bends else '{"Heaviside": np.heaviside}'
    )
    made = [
        *([steps] if kinks else []),  # SymPy would take steps apart, to no end
        *(['"scipy"'] if "gamma(" in code else []),  # whose derivatives only SciPy has
        '"numpy"',
        *(['"math"'] if "sympy.erf" in code else []),
    ]
    return made[0] if len(made) == 1 else f"[{', '.join(made)}]"


def fitted(writer: SymPy, costs: Costs) -> list[str]:
    """The cost of a fit: SymPy differentiates what one row costs, and NumPy takes the mean over the rows.

    Raises:
        ObjectiveError: standardised, with several predictions a row, or a penalty added to a root.
    """
    table, loss = costs.table, costs.table.loss
    if refusal := _refused(table):
        others = message("numpy writes it, and so do torch, tensorflow and jax.")
        raise ObjectiveError(sentences(refusal, others))
    symbols = {
        c: writer.model.names.new(writer.names, c) for c in (*table.columns, table.target)
    }  # their arrays are called otherwise
    arrays = [costs.columns[c] for c in table.columns] + [costs.target]
    writer.speller.called = {**writer.called, **symbols}
    if table.formula is not None:
        prediction = writer.speller.expression(table.formula)
    else:
        terms = [
            name(p) if f is None else fill("_0 * _1", name(p), writer.speller.expression(f))
            for p, f in zip(writer.called.values(), table.features, strict=True)
        ]
        prediction = reduce(lambda a, b: fill("_0 + _1", a, b), terms)
    y = name(symbols[table.target])
    seen = "residual" if loss.of_residual else loss.predicted
    value = fill("_0 - _1", prediction, y) if seen == "residual" else prediction
    assert loss.formula is not None
    row = text(costs.spelled(loss.formula, symbols[table.target], arrays=()))
    if table.l2:
        squares = " + ".join(
            f"{p}**2" for p, under in zip(writer.called.values(), table.penalised, strict=True) if under
        )
        row = f"{row} + {costs.strength()} * ({squares})"
        row = text(ast.parse(row, mode="eval").body)
    kinks = "Max(" in text(value) or "Min(" in text(value)
    modules = '[{"Heaviside": np.heaviside}, "numpy"]' if kinks else '"numpy"'
    point = writer.point if writer.alone else f"*{writer.point}"
    given = ", ".join([point, *arrays])
    every = f"({', '.join((*writer.called.values(), *symbols.values()))})"
    mean = "np.mean(_0)" if table.weights is None else f"np.average(_0, weights={costs.weights})"
    whole = text(fill(mean, ast.parse(f"cost_of_row({given})", mode="eval").body))
    slopes = text(fill(mean, name("slope")))
    root = f" / (2 * loss({writer.point}))" if loss.root else ""
    chain = message("the chain rule, for the root") if loss.root else NOTHING
    if writer.alone:
        body = []
        made = text(fill(mean, ast.parse(f"slopes_of_row({given})[0]", mode="eval").body))
    else:
        body, made = [f"    means = [{slopes} for slope in slopes_of_row({given})]"], "np.array(means)"
    return [
        *costs.data(),
        "",
        *_symbols(list(writer.called.values())),
        *_symbols(list(symbols.values()), message("a row")),
        f"{seen} = {text(value)}",
        commented(f"row = {row}", message("what a row costs")),
        f"slopes = [sympy.diff(row, parameter) for parameter in {_tupled(list(writer.called.values()))}]",
        f"print({quoted(message('cost of a row:'))}, row)",
        f"print({quoted(message('its derivatives:'))}, slopes)",
        "",
        commented("", message("The same as functions of whole columns.")),
        f'cost_of_row = sympy.lambdify({every}, row, "numpy")',
        f"slopes_of_row = sympy.lambdify({every}, slopes, {modules})",
        *("", "", f"def loss({writer.point}):"),
        f"    return np.sqrt({whole})" if loss.root else f"    return {whole}",
        *("", "", f"def gradient({writer.point}):", *body, commented(f"    return {made}{root}", chain)),
    ]


def _refused(table: FitData) -> Message:
    """Why the cost of this fit is not written, where that is so."""
    if table.standardised:
        return message(
            "this fit is not exported to sympy: it was descended in standardised coordinates, and here SymPy derives"
            " what one row costs."
        )
    if table.classes:
        return message(
            "this fit is not exported to sympy: it has a score for each class, and here SymPy derives what one row"
            " costs."
        )
    if table.loss.root and table.l2:
        return message(
            "this fit is not exported to sympy: a penalty is added to its root, and here SymPy derives what one row"
            " costs."
        )
    if table.supplied:
        return message(
            "this fit is not exported to sympy: its gradient was given, and not derived, and here SymPy derives what"
            " one row costs."
        )
    return NOTHING


def _symbols(names: list[str], comment: Message = NOTHING) -> list[str]:
    """The lines that make symbols."""
    rows = split_rows(names, (WIDTH - len(' = sympy.symbols("", real=True)')) // 2)
    return [
        commented(f'{", ".join(row)} = sympy.symbols("{" ".join(row)}", real=True)', comment) for row in rows
    ]


def _tupled(names: list[str]) -> str:
    return f"({', '.join(names)}{',' * (len(names) == 1)})"
