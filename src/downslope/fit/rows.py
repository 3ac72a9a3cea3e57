"""A hypothesis on the rows of a table: predictions, sums of costs and gradients, by the compiled passes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.errors import UsageError
from downslope.fit import kernels
from downslope.fit.frame import Frame
from downslope.fit.hypothesis import Hypothesis, Linear
from downslope.fit.linear_kernel import WIDEST, LinearKernel, linear_kernel
from downslope.fit.losses import Loss
from downslope.fit.parallel import CHUNK_ROWS, over_chunks
from downslope.fit.row_kernel import row_kernel
from downslope.symbolic.lanes import WIDTH

Array = NDArray[np.floating[Any]]
LEAST_ROWS = 1_024
WORTH_COMPILING = (
    2_000_000  # rows times evaluations from which a formula's own kernel is compiled, in some 20 ms
)
WORTH_A_KERNEL = 200_000_000  # the same for linear hypotheses, times their features (and eight)
USUAL_EVALUATIONS = 60
NOTHING: Array = np.empty(0)


def unlocked(array: Array) -> Array:
    """The same memory, not marked as read-only: Numba would compile every pass anew for arrays so marked."""
    if array.flags.writeable or not array.flags.c_contiguous or not array.size:
        return array
    return np.asarray(_Unlocked(array))


class _Unlocked:
    """An array's memory for ``np.asarray``, which keeps this and with it the array."""

    def __init__(self, array: Array) -> None:
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


class Rows(ABC):
    """What all hypotheses on a table can do. ``size`` is the number of parameters, ``count`` that of rows."""

    size: int
    count: int

    @abstractmethod
    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        """[sum of the rows' costs, its derivatives in the parameters]; ``weights`` may be empty."""

    @abstractmethod
    def jacobian(self, theta: Array, rows: Any) -> tuple[Array, Array]:
        """Predictions of these rows (a slice or indices) before the link, and their derivatives, (rows, size)."""

    @abstractmethod
    def predictions(self, theta: Array) -> Array:
        """The predictions of all rows before the link."""

    def expect(self, evaluations: int) -> None:  # noqa: B027
        """Be told about how often ``sums`` will be wanted; most need not know."""


class LinearRows(Rows):
    """A hypothesis that is linear in its parameters, on a matrix of features.

    Args:
        X: the features, (rows, features), rows contiguous.
        at: for each feature the index of its parameter.
        intercept: the index of the intercept, or None.
        centre: subtracted from the features, so that the intercept here is the prediction at ``centre``.
    """

    def __init__(self, X: Array, at: Any, intercept: int | None, centre: Array | None = None) -> None:
        self.X, self.at, self.intercept = unlocked(X), np.asarray(at, np.intp), intercept
        self.centre = np.zeros(X.shape[1]) if centre is None else centre
        self.count, self.size = len(X), X.shape[1] + (intercept is not None)
        self.each = self.size  # parameters of one prediction
        self.expect(USUAL_EVALUATIONS)

    def expect(self, evaluations: int) -> None:
        work = self.count * (self.X.shape[1] + WIDTH) * evaluations
        self.often = self.count >= LEAST_ROWS and work >= WORTH_A_KERNEL

    def centred(self, centre: Array) -> LinearRows:
        """The same with the features measured from ``centre``."""
        other = LinearRows(self.X, self.at, self.intercept, centre)
        other.often = self.often
        return other

    def split(self, theta: Array) -> tuple[Array, float]:
        """The weights in the order of the features, and the intercept."""
        b = 0.0 if self.intercept is None else float(theta[self.intercept])
        return np.ascontiguousarray(theta[self.at], np.float64), b

    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        w, b = self.split(theta)

        def work(begin: int, end: int) -> Any:
            if loss.quadratic:
                return kernels.squared_pass(self.X, y, weights, w, b, self.centre, begin, end)
            return kernels.linear_pass(
                self.X, y, weights, w, b, self.centre, loss.code, loss.shape, begin, end
            )

        kernel = self._kernel(loss, y, weights)

        def at_once(begin: int, end: int) -> Any:
            assert kernel is not None
            whole = end - (end - begin) % WIDTH
            sums = kernel(self.X, y, weights, w, b, self.centre, loss.shape, range(begin, whole))
            return sums if whole == end else sums + work(whole, end)

        with np.errstate(all="ignore"):
            total = np.sum(over_chunks(self.count, work if kernel is None else at_once), axis=0)
        out = np.empty(self.size + 1)
        out[0] = total[0]
        out[1 + self.at] = total[2:]
        if self.intercept is not None:
            out[1 + self.intercept] = total[1]
        return out

    def _kernel(self, loss: Loss, y: Array, weights: Array) -> LinearKernel | None:
        """The pass made for this number of features and this loss, where that pays."""
        arrays = (self.X, y, weights, self.centre)
        plain = all(array.dtype == np.float64 and array.flags.c_contiguous for array in arrays)
        if not self.often or not plain or not 0 < self.X.shape[1] <= WIDEST:
            return None
        return linear_kernel(self.X.shape[1], loss.code, bool(weights.size))

    def features(self, rows: Any) -> Array:
        """The features of these rows with the intercept's 1, in the order of the parameters of one prediction."""
        picked = self.X[rows]
        out = np.ones((len(picked), self.each))
        out[:, self.at] = picked - self.centre
        return out

    def jacobian(self, theta: Array, rows: Any) -> tuple[Array, Array]:
        J = self.features(rows)
        return J @ theta, J

    def predictions(self, theta: Array) -> Array:
        w, b = self.split(theta)
        u = np.empty(self.count)

        def work(begin: int, end: int) -> None:
            kernels.linear_predictions(self.X, w, b, self.centre, begin, end - begin, u[begin:end])

        over_chunks(self.count, work)
        return u


