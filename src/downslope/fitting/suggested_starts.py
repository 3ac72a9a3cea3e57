"""Starts that a hypothesis and its table suggest: rates by the span of a column, places by its quantiles, and so on.

The parameters that are linear (above and below the bar) follow from the others by least squares, so only those are
tried, each in its role's few values; what is nearest to the table is where a descent begins.

Source: G. Golub, V. Pereyra, SIAM Journal on Numerical Analysis 10 (1973) 413-432 (parameters that separate);
C. Sanathanan, J. Koerner, IEEE Transactions on Automatic Control 8 (1963) 56-58 (fractions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from downslope import symbolic
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.hypothesis import Hypothesis
from downslope.fitting.objective import RowBlock
from downslope.fitting.parameter_roles import Role, Split, split
from downslope.fitting.rows import Array

MOST_PARAMETERS = 20
MOST_TRIED = 1_500  # combinations of the values of the parameters that are not linear
KEPT = 60  # of them, whose linear parameters are found with care for dependent columns
MOST_ROWS = 120  # of the table that these are held against
LOOKS = 9  # rows from which the span of an expression is found
WEIGHINGS = 3  # of the rows of a fraction by what is below the bar
DEPENDENT = 1e-10  # part of the largest singular value
SMOOTHED = (DEPENDENT, 1e-7, 1e-5, 1e-3)  # the same for fractions, which with all their freedom have poles

RATES = (0.5, 2.0, 6.0, 20.0)  # spans of an exponent over the table
BASE_RATES = (0.03, 0.3, 3.0, 30.0)  # the same of what is added to 1 before it is raised to a power
HALVES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # of a column's middle size
WIDTHS = (0.015, 0.04, 0.1, 0.3, 1.0)  # of a column's span
POWERS = (-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0)
PHASES = (0.0, np.pi / 3, 2 * np.pi / 3)  # of a wave whose sign is free
HALF_TURNS = np.arange(1.0, 61.0)  # of a wave over the table
PLACES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)  # quantiles of a column
AROUND = (0.1, 1.0, 10.0, -1.0)  # of a parameter's own start, where there is one and no role


@dataclass(frozen=True)
class _Sample:
    """Rows of the table.

    Attributes:
        X, y: columns and targets, shapes (rows, columns) and (rows,).
        roots: of the weights.
        looks: places among them that span the table.
    """

    X: Array
    y: Array
    roots: Array
    looks: Array

    @classmethod
    def of(cls, block: RowBlock) -> _Sample:
        count = block.rows.count
        chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).round().astype(int))
        X, y = np.asarray(block.rows.X[chosen]), np.asarray(block.y[chosen])
        roots = np.sqrt(block.weights[chosen]) if block.weights.size else np.ones(len(y))
        order = np.argsort(X[:, 0], kind="stable")
        return cls(X, y, roots, order[np.linspace(0, len(y) - 1, min(len(y), LOOKS)).astype(int)])


class _Form(NamedTuple):
    """A hypothesis, taken apart, and rows that it is held against."""

    hypothesis: Hypothesis
    parts: Split
    sample: _Sample

    @property
    def is_fraction(self) -> bool:
        """Whether parameters that are linear stand below a bar."""
        return any(self.hypothesis.symbols[i] in self.parts.below.free_symbols for i in self.parts.linear)


def suggested_starts(block: RowBlock, most: int, start: Array | None = None) -> list[Array]:
    """The best starts, the best first; none where no start is given and a parameter has no role that is known.

    Args:
        block: the rows of a hypothesis in general form.
        most: how many.
        start: where a person had the fit begin; what has no role is tried around it, and all are at it.
    """
    form = _form_of(block)
    if form is None or (start is None and any(role.kind == "unknown" for role in form.parts.roles)):
        return []
    with np.errstate(all="ignore"):
        tried = _combinations(form, start)
        return _best(form, tried if start is None else np.concatenate([start[None], tried]), most)


def starts_beside(block: RowBlock, most: int, point: Array) -> list[Array]:
    """The best of those that differ from a point in two of its parameters: for a peak that it missed, say."""
    form = _form_of(block)
    if form is None:
        return []
    with np.errstate(all="ignore"):
        return _best(form, np.concatenate([point[None], *_in_pairs(form, point)]), most)


def _form_of(block: RowBlock) -> _Form | None:
    """The hypothesis of these rows; None where it has no columns, or too many parameters."""
    rows = block.rows
    if not isinstance(rows, FormulaRows) or rows.size > MOST_PARAMETERS or not rows.hypothesis.columns:
        return None
    return _Form(rows.hypothesis, split_of(rows.hypothesis), _Sample.of(block))


def _best(form: _Form, tried: Array, most: int) -> list[Array]:
    """The combinations nearest to the table, the nearest first, none of them another's twin."""
    if not len(tried):
        return []
    found = [_completed(form, tried, cut) for cut in (SMOOTHED if form.is_fraction else SMOOTHED[:1])]
    points, costs = (np.concatenate(parts) for parts in zip(*found, strict=True))
    chosen: list[Array] = []
    for i in np.argsort(costs, kind="stable"):
        if len(chosen) == most or not np.isfinite(costs[i]):
            break
        near = any(np.allclose(points[i], known, rtol=0.05, atol=0) for known in chosen)
        if not near and _has_slopes(form, points[i]):
            chosen.append(points[i])
    return chosen


