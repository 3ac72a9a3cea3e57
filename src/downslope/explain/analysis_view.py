"""An objective as its explanation sees it: value, gradient and Hessian in float64, downhill always down."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from typing import Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.descent.norms import norm_of
from downslope.errors import ObjectiveError
from downslope.explain.budget import (
    CALL,
    INTERPRETED,
    NATIVE_CALL,
    PROGRAM_CALL,
    operations_of,
    spend,
    spend_once,
)
from downslope.explain.curvature import Curvature
from downslope.explain.smoothness import formula_is_smooth, program_is_smooth
from downslope.objectives import Objective, Vector
from downslope.symbolic.multiplying import exact, freed_of

MOST_SYMBOLIC = 24  # parameters up to which second derivatives are taken in symbols
MOST_WRITTEN = 3000  # characters of a formula times its parameters, likewise: 15 ms
LONG = 3000  # characters from which a formula is compiled: its gradients then cost a fortieth and more
LONGEST = 200_000  # characters up to which it is: a second of compiling
MOST_READ = 100_000  # characters of a formula that is read for whether it is a quadratic
EIGENVALUES = 1_000  # operations for each parameter, beside their cube: of a Hessian's eigenvalues (measured)
OF_FEW = 10  # times the cube, where that is less
SAME = 1e-5  # Hessians from differences that agree so well, relatively, are called equal
WIDE = 4.0  # times as far it is looked for whether a function without symbols is a quadratic
NEIGHBOURS = 4  # of a point, in double precision, by which the rounding of its gradient is measured


DIGITS = 8000  # binary ones, and four times the size of the point more: with them 1 - tanh(x)^2 is not 0
MOST_DIGITS = 100_000
FAR_DIGITS = 200  # of a value far out, where only its exponent is too large
EXACTLY = 50  # times the operations of an evaluation in double precision

_KEPT: deque[AnalysisView] = deque(maxlen=4)  # of formulas only: data may be large


class AnalysisView:
    """The objective, its negative where it was climbed, with a ridge added where weights decayed.

    Formulas are evaluated here by an interpreter that is ready in a tenth of a millisecond: a judgement needs
    a hundred values, which machine code would not pay for; only long ones, as traced networks are, are compiled.
    Every evaluation is paid for from the budget of ``rationed.at_most``.

    Raises:
        TooDearError: from any evaluation that the budget does not cover.

    Args:
        objective: what was descended or climbed.
        sign: -1 where it was climbed, so that downhill is better here; times a unit, where the numbers are so small or
            large that their products would be no numbers.
        ridge: r of a penalty (r/2)|x|^2.

    >>> from downslope.objectives.formula import from_text
    >>> AnalysisView(from_text("x^2/20 + y^2")).hessian(np.zeros(2))
    array([[0.1, 0. ],
           [0. , 2. ]])
    """

    @classmethod
    def of(cls, objective: Objective, sign: float = 1.0, ridge: float = 0.0) -> AnalysisView:
        """The landscape of an objective; of the last few formulas it is kept, with what was worked out."""
        for kept in _KEPT:
            if kept.objective is objective and (kept.sign, kept.ridge) == (sign, ridge):
                return kept
        made = cls(objective, sign, ridge)
        if objective.expression is not None:
            _KEPT.append(made)
        return made

    def __init__(self, objective: Objective, sign: float = 1.0, ridge: float = 0.0) -> None:
        self.objective, self.sign, self.ridge = objective, sign, ridge
        self.names = objective.parameters.coordinates
        self.dimension = len(self.names)
        self._hessians: dict[bytes, NDArray[np.float64]] = {}
        self._curvatures: dict[bytes, Curvature] = {}
        self._machine_code: symbolic.NativeFunction | None = None
        self._uncompilable = False

    @cached_property
    def expression(self) -> Any:
        """The formula with its sign and ridge, or None where there are no symbols."""
        if self.objective.expression is None:
            return None
        expression = self.objective.expression
        expression = expression if self.sign == 1 else self.sign * expression
        if self.ridge:
            expression = expression + self.ridge / 2 * se.Add(*(s**2 for s in self.objective.symbols))
        return expression

    @cached_property
    def _partials(self) -> list[Any]:
        return symbolic.gradient(self.expression, self.objective.symbols)

    @cached_property
    def _interpreted(self) -> Any:
        """Value and gradient of a formula, interpreted; None where there is none or it cannot be."""
        if self.expression is None or self.objective.program is not None:
            return None
        try:
            outputs = [self.expression, *self._partials]
            return symbolic.interpreted(self.objective.symbols, outputs)
        except (ObjectiveError, RuntimeError, ValueError, TypeError, NotImplementedError):
            return None

    @property
    def _native(self) -> symbolic.NativeFunction | None:
        """Value and gradient of a long formula as machine code; None where it is short, or longer than pays."""
        if self.objective.program is not None:
            return None  # which computes it faster
        if self._machine_code is None and self.expression is not None and not self._uncompilable:
            if not LONG <= len(self._written) <= LONGEST:
                return None
            try:
                outputs = [self.expression, *self._partials]
                self._machine_code = symbolic.compile_native(self.objective.symbols, outputs, optimize=False)
            except ObjectiveError:
                self._uncompilable = True
        return self._machine_code

    @cached_property
    def _second(self) -> list[list[Any]] | None:
        """The matrix of second derivatives in symbols; None where it would be too large or there are no symbols."""
        if self.expression is None or self.dimension > MOST_SYMBOLIC:
            return None
        if len(self._written) * self.dimension > MOST_WRITTEN or self._interpreted is None:
            return None
        try:
            return [symbolic.gradient(row, self.objective.symbols) for row in self._partials]
        except ObjectiveError:
            return None

    @cached_property
    def _hessian_interpreted(self) -> Any:
        entries = [entry for row in self._second or [] for entry in row]
        try:
            return symbolic.interpreted(self.objective.symbols, entries)
        except (RuntimeError, ValueError, TypeError, NotImplementedError):
            return None

    @cached_property
    def constant(self) -> NDArray[np.float64] | None:
        """The Hessian where it is the same everywhere by its symbols: the objective is a quadratic. Else None.

        Each partial derivative is differentiated by the few variables that it holds, so a long sum of squares takes
        no longer than it has terms; the first that is no number ends it.
        """
        if self.expression is None or not self.smooth or len(self._written) > MOST_READ:
            return None  # the second derivative of a corner is 0 on both sides, and says nothing
        places = {symbol: i for i, symbol in enumerate(self.objective.symbols)}
        numbers = np.zeros((self.dimension, self.dimension))
        for i, partial in enumerate(self._partials):
            for symbol in partial.free_symbols:
                entry = freed_of(partial.diff(symbol), self.objective.symbols)
                if entry is None:
                    return None
                numbers[i, places[symbol]] = float(entry.n(53, real=True))
        return numbers if np.all(np.isfinite(numbers)) else None

    def is_quadratic(self, points: list[Vector]) -> bool:
        """Whether the Hessian is the same everywhere: by its symbols, else as far as these points and others show."""
        if self.constant is not None:
            return True
        if self._second is not None or (self.expression is not None and not self.smooth):
            return False
        if self.dimension > MOST_SYMBOLIC:
            points = points[:2]
        random = np.random.default_rng(0)
        base = points[0]
        spread = 1.0 + np.abs(base)
        others = [*points[1:], base + spread * random.normal(size=len(base))]
        first = self.hessian(base)
        size = float(np.max(np.abs(first), initial=0.0))
        if not np.isfinite(size) or size == 0:
            return False
        if self.expression is None:  # a kink shows from its other side only
            far = WIDE * (others[-1] - base)
            return self._slopes_follow(first, base, [*points[1:], base + far, base - far, -base])
        return all(
            bool(np.max(np.abs(self.hessian(p) - first)) <= SAME * size) for p in others
        )  # NaN compares false

    def _slopes_follow(self, hessian: NDArray[np.float64], base: Vector, others: list[Vector]) -> bool:
        """Whether the gradient at these points is what a Hessian that is the same everywhere makes of it."""
        here, size = self.gradient(base), float(np.max(np.abs(hessian)))
        for other in others:
            way = other - base
            apart = np.max(np.abs(self.gradient(other) - here - hessian @ way))
            if not apart <= SAME * (
                size * np.max(np.abs(way)) + np.max(np.abs(here))
            ):  # also where it is NaN
                return False
        return True

    def value(self, x: Vector) -> float:
        """The objective at ``x``; not finite outside its domain."""
        spend(self.price)
        if self._native is not None:
            return float(self._native(np.ascontiguousarray(x, np.float64))[0])
        if self._interpreted is not None:
            return float(self._interpreted(np.asarray(x, np.float64))[0])
        with np.errstate(all="ignore"):
            return float(self.sign * self.objective.value(x) + self.ridge / 2 * (x @ x))

    def far_value(self, x: Vector) -> float:
        """The objective far out, where double precision may make -inf of a logarithm whose argument underflows.

        Such numbers are computed again with an exponent that has room for them, where there is a formula.
        """
        value = self.value(x)
        if np.isfinite(value) or self.expression is None or not np.all(np.isfinite(x)):
            return value
        if len(self._written) > MOST_WRITTEN:
            return value
        spend(EXACTLY * self.price)
        try:
            numbers = {
                s: exact(se.RealDouble(float(v))) for s, v in zip(self.objective.symbols, x, strict=True)
            }
            return float(exact(self.expression).subs(numbers).n(FAR_DIGITS, real=True))
        except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError):
            return value

    def gradient(self, x: Vector) -> Vector:
        """The derivative of the objective itself, also where a person supplied another."""
        spend(self.price)
        if self._native is not None:
            return self._native(np.ascontiguousarray(x, np.float64))[1:]
        if self._interpreted is not None:
            return np.asarray(self._interpreted(np.asarray(x, np.float64))[1:], np.float64)
        with np.errstate(all="ignore"):
            return np.asarray(self.sign * self.objective.gradient(x) + self.ridge * x, np.float64)

    def exact_slope(self, x: Vector, i: int) -> Any:
        """The i-th partial derivative from the formula, where double precision may underflow to 0: exp(-x) at 800.

        A number of SymEngine with as many binary digits as the size of the point needs; None where there is no
        formula, or where such numbers cannot be put into it.
        """
        if self.expression is None or not self.smooth or len(self._written) * self.dimension > MOST_WRITTEN:
            return None
        spend(EXACTLY * self.price)
        try:
            numbers = {
                s: exact(se.RealDouble(float(v))) for s, v in zip(self.objective.symbols, x, strict=True)
            }
            digits = int(min(DIGITS + 4 * float(np.max(np.abs(x))), MOST_DIGITS))
            slope = exact(self._partials[i]).subs(numbers).n(digits, real=True)
            return slope if bool(slope > 0) or bool(slope < 0) or bool(slope == 0) else None
        except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError):
            return None

    def is_constant_along(self, x: Vector, line: Vector) -> bool:
        """Whether by its symbols the formula does not change along a line; False where there are none to read."""
        if self.expression is None or len(self._written) > MOST_WRITTEN:
            return False
        spend(EXACTLY * self.price)
        t = se.Dummy()
        places = {
            s: exact(se.RealDouble(float(a))) + (exact(se.RealDouble(float(b))) * t if b else 0)
            for s, a, b in zip(self.objective.symbols, x, line, strict=True)
        }
        try:
            return bool(freed_of(self.expression.subs(places).diff(t), [t]) == 0)
        except (RuntimeError, ValueError, TypeError, NotImplementedError):
            return False

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """The matrix of second derivatives at ``x``; remembered."""
        if self.constant is not None:
            return self.constant
        x = np.ascontiguousarray(x, np.float64)
        key, d = x.tobytes(), self.dimension
        products = 1 + d / (1 if self.objective.program is not None else 4)
        found = min(OF_FEW * d**3, EIGENVALUES * d + d**3)
        spend_once((key, self.sign, self.ridge), self.objective, self.price * products + found)
        if key not in self._hessians:
            self._hessians[key] = self._hessian(x)
        return self._hessians[key]

    def curvature(self, x: Vector) -> Curvature:
        """The curvatures at ``x`` and their directions; remembered."""
        key = b"" if self.constant is not None else np.ascontiguousarray(x, np.float64).tobytes()
        if key not in self._curvatures:
            self._curvatures[key] = Curvature.of(self.hessian(x), self.names, self.exact)
        return self._curvatures[key]

    def _hessian(self, x: Vector) -> NDArray[np.float64]:
        d = self.dimension
        with np.errstate(all="ignore"):
            if self._second is not None and self._hessian_interpreted is not None:
                return np.asarray(self._hessian_interpreted(x), np.float64).reshape(d, d)
            if self.expression is None or (self._native is None and self._interpreted is None):
                return np.asarray(self.sign * self.objective.hessian(x) + self.ridge * np.eye(d))
            steps = np.cbrt(np.finfo(np.float64).eps) * np.maximum(1.0, np.abs(x))
            shifts = np.diag(steps)
            ahead, behind = self._gradients(x + shifts), self._gradients(x - shifts)
            out = (ahead - behind) / (2 * steps[:, None])
            return np.asarray((out + out.T) / 2)

    def _gradients(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """The gradient at each row."""
        if self._native is None:
            return np.array([self.gradient(point) for point in points])
        spend(self.price * len(points))
        return np.asarray(self._native.rows(points)[:, 1:], np.float64)

    @cached_property
    def smooth(self) -> bool:
        """Whether the formula has nothing in it that can have a kink; False where there is no formula to read."""
        if self.expression is None:
            return self.objective.program is not None and program_is_smooth(self.objective.program)
        return formula_is_smooth(self.expression)

    @cached_property
    def price(self) -> float:
        """Operations of one evaluation here, with what the call takes; 0 where only calls are counted."""
        operations = operations_of(self.objective)
        if self.objective.program is not None:
            return PROGRAM_CALL + operations
        if self.expression is None:
            return operations
        return NATIVE_CALL + operations if len(self._written) >= LONG else CALL + INTERPRETED * operations

    @cached_property
    def _written(self) -> str:
        return str(self.expression)

    @property
    def precision(self) -> float:
        """The relative spacing of numbers in which the objective was computed."""
        return float(np.finfo(self.objective.dtype).eps)

    @property
    def exact(self) -> bool:
        """Whether second derivatives come from symbols: then the rounding of one does not spoil others."""
        return self._second is not None or self.constant is not None

    @property
    def doubt(self) -> float:
        """The part of the largest curvature that rounding may make of none: little in symbols, more in differences."""
        return 1e-14 * self.dimension if self.exact else max(1e-7, 100 * self.precision)

    def noise(self, x: Vector) -> float:
        """How far rounding in ``x`` alone moves the gradient: |H| |x| times the precision."""
        with np.errstate(all="ignore"):
            return self.precision * norm_of(np.abs(self.hessian(x)) @ np.abs(x))

    def hides(self, x: Vector, gradient: Vector, times: float) -> bool:
        """Whether a gradient at ``x`` may be so many times rounding, along each direction by itself.

        Where curvatures differ a million times, what rounding does along the steepest is a real slope along others.
        """
        if not norm_of(gradient) <= times * self.noise(x):
            return False
        with np.errstate(all="ignore"):
            vectors = self.curvature(x).vectors
            return bool(np.all(np.abs(vectors.T @ gradient) <= times * self._noises(x)))

    def _noises(self, x: Vector) -> Vector:
        """How far rounding moves the slope along each direction of curvature: what neighbours of ``x`` show.

        Of a person's function, whose calls count, only what rounding in ``x`` could do is taken.
        """
        curvature = self.curvature(x)
        sizes = np.abs(curvature.vectors.T)
        if self.price == 0:
            return np.asarray(self.precision * sizes @ (np.abs(self.hessian(x)) @ np.abs(x)))
        moved = self.precision * np.abs(curvature.values) * (sizes @ np.abs(x))
        random, here = np.random.default_rng(0), self.gradient(x)
        scale = self.precision / float(np.finfo(np.float64).eps)
        for _ in range(NEIGHBOURS):
            beside = np.nextafter(x, x + random.choice([-1.0, 1.0], size=len(x)))
            change = scale * np.abs(curvature.vectors.T @ (self.gradient(beside) - here))
            moved = np.where(np.isfinite(change), np.maximum(moved, change), moved)
        return np.asarray(moved)
