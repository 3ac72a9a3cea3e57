"""Saddles, maxima and inflections: stationary, and not what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .known import About, Known, case

SADDLE = "saddle"
NEVER = ("rounding_floor", "learning_rate_above_limit", "flat", "too_few_steps", "learning_rate_too_small")


def cases() -> list[Known]:
    """All of them."""
    return [*_saddles(), *_of_many(), *_inflections(), *_advice_that_would_end_there()]


def _saddles() -> list[Known]:
    made = []
    for text, start, kind, curvature, bounded in [
        ("x^2-y^2", {"x": 1, "y": 0}, "saddle", -2.0, False),
        ("x^2-3*y^2+z^2", {"x": 1, "y": 0, "z": 2}, "saddle", -6.0, False),
        ("(x^2-1)^2+y^2", {"x": 0, "y": 1}, "saddle", -4.0, True),
        ("x^2+(y^2-1)^2+(z^2-1)^2", {"x": 1, "y": 1, "z": 0}, "saddle", -4.0, True),
        ("x^4-2*x^2+(y-3)^2", {"x": 0, "y": 1}, "saddle", -4.0, True),
        ("cos(x)+y^2", {"x": 0, "y": 1}, "saddle", -1.0, True),
        ("cos(x)", {"x": 0}, "maximum", -1.0, True),
        ("(x^2-1)^2", {"x": 0}, "maximum", -4.0, True),
        ("1/(1+x^2)", {"x": 0}, "maximum", -2.0, True),
        ("exp(-x^2-y^2)", {"x": 0, "y": 0}, "maximum", -2.0, True),
        ("-x^2", {"x": 0}, "maximum", -2.0, False),
    ]:
        made.append(
            case(
                f"{kind} of {text}",
                text,
                start,
                {"learning_rate": 0.1},
                SADDLE,
                facts={"bounded": bounded} if bounded else {},
                never=(*NEVER, *(("unbounded_below",) if bounded else ())),
                success=False,
                point=(kind,),
                numbers={f"{SADDLE}.kind": kind, f"{SADDLE}.curvature": About(curvature, 1e-4)},
                why="the second derivative by hand; the start lies on the ridge",
            )
        )
    made += [known.climbing() for known in (made[0], made[2], made[5])]
    for rule, options in [
        ("momentum", {"learning_rate": 0.1}),
        ("nesterov", {"learning_rate": 0.05}),
        ("adam", {"learning_rate": 0.1}),
        ("lbfgs", {}),
        ("auto", {}),
        ("conjugate_gradient_hz", {}),
        ("adgd", {}),
    ]:
        made.append(
            case(
                f"a saddle by {rule}",
                "(x^2-1)^2+y^2",
                {"x": 0, "y": 1},
                {"optimizer": rule, "tolerance": 1e-6, **options},
                SADDLE,
                facts={"bounded": True},
                never=NEVER,
                success=False,
                point=("saddle",),
                why="the gradient along x is exactly 0 at x = 0, whatever the rule",
            )
        )
    return made


def _of_many() -> list[Known]:
    """Of so many coordinates that nobody writes down their Hessian: products with it tell."""
    made = []
    for n in (40, 61, 80, 120):
        names = [f"x{i}" for i in range(n)]
        made.append(
            case(
                f"S15 a saddle in {n}",
                " + ".join(f"{i % 3 + 1}*{name}^2" for i, name in enumerate(names[:-1]))
                + f" - {names[-1]}^2",
                {**dict.fromkeys(names, 1.0), names[-1]: 0.0},
                {"learning_rate": 0.15},
                SADDLE,
                never=NEVER,
                success=False,
                point=("saddle",),
                numbers={f"{SADDLE}.curvature": About(-2.0, 1e-2)} if n <= 60 else {},
                why="it falls along the last coordinate, on which the start has 0",
            )
        )
    for n in (70, 80):
        made.append(
            case(
                f"S15 between wells in {n}, a NumPy function",
                between_wells,
                np.array([*np.ones(n - 1), 0.0]),
                {"learning_rate": 0.1},
                SADDLE,
                facts={"bounded": True},
                never=NEVER,
                success=False,
                point=("saddle",),
                why="(x² - 1)² has its top at 0",
            )
        )
    return made


def between_wells(x: Any) -> Any:
    """A bowl in all coordinates but the last, which has two wells."""
    return np.sum(x[:-1] ** 2) + (x[-1] ** 2 - 1) ** 2


def _inflections() -> list[Known]:
    made = []
    for text, start, options in [
        ("x^2+2*y^3", {"x": 1, "y": 1}, {"learning_rate": 0.01, "tolerance": 1e-5}),
        ("x^3", {"x": 1}, {"learning_rate": 0.1, "tolerance": 1e-6}),
        ("x^4-4*x^3", {"x": -1}, {"learning_rate": 0.02, "tolerance": 1e-5}),
        ("x^5+y^2", {"x": 1, "y": 1}, {"learning_rate": 0.05, "tolerance": 1e-5}),
        ("x^3+y^2+z^2", {"x": 1, "y": 1, "z": 2}, {"learning_rate": 0.1, "tolerance": 1e-6}),
        ("(x-2)^3+y^2", {"x": 3, "y": 1}, {"learning_rate": 0.1, "tolerance": 1e-6}),
    ]:
        made.append(
            case(
                f"inflection of {text}",
                text,
                start,
                options,
                SADDLE,
                never=NEVER,
                success=False,
                point=("degenerate.inflection",),
                numbers={f"{SADDLE}.kind": "inflection"},
                why="an odd power comes to rest at its zero from above, and falls on below",
            )
        )
    return [*made, made[0].climbing(), made[1].climbing()]


def _advice_that_would_end_there() -> list[Known]:
    """Above the limit at the minimum; a smaller rate comes to rest at an inflection on the way, and is no advice."""
    made = []
    for text, start, rate, curvature in [
        ("x^4-3*x^3+2", -1.0, 0.1, 20.25),
        ("x^4-4*x^3", -1.2, 0.06, 36.0),
        ("3*x^4-8*x^3", -0.8, 0.045, 48.0),
        ("(x-1)^4-3*(x-1)^3", 0.0, 0.1, 20.25),
        ("2*x^4-6*x^3+x^2/100", -1.0, 0.05, 40.4),
    ]:
        made.append(
            case(
                f"T19 {text}",
                text,
                {"x": start},
                {"learning_rate": rate, "tolerance": 1e-6, "steps": 3000},
                "learning_rate_above_limit",
                facts={"bounded": True},
                never=("saddle", "flat", "rounding_floor", "too_few_steps", "unbounded_below"),
                success=False,
                numbers={"learning_rate_above_limit.*": About(2 / curvature, 1e-2)},
                why="f'' at the minimum by hand; the steps bounce about it",
            )
        )
    return made
