"""Objectives with symbols: from text, from SymPy or SymEngine, or traced from a Python function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.errors import ExpressionError, ObjectiveError, StartError, UsageError
from downslope.language import Expression, parse
from downslope.language.tree import Node
from downslope.messages import as_message, listing, message
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Vector, natural_order
from downslope.objectives.residuals import Residuals, residuals_from_rows, square_roots
from downslope.symbolic.size import MOST_SPELT, spelt_size
from downslope.symbolic.unknown import TraceError

if TYPE_CHECKING:
    from downslope.objectives.array_program import ArrayProgram

FEWEST = 30  # parameters, from which loops over arrays are faster than the same written out number by number


class FormulaObjective(Objective):
    """A formula in symbols: its derivatives are exact and it is compiled to machine code.

    Args:
        expression: a SymEngine expression.
        parameters: its parameters; every symbol of the expression must be one of their coordinates.
        text: the formula as a person would write it.
        dtype: float64 or float32.
        gradient: the partial derivatives, where a person supplies them, in the order of the coordinates.

    >>> import numpy as np
    >>> from downslope.objectives.formula import from_text
    >>> f = from_text("x^2/20 + y^2")
    >>> f.value_and_gradient(np.array([-7.0, 2.0]))
    (6.45, array([-0.7,  4. ]))
    """

    def __init__(
        self,
        expression: Any,
        parameters: Parameters,
        text: str,
        *,
        dtype: Any = np.float64,
        gradient: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(parameters, text, dtype)
        self.expression = expression
        self.symbols = tuple(se.Symbol(name) for name in parameters.coordinates)
        self.differentiation = "symbolic" if gradient is None else "supplied"
        self._gradient = None if gradient is None else list(gradient)

    @property
    def formula(self) -> FormulaObjective:
        """Itself."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """For another process: what it was made of, and nothing that was compiled of it."""
        made = {name for name in vars(self) if isinstance(getattr(type(self), name, None), cached_property)}
        kept = {name: value for name, value in vars(self).items() if name not in made}
        return {**kept, "says_itself": True, "tree": self.tree} if self.says_itself else kept

    def __copy__(self) -> FormulaObjective:
        """With all that was compiled."""
        copied = object.__new__(type(self))
        copied.__dict__.update(vars(self))
        return copied

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Symbols that travelled stand in another order, so that code made of them would round otherwise."""
        self.__dict__.update(state)
        if "tree" in state:
            self.expression = symbolic.lower(self.tree)

    @cached_property
    def program(self) -> ArrayProgram | None:  # type: ignore[override]
        """What was typed, on whole arrays; None where there are few parameters or terms are not alike."""
        if not self.says_itself or self._gradient is not None or self.dtype != np.float64:
            return None
        if self.parameters.size < FEWEST:
            return None
        from downslope.objectives.array_program import ArrayProgram  # with LLVM, which takes a while

        try:
            return ArrayProgram.of_formula(self.tree, self.parameters.coordinates)
        except TraceError:
            return None

    @cached_property
    def partials(self) -> list[Any]:
        """The partial derivatives as SymEngine expressions: those supplied, else those of the formula."""
        if self._gradient is not None:
            return self._gradient
        return symbolic.gradient(self.expression, self.symbols)

    @cached_property
    def says_itself(self) -> bool:
        """Whether ``text`` reads back as this objective: SymPy has names and functions that formulas lack."""
        try:
            return set(self._read().names) <= set(self.parameters.coordinates)
        except ExpressionError:
            return False

    def _read(self) -> Expression:
        return parse(self.text, self.parameters.coordinates, e_is_a_number=True)

    @cached_property
    def tree(self) -> Node:
        """The formula as it was typed, else as its symbols say it.

        Raises:
            ObjectiveError: it holds a function that has no name in the language.
        """
        return self._read().tree if self.says_itself else symbolic.lift(self.expression)

    @cached_property
    def _value(self) -> symbolic.NativeFunction:
        return symbolic.compile_native(self.symbols, [self.expression], self.dtype)

    @cached_property
    def _value_and_gradient(self) -> symbolic.NativePieces:
        return symbolic.NativePieces(self.symbols, [self.expression, *self.partials], self.dtype)

    @cached_property
    def _hessian(self) -> symbolic.NativeFunction:
        rows = symbolic.hessian(self.expression, self.symbols)
        return symbolic.compile_native(self.symbols, [entry for row in rows for entry in row])

    def value(self, x: Vector) -> float:
        return float(self._value(np.ascontiguousarray(x, self.dtype))[0])

    def values(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """f at each row of ``points``, all in one native call."""
        return np.asarray(self._value.rows(points)[:, 0], np.float64)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        if self.program is not None:
            return self.program.value_and_gradient(np.asarray(x, np.float64))
        out = self._value_and_gradient(np.ascontiguousarray(x, self.dtype))
        return float(out[0]), out[1:]

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """The exact matrix of second derivatives at ``x``, in float64."""
        if self.program is not None and not self.program.supplied:
            return self.program.hessian(np.asarray(x, np.float64))
        d = len(x)
        return np.asarray(self._hessian(np.ascontiguousarray(x, np.float64)), np.float64).reshape(d, d)

    @cached_property
    def residual_roots(self) -> list[Any] | None:
        """Expressions of whose squares this is the sum, where it is written as one."""
        return square_roots(self.expression)

    def check_residuals(self, wanted_by: str) -> None:
        if self.residual_roots is None:
            super().check_residuals(wanted_by)

    @cached_property
    def _residuals(self) -> symbolic.NativePieces:
        roots = self.residual_roots or []
        slopes = [slope for root in roots for slope in (*symbolic.gradient(root, self.symbols), root)]
        return symbolic.NativePieces(self.symbols, slopes, np.float64)

    def residuals(self, x: Vector) -> tuple[float, Residuals]:
        block = self._residuals(np.ascontiguousarray(x, np.float64))
        return residuals_from_rows(block.reshape(-1, len(x) + 1))

    def derivatives_as_text(self) -> dict[str, str]:
        """Coordinate -> its partial derivative as a formula."""
        return {
            name: str(Expression.from_tree(symbolic.lift(partial)))
            for name, partial in zip(self.parameters.coordinates, self.partials, strict=True)
        }


def from_text(
    formula: str,
    parameters: Parameters | None = None,
    dtype: Any = np.float64,
    gradient: Mapping[str, str] | None = None,
    *,
    named: Iterable[str] = (),
) -> FormulaObjective:
    """The objective that a formula says.

    Without ``parameters``, the names in the formula are the parameters, in natural order (x1, x2, x10). ``named`` are
    those that a start gives, so that ``e`` may be one of them; where the parameters are given, a letter e that is not
    among them is the number.

    Raises:
        ExpressionError: the formula cannot be read.
        ObjectiveError: it holds no name, so there is nothing to vary.
    """
    known_names = tuple(named) if parameters is None else parameters.coordinates
    read = parse(formula, known_names, e_is_a_number=parameters is not None)
    if not read.names:
        raise ObjectiveError(
            message("'{source}' has no parameter to vary: it is a constant.", source=read.source)
        )
    if parameters is None:
        parameters = Parameters.scalars(natural_order(read.names))
    known = set(parameters.coordinates)
    unknown = [name for name in read.names if name not in known]
    if unknown:
        raise StartError(
            message(
                "the start gives no value for {unknown}; the parameters are: {names}.",
                unknown=listing(unknown),
                names=listing(natural_order(read.names)),
            )
        )
    partials = None if gradient is None else _partials_from_text(gradient, parameters)
    objective = FormulaObjective(
        symbolic.lower(read.tree), parameters, str(read), dtype=dtype, gradient=partials
    )
    objective.notes = tuple(map(as_message, read.notes))
    objective.says_itself, objective.tree = True, read.tree
    return objective


def _partials_from_text(gradient: Mapping[str, str], parameters: Parameters) -> list[Any]:
    gradient = parameters.of_names(gradient, message("the gradient"))
    known = set(parameters.coordinates)
    partials = []
    for name in parameters.names:
        read = parse(str(gradient[name]), parameters.coordinates)
        strangers = [n for n in read.names if n not in known]
        if strangers:
            raise UsageError(
                message(
                    "the gradient for {name} uses {strangers}; the parameters are: {names}.",
                    name=name,
                    strangers=listing(strangers),
                    names=listing(parameters.names),
                )
            )
        partials.append(symbolic.lower(read.tree))
    return partials


def from_symbolic(
    expression: Any, parameters: Parameters | None = None, dtype: Any = np.float64
) -> FormulaObjective:
    """The objective of a SymPy or SymEngine expression.

    Raises:
        ObjectiveError: it cannot be differentiated and compiled here, or has no free symbol.
    """
    converted = symbolic.from_sympy(expression)
    names = natural_order(symbol.name for symbol in converted.free_symbols)
    if not names:
        raise ObjectiveError(
            message("'{expression}' has no parameter to vary: it is a constant.", expression=expression)
        )
    if parameters is None:
        parameters = Parameters.scalars(names)
    known = set(parameters.coordinates)
    strangers = [name for name in names if name not in known]
    if strangers:
        raise StartError(
            message(
                "the start gives no value for {strangers}; the parameters are: {names}.",
                strangers=listing(strangers),
                names=listing(names),
            )
        )
    return FormulaObjective(converted, parameters, readable(converted), dtype=dtype)


def is_readable(expression: Any) -> bool:
    """Whether it can be written out in no time: loops that were followed can grow beyond all bounds."""
    return spelt_size(expression, MOST_SPELT) < MOST_SPELT


def readable(expression: Any) -> str:
    """A SymEngine expression in downslope's own spelling, or SymEngine's where it has none."""
    try:
        return str(Expression.from_tree(symbolic.lift(expression)))
    except ObjectiveError:
        return str(expression)
