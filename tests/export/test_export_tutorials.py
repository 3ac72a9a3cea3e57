"""The five tutorials: our call, and our exported script in the tutorial's dialect, executed: the published figures."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import agree, execute

import downslope as ds

# The first tutorial prints, every ten steps, the value before the update and W after it; single precision.
VALUES = [
    2611.85,
    1743.692,
    1164.1028,
    777.1642,
    518.84094,
    346.38245,
    231.24765,
    154.38278,
    103.0672,
    68.808495,
]
AFTER = [
    50.084137,
    40.922386,
    33.43657,
    27.32011,
    22.32252,
    18.239126,
    14.902693,
    12.176585,
    9.949158,
    8.129187,
]
ZIGZAG = {
    0: (-7, 2),
    1: (-6.335, -1.7999999999999998),
    2: (-5.733175, 1.6199999999999997),
    27: (-0.4727262060886904, -0.11629947400607987),
    28: (-0.42781721651026483, 0.10466952660547188),
    29: (-0.3871745809417897, -0.09420257394492468),
}
# (epoch, W to three decimals, cost to six) of the third, in single precision there.
LINE = [
    (0, 0.0, 4.666667),
    (1, 1.4, 0.746666),
    (2, 0.84, 0.119467),
    (3, 1.064, 0.019115),
    (4, 0.974, 0.003058),
    (5, 1.01, 0.000489),
    (6, 0.996, 0.000078),
    (7, 1.002, 0.000013),
    (8, 0.999, 0.000002),
    (9, 1.0, 0.0),
    (10, 1.0, 0.0),
]
# Root mean squared error, slope and intercept of the fifth, after the update of that step.
FOUR_POINTS = {"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}
FITTED = {
    100: (2.8860236717777323, 2.22994555, 79.41805502),
    200: (2.8826088464380675, 2.26013532, 79.23789538),
    300: (2.881501758172984, 2.27732406, 79.13532033),
    2000: (2.8809720581800415, 2.29999846, 79.00000922),
}


def printed(run: Any, dialect: str, folder: Path, every_row: bool = False) -> Any:
    """What the exported script prints; ``every_row`` as a reader would ask for it, by its constant EVERY."""
    script = run.export(dialect)
    if every_row:
        line = next(line for line in script.splitlines() if line.startswith("EVERY = "))
        script = script.replace(line, "EVERY = 1")
    result = execute(dialect, {"script": script}, folder)["script"]
    assert not isinstance(result, str), result
    return result


def test_a_tape_in_single_precision(tmp_path: Path) -> None:
    run = ds.minimize("W^2", {"W": 51.106262}, learning_rate=0.01, steps=300, dtype="float32")
    found = printed(run, "tensorflow", tmp_path, every_row=True)
    np.testing.assert_allclose(run.history.value[:100:10], VALUES, rtol=1e-6)
    np.testing.assert_allclose(found.rows[:100:10, 1], VALUES, rtol=1e-6)
    np.testing.assert_allclose(found.rows[1:101:10, 3], AFTER, rtol=1e-6)


def test_a_class_over_dicts(tmp_path: Path) -> None:
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=29)
    found = printed(run, "numpy_class", tmp_path)
    for step, point in ZIGZAG.items():
        np.testing.assert_allclose(run.history.x[step], point, rtol=1e-15)
        np.testing.assert_allclose(found.rows[step, 3:], point, rtol=1e-9)
    assert (found.answer["x"], found.answer["y"]) == ZIGZAG[29]


@pytest.mark.parametrize("dialect", ["torch", "torch.optim"])
def test_a_line_through_the_origin(dialect: str, tmp_path: Path) -> None:
    table = {"x": [1, 2, 3], "y": [1, 2, 3]}
    fit = ds.fit(table, "y ~ W*x", learning_rate=0.15, steps=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ds.objectives.GradientWarning)  # it is 1.5 times the true gradient
        hand = ds.fit(table, "y ~ W*x", gradient="sum((W*x - y)*x)", learning_rate=0.1, steps=10)
    (tmp_path / "hand").mkdir()
    for made, folder in ((fit, tmp_path), (hand, tmp_path / "hand")):
        found = printed(made, dialect, folder)
        for row, (epoch, weight, cost) in zip(found.rows, LINE, strict=True):
            assert row[0] == epoch
            assert row[3] == pytest.approx(weight, abs=5.1e-4)
            assert row[1] == pytest.approx(cost, abs=1.1e-6)
    assert "torch.sum((W * x - y) * x)" in hand.export(dialect)


def test_derivatives_by_sympy(tmp_path: Path) -> None:
    run = ds.minimize("x^2 + 2x + 3", {"x": 1.5}, learning_rate=0.01, tolerance=1e-5)
    found = printed(run, "sympy", tmp_path)
    assert "f = x**2 + 2*x + 3" in found.everything
    assert "gradient = 2*x + 2" in found.everything
    assert found.rows[-1, 0] == run.nit == 650
    assert found.answer["x"] == pytest.approx(-0.999995046761855, rel=1e-14)
    assert found.answer["f"] == pytest.approx(2.00000000002453, rel=1e-14)


def test_climbing_by_sympy(tmp_path: Path) -> None:
    run = ds.maximize("-(x^2 + 2x + 3)", {"x": 1.5}, learning_rate=0.01, tolerance=1e-5)
    found = printed(run, "sympy", tmp_path)
    assert found.rows[-1, 0] == run.nit == 650
    assert found.answer["x"] == pytest.approx(-0.999995046761855, rel=1e-14)


@pytest.mark.parametrize(("dialect", "updates"), [("numpy", 2000), ("tensorflow", 300)])
def test_a_line_by_the_root_of_the_mean_square(dialect: str, updates: int, tmp_path: Path) -> None:
    start = {"a": 7.52346569, "b": 80.59835907}
    fit = ds.fit(
        FOUR_POINTS,
        "y ~ a*x + b",
        loss="rmse",
        start=start,
        optimizer="gradient_descent",
        learning_rate=0.1,
        steps=updates + 1,
    )
    found = printed(fit, dialect, tmp_path, every_row=True)
    for update, (rmse, a, b) in FITTED.items():
        if update > updates:
            continue
        assert found.rows[update, 1] == pytest.approx(rmse, rel=1e-6)
        assert found.rows[update, 3:] == pytest.approx([a, b], rel=1e-6)
    agree(fit.run, found, 1e-11, sparse=True)
    assert found.rows[0, 1] == pytest.approx(30.213942199096312, rel=1e-9)
    assert math.isfinite(found.answer["loss"])
