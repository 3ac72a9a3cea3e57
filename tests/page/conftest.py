"""A real browser, Debian's Chromium, in which every request and every error of a page is noticed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def missing(reason: str) -> None:
    """Browser tests are skipped where there is no browser, but never where all of them are to be run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        if CHROMIUM is None and not Path(playwright.chromium.executable_path).exists():
            missing(
                "Chromium is not installed (apt-get install chromium, or python -m playwright install chromium)"
            )
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(chromium: Any, tmp_path: Path) -> Iterator[Visit]:
    """Opens a page's text from disk; after the test there must have been no request and no error."""
    noticed: list[str] = []
    contexts = []

    def opened(text: str, fragment: str = "", **options: Any) -> Any:
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        context = chromium.new_context(
            accept_downloads=True, **({"viewport": {"width": 1280, "height": 1000}} | options)
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        own = file.as_uri()
        page.on(
            "request", lambda request: _other(request.url, own) and noticed.append(f"request {request.url}")
        )
        page.on("console", lambda said: said.type in ("error", "warning") and noticed.append(said.text))
        page.on("pageerror", lambda error: noticed.append(str(error)))
        page.goto(own + fragment)
        page.locator("[aria-live] p").first.wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert noticed == []


def _other(url: str, own: str) -> bool:
    return not url.startswith(("data:", "blob:")) and url.partition("#")[0] != own
