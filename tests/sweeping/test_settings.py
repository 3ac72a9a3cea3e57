"""What varies: grids, lists and random numbers, as objects and as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.sweeping.notation import read_starts, read_values
from downslope.sweeping.settings import Design, DesignOptions, SweepAxis, design_of

X, RATE = ("start", "x"), ("learning_rate",)


def test_grids_have_their_ends() -> None:
    assert ds.grid(-1, 1, 5).tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert np.allclose(ds.logspace(1e-3, 10, 5), [1e-3, 1e-2, 1e-1, 1, 10])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ds.grid(1, 0, 5), "grid(1, 0, 5) needs two finite numbers, the smaller first"),
        (lambda: ds.grid(0, 1, 1), "a whole number of points, at least 2"),
        (lambda: ds.grid(0, 1, 2.5), "a whole number of points, at least 2"),
        (lambda: ds.grid(0, float("inf"), 3), "two finite numbers"),
        (lambda: ds.logspace(0, 1, 5), "ends above 0"),
        (lambda: ds.Normal(0, 0), "a standard deviation above 0"),
        (
            lambda: design_of({X: [1.0, 2.0], RATE: [1.0]}, DesignOptions(pairs=True)),
            "x: 2, learning_rate: 1",
        ),
        (lambda: design_of({X: []}), "x is an empty list"),
        (lambda: design_of({X: ds.Uniform(0, 1)}, DesignOptions(draws=0)), "draws is 0"),
        (lambda: design_of({X: [1.0]}, DesignOptions(draws=3)), "nothing is to be drawn"),
        (lambda: design_of({X: ds.Uniform(0, 1)}, DesignOptions(seed=-1)), "seed is -1"),
    ],
)
def test_what_is_no_setting_is_refused(make: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert said in str(caught.value)


def test_a_product_has_each_with_each_and_pairs_have_not() -> None:
    varied = {X: np.array([1.0, 2.0]), RATE: np.array([0.1, 0.2])}
    product, pairs = design_of(varied), design_of(varied, DesignOptions(pairs=True))
    assert len(product) == 4
    assert product.column(X).tolist() == [1.0, 1.0, 2.0, 2.0]
    assert product.column(RATE).tolist() == [0.1, 0.2, 0.1, 0.2]
    assert product.at(2) == {X: 2.0, RATE: 0.1}
    assert len(pairs) == 2
    assert pairs.at(1) == {X: 2.0, RATE: 0.2}
    assert len(Design(())) == 1
    assert Design(()).at(0) == {}


def test_random_numbers_are_drawn_together_and_again_by_their_seed() -> None:
    varied = {X: ds.Uniform(-2, 2), RATE: ds.Normal(0, 1)}
    first, again = (design_of(varied, DesignOptions(draws=50, seed=7)) for _ in range(2))
    assert len(first) == 50
    assert np.array_equal(first.column(X), again.column(X))
    assert -2 <= first.column(X).min() < first.column(X).max() < 2
    fresh = design_of(varied)
    assert (len(fresh), fresh.seed is not None) == (20, True)
    told = design_of(varied, DesignOptions(seed=fresh.seed))
    assert np.array_equal(told.column(RATE), fresh.column(RATE))


def test_places_count_the_last_axis_fastest() -> None:
    design = Design((SweepAxis("a", {("a",): [1, 2, 3]}), SweepAxis("b", {("b",): [1, 2]})))
    assert design.places(0).tolist() == [0, 0, 1, 1, 2, 2]
    assert design.places(1).tolist() == [0, 1, 0, 1, 0, 1]


def test_settings_are_read_as_text() -> None:
    read = read_starts("x=grid(-1,1,3), y=[1/2, 2*pi], z=uniform(0,1), w=normal(0,2), v=-7")
    assert read["x"].tolist() == [-1.0, 0.0, 1.0]
    assert read["y"].tolist() == [0.5, 2 * np.pi]
    assert (read["z"], read["w"], read["v"]) == (ds.Uniform(0.0, 1.0), ds.Normal(0.0, 2.0), -7.0)
    assert read_values("0.1,1/3", "learning_rate").tolist() == [0.1, 1 / 3]


@pytest.mark.parametrize(
    "text", ["x=grid(0,1)", "x=gird(0,1,3)", "x", "x=1,x=2", "x=[1,b]", "x=grid(0,1,2.5)"]
)
def test_text_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_starts(text)
