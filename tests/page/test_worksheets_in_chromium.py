"""A worksheet that is printed: on A4, its rows whole, its solution on a page of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import downslope as ds

A4 = 210 / 25.4 * 72, 297 / 25.4 * 72  # points
ROOM = (297 - 2 * 18) / 25.4 * 96  # pixels of a page between its margins


def test_it_is_printed_on_a4_without_a_line_that_is_cut(chromium: Any, tmp_path: Path) -> None:
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=29)
    path = tmp_path / "sheet.html"
    run.worksheet().save(path)
    page = chromium.new_page()
    page.goto(path.as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    boxes = [
        tuple(map(float, found)) for found in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    ]
    assert len(boxes) >= 2
    for wide, tall in boxes:
        assert abs(wide - A4[0]) < 1
        assert abs(tall - A4[1]) < 1
    page.emulate_media(media="print")
    whole = "tr, pre, img"
    kept = page.eval_on_selector_all(whole, "all => all.map(one => getComputedStyle(one).breakInside)")
    assert kept
    assert set(kept) == {"avoid"}
    heights = page.eval_on_selector_all(whole, "all => all.map(one => one.getBoundingClientRect().height)")
    assert max(heights) < ROOM  # so that each can be kept whole
    breaks = page.eval_on_selector_all("section", "all => all.map(one => getComputedStyle(one).breakBefore)")
    assert breaks == ["auto", "page"]
    page.close()
