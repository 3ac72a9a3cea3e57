"""Gradients held against the derivative of their cost: in value, not only in direction, and the slip named."""

from typing import Any

import numpy as np
import pytest

import downslope as ds

X = np.array([1.0, 2.0, 3.0])


def cost(w: Any) -> Any:
    return np.mean((w * X - X) ** 2)


def hand_made(w: Any) -> Any:
    return np.sum((w * X - X) * X)


def test_tutorial_3_is_named() -> None:
    check = ds.check_gradient(cost, hand_made, at=0.0)
    assert not check
    assert check.ratio == pytest.approx(1.5)
    assert (check.slip, check.count) == ("sum_for_mean", 3)
    assert "sum of (Wx-y)x where the cost's derivative is 2·mean" in check.sentence
    assert "n/2" in str(check)


def test_the_same_as_formulas() -> None:
    text = "((W-1)^2 + (2W-2)^2 + (3W-3)^2)/3"
    check = ds.check_gradient(text, {"W": "(W-1) + 2*(2W-2) + 3*(3W-3)"}, at={"W": 0})
    assert (check.slip, check.count) == ("sum_for_mean", 3)


@pytest.mark.parametrize(
    ("factor", "slip"),
    [
        (2 / 3, "right"),
        (2.0, "sum"),
        (2 / 9, "mean"),
        (1.0, "sum_for_mean"),
        (-2 / 3, "sign"),
        (1 / 3, "half"),
        (0.9, "constant"),
    ],
)
def test_factors(factor: float, slip: str) -> None:
    check = ds.check_gradient(cost, lambda w: factor * hand_made(w), at=0.3)
    assert (check.slip if not check else "right") == slip


@pytest.mark.parametrize(
    ("formula", "gradient", "slip", "coordinate"),
    [
        ("x^2 + y^2", {"x": "2*x", "y": "2*y"}, "none", None),
        ("x^2 + y^2", {"x": "-2*x", "y": "-2*y"}, "sign", None),
        ("x^2 + y^2", {"x": "4*x", "y": "4*y"}, "factor_two", None),
        ("x^2 + y^2", {"x": "0*x", "y": "0*y"}, "zero", None),
        ("x^2 + 3y^2", {"x": "6*y", "y": "2*x"}, "permuted", None),
        ("x^2 + 3y^2", {"x": "2*x", "y": "-6*y"}, "one_coordinate.sign", "y"),
        ("x^2 + 3y^2", {"x": "4*x", "y": "6*y"}, "one_coordinate.factor_two", "x"),
        ("x^2 + 3y^2", {"x": "2*x + 1", "y": "6*y"}, "one_coordinate", "x"),
        ("x^2 + 3y^2 + z^2", {"x": "2*x + 1", "y": "6*y", "z": "z"}, "different", None),
    ],
)  # fmt: skip
def test_slips(formula: str, gradient: dict[str, str], slip: str, coordinate: str | None) -> None:
    at = dict(zip(gradient, (1.0, 2.0, -1.0), strict=False))
    check = ds.check_gradient(formula, gradient, at=at)
    assert (check.slip, bool(check)) == (slip, slip == "none")
    if coordinate:
        assert check.wrong == (coordinate,)
    assert check.sentence
    assert check.to_dict()["correct"] == bool(check)


def test_a_transposed_matrix_is_named() -> None:
    weights = np.arange(6.0).reshape(2, 3)

    def quadratic(w: Any) -> Any:
        return np.sum(w * w * weights)

    def transposed(w: Any) -> Any:
        return (2 * w * weights).T

    start = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 7.0]])
    assert ds.check_gradient(quadratic, lambda w: 2 * w * weights, at=start)
    assert ds.check_gradient(quadratic, transposed, at=start).slip == "transposed"


def test_right_at_a_special_point_is_not_right() -> None:
    assert not ds.check_gradient("x^3", {"x": "3*x"}, at={"x": 1})
    wrong = {
        "x": "-2*(1-x) - 400*x*(y-x^2)",
        "y": "200*x*(y-x^2)",
    }  # from an old test suite; right where x = 1
    assert ds.check_gradient("(1-x)^2 + 100*(y-x^2)^2", wrong, at={"x": 1, "y": 2}).wrong == ("y",)


def test_a_run_with_a_wrong_gradient_says_so_at_once() -> None:
    with pytest.warns(ds.objectives.GradientWarning, match="n/2"):
        run = ds.minimize(cost, 0.0, gradient=hand_made, learning_rate=0.1, steps=10)
    assert any("n/2" in note for note in run.notes)
    finding = run.explain().findings[0]
    assert finding.code == "gradient_mismatch"
    assert finding.evidence["ratio"] == pytest.approx(1.5)
    assert finding.evidence["n"] == 3


def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(ds.errors.UsageError, match="no gradient to check"):
        ds.check_gradient("x^2", None, at={"x": 1})
    with pytest.raises(ds.errors.UsageError, match="not finite"):
        ds.check_gradient("log(x)", {"x": "1/x"}, at={"x": -5})


@pytest.mark.filterwarnings("ignore::downslope.objectives.check.GradientWarning")
@pytest.mark.parametrize("factor", [-1.0, -3.0, 0.5])
def test_nothing_is_foretold_of_a_gradient_that_is_wrong(factor: float) -> None:
    run = ds.minimize(
        lambda x: float(np.sum(np.asarray(x, float) ** 2)),
        np.full(2, 0.3),
        gradient=lambda x: factor * 2 * np.asarray(x, float),
        learning_rate=0.1,
        steps=30,
    )
    explanation = run.explain()
    assert "gradient_mismatch" in explanation.codes
    assert explanation.forecast is None
    assert "without end" not in str(explanation)
