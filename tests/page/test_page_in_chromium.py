"""The page in a real browser: what people do on it, and that nothing leaves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from on_the_page import BOWL, START, at, bowl, error, fields, steps, summary

import downslope as ds
from downslope.optimizers import all_optimizers
from downslope.page.document import page_of


def test_it_opens_from_disk_and_ends_like_the_run(visit):
    page = visit(bowl())
    assert "ends like the run it was written from, after 30 steps" in page.locator(".evidence").inner_text()
    page.locator("[aria-live]", has_text="after 30 steps").wait_for()
    assert "From x = −7, y = 2." in summary(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


AMPLIFY = {"armijo", "barzilai_borwein_long"}  # steps from differences, which near the minimum are rounding


@pytest.mark.parametrize("rule", ["gradient_descent", "adam", "rprop", "lbfgs", *sorted(AMPLIFY)])
@pytest.mark.parametrize(
    ("formula", "start"),
    [
        (BOWL, START),
        ("log(1 + exp(x)) + sin(y)^2 + x^2/8", {"x": 2.0, "y": 0.7}),
        ("(x^2 - 1)^2 + x/3", {"x": 2.0}),
    ],
)
def test_the_numbers_are_those_of_python(visit, rule, formula, start):
    run = ds.minimize(formula, start, optimizer=rule, steps=8 if rule in AMPLIFY else 25, explain=False)
    page = visit(run.to_html())
    theirs = steps(page)
    assert len(theirs) == len(run.history)
    for name in start:
        np.testing.assert_allclose(
            [float(row[name]) for row in theirs], run.history[name], rtol=1e-9, atol=1e-12
        )
    values = [float(row["value"]) for row in theirs]
    np.testing.assert_allclose(values, run.history.value, rtol=1e-9, atol=1e-12)


def test_dragging_the_start_moves_the_path(visit):
    page = visit(bowl())
    before = steps(page)
    page.mouse.move(*at(page, 0.5, 0.3))
    page.mouse.down()
    for part in (0.55, 0.6, 0.65):
        page.mouse.move(*at(page, part, 0.25))
    moved = fields(page)
    page.mouse.up()
    page.wait_for_timeout(100)
    after = steps(page)
    assert moved != [-7.0, 2.0]
    assert [float(after[0]["x"]), float(after[0]["y"])] == moved == fields(page)
    assert len(after) == len(before)
    run = ds.minimize(BOWL, dict(zip("xy", moved, strict=True)), learning_rate=0.95, steps=30, explain=False)
    np.testing.assert_allclose([float(row["x"]) for row in after], run.history["x"], rtol=1e-9)


def test_a_click_places_the_start(visit):
    page = visit(bowl())
    page.mouse.click(*at(page, 0.5, 0.5))
    x, y = fields(page)
    assert abs(x) < 1
    assert abs(y) < 1


def test_the_keyboard_alone_does_everything(visit):
    page = visit(bowl())
    page.locator("canvas.map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    x, y = fields(page)
    assert x > -7
    assert y > 2.5
    reached = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):  # round once, through the browser's own fields
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "(() => { const e = document.activeElement; return e === document.body ? null :"
                " e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || e.className })()"
            )
        )
    for named in (
        "Example",
        "Classic problem",
        "Formula of one or two variables",
        "Start x",
        "Play",
        "Add a rule",
    ):
        assert any(named in (one or "") for one in reached), (named, reached)
    page.get_by_label("Formula of one or two variables").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("x^2 + 3*y^2")
    page.get_by_role("button", name="To the start").focus()
    page.keyboard.press("Enter")
    assert "Step 0 of" in page.locator(".player output").inner_text()
    page.get_by_role("button", name="One step forward").press("Space")
    assert "Step 1 of" in page.locator(".player output").inner_text()


def test_a_bad_formula_has_a_caret_and_the_last_good_picture_stays(visit):
    page = visit(bowl())
    formula = page.get_by_label("Formula of one or two variables")
    picture = "document.querySelector('canvas.map').toDataURL()"
    before = page.evaluate(picture)
    formula.fill("x^2/20 + (y^2")
    assert 'the bracket "(" opened here is never closed' in error(page)
    assert page.locator("#refused pre").inner_text().splitlines() == ["x^2/20 + (y^2", "         ^"]
    assert formula.get_attribute("aria-invalid") == "true"
    page.wait_for_timeout(100)
    assert page.evaluate(picture) == before
    formula.fill("x^2/20 + (y^2)")
    assert error(page) == ""
    formula.fill("x + y + z")
    assert "one or two variables" in error(page)
    formula.fill("(x - 1)^2")
    page.wait_for_timeout(100)
    assert len(fields(page)) == 1
    assert steps(page)[0]["x"] == "-7"


def test_the_address_stays_until_somebody_does_something(visit):
    page = visit(bowl())
    page.wait_for_timeout(600)
    assert page.evaluate("location.hash") == ""
    page.get_by_label("Start x").fill("3")
    page.wait_for_timeout(600)
    assert page.evaluate("location.hash") != ""


def test_the_link_holds_everything(visit):
    page = visit(bowl())
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("Rule 2", exact=True).select_option("adam")
    page.locator("fieldset").last.get_by_label("Learning rate η").fill("0.25")
    page.get_by_label("Start x").fill("-3.5")
    page.get_by_label("Most steps").fill("12")
    page.get_by_role("button", name="One step back").click()
    page.wait_for_timeout(500)
    again = visit(bowl(), page.evaluate("location.hash"))
    again.wait_for_timeout(300)
    assert fields(again) == [-3.5, 2.0]
    assert again.get_by_label("Rule 2", exact=True).input_value() == "adam"
    assert "Step 11 of 12" in again.locator(".player output").inner_text()
    assert steps(again) == steps(page)


def test_several_rules_a_preset_and_a_problem(visit):
    page = visit(bowl())
    page.get_by_label("Example", exact=True).select_option(label="Four rules side by side")
    page.wait_for_timeout(300)
    assert {row["rule"] for row in steps(page)} == {"1 gradient_descent", "2 momentum", "3 adagrad", "4 adam"}
    page.get_by_label("Classic problem").select_option(label="Himmelblau")
    page.wait_for_timeout(300)
    assert (
        page.get_by_label("Formula of one or two variables").input_value()
        == "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"
    )
    assert fields(page) == [0.0, 0.0]


def test_every_preset_and_problem_is_drawn(visit):
    page = visit(bowl())
    for label in ("Example", "Classic problem"):
        menu = page.get_by_label(label, exact=True)
        for value in menu.locator("option").evaluate_all("all => all.map(one => one.value).filter(Boolean)"):
            menu.select_option(value)
            assert error(page) == ""
            assert page.locator(".starts + .error").inner_text() == ""


@pytest.mark.parametrize("formula", ["x^2/20 + y^2", "exp(x/4) + (x - 1)^2"])
def test_every_rule_is_followed_and_its_update_is_shown(visit, formula):
    page = visit(bowl())
    page.get_by_label("Formula of one or two variables").fill(formula)
    choice = page.get_by_label("Rule 1", exact=True)
    names = choice.locator("option").evaluate_all("all => all.map(one => one.value)")
    assert names == sorted(cls.name() for cls in all_optimizers())
    for name in names:
        choice.select_option(name)
        page.locator("[aria-live]", has_text=f"{name}: ").wait_for()
        assert page.locator(".update h3").inner_text() == name
        assert "next point" in page.locator(".update").inner_text()


def test_a_name_that_comes_back_begins_where_it_was(visit):
    page = visit(bowl())
    formula = page.get_by_label("Formula of one or two variables")
    formula.fill("x^2")
    assert fields(page) == [-7.0]
    formula.fill("x^2 + 3y^2")
    assert fields(page) == [-7.0, 2.0]


def test_the_limit_is_marked_where_it_is_known(visit):
    page = visit(bowl())
    assert page.locator("button.limit").inner_text() == "limit 2/L = 1"
    page.locator("button.limit").click()
    assert page.get_by_label("Learning rate η").input_value() == "1"
    page.get_by_label("Formula of one or two variables").fill("x^4 + y^2")
    page.wait_for_timeout(200)
    assert "2/L at step" in page.locator("button.limit").inner_text()
    page.get_by_label("Example", exact=True).select_option(label="Chatter")  # kinks have no curvature
    page.wait_for_timeout(200)
    assert not page.locator("button.limit").is_visible()


def test_one_update_has_its_numbers_put_in_and_its_result_is_the_next_point(visit):
    page = visit(
        page_of([ds.minimize(BOWL, START, optimizer=rule, steps=3, explain=False) for rule in RULES])
    )
    page.get_by_role("button", name="To the start").click()
    page.get_by_role("button", name="One step forward").click()
    page.wait_for_timeout(400)
    rows = steps(page)
    sections = page.locator(".update section")
    for i, rule in enumerate(RULES):
        text = sections.nth(i).inner_text()
        nexts = [row for row in rows if row["rule"] == f"{i + 1} {rule}"][2]
        results = [
            part.split("=")[-1].strip() for part in text.splitlines() if part.startswith(("x′ ←", "y′ ←"))
        ]
        ours = [float(result.replace("−", "-")) for result in results]
        np.testing.assert_allclose(ours, [float(nexts["x"]), float(nexts["y"])], rtol=1e-5)


RULES = ["gradient_descent", "momentum", "adam", "adagrad", "rmsprop", "nesterov"]


def test_pictures_are_kept(visit):
    page = visit(bowl())
    with page.expect_download() as begun:
        page.get_by_role("button", name="Picture as SVG").click()
    svg = Path(begun.value.path()).read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "<path" in svg
    with page.expect_download() as begun:
        page.get_by_role("button", name="Picture as PNG").click()
    assert Path(begun.value.path()).read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_320_pixels_in_both_themes(visit, scheme):
    page = visit(bowl(), viewport={"width": 320, "height": 700}, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_label("Example", exact=True).select_option(label="Four rules side by side")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select, button, canvas[tabindex]')].filter(e => !e.hidden &&"
        " !e.getAttribute('aria-label') && !(e.labels && e.labels.length)"
        " && !e.textContent.trim()).map(e => e.outerHTML)"
    )
    assert unnamed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, scheme):
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).with_name("axe.min.js")
    page = visit(bowl(), color_scheme=scheme)
    page.get_by_label("Example", exact=True).select_option(label="Four rules side by side")
    for closed in page.locator("summary").all():
        closed.click()
    page.get_by_label("Formula of one or two variables").fill("x^2 + (y")
    page.wait_for_timeout(300)
    page.evaluate(axe.read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run().then(found => found.violations)")
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in violations] == []


def test_playing_goes_to_the_end(visit):
    page = visit(bowl())
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.locator(".player output", has_text="Step 30 of 30").wait_for()
    page.get_by_role("button", name="Play").wait_for()


def test_the_policy_refuses_other_scripts_and_requests(chromium, tmp_path):
    (tmp_path / "page.html").write_text(bowl(), encoding="utf-8")
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.add_init_script("")
    refused = page.evaluate(
        """async () => {
          const script = document.createElement("script");
          script.textContent = "window.hit = 1";
          document.body.append(script);
          const asked = await fetch("https://example.invalid/").then(() => "answered", () => "refused");
          return [window.hit ?? null, asked];
        }"""
    )
    assert refused == [None, "refused"]
    page.close()
