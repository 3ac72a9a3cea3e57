"""Maps of runs on the page: where each start ends, and the learning rate against the start, made by workers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from on_the_page import at, fields

import downslope as ds
from downslope.sweeping.runs import STATUSES

HIMMELBLAU = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"
CELLS = 200


@pytest.fixture(scope="module")
def himmelblau() -> str:
    return ds.minimize(
        HIMMELBLAU, {"x": 1.0, "y": 0.5}, learning_rate=0.01, steps=100, explain=False
    ).to_html()


def choose(page: Any, picture: str) -> None:
    page.get_by_label("Picture", exact=True).select_option(label=picture)
    whole(page)


def whole(page: Any) -> None:
    page.locator(".told", has_text=f"{CELLS} × {CELLS} runs").wait_for()


def legend(page: Any) -> dict[str, int]:
    items = page.locator(".legend li").all_inner_texts()
    return {item.rpartition(":")[0]: int(re.sub(r"\D", "", item.rpartition(":")[2])) for item in items}


def middles(low: float, high: float) -> list[float]:
    return [low + (k + 0.5) / CELLS * (high - low) for k in range(CELLS)]


def test_starts_end_where_a_sweep_says(visit, himmelblau):
    page = visit(himmelblau)
    choose(page, "Where each start ends")
    grid = middles(-5.0, 5.0)
    sweep = ds.sweep(HIMMELBLAU, start={"x": grid, "y": grid}, learning_rate=0.01, steps=200, tolerance=1e-6)
    theirs = legend(page)
    ours = sorted(point.runs for point in sweep.minima if point.kind == "minimum")
    assert len(ours) == 4
    # a start on the edge between two basins may go the other way by a unit in the last place
    np.testing.assert_allclose(sorted(runs for name, runs in theirs.items() if "x =" in name), ours, atol=4)
    assert sum(theirs.values()) == CELLS * CELLS


def test_rates_end_as_a_sweep_says_and_are_dragged(visit, himmelblau):
    page = visit(himmelblau)
    choose(page, "Learning rate against start")
    rates = [10**place for place in middles(-4.0, -1.0)]
    sweep = ds.sweep(
        HIMMELBLAU,
        start={"x": middles(-5.0, 5.0), "y": 0.5},
        learning_rate=rates,
        steps=200,
        tolerance=1e-6,
    )
    codes, counts = np.unique(sweep.ends.status, return_counts=True)
    ours = {
        str(STATUSES[code]).replace("_", " "): int(count) for code, count in zip(codes, counts, strict=True)
    }
    theirs = legend(page)
    assert theirs.keys() == ours.keys()
    assert max(abs(theirs[name] - ours[name]) for name in ours) <= CELLS * CELLS / 500
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, 0.7, 0.4))
    page.mouse.up()
    rate = float(page.get_by_label("Learning rate η").input_value())
    assert 0.003 < rate < 0.03
    assert rate != 0.01
    assert fields(page)[1] == 0.5
    assert fields(page)[0] > 1.5
    before = page.get_by_label("Learning rate η").input_value()
    page.locator("canvas.map").press("ArrowUp")
    assert float(page.get_by_label("Learning rate η").input_value()) > float(before)


def test_a_map_of_runs_follows_its_setting_and_is_not_interpolated(visit, himmelblau):
    page = visit(himmelblau)
    choose(page, "Where each start ends")
    before = legend(page)
    page.get_by_label("Learning rate η").fill("0.001")
    page.locator(".told", has_text="step limit").wait_for()
    whole(page)
    assert legend(page) != before
    with page.expect_download() as begun:
        page.get_by_role("button", name="Picture as SVG").click()
    assert "image-rendering:pixelated" in Path(begun.value.path()).read_text(encoding="utf-8")
    page.wait_for_timeout(400)
    again = visit(himmelblau, page.evaluate("location.hash"))
    whole(again)
    assert again.get_by_label("Picture", exact=True).input_value() == "ends"
    again.get_by_label("Picture", exact=True).select_option("lines")
    again.locator(".told", has_text="against the gradient").wait_for()
    assert again.locator(".legend").count() == 0


def test_of_one_variable_there_are_only_rates_and_only_of_rules_with_one(visit):
    page = visit(ds.minimize("x^4/4 - x^2", {"x": 2.0}, learning_rate=0.1, steps=50, explain=False).to_html())
    choices = page.get_by_label("Picture", exact=True).locator("option")
    assert choices.all_inner_texts() == ["Curve", "Learning rate against start"]
    choose(page, "Learning rate against start")
    assert "converged" in legend(page)
    page.get_by_label("Rule 1", exact=True).select_option("armijo")
    page.wait_for_timeout(100)
    assert choices.all_inner_texts() == ["Curve"]
