"""The picture of an explanation."""

import numpy as np
import pytest

import downslope as ds
from downslope.explain.empirical_rate import empirical_rates


@pytest.mark.parametrize(
    ("function", "start", "options", "panels"),
    [
        ("x^2/20 + y^2", {"x": -7, "y": 2}, {"learning_rate": 0.95, "steps": 30}, 3),
        ("x^2/20 + y^2", {"x": -7, "y": 2}, {"learning_rate": 1.05, "steps": 30}, 3),
        ("x^2", {"x": 3}, {"learning_rate": 0.9, "steps": 30}, 2),
        (
            "x^2 + 3y^2 + 9z^2",
            {"x": 1, "y": 1, "z": 1},
            {"optimizer": "momentum", "learning_rate": 0.1, "steps": 60},
            2,
        ),
        ("rosenbrock", None, {"optimizer": "adam", "learning_rate": 0.05, "steps": 300}, 3),
    ],
)
def test_every_run_towards_a_minimum_has_its_picture(function, start, options, panels, tmp_path):
    run = ds.minimize(function, start, **options)
    figure = run.plot(tmp_path / "explained.png", kind="explained")
    assert len(figure.axes) == panels
    assert (tmp_path / "explained.png").stat().st_size > 5000


def test_measured_factors_are_the_predicted_ones():
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30)
    found = empirical_rates(run)
    np.testing.assert_allclose(found.factors, np.tile(found.predicted, (30, 1)), rtol=1e-9)
    swinging = empirical_rates(
        ds.minimize("x^2", {"x": 1}, optimizer="momentum", learning_rate=0.1, steps=40)
    )
    np.testing.assert_allclose(swinging.factors[2:, 0], np.sqrt(0.9), rtol=1e-6)


def test_without_a_minimum_there_is_nothing_to_measure_from():
    run = ds.minimize("exp(-x)", {"x": 0}, learning_rate=1, steps=50)
    with pytest.raises(ds.errors.UsageError, match="nothing to measure from"):
        run.plot(kind="explained")
