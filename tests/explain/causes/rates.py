"""Learning rates above the limit, zig-zag, and rates far too small, on quadratics: every number is exact."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from .arithmetic import bowl, count, dense, spread, turned
from .known import About, Known, case

ABOVE, ZIGZAG, SMALL = "learning_rate_above_limit", "zigzag", "learning_rate_too_small"
NOT_SLOW = (
    "learning_rate_too_small",
    "too_few_steps",
    "zigzag",
    "unbounded_below",
    "ill_conditioned",
    "rounding_floor",
)
NOT_FAST = (ABOVE, "zigzag", "rounding_floor", "unbounded_below", "flat")


def cases() -> list[Known]:
    """All of them."""
    return [*_above(), *_above_with_momentum(), *_zigzag(), *_too_small(), *_others()]


def _above() -> list[Known]:
    """η > 2/L: the steepest direction grows by |1 - ηL| > 1 at every step."""
    made: list[Known] = []
    for condition, dimension, times in [
        (1, 1, 1.2),
        (1, 2, 1.5),
        (2, 2, 1.1),
        (10, 2, 1.3),
        (10, 3, 3.0),
        (100, 3, 1.05),
        (100, 10, 1.5),
        (1e4, 2, 2.0),
        (1e4, 10, 1.2),
        (1e6, 3, 1.5),
        (20, 80, 1.5),
    ]:
        L = 2.0
        text, start, facts = bowl(spread(condition, dimension, L))
        limit = 2 / L
        factor = 1 - times * limit * L
        exact = (
            {f"{ABOVE}.limit": limit, f"{ABOVE}.factor": factor}
            if dimension <= 30
            else {f"{ABOVE}.limit": About(limit, 1e-2)}
        )
        made.append(
            case(
                f"κ {condition:g} in {dimension}, {times} of the limit",
                text,
                start,
                {"learning_rate": times * limit, "steps": 200},
                ABOVE,
                facts=facts,
                never=NOT_SLOW,
                success=False,
                status=("diverged",),
                numbers=exact,
                advised=True,
                why="2/L = 1; the factor is 1 - ηL",
            )
        )
    small = [k for k in made if k.call is not None and len(k.call.start) <= 10]
    made += [small[i].climbing() for i in (0, 3, 6, 8)]
    made += [small[i].in_float32() for i in (1, 3, 5)]
    for condition, dimension, seed in [(4, 2, 1), (50, 3, 2), (1000, 6, 3), (10, 10, 4)]:
        H = turned(spread(condition, dimension, 8.0), seed)
        text, start, facts = dense(H)
        L = float(np.linalg.eigvalsh(H)[-1])
        made.append(
            case(
                f"turned κ {condition:g} in {dimension}",
                text,
                start,
                {"learning_rate": 0.3, "steps": 200, "tolerance": 1e-6},
                ABOVE,
                facts=facts,
                never=NOT_SLOW,
                success=False,
                numbers={f"{ABOVE}.limit": 2 / L, f"{ABOVE}.curvature": L, f"{ABOVE}.factor": 1 - 0.3 * L},
                advised=True,
                why="the largest eigenvalue by LAPACK",
            )
        )
    for scale in (1e-8, 1e8):
        text, start, facts = bowl([0.1 * scale, 2 * scale])
        made.append(
            case(
                f"values times {scale:g}",
                text,
                start,
                {"learning_rate": 1.3 / scale, "steps": 100},
                ABOVE,
                facts=facts,
                never=(*NOT_SLOW, "flat"),
                success=False,
                numbers={f"{ABOVE}.limit": 1 / scale, f"{ABOVE}.factor": -1.6},
                why="the limit scales as 1/f",
            )
        )
        made.append(
            case(
                f"lengths times {scale:g}",
                f"(x/{scale!r})^2/20 + (y/{scale!r})^2",
                {"x": -7 * scale, "y": 2 * scale},
                {"learning_rate": 1.3 * scale**2, "steps": 100},
                ABOVE,
                never=(*NOT_SLOW, "flat"),
                success=False,
                numbers={f"{ABOVE}.limit": scale**2, f"{ABOVE}.factor": -1.6, f"{ABOVE}.along": "y"},
                why="the limit scales as length squared",
            )
        )
    for slope in (0.0, 1e-3):
        made.append(
            case(
                f"the limit itself, tilted by {slope:g}",
                f"x^2 + {slope!r}*x",
                {"x": 1},
                {"learning_rate": 1.0, "steps": 50, "tolerance": 1e-8},
                ABOVE,
                facts={"hessian": [[2.0]], "bounded": True},
                never=NOT_SLOW,
                success=False,
                status=("step_limit",),
                numbers={f"{ABOVE}.limit": 1.0, f"{ABOVE}.factor": -1.0},
                why="x goes to and fro for ever: 1 - ηL = -1",
            )
        )
    return made


def _above_with_momentum() -> list[Known]:
    """Heavy ball diverges above 2(1+β)/L, Nesterov's above 2(1+β)/((1+2β)L)."""
    made = []
    for rule, β, critical in [
        ("momentum", 0.5, 3.0),
        ("momentum", 0.9, 3.8),
        ("momentum", 0.99, 3.98),
        ("nesterov", 0.5, 1.5),
        ("nesterov", 0.9, 3.8 / 2.8),
        ("nesterov", 0.2, 2.4 / 1.4),
    ]:
        for condition, dimension in ((5, 2), (30, 4)):
            text, start, facts = bowl(spread(condition, dimension, 4.0))
            limit = critical / 4
            made.append(
                case(
                    f"{rule} {β} κ {condition} in {dimension}",
                    text,
                    start,
                    {
                        "optimizer": rule,
                        "learning_rate": 1.15 * limit,
                        "hyperparameters": {"momentum": β},
                        "steps": 300,
                    },
                    ABOVE,
                    facts=facts,
                    never=(*NOT_SLOW, "momentum_too_large"),
                    success=False,
                    status=("diverged",),
                    numbers={f"{ABOVE}.limit": limit},
                    why="the roots of the two-step recurrence leave the unit circle there",
                )
            )
    return made


