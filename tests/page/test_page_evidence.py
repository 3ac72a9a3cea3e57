"""What a page has of its run: its bits, what was found of it, scripts; and lessons beside it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from on_the_page import BOWL, START, bowl

import downslope as ds
from downslope.cli.main import cli
from downslope.errors import UsageError
from downslope.export import DIALECTS
from downslope.page.lesson import lesson_of


@pytest.mark.parametrize("rule", ["gradient_descent", "adam", "rprop", "nesterov"])
@pytest.mark.parametrize(
    ("formula", "start"), [(BOWL, START), ("(x^2 - 1)^2 + x*y + y^2", {"x": 1.7, "y": -1.0})]
)
def test_a_run_on_a_polynomial_is_made_again_to_the_last_bit(visit, formula, start, rule):
    run = ds.minimize(formula, start, optimizer=rule, steps=499, explain=False)
    page = visit(run.to_html())
    rows = len(run.history)
    assert f"{rule}: {rows} of {rows} points identical to the run." in page.locator(".evidence").inner_text()


def test_a_climb_and_a_long_run_too(visit):
    run = ds.maximize("-x^2/20 - y^2", START, learning_rate=0.01, steps=3300, explain=False)
    assert "551 of 551 points identical" in visit(run.to_html()).locator(".evidence").inner_text()


def test_it_says_from_where_the_digits_part(visit):
    page = ds.minimize(BOWL, START, learning_rate=0.95, steps=30, explain=False).to_html()
    other = ds.minimize(BOWL, START | {"y": 2.0000001}, learning_rate=0.95, steps=30, explain=False).to_html()
    ours, theirs = (text.split('"points":"')[1].split('"')[0] for text in (page, other))
    mixed = visit(page.replace(ours, ours[:110] + theirs[110:]))
    said = mixed.locator(".evidence").inner_text()
    assert "of 31 points identical to the run; from step 5 the digits part" in said
    assert said.count("differ between machines") == 1


def test_what_was_found_of_the_run_stands_on_the_page_until_something_is_dragged(visit):
    run = ds.minimize(BOWL, START, learning_rate=0.95, steps=30)
    page = visit(run.to_html())
    for sentence in run.explain().sentences:
        assert str(sentence) in page.locator(".evidence").inner_text()
    page.locator("canvas.map").press("ArrowRight")
    page.wait_for_timeout(100)
    assert page.locator(".evidence").inner_text() == ""


def test_the_run_is_there_as_a_script_in_every_dialect(visit):
    run = ds.minimize(BOWL, START, learning_rate=0.95, steps=30, explain=False)
    page = visit(run.to_html())
    page.locator("details.scripts summary").click()
    menu = page.get_by_label("Dialect")
    assert menu.locator("option").all_inner_texts() == list(DIALECTS)
    for dialect in DIALECTS:
        menu.select_option(dialect)
        assert page.locator("pre.code").text_content() == run.export(dialect)


LESSON = """hide: rules, progress
# Zig-zag
Drag the **start**; <img src=x onerror="window.hit = 1"> stays `text`.

- along y
- along x
"""


def test_a_lesson_stands_beside_the_page_and_goes_with_the_link(visit, tmp_path):
    text, page_file = tmp_path / "lesson.md", tmp_path / "page.html"
    text.write_text(LESSON, encoding="utf-8")
    asked = [
        "page",
        BOWL,
        "--start",
        "x=-7,y=2",
        "--lesson",
        str(text),
        "--output",
        str(page_file),
        "--quiet",
    ]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    page = visit(page_file.read_text(encoding="utf-8"))
    section = page.locator(".text")
    assert section.locator("h2").inner_text() == "Zig-zag"
    assert section.locator("strong").inner_text() == "start"
    assert section.locator("li").all_inner_texts() == ["along y", "along x"]
    assert section.locator("img").count() == 0
    assert page.evaluate("window.hit") is None
    assert not page.locator("section.rules").is_visible()
    assert not page.locator(".charts").is_visible()
    assert page.locator("canvas.map").is_visible()
    page.get_by_label("Start x").fill("3")
    page.wait_for_timeout(400)
    again = visit(bowl(), page.evaluate("location.hash"))
    assert again.locator(".text h2").inner_text() == "Zig-zag"
    assert not again.locator("section.rules").is_visible()


def test_a_lesson_hides_only_what_there_is():
    assert lesson_of("Just text") == {"text": "Just text", "hide": []}
    with pytest.raises(UsageError, match="no part 'rulez' to hide"):
        lesson_of("hide: rulez\ntext")
    with pytest.raises(UsageError, match="at most 20,000 characters"):
        lesson_of("x" * 20_001)
