"""What a person may ask to see, as text and as numbers."""

import subprocess
import sys

import pytest

from downslope.cli.outputs import view_of_run
from downslope.errors import UsageError
from downslope.plots.view import checked_view, parse_view


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("-10:10,-5:5", ((-10.0, 10.0), (-5.0, 5.0))),
        ("x=-10:10,y=-5:5", {"x": (-10.0, 10.0), "y": (-5.0, 5.0)}),
        (" x = 0 : 1e3 ", {"x": (0.0, 1000.0)}),
        ("0:2*pi", ((0.0, 6.283185307179586),)),
    ],
)
def test_views_are_read_as_typed(text, view):
    assert parse_view(text) == view


def test_the_command_line_takes_a_kind_as_a_view():
    assert view_of_run("progress") == {"kind": "progress"}
    assert view_of_run("0:1") == {"view": ((0.0, 1.0),)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "-10:10,-5:5"),
        ("1", "-10:10,-5:5"),
        ("1:2:3", "1:2:3"),
        ("a:b", "a number is needed"),
        ("x=1:2,3:4", "names some axes and not others"),
        ("x=1:2,x=3:4", "names x twice"),
        ("2:1", "the smaller one"),
        ("1:1", "the smaller one"),
        ("0:1/0", "finite"),
        ("0:9^9^9^9", "finite"),
        ("progress", "is a kind of picture: kind='progress'"),
    ],
)
def test_a_view_that_cannot_be_read_says_why(text, says):
    with pytest.raises(UsageError) as raised:
        parse_view(text)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("view", "says"),
    [
        (((1, 2), (3, 4), (5, 6)), "3 ranges; the axes are: x, y"),
        ({"z": (1, 2)}, "names 'z'; the axes are: x, y"),
        (((0, float("inf")),), "finite"),
        (((0, float("nan")),), "finite"),
        (((3, 1),), "the smaller one"),
        (((1, 2, 3),), "two numbers"),
        ((("a", "b"),), "two numbers"),
        (7, "give ranges"),
    ],
)
def test_wrong_numbers_say_what_is_allowed(view, says):
    with pytest.raises(UsageError) as raised:
        checked_view(view, ("x", "y"))
    assert says in str(raised.value)


def test_a_bare_pair_is_the_first_axis():
    assert checked_view((-1, 1), ("x", "value")) == {"x": (-1.0, 1.0)}


def test_matplotlib_waits_until_something_is_drawn_and_pyplot_for_ever():
    code = """
import sys
import downslope as ds, downslope.plots
from downslope.plots.view import parse_view
parse_view("0:1")
run = ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.1, steps=3)
assert not [name for name in sys.modules if name.startswith(("matplotlib", "PIL"))]
run.plot()
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
