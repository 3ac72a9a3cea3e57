"""Figures: what is on them, and that nothing falls off."""

import math
import threading

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.contour import QuadContourSet

import downslope as ds
from downslope.errors import UsageError
from downslope.plots.look import THEMES

TUTORIAL = {"start": {"x": -7, "y": 2}, "learning_rate": 0.95, "steps": 29}


@pytest.fixture(scope="module")
def zigzag():
    return ds.minimize("x^2/20 + y^2", **TUTORIAL)


def line_of(figure, colour=THEMES["light"].path):
    """The path's line: the one with path effects in the path's colour."""
    axes = figure.axes[0]
    return next(line for line in axes.lines if line.get_path_effects() and to_hex(line.get_color()) == colour)


def contours(figure):
    return [c for c in figure.axes[0].collections if isinstance(c, QuadContourSet)]


def words(figure):
    return [
        text.get_text()
        for text in [*figure.texts, *(t for legend in figure.legends for t in legend.get_texts())]
    ]


def assert_nothing_is_cut_off(figure):
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    written = [t.get_window_extent() for t in figure.texts] + [
        legend.get_window_extent() for legend in figure.legends
    ]
    written += [axes.get_tightbbox() for axes in figure.axes]
    for i, one in enumerate(written):
        for other in written[i + 1 :]:
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            tall = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(wide, tall) <= 3, (one, other)


def test_the_zigzag_of_the_second_tutorial(zigzag):
    figure = zigzag.plot(view=((-10, 10), (-5, 5)))
    axes = figure.axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-10, 10), (-5, 5))
    assert axes.get_aspect() == 1
    assert all(len(c.levels) == 30 for c in contours(figure))
    x, y = line_of(figure).get_data()
    assert np.array_equal(x, zigzag.history["x"])
    assert np.array_equal(y, zigzag.history["y"])
    said = " ".join(words(figure))
    assert "learning rate 0.95" in said
    assert "29 steps, step limit" in said
    assert "start (−7, 2)" in said
    assert "end, step 29" in said
    assert_nothing_is_cut_off(figure)


def test_views_can_be_given_in_four_ways(zigzag):
    wanted = ((-10, 10), (-5, 5))
    for view in (wanted, {"x": (-10, 10), "y": (-5, 5)}, "-10:10,-5:5", "y=-5:5,x=-10:10"):
        axes = zigzag.plot(view=view).axes[0]
        assert (axes.get_xlim(), axes.get_ylim()) == wanted


def test_levels_can_be_counted_or_given(zigzag):
    assert all(len(c.levels) == 7 for c in contours(zigzag.plot(levels=7)))
    given = contours(zigzag.plot(levels=[1, 0.5, 4], filled=False))
    assert [list(c.levels) for c in given] == [[0.5, 1, 4]]
    assert len(contours(zigzag.plot(levels=1))) == 1


def test_a_classic_problem_shows_its_minimum_and_its_valley():
    figure = ds.minimize("rosenbrock", steps=500).plot()
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert [tuple(float(v[0]) for v in star.get_data()) for star in stars] == [(1.0, 1.0)]
    levels = contours(figure)[0].levels
    assert levels[-1] / levels[0] > 1000
    assert_nothing_is_cut_off(figure)


def test_a_region_without_values_is_hatched():
    run = ds.minimize("x - log(x) + y - log(y)", start={"x": 3, "y": 2}, learning_rate=0.2, steps=20)
    figure = run.plot(view="-1:4,-1:4")
    assert [patch.get_hatch() for patch in figure.axes[0].patches] == ["////"]
    assert "no finite value" in words(figure)
    assert not ds.minimize("x^2+y^2", start={"x": 3, "y": 2}, steps=2).plot().axes[0].patches


def test_leaving_the_view_is_said():
    run = ds.minimize("x^2 + 10y^2", start={"x": 3, "y": 1}, learning_rate=0.11, steps=60)
    figure = run.plot()
    assert any("the path leaves this view at step" in text for text in words(figure))
    assert any("outside this view" in text for text in words(figure))
    assert len(line_of(figure).get_xdata()) < 40
    assert_nothing_is_cut_off(figure)


def test_leaving_the_domain_is_marked():
    run = ds.minimize("x - log(x) + y^2", start={"x": 3, "y": 1}, learning_rate=5, steps=10)
    assert run.status == "left_domain"
    figure = run.plot()
    assert any(text.startswith("left the domain") for text in words(figure))
    assert [line.get_marker() for line in figure.axes[0].lines].count("X") == 1


