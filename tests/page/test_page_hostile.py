"""Formulas, names and links that are meant to do harm do nothing on the page but an error message."""

from __future__ import annotations

import json
from urllib.parse import quote

import numpy as np
import pytest
from on_the_page import BOWL, START, bowl, error, fields, steps

import downslope as ds

HOSTILE = [
    "</script><script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit = 1">',
    "x'\"`${window.hit = 1}",
    "constructor(x)",
    "x.constructor",
    "__proto__",
    "toString(1)",
    "[].filter.constructor('window.hit = 1')()",
    "x^2 + constructor^2",
    "__proto__^2 + hasOwnProperty^2",
    "\u202ex^2",
    "(" * 1500,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_formula_does_nothing(visit, text):
    page = visit(bowl())
    page.get_by_label("Formula of one or two variables").fill(text)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hit") is None
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 5  # data, words, program, what unpacks it, what it unpacked
    refused = error(page) != ""
    read = True
    try:
        read = len(ds.minimize(text, [1.0, 2.0], steps=1, learning_rate=0.1, explain=False).x) == 2
    except ds.DownslopeError:
        read = False
    if not read and text != "__proto__":  # of one variable, which the page takes
        assert refused


def test_a_formula_of_hostile_names_is_written_and_opened(visit):
    start = {"constructor": 1.0, "__proto__": 2.0}
    run = ds.minimize("constructor^2 + __proto__^2/2", start, learning_rate=0.1, steps=5, explain=False)
    page = visit(run.to_html())
    rows = steps(page)
    for name in start:
        np.testing.assert_allclose([float(row[name]) for row in rows], run.history[name], rtol=1e-12)


GOOD = {"formula": BOWL, "start": START, "steps": 30, "methods": [{"rule": "gradient_descent"}]}
LINKS = [
    "#%",
    "#<script>window.hit=1</script>",
    "#" + quote("{"),
    "#" + quote("null"),
    "#" + quote("[[[[]]]]"),
    "#" + quote(json.dumps({**GOOD, "methods": [{"rule": "constructor"}]})),
    "#" + quote(json.dumps({**GOOD, "methods": [{"rule": "__proto__"}]})),
    "#" + quote(json.dumps({**GOOD, "formula": 7})),
    "#" + quote(json.dumps({**GOOD, "start": [1, 2]})),
    "#" + quote('{"__proto__": {"hit": 1}}'),
    "#" + "a" * 100_000,
]


@pytest.mark.parametrize("fragment", LINKS, ids=lambda link: link[:40])
def test_a_hostile_link_is_one_error_message(visit, fragment):
    page = visit(bowl(), fragment)
    assert "The link cannot be read" in error(page)
    assert page.evaluate("window.hit ?? ({}).hit ?? null") is None
    assert fields(page) == [-7.0, 2.0]


@pytest.mark.parametrize(
    "more",
    [
        {"steps": 1e300},
        {"steps": -5},
        {"start": {"x": "1", "y": None}},
        {"view": [1, 0, 0, 1]},
        {"view": [-1e308, 1e308, -1e308, 1e308]},
        {
            "methods": [
                {"rule": "adam", "hyperparameters": {"beta1": 7, "learning_rate": -1, "__proto__": 3}}
            ]
            * 50
        },
        {"at": 10**9},
    ],
)
def test_a_link_of_odd_numbers_is_brought_into_range(visit, more):
    page = visit(bowl(), "#" + quote(json.dumps({**GOOD, **more})))
    assert error(page) == ""
    assert page.locator("fieldset").count() <= 6
    assert len(steps(page)) >= 1


def test_a_start_outside_the_domain_is_said(visit):
    page = visit(bowl(), "#" + quote(json.dumps({**GOOD, "start": {"x": 1e308, "y": -1e308}})))
    assert "not defined at the start" in page.locator(".starts + .error").inner_text()
    page.get_by_label("Formula of one or two variables").fill("log(x) + y^2")
    page.get_by_label("Start x").fill("2")
    page.get_by_label("Start y").fill("1")
    page.locator(".update section").first.wait_for()
    assert page.locator(".starts + .error").inner_text() == ""


def test_a_link_with_a_bad_formula_is_an_error_message(visit):
    page = visit(bowl(), "#" + quote(json.dumps({**GOOD, "formula": "x^^2"})))
    assert error(page) != ""
    assert fields(page) == [-7.0, 2.0]
