"""What NumPy computes for programs: solutions of equations, determinants, sorting; and their derivatives.

Equations that have no single solution have NaN for one, as a formula has NaN where it has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.programs.arithmetic import add, mul, neg, sub, where
from downslope.programs.node import ArrayNode, Axis, LibraryCall
from downslope.programs.products import flipped, matmul, reduced

Array = NDArray[Any]


def _or_nan(function: Callable[..., Any]) -> Callable[..., Array]:
    """NumPy's function, with NaN where it finds the matrix singular."""

    def computed(*arrays: Array) -> Array:
        try:
            return np.asarray(function(*arrays), np.float64)
        except np.linalg.LinAlgError:
            return np.full(np.shape(arrays[-1]), np.nan)

    return computed


def _unsorted(values: Array, given: Array) -> Array:
    """What belongs to the sorted values, at the places of the values themselves."""
    found = np.empty_like(given)
    np.put_along_axis(found, np.argsort(values, axis=-1, kind="stable"), given, -1)
    return found


def _arranged(values: Array, given: Array) -> Array:
    """What belongs to the values, in the order of the sorted ones."""
    return np.take_along_axis(given, np.argsort(values, axis=-1, kind="stable"), -1)


SOLVE = LibraryCall("solve", _or_nan(np.linalg.solve))
INVERSE = LibraryCall("inv", _or_nan(np.linalg.inv))
DETERMINANT = LibraryCall("det", np.linalg.det)
LOGARITHM_OF_DETERMINANT = LibraryCall("logabsdet", lambda a: np.linalg.slogdet(a)[1])
SIGN_OF_DETERMINANT = LibraryCall("sign-of-det", lambda a: np.linalg.slogdet(a)[0])
CHOLESKY = LibraryCall("cholesky", _or_nan(np.linalg.cholesky))
SORTED = LibraryCall("sort", lambda a: np.sort(a, axis=-1))
UNSORTED = LibraryCall("unsorted", _unsorted)
ARRANGED = LibraryCall("arranged", _arranged)


def solve(a: ArrayNode, b: ArrayNode) -> ArrayNode:
    """The solution X of A X = B, for matrices B."""
    return a.graph.called(SOLVE, (a, b), b.shape)


def inverse(a: ArrayNode) -> ArrayNode:
    """The inverse of each matrix."""
    return a.graph.called(INVERSE, (a,), a.shape)


def cholesky(a: ArrayNode) -> ArrayNode:
    """The lower triangular L of each symmetric matrix L L^T, of which the lower triangle is looked at."""
    return a.graph.called(CHOLESKY, (a,), a.shape)


def of_matrices(call: LibraryCall, a: ArrayNode) -> ArrayNode:
    """One number of each matrix."""
    return a.graph.called(call, (a,), a.shape[:-2])


def sorted_rows(a: ArrayNode) -> ArrayNode:
    """Each row (the last axis) sorted."""
    return a.graph.called(SORTED, (a,), a.shape)


class Lines:
    """Lines between known points, as a function of where."""

    def __init__(self, places: Array, heights: Array) -> None:
        self.places, self.heights = places, heights

    def __call__(self, x: Array) -> Array:
        return np.asarray(np.interp(x, self.places, self.heights))

    def slope(self, x: Array) -> Array:
        """Of the line to the right of each x; before the first point and after the last there is none."""
        if len(self.places) < 2:
            return np.zeros_like(x)
        slopes = np.diff(self.heights) / np.diff(self.places)
        at = np.clip(np.searchsorted(self.places, x, side="right") - 1, 0, len(slopes) - 1)
        inside = (x >= self.places[0]) & (x <= self.places[-1])
        return np.where(inside, slopes[at], np.where(np.isnan(x), np.nan, 0.0))


def interpolated(x: ArrayNode, lines: Lines) -> ArrayNode:
    """The heights of lines at x."""
    return x.graph.called(LibraryCall("interp", lines), (x,), x.shape)


def _slope(node: ArrayNode) -> ArrayNode:
    """That of the lines, where a node has their heights."""
    return node.graph.called(
        LibraryCall("slope-of-interp", node.detail.function.slope), node.operands, node.shape
    )


