"""What a newcomer meets first: rates that do not run away, starts of tables, names, legends, lessons."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from on_the_page import BOWL, START, at, bowl, error, fields, steps, summary
from test_page_tables import FORMULA, paste

import downslope as ds
from downslope.page.document import page_of


def rate(page: Any) -> float:
    return float(page.get_by_label("Learning rate η").first.input_value())


def tables_of(page: Any) -> list[str]:
    return page.locator("textarea").input_value().splitlines()[0].split("\t")


@pytest.mark.parametrize("problem", ["rosenbrock", "beale", "booth"])
def test_a_problem_that_is_chosen_is_descended_below_the_limit(visit, problem):
    title = str(ds.problem(problem).title)
    page = visit(bowl(), "#" + quote(json.dumps(setting(methods=[method(1.9)]))))
    page.get_by_label("Classic problem").select_option(label=title)
    page.wait_for_timeout(400)
    limit = float(re.search(r"= ([\d.e−-]+)", page.locator("button.limit").inner_text())[1].replace("−", "-"))
    if "step" in page.locator("button.limit").inner_text():
        page.get_by_role("button", name="To the start").click()
        page.wait_for_timeout(300)
        said = page.locator("button.limit").inner_text()
        limit = float(re.search(r"= ([\d.e−-]+)", said)[1].replace("−", "-"))
    assert rate(page) <= limit
    assert "diverged" not in summary(page)


def setting(**more: Any) -> dict[str, Any]:
    return {"formula": BOWL, "start": START, "steps": 50, "methods": [method(0.95)], **more}


def method(rate: float, rule: str = "gradient_descent") -> dict[str, Any]:
    return {"rule": rule, "hyperparameters": {"learning_rate": rate}}


def test_a_rate_that_a_person_has_chosen_is_left(visit):
    page = visit(bowl(), "#" + quote(json.dumps(setting(methods=[method(1.5)]))))
    assert rate(page) == 1.5


@pytest.mark.parametrize(
    ("rows", "names", "start"),
    [
        ("x\ty\n1\t2\n2\t4\n3\t7", ["a", "b"], [0.0, 0.0]),
        ("hours studied\tscore (%)\n2\t81\n4\t93\n6\t91\n8\t97", ["a", "b"], [0.0, 0.0]),
    ],
)
def test_a_pasted_table_begins_where_its_parameters_count(visit, rows, names, start):
    page = visit(bowl())
    paste(page, rows)
    assert error(page) == ""
    assert fields(page) == start
    page.wait_for_timeout(300)
    values = [float(row["value"]) for row in steps(page)]
    assert values[-1] < values[0]
    assert np.all(np.isfinite(values))


def test_a_hypothesis_that_is_flat_at_zeros_begins_at_ones(visit):
    page = visit(bowl())
    page.locator("details.table summary").click()
    page.get_by_label(FORMULA).fill("y = a*exp(b*x)")
    paste(page, "x\ty\n0\t2\n1\t1\n2\t0.5")
    assert error(page) == ""
    assert fields(page) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("hours studied\tscore (%)\n1\t2\n2\t3", ["hours_studied", "score"]),
        ("hours studied,score\n1,2\n2,3", ["hours_studied", "score"]),
        ('"hours studied";"the score"\n1;2\n2;3', ["hours_studied", "the_score"]),
        ("hours studied  the score\n1  2\n2  3", ["hours_studied", "the_score"]),
        ("y\tx (cm)\tx (mm)\n1\t2\t3\n2\t3\t4", ["y", "x_cm", "x_mm"]),
        ("y\ty\n1\t2\n2\t3", ["y", "y_"]),
        ("y\t1st\n1\t2\n2\t3", ["y", "y_"]),
    ],
)
def test_names_of_several_words_are_names(visit, rows, names):
    page = visit(bowl())
    paste(page, rows)
    assert error(page) == ""
    assert tables_of(page) == names


def test_a_map_on_which_nothing_came_to_rest_says_so(visit):
    fit = ds.fit(
        {"x": [2.0, 4.0, 6.0, 8.0], "y": [81.0, 93.0, 91.0, 97.0]},
        "y ~ a*x + b",
        optimizer="gradient_descent(0.0001)",
        start={"a": 1, "b": 1},
        steps=50,
    )
    page = visit(fit.to_html())
    page.get_by_label("Picture").select_option("ends")
    page.locator(".told li", has_text="No run came to rest").wait_for()
    assert "the darker the more steps" not in page.locator(".told").inner_text()


def test_a_factor_that_is_rounding_is_nought(visit):
    page = visit(bowl(), "#" + quote(json.dumps(setting(methods=[method(0.5)]))))
    assert re.search(r"factors of the error in a step 0, 0\.95\.", summary(page))


def test_a_constant_curvature_has_an_axis_that_can_be_read(visit):
    run = ds.minimize(BOWL, START, optimizer="adam(0.1)", steps=60, explain=False)
    page = visit(run.to_html())
    texts = page.evaluate(
        """async () => {
          const said = [], draw = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
            if (this.canvas === document.querySelectorAll("canvas.chart:not(.rows)")[2]) said.push(text);
            return draw.call(this, text, ...more);
          };
          document.querySelector("[aria-label='One step back'], .player button:nth-of-type(2)").click();
          await new Promise((done) => setTimeout(done, 300));
          return said;
        }"""
    )
    numbers = [text for text in texts if re.fullmatch(r"[\d.]+", text)]
    assert len(numbers) >= 3
    assert len(set(numbers)) == len(numbers)


def test_branches_of_one_rule_are_told_apart(visit):
    run = ds.minimize(BOWL, START, learning_rate=0.95, steps=20, explain=False)
    other = ds.minimize(BOWL, START, learning_rate=0.5, steps=20, explain=False)
    page = visit(page_of([run, other]))
    said = summary(page)
    assert "1 gradient_descent: step limit" in said
    assert "2 gradient_descent: step limit" in said
    assert page.locator(".updates h3").all_inner_texts() == ["1 gradient_descent", "2 gradient_descent"]
    colours = page.locator("[aria-live] .of-path").evaluate_all(
        "all => all.map(one => one.style.borderColor)"
    )
    assert len(set(colours)) == len(colours) == 2
    assert page.locator(".method b").all_inner_texts() == ["1", "2"]


def test_the_legend_of_arrows_says_whose_they_are(visit):
    runs = [
        ds.minimize(BOWL, START, optimizer=rule, steps=20, explain=False)
        for rule in ("momentum(0.1)", "adam(0.1)")
    ]
    page = visit(page_of(runs))
    page.locator(".told", has_text="of momentum").wait_for()
    assert "roots of v of adam" in page.locator(".told").inner_text()


LESSON = """# A table

