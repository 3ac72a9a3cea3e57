"""An update rule's own code, called with SymPy symbols, prints its formula: it cannot drift.

The functions here are what ``arithmetic`` calls when its arguments are SymPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from sympy.logic.boolalg import Boolean

from downslope.optimizers import state as states
from downslope.optimizers.own_numbers import bring

if TYPE_CHECKING:
    from downslope.optimizers.base import Optimizer

GREEK = {
    "learning_rate": "eta",
    "momentum": "mu",
    "decay": "rho",
    "epsilon": "epsilon",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "beta3": "beta_3",
}


GREEK_LETTERS = frozenset(
    {"eta", "mu", "rho", "epsilon", "beta", "theta", "tau", "lambda", "alpha", "gamma", "delta"}
)


class dot(sympy.Function):  # type: ignore[misc]  # noqa: N801 - printed as it is called
    """The inner product, kept as such so that it prints as one."""

    is_real = True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        a, b = (printer.doprint(argument) for argument in self.args)
        return rf"\left\langle {a}, {b}\right\rangle" + (f"^{{{exp}}}" if exp else "")


class where(sympy.Function):  # type: ignore[misc]  # noqa: N801 - printed as it is called
    """One of two values by a condition, which is kept as it was written."""

    is_real = True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        condition, yes, no = (printer.doprint(argument) for argument in self.args)
        cases = (
            rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} \end{{cases}}"
        )
        return rf"\left({cases}\right)^{{{exp}}}" if exp else cases


class entry(sympy.Function):  # type: ignore[misc]  # noqa: N801 - printed as it is called
    """The k-th number of a table; its arguments are k and the table."""

    is_real = True

    @classmethod
    def eval(cls, k: Any, *table: Any) -> Any:
        """The number itself, once k is one."""
        return table[min(int(k), len(table) - 1)] if k.is_Number else None

    def _sympystr(self, printer: Any) -> str:
        return f"h[{printer.doprint(self.args[0])}]"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return rf"h_{{{printer.doprint(self.args[0])}}}" + (f"^{{{exp}}}" if exp else "")


LONG = 8  # operations; a longer result of a function gets a line of its own

# The lines that the formula being made has so far: expression -> its symbol. None where no formula is being made.
_tape: ContextVar[dict[Any, Any] | None] = ContextVar("tape", default=None)


def _short(expression: Any) -> Any:
    """The expression, or a symbol for it where it is long, so that what is built on it stays readable."""
    lines = _tape.get()
    if lines is None or expression.count_ops() <= LONG:
        return expression
    if expression not in lines:
        boolean = isinstance(expression, Boolean)
        name = f"c{len(lines) + 1}" if boolean else f"t{len(lines) + 1}"
        lines[expression] = sympy.Symbol(name) if boolean else sympy.Symbol(name, real=True)
    return lines[expression]


def _shortened(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: _short(
        function(*map(sympy.sympify, values))
    )  # objects already: numbers become SymPy's


# What ``arithmetic`` calls when its arguments are SymPy's.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": sympy.sqrt,
    "absolute": sympy.Abs,
    "sign": sympy.sign,
    "floor": sympy.floor,
    "cos": sympy.cos,
    "log": sympy.log,
    "zeros_like": lambda x: sympy.Integer(0),
    "made_like": lambda x, make: sympy.Float(float(make(1)[0])),
    "maximum": _shortened(sympy.Max),
    "minimum": _shortened(sympy.Min),
    "logical_and": _shortened(sympy.And),
    "logical_or": _shortened(sympy.Or),
    "entry": lambda table, k: entry(k, *table),
    "dot": _shortened(dot),
    "where": _shortened(where),
}
bring(__name__, FUNCTIONS)


@dataclass(frozen=True)
class Formula:
    """The lines of an update rule: (symbol, its new value) in SymPy, in the order of computation.

    A prime marks a new value: ``m'``. ``legend`` says which hyperparameter each symbol stands for.
    """

    lines: tuple[tuple[Any, Any], ...]
    legend: dict[str, str]

    def __str__(self) -> str:
        return "\n".join(f"{left} <- {sympy.sstr(right, full_prec=False)}" for left, right in self.lines)

    def latex(self) -> str:
        """One aligned block of LaTeX."""
        symbols = {s for left, right in self.lines for s in (left, *right.free_symbols)}
        style = {"order": "none", "full_prec": False, "symbol_names": {s: _symbol_latex(s) for s in symbols}}
        rows = (
            rf"{_symbol_latex(left)} &\leftarrow {sympy.latex(right, **style)}" for left, right in self.lines
        )
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def evaluate(self, **values: float) -> dict[str, Any]:
        """The value of each line, from numbers for x, g, f, the state and the hyperparameters' symbols.

        >>> from downslope.optimizers import GradientDescent
        >>> formula(GradientDescent()).evaluate(x=1.0, g=2.0, f=1.0, eta=0.25)
        {"x'": 0.5}
        """
        known: dict[str, Any] = dict(values)
        out: dict[str, Any] = {}
        for left, right in self.lines:
            symbols = sorted(right.free_symbols, key=lambda symbol: symbol.name)
            compute = sympy.lambdify(symbols, right, [_NUMBERS, "math"], dummify=True)
            result = compute(*(known[symbol.name] for symbol in symbols))
            known[left.name] = out[left.name] = result if isinstance(result, bool) else float(result)
        return out


# What the functions above are for numbers.
_NUMBERS = {
    "where": lambda condition, yes, no: yes if condition else no,
    "dot": lambda a, b: a * b,
    "entry": lambda k, *table: table[min(int(k), len(table) - 1)],
    "Max": max,
    "Min": min,
    "sign": lambda a: (a > 0) - (a < 0),
}


def _symbol_latex(symbol: Any) -> str:
    """``m'``, ``p_{1}'``, and names of several words upright."""
    name, prime = symbol.name.removesuffix("'"), "'" * symbol.name.endswith("'")
    stem, _, index = name.partition("_")
    if (
        len(stem) > 1
        and stem not in GREEK_LETTERS
        and (index == "" or not index.isdecimal())
        and not name[-1].isdecimal()
    ):
        return rf"\mathrm{{{name.replace('_', chr(92) + ' ')}}}{prime}"
    return f"{sympy.latex(sympy.Symbol(name))}{prime}"


def _tidy(value: Any) -> Any:
    """Whole numbers without a decimal point."""
    return value.replace(lambda e: e.is_Float and e == int(e), lambda e: sympy.Integer(int(e)))


def formula(optimizer: Optimizer) -> Formula:
    """What one call of ``optimizer.update`` computes, from its own code."""
    from downslope.optimizers.hyperparameters import is_hyperparameter

    x, g, f = (sympy.Symbol(name, real=True) for name in "xgf")
    hyperparameters, legend = {}, {}
    for name, value in optimizer.hyperparameters().items():
        if is_hyperparameter(value):
            symbol = sympy.Symbol(GREEK.get(name, name), positive=True)
            hyperparameters[name] = symbol
            legend[str(symbol)] = name
    before = states.mapped(optimizer.init(np.zeros(1)), _symbols_like)
    tape: dict[Any, Any] = {}
    token = _tape.set(tape)
    try:
        new_x, after, accepted = optimizer.with_values(**hyperparameters).update(x, f, g, before)
    finally:
        _tape.reset(token)
    lines = [(symbol, expression) for expression, symbol in tape.items()]
    if accepted is not True and accepted != sympy.true:
        lines = _with_accept(lines, accepted)
        before_x = {accepted: sympy.Symbol("accept")}
    else:
        before_x = {}
    for (_, old), (_, new) in zip(states.leaves(before), states.leaves(after), strict=True):
        for symbol, value in zip(np.ravel(old), np.ravel(np.asarray(new, object)), strict=True):
            value = sympy.sympify(value)  # an object already: numbers become SymPy's
            if value == symbol or value in (x, g, f):
                continue
            primed = sympy.Symbol(symbol.name + "'", real=True)
            lines.append((primed, _tidy(value.subs(before_x))))
            if value.free_symbols and not value.is_Symbol:
                before_x = {value: primed, **before_x}
    lines.append((sympy.Symbol("x'"), _tidy(sympy.sympify(new_x).subs(before_x))))
    return Formula(tuple(lines), legend)


def specimen(cls: type[Optimizer]) -> Optimizer:
    """An instance to print: with its defaults, but remembering only two points where it remembers more.

    >>> from downslope.optimizers import LBFGS
    >>> specimen(LBFGS).memory
    2
    """
    optimizer = cls()
    lengths = ("memory", "window")
    return optimizer.with_values(**{name: 2 for name in optimizer.hyperparameters() if name in lengths})


def _with_accept(lines: list[tuple[Any, Any]], accepted: Any) -> list[tuple[Any, Any]]:
    """The lines with the condition of acceptance under its name, before the first line that uses it."""
    accept = sympy.Symbol("accept")
    named = [(accept if left == accepted else left, right.subs(accepted, accept)) for left, right in lines]
    if any(left == accept for left, _ in named):
        return named
    first = next((i for i, (_, right) in enumerate(named) if accept in right.free_symbols), len(named))
    return [*named[:first], (accept, accepted), *named[first:]]


def _symbols_like(path: str, leaf: Any) -> Any:
    """A symbol for a scalar and for a vector like x, an array of symbols for anything longer."""
    shape, name = np.shape(leaf), path.replace(".", "_")
    if shape in ((), (1,)):
        return sympy.Symbol(name, real=True)
    out = np.empty(shape, object)
    for index in np.ndindex(shape):
        out[index] = sympy.Symbol("_".join([name, *map(str, index)]), real=True)
    return out
