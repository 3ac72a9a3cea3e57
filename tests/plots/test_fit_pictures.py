"""Pictures of fits: what is on them, which one suits which fit, and that nothing falls off."""

import io

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.contour import QuadContourSet
from PIL import Image
from test_pictures import assert_nothing_is_cut_off, words

import downslope as ds
from downslope.api.table_fitting import fit
from downslope.errors import DataError, UsageError
from downslope.plots import plot_fit
from downslope.plots.fits.bins import binned, binned_shares
from downslope.plots.fits.scene import MOST_FOR_COST, MOST_POINTS, cost_to_draw
from downslope.plots.look import SERIES, THEMES

RNG = np.random.default_rng(12)
RED, BLUE = THEMES["light"].path, THEMES["light"].curve
FOUR = {"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]}
U, V = RNG.standard_normal(400), 2 + RNG.standard_normal(400)
KIND = RNG.integers(0, 3, 400)
TABLE = {
    "u": U,
    "v": V,
    "w": RNG.standard_normal(400),
    "y": 2 * U - V + 0.3 * RNG.standard_normal(400),
    "passed": (RNG.random(400) < 1 / (1 + np.exp(-2 * U))) * 1.0,
    "calls": RNG.poisson(np.exp(0.5 * U)),
    "kind": np.array(["ash", "beech", "oak"])[KIND].astype(object),
    "size": KIND + 0.5 * RNG.standard_normal(400),
}


@pytest.fixture(scope="module")
def fits():
    """A fit of each kind, by what it predicts from how many inputs."""
    return {
        "line": fit(FOUR, "y ~ a*x + b", loss="rmse", start="a=7.5,b=80.6", learning_rate=0.1, steps=300),
        "curve": fit(FOUR, "y ~ a*(1 - exp(-b*x))", start="a=90,b=1"),
        "plane": fit(TABLE, "y ~ a*u + b*v + c"),
        "many": fit(TABLE, target="y", features="u,v,w"),
        "log1": fit(TABLE, "passed ~ a*u + b", loss="log_loss"),
        "log2": fit(TABLE, "passed ~ a*u + b*v + c*u*v + d", loss="log_loss"),
        "log3": fit(TABLE, "passed ~ a*u + b*v + c*w + d", loss="log_loss"),
        "soft1": fit(TABLE, target="kind", features="size", loss="softmax"),
        "soft2": fit(TABLE, target="kind", features="size,v", loss="softmax", l2=1e-3),
        "soft3": fit(TABLE, target="kind", features="size,v,w", loss="softmax", l2=1e-3),
        "counts": fit(TABLE, "calls ~ a*u + b", loss="poisson"),
        "batches": fit(TABLE, "y ~ a*u + b*v + c", batch_size=32, epochs=5),
        "one": fit({"x": [1, 2, 3], "y": [1, 2, 3]}, "y ~ W*x", learning_rate=0.15, steps=10),
        "mean": fit({"y": TABLE["y"]}, "y ~ c"),
    }


DEFAULTS = {
    "line": "data",
    "curve": "data",
    "plane": "predicted",
    "many": "predicted",
    "log1": "data",
    "log2": "data",
    "log3": "calibration",
    "soft1": "data",
    "soft2": "data",
    "soft3": "classes",
    "counts": "data",
    "batches": "predicted",
    "one": "data",
    "mean": "residuals",
}
SIGNS = {  # words on the axes by which a picture is known
    "data": "",
    "predicted": "actual",
    "residuals": "residual",
    "calibration": "share of",
    "classes": "mean probability",
    "progress": "gradient norm",
}


def labels(figure):
    return " ".join(text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel()))


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_fit_has_a_picture_that_suits_it(fits, name):
    figure = fits[name].plot()
    assert SIGNS[DEFAULTS[name]] in labels(figure)
    assert_nothing_is_cut_off(figure)


ALL = {
    "line": ["data", "predicted", "residuals", "surface", "progress"],
    "plane": ["data", "predicted", "residuals", "surface", "progress"],
    "log2": ["data", "calibration", "predicted", "surface", "progress"],
    "soft2": ["data", "classes", "predicted", "surface", "progress"],
    "one": ["surface", "progress", "residuals"],
    "batches": ["progress", "surface"],
    "counts": ["predicted", "residuals", "surface"],
}


PICTURES = [(name, view) for name, views in ALL.items() for view in views]
THEMED = [(*picture, "dark" if i % 3 == 1 else "light") for i, picture in enumerate(PICTURES)]


