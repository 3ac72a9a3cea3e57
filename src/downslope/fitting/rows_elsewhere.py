"""What a fit asks of all rows beside their sums, where the rows are not at hand: a database answers it by queries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from downslope.fitting.frame import Frame
from downslope.fitting.rows import Array


class KinkSums(NamedTuple):
    """Of a loss with a kink at a point, over all rows with weights w, derivatives J and residuals r = y - u.

    ``H`` is the sum of w J J', ``meat`` that of the squares of the slopes times J J', ``slope`` that of the slopes
    of the rows whose side is decided, ``open_slope`` that of w |J| of the others.
    """

    H: Array
    meat: Array
    slope: Array
    open_slope: Array


class ResidualsThere(ABC):
    """The residuals y - u of the rows that count, at a point."""

    @abstractmethod
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper one."""

    @abstractmethod
    def smallest(self, place: int) -> float:
        """The size of the residual that has ``place`` smaller ones."""

    @abstractmethod
    def kernel_sum(self, width: float) -> float:
        """The sum of w times Epanechnikov's kernel of that width."""

    @abstractmethod
    def kink_sums(self, rank: float, met: float, close: float) -> KinkSums:
        """Of the quantile loss of that rank; residuals up to ``met`` are 0, up to ``close`` of no decided side."""


class RowsElsewhere(ABC):
    """Rows that stay where they are."""

    @abstractmethod
    def sample(self, most: int) -> Frame:
        """Up to so many rows from all over the table, for a picture."""

    @abstractmethod
    def triangle(self, mean: Array, scale: Array) -> Array:
        """R of the rows [features / scale | target] of a linear hypothesis, measured from ``mean``.

        Each row counts by its share of the total weight; R'R are their products, to the digits of a QR factorisation.
        """

    @abstractmethod
    def separates(self, theta: Array, least: float) -> bool:
        """Whether each row that counts lies on the side of its class, by more than ``least`` of the largest margin."""

    @abstractmethod
    def sandwich(self, theta: Array) -> tuple[Array, Array, Array]:
        """The second derivatives of the summed loss, the products of the rows' gradients, and the gradient."""

    @abstractmethod
    def residuals(self, theta: Array) -> ResidualsThere:
        """What is asked of them there."""

    @abstractmethod
    def near_and_far(
        self, theta: Array, width: float, steps: list[Array]
    ) -> tuple[Array, Array, Array, bool]:
        """Derivatives, residuals u - y and weights of rows within ``width`` of 0, or on its other side after a step.

        Behind them stand the sums of the others, one row for each side; and whether the last step changed one of these.
        """

    @abstractmethod
    def largest_derivatives(self, theta: Array) -> Array:
        """The largest size of each derivative of a prediction over the rows."""

    @abstractmethod
    def largest_change(self, theta: Array, way: Array) -> tuple[float, float]:
        """The largest change of a prediction along a way, and the largest sum of the sizes of its parts."""
