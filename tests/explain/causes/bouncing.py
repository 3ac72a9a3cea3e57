"""Runs that neither arrive nor run off: cycles above the limit, and rules whose steps do not fade with the slope."""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import cycle, root
from .known import Known, OneOf, case

ABOVE, CHATTER, SIZE, SMALL = (
    "learning_rate_above_limit",
    "chatter",
    "step_size_bounds",
    "learning_rate_too_small",
)
NEVER = (
    "rounding_floor",
    "too_few_steps",
    "learning_rate_too_small",
    "unbounded_below",
    "flat",
    "ill_conditioned",
)
BOUNDED = {"bounded": True}


def cases() -> list[Known]:
    """All of them."""
    return [*_cycles(), *_wells(), *_confined(), *_chatter(), *_step_sizes(), *_bad_rates()]


def _cycles() -> list[Known]:
    """Convex with bounded slopes: above 2/L they settle in x, -x with 2x = ηf'(x), whatever the parity of the limit."""
    made = []
    for text, slope, limit, rate, start in [
        ("log(cosh(x))", math.tanh, 2.0, 3.0, 0.7),
        ("log(cosh(x))", math.tanh, 2.0, 2.4, 1.5),
        ("log(cosh(3*x))", lambda x: 3 * math.tanh(3 * x), 2 / 9, 0.5, 0.4),
        ("sqrt(1+x^2)", lambda x: x / math.hypot(1, x), 2.0, 3.0, 0.7),
        ("x*atan(x)-log(1+x^2)/2", math.atan, 2.0, 3.0, 0.5),
        ("-cos(x)", math.sin, 2.0, 2.5, 0.4),
    ]:
        half = root(lambda x, slope=slope, rate=rate: 2 * x - rate * slope(x), 0.05 * limit**0.5, 3.0 * rate)
        period, width = cycle(slope, start, rate)
        assert period == 2
        assert abs(width - half) < 1e-6
        for steps, tolerance in ((500, 1e-8), (501, 1e-8), (500, None), (501, None)):
            options = {"learning_rate": rate, "steps": steps, "tolerance": tolerance}
            made.append(
                case(
                    f"cycle of {text} at {rate}, {steps} steps{'' if tolerance else ' alone'}",
                    text,
                    {"x": start},
                    {k: v for k, v in options.items() if v is not None},
                    ABOVE if "sqrt" not in text else f"{ABOVE}|rmse_rate",
                    facts={**BOUNDED, "confined": text == "-cos(x)"},
                    never=NEVER,
                    success=False,
                    status=("step_limit",),
                    numbers={}
                    if "sqrt" in text
                    else {
                        f"{ABOVE}.limit": limit,
                        f"{ABOVE}.period": 2,
                        f"{ABOVE}.*": OneOf((half, 2 * half, -half)),
                    },
                    unsaid=("still getting worse", "give it more steps"),
                    why="x = η f'(x)/2 by bisection and by 20,000 steps of a plain loop",
                )
            )
    made += [made[i].climbing() for i in (0, 13)]
    made += [made[i].in_float32() for i in (0, 1)]
    for n in (2, 10):
        text = " + ".join(f"log(cosh(x{i}))" for i in range(n))
        made.append(
            case(
                f"a cycle in {n}",
                text,
                {f"x{i}": 0.7 + 0.1 * i for i in range(n)},
                {"learning_rate": 3.0, "steps": 401, "tolerance": 1e-8},
                ABOVE,
                facts=BOUNDED,
                never=NEVER,
                success=False,
                status=("step_limit",),
                numbers={f"{ABOVE}.limit": 2.0, f"{ABOVE}.period": 2},
                why="every coordinate cycles by itself",
            )
        )
    made.append(
        case(
            "one of two coordinates cycles",
            "log(cosh(x))+y^2/6",
            {"x": 0.7, "y": 1},
            {"learning_rate": 3.0, "steps": 300, "tolerance": 1e-8},
            ABOVE,
            facts=BOUNDED,
            never=NEVER,
            success=False,
            status=("step_limit",),
            numbers={f"{ABOVE}.limit": 2.0, f"{ABOVE}.along": "x"},
            why="y arrives in a step: its curvature is 1/3; x cycles",
        )
    )
    return made


