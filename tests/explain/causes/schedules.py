"""Schedules whose rates add up to too little, and tests that rounding or a short step cannot meet."""

from __future__ import annotations

from typing import Any

import numpy as np

import downslope as ds

from .arithmetic import iterate
from .known import Known, Within, case

FAST = "schedule_too_fast"
NEVER = (
    "rounding_floor",
    "learning_rate_above_limit",
    "flat",
    "saddle",
    "zigzag",
    "ill_conditioned",
    "unbounded_below",
)
BOUNDED = {"bounded": True}


def cases() -> list[Known]:
    """All of them."""
    return [*_too_fast(), *_rounding(), *_stalled(), *_bounds()]


def _too_fast() -> list[Known]:
    """x' = x(1 - 2 η s_k): the product of the factors that are left stays above 0."""
    made = []
    schedules: list[tuple[str, Any, float, int]] = [
        ("exponential(rate=0.5)", lambda k: 0.5**k, 0.1, 200),
        ("exponential(rate=0.9)", lambda k: 0.9**k, 0.05, 500),
        ("inverse_time(rate=100)", lambda k: 1 / (1 + 100 * k), 0.1, 300),
        ("step_decay(every=3, rate=0.1)", lambda k: 0.1 ** (k // 3), 0.1, 200),
        (
            "multi_step(milestones=[2,4,6], rate=0.01)",
            lambda k: 0.01 ** sum(k >= m for m in (2, 4, 6)),
            0.1,
            200,
        ),
        ("cosine(steps=10)", lambda k: (1 + np.cos(np.pi * min(k, 10) / 10)) / 2, 0.1, 200),
        ("polynomial(steps=8)", lambda k: max(0.0, 1 - k / 8), 0.1, 200),
        ("one_cycle(steps=10)", None, 0.1, 200),
    ]
    for text, factor, rate, steps in schedules:
        numbers = {}
        if factor is not None:
            numbers["x.x"] = iterate(lambda x: 2 * x, 3.0, lambda k, f=factor, r=rate: r * f(k), steps)
        made.append(
            case(
                f"{text} at {rate}",
                "x^2",
                {"x": 3},
                {"learning_rate": rate, "schedule": text, "steps": steps, "tolerance": 1e-8},
                FAST,
                facts=BOUNDED,
                never=(*NEVER, "too_few_steps", "stalled"),
                success=False,
                advised=True,
                numbers=numbers,
                why="the end by a plain loop; the same rate without a schedule needs ln(1.7e-9)/ln(1 - 2η) steps",
            )
        )
    made += [made[0].climbing(), made[4].climbing()]
    for rule, rate, text, start in [
        ("momentum", 0.02, "x^2+3*y^2", {"x": 3, "y": 2}),
        ("adam", 0.1, "x^2+3*y^2", {"x": 30, "y": 20}),
        ("nesterov", 0.02, "log(cosh(x))+y^2", {"x": 9, "y": 2}),
        ("rmsprop", 0.1, "x^2+y^2+z^2", {"x": 9, "y": 9, "z": 9}),
        ("lion", 0.1, "x^2+3*y^2", {"x": 30, "y": 20}),
    ]:
        made.append(
            case(
                f"{rule} with exponential(rate=0.7)",
                text,
                start,
                {
                    "optimizer": rule,
                    "learning_rate": rate,
                    "schedule": "exponential(rate=0.7)",
                    "steps": 300,
                    "tolerance": 1e-6,
                },
                FAST,
                facts=BOUNDED,
                never=(*NEVER, "too_few_steps", "chatter"),
                success=False,
                why="all rates together are η/0.3",
            )
        )
    text = " + ".join(f"x{i}^2" for i in range(10))
    made.append(
        case(
            "ten coordinates, exponential(rate=0.5)",
            text,
            {f"x{i}": 1.0 for i in range(10)},
            {"learning_rate": 0.1, "schedule": "exponential(rate=0.5)", "steps": 100, "tolerance": 1e-8},
            FAST,
            facts=BOUNDED,
            never=(*NEVER, "too_few_steps"),
            success=False,
            why="as in one",
        )
    )
    made.append(
        case(
            "a schedule of an object",
            "x^2",
            {"x": 3},
            {
                "optimizer": ds.optimizers.SGD(
                    learning_rate=0.1 * ds.optimizers.schedules.Exponential(rate=0.5)
                ),
                "steps": 100,
                "tolerance": 1e-8,
            },
            FAST,
            facts=BOUNDED,
            never=(*NEVER, "too_few_steps"),
            success=False,
            why="as by name",
        )
    )
    return made


def _rounding() -> list[Known]:
    """The rounding of the gradient is larger than the tolerance, and the run has got down to it."""
    made = []
    for name, text, start, options in [
        (
            "far from zero",
            "(x + y - 1e8/3)^2 + (x - 2y + 1e7/7)^2 + (3x + y - 9e7/11)^2",
            {"x": 2e7, "y": 1e7},
            {"learning_rate": 0.05, "tolerance": 1e-12},
        ),
        (
            "further",
            "(x + y - 1e10/3)^2 + (x - 2y + 1e9/7)^2",
            {"x": 2e9, "y": 1e9},
            {"learning_rate": 0.1, "tolerance": 1e-10},
        ),
        (
            "float32",
            "(x + y - 1000.3)^2 + (x - 2*y + 77.7)^2",
            {"x": 990, "y": 1},
            {"learning_rate": 0.1, "tolerance": 1e-7, "dtype": "float32", "steps": 5000},
        ),
        (
            "two residuals",
            "(x/3 + y/7 - 1e6)^2 + (x/7 - y/3 + 1e6/9)^2",
            {"x": 1e6, "y": 1e6},
            {"learning_rate": 2.0, "tolerance": 1e-14, "steps": 5000},
        ),
    ]:
        made.append(
            case(
                f"rounding: {name}",
                text,
                start,
                options,
                "rounding_floor|stalled",
                facts=BOUNDED,
                never=(
                    "too_few_steps",
                    "learning_rate_too_small",
                    "learning_rate_above_limit",
                    "flat",
                    "saddle",
                ),
                success=False,
                why="the terms of the gradient are rounded at 1e-16 (6e-8) of their size, which is above the tolerance",
            )
        )
    for rate in (0.1, 0.05, 0.2):
        made.append(
            case(
                f"T14 at {rate}",
                "(x-1)^2",
                {"x": 3},
                {"learning_rate": rate, "tolerance": 1e-17, "steps": 5000},
                "stalled|rounding_floor|learning_rate_too_small",
                facts={"hessian": [[2.0]], "bounded": True},
                never=("flat", "saddle", "too_few_steps"),
                success=False,
                unsaid=("cannot be met",),
                why="a rate of 0.5 meets it in one step",
            )
        )
    for text, start, options in [
        ("(x-1)^2+(y-2)^2", {"x": 3, "y": 3}, {"learning_rate": 0.1, "tolerance": 1e-17}),
        ("(x-1)^2+(y-2)^2+(z-3)^2", {"x": 3, "y": 3, "z": 0}, {"learning_rate": 0.05, "tolerance": 1e-18}),
        ("2*(x-5)^2", {"x": 3}, {"learning_rate": 0.05, "tolerance": 1e-17}),
        ("(x-1)^2", {"x": 3}, {"learning_rate": 0.1, "tolerance": 1e-9, "dtype": "float32"}),
    ]:
        made.append(
            case(
                f"T14 {text} {options.get('dtype', '')}".strip(),
                text,
                start,
                {"steps": 5000, **options},
                "stalled|rounding_floor|learning_rate_too_small",
                facts=BOUNDED,
                never=("flat", "saddle", "too_few_steps"),
                success=False,
                unsaid=("cannot be met",),
                why="round: a rate of 1/L meets any tolerance in one step",
            )
        )
    return made


def _stalled() -> list[Known]:
    """A step is shorter than the spacing of numbers where it stands."""
    made = []
    for text, start, rate, dtype in [
        ("(x-3)^2", 1e6, 1e-18, "float64"),
        ("(x-3)^2", 1e3, 1e-17, "float64"),
        ("x^2+x", 1e8, 1e-17, "float64"),
        ("(x-3)^2", 1e3, 1e-9, "float32"),
        ("sqrt(1+(x-1e9)^2)", 2e9, 1e-8, "float64"),
    ]:
        made.append(
            case(
                f"{text} from {start:g} at {rate:g}",
                text,
                {"x": start},
                {"learning_rate": rate, "tolerance": 1e-6, "dtype": dtype},
                "stalled|learning_rate_too_small",
                facts=BOUNDED,
                never=("too_few_steps", "learning_rate_above_limit", "flat", "saddle", "rounding_floor"),
                success=False,
                status=("stalled",),
                advised=None if "sqrt" in text else True,
                why="η times the slope is below half the spacing of numbers at the start",
            )
        )
    return [*made, made[0].climbing()]


def _bounds() -> list[Known]:
    """Bounds hold coordinates at the end, where it would be better beyond: a success, and said so."""
    made = []
    for text, start, bounds, answer in [
        ("(x-3)^2", {"x": 0}, {"x": (None, 2)}, {"x": 2.0}),
        ("(x-3)^2+y^2", {"x": 0, "y": 1}, {"x": (-1, 2)}, {"x": 2.0, "y": 0.0}),
        ("(x+1)^2+(y-5)^2", {"x": 2, "y": 1}, {"x": (0, 4), "y": (0, 3)}, {"x": 0.0, "y": 3.0}),
        ("x+y", {"x": 1, "y": 1}, {"x": (0, 2), "y": (0, 2)}, {"x": 0.0, "y": 0.0}),
        ("(x-2)^2+(y-2)^2+x*y", {"x": 0, "y": 0}, {"x": (0, 0.5)}, {"x": 0.5, "y": 1.75}),
        ("exp(x)+y^2", {"x": 1, "y": 1}, {"x": (0, None)}, {"x": 0.0, "y": 0.0}),
        ("x^2-y^2", {"x": 1, "y": 0.5}, {"y": (-1, 1)}, {"x": 0.0, "y": 1.0}),
    ]:
        for rate in (0.1, None):
            made.append(
                case(
                    f"{text} within {bounds}, {rate or 'SPG'}",
                    text,
                    start,
                    {"bounds": bounds, **({"learning_rate": rate} if rate else {})},
                    words=("Bounds hold",),
                    never=(*NEVER, "too_few_steps", "loose_tolerance"),
                    success=True,
                    status=("converged",),
                    point=("minimum",),
                    numbers={f"x.{name}": Within(v, 1e-6) for name, v in answer.items()},
                    advised=False,
                    why="where the slope points outward on the bound the rest is minimised by hand",
                )
            )
    return [*made, made[0].climbing(), made[2].climbing()]
