"""What a finished fit has to say for itself: what is worth knowing, and what must not be overlooked."""

from __future__ import annotations

import numpy as np

from downslope.descent import Status
from downslope.explain.linear import LinearRule
from downslope.fitting import identifiability
from downslope.fitting.problem import FitProblem
from downslope.fitting.rows import LinearRows, SoftmaxRows
from downslope.fitting.spreads import independent
from downslope.fitting.strategies import FitOutcome, standardised

DISAGREEMENT = 1e-6  # of the loss: above it the final pass and the loss in brief are said to differ
MOST_PARAMETERS = 60
SAMPLE = 5_000
HARDLY = 0.1  # of the whole fall of the cost: no more of it in the second half of the run
WORSE = 1e-9  # part of the target's variance by which rounding may make a fit worse than the mean
GROWTH = 1e4  # a parameter this many times its start is on its way to infinity


def find_notes(problem: FitProblem, outcome: FitOutcome, loss: float) -> tuple[list[str], list[str]]:
    """(notes, warnings): conditioning; what is undetermined, few digits, a final pass that disagrees."""
    notes: list[str] = []
    warnings: list[str] = []
    normal_equations, parameters = outcome.normal_equations, problem.hypothesis.parameters
    if normal_equations is not None:
        warnings += _final_pass(problem, outcome, loss)
        free = identifiability.dependent(normal_equations)
        if len(free) > len(problem.warnings) - len(
            problem.hypothesis.doubts
        ):  # of constant and repeated features it has been said already
            warnings.append(identifiability.undetermined(free[-1], parameters))
        if not len(free):
            notes += identifiability.conditioning(normal_equations, parameters, outcome.coordinates == "user")
        digits = 16 - np.log10(max(normal_equations.condition, 1.0)) - 1
        if digits < 8 and not len(free):
            warnings.append(
                f"with a condition number of {normal_equations.condition:.2g} about {max(int(digits), 0)} digits of the"
                " parameters can be trusted in float64, the rounding of the features included"
            )
    elif problem.objective.parameters.size <= MOST_PARAMETERS and not isinstance(problem.rows, SoftmaxRows):
        warnings += _undetermined(problem, outcome)
    worse = _worse_than_the_mean(problem, outcome, loss)
    if (
        outcome.run.success and outcome.run.termination.status != Status.CONVERGED
    ):  # as many steps as were asked for
        notes, worse = notes + worse, []
    return notes, [*warnings, *_rate(problem, outcome), *_endless(problem, outcome), *worse]


def _worse_than_the_mean(problem: FitProblem, outcome: FitOutcome, loss: float) -> list[str]:
    """That one number for all rows would fit better, where it would; where a fit diverged it need not be said."""
    ran_away = (Status.DIVERGED, Status.LEFT_DOMAIN, Status.UNBOUNDED)
    if (
        not problem.loss.quadratic
        or outcome.run.termination.status in ran_away
        or not len(outcome.run.history)
    ):
        return []
    total, left = problem.objective.target_spread() ** 2, loss**2 if problem.loss.root else loss
    if not left > (1 + WORSE) * total:
        return []
    target, rows = problem.hypothesis.target, problem.rows
    measure = f"R² = {1 - left / total:.4g}" if total else f"{target} is the same in every row"
    if not isinstance(rows, LinearRows):
        advice = "Begin elsewhere: give another start (start=, --start), or another hypothesis"
    elif rows.intercept is None:
        advice = f"The hypothesis has no constant term to say that mean with: add one, '{target} ~ ... + b'"
    else:
        advice = "The descent has not gone far enough: give it more steps"
    return [f"the fit is worse than the mean of {target} alone would be ({measure}). {advice}"]


def _endless(problem: FitProblem, outcome: FitOutcome) -> list[str]:
    """That there is no minimum where the parameters are heading, where there is none."""
    run, penalty = outcome.run, problem.objective.penalty
    if problem.loss.classifies and not penalty.l2 and not penalty.l1 and len(run.history):
        with np.errstate(all="ignore"):
            apart = identifiability.separates(problem.objective, run.final)
        if apart:
            return [] if run.termination.status == Status.UNBOUNDED else [identifiability.SEPARABLE]
    if problem.hypothesis.linear is not None and problem.loss.link == "identity":
        return []  # such a cost has a minimum; the run is merely far from it
    return _growing(problem, outcome)