@pytest.mark.parametrize(("name", "view", "theme"), THEMED)
def test_every_view_can_be_drawn_and_nothing_falls_off(fits, name, view, theme):
    figure = fits[name].plot(view=view, theme=theme)
    assert to_hex(figure.get_facecolor()) == THEMES[theme].paper
    assert_nothing_is_cut_off(figure)


def line_named(figure, label):
    return next(line for line in figure.axes[0].lines if line.get_label() == label)


def test_the_data_and_the_line(fits):
    figure = fits["line"].plot()
    rows = line_named(figure, "4 rows")
    assert np.array_equal(rows.get_data(), (FOUR["x"], FOUR["y"]))
    x, y = line_named(figure, "fit").get_data()
    a, b = fits["line"].run.final
    assert np.allclose(y, a * x + b)
    assert figure.axes[0].get_xlim()[0] < 2 < 8 < figure.axes[0].get_xlim()[1]
    said = " ".join(words(figure))
    assert "a = 2.27" in said
    assert "R² 0.76" in said
    assert "300 steps, step limit" in said
    assert "Gradient descent, learning rate 0.1" in said


def test_ranges_go_with_a_name_or_alone(fits):
    for view in (
        "data, x=0:10, y=0:100",
        "x=0:10,y=0:100",
        ((0, 10), (0, 100)),
        {"x": (0, 10), "y": (0, 100)},
    ):
        axes = fits["line"].plot(view=view).axes[0]
        assert (axes.get_xlim(), axes.get_ylim()) == ((0, 10), (0, 100))
    assert "rows are outside this view" in " ".join(words(fits["line"].plot(view="x=0:5")))


def test_predicted_against_actual_has_its_diagonal(fits):
    found = fits["many"]
    figure = found.plot(view="predicted")
    axes = figure.axes[0]
    assert axes.get_xlim() == axes.get_ylim()
    x, y = line_named(figure, "400 rows").get_data()
    assert np.array_equal(x, TABLE["y"])
    assert np.allclose(y, found.predict())
    x, y = line_named(figure, "predicted = actual").get_data()
    assert np.array_equal(x, y)


def test_residuals_are_actual_minus_predicted(fits):
    found = fits["many"]
    x, y = line_named(found.plot(view="residuals"), "400 rows").get_data()
    assert np.allclose(x, found.predict())
    assert np.allclose(y, found.residuals())
    x, y = line_named(fits["mean"].plot(), "400 rows").get_data()
    assert np.array_equal(x, np.arange(1, 401))


def test_probabilities_with_the_labels(fits):
    figure = fits["log1"].plot()
    x, y = line_named(figure, "probability of 1").get_data()
    a, b = fits["log1"].run.final
    assert np.allclose(y, 1 / (1 + np.exp(-(a * x + b))))
    three = fits["soft1"].plot()
    curves = [line_named(three, name) for name in ("ash", "beech", "oak")]
    assert [to_hex(c.get_color()) for c in curves] == list(SERIES[:3])
    assert np.allclose(np.sum([c.get_ydata() for c in curves], axis=0), 1)


def test_the_boundary_is_where_the_probability_is_a_half(fits):
    figure = fits["log2"].plot()
    half = next(
        c for c in figure.axes[0].collections if isinstance(c, QuadContourSet) and list(c.levels) == [0.5]
    )
    a, b, c, d = fits["log2"].run.final
    points = np.concatenate([path.vertices for path in half.get_paths() if len(path.vertices)])
    assert np.max(np.abs(a * points[:, 0] + b * points[:, 1] + c * points[:, 0] * points[:, 1] + d)) < 0.02
    assert {"0", "1", "probability 0.5"} <= set(words(figure))


def test_calibration_holds_what_was_said_against_what_happened(fits):
    found = fits["log3"]
    p = found.probabilities()
    at, share, error = binned_shares(p, TABLE["passed"])
    drawn = next(c for c in found.plot().axes[0].containers if c.has_yerr)
    assert np.allclose(drawn[0].get_xdata(), at)
    assert np.allclose(drawn[0].get_ydata(), share)
    assert np.all(np.diff(at) > 0)
    assert np.allclose(error, np.sqrt(share * (1 - share) / (400 / len(at))), rtol=0.1)
    assert sorted(np.concatenate(binned(p)).tolist()) == list(range(400))


def test_classes_show_mean_probabilities(fits):
    found = fits["soft3"]
    shown = np.asarray(found.plot().axes[0].images[0].get_array())
    expected = [found.probabilities()[TABLE["kind"] == name].mean(axis=0) for name in ("ash", "beech", "oak")]
    assert np.allclose(shown, expected)


