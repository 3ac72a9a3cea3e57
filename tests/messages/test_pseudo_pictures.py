"""In the pseudo-language nothing on a picture stands outside ⟦ ⟧ but formulas, names and numbers."""

import re

import numpy as np
import pytest
from matplotlib.text import Text
from pseudo import leftovers

import downslope as ds
from downslope.api.table_fitting import fit
from downslope.errors import DataError, UsageError
from downslope.messages import reading
from downslope.optimizers import all_optimizers
from downslope.plots.fits import VIEWS
from downslope.plots.view import KINDS

# Methods and hyperparameters are called on pictures as they are typed, with spaces.
NAMES = sorted(
    {
        word
        for cls in all_optimizers()
        for name in (cls.name(), *cls().hyperparameters())
        for word in name.split("_")
    }
)
RNG = np.random.default_rng(3)
U, V = RNG.standard_normal(120), RNG.standard_normal(120)
TABLE = {
    "u": U,
    "v": V,
    "y": 2 * U - V + 0.3 * RNG.standard_normal(120),
    "passed": (U + RNG.standard_normal(120) > 0) * 1.0,
    "calls": RNG.poisson(np.exp(0.5 * U)),
    "kind": np.array(["ash", "beech", "oak"])[RNG.integers(0, 3, 120)].astype(object),
}
COLUMNS = [*TABLE, "ash", "beech", "oak", "intercept", "mse", "poisson", "softmax"]

FILES = ["picture", "bmp", "png", "svg", "pdf", "gif"]


@pytest.fixture(scope="module")
def runs():
    return {
        "zigzag": ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29),
        "uphill": ds.maximize("-(x - 1)^2", start={"x": 3}, learning_rate=0.1),
        "lost": ds.minimize("log(x)", start={"x": 1}, learning_rate=2, steps=9),
        "classic": ds.minimize("himmelblau", optimizer="adam", learning_rate=0.1, steps=50),
        "long": ds.minimize(
            "x^2 + y^2 + z^2 + x*y", start={"x": 1, "y": 2, "z": 3}, learning_rate=0.1, steps=20
        ),
    }


@pytest.fixture(scope="module")
def fits():
    return {
        "line": fit(TABLE, "y ~ a*u + b", learning_rate=0.1, steps=30),
        "plane": fit(TABLE, "y ~ a*u + b*v + c"),
        "label": fit(TABLE, "passed ~ a*u + b", loss="log_loss"),
        "label2": fit(TABLE, "passed ~ a*u + b*v + c", loss="log_loss"),
        "kind": fit(TABLE, target="kind", features="u", loss="softmax"),
        "kinds": fit(TABLE, target="kind", features="u,v", loss="softmax", l2=1e-3),
        "calls": fit(TABLE, "calls ~ a*u + b", loss="poisson"),
        "share": fit(TABLE, "y ~ a*u + b", loss="quantile(0.3)"),
        "batches": fit(TABLE, "y ~ a*u + b", batch_size=32, epochs=5),
    }  # fmt: skip


def outside(figure):
    """The words on a figure that no template said; formulas stand between dollar signs."""
    figure.canvas.draw()
    texts = [text.get_text() for text in figure.findobj(Text) if text.get_text()]
    assert any("⟦" in text for text in texts)
    plain = (re.sub(r"\$[^$]*\$", " ", text) for text in texts)
    return [word for text in plain for word in leftovers(text, *NAMES, *COLUMNS, "Himmelblau")]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("zigzag", {}),
        ("zigzag", {"kind": "progress"}),
        ("zigzag", {"view": "x=2:3,y=1:2"}),
        ("uphill", {}),
        ("uphill", {"view": "x=2:4"}),
        ("lost", {}),
        ("classic", {}),
        ("long", {}),
        ("long", {"slice": ("x", "y")}),
    ],
)
def test_pictures_of_runs(runs, name, options):
    with reading("xx-pseudo"):
        assert outside(runs[name].plot(**options)) == []


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("line", "data"),
        ("line", "data, u=0:1"),
        ("line", "residuals"),
        ("line", "surface"),
        ("plane", "data"),
        ("plane", "predicted"),
        ("label", "data"),
        ("label", "calibration"),
        ("label2", "data"),
        ("kind", "data"),
        ("kinds", "classes"),
        ("calls", "data"),
        ("share", "data"),
        ("batches", "progress"),
    ],
)
def test_pictures_of_fits(fits, name, view):
    with reading("xx-pseudo"):
        assert outside(fits[name].plot(view=view)) == []


def test_the_same_run_is_drawn_for_each_reader(runs):
    figure = runs["zigzag"].plot()
    with reading("xx-pseudo"):
        other = runs["zigzag"].plot()
    assert "⟦" not in "".join(text.get_text() for text in figure.texts)
    assert "⟦" in "".join(text.get_text() for text in other.texts)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "pie"},
        {"kind": "curve"},
        {"kind": "slice"},
        {"slice": "x,w"},
        {"slice": "x"},
        {"theme": "drak"},
        {"levels": 0},
        {"levels": "many"},
        {"frames": 1},
        {"size": 3},
        {"table": {}},
        {"path": "picture"},
        {"path": "picture.bmp"},
        {"kind": "progress", "view": "0:1"},
        *(
            {"view": view}
            for view in ("x=1:2,3:4", "x=1:2,x=3:4", "map", "1", "x=1:q", "x=1:inf", "x=3:1", "w=1:2")
        ),
        *({"view": view} for view in (3, {"x": 1}, {"x": (2, 1)}, {"x": (1, np.inf)}, [(0, 1)] * 4)),
    ],
)
def test_what_is_said_of_wrong_options(runs, options):
    with pytest.raises(UsageError) as caught:
        runs["long"].plot(**options)
    with reading("xx-pseudo"):
        said = str(caught.value)
    assert "⟦" in said
    assert leftovers(said, *KINDS, "light", "dark", *FILES) == []


@pytest.mark.parametrize(
    ("name", "view"),
    [("line", "dta"), ("label", "classes"), ("label", "residuals"), ("line", "surface, u=1:2")],
)
def test_what_is_said_of_views_of_fits(fits, name, view):
    with pytest.raises(UsageError) as caught:
        fits[name].plot(view=view)
    with reading("xx-pseudo"):
        assert leftovers(str(caught.value), *VIEWS, *COLUMNS) == []


def test_what_is_said_of_a_strange_label(fits):
    with pytest.raises(DataError) as caught:
        fits["kind"].plot(table={"u": [1.0], "kind": ["elm"]})
    with reading("xx-pseudo"):
        assert leftovers(str(caught.value), *COLUMNS) == []


def test_the_picture_of_an_explanation(runs):
    with reading("xx-pseudo"):
        figure = runs["zigzag"].plot(kind="explained")
        figure.suptitle("")  # what the explanation says itself is not said here
        assert outside(figure) == []
