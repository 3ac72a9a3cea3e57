"""The page of the studio, in a real browser: Python explains what has come to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from on_the_page import at, fields, steps

import downslope as ds
from downslope.objectives import as_objective

pytest.importorskip("starlette", reason="Starlette is not installed (pip install 'downslope[studio]')")
pytest.importorskip("uvicorn", reason="uvicorn is not installed (pip install 'downslope[studio]')")

from downslope.api import studio
from downslope.api.settled import PythonFunction, answer_page
from downslope.api.studio import content_of_function


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


def kinked(x, y):
    """No formula: it branches on its values."""
    steep = 1.0 if float(y) > 0 else 3.0
    return 0.05 * float(x) ** 2 + steep * float(y) ** 2


@pytest.fixture
def of_kinked(opened, monkeypatch):
    """Opens the studio of a function that only Python computes."""
    objective, start = as_objective(kinked, {"x": -7.0, "y": 2.0})
    function = PythonFunction("kinked(x, y)", objective)

    def opened_with(*rules):
        runs = [ds.minimize(objective, start, optimizer=rule, steps=40, explain=False) for rule in rules]
        content = content_of_function(function, runs)
        real = studio.serve_content
        monkeypatch.setattr(studio, "_content", lambda what: content)
        monkeypatch.setattr(studio, "serve_content", lambda made: real(made, function))
        page = opened("kinked")
        page.locator("[aria-live] p", has_text="after 40 steps").first.wait_for()
        return page, runs

    return opened_with


def test_a_function_that_only_python_has_is_descended(of_kinked):
    page, runs = of_kinked("gradient_descent(0.3)", "adam(0.2)", "armijo")
    rows = steps(page)
    for number, run in enumerate(runs, 1):
        own = [row for row in rows if row["rule"].startswith(f"{number} ")]
        assert len(own) == len(run.history)
        for name in "xy":
            np.testing.assert_allclose(
                [float(row[name]) for row in own], run.history[name], rtol=1e-9, atol=1e-12
            )
    explained(page)

    options = page.get_by_label("Picture").locator("option").evaluate_all("all => all.map(one => one.value)")
    assert options == ["lines", "surface"]


def test_it_is_dragged_and_its_rate_is_turned(of_kinked):
    page, _ = of_kinked("gradient_descent(0.3)")
    page.mouse.move(*at(page, 0.3, 0.5))
    page.mouse.down()
    for k in range(10):
        page.mouse.move(*at(page, 0.3 + 0.04 * k, 0.5 - 0.02 * k))
        page.wait_for_timeout(20)
    page.mouse.up()
    page.get_by_label("Learning rate η").fill("0.1")
    page.wait_for_timeout(1500)
    x, y = fields(page)
    assert (x, y) != (-7.0, 2.0)
    run = ds.minimize(kinked, {"x": x, "y": y}, learning_rate=0.1, steps=40, explain=False)
    rows = steps(page)
    assert len(rows) == 41
    np.testing.assert_allclose(float(rows[-1]["x"]), run.x["x"], rtol=1e-9)
    np.testing.assert_allclose(float(rows[-1]["y"]), run.x["y"], rtol=1e-9, atol=1e-12)
    page.get_by_label("Formula of one or two variables").fill("x^2 + y^2")
    page.wait_for_timeout(300)
    assert len(steps(page)) == 41


def test_what_a_page_asks_of_a_function_is_checked():
    objective, _ = as_objective(kinked, {"x": -7.0, "y": 2.0})
    function = PythonFunction("kinked(x, y)", objective)
    setting = {
        "formula": "kinked(x, y)",
        "start": {"x": 1.0, "y": 1.0},
        "methods": [{"rule": "adam"}],
        "steps": 3,
    }
    good = {"kind": "function", "points": [[1.0, 1.0], [0.0, 2]], "setting": setting}
    known = {tuple(x): values for x, values in answer_page(good, function)["evaluated"]}
    assert known[0.0, 2.0] == pytest.approx([4.0, 0.0, 4.0], abs=1e-6)
    assert len(known) == 5
    for wrong in (None, 7, [[1]], [[1, 2, 3]], [["1", "2"]], [[1, None]], [[1, 10**400]], [[0, 0]] * 20_001):
        with pytest.raises(ds.errors.UsageError, match="no setting"):
            answer_page({**good, "points": wrong}, function)
    for wrong in (
        {"steps": 10**9},
        {"methods": 7},
        {"methods": "adam"},
        {"methods": [{"rule": "__class__"}]},
    ):
        with pytest.raises(ds.errors.UsageError, match="no setting"):
            answer_page({**good, "setting": {**setting, **wrong}}, function)
    with pytest.raises(ds.errors.UsageError, match="no setting"):
        answer_page(good)  # a page without a function has none to ask for