def _wells() -> list[Known]:
    """x^4/4 - x^2/2 above its limit of 1: periods 2, then 4, about a minimum at 1."""
    made = []
    for rate in (1.1, 1.2, 1.25, 1.27):
        period, width = cycle(lambda x: x**3 - x, 0.5, rate)
        for steps in (600, 601, 602, 603):
            made.append(
                case(
                    f"a well at {rate}, {steps} steps",
                    "x^4/4 - x^2/2",
                    {"x": 0.5},
                    {"learning_rate": rate, "steps": steps, "tolerance": 1e-8},
                    ABOVE,
                    facts=BOUNDED,
                    never=(*NEVER, "saddle"),
                    success=False,
                    status=("step_limit",),
                    numbers={
                        f"{ABOVE}.limit": 1.0,
                        f"{ABOVE}.period": period,
                        f"{ABOVE}.*": OneOf((width, 2 * width)),
                    },
                    why="f''(1) = 2; the period and the width by a plain loop",
                )
            )
    return made


def _confined() -> list[Known]:
    """Bounded on both sides, so it cannot diverge, however large the rate."""
    made = []
    for text, start, rate, steps in [
        ("sin(x)", {"x": 1}, 100.0, 100),
        ("sin(x)", {"x": 1}, 100.0, 99),
        ("sin(x)", {"x": 1}, 20.0, 200),
        ("cos(x)+sin(y)", {"x": 1, "y": 2}, 50.0, 150),
        ("cos(2*x)+cos(3*x)", {"x": 0.3}, 25.0, 101),
        ("sin(x)*cos(y)", {"x": 1, "y": 0.5}, 30.0, 100),
        ("tanh(x)^2", {"x": 0.3}, 4.0, 60),
    ]:
        made.append(
            case(
                f"T20 {text} at {rate:g}, {steps} steps",
                text,
                start,
                {"learning_rate": rate, "steps": steps, "tolerance": 1e-8},
                f"{ABOVE}|cycle",
                facts={**BOUNDED, "confined": True},
                never=("rounding_floor", "too_few_steps", "learning_rate_too_small", "unbounded_below"),
                success=False,
                unsaid=("still getting worse",),
                why="values lie between two numbers for every x",
            )
        )
    return [*made, made[0].climbing(), made[4].climbing()]


CHATTERING: list[tuple[str, float, dict[str, float]]] = [
    ("lion", 0.1, {}),
    ("lion", 0.01, {}),
    ("lion", 0.03, {"beta1": 0.5, "beta2": 0.5}),
    ("adam", 0.1, {"beta1": 0.0, "beta2": 0.0}),
    ("adam", 0.02, {"beta1": 0.0, "beta2": 0.5}),
    ("adamax", 0.05, {"beta1": 0.0, "beta2": 0.0}),
    ("rmsprop", 0.1, {"decay": 0.5}),
    ("rmsprop", 0.02, {"decay": 0.9}),
    ("nadam", 0.05, {"beta1": 0.0, "beta2": 0.0}),
    ("momentum_rmsprop", 0.02, {"decay": 0.9}),
]


def _chatter() -> list[Known]:
    """Steps of a length of their own, without end: to and fro about the minimum at a distance set by the rate."""
    made = []
    for rule, rate, more in CHATTERING:
        for text, start in (
            ("x^2/4+y^2", {"x": 3.0137, "y": 2.0371}),
            ("log(cosh(x))+y^2", {"x": 2.0213, "y": 1.0177}),
        ):
            made.append(
                case(
                    f"{rule} {rate} {more or ''} on {text[:6]}".replace("  ", " "),
                    text,
                    start,
                    {
                        "optimizer": rule,
                        "learning_rate": rate,
                        "hyperparameters": more,
                        "steps": 3000,
                        "tolerance": 1e-9,
                    },
                    CHATTER,
                    facts=BOUNDED,
                    never=("rounding_floor", "too_few_steps", SMALL, "flat", "saddle", "ill_conditioned"),
                    success=False,
                    status=("step_limit",),
                    advised=True,
                    why="in one variable a step near the minimum is about η long, whatever the slope",
                )
            )
    return [*made, made[0].climbing(), made[12].climbing(), made[0].in_float32()]


