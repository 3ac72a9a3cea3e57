"""What kind of point it is, decided by looking further than the Hessian where that is needed."""

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.explain import classify
from downslope.objectives.formula import from_text

# formula, point, kind, detail, way out (or the line along which nothing curves)
POINTS = [
    ("x^2/20 + y^2", (0, 0), "minimum", "", ""),
    ("1e-8*x^2 + y^2", (0, 0), "minimum", "", ""),
    ("1000 + x^2 + 1e-3*y^2", (0, 0), "minimum", "", ""),
    ("-x^2 - y^2", (0, 0), "maximum", "", None),
    ("x^2 - y^2", (0, 0), "saddle", "", "y"),
    ("x*y", (0, 0), "saddle", "", None),
    ("x^2 - y^4", (0, 0), "saddle", "", None),
    ("-x^4", (0,), "maximum", "", None),
    ("x^4", (0,), "degenerate", "higher_order_minimum", "x"),
    ("x^4 + y^2", (0, 0), "degenerate", "higher_order_minimum", "x"),
    ("x^6", (0,), "degenerate", "higher_order_minimum", "x"),
    ("x^4", (1e-3,), "degenerate", "higher_order_minimum", "x"),
    ("x^3", (0,), "degenerate", "inflection", "-x"),
    ("x^3", (1e-4,), "degenerate", "inflection", "-x"),
    ("-x^3", (0,), "degenerate", "inflection", "x"),
    ("x^2 + 2*y^3", (0, 0), "degenerate", "inflection", "-y"),
    ("x^5 + y^2", (0, 0), "degenerate", "inflection", "-x"),
    ("(x*y)^2", (1, 0), "degenerate", "flat_valley", "x"),
    ("(x*y)^2", (0, 0), "degenerate", "flat_valley", None),
    ("(x + y - 1)^2", (0.5, 0.5), "degenerate", "flat_valley", None),
    ("(y - x^2)^2", (1, 1), "degenerate", "flat_valley", None),  # a curved valley
    ("(y - x^2)^2 - x^6", (0, 0), "saddle", "", None),  # down only along the parabola
    ("(y - x^2)^2 + x^6", (0, 0), "degenerate", "higher_order_minimum", "x"),
    ("exp(-x)", (18,), "degenerate", "asymptote", "x"),
    ("exp(-x) + y^2", (18, 0), "degenerate", "asymptote", "x"),
    ("1/x + y^2", (1e5, 0), "degenerate", "asymptote", "x"),
    ("abs(x) + y^2", (0, 0), "kink", "", "x"),
    ("max(x, -2x)", (0,), "kink", "", "x"),
    ("log(x)", (-1,), "edge_of_domain", "", ""),
]


@pytest.mark.parametrize(("formula", "point", "kind", "detail", "way"), POINTS)
@pytest.mark.parametrize("up", [False, True])
def test_points(formula: str, point: Any, kind: str, detail: str, way: str | None, up: bool) -> None:
    objective = from_text(f"-({formula})" if up else formula)
    found = classify(objective, np.array(point, float), maximize=up)
    swapped = {"minimum": "maximum", "maximum": "minimum"}.get(kind, kind) if up else kind
    assert (found.kind, found.detail) == (swapped, detail)
    if way is not None:
        assert found.way == way
    assert found.sentence


@pytest.mark.parametrize("shift", [0.0, 5.0, 1e3])
@pytest.mark.parametrize("stretch", [1e-3, 1.0, 1e3])
def test_neither_place_nor_scale_changes_the_judgement(shift: float, stretch: float) -> None:
    moved = {"x": f"({stretch}*(x - {shift}))", "y": f"({stretch}*(y + {shift}))"}
    for formula, kind, detail in [
        ("X^2 + 3*Y^2", "minimum", ""),
        ("X^2 - Y^2", "saddle", ""),
        ("X^2 + Y^4", "degenerate", "higher_order_minimum"),
        ("X^2 + Y^3", "degenerate", "inflection"),
    ]:
        text = formula.replace("X", moved["x"]).replace("Y", moved["y"])
        found = classify(from_text(text), np.array([shift, -shift]))
        assert (found.kind, found.detail) == (kind, detail), text


def test_curvatures_and_directions_are_told() -> None:
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30)
    point = run.explain().point
    assert point.curvatures == pytest.approx((0.1, 2.0))
    assert [d["along"] for d in point.directions] == ["x", "y"]
    assert "steep along y, curvature 2" in point.sentence
    assert "shallow along x, 0.1" in point.sentence


def test_an_opaque_function_is_judged_by_differences() -> None:
    def bowl(x: Any) -> float:
        return float(np.float64(x[0]) ** 2 - np.float64(x[1]) ** 2 + 0 * hash("x"))

    run = ds.minimize(bowl, np.array([1.0, 0.0]), learning_rate=0.1, tolerance=1e-6)
    assert not run.success
    assert run.explain().point.kind == "saddle"


