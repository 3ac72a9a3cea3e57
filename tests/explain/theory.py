"""Forecasts held against plain NumPy: eigenvalues, limits in closed form, steps counted in a loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from calls import Ran

MOST_STEPS = 20_000


def number_faults(r: Ran) -> list[str]:
    """Numbers in the forecast of a quadratic that are not what NumPy says."""
    f, H = r.told.forecast, r.call.facts.get("hessian")
    rule, rate = r.call.options.get("optimizer", "gradient_descent"), r.call.options.get("learning_rate")
    plain = not any(r.call.options.get(name) for name in ("bounds", "schedule", "gradient"))
    if f is None or H is None or not f.exact or rate is None or not plain:
        return []
    if rule not in ("gradient_descent", "momentum", "nesterov"):
        return []
    values, vectors = np.linalg.eigh(r.sign * np.asarray(H, float))
    L, least = float(values[-1]), float(values[0])
    if L <= 0:
        return []
    β = 0.0 if rule == "gradient_descent" else r.call.options.get("hyperparameters", {}).get("momentum", 0.9)
    limit = {"nesterov": 2 * (1 + β) / (1 + 2 * β)}.get(rule, 2 * (1 + β)) / L
    faults = []
    if f.limit is None or not math.isclose(f.limit, limit, rel_tol=1e-6):
        faults.append(f"the limit is {limit}, the forecast says {f.limit}")
    if least > 1e-9 * L:
        if not math.isclose(f.condition, L / least, rel_tol=1e-4):
            faults.append(f"κ is {L / least}, the forecast says {f.condition}")
        # in a direction that the start does not have, nothing grows; near the limit rounding decides
        if f.diverges is not None and abs(rate / limit - 1) > 1e-6 and f.diverges and rate < limit:
            faults.append(f"it converges below {limit}, and {rate} is said to diverge")
        if f.steps is not None and rate > limit * (1 + 1e-6) and f.steps > 1:
            faults.append(f"it diverges above {limit}, and {rate} is promised to arrive in {f.steps}")
        faults += _steps(r, values, vectors, β, rule == "nesterov")
    return faults


def _steps(r: Ran, values: np.ndarray, vectors: np.ndarray, β: float, nesterov: bool) -> list[str]:
    f = r.told.forecast
    if f.steps is None or not f.steps <= MOST_STEPS or r.call.options.get("dtype") == "float32":
        return []
    first = r.sign * np.asarray(r.run.objective.gradient(r.run.start), float)
    counted, norms = count(
        values, vectors.T @ first, float(f.learning_rate), f.tolerance, β, nesterov, int(f.steps) + 3
    )
    if counted == f.steps:
        return []
    at = int(min(f.steps, len(norms) - 1))
    tie = abs(norms[at] / f.tolerance - 1) < 1e-6 or (at and abs(norms[at - 1] / f.tolerance - 1) < 1e-6)
    return (
        [] if tie else [f"a plain loop takes {counted} steps to {f.tolerance}, the forecast says {f.steps}"]
    )


def count(
    values: Any, gradient: Any, rate: float, tolerance: float, β: float, nesterov: bool, most: int
) -> tuple[int | None, list[float]]:
    """Steps to the tolerance, and the norms on the way, of the gradient in the directions of curvature."""
    g, v, norms = np.array(gradient, float), np.zeros(len(values)), []
    for k in range(most + 1):
        norms.append(float(np.linalg.norm(g)))
        if norms[-1] <= tolerance:
            return k, norms
        v = β * v + g
        g = g - rate * values * (g + β * v if nesterov else v)
    return None, norms
