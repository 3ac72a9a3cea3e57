"""Drawn functions with branches: along the whole path the gradient is right, or the run says that it could not.

Every run draws anew, from a seed that is printed; failures are collected and shown as source text.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds
from trials import fresh_seed, trials

MANY = trials(40)
NEAR = 1e-3  # relative: differences of a reference that is not settled better than this judge nothing

SMOOTH = (
    "np.sum((v - {a})**2)",
    "np.sum(np.exp(0.3*v)) + np.sum(v**2)",
    "np.sum(np.sin({b}*v)) + 0.5*np.sum(v**2)",
    "np.sum(np.log1p(v**2))",
    "np.linalg.norm(v)**2",
    "np.sum(np.sqrt(1 + v**2))",
    "v @ v + {b}*v[0]",
)
BLIND = (  # the complex step does not see these, or cannot be taken
    "{b}*np.sum(abs(v - {a})) + 0.1*np.sum(v**2)",
    "{b}*np.linalg.norm(v - {a}) + 0.1*np.sum(v**2)",
    "np.sum(abs(v)**1.5)",
    "np.sum((v - {a})**2) + 0.3*abs(v[0] - {a})",
    "max(v[0], {b}*v[-1])**2 + np.sum(v**2)",
    "float(np.sum(np.real(v)**2)) + {b}*math.exp(0.1*float(np.real(v[0])))",
    "sum(sorted(v**2)[:1]) + np.sum((v - {a})**2)",
    "np.sum(np.where(np.real(v) > {a}, v**2, 2*{a}*v - {a}**2))",
    "np.median(v**2) + np.sum(v**2)",
    "np.interp(np.real(v[0]), [-4, 0, 4], [3, 1, 2]) + np.sum(v**2)",
    "np.sum(np.maximum(v, 0)**2) + 0.2*np.sum(v[np.real(v) < 0]**2) + np.sum(v[:1]**2)",
)


def drawn_function(draw: random.Random) -> str:
    """Source of a function of one vector ``v``, with one or two branches."""

    def piece() -> str:
        part = draw.choice(draw.choice((SMOOTH, BLIND)))
        return part.format(a=round(draw.uniform(-1.5, 1.5), 3), b=round(draw.uniform(0.3, 2), 3))

    def condition() -> str:
        return draw.choice(
            (
                f"v[0] > {draw.uniform(-1, 2):.3f}",
                f"np.sum(v) > {draw.uniform(-1, 2):.3f}",
                f"v @ v > {draw.uniform(0.5, 6):.3f}",
            )
        )

    lines = ["def cost(v):", f"    if {condition()}:", f"        return {piece()}"]
    if draw.random() < 0.5:
        lines += [f"    if {condition()}:", f"        return {piece()}"]
    return "\n".join([*lines, f"    return {piece()}"])


def reference(cost: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """The gradient by differences of two lengths, and how far these lie apart."""
    slopes = []
    for h in (1e-5, 3e-6):
        steps = h * np.diag(np.maximum(1.0, np.abs(x)))
        ends = [(float(cost(x + step)) - float(cost(x - step))) for step in steps]
        slopes.append(np.array(ends) / (2 * np.diag(steps)))
    return slopes[1], np.abs(slopes[1] - slopes[0])


def faults_of(source: str, draw: random.Random) -> list[str]:
    """Where the gradient norm of a run is not that of the function, though nothing says so."""
    space: dict[str, Any] = {"np": np, "math": math}
    exec(source, space)
    cost, size = space["cost"], draw.choice((1, 1, 2, 3))
    start = [draw.uniform(-4, 4) for _ in range(size)]
    rule = draw.choice(
        (
            {"learning_rate": draw.uniform(0.02, 0.4)},
            {"optimizer": "adam", "learning_rate": 0.2},
            {"optimizer": "lbfgs"},
            {},
        )
    )
    run = ds.minimize(cost, start, steps=draw.choice((25, 60)), **rule)
    faults = []
    for x, norm in zip(run.history.x, run.history.gradient_norm, strict=True):
        slopes, apart = reference(cost, x)
        size_of = float(np.linalg.norm(slopes))
        if not np.isfinite(size_of) or np.max(apart) > NEAR * max(1.0, size_of):
            continue  # a corner or a jump within the reach of the differences
        if abs(norm - size_of) > 10 * NEAR * max(1.0, size_of):
            faults.append(
                f"start {start}, {rule}: at {x.tolist()} {norm} and not {size_of} ({run.objective.notes})"
            )
    return faults


def test_the_gradient_is_right_along_the_whole_path() -> None:
    seed = fresh_seed()
    draw = random.Random(seed)
    failures = []
    for _ in range(MANY):
        source = drawn_function(draw)
        failures += [f"{source}\n{fault}" for fault in faults_of(source, draw)[:1]]
    assert not failures, f"seed {seed}: {len(failures)} of {MANY}\n\n" + "\n\n".join(failures[:5])