def test_the_surface_is_the_cost_and_the_path_is_on_it(fits):
    found = fits["line"]
    figure = found.plot(view="surface")
    path = next(line for line in figure.axes[0].lines if line.get_path_effects())
    assert np.array_equal(path.get_xdata(), found.history["a"])
    cost, note = cost_to_draw(found)
    assert not note
    for theta in ([2.3, 79.0], [7.0, 60.0]):
        assert cost.value(np.array(theta)) == pytest.approx(
            found.problem.objective.data_value(np.array(theta))
        )
    penalised = fit(TABLE, "y ~ a*u + b*v + c", l2=0.1)
    theta = np.array([1.0, 2.0, -1.0])
    assert penalised.cost.value(theta) == pytest.approx(penalised.problem.objective.value(theta))
    assert np.allclose(penalised.cost.gradient(theta), penalised.problem.objective.gradient(theta))


def test_a_surface_over_two_of_many_parameters(fits):
    assert "the plane of u and v" in " ".join(words(fits["many"].plot(view="surface")))
    for asked in (
        {"view": "surface, v=-2:0, intercept=-1:1"},
        {"view": "surface", "slice": ("v", "intercept")},
    ):
        axes = fits["many"].plot(**asked).axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("$v$", r"$\mathrm{intercept}$")


def test_many_rows_are_drawn_as_their_density_and_it_is_said():
    count = 5 * MOST_POINTS
    x = RNG.standard_normal(count)
    found = fit({"x": x, "y": x + RNG.standard_normal(count)}, "y ~ a*x + b")
    for view in ("data", "predicted", "residuals"):
        figure = found.plot(view=view)
        mesh = next(c for c in figure.axes[0].collections if isinstance(c, QuadMesh))
        assert mesh.get_array().sum() == count
        assert f"the density of all {count:,} rows" in words(figure)
        assert_nothing_is_cut_off(figure)


