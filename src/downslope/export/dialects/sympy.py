"""SymPy: the function is an expression, SymPy differentiates it, and the loop computes with plain numbers."""

from __future__ import annotations

import ast

from downslope.export import arithmetic
from downslope.export.arithmetic import Arithmetic
from downslope.export.library import Library
from downslope.export.python import call, name, text
from downslope.export.script import Writer
from downslope.export.story import Story
from downslope.export.vocabulary import SYMPY


class SymPy(Writer):
    """Symbols and ``diff``; the symbols are called as the parameters, so the point is called otherwise."""

    title = "SymPy"
    words = SYMPY

    def __init__(self, story: Story, library: Library | None = None) -> None:
        super().__init__(story, library)
        self.names.taken.discard(self.point)
        self.called = {c: self.names.new(c) for c in story.coordinates}
        self.point = self.names.new("point")
        self.speller.called = self.called

    def arithmetic(self, alone: bool) -> Arithmetic:
        return arithmetic.NUMPY_ONE if alone else arithmetic.NUMPY

    def preamble(self) -> list[str]:
        if self.searches:
            return ['np.seterr(all="ignore")  # a trial step may overflow; the search refuses it', ""]
        if "Piecewise" in text(self.speller.expression(self.story.formula)):
            return ['np.seterr(all="ignore")  # both branches are computed, also the one not taken', ""]
        return []

    def objective(self) -> list[str]:
        symbols = list(self.called.values())
        plain = " ".join(symbols)
        lines = ["", f'{", ".join(symbols)} = sympy.symbols("{plain}", real=True)']
        lines.append(f"f = {text(self.speller.expression(self.story.formula))}")
        every = f"({', '.join(symbols)}{',' * (len(symbols) == 1)})"
        if self.story.supplied:
            shared = self.story.supplied
            self.speller.called = {**self.called, **{part: part for part, _ in shared.parts}}
            lines += [f"{part} = {text(self.speller.expression(tree))}" for part, tree in shared.parts]
            given = ast.List([self.speller.expression(result) for result in shared.results])
            lines.append(f"gradient = {text(given)}  # as it was given, in place of the derivatives of f")
        elif self.alone:
            lines.append(f"gradient = sympy.diff(f, {symbols[0]})")
        else:
            lines.append(f"gradient = [sympy.diff(f, symbol) for symbol in {every}]")
        made = "gradient[0]" if self.alone and self.story.supplied else "gradient"
        return [
            *lines,
            'print("f =", f)',
            'print("gradient =", gradient)',
            "",
            "# The same as functions of plain numbers.",
            f"value_of = sympy.lambdify({every}, f, {self.modules()})",
            f"gradient_of = sympy.lambdify({every}, {made}, {self.modules()})",
        ]

    def modules(self) -> str:
        """What the functions of numbers are made of."""
        code = text(self.speller.expression(self.story.formula))
        return '["numpy", "math"]' if "sympy.erf" in code else '"numpy"'

    def begin(self, numbers: ast.expr) -> list[str]:
        if self.story.single:
            made = (
                call("np.float32", numbers)
                if self.alone
                else call("np.array", numbers, dtype=name("np.float32"))
            )
        else:
            made = numbers if self.alone else call("np.array", numbers)
        return [f"{self.point} = {text(made)}"]

    def evaluate(self) -> list[str]:
        point = self.point if self.alone else f"*{self.point}"
        gradient = f"gradient_of({point})" if self.alone else f"np.array(gradient_of({point}))"
        if self.story.uphill:
            return [f"value = value_of({point})", f"g = -{gradient}  # climbing f is descending -f"]
        return [f"value = value_of({point})", f"g = {gradient}"]

    def value_at(self, point: str) -> str:
        return f"value_of({point if self.alone else '*' + point})"

    def length(self, vector: str) -> str:
        return f"abs({vector})" if self.alone else f"np.linalg.norm({vector})"

    def clipped(self, vector: str, low: str, high: str) -> str:
        return f"min(max({vector}, {low}), {high})" if self.alone else f"np.clip({vector}, {low}, {high})"

    def constant_vector(self, code: str) -> str:
        return code if self.alone else f"np.array({code})"

    def sight_of(self) -> str:
        return "-value" if self.story.uphill else "value"

    def moved(self, value: ast.expr) -> list[str]:
        return [f"{self.point} = {text(value)}"]

    def plain(self, number: str) -> str:
        return f"float({number})"

    def listed(self, point: str) -> str:
        return f"{point}.tolist()"
