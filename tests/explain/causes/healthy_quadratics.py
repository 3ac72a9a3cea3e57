"""Quadratics at settings that theory calls good: best rates, best momentum, halves of them, in every size and unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arithmetic import bowl, count, dense, polyak, spread, turned
from .known import Known, Within, case


def healthy() -> list[Known]:
    """All of them."""
    return [*_rates(), *_best_heavy_ball(), *_nesterov(), *_turned(), *_units(), *_steps_alone()]


def _rates() -> list[Known]:
    """Gradient descent at 2/(L+μ), 1/L and half of it: nothing to scold at any κ, size or precision."""
    made = []
    for condition, dimension in [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 10),
        (2, 2),
        (2, 3),
        (5, 2),
        (5, 6),
        (10, 2),
        (10, 10),
        (20, 2),
        (20, 3),
        (50, 2),
        (50, 4),
        (3, 80),
        (20, 80),
    ]:
        L = 2.0
        h = spread(condition, dimension, L)
        text, start, facts = bowl(h)
        for name, rate in (("2/(L+μ)", 2 / (L + min(h))), ("1/L", 1 / L), ("1/2L", 0.5 / L)):
            needed = count(h, rate, 1e-8)
            made.append(
                case(
                    f"κ {condition} in {dimension} at {name}",
                    text,
                    start,
                    {"learning_rate": rate, "tolerance": 1e-8},
                    quiet=True,
                    facts=facts,
                    success=True,
                    status=("converged",),
                    point=("minimum",) if dimension <= 30 else (),
                    numbers={
                        "run.nit": Within(needed, 1),
                        **({"forecast.steps": needed} if dimension <= 30 else {}),
                    },
                    why="steps by a plain loop; no constant rate of gradient descent is better than 2/(L+μ)",
                )
            )
    for condition, dimension, rate in [
        (100, 2, 2 / 2.02),
        (1000, 2, 2 / 2.002),
        (100, 3, 0.5),
        (300, 5, 0.9),
    ]:
        text, start, facts = bowl(spread(condition, dimension, 2.0))
        made.append(
            case(
                f"κ {condition} in {dimension} at {rate:.4g}, to the end",
                text,
                start,
                {"learning_rate": rate, "tolerance": 1e-6},
                quiet=True,
                facts=facts,
                success=True,
                why="it was asked for 1e-6 and got there at (nearly) the best rate",
            )
        )
    low = [k for k in made if "in 80" not in k.name]
    made += [low[i].climbing() for i in (0, 3, 6, 12, 19, 24, 30, 36)]
    made += [_single(low[i]) for i in (1, 4, 7, 13, 21, 27)]
    return made


def _single(known: Known) -> Known:
    """In float32, whose own tolerance is 1e-4."""
    import dataclasses

    assert known.call is not None
    options = {**known.call.options, "tolerance": 1e-4, "dtype": "float32"}
    call = dataclasses.replace(known.call, options=options)
    return dataclasses.replace(known, name=f"{known.name}, float32", call=call, numbers={}, point=())


def _best_heavy_ball() -> list[Known]:
    """Polyak's rate and momentum, which no other heavy ball beats; also rounded to three digits."""
    made = []
    for condition in (4, 9, 16, 25, 50, 100, 400, 1000, 1e4):
        for dimension in (2, 5):
            h = spread(condition, dimension, 2.0)
            text, start, facts = bowl(h)
            rate, β = polyak(condition, 2.0)
            if dimension == 5:
                rate, β = float(f"{0.99 * rate:.3g}"), round(β + 5e-4, 3)
            made.append(
                case(
                    f"best heavy ball for κ {condition:g} in {dimension}",
                    text,
                    start,
                    {
                        "optimizer": "momentum",
                        "learning_rate": rate,
                        "hyperparameters": {"momentum": β},
                        "tolerance": 1e-8,
                    },
                    quiet=True,
                    facts=facts,
                    success=True,
                    status=("converged",),
                    point=("minimum",),
                    numbers={"run.nit": Within(count(h, rate, 1e-8, β), 2)},
                    why="Polyak's constants; steps by a plain loop",
                )
            )
    return [*made, made[0].climbing(), made[6].climbing(), made[11].climbing()]


