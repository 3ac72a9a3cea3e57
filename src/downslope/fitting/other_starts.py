"""Where else a fit that is not linear in its parameters could begin, and whether there is an end the way it went.

A start is looked for among drawn ones: parameters in which the hypothesis is linear are solved for, the others drawn
over several powers of ten, in units of one, of a column and of its reciprocal, as they stand beside a column more often
than not. The best are descended from, and what ends well is advised.

Source of the split: G. Golub, V. Pereyra, SIAM Journal on Numerical Analysis 10 (1973) 413-432.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import symengine as se

from downslope import symbolic
from downslope.descent import Descent, Status, Stopping
from downslope.descent.descend import Callbacks
from downslope.explain.judgement import judge_run
from downslope.fitting.formula_rows import FormulaRows
from downslope.fitting.gauss_newton import NaturalRounds
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.preconditioning import Coordinates
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import Array
from downslope.objectives import Parameters

MOST_PARAMETERS = 8
MOST_NUMBERS = 200_000  # rows times parameters
DRAWN = 400  # starts that are tried by their cost alone
DECADES = 1.5  # powers of ten about each unit
DESCENDED = 6  # from which it is descended
ROUNDS = 60  # of each such descent
BETTER = 0.99  # of the variation about the mean that a cost must be below
FURTHER = (4.0, 64.0)  # times a parameter, where the cost is looked at with the others fitted anew
NO_EFFECT = 1e-12  # part of the largest effect that a parameter has, each for its size
PENALTIES = (0.01, 1e-4, 1e-6)  # that are tried where the cost falls for ever
LEVEL = 1e-6  # part of the cost that it may rise there by what is left of its descent


class AnotherStart(NamedTuple):
    """A start from which a fit was run, and how it ended."""

    start: dict[str, float]
    r2: float
    cost: float


def look_elsewhere(problem: FitProblem, cost: float) -> AnotherStart | None:
    """A start from which the fit converges, better than the mean and than ``cost``; None where none was found."""
    rows, objective = problem.rows, problem.objective
    total = problem.variation[0]
    if not isinstance(rows, FormulaRows) or not _is_small(problem) or not total > 0:
        return None
    for theta in _drawn(problem, rows)[:DESCENDED]:
        start = {name: float(f"{v:.2g}") for name, v in zip(objective.parameters.names, theta, strict=True)}
        run = descended_from(objective, np.array(list(start.values())))
        if run.termination.status != Status.CONVERGED or not run.fun < cost:
            continue
        error = objective.data_value(run.final)
        left = error**2 if problem.loss.root else error
        here = left < BETTER * total and judge_run(run).success
        if here and every_parameter_acts(objective, run.final) and not goes_on(problem, run):
            return AnotherStart(start, 1 - left / total, run.fun)
    return None


def penalty_that_ends(problem: FitProblem, begin: Array) -> float | None:
    """An l2 penalty with which the fit converges from where it began, better than the mean; None where none does."""
    objective, total = problem.objective, problem.variation[0]
    if not isinstance(problem.rows, FormulaRows) or not _is_small(problem) or objective.penalty.l2:
        return None
    for l2 in PENALTIES:
        terms = objective.terms._replace(penalty=replace(objective.penalty, l2=l2))
        run = descended_from(DataObjective(objective.block, terms), begin)
        error = objective.data_value(run.final)
        left = error**2 if problem.loss.root else error
        if run.termination.status == Status.CONVERGED and left < BETTER * total:
            return l2
    return None


def descended_from(objective: DataObjective, start: Array, rounds: int = ROUNDS) -> Descent:
    """The fit from there, as it would be run with nothing set."""
    frame = Coordinates.user(objective.parameters.size)
    return NaturalRounds(objective, frame, Stopping(), Callbacks(), most_rounds=rounds).descend(start)


def without_effect(objective: DataObjective, theta: Array) -> list[str]:
    """The parameters that change no prediction at all there, beside the others and for their size."""
    most: Array = np.zeros(len(theta))
    with np.errstate(all="ignore"):
        if objective.elsewhere is not None:
            most = objective.elsewhere.largest_derivatives(theta)
        else:
            for J in objective.jacobians(theta):
                most = np.maximum(most, np.max(np.abs(J), axis=0, initial=0.0))
        size = most * np.maximum(np.abs(theta), 1.0)
    if not np.all(np.isfinite(size)):
        return []
    small = size <= NO_EFFECT * np.max(size)
    return [name for name, none in zip(objective.parameters.coordinates, small, strict=True) if none]


def every_parameter_acts(objective: DataObjective, theta: Array) -> bool:
    """Whether each changes some prediction there."""
    return not without_effect(objective, theta)


def goes_on(problem: FitProblem, run: Descent) -> str | None:
    """The parameter that grew most, if the cost only falls as it grows further, the others fitted anew; else None."""
    rows, objective = problem.rows, problem.objective
    if not isinstance(rows, FormulaRows) or not _is_small(problem) or len(run.final) < 2:
        return None
    begin, end = run.history.x[0], run.final
    growth = np.abs(end) / np.maximum(np.abs(begin), 1.0)
    j = int(np.argmax(growth))
    if not np.isfinite(run.fun) or not growth[j] > 1:
        return None
    here = run.fun
    theta = end
    for times in FURTHER:
        held = _holding(objective, rows, j, float(end[j] * times))
        others = descended_from(held, np.delete(theta, j))
        cost = others.fun + objective.penalty.l2 * objective.penalty.mask[j] * (end[j] * times) ** 2
        if not np.isfinite(cost) or cost > here * (1 + LEVEL):
            return None
        here, theta = min(here, cost), np.insert(others.final, j, end[j] * times)
    return str(objective.parameters.coordinates[j])


def _holding(objective: DataObjective, rows: FormulaRows, j: int, value: float) -> DataObjective:
    """The cost in the other parameters, one of them held."""
    h = rows.hypothesis
    symbol = h.symbols[j]
    names = tuple(name for i, name in enumerate(h.parameters) if i != j)
    expression = h.expression.subs({symbol: se.RealDouble(value)})
    held = FormulaRows(replace(h, parameters=names, expression=expression, linear=None), rows.X)
    terms = objective.terms
    penalty = replace(terms.penalty, mask=np.delete(terms.penalty.mask, j))
    parameters = Parameters(names, ((),) * len(names), "dict")
    block = RowBlock(held, objective.y, objective.weights)
    return DataObjective(block, terms._replace(penalty=penalty, parameters=parameters))


def _is_small(problem: FitProblem) -> bool:
    objective = problem.objective
    size = objective.parameters.size
    small = size <= MOST_PARAMETERS and objective.count * size <= MOST_NUMBERS
    return small and problem.loss.quadratic and not objective.streamed and not objective.penalty.l1


def _drawn(problem: FitProblem, rows: FormulaRows) -> list[Array]:
    """Starts, those of least cost first."""
    objective = problem.objective
    linear = _linear_ones(rows)
    sizes = np.sqrt(np.mean(np.square(rows.X), axis=0))
    units = np.array([1.0, *(u for s in sizes if s > 0 for u in (s, 1 / s))])
    rng = np.random.default_rng(0)
    weights = np.sqrt(objective.weights) if objective.weights.size else np.ones(rows.count)
    found: list[tuple[float, Array]] = []
    for _ in range(DRAWN):
        theta = 10.0 ** rng.uniform(-DECADES, DECADES, rows.size) * rng.choice(units, rows.size)
        theta *= rng.choice([-1.0, 1.0], rows.size)
        theta[linear] = 0.0
        with np.errstate(all="ignore"):
            u, J = rows.jacobian(theta, slice(0, None))
            r = objective.y - u
            if not (np.all(np.isfinite(r)) and np.all(np.isfinite(J[:, linear]))):
                continue
            if linear:
                step = np.linalg.lstsq(J[:, linear] * weights[:, None], r * weights, rcond=1e-10)[0]
                theta[linear] = step
                r = r - J[:, linear] @ step
            cost = float(np.sum(np.square(weights * r)))
        if np.isfinite(cost):
            found.append((cost, theta))
    found.sort(key=lambda pair: pair[0])
    return [theta for _, theta in found]


def _linear_ones(rows: FormulaRows) -> list[int]:
    """Parameters in which, together, the hypothesis is linear."""
    symbols = rows.hypothesis.symbols[: rows.size]
    partials = symbolic.gradient(rows.hypothesis.expression, symbols)
    chosen: list[int] = []
    for i, partial in enumerate(partials):
        own = {symbols[k] for k in (*chosen, i)}
        others = all(symbols[i] not in partials[k].free_symbols for k in chosen)
        if others and not partial.free_symbols & own:
            chosen.append(i)
    return chosen