def test_a_summit_is_called_a_maximum():
    run = ds.maximize("-(x^2 + 2y^2 + x*y)", start={"x": 3, "y": 2}, learning_rate=0.1, tolerance=1e-6)
    assert any("maximum reached" in text for text in words(run.plot()))
    curve = ds.maximize("-(x^2)", start={"x": 3}, learning_rate=0.1, tolerance=1e-6).plot()
    assert any("maximum reached" in text for text in words(curve))
    assert_nothing_is_cut_off(curve)


def test_the_curve_has_its_path_and_its_tangents():
    run = ds.minimize("x^4 - 3x^2", start={"x": 2.2}, learning_rate=0.02, steps=30)
    figure = run.plot()
    x, value = line_of(figure).get_data()
    assert np.array_equal(x, run.history["x"])
    assert np.array_equal(value, run.history["value"])
    (tangents,) = figure.axes[0].collections
    ends = tangents.get_segments()
    assert 2 <= len(ends) <= 12
    for (x0, y0), (x1, y1) in ends:
        middle = (x0 + x1) / 2
        assert math.isclose((y1 - y0) / (x1 - x0), 4 * middle**3 - 6 * middle, rel_tol=1e-6, abs_tol=1e-6)
    assert_nothing_is_cut_off(figure)


def test_a_pole_leaves_a_gap_in_the_curve():
    run = ds.minimize("1/x + x", start={"x": 0.5}, learning_rate=0.1, steps=50)
    figure = run.plot(view=(-3, 3))
    curve = next(line for line in figure.axes[0].lines if line.get_label() == "f(x)")
    assert np.isnan(curve.get_ydata()).any()
    low, high = figure.axes[0].get_ylim()
    assert high - low < 30


def test_progress_has_two_logarithmic_panels():
    run = ds.minimize("rosenbrock(10)", optimizer="adam", learning_rate=0.01, steps=500)
    figure = run.plot()
    assert [axes.get_ylabel() for axes in figure.axes] == ["value", "gradient norm"]
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log"]
    assert np.array_equal(figure.axes[0].lines[0].get_ydata(), run.history.value)
    assert np.array_equal(figure.axes[1].lines[0].get_ydata(), run.history.gradient_norm)
    assert_nothing_is_cut_off(figure)


def test_progress_of_a_short_run_is_linear(zigzag):
    run = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.1, steps=1)
    assert [axes.get_yscale() for axes in run.plot(kind="progress").axes] == ["linear", "linear"]


def test_a_slice_is_the_plane_through_the_last_point():
    run = ds.minimize("rosenbrock(6)", steps=200)
    figure = run.plot(slice=("x1", "x3"))
    x, y = line_of(figure).get_data()
    assert np.array_equal(x, run.history["x1"])
    assert np.array_equal(y, run.history["x3"])
    assert any("through the last point" in text for text in words(figure))
    assert_nothing_is_cut_off(figure)


@pytest.mark.parametrize(
    ("formula", "start", "options"),
    [
        ("x^2/1e6 + 1e6*y^2", {"x": 1000, "y": 0.001}, {"learning_rate": 0.95e-6, "steps": 100}),
        ("x^2 + 3y^2", {"x": 3, "y": 2}, {"learning_rate": 0.1, "steps": 0}),
        ("x^2 + 3y^2", {"x": 3, "y": 2}, {"learning_rate": 0.1, "steps": 1}),
        ("log(x) + y", {"x": -1, "y": 2}, {"learning_rate": 0.1, "steps": 5}),
        ("log(x)", {"x": -1}, {"learning_rate": 0.1, "steps": 5}),
        ("0*x + 2 + 0*y", {"x": 1, "y": 1}, {"learning_rate": 0.1, "steps": 3}),
        ("1e300*x^2 + y^2", {"x": 1, "y": 1}, {"learning_rate": 0.1, "steps": 3}),
        ("1e-300*x^2 + 1e-300*y", {"x": 1, "y": 1}, {"learning_rate": 0.1, "steps": 3}),
        ("exp(exp(x)) + y^2", {"x": 1, "y": 1}, {"learning_rate": 0.01, "steps": 30}),
        ("名^2 + 変_2^2", {"名": 1, "変_2": 2}, {"learning_rate": 0.1, "steps": 30}),
        ("α^2 + where(α > 0, 1, β_1)^2", {"α": 1, "β_1": 2}, {"learning_rate": 0.1, "steps": 30}),
        ("x^2 + 2*y^3", {"x": 1, "y": -1}, {"learning_rate": 0.1, "steps": 100}),
    ],
)
@pytest.mark.parametrize("kind", [None, "progress"])
def test_unusual_runs_have_whole_pictures(formula, start, options, kind):
    assert_nothing_is_cut_off(ds.minimize(formula, start=start, **options).plot(kind=kind))


