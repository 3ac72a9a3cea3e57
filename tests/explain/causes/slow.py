"""Runs that were on their way: too few steps, curvatures far apart, too much momentum; float32 is not to blame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arithmetic import bowl, count, dense, polyak, spread, turned
from .known import About, Known, case

FEW, ILL, MUCH = "too_few_steps", "ill_conditioned", "momentum_too_large"
NEVER = (
    "learning_rate_above_limit",
    "zigzag",
    "rounding_floor",
    "unbounded_below",
    "flat",
    "saddle",
    "chatter",
    "cycle",
)


def cases() -> list[Known]:
    """All of them."""
    return [*_too_few(), *_too_few_by_rule(), *_ill(), *_momentum(), *_float32_is_not_to_blame()]


def _too_few() -> list[Known]:
    """The best rate or one near it, a round bowl, and a third of the steps that it takes."""
    made = []
    for condition, dimension, part in [
        (2, 2, 0.5),
        (5, 2, 0.5),
        (10, 2, 0.9),
        (10, 3, 0.5),
        (20, 10, 0.9),
        (5, 6, 0.7),
        (10, 80, 0.9),
    ]:
        L, tolerance = 2.0, 1e-8
        h = spread(condition, dimension, L)
        text, start, facts = bowl(h)
        rate = part * 2 / (L + min(h))
        needed = count(h, rate, tolerance)
        made.append(
            case(
                f"κ {condition} in {dimension}, {part} of the best rate",
                text,
                start,
                {"learning_rate": rate, "tolerance": tolerance, "steps": needed // 3},
                FEW,
                facts=facts,
                never=(*NEVER, ILL, "learning_rate_too_small"),
                success=False,
                status=("step_limit",),
                advised=True,
                numbers={"forecast.steps": float(needed)} if dimension <= 30 else {},
                why="steps by a plain loop; the rate is near the best, so more steps are what is missing",
            )
        )
    made += [made[i].climbing() for i in (0, 2, 4)]
    H = turned(spread(8, 4, 3.0), 5)
    text, start, facts = dense(H)
    made.append(
        case(
            "a turned bowl",
            text,
            start,
            {"learning_rate": 0.5, "tolerance": 1e-8, "steps": 15},
            FEW,
            facts=facts,
            never=(*NEVER, ILL, "learning_rate_too_small"),
            success=False,
            why="0.5 is 0.84 of the best rate 2/3.375; (1 - 0.5*0.375)^15 = 0.04",
        )
    )
    for name, text, start, options in [
        (
            "evaluations",
            "x^2 + 3*y^2",
            {"x": 1, "y": 1},
            {"learning_rate": 0.2, "tolerance": 1e-8, "evaluations": 12},
        ),
        (
            "a curve",
            "exp(x) - 2*x + y^2",
            {"x": 2, "y": 1},
            {"learning_rate": 0.2, "tolerance": 1e-8, "steps": 12},
        ),
        (
            "a quartic bowl",
            "(x-2)^4 + (x-2)^2",
            {"x": 3},
            {"learning_rate": 0.1, "tolerance": 1e-8, "steps": 25},
        ),
        (
            "log cosh",
            "log(cosh(x)) + y^2/2",
            {"x": 2, "y": 1},
            {"learning_rate": 0.5, "tolerance": 1e-8, "steps": 10},
        ),
        ("hypotenuse", "sqrt(1+x^2)", {"x": 3}, {"learning_rate": 0.3, "tolerance": 1e-8, "steps": 20}),
        (
            "softplus",
            "log(1+exp(-x)) + x/4",
            {"x": -3},
            {"learning_rate": 2.0, "tolerance": 1e-8, "steps": 20},
        ),
    ]:
        made.append(
            case(
                f"too few, {name}",
                text,
                start,
                options,
                FEW,
                facts={"bounded": True},
                never=(*NEVER, "learning_rate_too_small"),
                success=False,
                advised=True,
                why="convex, and the rate is a good part of 1/L",
            )
        )
    return made


RULES: list[tuple[str, dict[str, Any], int]] = [
    ("momentum", {"learning_rate": 0.2, "hyperparameters": {"momentum": 0.6}}, 12),
    ("nesterov", {"learning_rate": 0.2, "hyperparameters": {"momentum": 0.6}}, 12),
    ("nesterov_restart", {"learning_rate": 0.3}, 8),
    ("lbfgs", {}, 2),
    ("conjugate_gradient_pr", {}, 1),
    ("adaptive_barzilai_borwein", {}, 3),
    ("barzilai_borwein_short", {}, 3),
    ("armijo", {}, 4),
    ("adgd", {}, 6),
    ("adgd2", {}, 6),
    ("spg", {}, 2),
    ("auto", {}, 2),
    ("adam", {"learning_rate": 0.3}, 30),
    ("amsgrad", {"learning_rate": 0.3}, 30),
    ("nadam", {"learning_rate": 0.3}, 30),
    ("radam", {"learning_rate": 0.3}, 30),
    ("adabelief", {"learning_rate": 0.3}, 30),
    ("adamax", {"learning_rate": 0.3}, 30),
    ("yogi", {"learning_rate": 0.3}, 30),
    ("adagrad", {"learning_rate": 0.8}, 10),
    ("silver_steps", {"learning_rate": 0.5}, 7),
    ("polyak_step", {}, 6),
    ("schedule_free_sgd", {"learning_rate": 0.5}, 20),
    ("rprop", {"learning_rate": 0.1}, 12),
    ("prodigy", {}, 20),
]


def _too_few_by_rule() -> list[Known]:
    """Every rule at a sane setting on a bowl of κ = 4, stopped long before it could be there."""
    return [
        case(
            f"too few steps of {rule}",
            "x^2/4 + y^2",
            {"x": 3, "y": 2},
            {"optimizer": rule, "tolerance": 1e-9, "steps": steps, **options},
            f"{FEW}|learning_rate_too_small" if rule in ("rprop", "prodigy", "adagrad") else FEW,
            facts={"hessian": np.diag([0.5, 2.0]), "bounded": True},
            never=(*NEVER, ILL),
            success=False,
            status=("step_limit",),
            why="with more steps the same rule at the same setting meets 1e-9",
        )
        for rule, options, steps in RULES
    ]


def _ill() -> list[Known]:
    """The best rate, and curvatures so far apart that the shallow direction has hardly moved."""
    made = []
    for condition, dimension in [(1e3, 2), (1e4, 2), (1e4, 3), (1e6, 2), (1e5, 10)]:
        L = 2.0
        h = spread(condition, dimension, L)
        text, start, facts = bowl(h)
        rate = 2 / (L + min(h))
        made.append(
            case(
                f"κ {condition:g} in {dimension}",
                text,
                start,
                {"learning_rate": 0.9 * rate, "tolerance": 1e-8 * min(h), "steps": int(condition / 20)},
                ILL,
                facts=facts,
                never=(*NEVER, "learning_rate_too_small"),
                success=False,
                point=("not_stationary", "small_by_units"),
                numbers={
                    f"{ILL}.condition": condition,
                    "forecast.condition": condition,
                    f"{ILL}.shallow": "x1",
                },
                why="κ by hand; after κ/20 steps 0.9 of the shallow error is left",
            )
        )
    made += [made[0].climbing(), made[2].climbing()]
    made.append(
        case(
            "T2 at the floor of a canyon",
            "1e8*x^2+y^2",
            {"x": 3, "y": 1},
            {"learning_rate": 5e-9, "tolerance": 1e-8, "steps": 1000},
            ILL,
            facts={"hessian": np.diag([2e8, 2.0]), "bounded": True},
            never=NEVER,
            success=False,
            point=("not_stationary", "small_by_units"),
            numbers={f"{ILL}.condition": 1e8, f"{ILL}.shallow": "y"},
            unsaid=("strict minimum",),
            why="y = (1 - 1e-8)^1000 = 0.99999",
        )
    )
    floors: list[tuple[str, str, dict[str, float], dict[str, Any], float]] = [
        ("three", "1e8*x^2+y^2+2*z^2", {"x": 3, "y": 1, "z": 1}, {"learning_rate": 5e-9}, 1e8),
        ("turned", "1e8*(x+y)^2+(x-y)^2", {"x": 3, "y": 1}, {"learning_rate": 2e-9}, 1e8),
        ("times 1e-8", "x^2+1e-8*y^2", {"x": 3, "y": 1}, {"learning_rate": 0.4, "tolerance": 1e-16}, 1e8),
        ("elsewhere", "1e7*(x-5)^2+(y-4)^2", {"x": 8, "y": 5}, {"learning_rate": 4e-8}, 1e7),
        (
            "of four",
            "1e7*w^2+1e6*x^2+y^2+z^2",
            {"w": 1, "x": 1, "y": 1, "z": 1},
            {"learning_rate": 4e-8},
            1e7,
        ),
    ]
    for name, text, start, options, condition in floors:
        made.append(
            case(
                f"T2 at the floor of a canyon, {name}",
                text,
                start,
                {"tolerance": 1e-8, "steps": 1000, **options},
                ILL,
                facts={"bounded": True},
                never=NEVER,
                success=False,
                point=("not_stationary", "small_by_units"),
                numbers={f"{ILL}.condition": condition},
                unsaid=("strict minimum",),
                why="a thousand steps of η along the shallow direction go less than a ten-thousandth of the way",
            )
        )
    made.append(made[-len(floors)].climbing())
    for name, text, start, rate, condition in [
        ("in three", "1e5*(x-1)^2+1e-6*(y-1)^2+z^2", {"x": 0, "y": 0, "z": 1}, 4e-6, 1e11),
        ("turned", "1e6*(x+y-2)^2+1e-6*(x-y-1)^2", {"x": 0, "y": 0}, 2e-7, 1e12),
        ("of 1e10", "1e5*(x-1)^2+1e-5*(y-1)^2", {"x": 0, "y": 0}, 5e-6, 1e10),
        ("of 1e9", "1e9*(x-1)^2+(y-1)^2", {"x": 0, "y": 0}, 5e-10, 1e9),
        ("times 1e-6", "(x-1)^2+1e-12*(y-1)^2", {"x": 0, "y": 0}, 0.45, 1e12),
    ]:
        made.append(
            case(
                f"T23 κ {name}",
                text,
                start,
                {"learning_rate": rate, "tolerance": 1e-14, "steps": 3000},
                ILL,
                facts={"bounded": True},
                never=("rounding_floor", "learning_rate_above_limit", "zigzag"),
                success=False,
                numbers={
                    f"{ILL}.condition": About(condition, 1e-3),
                    "forecast.condition": About(condition, 1e-3),
                },
                unsaid=("strict minimum", "κ = 1)"),
                why="κ by hand (turned, the coefficients' rounding is 1e-4 of it); y has hardly moved",
            )
        )
    made.append(
        case(
            "T23 κ of 1e12 is not 1",
            "1e6*(x-1)^2+1e-6*(y-1)^2",
            {"x": 0, "y": 0},
            {"learning_rate": 5e-7},
            ILL,
            facts={"hessian": np.diag([2e6, 2e-6]), "bounded": True},
            never=("rounding_floor", "learning_rate_above_limit", "zigzag"),
            success=False,
            numbers={f"{ILL}.condition": 1e12, "forecast.condition": 1e12},
            unsaid=("strict minimum", "κ = 1)"),
            why="2e6 / 2e-6",
        )
    )
    for scale in (1e-8, 1e8):
        text, start, facts = bowl([2e-4 * scale, 2.0 * scale])
        made.append(
            case(
                f"κ 10000, values times {scale:g}",
                text,
                start,
                {"learning_rate": 0.9 / scale, "tolerance": 1e-12 * scale, "steps": 500},
                ILL,
                facts=facts,
                never=NEVER,
                success=False,
                numbers={f"{ILL}.condition": 1e4},
                why="κ does not depend on units",
            )
        )
    return made


def _momentum() -> list[Known]:
    """Momentum far above the best: the error swings and shrinks by √β a step (heavy ball)."""
    made = []
    for β, h, rate, steps in [
        (0.995, [0.1, 2.0], 0.1, 300),
        (0.999, [2.0, 4.0, 10.0], 0.02, 500),
        (0.99, [2.0], 0.3, 100),
        (0.998, [1.0, 5.0], 0.05, 400),
        (0.997, spread(6, 10, 3.0), 0.1, 300),
    ]:
        text, start, facts = bowl(h)
        made.append(
            case(
                f"heavy ball {β} in {len(h)}",
                text,
                start,
                {
                    "optimizer": "momentum",
                    "learning_rate": rate,
                    "hyperparameters": {"momentum": β},
                    "steps": steps,
                    "tolerance": 1e-7,
                },
                MUCH,
                facts=facts,
                never=(*NEVER, FEW, "learning_rate_too_small"),
                success=False,
                status=("step_limit",),
                numbers={
                    f"{MUCH}.modulus": math.sqrt(β),
                    "forecast.steps": float(count(h, rate, 1e-7, β)),
                    f"{MUCH}.best_momentum": polyak(max(h) / min(h), max(h))[1]
                    if len(h) > 1
                    else About(0.0, 1.0),
                },
                advised=True,
                why="the modulus is √β; steps by a plain loop; Polyak's best β",
            )
        )
    made += [made[0].climbing(), made[1].climbing()]
    for steps in (46, 47, 60, 101):
        made.append(
            case(
                f"T9 swinging, {steps} steps",
                "x^2",
                {"x": 3},
                {
                    "optimizer": "momentum",
                    "learning_rate": 1.9,
                    "hyperparameters": {"momentum": 0.99},
                    "steps": steps,
                    "tolerance": 1e-8,
                },
                f"{MUCH}|{FEW}",
                facts={"hessian": [[2.0]], "bounded": True},
                never=NEVER,
                success=False,
                status=("step_limit",),
                unsaid=("still getting worse",),
                why="the limit is 1.99: it rings and converges",
            )
        )
    for β, h, rate in [
        (0.9995, [0.04, 2.0], 0.5),
        (0.9999, [0.05, 2.0], 0.4),
        (0.9995, [0.03, 0.5, 1.5], 0.6),
    ]:
        text, start, facts = bowl(h)
        made.append(
            case(
                f"Nesterov {β} in {len(h)}",
                text,
                start,
                {
                    "optimizer": "nesterov",
                    "learning_rate": rate,
                    "hyperparameters": {"momentum": β},
                    "steps": 150,
                    "tolerance": 1e-8,
                },
                MUCH,
                facts=facts,
                never=NEVER,
                success=False,
                status=("step_limit",),
                numbers={"forecast.steps": float(count(h, rate, 1e-8, β, nesterov=True))},
                why="complex roots of modulus √(β(1 - ηλ)) = 0.99; with the best momentum it is 0.86",
            )
        )
    return made


def _float32_is_not_to_blame() -> list[Known]:
    """Slow in float32: the same formula in float64 is as slow, and more steps of float32 arrive."""
    made = []
    for steep, rate, tolerance, steps in [
        (1e4, 4e-5, 1e-4, 2000),
        (1e3, 4e-4, 1e-3, 300),
        (1e4, 5e-5, 1e-3, 1000),
        (5e3, 1e-4, 1e-3, 1500),
        (2e3, 2e-4, 1e-2, 200),
        (3e4, 1.5e-5, 1e-3, 5000),
    ]:
        needed = math.log(tolerance / 2) / math.log1p(-2 * rate)  # of y, from y = 1: its gradient is 2y
        made.append(
            case(
                f"T1 {steep:g} steep at {rate} in float32",
                f"{steep!r}*(x-1)^2+y^2",
                {"x": 3, "y": 1},
                {"learning_rate": rate, "tolerance": tolerance, "steps": steps, "dtype": "float32"},
                f"{ILL}|{FEW}",
                facts={"hessian": np.diag([2 * steep, 2.0]), "bounded": True},
                never=NEVER,
                success=False,
                status=("step_limit",),
                numbers={"forecast.steps": About(needed, 2e-2)},
                unsaid=("cannot be met",),
                why="ln(tolerance/2)/ln(1 - 2η) steps; rounding of x leaves a gradient of 2*steep*6e-8 at most",
            )
        )
    return made