| rate | what comes |
|---:|:---|
| 0.95 | zig-zag |
| **1.05** | runs away |

See [the tutorial](https://example.org/a_b) and [a rate](#here), not [this](javascript:alert(1))
or [that](data:text/html,hit).
"""


def test_a_lesson_has_tables_and_links(visit):
    page = visit(page_of([ds.minimize(BOWL, START, learning_rate=0.9, steps=5)], LESSON))
    text = page.locator("section.text")
    assert text.locator("th").all_inner_texts() == ["rate", "what comes"]
    assert text.locator("td").all_inner_texts() == ["0.95", "zig-zag", "1.05", "runs away"]
    assert text.locator("td strong").inner_text() == "1.05"
    links = text.locator("a").evaluate_all(
        "all => all.map(one => [one.textContent, one.getAttribute('href'), one.rel])"
    )
    assert links == [
        ["the tutorial", "https://example.org/a_b", "noopener noreferrer"],
        ["a rate", "#here", "noopener noreferrer"],
    ]
    assert "[this](javascript:alert(1))" in text.inner_text()


def test_the_ring_of_the_focus_leaves_labels_free(visit):
    page = visit(bowl())
    for field in page.locator(".labelled > input, .labelled > select").all():
        if not field.is_visible():
            continue
        field.focus()
        page.keyboard.press("Shift")
        apart = field.evaluate(
            """one => {
              const style = getComputedStyle(one), label = one.previousElementSibling.getBoundingClientRect();
              const ring = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
              return one.getBoundingClientRect().top - ring - label.bottom;
            }"""
        )
        assert apart >= 0


def test_the_map_is_focused_within(visit):
    page = visit(bowl())
    page.mouse.click(*at(page, 0.5, 0.5))
    page.keyboard.press("ArrowLeft")
    assert page.locator("canvas.map").evaluate("one => parseFloat(getComputedStyle(one).outlineOffset)") < 0
