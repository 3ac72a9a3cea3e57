"""The surface in three dimensions, and what a finger does on the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from on_the_page import at, bowl, fields

PICTURE = "document.querySelector('canvas.map').toDataURL()"
PHONE = {"viewport": {"width": 320, "height": 700}, "has_touch": True, "is_mobile": True}


def turned(page: Any) -> str:
    page.get_by_label("Picture", exact=True).select_option(label="Surface")
    page.wait_for_timeout(100)
    return str(page.evaluate(PICTURE))


def test_the_surface_is_turned_by_dragging_and_by_keys(visit):
    page = visit(bowl())
    before = turned(page)
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, 0.6, 0.45))
    page.mouse.up()
    page.wait_for_timeout(100)
    dragged = page.evaluate(PICTURE)
    assert dragged != before
    assert fields(page) == [-7.0, 2.0]
    page.locator("canvas.map").press("ArrowLeft")
    page.wait_for_timeout(400)
    after = page.evaluate(PICTURE)
    assert after != dragged
    assert "Drag to turn the surface" in page.locator(".told").inner_text()
    again = visit(bowl(), page.evaluate("location.hash"))
    again.wait_for_timeout(200)
    assert again.get_by_label("Picture", exact=True).input_value() == "surface"
    assert again.evaluate(PICTURE) == after
    with again.expect_download() as begun:
        again.get_by_role("button", name="Picture as SVG").click()
    assert Path(begun.value.path()).read_text(encoding="utf-8").count("<polygon") == 44 * 44


def swipe(page: Any, places: list[tuple[float, float]]) -> None:
    """A finger goes through these places of the screen."""
    touch = page.context.new_cdp_session(page)
    (x, y), *rest = places
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for x, y in rest:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
        page.wait_for_timeout(30)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(200)


def handle(page: Any) -> tuple[float, float]:
    """Where on the screen the start is: at x = -7 and y = 2 of [-10, 10] x [-5, 5], in the frame of the map."""
    page.locator("canvas.map").scroll_into_view_if_needed()
    box = page.locator("canvas.map").bounding_box()
    return box["x"] + 56 + 0.15 * (box["width"] - 72), box["y"] + 24 + 0.3 * (box["height"] - 70)


def test_a_finger_on_the_start_drags_it_and_the_page_stays(visit):
    page = visit(bowl(), **PHONE)
    x, y = handle(page)
    scrolled = page.evaluate("scrollY")
    swipe(page, [(x, y), (x + 10, y + 10), (x + 40, y + 40), (x + 60, y + 60)])
    assert page.evaluate("scrollY") == scrolled
    assert fields(page)[0] > -6
    assert fields(page)[1] < 1.5


def test_a_finger_elsewhere_on_the_picture_scrolls_and_a_tap_places_the_start(visit):
    page = visit(bowl(), **PHONE)
    handle(page)
    scrolled = page.evaluate("scrollY")
    box = page.locator("canvas.map").bounding_box()
    x, y = box["x"] + 0.8 * box["width"], box["y"] + 0.7 * box["height"]
    swipe(page, [(x, y), (x, y - 30), (x, y - 80), (x, y - 120)])
    assert page.evaluate("scrollY") > scrolled + 40
    assert fields(page) == [-7.0, 2.0]
    page.locator("canvas.map").tap(position={"x": 0.75 * box["width"], "y": 0.6 * box["height"]})
    page.wait_for_timeout(100)
    assert fields(page)[0] > 2