def _has_slopes(form: _Form, point: Array) -> bool:
    """Whether the derivatives are numbers there; those of (b + x)^n are none where the square of b + x < 0 is one."""
    h = form.hypothesis
    slopes = symbolic.gradient(h.expression, h.symbols[: len(h.parameters)])
    return bool(np.isfinite(_rows_of(h, slopes, form.sample.X, point[None])).all())


@lru_cache(maxsize=64)
def split_of(hypothesis: Hypothesis) -> Split:
    """The hypothesis taken apart."""
    return split(hypothesis.expression, hypothesis.parameters, hypothesis.columns)


def _combinations(form: _Form, start: Array | None) -> Array:
    """Values for the parameters that are not linear, one combination a row; the others are 1."""
    parts, size = form.parts, len(form.hypothesis.parameters)
    tried = np.ones((1, size)) if start is None else start[None].copy()
    rng = np.random.default_rng(0)
    known = [role for role in parts.roles if role.kind != "unknown"]
    for role in sorted(known, key=lambda role: role.order):
        tried = _spread(tried, role.parameter, _values(form, role, tried), rng)
    for role in parts.roles:
        if role.kind == "unknown":
            assert start is not None
            around = start[role.parameter] * np.array(AROUND) if start[role.parameter] else np.array([0.0])
            tried = _spread(tried, role.parameter, np.tile(around, (len(tried), 1)), rng)
    return tried


def _in_pairs(form: _Form, point: Array) -> list[Array]:
    """A point with every two of its parameters that have a role elsewhere: a peak that it missed, say."""
    known = sorted((r for r in form.parts.roles if r.kind != "unknown"), key=lambda role: role.order)
    rng, found = np.random.default_rng(1), []
    for first, second in combinations(known, 2):
        tried = _spread(point[None], first.parameter, _values(form, first, point[None]), rng)
        found.append(_spread(tried, second.parameter, _values(form, second, tried), rng))
    return found


def _spread(tried: Array, place: int, values: Array, rng: np.random.Generator) -> Array:
    """Every combination with each of its values for one more parameter, or as many of these as are tried."""
    grown = np.repeat(tried, values.shape[1], axis=0)
    grown[:, place] = values.ravel()
    grown = grown[np.isfinite(grown[:, place])]
    if len(grown) > MOST_TRIED:
        grown = grown[np.sort(rng.permutation(len(grown))[:MOST_TRIED])]
    return grown


def _values(form: _Form, role: Role, tried: Array) -> Array:
    """The values to be tried for a role, a row for each combination of the others so far."""
    sample, names = form.sample, [str(symbol) for symbol in role.argument.free_symbols]
    columns = [k for k, name in enumerate(form.hypothesis.columns) if name in names] or [0]
    x = sample.X[:, columns[0]]
    span = float(np.ptp(x)) or 1.0
    fixed: Sequence[float] | Array | None = None
    if role.kind == "power":
        fixed = POWERS
    elif role.kind == "half":
        middle = float(np.median(np.abs(x))) or span
        fixed = np.outer((1.0, -1.0), np.array(HALVES) * middle).ravel()
    elif role.kind == "place":
        ends = x[[int(np.argmax(sample.y)), int(np.argmin(sample.y))]]
        fixed = np.concatenate([np.quantile(x, PLACES), ends])
    elif role.kind == "width":
        fixed = np.outer((1.0, -1.0), np.array(WIDTHS) * span).ravel()
    if fixed is not None:
        return np.tile(np.asarray(fixed, float), (len(tried), 1))
    if role.kind == "period":
        other = tried.copy()
        other[:, role.parameter] = 1.0
        spans = np.ptp(_at(form, role.argument, other), axis=1)
        return np.asarray((np.pi * HALF_TURNS / spans[:, None]) ** (1 / role.degree))
    factors = _at(form, role.factor, tried)
    if role.kind == "phase":
        whole = _at(form, role.argument, tried)
        if role.wave:
            return np.array(PHASES) / factors[:, :1]
        quantiles = np.linspace(0, whole.shape[1] - 1, 5).round().astype(int)
        return np.asarray((tried[:, role.parameter, None] - whole / factors)[:, quantiles])
    if role.kind == "base_rate":
        return np.asarray(np.array(BASE_RATES) / np.max(np.abs(factors), axis=1)[:, None])
    spans = np.ptp(factors, axis=1)[:, None]
    if role.kind == "frequency":
        return np.asarray(np.pi * HALF_TURNS / spans)
    return np.asarray(np.outer((1.0, -1.0), RATES).ravel() / spans)