def test_bounds_leave_only_the_free_coordinates_to_be_judged() -> None:
    run = ds.minimize("x^2 - y^2", {"x": 1, "y": 0.5}, learning_rate=0.1, bounds={"y": (-1, 1)})
    assert run.success
    assert run.x["y"] == 1.0
    assert run.explain().point.kind == "minimum"
    held = ds.minimize("x + y", {"x": 1, "y": 1}, learning_rate=0.1, bounds={"x": (0, 2), "y": (0, 2)})
    assert held.success
    assert held.explain().codes == ()


def test_weight_decay_is_part_of_what_is_judged() -> None:
    rule = ds.optimizers.WeightDecay(optimizer=ds.optimizers.SGD(learning_rate=0.1), rate=3.0)
    run = ds.minimize("x^2 - y^2", {"x": 1, "y": 1}, optimizer=rule, tolerance=1e-8)
    assert run.explain().point.kind == "minimum"


@pytest.mark.parametrize(("formula", "climb"), [("1 - exp(-x^2)", False), ("exp(-x^2) - 1", True)])
@pytest.mark.parametrize("optimizer", ["gradient_descent", "nesterov", "momentum"])
def test_level_ground_worse_than_the_start_is_no_valley(formula: str, climb: bool, optimizer: str) -> None:
    run = (ds.maximize if climb else ds.minimize)(
        formula, {"x": 1.193}, optimizer=optimizer, learning_rate=40.2, steps=46, tolerance=0.02
    )
    assert run.fun == (-1 if climb else 1)
    explanation = run.explain()
    assert explanation.point.detail == "plateau"
    assert "not at a m" in str(explanation)
    assert not run.success


def test_a_run_that_stands_still_at_a_minimum_is_told_to_be_at_one() -> None:
    """In float32 the gradient that is left is near what rounding makes of it; ending and point say one thing."""
    text = "2.6*(x0+0.63)^4 - 1.58*x0^2 + 0.57*(x1-0.23)^4 - 1.63*x1^2 + 0.99*(x2+0.6)^4 + 0.54*x2^2"
    start = {"x0": -1.285, "x1": -1.553, "x2": 0.04}
    run = ds.minimize(text, start, optimizer="conjugate_gradient_pr", steps=99, dtype="float32")
    assert (run.status, run.success) == ("stalled", True)
    assert run.explain().point.kind == "minimum"


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize(
    ("text", "start", "tolerance", "detail"),
    [
        ("where(x>0, 1+x^2, x^2)", 2.0, 1e-6, "jump"),
        ("where(x<0, 1+x^2, x^2)", -2.0, 1e-6, "jump"),
        ("cos(x)", 1e-9, 1e-6, ""),  # its summit, seen from so near that no value shows it
        ("-abs(x)", 0.0, 1e-8, ""),
        ("-abs(x) + x^4", 0.0, 1e-8, ""),
    ],
)
def test_what_is_lower_right_beside_is_no_minimum(
    text: str, start: float, tolerance: float, detail: str, up: bool
) -> None:
    call, function = (ds.maximize, f"-({text})") if up else (ds.minimize, text)
    run = call(function, start={"x": start}, learning_rate=0.1, tolerance=tolerance, steps=100)
    point = run.explain().point
    assert run.status == "converged"
    assert not run.success
    assert point.detail in (detail, "level")
    assert run.explain().codes in (("flat",), ("saddle",), ("kink",))


def test_a_jump_upwards_beside_a_minimum_does_no_harm() -> None:
    run = ds.minimize("where(x<0, 1+x^2, (x-1e-7)^2)", start={"x": 2.0}, learning_rate=0.1, tolerance=1e-9)
    assert run.success
    assert run.explain().point.detail != "jump"


def test_a_point_whose_stationary_point_is_far_is_not_called_level() -> None:
    """At 3 the bell's slope is 7e-4, and nothing about it is rounding."""
    run = ds.minimize("-exp(-x^2)", start={"x": 3.0}, learning_rate=1.0, tolerance=1e-2)
    assert run.explain().point.detail == "unfinished"
    assert not run.explain().codes


def test_a_gradient_of_zero_on_a_kink_is_not_said_not_to_vanish() -> None:
    point = ds.minimize("relu(1-x)", start={"x": -3.0}, learning_rate=0.1, tolerance=1e-8).explain().point
    assert (point.kind, point.detail) == ("kink", "level")
    assert "does not vanish" not in point.sentence


def test_no_minimum_near_by_is_forecast_where_there_is_said_to_be_none() -> None:
    told = ds.minimize("sin(x)+x/10", start={"x": 0.0}, learning_rate=30, tolerance=1e-8, steps=99).explain()
    assert told.codes == ("unbounded_below",)
    assert told.forecast is None


def test_a_minimum_whose_curvature_rounding_hides_is_told_without_it() -> None:
    """The least curvature of a difference of near exponentials is a billionth of the largest, and not 0."""
    rng = np.random.default_rng(3)
    x, _, noise = rng.normal(size=60), rng.normal(size=60), rng.normal(size=60)
    table = {"x": x.tolist(), "y": (2 * x - 1 + 0.3 * noise).tolist()}
    fit = ds.fit(table, "y ~ a*exp(b*x) + c", start={"a": 1, "b": 50, "c": 0})
    point = fit.run.explain().point
    assert fit.success
    assert point.kind == "minimum"
    assert 0.0 not in point.curvatures
