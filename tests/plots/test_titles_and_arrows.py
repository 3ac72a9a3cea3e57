"""A title of one's own, arrows of steepest descent, and a curve wide enough to show that its minimum is only local."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.quiver import Quiver

import downslope as ds
from downslope.errors import UsageError
from downslope.plots.curve import span_of
from downslope.plots.plane import Plane

START = {"x": -7.0, "y": 2.0}


@pytest.fixture(scope="module")
def valley():
    return ds.minimize("x^2/20 + y^2", START, learning_rate=0.95, steps=29)


def lines_of(figure):
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("kind", ["map", "progress", "explained"])
def test_a_title_stands_above_what_is_said_anyway(valley, kind):
    plain = valley.plot(kind=kind)
    named = valley.plot(kind=kind, title="A long,\n narrow $valley")
    if kind == "explained":
        assert named.get_suptitle().startswith("A long, narrow $valley\n")
        return
    assert lines_of(named)[0] == "A long, narrow $valley"
    assert lines_of(named)[1:] == lines_of(plain)
    assert not named.texts[0].get_parse_math()


def test_several_runs_sweeps_and_fits_have_titles(valley):
    table = {"x": [1, 2, 3, 4], "y": [2, 4, 5, 8]}
    swept = ds.sweep("x^2", start={"x": ds.grid(-1, 1, 3)}, learning_rate=ds.grid(0.1, 1.3, 4), steps=50)
    pictures = [
        ds.plot([valley, valley], title="Mine"),
        swept.plot(title="Mine"),
        *(
            ds.fit(table, "y ~ a*x + b").plot(view=view, title="Mine")
            for view in ("data", "residuals", "surface")
        ),
    ]
    assert [lines_of(figure)[0] for figure in pictures] == ["Mine"] * 5


@pytest.mark.parametrize("title", [7, "x" * 201])
def test_a_title_is_text_of_a_line(valley, title):
    with pytest.raises(UsageError, match="at most 200 characters"):
        valley.plot(title=title)


def arrows_of(figure):
    (arrows,) = (one for one in figure.axes[0].collections if isinstance(one, Quiver))
    return np.column_stack([arrows.X, arrows.Y]), np.column_stack([arrows.U, arrows.V])


def on_paper(figure, ways):
    """Directions as inches on the picture."""
    axes = figure.axes[0]
    box = axes.get_position()
    inches = np.array(figure.get_size_inches()) * [box.width, box.height]
    spans = np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())])
    return ways / spans * inches


@pytest.mark.parametrize("view", [((-10, 10), (-5, 5)), ((-10, 10), (-0.5, 0.5))])
def test_arrows_point_down_the_gradient_and_are_of_one_length(valley, view):
    figure = valley.plot(arrows=True, view=view)
    points, ways = arrows_of(figure)
    downhill = -np.column_stack([points[:, 0] / 10, 2 * points[:, 1]])  # by hand: (x/10, 2y)
    cross = ways[:, 0] * downhill[:, 1] - ways[:, 1] * downhill[:, 0]
    size = np.hypot(*ways.T) * np.hypot(*downhill.T)
    np.testing.assert_allclose(cross / size, 0, atol=1e-9)
    assert ((ways * downhill).sum(axis=1) > 0).all()
    lengths = np.hypot(*on_paper(figure, ways).T)
    np.testing.assert_allclose(lengths, lengths[0], rtol=0.02)
    assert 0.2 < lengths[0] < 0.3
    assert "where it falls fastest" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_arrows_of_a_climb_point_up():
    climb = ds.maximize("-(x^2 + y^2)", {"x": 1.0, "y": 1.0}, learning_rate=0.1, steps=5)
    points, ways = arrows_of(climb.plot(arrows=True))
    assert ((ways * -points).sum(axis=1) > 0).all()


def test_a_point_without_a_gradient_has_no_arrow():
    run = ds.minimize("log(x) + y^2 - x", {"x": 0.5, "y": 1.0}, learning_rate=0.01, steps=5)
    points, _ = arrows_of(run.plot(arrows=True, view=((-1, 1), (-1, 1))))
    assert len(points)
    assert (points[:, 0] > 0).all()


def test_several_runs_and_a_cost_have_arrows_too(valley):
    assert len(arrows_of(ds.plot([valley, valley], arrows=True))[0]) > 20
    fit = ds.fit({"x": [1, 2, 3, 4], "y": [2, 4, 5, 8]}, "y ~ a*x + b")
    assert len(arrows_of(fit.plot(view="surface", arrows=True))[0]) > 20


def test_arrows_need_a_map(valley):
    with pytest.raises(UsageError, match="maps and slices"):
        valley.plot(kind="progress", arrows=True)
    with pytest.raises(UsageError, match="maps and slices"):
        ds.minimize("x^2", 1.0, steps=3, learning_rate=0.1).plot(arrows=True)


def shown(formula, start, **options):
    run = ds.minimize(formula, start, **options)
    return span_of([Plane(run, (0,))]), run


def test_a_curve_shows_the_lower_minimum_beside_a_local_one():
    (span, lower), run = shown("x^4 - 3x^2 + x", 2.0)
    roots = np.sort(np.roots([4, 0, -6, 1]).real)  # of the derivative: minimum, maximum, minimum
    assert run.x == pytest.approx(roots[2], abs=1e-6)
    assert lower == pytest.approx(roots[0], abs=0.01)
    assert span[0] < roots[0]
    said = " ".join(lines_of(run.plot()))
    assert "a local minimum: there is a lower one near x = −1.3" in said
    assert "local" not in " ".join(lines_of(ds.minimize("x^4 - 3x^2 + x", -2.0).plot()))


@pytest.mark.parametrize(
    ("formula", "start"),
    [("x^2", 3.0), ("-1/(x-4) + x^2", 1.0), ("sin(x)", 1.0), ("x^4", 1.0)],
)
def test_where_there_is_no_lower_minimum_nothing_is_said(formula, start):
    assert shown(formula, start)[0][1] is None


@pytest.mark.parametrize(
    ("formula", "start", "local"),
    [
        ("x^4 - 3x^2 + x", {"x": 2.0}, True),
        ("x^2/20 + y^2", START, False),
        ("rosenbrock", None, False),
        ("x^2 + cos(y)", {"x": 1.0, "y": 2.0}, True),
    ],
)
def test_an_explanation_says_local_where_only_that_is_known(formula, start, local):
    point = ds.minimize(formula, start).explain().point
    assert point.kind == "minimum"
    assert point.local is local
    assert ("strict local minimum" in point.sentence) is local


def test_losses_of_linear_hypotheses_have_no_other_minima():
    table = {"x": [1.0, 2, 3, 4, 5, 6], "y": [0, 0, 1, 0, 1, 1]}
    fit = ds.fit(table, "y ~ a*x + b", loss="log_loss", learning_rate=0.1, steps=20_000, tolerance=1e-6)
    assert "local" not in str(fit.explain())
