"""The least and the greatest curvature at a point of many parameters, where products with the Hessian tell both.

Lanczos' method keeps three vectors however many products it takes: the ends of the spectrum are those of a small
tridiagonal matrix. Directions that lose their right angles by rounding only bring the same ends back a second time.

Source: C. Paige, "Accuracy and effectiveness of the Lanczos algorithm for the symmetric eigenproblem", Linear Algebra
and its Applications 34 (1980) 235-258.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from downslope.descent.norms import norm_of
from downslope.explain import budget
from downslope.explain.analysis_view import AnalysisView
from downslope.explain.krylov import PRODUCT, product_along
from downslope.objectives import Vector

MOST_PRODUCTS = 300
PART = 1 / 4  # of what is left to be spent, that they may take
FIRST_LOOK, GROWTH = (
    12,
    1.4,
)  # products before the ends are looked at, and times as many before each further look
CLOSE = 0.1  # part of an end by which the rest of the spectrum may still move it; mostly it is a hundredth of that
ENDED = 1e-12  # part of the largest entry: so short a new direction is rounding, and all has been seen


class SpectrumEnds(NamedTuple):
    """Of a spectrum: curvatures as descent sees them, and the products that showed them."""

    smallest: float
    largest: float
    products: int


def ends_at(view: AnalysisView, x: Vector) -> SpectrumEnds | None:
    """Both ends of the spectrum, each good to a few hundredths; None where products are not to be had or tell less.

    That there is no curvature below the smallest is as sure as that a random direction has a part of every other one.
    """
    most = _affordable(view)
    if most < FIRST_LOOK or len(x) < FIRST_LOOK:
        return None
    diagonal: list[float] = []
    beside: list[float] = []
    before, v = np.zeros(len(x)), np.random.default_rng(0).normal(size=len(x))
    v /= norm_of(v)
    look = FIRST_LOOK
    for k in range(1, most + 1):
        product = product_along(view, x, v)
        if product is None or not np.all(np.isfinite(product)):
            return None
        diagonal.append(float(v @ product))
        product -= diagonal[-1] * v
        if beside:
            product -= beside[-1] * before
        length = norm_of(product)
        ended = length <= ENDED * max(map(abs, (*diagonal, *beside)))
        if ended or k >= look or k == most:
            found = _ends(diagonal, beside, 0.0 if ended else length)
            if found is not None or ended:
                return found
            look = int(GROWTH * k) + 1
        beside.append(length)
        before, v = v, np.asarray(product / length)
    return None


def _ends(diagonal: list[float], beside: list[float], length: float) -> SpectrumEnds | None:
    """Those of the tridiagonal matrix, where what is left of the next direction hardly moves them."""
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    off = length * np.abs(vectors[-1, [0, -1]])
    if np.any(off > CLOSE * np.abs(values[[0, -1]])):
        return None
    return SpectrumEnds(float(values[0]), float(values[-1]), len(diagonal))


def _affordable(view: AnalysisView) -> int:
    if not view.price:
        return MOST_PRODUCTS
    return int(min(MOST_PRODUCTS, PART * budget.left() / (PRODUCT * view.price)))