def _zigzag() -> list[Known]:
    """The steep direction changes sides and shrinks so slowly that the best rate needs a third of the steps at most."""
    made = []
    for condition, dimension, part in [(1, 1, 0.97), (2, 2, 0.98), (5, 2, 0.98), (4, 3, 0.97), (3, 10, 0.98)]:
        L = 2.0
        text, start, facts = bowl(spread(condition, dimension, L))
        best = 2 / (L + L / condition)
        for steps, tolerance in ((60, None), (None, 1e-6)):
            options = {"learning_rate": part * 2 / L, "steps": steps, "tolerance": tolerance}
            numbers = {
                f"{ZIGZAG}.factor": 1 - 2 * part,
                f"{ZIGZAG}.best_rate": best,
                "forecast.limit": 1.0,
                "forecast.condition": float(condition) if dimension > 1 else 1.0,
            }
            if tolerance is not None:
                numbers["forecast.steps"] = float(count(spread(condition, dimension, L), part, tolerance))
            made.append(
                case(
                    f"κ {condition} in {dimension}, {part} of the limit, {'steps' if steps else 'test'}",
                    text,
                    start,
                    {k: v for k, v in options.items() if v is not None},
                    ZIGZAG,
                    facts=facts,
                    never=(ABOVE, "ill_conditioned", "rounding_floor", "learning_rate_too_small"),
                    success=True,
                    numbers=numbers,
                    advised=True,
                    why="1 - ηL by hand; steps by a plain loop",
                )
            )
    made += [made[i].climbing() for i in (0, 3, 6)] + [made[2].in_float32()]
    return made


def _too_small() -> list[Known]:
    """A rate hundreds of times below the best, which would arrive within the steps given."""
    made = []
    for condition, dimension, below in [
        (1, 1, 1e3),
        (1, 3, 1e4),
        (2, 2, 1e3),
        (10, 2, 1e3),
        (20, 3, 1e4),
        (5, 10, 500.0),
    ]:
        L = 2.0
        h = spread(condition, dimension, L)
        text, start, facts = bowl(h)
        best = 2 / (L + min(h))
        rate, tolerance = best / below, 1e-6
        slowest = min(h) * math.sqrt(
            h.count(min(h))
        )  # the first gradient along the shallow directions, the last
        needed = math.log(tolerance / slowest) / math.log1p(-rate * min(h))
        made.append(
            case(
                f"κ {condition} in {dimension}, {below:g} times below the best",
                text,
                start,
                {"learning_rate": rate, "steps": 300, "tolerance": tolerance},
                SMALL,
                facts=facts,
                never=(*NOT_FAST, "ill_conditioned"),
                success=False,
                status=("step_limit",),
                point=("not_stationary",),
                numbers={
                    f"{SMALL}.limit": 1.0,
                    "forecast.steps": About(needed, 1e-2),
                },
                advised=True,
                why="steps are ln(tolerance/gradient)/ln(1 - ημ)",
            )
        )
    made += [made[i].climbing() for i in (0, 3)] + [made[i].in_float32() for i in (2, 3)]
    for scale in (1e-8, 1e8):
        text, start, facts = bowl([1.0 * scale, 2 * scale])
        made.append(
            case(
                f"too small, values times {scale:g}",
                text,
                start,
                {"learning_rate": 1e-4 / scale, "steps": 200, "tolerance": 1e-6 * scale},
                SMALL,
                facts=facts,
                never=NOT_FAST,
                success=False,
                numbers={f"{SMALL}.limit": 1 / scale},
                why="the limit scales as 1/f",
            )
        )
    for rule in ("momentum", "nesterov"):
        text, start, facts = bowl([1.0, 2.0])
        made.append(
            case(
                f"{rule}, a rate too small",
                text,
                start,
                {"optimizer": rule, "learning_rate": 1e-6, "steps": 300, "tolerance": 1e-6},
                SMALL,
                facts=facts,
                never=(*NOT_FAST, "momentum_too_large"),
                success=False,
                why="a millionth of the limit",
            )
        )
    return made


