"""Several runs in one picture, and pictures of runs whose history keeps only some of its rows."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

import downslope as ds
from downslope.errors import MissingExtraError, UsageError
from downslope.plots.look import THEMES
from downslope.plots.output import SUFFIXES

BOOK = ["sgd(0.95)", "momentum(0.1)", "adagrad(1.5)", "adam(0.3)"]
START = {"x": -7, "y": 2}


@pytest.fixture(scope="module")
def book():
    return ds.compare("x^2/20 + y^2", START, optimizer=BOOK, steps=30)


def paths(figure, axes=0):
    """The lines of paths, which have a halo."""
    return [line for line in figure.axes[axes].lines if line.get_path_effects() and line.get_visible()]


def words(figure):
    return [text.get_text() for text in figure.texts]


def test_one_map_has_every_path_whole_in_a_colour_and_dash_of_its_own(book):
    figure = book.plot()
    lines = paths(figure)
    assert len(lines) == 4
    for line, run in zip(lines, book, strict=True):
        assert np.allclose(np.column_stack(line.get_data()), run.history.x)
    assert len({to_hex(line.get_color()) for line in lines}) == 4
    assert len({line.get_linestyle() + str(line._dash_pattern) for line in lines}) == 4


def test_the_table_below_tells_settings_status_steps_evaluations_and_value(book):
    told = words(book.plot())
    for cell in ("gradient descent", "momentum", "adagrad", "adam", "0.95", "1.5", "step limit", "30", "31"):
        assert cell in told
    assert "0.01333" in told


def test_the_values_beside_are_those_of_the_histories(book):
    figure = book.plot()
    axes = next(axes for axes in figure.axes if axes.get_xlabel() == "evaluations")
    curves = [line for line in axes.lines if len(line.get_xdata()) > 1]
    for line, run in zip(curves, book, strict=True):
        assert np.array_equal(line.get_xdata(), run.history.evaluations)
        assert np.allclose(line.get_ydata(), run.history.value)
    low, high = axes.get_ylim()
    assert low < min(run.history.value.min() for run in book)
    assert high > 6.45


def test_nothing_overlaps(book):
    figure = book.plot()
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes] + [
        text.get_window_extent() for text in figure.texts
    ]
    wide, tall = figure.bbox.width, figure.bbox.height
    for i, one in enumerate(boxes):
        assert one.x0 >= 0
        assert one.y0 >= 0
        assert one.x1 <= wide
        assert one.y1 <= tall
        for other in boxes[i + 1 :]:
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            up = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(across, up) <= 3


def test_many_runs_are_told_by_where_they_end():
    runs = ds.compare("himmelblau", starts=20, seed=1)
    told = words(runs.plot())
    counts = [int(cell.split()[0]) for cell in told if cell.endswith(" of 20")]
    assert sum(counts) == 20
    assert len(counts) == 4
    assert "(3, 2)" in told


def test_one_parameter_and_many_have_their_pictures():
    curves = ds.compare("x^4/4 - x^2/2 + x/10", {"x": 1.8}, learning_rate=[0.05, 0.6]).plot()
    assert len(paths(curves)) == 2
    many = ds.compare("rosenbrock(4)", optimizer=["adam(0.1)", "lbfgs"], steps=50).plot()
    assert [axes.get_ylabel() for axes in many.axes] == ["value", "gradient norm"]
    slice_ = ds.compare("rosenbrock(4)", optimizer=["adam(0.1)", "lbfgs"], steps=50).plot(slice="x1,x2")
    assert len(paths(slice_)) == 2


def test_runs_of_two_functions_share_no_map():
    runs = [
        ds.minimize(f, {"x": 1.0, "y": 1.0}, learning_rate=0.1, steps=5) for f in ("x^2+y^2", "x^2+2*y^2")
    ]
    assert ds.plot(runs).axes[0].get_xlabel() == "evaluations"
    with pytest.raises(UsageError, match="not of one function"):
        ds.plot(runs, kind="map")
    again = ds.minimize("y^2+x^2", {"x": 2.0, "y": 1.0}, learning_rate=0.1, steps=5)
    assert len(paths(ds.plot([runs[0], again], kind="map"))) == 2


def test_what_is_no_list_of_runs_is_refused():
    with pytest.raises(UsageError, match="empty"):
        ds.plot([])
    with pytest.raises(UsageError, match=r"number 2 .* is a int"):
        ds.plot([ds.minimize("x^2", {"x": 1.0}, steps=1, learning_rate=0.1), 3])


def test_a_gif_shows_them_descend_together(book, tmp_path):
    book.plot(tmp_path / "four.gif", frames=8)
    with Image.open(tmp_path / "four.gif") as film:
        assert film.n_frames == 8
        film.seek(2)
        early = np.asarray(film.convert("RGB")).copy()
        film.seek(7)
        late = np.asarray(film.convert("RGB"))
    changed = (early != late).any(axis=2)
    middle = changed.shape[1] * 6 // 10
    assert changed[:, :middle].any()
    assert changed[:, middle:].any()


@pytest.mark.filterwarnings("ignore:os.fork")  # JAX says so of how ffmpeg is started
def test_an_mp4_needs_its_extra_and_is_a_film(book, tmp_path, monkeypatch):
    assert ".mp4" in SUFFIXES
    with monkeypatch.context() as patched:
        patched.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
        with pytest.raises(MissingExtraError, match=r"downslope\[video\]"):
            book.plot(tmp_path / "four.mp4")
    pytest.importorskip("imageio_ffmpeg", reason="the extra video is not installed")
    book.plot(tmp_path / "four.mp4", frames=6)
    content = (tmp_path / "four.mp4").read_bytes()
    assert content[4:8] == b"ftyp"
    assert len(content) > 5000


def test_a_thinned_run_of_a_formula_is_drawn_whole():
    whole = ds.minimize("x^2/20 + y^2", START, learning_rate=0.95, steps=29)
    thinned = ds.minimize("x^2/20 + y^2", START, learning_rate=0.95, steps=29, every=10)
    assert len(thinned.history) == 4
    (line,) = paths(thinned.plot())
    assert np.array_equal(np.column_stack(line.get_data()), whole.history.x)


def test_where_it_cannot_be_made_again_its_points_are_no_path():
    def valley(x):
        return x[0] ** 2 / 20 + x[1] ** 2 if float(x[0]) < 100 else 0.0

    run = ds.minimize(valley, np.array([-7.0, 2.0]), learning_rate=0.95, steps=29, every=10)
    figure = run.plot()
    assert paths(figure) == []
    assert "one step in 10 was kept: points, no path between them" in words(figure)
    assert "kept points" in [text.get_text() for text in figure.legends[0].get_texts()]
    red = [line for line in figure.axes[0].lines if to_hex(line.get_color()) == THEMES["light"].path]
    dots = next(line for line in red if len(line.get_xdata()) == 4)
    assert np.array_equal(dots.get_xdata(), run.history.x[:, 0])


def test_a_run_that_changed_its_rule_on_the_way_is_not_made_up():
    run = ds.minimize("x^2/20 + y^2", START, learning_rate=0.95, steps=30, every=10)
    branch = run.branch(20, learning_rate=0.1, steps=20)
    assert paths(branch.plot()) == []


def test_a_run_away_does_not_hide_the_others():
    runs = ds.compare("x^2/20 + y^2", START, learning_rate=[0.3, 0.95, 1.05], steps=40)
    figure = runs.plot()
    low, high = figure.axes[0].get_ylim()
    assert -6 < low < -1.8
    assert 2 < high < 6
    assert "3 runs; 1 path leaves this view" in words(figure)
    starts = ds.compare("beale", starts=20, seed=3, steps=5000)
    assert max(map(abs, starts.plot(kind="map").axes[0].get_xlim())) < 50


def test_a_short_path_is_seen_beside_a_long_one():
    runs = ds.compare("x^2/20 + y^2", START, learning_rate=[1e-4, 0.9], steps=40)
    left, right = runs.plot(kind="map").axes[0].get_xlim()
    assert left < -7
    assert right > -0.2