def _growing(problem: FitProblem, outcome: FitOutcome) -> list[str]:
    """Parameters that were on their way to infinity when the run ended without success."""
    run = outcome.run
    if run.success or not len(run.history) or run.termination.status == Status.UNBOUNDED:
        return []
    begin, end, cost = run.history.x[0], run.final, run.history.value
    far = np.abs(end) > GROWTH * np.maximum(np.abs(begin), 1.0)
    late = cost[len(cost) // 2] - cost[-1]
    if not far.any() or cost[-1] > cost[0] or late > HARDLY * (cost[0] - cost[-1]):
        return []
    names = run.history.coordinates
    list_ = ", ".join(f"{names[i]} from {begin[i]:.3g} to {end[i]:.3g}" for i in np.flatnonzero(far)[:6])
    return [
        f"some parameters grow without bound ({list_}) while the cost hardly falls any more: there is no minimum that"
        " way but the limit at infinity. Start elsewhere, or add a penalty (l2=0.01, --l2 0.01)"
    ]


def _final_pass(problem: FitProblem, outcome: FitOutcome, loss: float) -> list[str]:
    """Hold the true loss against the one descended."""
    run = outcome.run
    if not len(run.history) or not np.isfinite(loss):
        return []
    theta = run.final
    descended = run.fun - problem.objective.penalty.add_to(theta, 0.0, np.zeros_like(theta))[0]
    scale = (
        float(np.sqrt(outcome.normal_equations.scale))
        if problem.loss.root and outcome.normal_equations
        else 0.0
    )
    if outcome.normal_equations and not problem.loss.root:
        scale = outcome.normal_equations.scale
    if abs(descended - loss) > DISAGREEMENT * abs(loss) + 1e-13 * scale:
        return [
            f"the loss descended was {descended:.10g}, and one pass over the rows at the end gives {loss:.10g}; the"
            " latter is reported"
        ]
    return []


def _rate(problem: FitProblem, outcome: FitOutcome) -> list[str]:
    """Why a constant learning rate diverged among standardised features; in the user's units the run explains it."""
    run, rule = outcome.run, LinearRule.of(outcome.run.optimizer)
    if rule is None or outcome.path == "batches" or outcome.coordinates != "standardised":
        return []
    diverged = run.termination.status in (Status.DIVERGED, Status.LEFT_DOMAIN)
    if not diverged and (run.success or outcome.normal_equations is not None) and not problem.loss.root:
        return []
    bent = _curvatures(problem, outcome)
    if bent is None or not bent[0] > 0:
        return []
    largest, smallest, factor = bent
    limit = rule.critical * factor / largest
    if not rule.rate > limit:
        return []
    plain = abs(rule.critical - 2) < 1e-9
    name = "4 RMSE*/L" if problem.loss.root else "2/L" if plain else f"{rule.critical:.3g}/L"
    where = "" if outcome.normal_equations is not None else " at the start"
    best = ""
    if plain and not where:
        best = f"; {2 * factor / (largest + smallest):.3g} is the best constant rate"
    return [
        f"the learning rate {rule.rate:g} is above the limit {name} = {limit:.3g} of the standardised features (largest"
        f" curvature L = {largest:.3g}{where}){best}"
    ]


def _curvatures(problem: FitProblem, outcome: FitOutcome) -> tuple[float, float, float] | None:
    """Largest and smallest curvature L, l in standardised features, and f: for rmse that of the cost is L/f."""
    objective, normal_equations, penalty = (
        problem.objective,
        outcome.normal_equations,
        problem.objective.penalty,
    )
    if penalty.l1 or (problem.loss.root and (penalty.l2 or normal_equations is None)):
        return None
    if normal_equations is not None:
        added = np.sqrt(penalty.l2 * penalty.mask)[:, None] * normal_equations.shear
        values = np.linalg.svd(
            np.concatenate([normal_equations.factor, added]) / normal_equations.spread, compute_uv=False
        )
        root = 2 * float(np.sqrt(normal_equations.rest)) if problem.loss.root else 1.0
        return 2 * float(values[0]) ** 2, 2 * float(values[-1]) ** 2, root
    small = objective.parameters.size <= MOST_PARAMETERS
    if not small or not problem.loss.curved or isinstance(problem.rows, SoftmaxRows):
        return None
    objective, c = standardised(objective)
    start = c.matrix @ c.from_user(outcome.run.start) + c.shift
    rows = np.arange(0, problem.rows.count, max(1, problem.rows.count // SAMPLE))
    with np.errstate(all="ignore"):
        H = objective.curvature(start, rows) + 2 * penalty.l2 * np.diag(penalty.mask)
        H = c.matrix.T @ H @ c.matrix
    if not np.all(np.isfinite(H)):
        return None
    values = np.linalg.eigvalsh(H)
    return float(values[-1]), float(values[0]), 1.0


def _undetermined(problem: FitProblem, outcome: FitOutcome) -> list[str]:
    """A direction in which the predictions do not change at the point reached: found in a sample, held against all."""
    theta, rows, names = outcome.run.final, problem.rows, problem.hypothesis.parameters
    with np.errstate(all="ignore"):
        J = rows.jacobian(theta, np.arange(0, rows.count, max(1, rows.count // SAMPLE)))[1]
    if not np.all(np.isfinite(J)):
        return []
    sizes = np.sqrt(np.sum(np.square(J), axis=0))
    if not np.all(sizes > 0):
        direction = (sizes == 0).astype(float)
    else:
        scaled = J / sizes
        if independent(scaled):
            return []
        _, values, directions = np.linalg.svd(np.linalg.qr(scaled, mode="r"))
        if len(values) == len(names) and values[-1] > identifiability.DEPENDENT * values[0]:
            return []
        direction = directions[-1]
    along = direction / np.where(sizes > 0, sizes, 1.0)
    for part in problem.objective.jacobians(theta):
        if np.max(np.abs(part @ along)) > 1e-9 * np.max(np.abs(part) @ np.abs(along)) + 1e-300:
            return []
    return [identifiability.undetermined(direction, names)]


__all__ = ["find_notes"]
