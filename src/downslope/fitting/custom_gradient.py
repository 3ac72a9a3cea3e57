"""A gradient written by hand, as sums over the rows, descended in place of the true one and held against it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

import numpy as np
import symengine as se

from downslope import symbolic
from downslope.descent import LoopOptions
from downslope.errors import UsageError
from downslope.explain.gradient import compare
from downslope.fitting.formula_rows import evaluated
from downslope.fitting.frame import listed
from downslope.fitting.objective import DataObjective
from downslope.fitting.outcome import FitOutcome, FitPlan
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array
from downslope.language import parse
from downslope.messages import Message, literal, message
from downslope.objectives import GradientWarning, Vector, compare_gradient
from downslope.objectives.check import all_mismatches
from downslope.optimizers import as_optimizer

_SUM = re.compile(r"\s*(sum|mean)\s*\((.*)\)\s*", re.DOTALL)


class CustomGradient(DataObjective):
    """A cost with somebody's own gradient.

    Attributes:
        rows_and_means: for each parameter the formula of a row, and whether the mean is taken or the sum.
    """

    def __init__(self, problem: FitProblem, gradient: str | Mapping[str, str]) -> None:
        o = problem.objective
        super().__init__(o.block, o.terms)
        self.differentiation = "supplied"
        names = o.parameters.names
        if not isinstance(gradient, Mapping):
            if len(names) != 1:
                raise UsageError(
                    message(
                        "there are several parameters, so the gradient is a dict with one formula for each:"
                        " {names}.",
                        names=listed(names),
                    )
                )
            gradient = {names[0]: gradient}
        o.parameters.check_names(gradient)
        self._columns = tuple(c for c in problem.frame.names if problem.frame[c].dtype != object)
        self._means = np.array(
            [
                _SUM.fullmatch(str(gradient[n])) is not None
                and str(gradient[n]).split("(")[0].strip() == "mean"
                for n in names
            ]
        )
        expressions = [self._row_formula(str(gradient[name]), names) for name in names]
        symbols = [se.Symbol(name) for name in (*names, *self._columns)]
        self._native = symbolic.compile_native(symbols, expressions)
        self._table = problem.frame.matrix(self._columns)
        self.rows_and_means = {
            name: (_row(str(gradient[name])), bool(mean))
            for name, mean in zip(names, self._means, strict=True)
        }

    def _row_formula(self, text: str, names: tuple[str, ...]) -> object:
        match = _SUM.fullmatch(text)
        if match is None:
            raise UsageError(
                message(
                    "the gradient is '{text}'; write it as a sum or mean over the rows, as in sum((W*x -"
                    " y)*x).",
                    text=text,
                )
            )
        read = parse(match[2], names)
        strangers = [n for n in read.names if n not in names and n not in self._columns]
        if strangers:
            raise UsageError(
                message(
                    "the gradient uses {strangers}. Parameters: {names}; columns: {columns}.",
                    strangers=listed(strangers),
                    names=listed(names),
                    columns=listed(self._columns),
                )
            )
        return symbolic.lower(read.tree)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        value, _ = super().value_and_gradient(x)
        theta = np.asarray(x, np.float64)
        parts = evaluated(self._native, theta, self._table)
        weights = self.weights if self.weights.size else np.ones(len(parts))
        total = weights @ parts
        return value, np.where(self._means, total / self.total, total)


def _row(text: str) -> str:
    match = _SUM.fullmatch(text)
    assert match is not None  # or it would have been refused
    return match[2]


def fit_with_custom_gradient(
    problem: FitProblem, start: Array, plan: FitPlan, gradient: str | Mapping[str, str]
) -> FitOutcome:
    """Descend with the supplied gradient; warn where it is not the cost's."""
    objective = CustomGradient(problem, gradient)
    said: tuple[Message, ...] = ()
    found = compare_gradient(objective, start)
    if found:
        check = compare(objective, start, [problem.rows.count])
        note = all_mismatches(found, None if check else literal(str(check)))
        said = (note,)
        warnings.warn(GradientWarning(note), stacklevel=6)
    rule = plan.optimizer or as_optimizer(None)
    loop = LoopOptions(every=plan.every, callbacks=plan.callbacks)
    run = plan.descents.descend(objective, start, rule, plan.stopping, loop=loop)
    return FitOutcome(run, "formula", "user", None, (), said)
