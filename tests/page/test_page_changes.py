"""Schedules, branches and changes in mid-run on the page go as they go in Python; what is seen of a rule's state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from on_the_page import BOWL, START, bowl, steps

import downslope as ds


def go_to(page: Any, step: int) -> None:
    page.get_by_role("slider", name="Step", exact=True).fill(str(step))


def of_rule(rows: list[dict[str, str]], rule: str, name: str) -> list[float]:
    return [float(row[name]) for row in rows if row["rule"] == rule]


def test_a_branch_keeps_both_paths_and_goes_as_in_python(visit):
    run = ds.minimize(BOWL, START, optimizer="momentum", learning_rate=0.3, steps=30, explain=False)
    page = visit(run.to_html())
    go_to(page, 12)
    page.get_by_role("button", name="Branch at step 12, keep both").click()
    assert page.evaluate("document.activeElement.id").endswith("learning_rate")
    page.get_by_label("Learning rate η").last.fill("0.05")
    page.wait_for_timeout(200)
    assert "until step 12: momentum, η = 0.3" in page.locator("fieldset").last.inner_text()
    branch = run.branch(12, learning_rate=0.05, steps=18)
    for name in "xy":
        np.testing.assert_allclose(of_rule(steps(page), "1 momentum", name), run.history[name], rtol=1e-12)
        np.testing.assert_allclose(of_rule(steps(page), "2 momentum", name), branch.history[name], rtol=1e-12)
    page.wait_for_timeout(400)
    again = visit(run.to_html(), page.evaluate("location.hash"))
    again.wait_for_timeout(300)
    assert steps(again) == steps(page)
    again.get_by_role("button", name="Undo the change at step 12").click()
    again.wait_for_timeout(200)
    straight = ds.minimize(BOWL, START, optimizer="momentum", learning_rate=0.05, steps=30, explain=False)
    np.testing.assert_allclose(of_rule(steps(again), "2 momentum", "x"), straight.history["x"], rtol=1e-12)


@pytest.mark.parametrize("rule", ["adam", "armijo"])
def test_a_change_to_another_rule_begins_there(visit, rule):
    run = ds.minimize(BOWL, START, learning_rate=0.3, steps=20, explain=False)
    page = visit(run.to_html())
    go_to(page, 5)
    page.get_by_role("button", name="Change from step 5 on").click()
    page.get_by_label("Rule 1", exact=True).select_option(rule)
    page.wait_for_timeout(200)
    changed = run.branch(5, optimizer=rule, steps=15)
    theirs = steps(page)
    assert len(theirs) == len(changed.history)
    np.testing.assert_allclose([float(row["x"]) for row in theirs], changed.history["x"], rtol=1e-9)
    np.testing.assert_allclose(
        [float(row["y"]) for row in theirs], changed.history["y"], rtol=1e-9, atol=1e-12
    )
    go_to(page, 5)
    page.wait_for_timeout(400)
    assert page.locator(".update h3").inner_text() == rule
    go_to(page, 4)
    page.wait_for_timeout(400)
    assert page.locator(".update h3").inner_text() == "gradient_descent"


@pytest.mark.parametrize("schedule", ["cosine(steps=30)", "warmup(steps=10) * step_decay(every=9)"])
def test_a_schedule_comes_with_the_run_and_one_is_chosen_in_the_form(visit, schedule):
    run = ds.minimize(BOWL, START, optimizer="adam", schedule=schedule, steps=30, explain=False)
    page = visit(run.to_html())
    np.testing.assert_allclose([float(row["x"]) for row in steps(page)], run.history["x"], rtol=1e-12)
    page.get_by_label("Schedule of the learning rate").select_option("exponential")
    page.get_by_label("rate", exact=True).fill("0.8")
    page.wait_for_timeout(200)
    other = ds.minimize(
        BOWL, START, optimizer="adam", schedule="exponential(rate=0.8)", steps=30, explain=False
    )
    np.testing.assert_allclose([float(row["x"]) for row in steps(page)], other.history["x"], rtol=1e-12)
    go_to(page, 3)
    page.wait_for_timeout(400)
    text = page.locator(".update").inner_text()  # whose rate is that of the step
    results = [part.split("=")[-1] for part in text.splitlines() if part.startswith(("x′ ←", "y′ ←"))]
    ours = [other.history["x"][4], other.history["y"][4]]
    np.testing.assert_allclose([float(one.replace("−", "-")) for one in results], ours, rtol=1e-5)


def test_each_coordinate_has_its_own_name_in_its_update(visit):
    page = visit(bowl())
    page.wait_for_timeout(300)
    lines = [line for line in page.locator(".update").inner_text().splitlines() if "←" in line]
    assert [line[:12] for line in lines] == ["x′ ← −η·g + ", "y′ ← −η·g + "]
    assert " + y = " in lines[1]


def test_what_a_rule_remembers_is_drawn_and_said(visit):
    page = visit(bowl())
    assert "against the gradient" in page.locator(".told").inner_text()
    picture = "document.querySelector('canvas.map').toDataURL()"
    go_to(page, 4)
    before = page.evaluate(picture)
    page.get_by_label("Rule 1", exact=True).select_option("adam")
    page.locator(
        ".told", has_text="Thick arrow: −m of adam. Dotted cross: the roots of v of adam."
    ).wait_for()
    assert page.evaluate(picture) != before


def test_the_curvature_stands_beside_the_limit(visit):
    page = visit(bowl())
    chart = page.get_by_role("img", name="Curvature against steps")
    before = chart.evaluate("one => one.toDataURL()")
    page.get_by_label("Learning rate η").fill("0.4")
    page.wait_for_timeout(200)
    assert chart.evaluate("one => one.toDataURL()") != before


def test_what_is_ahead_is_said_and_comes_true(visit):
    page = visit(bowl())
    go_to(page, 10)
    page.locator("[aria-live]", has_text="gradient_descent at step 10").wait_for()
    said = page.locator("[aria-live]").inner_text()
    assert "curvatures 2, 0.1, limit of the rate 1, factors of the error in a step −0.9, 0.905." in said
    left = int(said.split("About ")[1].split(" ")[0])
    run = ds.minimize(BOWL, START, learning_rate=0.95, tolerance=1e-6, explain=False)
    assert abs(10 + left - run.nit) <= 15
    page.get_by_label("Learning rate η").fill("1.01")
    page.locator("[aria-live]", has_text="A factor is not below 1").wait_for()