@pytest.mark.parametrize("size", [(3, 3), (5, 5), (12, 4)])
def test_a_size_is_kept(zigzag, size):
    for kind in ("map", "progress"):
        figure = zigzag.plot(kind=kind, size=size)
        assert tuple(figure.get_size_inches()) == size


def bowl(x, y):
    if float(x) > 2.9:
        raise RuntimeError("never asked there by the run")
    return float(x) ** 2 + float(y) ** 2


def test_a_hosted_function_is_drawn_coarsely_and_forgiven_elsewhere(tmp_path):
    run = ds.minimize(bowl, start={"x": 2.0, "y": 1.0}, learning_rate=0.1, steps=10)
    assert run.engine == "hosted"
    assert len(contours(run.plot(view="-4:4,-4:4"))) == 2
    run.save(tmp_path / "run.json")
    lost = ds.load(tmp_path / "run.json").plot()
    assert not contours(lost)
    assert any("not in the saved run" in text for text in words(lost))
    assert np.array_equal(line_of(lost).get_xdata(), run.history["x"])


def test_a_lost_function_of_one_parameter_keeps_its_path(tmp_path):
    run = ds.minimize(lambda w: math.cos(float(w)), start={"w": 1.0}, learning_rate=0.3, steps=20)
    run.save(tmp_path / "run.json")
    lost = ds.load(tmp_path / "run.json").plot()
    assert np.array_equal(line_of(lost).get_ydata(), run.history.value)


def test_a_dark_theme(zigzag):
    figure = zigzag.plot(theme="dark")
    assert to_hex(figure.get_facecolor()) == THEMES["dark"].paper


def test_threads_draw_side_by_side(zigzag):
    figures = []
    threads = [threading.Thread(target=lambda: figures.append(zigzag.plot())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(figures) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kind": "pie"}, "the kinds are: map, curve, progress, slice"),
        ({"kind": "curve"}, "one parameter, and this run has 2"),
        ({"kind": "slice"}, "Name two parameters"),
        ({"slice": ("x", "z")}, "'z'; the parameters are: x, y"),
        ({"slice": ("x", "x")}, "two different parameters"),
        ({"slice": 3}, "two different parameters"),
        ({"kind": "map", "slice": ("x", "y")}, "kind 'slice'"),
        ({"levels": 0}, "1 to 200"),
        ({"levels": "many"}, "how many"),
        ({"levels": [1, 1]}, "different finite values"),
        ({"view": ((0, 1), (2, 1))}, "the smaller one"),
        ({"view": "0:1", "kind": "progress"}, "shows every step"),
        ({"size": (1, 1)}, "inches"),
        ({"theme": "drak"}, "Did you mean 'dark'?"),
        ({"frames": 1}, "2 to 600"),
    ],
)
def test_wrong_options_say_what_is_allowed(zigzag, options, says):
    with pytest.raises(UsageError) as raised:
        zigzag.plot(**options)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_map_of_many_parameters_says_how_to_see_them():
    run = ds.minimize("rosenbrock(4)", steps=3)
    with pytest.raises(UsageError, match="use kind='progress' or slice="):
        run.plot(kind="map")


def test_a_schedule_is_set_as_it_is_typed():
    rule = ds.optimizers.Adam(learning_rate=0.05 * ds.optimizers.schedules.Cosine(steps=20))
    figure = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, optimizer=rule, steps=9).plot()
    assert any("Adam, learning rate 0.05 × cosine(steps=20), beta1 0.9" in told for told in words(figure))
    assert not any("Product" in told or "_rate" in told for told in words(figure))


@pytest.mark.parametrize("logged", [True, False], ids=["values", "no values"])
def test_a_record_ends_where_it_was_last_evaluated(logged):
    updater, params = ds.Updater("sgd", learning_rate=0.1), {"x": -7.0, "y": 2.0}
    with ds.record(updater) as run:
        for _ in range(8):
            x, y = params["x"], params["y"]
            updater.update(params, {"x": x / 10, "y": 2 * y}, x**2 / 20 + y**2 if logged else None)
    figure = run.plot(kind="progress")
    said = " ".join(words(figure))
    upper, lower = figure.axes[:2]
    ends = [line for axes in (upper, lower) for line in axes.lines if line.get_marker() == "D"]
    assert "nan" not in said
    assert "at step 7" in said
    assert [end.get_visible() for end in ends] == [logged, True]
    assert ends[1].get_xdata().tolist() == [7]
    assert ("no value was recorded" in [t.get_text() for t in upper.texts]) == (not logged)
    assert bool(len(upper.get_yticks())) == logged
