"""Any hypothesis on the rows of a table, and columns that are formulas of other columns."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import symengine as se

from downslope import symbolic
from downslope.fitting import kernels
from downslope.fitting.frame import Frame
from downslope.fitting.hypothesis import Hypothesis, Linear
from downslope.fitting.losses import Loss
from downslope.fitting.row_kernel import RowKernel, row_kernel
from downslope.fitting.rows import LEAST_ROWS, NOTHING, USUAL_EVALUATIONS, Array, HypothesisRows, unlocked
from downslope.parallel import over_chunks

MOST_REFLECTED = 16  # parameters up to which rows are best made a triangle block by block
MOST_BY_ONE = 100_000  # numbers in rows up to which two cores would not be quicker
WORTH_COMPILING = 2_000_000  # rows times evaluations from which a formula's kernel is compiled, in some 20 ms


class FormulaRows(HypothesisRows):
    """Any hypothesis: the row formula and its derivatives in machine code, for several rows at once where that pays.

    Args:
        hypothesis: with its expression.
        X: a matrix of its columns, in the order of ``hypothesis.columns``; where it has none, of one of zeros.
    """

    def __init__(self, hypothesis: Hypothesis, X: Array) -> None:
        self.X, self.hypothesis = unlocked(X), hypothesis
        self.size, self.count = len(hypothesis.parameters), len(X)
        self._kernels: dict[tuple[int, bool], RowKernel | None] = {}
        self.expect(USUAL_EVALUATIONS)

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in self.__dict__.items() if name != "_code"}
        return {**kept, "_kernels": {}}  # machine code stays in its process

    def expect(self, evaluations: int) -> None:
        self.often = self.count >= LEAST_ROWS and self.count * evaluations >= WORTH_COMPILING

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The prediction and its derivatives in the parameters, in symbols."""
        return _derived(self.hypothesis)[0]

    @cached_property
    def _code(self) -> tuple[int, int]:
        """Where the row formula is, kept: to look it up takes as long as some rows."""
        return self.native.address, self.native.data

    @property
    def native(self) -> symbolic.NativeFunction:
        """[parameters | columns] -> [prediction | derivatives], one row a call."""
        return _derived(self.hypothesis)[1]

    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        theta, native = np.ascontiguousarray(theta, np.float64), self.native
        table, formula = (self.X, y, weights), (native.address, native.data, theta)

        def one_by_one(begin: int, end: int) -> Any:
            return kernels.formula_pass(table, formula, (loss.code, loss.shape), (begin, end))

        kernel = self._kernel(loss.code, bool(weights.size)) if self.often else None
        with np.errstate(all="ignore"):
            if kernel is None:
                return np.asarray(np.sum(over_chunks(self.count, one_by_one), axis=0))
            return kernel.sums(theta, table, loss.shape, one_by_one)

    def _kernel(self, code: int, weighted: bool) -> RowKernel | None:
        """The kernel of a loss, remembered: to look it up by its formulas would take longer than some passes."""
        if (code, weighted) not in self._kernels:
            self._kernels[code, weighted] = row_kernel(self.hypothesis.symbols, self.outputs, code, weighted)
        return self._kernels[code, weighted]

    def jacobian(self, theta: Array, rows: Any) -> tuple[Array, Array]:
        out = self.beside(theta, rows)
        return out[:, 0].copy(), out[:, 1:]

    def beside(self, theta: Array, rows: Any) -> Array:
        return evaluated(self.native, theta, np.ascontiguousarray(self.X[rows]))

    def triangle(self, theta: Array, y: Array, weights: Array, total: float) -> Array | None:
        if self.size > MOST_REFLECTED or self.count * (self.size + 1) > MOST_BY_ONE:
            return None
        factor, finite = kernels.formula_triangle((self.X, y, weights), (*self._code, theta), total)
        return factor if finite else None

    def predictions(self, theta: Array) -> Array:
        h = self.hypothesis
        value = symbolic.compile_native(h.symbols, [h.expression])
        return evaluated(value, theta, self.X)[:, 0]


@lru_cache(maxsize=64)
def _derived(h: Hypothesis) -> tuple[tuple[Any, ...], symbolic.NativeFunction]:
    """(the prediction and its derivatives in the parameters, these as machine code)."""
    partials = symbolic.gradient(h.expression, h.symbols[: len(h.parameters)])
    outputs = (h.expression, *partials)
    return outputs, symbolic.compile_native(h.symbols, outputs)


def evaluated(native: symbolic.NativeFunction, theta: Array, X: Array) -> Array:
    """All outputs of a compiled row formula for each row of ``X``."""
    out = np.empty((len(X), native.outputs))
    formula = (native.address, native.data, np.ascontiguousarray(theta, np.float64))

    def work(begin: int, end: int) -> None:
        kernels.formula_rows(X, formula, begin, out[begin:end])

    over_chunks(len(X), work)
    return out


@lru_cache(maxsize=64)
def _compiled(names: tuple[str, ...], expressions: tuple[Any, ...]) -> symbolic.NativeFunction:
    return symbolic.compile_native([se.Symbol(name) for name in names], list(expressions))


def column_formulas(expressions: list[Any], columns: tuple[str, ...], frame: Frame) -> Array:
    """Expressions in the columns, evaluated for every row: (rows, expressions)."""
    used = {symbol.name for expression in expressions for symbol in expression.free_symbols}
    names = tuple(name for name in columns if name in used) or columns[:1]
    native = _compiled(names, tuple(expressions))
    return evaluated(native, NOTHING, frame.matrix(names))


def feature_matrix(linear: Linear, columns: tuple[str, ...], frame: Frame) -> tuple[Array, list[int]]:
    """The features as a matrix (without the intercept), and the parameter that each belongs to."""
    at = [i for i, feature in enumerate(linear.features) if feature is not None]
    features = [linear.features[i] for i in at]
    if all(isinstance(feature, str) for feature in features):
        return frame.matrix(features), at
    expressions = [se.Symbol(f) if isinstance(f, str) else f for f in features]
    if not columns:
        return np.tile([float(e) for e in expressions], (frame.rows, 1)), at
    return column_formulas(expressions, columns, frame), at
