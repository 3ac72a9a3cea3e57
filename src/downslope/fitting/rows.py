"""A linear hypothesis on the rows of a table: predictions, sums of costs and gradients, by the compiled passes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import UsageError
from downslope.fitting import kernels
from downslope.fitting.linear_kernel import WIDEST, LinearKernel, OrderedKernel, linear_kernel, ordered_kernel
from downslope.fitting.losses import Loss
from downslope.messages import message
from downslope.parallel import CHUNK_ROWS, over_chunks
from downslope.symbolic.lanes import WIDTH

Array = NDArray[np.floating[Any]]
LEAST_ROWS = 1_024
WORTH_A_KERNEL = (
    200_000_000  # rows times features (and eight) times evaluations, from which a kernel is compiled
)
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


class HypothesisRows(ABC):
    """What all hypotheses on a table can do.

    ``X`` is what they read, rows contiguous; ``size`` is the number of parameters, ``count`` that of rows.
    """

    X: Array
    size: int
    count: int

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.X = unlocked(self.X)  # where it lies in the memory of several processes

    @abstractmethod
    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        """[sum of the rows' costs, its derivatives in the parameters]; ``weights`` may be empty."""

    @abstractmethod
    def jacobian(self, theta: Array, rows: Any) -> tuple[Array, Array]:
        """Predictions of these rows (a slice or indices) before the link, and their derivatives, (rows, size)."""

    def beside(self, theta: Array, rows: Any) -> Array:
        """[predictions | their derivatives] of these rows, in an array of the caller's own: (rows, 1 + size)."""
        return np.column_stack(self.jacobian(theta, rows))

    def triangle(self, theta: Array, y: Array, weights: Array, total: float) -> Array | None:
        """R with R'R = A'A of the rows A = [derivatives | prediction - y], each times the root of weight/total.

        Shape (size + 1, size + 1); None where there is no quicker way to it than the rows themselves.
        """
        return None

    @abstractmethod
    def predictions(self, theta: Array) -> Array:
        """The predictions of all rows before the link."""

    def expect(self, evaluations: int) -> None:  # noqa: B027
        """Be told about how often ``sums`` will be wanted; most need not know."""


class LinearRows(HypothesisRows):
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
        table, model = (self.X, y, weights), (*self.split(theta), self.centre)

        def work(begin: int, end: int) -> Any:
            if loss.quadratic:
                return kernels.squared_pass(table, model, (begin, end))
            return kernels.linear_pass(table, model, (loss.code, loss.shape), (begin, end))

        kernel: LinearKernel | None = None
        if self._has_kernel(y, weights):
            kernel = linear_kernel(self.X.shape[1], loss.code, bool(weights.size))

        def at_once(begin: int, end: int) -> Any:
            assert kernel is not None
            whole = end - (end - begin) % WIDTH
            sums = kernel(table, model, loss.shape, range(begin, whole))
            return sums if whole == end else sums + work(whole, end)

        with np.errstate(all="ignore"):
            total = np.sum(over_chunks(self.count, work if kernel is None else at_once), axis=0)
        out = np.empty(self.size + 1)
        out[0] = total[0]
        out[1 + self.at] = total[2:]
        if self.intercept is not None:
            out[1 + self.intercept] = total[1]
        return out

    def _has_kernel(self, *arrays: Array) -> bool:
        """Whether a pass made for this number of features pays and can read these."""
        plain = all(a.dtype == np.float64 and a.flags.c_contiguous for a in (self.X, self.centre, *arrays))
        return self.often and plain and 0 < self.X.shape[1] <= WIDEST

    def ordered_kernel(self, loss: Loss, y: Array, weights: Array) -> OrderedKernel | None:
        """The pass over rows in any order that is made for this number of features and this loss, where that pays."""
        if not self._has_kernel(y, weights):
            return None
        return ordered_kernel(self.X.shape[1], loss.code, bool(weights.size))

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
        model, u = (*self.split(theta), self.centre), np.empty(self.count)

        def work(begin: int, end: int) -> None:
            kernels.linear_predictions(self.X, model, (begin, end), u[begin:end])

        over_chunks(self.count, work)
        return u


class SoftmaxRows(LinearRows):
    """One linear hypothesis for each class; parameters are laid out feature by feature, class by class."""

    def __init__(
        self, X: Array, at: Any, intercept: int | None, classes: int, *, centre: Array | None = None
    ) -> None:
        super().__init__(X, at, intercept, centre)
        self.classes = classes
        self.size = self.each * classes

    def centred(self, centre: Array) -> SoftmaxRows:
        return SoftmaxRows(self.X, self.at, self.intercept, self.classes, centre=centre)

    def _matrices(self, theta: Array) -> tuple[Array, Array]:
        table = theta.reshape(self.each, self.classes)
        b = np.zeros(self.classes) if self.intercept is None else table[self.intercept].copy()
        return np.ascontiguousarray(table[self.at]), b

    def sums(self, theta: Array, y: Array, weights: Array, loss: Loss) -> Array:
        table, model = (self.X, self.labels(y), weights), (*self._matrices(theta), self.centre)
        parts = over_chunks(self.count, lambda *rows: kernels.softmax_pass(table, model, rows))
        total = np.sum(parts, axis=0)
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
        raise UsageError(message("softmax has several predictions a row"))

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


__all__ = ["CHUNK_ROWS", "NOTHING", "HypothesisRows", "LinearRows", "SoftmaxRows", "unlocked"]
