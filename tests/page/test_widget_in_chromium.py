"""The widget's module in a real browser, in a small host that does what anywidget's does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import downslope as ds

pytest.importorskip("anywidget", reason="anywidget is not installed (pip install 'downslope[notebook]')")

from downslope.notebook import display
from downslope.notebook.widget import PageWidget
from downslope.page.document import content_of

MODULE = Path(display.__file__).with_name("widget.js")
BOWL, START = "x^2/20 + y^2", {"x": -7.0, "y": 2.0}

# A model as anywidget gives it to a view; what is sent goes to Python, whose answers come by window.receive.
HOST = """
async (text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const state = { page: "", title: "A page", height: 700 }, listeners = new Map();
  const of = (name) => listeners.get(name) ?? listeners.set(name, new Set()).get(name);
  const model = {
    get: (name) => state[name],
    on: (name, call) => of(name).add(call),
    off: (name, call) => of(name).delete(call),
    send: (said) => window.python(JSON.stringify(said)),
  };
  window.receive = (changes, messages) => {
    Object.assign(state, changes);
    for (const name of Object.keys(changes)) for (const call of of(`change:${name}`)) call();
    for (const said of messages) for (const call of of("msg:custom")) call(said, []);
  };
  window.listening = () => [...listeners.values()].reduce((sum, calls) => sum + calls.size, 0);
  window.show = () => {
    const el = document.body.appendChild(document.createElement("div"));
    const end = widget.render({ model, el, experimental: {} });
    return (window.ends ??= []).push(end) - 1;
  };
}
"""


@pytest.fixture
def host(chromium: Any) -> Iterator[Any]:
    """A browser page with the module, and a widget in Python behind it; no request and no error is allowed."""
    noticed: list[str] = []
    widget = PageWidget(
        lambda: content_of([ds.minimize(BOWL, START, learning_rate=0.95, steps=30, explain=False)])
    )
    sent: list[Any] = []
    widget.send = lambda content, buffers=None: sent.append(content)
    context = chromium.new_context(viewport={"width": 1000, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("console", lambda said: said.type in ("error", "warning") and noticed.append(said.text))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on(
        "request",
        lambda asked: asked.url.startswith(("data:", "blob:", "about:")) or noticed.append(asked.url),
    )
    page.heard = []

    def python(text: str) -> None:
        """What a kernel does with a custom message."""
        before = widget.page
        page.heard.append(json.loads(text))
        widget._handle_custom_msg(json.loads(text), [])
        changes = {"page": widget.page} if widget.page != before else {}
        page.evaluate("([changes, messages]) => window.receive(changes, messages)", [changes, sent[:]])
        sent.clear()

    pending: list[str] = []
    page.expose_function("python", lambda text: pending.append(text))

    def settle(frame: Any) -> None:
        """Let Python answer what was asked, until the page says what it has been told."""
        for _ in range(400):
            while pending:
                python(pending.pop(0))
            if frame is not None and frame.locator(".explained:not([aria-busy]) details p").count():
                return
            page.wait_for_timeout(50)
        raise AssertionError("Python was not asked, or the page took no answer")

    page.settle = settle
    page.evaluate(HOST, MODULE.read_text(encoding="utf-8"))
    yield page
    context.close()
    widget.close()
    assert noticed == []


def frames(page: Any) -> list[Any]:
    return [
        page.frame_locator(f"div:nth-of-type({k + 1}) > iframe")
        for k in range(page.locator("iframe").count())
    ]


def test_it_shows_the_page_and_python_explains_a_setting(host):
    host.evaluate("window.show()")
    (frame,) = frames(host)
    host.settle(frame)
    assert "30 steps" in frame.locator("[aria-live]").inner_text()
    said = frame.locator(".explained").inner_text()
    assert "zig-zags" in said
    frame.get_by_label("Learning rate η").fill("0.5")
    frame.locator(".explained[aria-busy]").wait_for()
    host.settle(frame)
    other = ds.minimize(BOWL, START, learning_rate=0.5, steps=30)
    assert str(other.explain().sentences[-1]) in frame.locator(".explained").inner_text()
    assert frame.get_by_role("button", name="Copy the link").count() == 0


def test_a_second_view_does_no_harm(host):
    host.evaluate("window.show()")
    host.evaluate("window.show()")
    first, second = frames(host)
    host.settle(second)
    host.settle(first)
    assert [said for said in host.heard if said.get("wants")] == [{"wants": "page"}] * 2
    first.get_by_label("Learning rate η").fill("0.5")
    first.locator(".explained[aria-busy]").wait_for()
    host.settle(first)
    assert second.get_by_label("Learning rate η").input_value() == "0.95"
    assert "zig-zags" in second.locator(".explained").inner_text()
    host.evaluate("window.ends[0]()")
    assert host.locator("iframe").count() == 1
    listening = host.evaluate("window.listening()")
    host.evaluate("window.ends[1]()")
    assert (listening, host.evaluate("window.listening()")) == (2, 0)


def test_the_frame_reaches_nothing_around_it(host):
    host.evaluate("window.show()")
    (frame,) = frames(host)
    host.settle(frame)
    reached = host.frames[1].evaluate(
        "() => { try { return String(parent.document.title); } catch (error) { return error.name; } }"
    )
    assert reached == "SecurityError"
    sandbox = host.locator("iframe").get_attribute("sandbox").split()
    assert "allow-same-origin" not in sandbox
    assert "allow-top-navigation" not in sandbox


def test_messages_of_others_are_not_passed_on(host):
    host.evaluate("window.show()")
    (frame,) = frames(host)
    host.settle(frame)
    before = len(host.heard)
    host.evaluate('window.postMessage({ id: "x", question: { formula: "x" } }, "*")')
    host.wait_for_timeout(200)
    assert len(host.heard) == before


def test_the_module_is_static_and_asks_for_nothing():
    text = MODULE.read_text(encoding="utf-8")
    text = "\n".join(line for line in text.split("\n") if not line.startswith("//"))
    assert "export default { render }" in text
    for word in ("import ", "import(", "http", "eval", "innerHTML", "fetch"):
        assert word not in text, word
