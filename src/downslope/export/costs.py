"""The table of a fit and its cost as lines of a script, in every dialect but SymPy.

A hypothesis that was typed stays a formula over the columns. A linear model of many columns, a standardised one, and
one with a prediction for each class are a matrix of features times the parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from downslope.export.derivatives import Shared, partials
from downslope.export.formatter import commented, docstring
from downslope.export.formulas import Speller
from downslope.export.python import fill, name, number, real, text
from downslope.export.table_data import column_lines
from downslope.export.table_templates import TableTemplates
from downslope.language import tree as t
from downslope.messages import NOTHING, Message, message

if TYPE_CHECKING:
    from downslope.export.fit_data import FitData
    from downslope.export.script import ScriptWriter


@dataclass
class Costs:
    """Writes the cost of one table in one dialect.

    Attributes:
        writer: of the script.
        table: what is fitted.
        words: the dialect's.
        target, weights: what the script calls the columns.
    """

    writer: ScriptWriter
    table: FitData
    words: TableTemplates

    def __post_init__(self) -> None:
        ending, parameters = self.writer.columns_end, set(self.writer.called.values())

        def new(wanted: str) -> str:  # parameters hide what has their names where they are local
            return self.writer.model.names.new(self.writer.names, wanted, parameters)

        self.columns = {column: new(column + ending) for column in self.table.columns}
        self.target = new(self.table.target + ending)
        weighted = self.table.weights is not None
        self.weights = new(self.table.weights_name or "weights") if weighted else ""

    # The data.

    def data(self) -> list[str]:
        """The columns, written out or read from a file, and what is made of them once."""
        table = self.table
        lines = ["", *column_lines(self)]
        if table.as_matrix:
            columns = [self._feature(f) for f in table.features]
            ones = NOTHING if self.intercept is None else message("the ones carry the intercept")
            lines.append(commented(f"X = {text(fill(self.words.stack, ast.List(columns)))}", ones))
        if table.standardised:
            lines += self._units()
        return lines

    def _feature(self, feature: t.Node | None) -> ast.expr:
        if feature is None:
            return fill(
                self.words.ones,
                name(self.target if not self.table.labels else next(iter(self.columns.values()))),
            )
        if not [n for n in t.walk(feature) if isinstance(n, t.Variable)]:
            return fill("_0 * _1", self._plain(feature), self._feature(None))
        return self._plain(feature)

    def _plain(self, tree: t.Node) -> ast.expr:
        speller = self.writer.speller
        columns = {**self.columns, self.table.target: self.target}
        speller.called, speller.arrays = {**speller.called, **columns}, frozenset(columns)
        return speller.expression(tree)

    @property
    def intercept(self) -> int | None:
        """Which feature is the intercept's."""
        return self.table.features.index(None) if None in self.table.features else None

    def _units(self) -> list[str]:
        """Where each feature is measured from, and in which unit."""
        words, place = self.words, self.intercept
        X = name("X")
        if self.table.weights is not None:
            share = ast.parse(f"{self.weights} / {self.sum(self.weights)}", mode="eval").body
            lines = [f"centre = {text(fill(words.weighed, X, share))}"]
            from_there = fill("(X - centre) ** 2" if place is not None else "X ** 2")
            spread = fill(words.root, fill(words.weighed, from_there, share))
        else:
            lines = [f"centre = {text(fill(words.centre, X))}"]
            inner_ = fill("_0 ** 2", X)
            spread = (
                fill(words.spread, X) if place is not None else fill(words.root, fill(words.centre, inner_))
            )
        if place is None:
            why = message("every feature in units of its size")
            return [f"spread = {text(spread)}", commented("Z = X / spread", why)]
        own = ast.List([ast.Constant(float(i == place)) for i in range(len(self.table.features))])
        lines.append(f"spread = {text(spread)}")
        where = message("where the intercept is")
        lines.append(commented(f"ones = {text(fill(words.array, own))}", where))
        lines += ["centre = centre * (1 - ones)", "spread = spread + ones"]
        units = message("the features with mean 0 and spread 1")
        lines.append(commented("Z = (X - centre) / spread", units))
        if self.table.shifted:
            mean = fill(
                words.mean if self.table.weights is None else words.weighted,
                name(self.target),
                name(self.weights or "w"),
            )
            there = message("the target is measured from there")
            lines.append(commented(f"middle = {text(mean)}", there))
        return lines

    def sum(self, column: str) -> str:
        """The sum of a column."""
        return {"np": "np.sum", "torch": "torch.sum", "tf": "tf.reduce_sum", "jnp": "jnp.sum"}[
            self.words.mean.partition(".")[0]
        ] + f"({column})"

    # The cost.

    def given(self) -> list[str]:
        """The data, and the function that leads back to the user's units."""
        return [*self.data(), *self.units()]

    def loss(self) -> list[str]:
        """The function ``loss``."""
        body, cost = self.parts()
        mean = self.mean(cost)
        lines = [f"    {line}" for line in body]
        value = text(fill(self.words.root, mean) if self.table.loss.root else mean) + self._penalty()
        return [*self.head("loss"), *lines, f"    return {value}"]

    def head(self, function: str) -> list[str]:
        """The first lines of a function of the point."""
        return ["", "", *self.writer.opening(function, self.table.as_matrix)]

    def parts(self) -> tuple[list[str], ast.expr]:
        """The lines that compute the prediction or the residual, and the cost of a row."""
        table, loss = self.table, self.table.loss
        prediction = self._prediction()
        y = name(self.target)
        if table.classes:
            line = f"{loss.predicted} = {text(prediction)}"
            return [line], fill(self.words.softmax, _u=name(loss.predicted), _y=y)
        if loss.of_residual:
            aim = fill("_0 - middle", y) if table.shifted else y
            line = f"residual = {text(fill('_0 - _1', prediction, aim))}"
        else:
            line = f"{loss.predicted} = {text(prediction)}"
        assert loss.formula is not None
        return [line], self.spelled(loss.formula)

    def spelled(self, formula: t.Node, target: str = "", arrays: Collection[str] = "ruy") -> ast.expr:
        """A formula in residual ``r`` or prediction ``u``, target ``y`` and the number ``c`` of the loss."""
        loss, speller = self.table.loss, self.writer.speller
        used = {node.name for node in t.walk(formula) if isinstance(node, t.Variable)}
        called = {"r": "residual", "u": loss.predicted, "y": target or self.target}
        called |= {"c": self.carried()} if "c" in used else {}
        return Speller(speller.words, called, frozenset(arrays), speller.helpers).expression(formula)

    def carried(self) -> str:
        """The constant that the loss carries."""
        loss = self.table.loss
        assert loss.number is not None
        return self.writer.emitter.constant(
            "carried", loss.number.constant, text(real(loss.shape)), loss.number.about
        )

    def _prediction(self) -> ast.expr:
        table = self.table
        point = name(self.writer.point)
        if table.classes:
            rows = number(len(table.features))
            matrix = fill(self.words.shape, point, rows, number(table.classes))
            return fill(self.words.product, name("Z" if table.standardised else "X"), matrix)
        if table.as_matrix:
            return fill(self.words.times, name("Z" if table.standardised else "X"), point)
        assert table.formula is not None
        return self._plain(table.formula)

    def mean(self, column: ast.expr) -> ast.expr:
        """The mean of a column over the rows, with their weights."""
        if self.table.weights is None:
            return fill(self.words.mean, column)
        return fill(self.words.weighted, column, name(self.weights))

    def strength(self) -> str:
        """The constant of the penalty."""
        return self.writer.emitter.constant(
            "l2", "L2", text(real(self.table.l2)), message("strength of the penalty on squares")
        )

    def _penalised(self) -> list[str]:
        """The parameters under the penalty, by their names here."""
        pairs = zip(self.writer.model.coordinates, self.table.penalised, strict=True)
        return [self.writer.called[c] for c, under in pairs if under]

    def _under(self) -> str:
        """The vector of the parameters under the penalty, in the user's units."""
        table, point = self.table, self.writer.point
        scaled = f"{point} / spread" if table.standardised else point
        if all(table.penalised):
            return scaled
        mask = ast.List([ast.Constant(float(under)) for under in table.penalised])
        made = self.writer.emitter.constant(
            "under", "PENALISED", text(fill(self.words.array, mask)), message("1 for those under the penalty")
        )
        return f"{made} * {scaled}"

    def _penalty(self) -> str:
        if not self.table.l2:
            return ""
        strength = self.strength()
        if self.table.as_matrix:
            total = self.sum(f"({self._under()}) ** 2")
            return f" + {strength} * {text(ast.parse(total, mode='eval').body)}"
        squares = [f"{p}**2" for p in self._penalised()]
        inner = squares[0] if len(squares) == 1 else f"({' + '.join(squares)})"
        return f" + {strength} * {inner}"

    # Its gradient, for dialects that write it out.

    def slopes(self) -> tuple[list[str], list[str]]:
        """The lines before, and the derivative by each parameter (or, as a matrix, one expression for all)."""
        table, loss = self.table, self.table.loss
        body, _ = self.parts()
        if table.classes:
            return self._softmax_slopes(body)
        assert loss.formula is not None
        derived = partials(loss.formula, ["r" if loss.of_residual else "u"])
        formula = derived.results[0]
        for part, meant in reversed(derived.parts):
            formula = t.substituted(formula, {part: meant})
        slope = self.spelled(formula)
        if loss.root:
            square = text(self.mean(fill("residual ** 2")))
            body.append(f"root = np.sqrt({square})")
            slope = fill("residual / root if root > 0 else 0 * residual")
        about = message("0 where the fit is perfect")
        if not loss.root:
            about = message("of a row's cost, by its prediction")
        body.append(commented(f"slope = {text(slope)}", about))
        if table.as_matrix:
            return body, [self._matrix_slope(name("slope"))]
        return self._formula_slopes(body)

    def _matrix_slope(self, slope: ast.expr) -> str:
        features = "Z" if self.table.standardised else "X"
        if self.table.weights is None:
            code = f"{features}.T @ {text(slope)} / len({self.target})"
        else:
            weights = self.weights if not self.table.classes else f"{self.weights}[:, None]"
            code = f"{features}.T @ ({weights} * {text(slope)}) / {self.sum(self.weights)}"
        code = f"({code}).ravel()" if self.table.classes else code
        if self.table.l2:
            under = self._under()
            scale = " / spread" if self.table.standardised else ""
            code += f" + 2 * {self.strength()} * {under}{scale}"
        return text(ast.parse(code, mode="eval").body)

    def _softmax_slopes(self, body: list[str]) -> tuple[list[str], list[str]]:
        body += [
            "share = np.exp(scores - scores.max(axis=1, keepdims=True))",
            commented("share /= share.sum(axis=1, keepdims=True)", message("the probability of each class")),
            f"share[np.arange(len({self.target})), {self.target}] -= 1",
        ]
        return body, [self._matrix_slope(name("share"))]

    def _formula_slopes(self, body: list[str]) -> tuple[list[str], list[str]]:
        assert self.table.formula is not None
        coordinates = self.writer.model.coordinates
        shared = partials(self.table.formula, [*coordinates, *self.columns])
        body += self.shared_parts(shared)
        out = []
        for coordinate, under, tree in zip(
            coordinates, self.table.penalised, shared.results[: len(coordinates)], strict=True
        ):
            out.append(self._derivative(tree) + self._own_penalty(coordinate, under))
        return body, out

    def shared_parts(self, shared: Shared) -> list[str]:
        """The lines that compute what several derivatives of the hypothesis have in common."""
        speller = self.writer.speller
        speller.called = {**speller.called, **{part: part for part, _ in shared.parts}}
        held = [part for part, tree in shared.parts if self.varies(tree, speller.arrays)]
        speller.arrays = frozenset((*speller.arrays, *held))
        return [f"{part} = {text(speller.expression(tree))}" for part, tree in shared.parts]

    def varies(self, tree: t.Node, arrays: frozenset[str]) -> bool:
        """Whether a formula is a column of numbers."""
        return any(
            isinstance(n, t.Variable) and (n.name in arrays or n.name.startswith("t")) for n in t.walk(tree)
        )

    def _derivative(self, tree: t.Node) -> str:
        if isinstance(tree, t.Number):
            factor = "" if tree.value == 1 else f"{text(number(tree.value))} * "
            return "0.0" if tree.value == 0 else f"{factor}{text(self.mean(name('slope')))}"
        return text(self.mean(fill("slope * _0", self.writer.speller.expression(tree))))

    def _own_penalty(self, coordinate: str, under: bool) -> str:
        return (
            f" + 2 * {self.strength()} * {self.writer.called[coordinate]}" if self.table.l2 and under else ""
        )

    def supplied(self) -> list[str]:
        """The derivatives as they were given."""
        out = []
        for coordinate in self.writer.model.coordinates:
            given = self.table.supplied[coordinate]
            row = self._plain(given.formula)
            if given.mean or self.table.weights is not None:
                mean = self.mean(row)
                out.append(text(mean if given.mean else fill(f"_0 * {self.sum(self.weights)}", mean)))
            else:
                out.append(self.sum(text(row)))
        return out

    # From the user's units to those of the descent, and back.

    def units(self) -> list[str]:
        """The function that leads back to the user's units."""
        if not self.table.standardised:
            return []
        about = message("The parameters as they multiply the features themselves.")
        shift = ""
        if self.intercept is not None:
            shift = f" - ones * {self._inner('centre', 'theta')}" + (
                " + ones * middle" if self.table.shifted else ""
            )
        head = ["", "", "def in_user_units(params):", *docstring([about], 4)]
        return [*head, "    theta = params / spread", f"    return theta{shift}"]

    def into_units(self) -> str:
        """What is added to the start times the spread; nothing where there is no intercept."""
        if self.intercept is None:
            return ""
        return f" + ones * {self._inner('centre', 'start')}" + (
            " - ones * middle" if self.table.shifted else ""
        )

    def _inner(self, a: str, b: str) -> str:
        product = text(fill(self.words.inner, name(a), name(b)))
        return product if product.endswith(")") else f"({product})"

    def about(self) -> Message:
        """What is fitted, for the docstring."""
        loss = self.table.loss.spoken
        if not self.table.l2:
            return loss
        return message(
            "{loss} + {strength:g} times the sum of squares of the parameters",
            loss=loss,
            strength=self.table.l2,
        )
