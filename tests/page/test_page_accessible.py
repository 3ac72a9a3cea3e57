"""axe-core finds nothing on what the page shows beside its first picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.page.document import page_of


def of_runs(page: Any) -> None:
    page.get_by_label("Picture", exact=True).select_option("ends")
    page.locator(".told", has_text="200 × 200 runs").wait_for()


def of_the_surface(page: Any) -> None:
    page.get_by_label("Picture", exact=True).select_option("surface")


def of_a_branch_and_a_schedule(page: Any) -> None:
    page.get_by_role("slider", name="Step", exact=True).fill("5")
    page.get_by_role("button", name="Branch at step 5, keep both").click()
    page.get_by_label("Schedule of the learning rate").last.select_option("cosine")


def of_a_bad_table(page: Any) -> None:
    page.locator("details.table summary").click()
    page.locator("textarea").fill("x,y\n1,2\n3,four")
    page.get_by_role("button", name="Take the table").click()


def of_one_variable(page: Any) -> None:
    page.get_by_label("Formula of one or two variables").fill("x^2 + x")
    page.get_by_label("Secant, whose slope becomes the derivative").check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "show", [of_runs, of_the_surface, of_a_branch_and_a_schedule, of_a_bad_table, of_one_variable]
)
def test_axe_finds_nothing(visit, scheme, show):
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).with_name("axe.min.js")
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30, explain=False)
    page = visit(page_of([run], "# Zig-zag\n\nDrag the **start**."), color_scheme=scheme)
    show(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.wait_for_timeout(300)
    page.evaluate(axe.read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run().then(found => found.violations)")
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in violations] == []
