"""Healthy runs that are no quadratics or not plain: curves, bounds, schedules, float32, functions, SymPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import downslope as ds

from .known import About, Known, Within, case

BOUNDED = {"bounded": True}
RMSE = "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)"


def healthy() -> list[Known]:
    """All of them."""
    return [
        *_curves(),
        *_schedules(),
        *_bounds(),
        *_float32(),
        *_functions(),
        *_symbols(),
        *_tests(),
        *_objects(),
    ]


def _curves() -> list[Known]:
    made = []
    for text, start, options, answer in [
        ("exp(x)-2*x", {"x": 1}, {"learning_rate": 0.2}, {"x": math.log(2)}),
        ("x-log(x)", {"x": 3}, {"learning_rate": 0.5}, {"x": 1.0}),
        ("x*log(x)", {"x": 2}, {"learning_rate": 0.2}, {"x": math.exp(-1)}),
        ("log(1+exp(-x))+x^2/10", {"x": -4}, {"learning_rate": 0.5}, {}),
        ("cosh(x)+(y-x)^2", {"x": 2, "y": -1}, {"learning_rate": 0.1}, {"x": Within(0.0, 1e-6)}),
        ("(x-2)^4+(x-2)^2", {"x": 3}, {"learning_rate": 0.05}, {"x": 2.0}),
        ("sqrt(1+x^2)+y^2", {"x": 3, "y": 1}, {"learning_rate": 0.3}, {"x": Within(0.0, 1e-6)}),
        ("x+1/x", {"x": 2}, {"learning_rate": 0.2}, {"x": 1.0}),
        ("x^2+2/x", {"x": 2}, {"learning_rate": 0.1}, {"x": 1.0}),
        ("x^4/4-x^2/2", {"x": 0.5}, {"learning_rate": 0.4}, {"x": 1.0}),
        ("(x^2-1)^2+y^2", {"x": 0.5, "y": 1}, {"learning_rate": 0.1}, {"x": 1.0}),
        ("-cos(x)", {"x": 1}, {"learning_rate": 0.7}, {"x": Within(0.0, 1e-6)}),
        ("sin(x)", {"x": -1}, {"learning_rate": 0.7}, {"x": -math.pi / 2}),
        ("tanh(x)^2", {"x": 0.8}, {"learning_rate": 0.3}, {"x": Within(0.0, 1e-6)}),
        ("1-exp(-x^2)", {"x": 0.7}, {"learning_rate": 0.3}, {"x": Within(0.0, 1e-6)}),
        ("x^2/(1+x^2)", {"x": 0.8}, {"learning_rate": 0.3}, {"x": Within(0.0, 1e-6)}),
        ("-exp(-(x-2)^2)", {"x": 1.5}, {"learning_rate": 0.3}, {"x": 2.0}),
        ("x*exp(x)", {"x": 0}, {"learning_rate": 0.5}, {"x": -1.0}),
        ("(1-x)^2+100*(y-x^2)^2", {"x": -1.2, "y": 1}, {"learning_rate": 1e-3}, {"x": About(1.0, 1e-6)}),
        ("rosenbrock", None, {"optimizer": "adaptive_barzilai_borwein"}, {"x": About(1.0, 1e-6)}),
        ("rosenbrock", None, {"optimizer": "lbfgs"}, {"x": About(1.0, 1e-6)}),
        ("rosenbrock", None, {}, {"x": About(1.0, 1e-6)}),
        (
            "rosenbrock",
            None,
            {"optimizer": "adam", "learning_rate": 0.02, "tolerance": 1e-6},
            {"x": About(1.0, 1e-5)},
        ),
        ("himmelblau", None, {"learning_rate": 0.01}, {}),
        ("himmelblau", None, {}, {}),
        ("beale", None, {"learning_rate": 0.01}, {"x": About(3.0, 1e-6)}),
        ("booth", None, {"learning_rate": 0.1}, {"x": 1.0, "y": 3.0}),
        ("matyas", None, {"learning_rate": 1.0}, {"x": Within(0.0, 1e-6)}),
        ("three_hump_camel", None, {"learning_rate": 0.05}, {}),
        ("x^2-x*y+y^2+exp(x)", {"x": 1, "y": 1}, {"learning_rate": 0.2}, {}),
        ("1e6*(x-3)^2", {"x": 1}, {"learning_rate": 1e-7, "relative_tolerance": 1e-6}, {}),
        (
            "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)",
            {"a": 7.5, "b": 80.6},
            {"learning_rate": 0.1},
            {},
        ),
        ("abs(x)+y^2", {"x": 0, "y": 0}, {"learning_rate": 0.1, "steps": 5}, {}),
    ]:
        made.append(
            case(
                f"{text[:28]} {options.get('optimizer', '')} {options.get('learning_rate', 'auto')}",
                text,
                start,
                options,
                quiet=True,
                allowed=("kink",) if "abs" in text else (),
                success=True,
                facts=BOUNDED if "x*exp" not in text and "1/x" not in text and "2/x" not in text else {},
                numbers={
                    f"x.{name}": About(v, 1e-5) if isinstance(v, float) else v for name, v in answer.items()
                },
                why="the zero of the derivative by hand, and a rate below 1/L on the way",
            )
        )
    return [*made, *(made[i].climbing() for i in (0, 1, 4, 6, 11, 13, 29))]


def _schedules() -> list[Known]:
    """Schedules that leave enough for the way."""
    made = []
    for schedule, rate, options in [
        ("cosine(steps=200)", 0.5, {"steps": 200}),
        ("cosine(steps=2000, final=0.1)", 0.3, {"tolerance": 1e-8}),
        ("warmup(steps=10)", 0.3, {"tolerance": 1e-8}),
        ("warmup(steps=10)*cosine(steps=190)", 0.5, {"steps": 200}),
        ("exponential(rate=0.999)", 0.3, {"tolerance": 1e-8}),
        ("inverse_square_root", 0.4, {"tolerance": 1e-6}),
        ("inverse_time(rate=0.01)", 0.4, {"tolerance": 1e-6}),
        ("step_decay(every=100, rate=0.5)", 0.4, {"tolerance": 1e-8}),
        ("polynomial(steps=300)", 0.4, {"steps": 300}),
        ("one_cycle(steps=200)", 0.5, {"steps": 200}),
        ("cosine_restarts(steps=50)", 0.4, {"tolerance": 1e-6}),
        ("reduce_on_plateau", 0.3, {"tolerance": 1e-8}),
    ]:
        for text, start in (("x^2/4+y^2", {"x": 3, "y": 2}), ("log(cosh(x))+y^2/2", {"x": 1, "y": 1})):
            made.append(
                case(
                    f"{schedule} on {text}",
                    text,
                    start,
                    {"learning_rate": rate, "schedule": schedule, **options},
                    quiet=True,
                    facts=BOUNDED,
                    success=True,
                    why="the rates add up to more than 20/μ on the way",
                )
            )
    made.append(
        case(
            "lion with a cosine",
            "x^2/4+y^2",
            {"x": 3, "y": 2},
            {"optimizer": "lion", "learning_rate": 0.05, "schedule": "cosine(steps=400)", "steps": 400},
            quiet=True,
            facts=BOUNDED,
            success=True,
            why="its steps fade with the schedule",
        )
    )
    return [*made, made[0].climbing(), made[9].climbing()]


def _bounds() -> list[Known]:
    """Bounds that hold nothing at the end."""
    made = []
    for text, start, bounds, options in [
        ("(x-3)^2", {"x": 0}, {"x": (-5, 5)}, {"learning_rate": 0.2}),
        ("(x-3)^2+y^2", {"x": 0, "y": 1}, {"x": (None, 4)}, {}),
        ("x-log(x)", {"x": 3}, {"x": (1e-6, None)}, {"learning_rate": 0.5}),
        ("x-log(x)", {"x": 3}, {"x": (1e-6, None)}, {}),
        ("x+1/x+y^2", {"x": 5, "y": 1}, {"x": (0.1, 10)}, {}),
        ("-cos(x)", {"x": 1}, {"x": (-2, 2)}, {"learning_rate": 0.5}),
        ("(x^2-1)^2", {"x": 0.5}, {"x": (0, 3)}, {"learning_rate": 0.1}),
    ]:
        made.append(
            case(
                f"{text} within {bounds} {options.get('learning_rate', 'SPG')}",
                text,
                start,
                {"bounds": bounds, **options},
                quiet=True,
                success=True,
                status=("converged",),
                point=("minimum",),
                why="the minimum lies inside",
            )
        )
    return [*made, made[0].climbing(), made[5].climbing()]


def _float32() -> list[Known]:
    made = []
    for text, start, options in [
        ("x^2", {"x": 51.1}, {"learning_rate": 0.01}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {"learning_rate": 0.5}),
        ("(x-3)^2+2*(y+1)^2", {"x": 0, "y": 0}, {"learning_rate": 0.3}),
        ("log(cosh(x))+y^2", {"x": 2, "y": 1}, {"learning_rate": 0.4}),
        ("exp(x)-2*x", {"x": 1}, {"learning_rate": 0.2}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {"optimizer": "momentum", "learning_rate": 0.1}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {"optimizer": "adam", "learning_rate": 0.3, "steps": 300}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {"optimizer": "lbfgs"}),
        ("x^2/20+y^2", {"x": -7, "y": 2}, {}),
        ("(x-1000)^2+y^2", {"x": 990, "y": 1}, {"learning_rate": 0.3, "tolerance": 1e-3}),
        ("1e4*(x-1)^2+1e4*y^2", {"x": 3, "y": 1}, {"learning_rate": 4e-5, "tolerance": 1e-1}),
    ]:
        made.append(
            case(
                f"float32 {text} {options.get('optimizer', options.get('learning_rate', 'auto'))}",
                text,
                start,
                {"dtype": "float32", **options},
                quiet=True,
                facts=BOUNDED,
                success=True,
                why="the tolerance is above the rounding of the gradient",
            )
        )
    return [*made, made[1].climbing(), made[3].climbing()]


DATA = np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.1, 4.9, 7.2, 8.8])
MATRIX = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.7]])


def residuals(w: Any) -> Any:
    """Mean squared residuals of a line."""
    return np.mean((w[0] * DATA[0] + w[1] - DATA[1]) ** 2)


def form(x: Any) -> Any:
    """A quadratic form."""
    return x @ MATRIX @ x / 2


def opaque(x: Any) -> float:
    """A bowl that cannot be traced."""
    return float(np.float64(x[0] - 1) ** 2 + 3 * np.float64(x[1]) ** 2)


def branched(x: Any) -> Any:
    """A bowl with another, smoothly joined, on its other side."""
    return x[0] ** 2 + x[1] ** 2 if x[0] > 0 else 2 * x[0] ** 2 + x[1] ** 2


def softened(x: Any) -> float:
    """Through math, in one number."""
    return math.sqrt(1 + float(x) ** 2) + float(x) ** 2


def slope_of_opaque(x: Any) -> Any:
    """Its gradient."""
    return np.array([2 * (x[0] - 1), 6 * x[1]])


def named(a: Any, b: Any) -> Any:
    """A function of named numbers."""
    return (a - 2) ** 2 + 3 * (b + 1) ** 2


def _functions() -> list[Known]:
    made = []
    line = np.polyfit(*DATA, 1)
    for name, function, start, options, answer in [
        (
            "residuals",
            residuals,
            np.zeros(2),
            {"learning_rate": 0.05, "tolerance": 1e-6},
            {0: line[0], 1: line[1]},
        ),
        ("residuals", residuals, np.zeros(2), {}, {0: line[0], 1: line[1]}),
        ("form", form, np.ones(3), {"learning_rate": 0.5}, {0: Within(0.0, 1e-6)}),
        ("form", form, np.ones(3), {"optimizer": "lbfgs"}, {0: Within(0.0, 1e-6)}),
        ("opaque", opaque, np.array([3.0, 1.0]), {"learning_rate": 0.1}, {0: 1.0}),
        ("opaque", opaque, np.array([3.0, 1.0]), {"optimizer": "momentum", "learning_rate": 0.02}, {0: 1.0}),
        ("opaque", opaque, np.array([3.0, 1.0]), {}, {0: 1.0}),
        (
            "opaque with slopes",
            opaque,
            np.array([3.0, 1.0]),
            {"learning_rate": 0.1, "gradient": slope_of_opaque},
            {0: 1.0},
        ),
        ("branched", branched, np.array([3.0, 1.0]), {"learning_rate": 0.2}, {0: Within(0.0, 1e-5)}),
        ("branched", branched, np.array([-3.0, 1.0]), {"learning_rate": 0.2}, {0: Within(0.0, 1e-5)}),
        ("softened", softened, 2.0, {"learning_rate": 0.2, "tolerance": 1e-6}, {0: Within(0.0, 1e-5)}),
        ("named", named, {"a": 0, "b": 0}, {"learning_rate": 0.2}, {"a": 2.0, "b": -1.0}),
        ("eighty", lambda x: np.sum((x - 1) ** 2), np.zeros(80), {"learning_rate": 0.3}, {0: 1.0}),
        (
            "two hundred",
            lambda x: np.sum((x - 1) ** 2) + x[0] ** 2,
            np.zeros(200),
            {"learning_rate": 0.3},
            {0: 0.5},
        ),
    ]:
        made.append(
            case(
                f"a function: {name} from {np.ravel(start if not isinstance(start, dict) else 0)[0]} {options}"[
                    :70
                ],
                function,
                start,
                options,
                quiet=True,
                facts=BOUNDED,
                success=True,
                numbers={
                    f"x.{i}": About(float(v), 1e-4) if not isinstance(v, Within) else v
                    for i, v in answer.items()
                },
                why="the minimum by hand, or by polyfit",
            )
        )
    return made


def _symbols() -> list[Known]:
    import sympy

    x, y = sympy.symbols("x y")
    made = []
    for name, expression, start, options in [
        ("a bowl", x**2 + 3 * (y - 1) ** 2, {"x": 2, "y": 0}, {"learning_rate": 0.2}),
        ("exponential", sympy.exp(x) - 2 * x + y**2, {"x": 1, "y": 1}, {"learning_rate": 0.2}),
        ("Rational", sympy.Rational(1, 20) * x**2 + y**2, {"x": -7, "y": 2}, {"learning_rate": 0.5}),
        ("cosine", -sympy.cos(x), {"x": 1}, {"learning_rate": 0.7}),
        ("auto", x**2 + x * y + y**2, {"x": 1, "y": 2}, {}),
        (
            "Adam",
            x**2 + 3 * y**2,
            {"x": 1, "y": 2},
            {"optimizer": "adam", "learning_rate": 0.1, "tolerance": 1e-6},
        ),
    ]:
        made.append(
            case(
                f"SymPy: {name}",
                expression,
                start,
                options,
                quiet=True,
                facts=BOUNDED,
                success=True,
                point=("minimum",),
                why="as the same formula as text",
            )
        )
    return made


def _tests() -> list[Known]:
    """Other tests than the gradient's, passed where they should be."""
    made = []
    for name, options in [
        ("value", {"learning_rate": 0.4, "value_tolerance": 1e-14}),
        ("step", {"learning_rate": 0.4, "x_tolerance": 1e-9}),
        ("target", {"learning_rate": 0.4, "target": 1e-6}),
        ("relative", {"learning_rate": 0.4, "relative_tolerance": 1e-7}),
        ("evaluations", {"learning_rate": 0.4, "evaluations": 5000}),
        ("time", {"learning_rate": 0.4, "time_limit": 10.0}),
        ("value, Adam", {"optimizer": "adam", "learning_rate": 0.1, "value_tolerance": 1e-16}),
        ("step, L-BFGS", {"optimizer": "lbfgs", "x_tolerance": 1e-9}),
    ]:
        made.append(
            case(
                f"a test of the {name}",
                "x^2/4+y^2",
                {"x": 3, "y": 2},
                options,
                quiet=True,
                facts=BOUNDED,
                success=True,
                status=("converged", "target_reached"),
                why="the test is passed within a ten-thousandth of the way of the minimum",
            )
        )
    return made


def _objects() -> list[Known]:
    """Rules given as objects, and in wrappers."""
    R = ds.optimizers
    rules = [
        R.SGD(learning_rate=0.4),
        R.Momentum(learning_rate=0.1, momentum=0.8),
        R.Adam(learning_rate=0.1),
        R.ClipByNorm(optimizer=R.SGD(learning_rate=0.4), limit=0.5),
        R.ClipByValue(optimizer=R.SGD(learning_rate=0.3), limit=1.0),
        R.WeightDecay(optimizer=R.SGD(learning_rate=0.3), rate=0.1),
        R.SGD(learning_rate=0.5 * R.schedules.Cosine(steps=2000, final=0.1)),
    ]
    return [
        case(
            f"an object: {type(rule).__name__} {i}",
            "x^2/4+y^2",
            {"x": 3, "y": 2},
            {"optimizer": rule, "tolerance": 1e-6},
            quiet=True,
            facts={"bounded": True, "random": isinstance(rule, R.WeightDecay)},
            success=True,
            why="below the limit, with or without its wrapper",
        )
        for i, rule in enumerate(rules)
    ]
