"""Pictures of the page to look at: every example in both themes at three widths, on one sheet each.

``python docs/page_pictures.py`` needs Playwright and Chromium; it writes ``docs/pictures/page/``.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import downslope as ds

FOLDER = Path(__file__).parent / "pictures" / "page"
WIDTHS = {
    320: (7, 200, 800),
    800: (5, 300, 720),
    1600: (4, 480, 500),
}  # pixels: columns, width and height on the sheet
COLOURS = 256


def shots(page: Any) -> list[Image.Image]:
    """The whole page with each of its examples."""
    menu = page.get_by_label("Example", exact=True)
    found = []
    for value in menu.locator("option").evaluate_all("all => all.map(one => one.value).filter(Boolean)"):
        menu.select_option(value)
        page.wait_for_timeout(400)
        found.append(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB"))
    return found


def sheet(pictures: list[Image.Image], columns: int, width: int, height: int) -> Image.Image:
    """The pictures in rows, cut off where they are longer."""
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * width, rows * height), "#808080")
    for place, picture in enumerate(pictures):
        small = picture.resize(
            (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
        )
        whole.paste(
            small.crop((0, 0, width, min(height, small.height))),
            (place % columns * width, place // columns * height),
        )
    return whole.quantize(COLOURS, Image.Quantize.FASTOCTREE)


def main() -> None:
    """Write a sheet for each width and theme."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    run = ds.minimize("x^2/20 + y^2", {"x": -7.0, "y": 2.0}, learning_rate=0.95, steps=29, explain=False)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        run.to_html(file)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for width, layout in WIDTHS.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme=scheme)
                page.goto(file.as_uri())
                page.wait_for_timeout(500)
                sheet(shots(page), *layout).save(FOLDER / f"{width}-{scheme}.png", optimize=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