def test_of_many_rows_on_a_map_a_fair_sample_is_drawn():
    count = 3 * MOST_POINTS
    X = RNG.standard_normal((count, 2))
    table = {"u": X[:, 0], "v": X[:, 1], "z": (X[:, 0] + RNG.standard_normal(count) > 0) * 1.0}
    figure = fit(table, "z ~ a*u + b*v", loss="log_loss").plot()
    assert f"a fair sample of {MOST_POINTS:,} of {count:,} rows" in words(figure)
    shown = sum(len(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "o")
    assert shown == MOST_POINTS


def test_the_surface_of_many_rows_is_instant_or_of_a_sample():
    count = 3 * MOST_FOR_COST
    x = RNG.standard_normal(count)
    table = {"x": x, "y": 2 * x + 1 + RNG.standard_normal(count)}
    assert not cost_to_draw(fit(table, "y ~ a*x + b"))[1]
    found = fit(table, "y ~ a*x + b", loss="huber")
    cost, note = cost_to_draw(found)
    assert str(note) == f"the cost of a fair sample of {MOST_FOR_COST:,} of {count:,} rows"
    theta = np.array([1.0, 0.0])
    assert cost.value(theta) == pytest.approx(found.problem.objective.value(theta), rel=0.03)
    labelled = {"x": x, "z": (x + RNG.standard_normal(count) > 0) * 1.0}
    found = fit(labelled, "z ~ a*x + b", loss="log_loss")
    assert cost_to_draw(found)[0].value(theta) == pytest.approx(
        found.problem.objective.value(theta), rel=0.03
    )


def test_mini_batches_count_epochs(fits):
    figure = fits["batches"].plot(view="progress")
    assert "epoch" in labels(figure)
    assert "5 epochs" in " ".join(words(figure))


def test_a_gif_shows_the_line_finding_its_place(fits, tmp_path):
    path = tmp_path / "line.gif"
    plot_fit(fits["line"], path, frames=8)
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert 4 <= image.n_frames <= 8
        first = np.asarray(image.convert("RGB"))
        image.seek(image.n_frames - 1)
        assert (np.asarray(image.convert("RGB")) != first).any()
    with pytest.raises(UsageError, match="does not move"):
        fits["line"].plot(tmp_path / "r.gif", view="residuals")
    with pytest.raises(UsageError, match="does not move"):
        fits["log2"].plot(tmp_path / "r.gif")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_fit_gives_the_same_bytes(fits, tmp_path, suffix):
    for name in ("a", "b"):
        fits["line"].plot(tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_ds_plot_takes_runs_and_fits(fits, tmp_path):
    assert "a" in labels(ds.plot(fits["line"], kind="surface"))
    run = ds.minimize("x^2 + y^2", start={"x": 1, "y": 2}, steps=3)
    assert labels(ds.plot(run)) == labels(run.plot())
    with pytest.raises(UsageError, match="is for a fit"):
        ds.plot(run, table=FOUR)


def test_a_loaded_fit_is_drawn_with_a_table(fits, tmp_path):
    fits["line"].save(tmp_path / "fit.json")
    loaded = ds.load(tmp_path / "fit.json")
    assert "gradient norm" in labels(loaded.plot())
    with pytest.raises(DataError, match="needs the table"):
        loaded.plot(view="data")
    figure = loaded.plot(view="data", table={"x": [1.0, 2.0], "y": [80.0, 85.0]})
    assert line_named(figure, "2 rows").get_xdata().tolist() == [1, 2]
    fits["soft1"].save(tmp_path / "soft.json")
    soft = ds.load(tmp_path / "soft.json")
    assert "probability" in labels(soft.plot(view="data", table={"size": [0.0, 1.0], "kind": ["oak", "ash"]}))
    with pytest.raises(DataError, match="'elm', which is none of the labels"):
        soft.plot(view="data", table={"size": [0.0, 1.0], "kind": ["elm", "ash"]})


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("line", {"view": "resduals"}, "Did you mean 'residuals'"),
        ("line", {"view": "data", "kind": "surface"}, "named twice"),
        ("line", {"view": "classes"}, "is for softmax, and this fit has rmse"),
        ("line", {"view": "calibration"}, "is for log_loss"),
        ("soft1", {"view": "residuals"}, "labels, which have no residuals"),
        ("many", {"view": "data"}, "draws one or two inputs"),
        ("line", {"view": "progress, 0:1"}, "shows every step"),
        ("log3", {"view": "calibration, 0:1"}, "shows all probabilities"),
        ("line", {"view": "data, z=0:1"}, "the axes are: x, y"),
        ("many", {"slice": ("u", "q")}, "the slice names 'q'"),
        ("many", {"slice": ("u", "v"), "view": "predicted"}, "slice= is for the view 'surface'"),
        ("line", {"theme": "sepia"}, "there is no theme"),
        ("line", {"path": "p.xyz"}, "ends in '.xyz'"),
    ],
)
def test_what_cannot_be_drawn_says_why(fits, name, options, said):
    with pytest.raises(UsageError, match=said):
        fits[name].plot(**options)


@pytest.mark.parametrize(
    ("count", "name"), [(3, "a tree of the kind {}"), (9, "kind {}"), (25, "a rather long name {}")]
)
def test_many_and_long_names_of_classes_have_room(count, name):
    kind = RNG.integers(0, count, 40 * count)
    table = {"x": kind + 0.5 * RNG.standard_normal(len(kind)), "kind": [name.format(k) for k in kind]}
    found = fit(table, target="kind", loss="softmax", l2=1e-3, steps=20)
    figure = found.plot(view="classes")
    assert_nothing_is_cut_off(figure)
    assert len(figure.axes[0].get_xticklabels()) == min(count, 20)
    assert_nothing_is_cut_off(found.plot())


def test_the_rows_right_beside_a_curve_are_not_erased():
    """The curve and what is left blank beside it are narrower than the mark of a row."""
    x = np.linspace(0, 10, 900)
    found = ds.fit({"x": x, "y": 2 * x + 0.1 * np.sin(40 * x)}, "y ~ a*x + b")
    figure = found.plot(view="data")
    line = max(figure.axes[0].lines, key=lambda line: len(line.get_xdata()))
    assert all(
        effect._gc.get("linewidth", 0.0) < 3 for effect in line.get_path_effects() if hasattr(effect, "_gc")
    )
    assert line.get_linewidth() < 2


def test_a_curve_that_leaves_the_rows_behind_takes_no_room():
    """1/t before the first row is far below and above: the height is that of the rows and the curve among them."""
    t = np.linspace(0.1, 8, 50)
    found = fit({"t": t, "y": 90 * (1 - np.exp(-2 * t))}, "y ~ a*(1 - exp(-b*t))", start="a=80,b=1")
    low, high = plot_fit(found, view="data").axes[0].get_ylim()
    assert low > 5
    assert high < 100
    low, _ = plot_fit(found, view="data,t=-1:8").axes[0].get_ylim()
    assert low < -20
