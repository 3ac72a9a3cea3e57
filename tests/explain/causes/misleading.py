"""Kinks, square roots, wrong gradients, averages and functions that are not what they seem."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .known import About, Known, Within, case

KINK, MISMATCH, RATE, ROOT = "kink", "gradient_mismatch", "rmse_rate", "rmse_chatter"
NEVER = ("rounding_floor", "too_few_steps", "learning_rate_too_small", "unbounded_below", "flat", "saddle")
BOUNDED = {"bounded": True}
RMSE = "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)"


def cases() -> list[Known]:
    """All of them."""
    return [*_kinks(), *_roots(), *_gradients(), *_averages(), *_opaque(), *_large()]


def _kinks() -> list[Known]:
    made = []
    for text, start, options, along, jump in [
        ("abs(x)+y^2", {"x": 1.03, "y": 1}, {"learning_rate": 0.1, "steps": 200}, "x", 2.0),
        ("3*abs(x-1)", {"x": 2.05}, {"learning_rate": 0.1, "steps": 200, "tolerance": 1e-6}, "x", 6.0),
        (
            "max(x,-3*x)+(y-1)^2",
            {"x": 1.01, "y": 3},
            {"learning_rate": 0.07, "tolerance": 1e-6, "steps": 500},
            "x",
            4.0,
        ),
        ("abs(x-1)+abs(x-2)+abs(x-4)", {"x": 9.03}, {"learning_rate": 0.1, "steps": 300}, "x", 2.0),
        (
            "abs(x)+abs(y)+(z-1)^2",
            {"x": 1.03, "y": 2.07, "z": 0},
            {"learning_rate": 0.1, "steps": 300},
            None,
            None,
        ),
        ("max(2*x,-x)", {"x": 3.03}, {"learning_rate": 0.2, "steps": 301, "tolerance": 1e-8}, "x", 3.0),
        ("abs(x)+x^2/2", {"x": 1.03}, {"learning_rate": 0.1, "steps": 301, "tolerance": 1e-8}, "x", 2.0),
        (
            "abs(x)",
            {"x": 1.03},
            {"optimizer": "momentum", "learning_rate": 0.05, "steps": 400, "tolerance": 1e-8},
            "x",
            2.0,
        ),
        ("sqrt(x^2)", {"x": -3.02}, {"learning_rate": 0.1, "steps": 300, "tolerance": 1e-8}, "x", 2.0),
    ]:
        numbers = {} if along is None else {f"{KINK}.along": along, f"{KINK}.jump": jump}
        rule = options.get("optimizer", "")
        made.append(
            case(
                f"kink of {text} {rule}".strip(),
                text,
                start,
                options,
                KINK if "sqrt" not in text else f"{KINK}|{ROOT}",
                facts=BOUNDED,
                never=NEVER,
                success=False if "tolerance" in options else None,
                point=("kink", "not_stationary") if "sqrt" not in text else (),
                numbers=numbers if "sqrt" not in text else {"run.fun": Within(0.0, 0.2)},
                why="the one-sided slopes by hand; the step is never shorter than η times the smaller",
            )
        )
    made += [made[0].climbing(), made[2].climbing()]
    for text, start in (("sqrt(x^2)", -3.0), ("sqrt(x^2)", 3.0), ("sqrt(x^2)+y^2", -3.0)):
        made.append(
            case(
                f"F2 {text} from {start}",
                text,
                {"x": start, **({"y": 1} if "y" in text else {})},
                {},
                f"{KINK}|{ROOT}|stalled",
                facts=BOUNDED,
                never=NEVER,
                instead=(0.0, 0.0) if "y" in text else (0.0,),
                numbers={"run.fun": Within(0.0, 3.0)},
                unsaid=("nan", "not a number"),
                why="|x|: 0 at 0, and finite everywhere",
            )
        )
    return made


def _roots() -> list[Known]:
    """Roots of a mean of squares: η acts as if divided by 2 RMSE*, so that the limit is 4 RMSE*/L."""
    x, y = np.array([2.0, 4, 6, 8]), np.array([81.0, 93, 91, 97])
    A = np.stack([x, np.ones(4)], 1)
    least = math.sqrt(np.linalg.lstsq(A, y, rcond=None)[1][0] / 4)
    L = float(np.linalg.eigvalsh(2 * A.T @ A / 4)[-1])
    limit = 2 * 2 * least / L
    here = {"a": 7.52346569, "b": 80.59835907}
    made = []
    for rate, options in [
        (50.0, {"steps": 20000}),
        (50.0, {"steps": 300}),
        (50.0, {"steps": 301, "tolerance": 1e-6}),
        (0.2, {"steps": 5000, "tolerance": 1e-6}),
        (1.0, {"steps": 999}),
    ]:
        made.append(
            case(
                f"RMSE at {rate:g}, {options}",
                RMSE,
                here,
                {"learning_rate": rate, **options},
                RATE,
                facts=BOUNDED,
                never=(*NEVER, "learning_rate_above_limit"),
                success=False,
                numbers={f"{RATE}.limit": About(limit, 1e-4), f"{RATE}.least_value": About(least, 1e-4)},
                unsaid=("give it more steps", "more steps"),
                why="least squares by LAPACK; L is the largest eigenvalue of 2 A'A/n",
            )
        )
    for text, start, rate, steps in [
        ("sqrt(((w-1)^2 + (2w-2)^2 + (3w-3)^2)/3)", {"w": 0.3}, 0.1, 500),
        ("sqrt(((a+b-3)^2 + (2a+b-5)^2 + (3a+b-7)^2)/3)", {"a": 0.1, "b": 0.2}, 0.2, 3000),
        ("sqrt(x^2+y^2)", {"x": 3.1, "y": 4.2}, 0.1, 500),
        ("sqrt((x-1)^2+4*(y+2)^2+z^2)", {"x": 3.1, "y": 1, "z": 1}, 0.1, 500),
    ]:
        made.append(
            case(
                f"chatter of {text}",
                text,
                start,
                {"learning_rate": rate, "steps": steps, "tolerance": 1e-6},
                f"{ROOT}|{KINK}",
                facts=BOUNDED,
                never=NEVER,
                success=False,
                why="the slope has length about 1 however near the minimum is",
            )
        )
    return [*made, made[1].climbing(), made[5].climbing()]


def _gradients() -> list[Known]:
    made = []
    for name, text, gradient, start, options, evidence in [
        (
            "sign",
            "x^2+y^2",
            {"x": "-2*x", "y": "-2*y"},
            {"x": 1, "y": 2},
            {},
            {"slip": "sign", "ratio": -1.0},
        ),
        ("sign, a rate", "x^2+13", {"x": "-2*x"}, {"x": 1}, {"learning_rate": 0.1}, {"slip": "sign"}),
        ("T24 sign, auto", "(x-1)^2+13", {"x": "-2*(x-1)"}, {"x": 1.0001}, {}, {"slip": "sign"}),
        (
            "sign, L-BFGS",
            "x^2+3*y^2",
            {"x": "-2*x", "y": "-6*y"},
            {"x": 1, "y": 1},
            {"optimizer": "lbfgs"},
            {"slip": "sign"},
        ),
        (
            "half",
            "x^2",
            {"x": "x"},
            {"x": 1},
            {"learning_rate": 0.1, "steps": 30},
            {"slip": "half", "ratio": 0.5},
        ),
        ("twice", "x^2/2", {"x": "2*x"}, {"x": 1}, {"learning_rate": 0.1, "steps": 30}, {"ratio": 2.0}),
        (
            "one coordinate",
            "x^2+3*y^2",
            {"x": "2*x", "y": "3*y"},
            {"x": 1, "y": 2},
            {"learning_rate": 0.01, "steps": 30},
            {"coordinate": "y", "ratio": 0.5},
        ),
        (
            "swapped",
            "x^2+5*y^2",
            {"x": "10*y", "y": "2*x"},
            {"x": 1, "y": 2},
            {"learning_rate": 0.01, "steps": 30},
            {"slip": "permuted"},
        ),
        (
            "T16 a constant left out",
            "exp(2x)-4*x",
            {"x": "exp(2x)-4"},
            {"x": 0},
            {"learning_rate": 0.1, "tolerance": 1e-8},
            {},
        ),
        (
            "T16 in sinh",
            "cosh(3*x)-x",
            {"x": "sinh(3*x)-1"},
            {"x": 1},
            {"learning_rate": 0.05, "tolerance": 1e-8},
            {},
        ),
        ("T16 a power", "x^4-x", {"x": "x^3-1"}, {"x": 2}, {"learning_rate": 0.05, "tolerance": 1e-8}, {}),
        (
            "T16 a logarithm",
            "x-log(x)/2",
            {"x": "1-1/x"},
            {"x": 3},
            {"learning_rate": 0.3, "tolerance": 1e-8},
            {},
        ),
        (
            "T16 in two",
            "exp(x)-2*x+y^2",
            {"x": "exp(x)-1", "y": "2*y"},
            {"x": 1, "y": 1},
            {"learning_rate": 0.1, "tolerance": 1e-8},
            {},
        ),
    ]:
        single = len(gradient) == 1
        made.append(
            case(
                f"gradient: {name}",
                text,
                start,
                {**options, "gradient": gradient},
                MISMATCH,
                never=(*NEVER, "learning_rate_above_limit", "stalled", "zigzag"),
                success=False if "sign" in name or "T16" in name else None,
                numbers={
                    **{f"{MISMATCH}.{key}": value for key, value in evidence.items()},
                    **({"run.nfev": Within(0, 600)} if "sign" in name else {}),
                },
                unsaid=(
                    "only because of the units",
                    "Try a smaller learning rate",
                    *(("other coordinates are right",) if single else ()),
                ),
                why="the derivative by hand",
            )
        )
    return made


def _averages() -> list[Known]:
    """Methods that report an average are judged where they report."""
    made = []
    for rule, options in [
        ("schedule_free_sgd", {"learning_rate": 0.1}),
        ("schedule_free_adamw", {"learning_rate": 0.1}),
        ("dog", {}),
    ]:
        for text, start, tolerance in [
            ("(x-1)^2+3*(y+2)^2", {"x": 4, "y": 1}, 1e-4),
            ("x^2+y^2/2", {"x": 3, "y": -2}, 1e-3),
            ("log(cosh(x))+y^2", {"x": 2, "y": 1}, 1e-3),
        ]:
            made.append(
                Known(
                    name=f"T7 {rule} on {text}",
                    call=case(
                        "",
                        text,
                        start,
                        {"optimizer": rule, "tolerance": tolerance, "steps": 30_000, **options},
                    ).call,
                    never=("rounding_floor", "flat", "saddle", "learning_rate_above_limit"),
                    why="if it says converged, the gradient at the point reported is within the tolerance",
                )
            )
    return made


def branch(x: Any) -> Any:
    """(x - 3)² above 3, and 5 |x - 3| below: 0 at 3. The branch hides an abs from complex steps."""
    e = x - 3
    return e**2 if e > 0 else 5 * abs(e)


def opaque_well(x: Any) -> float:
    """The same through math, in two."""
    return math.fabs(float(x[0]) - 1) ** 1.5 + (float(x[1]) + 2) ** 2


def penalised(x: Any) -> Any:
    """A bowl about 2 with a penalty above 1: its least value is at 1 + 1/21."""
    return (x[0] - 2) ** 2 + 20 * max(0.0, float(np.real(x[0])) - 1) ** 2 + x[1] ** 2


def _opaque() -> list[Known]:
    """F1: a function differentiated by complex steps that is blind somewhere on the way."""
    made = []
    for rate, start in ((0.6, 8.0), (0.3, 8.0), (0.9, 5.0), (0.55, 4.0)):
        made.append(
            case(
                f"F1 a branch before abs, {rate} from {start}",
                branch,
                start,
                {"learning_rate": rate, "steps": 400},
                f"{KINK}|learning_rate_above_limit|gradient_mismatch|cycle",
                facts=BOUNDED,
                never=("rounding_floor", "flat", "saddle", "unbounded_below"),
                instead=(3.0,),
                unsaid=("exact to rounding",),
                why="5|x - 3| has slope 5 left of 3, never 0",
            )
        )
    made.append(
        Known(
            name="F1 fabs in math",
            call=case(
                "",
                opaque_well,
                np.array([3.0, 1.0]),
                {"learning_rate": 0.05, "steps": 2000, "tolerance": 1e-3},
            ).call,
            never=("gradient_mismatch", "unbounded_below"),
            numbers={"run.fun": Within(0.0, 1e-3)},
            why="0 at (1, -2)",
        )
    )
    made.append(
        Known(
            name="F1 a penalty",
            call=case("", penalised, np.array([0.0, 1.0]), {"learning_rate": 0.02, "tolerance": 1e-6}).call,
            never=("gradient_mismatch", "unbounded_below"),
            numbers={"x.0": About(1 + 1 / 21, 1e-4)},
            why="2(x - 2) + 40(x - 1) = 0",
        )
    )
    return made


def _large() -> list[Known]:
    """F5, S21: norms that overflow or underflow though every component is finite and not 0."""
    made = []
    for text, start, options, answer in [
        ("1e200*(x-3)^2", {"x": 1}, {"learning_rate": 2e-201, "relative_tolerance": 1e-6}, 3.0),
        ("1e-170*(x-1)^2", {"x": 5}, {"learning_rate": 2e169, "relative_tolerance": 1e-6}, 1.0),
        (
            "1e180*((x-3)^2+2*(y+1)^2)",
            {"x": 1, "y": 1},
            {"learning_rate": 1e-181, "relative_tolerance": 1e-6},
            3.0,
        ),
        ("1e20*x^2", {"x": 1}, {"learning_rate": 2e-21, "relative_tolerance": 1e-3, "dtype": "float32"}, 0.0),
        (
            "1e-25*(x-1)^2",
            {"x": 3},
            {"learning_rate": 2e24, "relative_tolerance": 1e-3, "dtype": "float32"},
            1.0,
        ),
    ]:
        made.append(
            case(
                f"norms of {text} {options.get('learning_rate', 'auto')}",
                text,
                start,
                options,
                quiet=True,
                facts=BOUNDED,
                success=True,
                status=("converged",),
                numbers={"x.x": Within(answer, 1e-2)},
                unsaid=("overflow", "nan"),
                why="the gradient is finite everywhere on the way; the factor is 1 - ηL = 0.6",
            )
        )
    return made