class SoftmaxRows(LinearRows):
    """One linear hypothesis for each class; parameters are laid out feature by feature, class by class."""

    def __init__(
        self, X: Array, at: Any, intercept: int | None, classes: int, centre: Array | None = None
    ) -> None:
        super().__init__(X, at, intercept, centre)
        self.classes = classes
        self.size = self.each * classes

    def centred(self, centre: Array) -> SoftmaxRows:
        return SoftmaxRows(self.X, self.at, self.intercept, self.classes, centre)

    def _matrices(self, theta: Array) -> tuple[Array, Array]:
        table = theta.reshape(self.each, self.classes)
        b = np.zeros(self.classes) if self.intercept is None else table[self.intercept].copy()
        return np.ascontiguousarray(table[self.at]), b

    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        W, b = self._matrices(theta)
        label = self.labels(y)

        def work(begin: int, end: int) -> Any:
            return kernels.softmax_pass(self.X, label, weights, W, b, self.centre, begin, end)

        total = np.sum(over_chunks(self.count, work), axis=0)
        table = total[1:].reshape(-1, self.classes)
        out = np.empty((self.each, self.classes))
        out[self.at] = table[1:]
        if self.intercept is not None:
            out[self.intercept] = table[0]
        return np.concatenate([total[:1], out.ravel()])

    def labels(self, y: Array) -> NDArray[np.int64]:
        """The class numbers as the passes take them."""
        known = getattr(self, "_known", None)
        if known is None or known[0] is not y:
            self._known = known = (y, y.astype(np.int64))
        return np.asarray(known[1], np.int64)

    def jacobian(self, theta: Array, rows: Any) -> tuple[Array, Array]:
        raise UsageError("softmax has several predictions a row")

    def chances(self, theta: Array, rows: Any) -> Array:
        """The probability of every class, for these rows."""
        W, b = self._matrices(theta)
        u = (self.X[rows] - self.centre) @ W + b
        e = np.exp(u - u.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    def predictions(self, theta: Array) -> Array:
        """(rows, classes)."""
        W, b = self._matrices(theta)
        return np.asarray((self.X - self.centre) @ W + b)


class FormulaRows(Rows):
    """Any hypothesis: the row formula and its derivatives in machine code, for several rows at once where that pays.

    Args:
        hypothesis: with its expression.
        X: a matrix of its columns, in the order of ``hypothesis.columns``.
    """

    def __init__(self, hypothesis: Hypothesis, X: Array) -> None:
        self.X, self.use = unlocked(X), np.arange(len(hypothesis.columns))
        self.hypothesis = hypothesis
        self.size, self.count = len(hypothesis.parameters), len(X)
        self.expect(USUAL_EVALUATIONS)

    def expect(self, evaluations: int) -> None:
        self.often = self.count >= LEAST_ROWS and self.count * evaluations >= WORTH_COMPILING

    @cached_property
    def outputs(self) -> list[Any]:
        """The prediction and its derivatives in the parameters, in symbols."""
        h = self.hypothesis
        return [h.expression, *symbolic.gradient(h.expression, h.symbols[: self.size])]

    @cached_property
    def native(self) -> symbolic.NativeFunction:
        """[parameters | columns] -> [prediction | derivatives], one row a call."""
        return symbolic.compile_native(self.hypothesis.symbols, self.outputs)

    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        theta = np.ascontiguousarray(theta, np.float64)

        def one_by_one(begin: int, end: int) -> Any:
            return kernels.formula_pass(
                *(self.native.address, self.native.data, theta, self.X, self.use, y, weights),
                *(loss.code, loss.shape, begin, end),
            )

        kernel = None
        if self.often:
            kernel = row_kernel(self.hypothesis.symbols, self.outputs, loss.code, bool(weights.size))
        with np.errstate(all="ignore"):
            if kernel is None:
                return np.asarray(np.sum(over_chunks(self.count, one_by_one), axis=0))
            return kernel.sums(theta, self.X, y, weights, loss.shape, one_by_one)

    def jacobian(self, theta: Array, rows: Any) -> tuple[Array, Array]:
        picked = np.ascontiguousarray(self.X[rows])
        out = evaluated(self.native, theta, picked, self.use, self.size + 1)
        return out[:, 0].copy(), out[:, 1:]

    def predictions(self, theta: Array) -> Array:
        h = self.hypothesis
        value = symbolic.compile_native(h.symbols, [h.expression])
        return evaluated(value, theta, self.X, self.use, 1)[:, 0]


def evaluated(native: symbolic.NativeFunction, theta: Array, X: Array, use: Any, outputs: int) -> Array:
    """All outputs of a compiled row formula for each row of ``X``."""
    out = np.empty((len(X), outputs))
    inputs = np.ascontiguousarray(theta, np.float64)

    def work(begin: int, end: int) -> None:
        kernels.formula_rows(native.address, native.data, inputs, X, use, begin, out[begin:end])

    over_chunks(len(X), work)
    return out


def column_formulas(expressions: list[Any], columns: tuple[str, ...], frame: Frame) -> Array:
    """Expressions in the columns, evaluated for every row: (rows, expressions)."""
    used = {symbol.name for expression in expressions for symbol in expression.free_symbols}
    names = tuple(name for name in columns if name in used) or columns[:1]
    native = symbolic.compile_native([se.Symbol(name) for name in names], expressions)
    return evaluated(native, NOTHING, frame.matrix(names), np.arange(len(names)), len(expressions))


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


__all__ = [
    "CHUNK_ROWS",
    "NOTHING",
    "FormulaRows",
    "LinearRows",
    "Rows",
    "SoftmaxRows",
    "column_formulas",
    "evaluated",
    "feature_matrix",
]
