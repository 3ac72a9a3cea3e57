"""The page of the studio, in a real browser: Python explains what has come to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import downslope as ds

pytest.importorskip("starlette", reason="Starlette is not installed (pip install 'downslope[studio]')")
pytest.importorskip("uvicorn", reason="uvicorn is not installed (pip install 'downslope[studio]')")


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens the studio of something; after the test no request has gone elsewhere and there was no error."""
    noticed: list[str] = []
    contexts, servers = [], []

    def open_studio(what: Any, **options: Any) -> Any:
        server = ds.studio(what, browser=False, wait=False)
        servers.append(server)
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 1000}} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith((server.address, "data:", "blob:"))
                or noticed.append(f"request {asked.url}")
            ),
        )
        page.on("console", lambda said: said.type in ("error", "warning") and noticed.append(said.text))
        page.on("pageerror", lambda error: noticed.append(str(error)))
        page.goto(server.address)
        page.server, page.noticed = server, noticed
        return page

    yield open_studio
    for context in contexts:
        context.close()
    for server in servers:
        server.close()
    assert noticed == []


def explained(page: Any) -> str:
    page.locator(".explained:not([aria-busy]) details summary").first.wait_for()
    return str(page.locator(".explained").inner_text())


def test_a_settled_setting_is_explained_by_python(opened):
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30)
    page = opened(run)
    said = explained(page)
    for sentence in run.explain().sentences:
        assert str(sentence) in said
    page.get_by_label("Learning rate η").fill("1.05")
    page.get_by_label("Most steps").fill("60")
    other = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=1.05, steps=60)
    page.locator(".explained p", has_text=str(other.explain().sentences[-1])).first.wait_for()
    said = explained(page)
    for sentence in other.explain().sentences:
        assert str(sentence) in said


def test_several_rules_are_explained_each(opened):
    runs = [
        ds.minimize("x^2 + y^4", {"x": 2, "y": 1}, optimizer=rule, steps=20, explain=False)
        for rule in ("adam(0.1)", "momentum(0.05)")
    ]
    page = opened(runs)
    explained(page)
    titles = page.locator(".explained summary").all_inner_texts()
    assert [rule in title for rule, title in zip(("adam", "momentum"), titles, strict=True)] == [True, True]


def test_without_python_the_page_goes_on(opened):
    page = opened(None)
    explained(page)
    page.server.close()
    page.get_by_label("Learning rate η").fill("0.5")
    page.locator(".explained .error", has_text="Python does not answer").wait_for()
    assert page.locator("[aria-live] p").count() > 1
    page.noticed.clear()  # the browser says that the connection was refused
