"""What a finished fit has to say for itself: what is worth knowing, and what must not be overlooked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from downslope.descent import Status
from downslope.explain.curvature import along, as_dict
from downslope.explain.findings.finding import Finding
from downslope.explain.linear import LinearRule
from downslope.fitting import identifiability
from downslope.fitting.endless import endless
from downslope.fitting.frame import listed
from downslope.fitting.levenberg_marquardt import takes
from downslope.fitting.lower_minima import LOWER, lower_points
from downslope.fitting.other_starts import look_elsewhere, penalty_that_ends, without_effect
from downslope.fitting.outcome import FitOutcome
from downslope.fitting.problem import FitProblem
from downslope.fitting.quadratic import DEPENDENT
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows
from downslope.fitting.separation import find_separation
from downslope.fitting.spreads import independent
from downslope.fitting.standardising import standardised
from downslope.fitting.suggested_starts import starts_beside, suggested_starts

DISAGREEMENT = 1e-6  # of the loss: above it the final pass and the loss in brief are said to differ
MOST_PARAMETERS = 60
MOST_STARTS = 4  # from which a lower minimum is looked for
SAMPLE = 5_000
WORSE = 1e-9  # part of the target's variance by which rounding may make a fit worse than the mean
FEW_DIGITS = 8
RAN_AWAY = (Status.DIVERGED, Status.LEFT_DOMAIN, Status.UNBOUNDED)


@dataclass(frozen=True)
class FoundInFit:
    """What was found.

    Attributes:
        notes: worth knowing.
        warnings: not to be overlooked.
        explained: found by the explanation of the descent too, which has more to say of it; not repeated.
    """

    notes: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    explained: tuple[Finding, ...] = ()

    def named(self, code: str) -> Finding | None:
        """The finding of that code, if there is one."""
        return next((f for f in (*self.notes, *self.warnings, *self.explained) if f.code == code), None)


def find_in_fit(problem: FitProblem, outcome: FitOutcome, loss: float) -> FoundInFit:
    """Conditioning, what is undetermined, few digits, a final pass that disagrees, a rate, no minimum, a poor fit."""
    warnings = list(_of_the_data(problem, outcome, loss))
    notes = [finding for finding in warnings if finding.code == "conditioning"]
    warnings = [finding for finding in warnings if finding.code != "conditioning"]
    rate = outcome.rate or _rate(problem, outcome)
    explained = (
        outcome.path != "batches"
        and outcome.coordinates == "user"
        and problem.objective.parameters.size <= MOST_PARAMETERS
    )
    if rate is not None and not explained:
        warnings.append(rate)
    no_minimum = _no_minimum(problem, outcome)
    worse = None if rate is not None else _worse_than_the_mean(problem, outcome, loss)
    if problem.hypothesis.linear is None and (no_minimum is not None or worse is not None):
        warnings = [finding for finding in warnings if finding.code != "undetermined"]  # of that point alone
        no_minimum, worse = _with_advice(problem, outcome, no_minimum, worse)
    if no_minimum is not None:
        warnings.append(no_minimum)
    if worse is not None:
        run = outcome.run  # success without a test: as many steps as were asked for
        asked = run.success and run.termination.status != Status.CONVERGED
        (notes if asked else warnings).append(worse)
    if no_minimum is None and worse is None:
        warnings.extend(_of_several_minima(problem, outcome))
    return FoundInFit(tuple(notes), tuple(warnings), (rate,) if rate is not None and explained else ())


def _of_the_data(problem: FitProblem, outcome: FitOutcome, loss: float) -> Iterator[Finding]:
    normal_equations, parameters = outcome.normal_equations, problem.hypothesis.parameters
    if normal_equations is None:
        few = problem.objective.parameters.size <= MOST_PARAMETERS
        if (
            few and not problem.findings and not isinstance(problem.rows, SoftmaxRows)
        ):  # else it has been said
            yield from _undetermined(problem, outcome)
        return
    yield from _final_pass(problem, outcome, loss)
    free = identifiability.dependent(normal_equations)
    said = sum(finding.evidence["directions"] for finding in problem.findings)
    if len(free) > said:  # of constant and repeated features it has been said already
        yield identifiability.undetermined(free[-1], parameters)
    if len(free):
        return
    yield from identifiability.conditioning(normal_equations, parameters, outcome.coordinates == "user")
    condition = float(max(normal_equations.condition, 1.0))
    digits = 16 - np.log10(condition) - 1
    if digits < FEW_DIGITS:
        yield Finding("few_digits", {"condition": condition, "digits": max(int(digits), 0)})


def _of_several_minima(problem: FitProblem, outcome: FitOutcome) -> Iterator[Finding]:
    """That there is a lower minimum than the one reached, where a short look finds one and nobody looked before."""
    run, objective = outcome.run, problem.objective
    arrived = run.termination.status == Status.CONVERGED
    if outcome.looked or not arrived or objective.streamed or problem.hypothesis.linear or not takes(problem):
        return
    block = objective.block
    starts = [
        *suggested_starts(block, MOST_STARTS, run.start),
        *starts_beside(block, MOST_STARTS, run.final),
    ]
    for _, point, _ in lower_points(objective, run.final, starts):
        lower = float(objective.value(point))
        if lower < (1 - LOWER) * run.fun:
            start = ",".join(
                f"{n}={v:.10g}" for n, v in zip(objective.parameters.coordinates, point, strict=True)
            )
            yield Finding("several_minima", {"start": start, "lower": lower, "cost": float(run.fun)})
            return


def _worse_than_the_mean(problem: FitProblem, outcome: FitOutcome, loss: float) -> Finding | None:
    """That one number for all rows would fit better, where it would; where a fit diverged it need not be said.

    A hypothesis that is not linear may be no better than that number because other parameters have no effect there.
    """
    run, rows = outcome.run, problem.rows
    if not problem.loss.quadratic or run.termination.status in RAN_AWAY or not len(run.history):
        return None
    total, left = problem.variation[0], loss**2 if problem.loss.root else loss
    worse = left > (1 + WORSE) * total
    idle: list[str] = []
    if problem.hypothesis.linear is None and 0 < (1 - WORSE) * total < left:
        idle = without_effect(problem.objective, run.final)
    if not worse and not idle:
        return None
    key = "worse_than_mean"
    if idle:
        key += ".worse_without_effect" if worse else ".without_effect"
    elif not isinstance(rows, LinearRows):
        key += ".start"
    else:
        told = run.termination.evidence
        off = told is not None and (told.worse or told.trend == "cycle")
        key += ".constant" if rows.intercept is None else ".off" if off else ".steps"
    evidence: dict[str, Any] = {
        "target": problem.hypothesis.target,
        "r2": 1 - left / total if total else None,
        "without_effect": str(listed(idle)),
    }
    return Finding("worse_than_mean", evidence, key=key if total else f"{key}.level")


def _with_advice(
    problem: FitProblem, outcome: FitOutcome, no_minimum: Finding | None, worse: Finding | None
) -> tuple[Finding | None, Finding | None]:
    """The two, the first that is there with another start, or a penalty, from which or with which it was run."""
    if not outcome.unasked:
        return no_minimum, worse
    there = look_elsewhere(problem, outcome.run.fun)
    if there is not None:
        start = ",".join(f"{name}={v:.10g}" for name, v in there.start.items())
        found = {"start": start, "better": there.r2}
        if no_minimum is not None and no_minimum.code == "grows_without_bound":
            worse = None if worse is None else _advised(worse, ".elsewhere", found)
            return _advised(no_minimum, ".elsewhere", found), worse
        if worse is not None and worse.key.endswith((".start", ".without_effect", ".worse_without_effect")):
            return no_minimum, _advised(worse, ".elsewhere", found)
    elif no_minimum is not None and no_minimum.code == "grows_without_bound":
        l2 = penalty_that_ends(problem, outcome.run.start)
        if l2 is not None:
            return _advised(no_minimum, ".penalty", {"l2": l2}), worse
    return no_minimum, worse


def _advised(finding: Finding, key: str, found: dict[str, Any]) -> Finding:
    return replace(finding, key=(finding.key or finding.code) + key, evidence={**finding.evidence, **found})


def _no_minimum(problem: FitProblem, outcome: FitOutcome) -> Finding | None:
    """That there is no minimum where the parameters are heading, where there is none."""
    run = outcome.run
    if not len(run.history):
        return None
    separation = _separation(problem, run.final)
    if separation is not None:
        return separation
    if problem.hypothesis.linear is not None and problem.loss.link == "identity":
        return None  # such a cost has a minimum; the run is merely far from it
    return endless(problem, run)


def _separation(problem: FitProblem, theta: Array) -> Finding | None:
    """A direction that separates the classes or the zero counts: that of the parameters reached, where it does."""
    objective, loss = problem.objective, problem.loss
    if problem.hypothesis.linear is None or not (loss.classifies or loss.link == "exp"):
        return None
    penalty = objective.penalty
    with np.errstate(all="ignore"):
        apart = not penalty.l1 and not penalty.l2 and identifiability.separates(objective, theta)
    found = None if apart else find_separation(objective)
    if not apart and found is None:
        return None
    edge, direction = (found.edge, found.direction) if found else (0, theta / np.max(np.abs(theta)))
    names = objective.parameters.coordinates
    unit = direction / np.linalg.norm(direction)
    evidence = {
        "along": along(unit, names, signed=True),
        "direction": as_dict(direction, names),
        "complete": edge == 0,
        "edge": edge,
    }
    kind = "counts" if loss.link == "exp" else "quasi" if edge else "complete"
    return Finding("separation", evidence, key=f"separation.{kind}")


def _final_pass(problem: FitProblem, outcome: FitOutcome, loss: float) -> Iterator[Finding]:
    """Hold the true loss against the one descended."""
    run, square = outcome.run, outcome.normal_equations
    if not len(run.history) or not np.isfinite(loss):
        return
    theta = run.final
    descended = run.fun - problem.objective.penalty.add_to(theta, 0.0, np.zeros_like(theta))[0]
    scale = 0.0 if square is None else float(np.sqrt(square.scale)) if problem.loss.root else square.scale
    if abs(descended - loss) > DISAGREEMENT * abs(loss) + 1e-13 * scale:
        yield Finding("final_pass_differs", {"descended": float(descended), "loss": float(loss)})


def _rate(problem: FitProblem, outcome: FitOutcome) -> Finding | None:
    """A constant learning rate above its limit, that of the coordinates descended in."""
    run, rule = outcome.run, LinearRule.of(outcome.run.optimizer)
    if rule is None or outcome.path == "batches" or outcome.coordinates not in ("standardised", "user"):
        return None
    diverged = run.termination.status in (Status.DIVERGED, Status.LEFT_DOMAIN)
    if not diverged and (run.success or outcome.normal_equations is not None) and not problem.loss.root:
        return None
    bent = _curvatures(problem, outcome)
    if bent is None or not bent[0] > 0:
        return None
    largest, smallest, factor = bent
    limit = rule.critical * factor / largest
    if not rule.rate > limit:
        return None
    plain, exact = abs(rule.critical - 2) < 1e-9, outcome.normal_equations is not None
    evidence = {
        "learning_rate": rule.rate,
        "limit": limit,
        "curvature": largest,
        "critical": rule.critical,
        "best_rate": 2 * factor / (largest + smallest) if plain and exact else None,
    }
    if problem.loss.root:
        code, key = "rmse_rate", "rmse_rate.standardised"
    else:
        code = "learning_rate_above_limit"
        key = f"{code}.standardised" + ("" if exact else ".start")
    return Finding(code, evidence, exact, key=key + (".best" if evidence["best_rate"] else ""))


def _curvatures(problem: FitProblem, outcome: FitOutcome) -> tuple[float, float, float] | None:
    """Largest and smallest curvature L, l in the coordinates, and f: for rmse that of the cost is L/f."""
    objective, square, penalty = problem.objective, outcome.normal_equations, problem.objective.penalty
    if penalty.l1 or (problem.loss.root and (penalty.l2 or square is None)):
        return None
    if square is not None:
        added = np.sqrt(penalty.l2 * penalty.mask)[:, None] * square.shear
        stacked = np.concatenate([square.factor, added])
        own = np.linalg.inv(square.shear) if outcome.coordinates == "user" else np.diag(1 / square.spread)
        values = np.linalg.svd(stacked @ own, compute_uv=False)
        root = 2 * float(np.sqrt(square.rest)) if problem.loss.root else 1.0
        return 2 * float(values[0]) ** 2, 2 * float(values[-1]) ** 2, root
    small = objective.parameters.size <= MOST_PARAMETERS
    if not small or not problem.loss.curved or isinstance(problem.rows, SoftmaxRows):
        return None
    if outcome.coordinates == "user":
        return None  # the explanation of the descent looks at it
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


def _undetermined(problem: FitProblem, outcome: FitOutcome) -> Iterator[Finding]:
    """What the data do not determine at the point reached; of a fit that could not go on, also what hardly."""
    run, rows, names = outcome.run, problem.rows, problem.hypothesis.parameters
    if len(run.history) and run.fun > run.history.value[0]:
        return  # it has run off, and what has no effect there may have one elsewhere
    with np.errstate(all="ignore"):
        J = rows.jacobian(run.final, np.arange(0, rows.count, max(1, rows.count // SAMPLE)))[1]
    if not np.all(np.isfinite(J)):
        return
    largest = np.max(np.abs(J), axis=0)
    sizes = largest * np.sqrt(np.sum(np.square(J / np.where(largest > 0, largest, 1.0)), axis=0))
    direction = _without_effect(problem, outcome, J, sizes)
    if direction is not None:
        yield identifiability.undetermined(direction, names)
    elif run.termination.status in (Status.STALLED, Status.STEP_LIMIT) and len(J) == rows.count:
        yield from identifiability.felt_by_few_rows(J / np.where(sizes > 0, sizes, 1.0), names)


def _without_effect(problem: FitProblem, outcome: FitOutcome, J: Array, sizes: Array) -> Array | None:
    """A direction in which the predictions do not change there: found in a sample, held against all."""
    if not np.all(sizes > 0):
        direction = (sizes == 0).astype(float)
    else:
        scaled = J / sizes
        if independent(scaled):
            return None
        _, values, directions = np.linalg.svd(np.linalg.qr(scaled, mode="r"))
        if len(values) == len(sizes) and values[-1] > DEPENDENT * values[0]:
            return None
        direction = directions[-1]
    way, theta = direction / np.where(sizes > 0, sizes, 1.0), outcome.run.final
    elsewhere = problem.objective.elsewhere
    changes = (
        (
            (np.max(np.abs(J @ way)), np.max(np.abs(J) @ np.abs(way)))
            for J in problem.objective.jacobians(theta)
        )
        if elsewhere is None
        else [elsewhere.largest_change(theta, way)]
    )
    if any(change > 1e-9 * size + 1e-300 for change, size in changes):
        return None
    return np.asarray(direction)
