"""Runs in which nothing is wrong: not one of them may be scolded."""

from typing import Any

import numpy as np
import pytest

import downslope as ds

RMSE = "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)"
HERE = {"a": 7.52346569, "b": 80.59835907}
BOWL, LEFT = "x^2/20 + y^2", {"x": -7, "y": 2}
ROTATED = "7x^2 - 6*sqrt(3)*x*y + 13y^2"


def residuals(w: Any) -> Any:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    return np.mean((w[0] * x + w[1] - np.array([3.1, 4.9, 7.2, 8.8])) ** 2)


def opaque(x: Any) -> float:
    return float(np.float64(x[0] - 1) ** 2 + 3 * np.float64(x[1]) ** 2)


def true_gradient(x: Any) -> Any:
    return np.array([2 * (x[0] - 1), 6 * x[1]])


HEALTHY: list[tuple[Any, Any, dict[str, Any]]] = [
    ("W^2", {"W": 51.106262}, {"learning_rate": 0.01, "steps": 300}),  # tutorial 1
    ("W^2", {"W": 51.106262}, {"learning_rate": 0.01, "steps": 300, "dtype": "float32"}),
    ("x^2 + 2x + 3", {"x": 1.5}, {"learning_rate": 0.01, "tolerance": 1e-5}),  # tutorial 4
    ("((W-1)^2+(2W-2)^2+(3W-3)^2)/3", {"W": 0}, {"learning_rate": 0.1, "steps": 10}),  # tutorial 3
    (RMSE, HERE, {"learning_rate": 0.1, "steps": 20000}),  # tutorial 5
    (RMSE, HERE, {"learning_rate": 0.1, "steps": 300}),
    (RMSE, HERE, {"learning_rate": 0.1, "tolerance": 1e-8}),
    ("x^2", {"x": 1}, {}),
    ("x^2", {"x": 0}, {"learning_rate": 0.1}),
    ("x^2", {"x": 1}, {"learning_rate": 0.5}),
    (BOWL, LEFT, {}),
    (BOWL, LEFT, {"learning_rate": 0.1, "steps": 30}),
    (BOWL, LEFT, {"learning_rate": 0.5, "steps": 100}),
    (BOWL, LEFT, {"learning_rate": 0.5}),
    (BOWL, LEFT, {"learning_rate": 0.5, "bounds": {"x": (-10, -1)}}),
    (BOWL, LEFT, {"optimizer": "momentum", "learning_rate": 0.1, "steps": 30}),
    (BOWL, LEFT, {"optimizer": "momentum", "learning_rate": 0.1, "tolerance": 1e-6}),
    (BOWL, LEFT, {"optimizer": "nesterov", "learning_rate": 0.1, "tolerance": 1e-6}),
    (BOWL, LEFT, {"optimizer": "adagrad", "learning_rate": 1.5, "steps": 30}),
    (BOWL, LEFT, {"optimizer": "adam", "learning_rate": 0.3, "steps": 30}),
    (BOWL, LEFT, {"optimizer": "adam", "learning_rate": 0.3, "tolerance": 1e-6}),
    (BOWL, LEFT, {"optimizer": "rmsprop", "learning_rate": 0.05, "steps": 300}),
    (BOWL, LEFT, {"learning_rate": 0.5, "schedule": "cosine(steps=200)", "steps": 200}),
    (ROTATED, {"x": 3, "y": 2}, {"learning_rate": 0.05}),
    (ROTATED, {"x": 3, "y": 2}, {"learning_rate": 0.03, "steps": 20}),
    (
        "x1^2 + 2*x2^2 + 3*x3^2 + 4*x4^2 + 5*x5^2 + 6*x6^2",
        dict.fromkeys(("x1", "x2", "x3", "x4", "x5", "x6"), 1.0),
        {"learning_rate": 0.1},
    ),
    ("rosenbrock", None, {"learning_rate": 1e-3}),
    ("rosenbrock", None, {"learning_rate": 1e-3, "steps": 5000}),
    ("rosenbrock", None, {"optimizer": "adam", "learning_rate": 0.02, "tolerance": 1e-6}),
    ("rosenbrock", None, {"optimizer": "momentum", "learning_rate": 2e-4, "tolerance": 1e-6}),
    ("rosenbrock", None, {"optimizer": "adaptive_barzilai_borwein"}),
    ("himmelblau", None, {"learning_rate": 0.01}),
    ("himmelblau", None, {"optimizer": "adam", "learning_rate": 0.05, "steps": 2000}),
    ("himmelblau", None, {}),
    ("beale", None, {"learning_rate": 0.01}),
    ("booth", None, {"learning_rate": 0.1}),
    ("matyas", None, {"learning_rate": 1.0}),
    ("mccormick", None, {"learning_rate": 0.2}),
    ("three_hump_camel", None, {"learning_rate": 0.05}),
    ("log(1 + exp(-x)) + x^2/10", {"x": -4}, {"learning_rate": 0.5}),
    ("x - log(x)", {"x": 3}, {"learning_rate": 0.5}),
    ("cosh(x) + (y - x)^2", {"x": 2, "y": -1}, {"learning_rate": 0.1}),
    ("exp(x) - 2x", {"x": 1}, {"learning_rate": 0.2}),
    ("(x - 2)^4 + (x - 2)^2", {"x": 3}, {"learning_rate": 0.05}),
    ("sqrt(1 + x^2) + y^2", {"x": 3, "y": 1}, {"learning_rate": 0.3}),
    (RMSE.removeprefix("sqrt"), HERE, {"learning_rate": 0.02, "tolerance": 1e-6}),
    (residuals, np.array([0.0, 0.0]), {"learning_rate": 0.05, "tolerance": 1e-6}),
    (opaque, np.array([3.0, 1.0]), {"learning_rate": 0.1}),
    (opaque, np.array([3.0, 1.0]), {"learning_rate": 0.1, "gradient": true_gradient}),
    ("x^2 + 3y^2", {"x": 1, "y": 1}, {"learning_rate": 0.1, "gradient": {"x": "2*x", "y": "6*y"}}),
    ("1e6*(x - 3)^2", {"x": 1}, {"learning_rate": 1e-7, "relative_tolerance": 1e-6}),
    ("(x - 1000)^2 + y^2", {"x": 990, "y": 1}, {"learning_rate": 0.3}),
    ("x^2/20 + y^2", {"x": -7, "y": 2}, {"learning_rate": 0.5, "target": 0.01}),
    ("-(x^2/20 + y^2)", {"x": -7, "y": 2}, {"learning_rate": 0.5, "up": True}),
]


@pytest.mark.parametrize(
    ("function", "start", "options"),
    HEALTHY,
    ids=[f"{i}-{str(getattr(c[0], '__name__', c[0]))[:30]}" for i, c in enumerate(HEALTHY)],
)
def test_healthy_runs_are_left_in_peace(function: Any, start: Any, options: dict[str, Any]) -> None:
    options = dict(options)
    run = (ds.maximize if options.pop("up", False) else ds.minimize)(function, start, **options)
    explanation = run.explain()
    assert explanation.codes == (), (run.message, repr(explanation))
    assert explanation.brief == ""
    assert str(explanation)


def test_there_are_forty() -> None:
    assert len(HEALTHY) >= 40