def _step_sizes() -> list[Known]:
    """Rprop at the shortest step it may make, or at the longest."""
    made = []
    for text, start, more, steps in [
        ("x^2/4+y^2", {"x": 3.0137, "y": 2.0371}, {"min_step": 0.1}, 400),
        ("x^2", {"x": 1.234}, {"min_step": 0.01}, 400),
        ("x^2+2*y^2+3*z^2", {"x": 1.234, "y": 2.1, "z": 0.7}, {"min_step": 0.05}, 400),
        ("log(cosh(x))", {"x": 2.345}, {"min_step": 0.02}, 300),
        ("x^2+y^2", {"x": 50, "y": 30}, {"max_step": 1e-3}, 300),
        ("x^2", {"x": 1e6}, {}, 200),
    ]:
        made.append(
            case(
                f"Rprop {more or 'at 50'} on {text}",
                text,
                start,
                {"optimizer": "rprop", "hyperparameters": more, "steps": steps, "tolerance": 1e-8},
                SIZE,
                facts=BOUNDED,
                never=("rounding_floor", "flat", "saddle", "ill_conditioned", ABOVE),
                success=False,
                status=("step_limit",),
                why="a step is never shorter than min_step (1e-6) nor longer than max_step (50)",
            )
        )
    return made


def _bad_rates() -> list[Known]:
    """Rules that are not linear in the gradient, or whose steps follow a pattern, at rates far off."""
    made = []
    for rule, rate, more in [
        ("rmsprop", 1e-7, {}),
        ("centred_rmsprop", 1e-7, {}),
        ("momentum_rmsprop", 1e-8, {}),
        ("centred_momentum_rmsprop", 1e-8, {}),
        ("adam", 1e-6, {}),
        ("adamw", 1e-6, {"weight_decay": 0.0}),
        ("amsgrad", 1e-6, {}),
        ("nadam", 1e-6, {}),
        ("radam", 1e-6, {}),
        ("adamax", 1e-6, {}),
        ("adabelief", 1e-6, {}),
        ("yogi", 1e-7, {}),
        ("lion", 1e-6, {}),
        ("adagrad", 1e-5, {}),
        ("adadelta", 1e-5, {}),
        ("silver_steps", 1e-6, {}),
        ("ogm", 1e-8, {}),
        ("obsf", 1e-6, {}),
        ("nesterov_restart", 1e-8, {}),
        ("schedule_free_sgd", 1e-7, {}),
        ("schedule_free_adamw", 1e-6, {}),
    ]:
        made.append(
            case(
                f"{rule} at {rate:g}",
                "x^2/4+y^2",
                {"x": 3, "y": 2},
                {
                    "optimizer": rule,
                    "learning_rate": rate,
                    "hyperparameters": more,
                    "steps": 300,
                    "tolerance": 1e-6,
                },
                SMALL,
                facts={"hessian": np.diag([0.5, 2.0]), "bounded": True},
                never=(ABOVE, CHATTER, "rounding_floor", "flat", "ill_conditioned", "zigzag"),
                success=False,
                status=("step_limit",),
                point=("not_stationary", "unknown.unfinished"),
                advised=True,
                why="300 steps of about η (or η times a slope of 3) go less than a thousandth of the way of 3",
            )
        )
    for rule, rate in [
        ("silver_steps", 5.0),
        ("ogm", 3.0),
        ("obsf", 8.0),
        ("nesterov_restart", 4.0),
    ]:
        made.append(
            case(
                f"{rule} at {rate:g}",
                "x^2/4+y^2",
                {"x": 3, "y": 2},
                {"optimizer": rule, "learning_rate": rate, "steps": 63, "tolerance": 1e-6},
                ABOVE,
                facts={"hessian": np.diag([0.5, 2.0]), "bounded": True},
                never=(*NEVER, "zigzag"),
                success=False,
                status=("diverged",),
                advised=True,
                why="made for η = 1/L = 0.5; every step of √2 η and more multiplies y by less than -1",
            )
        )
    for rule, rate in [("lion", 10.0), ("adam", 1e4)]:
        made.append(
            case(
                f"{rule} at {rate:g}",
                "x^2/4+y^2",
                {"x": 3, "y": 2},
                {"optimizer": rule, "learning_rate": rate, "steps": 60, "tolerance": 1e-6},
                CHATTER if rule == "lion" else f"{CHATTER}|{ABOVE}|too_few_steps",
                facts={"hessian": np.diag([0.5, 2.0]), "bounded": True},
                never=("rounding_floor", SMALL, "flat", "ill_conditioned"),
                success=False,
                why="the first step alone is η long, thousands of times the distance",
            )
        )
    return made