def _at(form: _Form, expression: Any, tried: Array) -> Array:
    """An expression at the rows that span the table, for every combination: (combinations, rows)."""
    sample = form.sample
    return _rows_of(form.hypothesis, [expression], sample.X[sample.looks], tried)[:, :, 0]


def _rows_of(hypothesis: Hypothesis, expressions: Sequence[Any], X: Array, tried: Array) -> Array:
    """Expressions at every row for every combination: (combinations, rows, expressions)."""
    native = symbolic.compile_native(hypothesis.symbols, list(expressions))
    points = np.concatenate([np.repeat(tried, len(X), axis=0), np.tile(X, (len(tried), 1))], axis=1)
    return native.rows(points).reshape(len(tried), len(X), len(expressions))


def _completed(form: _Form, tried: Array, cut: float) -> tuple[Array, Array]:
    """Every combination with its linear parameters put in by least squares, and its cost; infinite where it has none.

    Of N(p)/D(p) = y the rows are those of N - y D = 0, which is linear in p, over D at the last p.
    """
    linear, symbols, m = list(form.parts.linear), form.hypothesis.symbols, len(form.parts.linear)
    points, costs = tried.copy(), np.full(len(tried), np.inf)
    points[:, linear] = 0.0
    pieces = [
        piece
        for part in (form.parts.above, form.parts.below)
        for piece in (*(part.diff(symbols[i]) for i in linear), part)
    ]
    out = _rows_of(form.hypothesis, pieces, form.sample.X, points)
    for k in np.arange(len(tried)) if form.is_fraction else _nearest(form.sample, out):
        fraction = _Fraction(out[k, :, :m], out[k, :, m], out[k, :, m + 1 : -1], out[k, :, -1])
        weights = fraction.below if np.all(fraction.below) else np.ones(len(form.sample.y))
        for _ in range(WEIGHINGS if form.is_fraction else 1):
            values = fraction.solved(form.sample, weights, cut)
            if values is None:
                break
            weights = fraction.below + fraction.D @ values
            u = (fraction.above + fraction.N @ values) / weights
            cost = float(np.sum(np.square((u - form.sample.y) * form.sample.roots)))
            if cost < costs[k]:
                costs[k], points[k, linear] = cost, values
    return points, costs


def _nearest(sample: _Sample, out: Array) -> Any:
    """The places of the combinations that come nearest to the table by least squares: by one factorisation each.

    ``out`` is [derivatives | above | derivatives that are 0 | below] of all rows, for every combination.
    """
    m = (out.shape[2] - 2) // 2
    below = out[:, :, -1]
    below = np.where(np.all(below != 0, axis=1)[:, None], below, 1.0)
    rows = np.empty((*below.shape, m + 1))
    rows[:, :, :m] = out[:, :, :m] * (sample.roots / below)[:, :, None]
    rows[:, :, m] = (sample.y - out[:, :, m] / below) * sample.roots
    usable = np.flatnonzero(np.all(np.isfinite(rows), axis=(1, 2)))
    if len(sample.y) <= m:
        return usable[:KEPT]
    left = np.abs(np.asarray(np.linalg.qr(rows[usable], mode="r"))[:, m, m])
    return np.asarray(usable[np.argsort(left, kind="stable")[:KEPT]])


class _Fraction(NamedTuple):
    """(above + N p)/(below + D p) at every row, for the parameters p that are linear."""

    N: Array
    above: Array
    D: Array
    below: Array

    def solved(self, sample: _Sample, weights: Array, cut: float) -> Array | None:
        """p by least squares of the rows over their weights; None where they are not finite."""
        y, roots = sample.y, sample.roots / weights
        rows = (self.N - y[:, None] * self.D) * roots[:, None]
        target = (y * self.below - self.above) * roots
        good = np.isfinite(target) & np.all(np.isfinite(rows), axis=1)
        if not (good.all() or (np.any(self.D) and good.sum() > rows.shape[1])):
            return None
        size = np.linalg.norm(rows[good], axis=0)
        size = np.where(size > 0, size, 1.0)
        return np.asarray(np.linalg.lstsq(rows[good] / size, target[good], rcond=cut)[0] / size)