def _others() -> list[Known]:
    """From the table of faults, word for word."""
    pair = {"hessian": np.diag([2.0, -20.0])}
    return [
        case(
            "T4 steep and shallow with their own curvatures",
            "x^2-10*y^2",
            {"x": 1, "y": 1},
            {"learning_rate": 0.05, "steps": 3},
            "unbounded_below|saddle",
            facts=pair,
            never=(ABOVE, SMALL),
            unsaid=("steep along x, curvature -20", "shallow along y, 2"),
            why="the Hessian is diag(2, -20)",
        ),
        *_of_one_size(),
        *[
            case(
                f"T4 in {n}",
                " + ".join(f"{(-1) ** i * (i + 1)}*x{i}^2" for i in range(n)),
                {f"x{i}": 1.0 for i in range(n)},
                {"learning_rate": 0.02, "steps": 4},
                "unbounded_below|saddle",
                facts={"hessian": np.diag([2.0 * (-1) ** i * (i + 1) for i in range(n)])},
                never=(ABOVE, SMALL),
                why="the Hessian is diagonal, with alternating signs",
            )
            for n in (2, 3, 4, 6, 10)
        ],
        case(
            "T12 a divergence whose factor grows",
            "x^2+x^4",
            {"x": 3},
            {"learning_rate": 0.3},
            "learning_rate_above_limit|overflow",
            facts={"bounded": True},
            never=NOT_SLOW,
            success=False,
            unsaid=("every step was about",),
            why="x goes 3, -31.2, 33,000: ratios of steps -1,066, -1.6e9",
        ),
        *[
            case(
                f"T12 {text} at {rate}",
                text,
                {"x": start},
                {"learning_rate": rate},
                "learning_rate_above_limit|overflow",
                facts={"bounded": True},
                never=NOT_SLOW,
                success=False,
                unsaid=("every step was about",),
                why="a cubic slope multiplies each step by the square of the point",
            )
            for text, start, rate in [
                ("x^4", 3.0, 0.3),
                ("x^4/4 + x", 5.0, 0.2),
                ("x^6", 2.0, 0.1),
                ("(x-1)^4 + x^2", -3.0, 0.5),
                ("cosh(x)", 9.0, 1.0),
            ]
        ],
    ]


def _of_one_size() -> list[Known]:
    """Curvatures that differ in nothing but their sign, or in nothing at all: no way is steeper than another."""
    made = []
    for text, words, unsaid in [
        ("x*y", ("curvature 1, as down", ", -1."), ("steep", "shallow")),
        ("x^2 - y^2", ("curvature 2, as down along y, -2",), ("steep", "shallow")),
        ("x^2 - y^2 + 3*x*y", ("curvature 3.606, as down", "-3.606"), ("steep", "shallow")),
        ("x + y", (), ("steep", "shallow", "curvature 0")),
    ]:
        known = case(
            f"{text}, of one size",
            text,
            {"x": 1, "y": 0.5},
            {"learning_rate": 0.1, "steps": 5},
            words=words,
            unsaid=unsaid,
            why="the eigenvalues of its Hessian",
        )
        made.append(known)
    made.append(replace(made[1], name="x^2 - y^2, climbing", call=replace(made[1].call, up=True)))
    for text, said in [("x^2 + y^2", "-0.8."), ("x^2 + y^2 + 0.2*z^2", "along z it is 0.64")]:
        made.append(
            case(
                f"{text}, which zig-zags",
                text,
                {"x": 1, "y": 0.5, "z": 1} if "z" in text else {"x": 1, "y": 0.5},
                {"learning_rate": 0.9, "tolerance": 1e-8},
                "zigzag",
                words=(said,),
                unsaid=("while along y",),
                why="every step multiplies the error along x and along y by 1 - 0.9*2",
            )
        )
    return made