def _nesterov() -> list[Known]:
    """Nesterov's for strongly convex functions: η = 1/L, β = (√κ - 1)/(√κ + 1)."""
    made = []
    for condition, dimension in [(4, 2), (9, 3), (25, 2), (100, 4), (1000, 2)]:
        h = spread(condition, dimension, 2.0)
        text, start, facts = bowl(h)
        β = (condition**0.5 - 1) / (condition**0.5 + 1)
        made.append(
            case(
                f"Nesterov for κ {condition} in {dimension}",
                text,
                start,
                {
                    "optimizer": "nesterov",
                    "learning_rate": 0.5,
                    "hyperparameters": {"momentum": β},
                    "tolerance": 1e-8,
                },
                quiet=True,
                facts=facts,
                success=True,
                point=("minimum",),
                numbers={"run.nit": Within(count(h, 0.5, 1e-8, β, nesterov=True), 2)},
                why="the constants of his book; steps by a plain loop",
            )
        )
    return [*made, made[1].climbing()]


def _turned() -> list[Known]:
    """The same in directions drawn at random."""
    made = []
    for condition, dimension, seed in [(3, 2, 1), (10, 3, 2), (20, 4, 3), (5, 6, 4), (40, 2, 5), (8, 10, 6)]:
        H = turned(spread(condition, dimension, 5.0), seed)
        text, start, facts = dense(H)
        values = np.linalg.eigvalsh(H)
        for name, rate in (("best", 2 / (values[0] + values[-1])), ("1/L", 1 / values[-1])):
            made.append(
                case(
                    f"turned κ {condition} in {dimension}, {name}",
                    text,
                    start,
                    {"learning_rate": float(rate), "tolerance": 1e-8},
                    quiet=True,
                    facts=facts,
                    success=True,
                    point=("minimum",),
                    numbers={
                        "forecast.condition": float(values[-1] / values[0]),
                        "forecast.limit": float(2 / values[-1]),
                    },
                    why="eigenvalues by LAPACK",
                )
            )
    return made


def _units() -> list[Known]:
    """Values and lengths in other units, minima far from zero."""
    made = []
    for scale in (1e-8, 1e-3, 1e4, 1e8):
        text, start, facts = bowl([0.5 * scale, 2.0 * scale])
        made.append(
            case(
                f"values times {scale:g}",
                text,
                start,
                {"learning_rate": 0.8 / scale, "relative_tolerance": 1e-8},
                quiet=True,
                facts=facts,
                success=True,
                point=("minimum",),
                why="2/(L+μ) scales as 1/f",
            )
        )
        made.append(
            case(
                f"lengths times {scale:g}",
                f"(x/{scale!r})^2/4 + (y/{scale!r})^2",
                {"x": -7 * scale, "y": 2 * scale},
                {"learning_rate": 0.8 * scale**2, "relative_tolerance": 1e-8},
                quiet=True,
                facts={"bounded": True},
                success=True,
                why="2/(L+μ) scales as length squared",
            )
        )
    for centre in (10.0, 1000.0, -1e5):
        text, start, facts = bowl([0.5, 2.0], centre)
        made.append(
            case(
                f"about {centre:g}",
                text,
                start,
                {"learning_rate": 0.6, "tolerance": 1e-8},
                quiet=True,
                facts=facts,
                success=True,
                point=("minimum",),
                numbers={"x.0": centre, "x.1": centre},
                why="the place does not matter where its rounding is below the tolerance",
            )
        )
    return made


def _steps_alone() -> list[Known]:
    """As many steps as were asked for, and the gradient down to a hundredth at least."""
    made: list[Known] = []
    for condition, dimension, rate, steps in [
        (1, 1, 0.5, 1),
        (1, 2, 0.25, 10),
        (1, 3, 0.7, 30),
        (4, 2, 0.5, 40),
        (4, 2, 0.8, 25),
        (10, 3, 0.5, 100),
        (10, 80, 0.5, 100),
        (20, 2, 0.5, 200),
        (20, 2, 2 / 2.1, 80),
        (50, 2, 0.9, 300),
    ]:
        text, start, facts = bowl(spread(condition, dimension, 2.0))
        options: dict[str, Any] = {"learning_rate": rate, "steps": steps}
        made.append(
            case(
                f"κ {condition} in {dimension}, {steps} steps of {rate:.3g}",
                text,
                start,
                options,
                quiet=True,
                facts=facts,
                success=True,
                status=("step_limit",) if steps > 1 else (),
                numbers={"run.nit": steps},
                why="(1 - ημ)^steps is below a hundredth",
            )
        )
    return [*made, made[1].climbing(), made[4].climbing(), made[7].climbing()]
