"""Hypotheses over tables on the page: every rule descends their cost, and a fit comes with its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from on_the_page import at, bowl, error, fields, steps

import downslope as ds
from downslope.errors import ObjectiveError, UsageError
from downslope.fitting.losses import LOSSES

TABLE = {"x": [2.0, 4.0, 6.0, 8.0], "y": [81.0, 93.0, 91.0, 97.0]}
LABELS = {"x": [-1.5, -1.0, 0.5, 0.2, 1.0, 2.0], "y": [0.0, 0.0, 1.0, 0.0, 1.0, 1.0]}
FORMULA = "Formula of one or two variables"


def paste(page: Any, text: str) -> None:
    if not page.locator("textarea").is_visible():
        page.locator("details.table summary").click()
    page.locator("textarea").fill(text)
    page.get_by_role("button", name="Take the table").click()
    page.wait_for_timeout(200)


@pytest.mark.parametrize(
    "rule", ["gradient_descent(0.02)", "adam(0.5)", "armijo", "rprop", "momentum(0.002)"]
)
def test_a_fit_is_made_again_with_its_numbers(visit, rule):
    fit = ds.fit(TABLE, "y ~ a*x + b", optimizer=rule, start={"a": 7.5, "b": 80.6}, steps=40)
    page = visit(fit.to_html())
    theirs = steps(page)
    history = fit.run.history
    assert len(theirs) == len(history)
    for name in "ab":
        np.testing.assert_allclose([float(row[name]) for row in theirs], history[name], rtol=1e-8)
    np.testing.assert_allclose([float(row["value"]) for row in theirs], history.value, rtol=1e-8)
    assert "ends like the run" in page.locator(".evidence").inner_text()


@pytest.mark.parametrize("loss", [name for name, one in LOSSES.items() if one.formula is not None])
def test_every_loss_is_that_of_the_library(visit, loss):
    table = LABELS if loss in ("log_loss", "poisson") else TABLE
    start = {"a": 0.5, "b": 0.25} if table is LABELS else {"a": 3.0, "b": 70.0}
    fit = ds.fit(table, "y ~ a*x + b", loss=loss, optimizer="gradient_descent(0.01)", start=start, steps=25)
    page = visit(fit.to_html())
    np.testing.assert_allclose([float(row["value"]) for row in steps(page)], fit.run.history.value, rtol=1e-9)
    assert page.get_by_label("Loss").input_value() == loss


def test_a_pasted_table_is_descended_dragged_and_kept_in_the_link(visit):
    page = visit(bowl())
    paste(page, "2;81\n4;93\n6;91\n8;97")  # two columns without names are x and y
    assert page.get_by_label(FORMULA).input_value() == "y = a*x + b"
    page.get_by_label("Loss").select_option("rmse")
    page.get_by_label("Start a").fill("2.3")
    page.get_by_label("Start b").fill("79")
    page.wait_for_timeout(200)
    assert float(steps(page)[0]["value"]) == pytest.approx(2.880972, abs=1e-6)
    picture = "document.querySelector('canvas.rows').toDataURL()"
    before = page.evaluate(picture)
    page.mouse.move(*at(page, 0.4, 0.4))
    page.mouse.down()
    page.mouse.move(*at(page, 0.6, 0.3))
    page.mouse.up()
    page.wait_for_timeout(500)
    assert fields(page) != [2.3, 79.0]
    assert page.evaluate(picture) != before
    again = visit(bowl(), page.evaluate("location.hash"))
    again.wait_for_timeout(300)
    assert steps(again) == steps(page)
    again.get_by_label(FORMULA).fill("y = b")  # one parameter: the curve of the cost
    again.wait_for_timeout(200)
    assert len(fields(again)) == 1
    again.get_by_role("button", name="Without a table").click()
    again.wait_for_timeout(200)
    assert "=" not in again.get_by_label(FORMULA).input_value()
    assert not again.locator("canvas.rows").is_visible()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", "at least two lines"),
        ("x,y\n1,2\n3,four", "Line 3: four is not a number"),
        ("x,y\n1,2\n3", "Line 3 has 1 cells, the first has 2"),
        ("\n".join(f"{k},{k}" for k in range(1001)), "at most 1,000 rows"),
        (",".join("abcdefghi") + "\n" + ",".join("123456789"), "at most 8 columns"),
    ],
)
def test_a_bad_table_is_refused_where_it_is_bad(visit, text, said):
    page = visit(bowl())
    paste(page, text)
    assert said in page.locator("details.table .error").inner_text()
    assert page.get_by_label(FORMULA).input_value() == "x^2/20 + y^2"


@pytest.mark.parametrize(
    ("hypothesis", "said", "caret"),
    [
        ("a*x + b", "the formula says what a column is: y = a*x + b", None),
        ("z = a*x + b", "The columns are x, y", None),
        ("y = a*x + (b", "never closed", 10),
        ("y = a*x + b + c", "one or two variables", None),
        ("y = x", "no variable", None),
    ],
)
def test_a_bad_hypothesis_is_refused(visit, hypothesis, said, caret):
    page = visit(bowl())
    paste(page, "x,y\n2,81\n4,93")
    page.get_by_label(FORMULA).fill(hypothesis)
    assert said in error(page)
    if caret is not None:
        assert page.locator("#refused pre").inner_text().splitlines()[1].index("^") == caret


@pytest.mark.parametrize(
    "rule",
    ["gradient_descent(0.02)", "momentum(0.002)", "adam(0.5)", "adagrad(0.5)", "rmsprop(0.2)"],
)
@pytest.mark.parametrize("l1", [0.5, 60.0])  # the stronger one holds a at 0
def test_a_penalty_l1_takes_the_steps_of_the_fit(visit, rule, l1):
    start = {"a": 1.5, "b": 80.6}
    fit = ds.fit(TABLE, "y ~ a*x + b", optimizer=rule, start=start, steps=60, l1=l1)
    page = visit(fit.to_html())
    theirs, history = steps(page), fit.run.history
    assert len(theirs) == len(history)
    assert [float(row["a"]) == 0 for row in theirs] == [a == 0 for a in history["a"]]
    for name in "ab":
        np.testing.assert_allclose([float(row[name]) for row in theirs], history[name], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose([float(row["value"]) for row in theirs], history.value, rtol=1e-9)
    norms = [float(row["gradient_norm"]) for row in theirs]
    np.testing.assert_allclose(norms, history.gradient_norm, rtol=1e-7, atol=1e-9)
    assert "ends like the run" in page.locator(".evidence").inner_text()
    assert f"{l1:g} times the absolute values of a." in page.locator("details.table").inner_text()


def test_a_fit_that_a_page_cannot_show_is_refused():
    classes = {"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "kind": ["a", "b", "a", "b", "c", "c"]}
    with pytest.raises(ObjectiveError, match="a page has losses of one formula"):
        ds.fit(classes, target="kind", features="x", loss="softmax").to_html()


def test_a_fit_in_other_coordinates_begins_where_it_began(visit):
    page = visit(ds.fit(TABLE, "y ~ a*x + b").to_html())
    assert fields(page) == [0.0, 0.0]
    assert page.locator(".evidence").inner_text() == ""
    last = steps(page)[-1]
    assert float(last["value"]) < 100


@pytest.mark.parametrize(
    "more",
    [
        {"weights": [1.0, 2.0, 0.0, 1.5]},
        {"l2": 0.25},
        {"weights": [1.0, 2.0, 3.0, 4.0], "l2": 0.5, "loss": "rmse"},
    ],
    ids=["weights", "penalty", "both"],
)
def test_weights_and_penalties_are_those_of_the_library(visit, more):
    start = {"a": 7.5, "b": 80.6}
    fit = ds.fit(TABLE, "y ~ a*x + b", optimizer="gradient_descent(0.02)", start=start, steps=40, **more)
    page = visit(fit.to_html())
    theirs, history = steps(page), fit.run.history
    for name in "ab":
        np.testing.assert_allclose([float(row[name]) for row in theirs], history[name], rtol=1e-9)
    np.testing.assert_allclose([float(row["value"]) for row in theirs], history.value, rtol=1e-9)
    assert "ends like the run" in page.locator(".evidence").inner_text()
    said = page.locator("details.table").inner_text()
    assert ("The rows count by weights." in said) == ("weights" in more)
    assert (f"a penalty: {more.get('l2')} times the squares of a." in said) == ("l2" in more)
    page.get_by_role("button", name="Take the table").click()  # as it is pasted, a table has neither
    page.wait_for_timeout(200)
    assert "weights" not in page.locator("details.table").inner_text()


CURVED = {"x": [-1.0, 0.0, 1.0, 2.0, 3.0], "z": [1.0, 0.0, 2.0, 1.0, 5.0], "y": [3.1, 1.0, 0.9, 2.8, 7.2]}


@pytest.mark.parametrize(("chosen", "free"), [(None, ["a", "b"]), (["b", "c"], ["b", "c"]), (["c"], ["c"])])
def test_of_more_parameters_some_are_held(visit, chosen, free):
    fit = ds.fit(CURVED, "y ~ a*x^2 + b*z + c")
    page = visit(fit.to_html(parameters=chosen))
    assert page.locator(".starts label").all_inner_texts() == [f"Start {name}" for name in free]
    held = [name for name in "abc" if name not in free]
    told = page.locator("section.text").inner_text()
    assert all(f"{name} = {fit.x[name]:.6g}" in told for name in held)
    for name in free:
        page.get_by_label(f"Start {name}").fill(repr(fit.x[name]))
    page.wait_for_timeout(200)
    assert float(steps(page)[0]["value"]) == pytest.approx(fit.loss, rel=1e-9)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [(["d"], "no parameter 'd'"), ([], "these are 0"), (["a", "b", "c"], "these are 3"), (["a", "a"], "2")],
)
def test_parameters_that_a_page_cannot_descend_are_refused(chosen, said):
    with pytest.raises(UsageError, match=said):
        ds.fit(CURVED, "y ~ a*x^2 + b*z + c").to_html(parameters=chosen)
