"""Tutorials 3 and 5: the published figures come out."""

import json
from pathlib import Path

import numpy as np
import pytest

import downslope as ds
from downslope.api.table_fitting import fit
from downslope.objectives import GradientWarning

TUTORIALS = {
    t["id"]: t
    for t in json.loads((Path(__file__).parents[1] / "data" / "tutorials.json").read_text())["tutorials"]
}


def _published_third():
    rows = TUTORIALS[3]["published_run_with_the_hand_gradient"]
    return np.array(rows, float).T


def test_tutorial_3_with_the_true_gradient():
    run = fit(TUTORIALS[3]["data"], "y ~ W*x", loss="mse", start={"W": 0}, learning_rate=0.15, epochs=10)
    epoch, w, cost = _published_third()
    assert np.allclose(run.history.step, epoch)
    assert np.allclose(run.history["W"], w, atol=5.1e-4)
    assert np.allclose(run.history.value, cost, atol=1.1e-6)


def test_tutorial_3_with_the_hand_written_gradient_names_the_factor():
    with pytest.warns(GradientWarning, match=r"ratio 1\.5"):
        run = fit(
            TUTORIALS[3]["data"],
            "y ~ W*x",
            start={"W": 0},
            learning_rate=0.1,
            epochs=10,
            gradient="sum((W*x - y)*x)",
        )
    _, w, cost = _published_third()
    assert np.allclose(run.history["W"], w, atol=5.1e-4)
    assert np.allclose(run.history.value, cost, atol=1.1e-6)
    assert any("1.5" in note for note in run.notes)


@pytest.mark.parametrize("path", ["auto", "moments", "qr", "kernel", "formula"])
def test_tutorial_5(path):
    t = TUTORIALS[5]
    run = fit(
        t["data"],
        "y ~ a*x + b",
        loss="rmse",
        start={"a": 7.52346569, "b": 80.59835907},
        learning_rate=0.1,
        steps=2000,
        path=path,
    )
    rows = t["computed_here_from_a_7.52346569_b_80.59835907_after_update_of_step"]
    for step, row in rows.items():
        assert run.history.value[int(step)] == pytest.approx(row["rmse"], abs=1e-6)
        for name in set(row) - {"rmse"}:
            assert run.history[name][int(step)] == pytest.approx(row[name], abs=1e-6)


def test_tutorial_5_in_the_end():
    t = TUTORIALS[5]
    start = "a=7.52346569,b=80.59835907"
    run = fit(t["data"], "y ~ a*x + b", loss="rmse", start=start, learning_rate=0.1, steps=t["steps"])
    assert run.x == {"a": pytest.approx(2.3, abs=1e-6), "b": pytest.approx(79.0, abs=1e-6)}
    assert run.loss == pytest.approx(t["least_squares"]["rmse"], rel=1e-12)


def test_fit_is_a_plain_function_of_the_package():
    table = {"x": [0.0, 1.0], "y": [1.0, 3.0]}
    assert ds.fit(table, "y ~ a*x + b").x == pytest.approx({"a": 2.0, "b": 1.0})
    assert ds.fit is fit
