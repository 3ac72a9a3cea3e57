"""Fits that end on a plateau, at a poor minimum or on the way to infinity say so, with advice that was run."""

import numpy as np
import pytest

import downslope as ds
from downslope.fitting.other_starts import goes_on

DECAY = {"x": np.arange(7.0), "y": 2 * np.exp(-0.3 * np.arange(7.0)) + 0.01 * (-1.0) ** np.arange(7)}
STRAIGHT = {"x": np.arange(1.0, 6), "y": np.arange(1.0, 6)}
ORANGE = {
    "age": [118.0, 484, 664, 1004, 1231, 1372, 1582],
    "c": [30.0, 58, 87, 115, 120, 142, 145],
}
PUROMYCIN = {
    "x": [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1],
    "y": [76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200],
}
LEVELLING = {"x": [50.0, 100, 150, 200], "y": [3, 2.9, 2.7, 2.6]}


def advised(found, code):
    """What a finding with advice says, which is among the warnings."""
    told = next(f for f in found.findings if f.code == code)
    assert str(told.message) in found.warnings
    return told.evidence


@pytest.mark.parametrize(
    ("table", "formula", "start", "idle"),
    [
        (DECAY, "y ~ a*exp(b*x)", "a=1,b=-400", "b"),
        (ORANGE, "c ~ A/(1+exp((m-age)/s))", "A=1,m=1,s=1", "m, s"),
        ({"x": 1 + DECAY["x"], "y": 5 - DECAY["y"]}, "y ~ c - a*exp(b*x)", "a=1,b=-900,c=1", "a, b"),
    ],
)
def test_a_plateau_is_none_that_converged(table, formula, start, idle):
    found = ds.fit(table, formula, start=start, evaluations=100_000)  # from there, and from nowhere else
    assert (found.status, found.success) == ("stalled", False)
    assert "It is a plateau" in found.message
    told = advised(found, "worse_than_mean")
    assert told["without_effect"] == idle
    assert told["r2"] <= 1e-9
    assert not any("determine" in w for w in found.warnings)  # the data do, elsewhere
    better = ds.fit(table, formula, start=told["start"])
    assert better.success
    assert better.r2 == pytest.approx(told["better"], rel=1e-9)
    assert better.r2 > 0.9


@pytest.mark.parametrize("start", ["V=1,K=1", "V=200,K=10"])
def test_a_poor_minimum_or_none_is_left_for_the_right_one(start):
    better = ds.fit(PUROMYCIN, "y ~ V*x/(K+x)", start=start)
    assert better.success
    assert better.x["V"] == pytest.approx(212.68, abs=0.01)  # Bates and Watts (1988), appendix A1.3
    assert better.x["K"] == pytest.approx(0.0641, abs=1e-4)


@pytest.mark.parametrize(
    ("table", "formula", "start"),
    [
        (DECAY, "y ~ a*exp(b*x)", "a=1,b=-400"),
        (ORANGE, "c ~ A/(1+exp((m-age)/s))", "A=1,m=1,s=1"),
    ],
)
def test_with_nothing_set_a_plateau_is_left(table, formula, start):
    found = ds.fit(table, formula, start=start)
    assert found.success
    assert found.r2 > 0.9


@pytest.mark.parametrize(
    ("table", "formula", "start"),
    [
        (STRAIGHT, "y ~ a*(1-exp(-b*x))", "a=1,b=1"),
        (LEVELLING, "y ~ a*exp(-b*x)+c", "a=1,b=1,c=1"),
    ],
)
def test_parameters_on_their_way_along_a_valley_are_named(table, formula, start):
    """A line is the limit of such a curve as a grows and b falls: the cost falls towards that of the line for ever."""
    found = ds.fit(table, formula, start=start)
    assert not found.success
    assert "falls on and on as the parameters grow" in found.message
    told = advised(found, "grows_without_bound")
    assert "a" in told["parameters"]
    line = np.polyfit(table["x"], table["y"], 1)
    assert found.loss > np.mean((np.polyval(line, table["x"]) - table["y"]) ** 2)
    assert ds.fit(table, formula, start=start, l2=told["l2"]).status == "converged"


def test_a_minimum_is_no_way_to_infinity():
    """The others fitted anew, the cost rises on both sides of it."""
    for table, formula, start in (
        (DECAY, "y ~ a*exp(b*x)", "a=1,b=5"),
        (ORANGE, "c ~ A/(1+exp((m-age)/s))", "A=170,m=700,s=430"),
    ):
        found = ds.fit(table, formula, start=start)
        assert found.success
        assert goes_on(found.problem, found.run) is None
