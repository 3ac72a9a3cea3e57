"""What a notebook shows of a record: always text, a table and a picture."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

import downslope as ds

BOWL, START = "x^2/20 + y^2", {"x": -7.0, "y": 2.0}


def run(**options):
    return ds.minimize(BOWL, START, learning_rate=0.95, steps=10, explain=False, **options)


RECORDS = {
    "run": (run, ["Stopped at the limit of 10 steps.", "gradient_norm"]),
    "fit": (lambda: ds.fit({"x": [1, 2, 3], "y": [1, 2, 4]}, "y ~ a*x + b"), ["<td>a</td>", "1.5"]),
    "history": (lambda: run().history, ["gradient_norm", "<td>-7</td>"]),
    "forecast": (lambda: ds.forecast(BOWL, START, learning_rate=0.95), ["<td>x</td>", "0.905"]),
    "check": (
        lambda: ds.check_gradient("x^2 + y^2", {"x": "x", "y": "2*y"}, at={"x": 1, "y": 2}),
        ["half the derivative", "<td>4</td>"],
    ),
    "many": (
        lambda: ds.minimize(lambda p: (p**2).sum(), np.ones(50), steps=2, learning_rate=0.1),
        ["gradient_norm"],
    ),
    "sweep": (
        lambda: ds.sweep(BOWL, start=START, learning_rate=[0.5, 0.95], steps=10),
        ["2 runs", "<th>learning_rate</th>", "<td>0.95</td>"],
    ),
    "comparison": (
        lambda: ds.compare(BOWL, START, optimizer=["gradient_descent", "adam"], steps=10),
        ["<td>adam</td>"],
    ),
    "race": (
        lambda: ds.race(["rosenbrock"], ["bfgs", "adam"], starts=15, evaluations=200, seed=1),
        ["<td>bfgs</td>"],
    ),
}


def picture(bundle):
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_shown_as_text_table_and_picture(name):
    make, has = RECORDS[name]
    record = make()
    bundle = record._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert bundle["text/plain"]
    assert bundle["text/html"].count("<table>") == 1
    for words in has:
        assert words in bundle["text/html"]
    pixels = picture(bundle)
    assert pixels.shape[1] > 400
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    json.dumps(bundle)


def test_jupyter_may_ask_for_some_of_them():
    assert set(run()._repr_mimebundle_(include={"text/plain", "image/png"})) == {"text/plain", "image/png"}
    assert "image/png" not in run()._repr_mimebundle_(exclude={"image/png"})


def test_names_are_text_in_tables():
    record = ds.fit({"<b>x": [1, 2, 3], "y": [1, 2, 4]}, target="y", features=["<b>x"])
    assert "<b>" not in record._repr_mimebundle_()["text/html"]


def test_a_figure_is_a_picture():
    assert run().plot()._repr_png_().startswith(b"\x89PNG")


def test_a_history_of_a_run_that_diverged_has_a_picture():
    gone = ds.minimize("x^4", {"x": 3.0}, learning_rate=1.0, steps=50, explain=False)
    assert picture(gone.history._repr_mimebundle_()).shape[1] > 400


def test_an_explanation_has_the_picture_of_its_run():
    told = run().explain()
    bundle = told._repr_mimebundle_()
    assert bundle["text/plain"] == repr(told)
    assert "<p>" in bundle["text/html"]
    assert picture(bundle).shape[1] > 800  # contours, stable range, factors
    gone = ds.minimize("x^3", {"x": 1.0}, learning_rate=0.1, steps=10, explain=False).explain()
    assert set(gone._repr_mimebundle_()) == {"text/plain", "text/html"}  # no minimum to measure from
