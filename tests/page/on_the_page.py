"""What tests of the page in a browser do and read there."""

from __future__ import annotations

import csv
import functools
import io
from pathlib import Path
from typing import Any

import downslope as ds

BOWL, START = "x^2/20 + y^2", {"x": -7.0, "y": 2.0}


@functools.cache
def bowl() -> str:
    return ds.minimize(BOWL, START, learning_rate=0.95, steps=30, explain=False).to_html()


def fields(page: Any) -> list[float]:
    return [
        float(page.locator(".starts input").nth(i).input_value())
        for i in range(page.locator(".starts input").count())
    ]


def summary(page: Any) -> str:
    return str(page.locator("[aria-live]").inner_text())


def steps(page: Any) -> list[dict[str, str]]:
    """All steps of all paths, by the file that the page writes."""
    page.locator("details.steps > summary").scroll_into_view_if_needed()
    if not page.get_by_role("button", name="Save as CSV").is_visible():
        page.locator("details.steps > summary").click()
    with page.expect_download() as begun:
        page.get_by_role("button", name="Save as CSV").click()
    return list(csv.DictReader(io.StringIO(Path(begun.value.path()).read_text(encoding="utf-8"))))


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a part of the map is, both from 0 to 1."""
    page.locator("canvas.map").scroll_into_view_if_needed()
    box = page.locator("canvas.map").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def error(page: Any) -> str:
    return str(page.locator("#refused").inner_text())