def adjoints(node: ArrayNode, adjoint: ArrayNode) -> list[ArrayNode | None]:
    """What the adjoint of a call's result gives to each of its operands; None for nothing."""
    operands = node.operands
    graph = node.graph
    match node.detail.name:
        case "solve":
            b = solve(flipped(operands[0]), adjoint)
            return [neg(matmul(b, flipped(node))), b]
        case "inv":
            turned = flipped(node)
            return [neg(matmul(matmul(turned, adjoint), turned))]
        case "det":
            return [mul(_spread(mul(adjoint, node), operands[0]), flipped(inverse(operands[0])))]
        case "logabsdet":
            return [mul(_spread(adjoint, operands[0]), flipped(inverse(operands[0])))]
        case "cholesky":
            return [_adjoint_of_cholesky(node, adjoint)]
        case "sign-of-det" | "slope-of-interp":
            return [None]
        case "sort":
            return [graph.called(UNSORTED, (operands[0], adjoint), adjoint.shape)]
        case "unsorted":
            return [None, graph.called(ARRANGED, (operands[0], adjoint), adjoint.shape)]
        case "arranged":
            return [None, graph.called(UNSORTED, (operands[0], adjoint), adjoint.shape)]
        case "interp":
            return [mul(adjoint, _slope(node))]
        case name:
            raise ObjectiveError(message("no derivative is known here for '{node}'", node=name))


def tangent(node: ArrayNode, tangents: Sequence[ArrayNode | None]) -> ArrayNode | None:
    """How the result of a call changes as its operands change so; None where it does not."""
    graph, operands = node.graph, node.operands
    first = tangents[0]
    match node.detail.name:
        case "solve":
            right = tangents[1]
            if first is not None:
                turned = matmul(first, node)
                right = neg(turned) if right is None else sub(right, turned)
            return None if right is None else solve(operands[0], right)
        case "unsorted" | "arranged":
            moved = tangents[1]
            return None if moved is None else graph.called(node.detail, (operands[0], moved), node.shape)
    if first is None:
        return None
    match node.detail.name:
        case "inv":
            return neg(matmul(matmul(node, first), node))
        case "det":
            return mul(node, _traced(operands[0], first))
        case "logabsdet":
            return _traced(operands[0], first)
        case "cholesky":
            return _change_of_cholesky(node, first)
        case "sort":
            return graph.called(ARRANGED, (operands[0], first), node.shape)
        case "interp":
            return mul(first, _slope(node))
        case "sign-of-det" | "slope-of-interp":
            return None
        case name:
            raise ObjectiveError(message("no derivative is known here for '{node}'", node=name))


# Derivatives of L from those of L L^T: I. Murray, *Differentiation of the Cholesky decomposition*, arXiv:1602.07527.


def _lower(a: ArrayNode, diagonal: float) -> ArrayNode:
    """The lower triangle, with its diagonal times a number."""
    n = a.shape[-1]
    weights = np.tril(np.ones((n, n)), -1) + diagonal * np.eye(n)
    return where(
        a.graph.broadcast(a.graph.table(weights != 0), a.shape),
        mul(a, a.graph.broadcast(a.graph.table(weights), a.shape)),
        a.graph.number(0.0),
    )


def _adjoint_of_cholesky(factor: ArrayNode, adjoint: ArrayNode) -> ArrayNode:
    half = _lower(matmul(flipped(factor), adjoint), 0.5)
    turned = flipped(factor)
    middle = flipped(solve(turned, flipped(solve(turned, half))))
    return _lower(add(middle, flipped(middle)), 0.5)


def _change_of_cholesky(factor: ArrayNode, change: ArrayNode) -> ArrayNode:
    below = _lower(change, 0.5)
    middle = solve(factor, flipped(solve(factor, add(below, flipped(below)))))
    return matmul(factor, _lower(middle, 0.5))


def _spread(number: ArrayNode, matrices: ArrayNode) -> ArrayNode:
    """One number for each matrix, repeated over its elements."""
    axes = [Axis(0, 1, k) for k in range(len(number.shape))]
    return number.graph.view(number, axes, matrices.shape)


def _traced(matrix: ArrayNode, change: ArrayNode) -> ArrayNode:
    """The trace of inverse(matrix) @ change."""
    k = len(matrix.shape)
    return reduced("sum", mul(flipped(inverse(matrix)), change), (k - 2, k - 1))
