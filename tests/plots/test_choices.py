"""Levels, windows, quantities and frames: what a picture decides before anything is drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import downslope as ds
from downslope.plots.curve import broken
from downslope.plots.levels import choose_levels
from downslope.plots.plane import Plane
from downslope.plots.progress import envelope, norm_quantity, value_quantity
from downslope.plots.trace import apart, thinned
from downslope.plots.window import choose_span, choose_window, inside, leaves_at
from downslope.plots.words import number
from trials import trials


def grid(function, half=3.0, side=101):
    xs, ys = np.meshgrid(np.linspace(-half, half, side), np.linspace(-half, half, side))
    with np.errstate(all="ignore"):
        return function(xs, ys)


def test_a_bowl_gets_evenly_spaced_levels():
    levels = choose_levels(grid(lambda x, y: x**2 + 3 * y**2), 30)
    assert levels.base is None
    assert len(levels.at) == 30
    assert np.allclose(np.diff(levels.at), np.diff(levels.at)[0])


def test_a_valley_gets_levels_by_ratio_above_its_minimum():
    levels = choose_levels(grid(lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2), 30, known=0.0)
    assert levels.base == 0.0
    assert len(levels.at) == 30
    assert np.allclose(np.diff(np.log(levels.at)), np.diff(np.log(levels.at))[0])
    assert levels.at[0] < 1 < 1000 < levels.at[-1]


def test_a_summit_gets_the_mirror_image_of_a_valley():
    valley = grid(lambda x, y: x**4 + 100 * y**2)
    down, up = choose_levels(valley, 20), choose_levels(-valley, 20, climb=True)
    assert np.allclose(up.at, -down.at[::-1])


def test_a_pole_does_not_take_all_the_levels():
    levels = choose_levels(grid(lambda x, y: np.log(x**2 + y**2 + 1e-300) + x), 30)
    assert levels.at[0] > -20


@pytest.mark.parametrize("values", [np.full((5, 5), 3.0), np.full((5, 5), np.nan), np.zeros((5, 5))])
def test_there_are_no_levels_where_there_is_nothing_between_them(values):
    assert choose_levels(values, 30) is None


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-6, 1e6),
    st.floats(0.25, 12),
    st.integers(1, 200),
    st.booleans(),
)
def test_levels_rise_and_are_as_many_as_asked_for(base, scale, power, count, climb):
    heights = base + scale * np.linspace(0, 1, 500) ** power
    levels = choose_levels(heights, count, climb=climb)
    if levels is not None and np.ptp(heights) > 1e-6 * abs(base):
        assert len(levels.at) == count
        assert (np.diff(levels.at) > 0).all()
        assert heights.min() <= levels.at[0]
        assert levels.at[-1] <= heights.max()


@settings(deadline=None, max_examples=trials(50))
@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=2),
    st.floats(1e-4, 1),
)
def test_the_window_holds_the_whole_path(points, rate):
    (x, y), (a, b) = points
    formula = f"(x - ({a}))^2 + (y - ({b}))^2"
    run = ds.minimize(
        formula, start={"x": x, "y": y}, optimizer="gradient_descent", learning_rate=rate / 2, steps=20
    )
    window, _ = choose_window([Plane(run, (0, 1))], {})
    assert inside(run.history.x, window).all()


def test_equal_axes_unless_one_is_more_than_eight_times_the_other():
    round_run = ds.minimize("x^2 + y^2", start={"x": 3, "y": 1}, learning_rate=0.1, steps=30)
    (xs, ys), equal = choose_window([Plane(round_run, (0, 1))], {})
    assert equal
    assert 0.5 <= (ys[1] - ys[0]) / (xs[1] - xs[0]) <= 1
    flat = ds.minimize("x^2 / 20 + 20*y^2", start={"x": 100, "y": 0.5}, learning_rate=0.0495, steps=500)
    assert not choose_window([Plane(flat, (0, 1))], {})[1]


def test_a_run_away_is_shown_while_it_can_be_seen():
    run = ds.minimize("x^2 + 10y^2", start={"x": 3, "y": 1}, learning_rate=0.11, steps=60)
    assert run.status == "diverged"
    plane = Plane(run, (0, 1))
    window, _ = choose_window([plane], {})
    assert window[1][1] - window[1][0] < 100
    assert 5 < leaves_at(plane, window) < 40


def test_the_known_minimum_is_in_the_window():
    run = ds.minimize("rosenbrock", steps=30)
    window, _ = choose_window([Plane(run, (0, 1))], {})
    assert inside(np.array([[1.0, 1.0]]), window).all()


def test_a_curve_shows_both_sides_of_where_the_run_went_to():
    run = ds.minimize("W^2", start={"W": 51.0}, learning_rate=0.01, steps=300)
    low, high = choose_span(Plane(run, (0,)))
    assert low < -10
    assert high > 51


def test_a_start_that_never_moves_has_a_window():
    run = ds.minimize("x^2 + y^2", start={"x": 3, "y": 0}, learning_rate=0.1, steps=0)
    (xs, ys), _ = choose_window([Plane(run, (0, 1))], {})
    assert xs[0] < 3 < xs[1]
    assert ys[0] < 0 < ys[1]


def test_values_are_drawn_on_a_logarithmic_axis_only_where_that_helps():
    falling = 4.0 + 0.5 ** np.arange(40)
    assert str(value_quantity(falling, None, False).name) == "value above the lowest"
    assert str(value_quantity(falling, 4.0, False).name) == "value above the minimum 4"
    assert str(value_quantity(-falling, None, True).name) == "value below the highest"
    assert str(value_quantity(falling - 4, 0.0, False).name) == "value"
    assert not value_quantity(np.array([3.0, 2.0, 1.0]), None, False).log
    assert not value_quantity(np.array([5.0]), None, False).log
    for quantity in (value_quantity(falling, None, False), norm_quantity(np.array([1.0, 1e-3, 0.0]))):
        assert quantity.log
        assert np.nanmin(quantity.values) > 0


def test_poles_and_jumps_break_the_line():
    xs = np.linspace(-3, 3, 2001)
    with np.errstate(all="ignore"):
        pole, jump, steep = (
            broken(1 / xs, (-5, 5)),
            broken(np.floor(xs), (-3, 3)),
            broken(np.tanh(50 * xs), (-1, 1)),
        )
    assert np.count_nonzero(~np.isfinite(pole)) >= 1
    assert np.count_nonzero(np.isnan(jump)) >= 5
    assert not np.isnan(steep).any()


def test_long_paths_are_thinned_but_keep_their_ends():
    wild = np.random.default_rng(1).random((100_000, 2))
    kept = thinned(wild, 6000)
    assert len(kept) <= 6001
    assert (kept[0], kept[-1]) == (0, 99_999)
    assert list(apart(np.array([[0.0, 0.0], [0.001, 0.0], [0.5, 0.0], [0.501, 0.0]]), 0.1)) == [0, 2, 3]
    spike = np.zeros(100_000)
    spike[54_321] = 7.0
    assert 54_321 in envelope(spike, 1500)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (-7.0, "−7"),
        (1000.0, "1000"),
        (1e-8, "10⁻⁸"),
        (-2.5e-7, "−2.5×10⁻⁷"),
        (5.63e12, "5.63×10¹²"),
    ],
)
def test_numbers_are_printed_as_in_a_book(value, text):
    assert number(value) == text
