"""What the page costs in a browser: a drag over a path of 2,000 steps, a new formula, maps of runs.

``python benchmarks/page.py`` needs Playwright and Chromium. It prints milliseconds of script for each event and
picture: the median and the longest by the clock, and the processor's own, of scripts and of the whole main thread
(scripts, styles, layout, paint and handing over), which other work of the machine does not change. Then the frames a
second of a drag without a pause on a processor slowed down to a quarter; before all, what an empty page reaches so
here, where nothing but a browser without a graphics card is slow. Then how long after its choice a phase map of
200 x 200 runs of up to 200 steps is whole, what that takes of the processor in all threads, how long it takes one
worker, and the longest time of script while the start is dragged over it.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright

import downslope as ds

FORMULAS = {
    "bowl": ("x^2/20 + y^2", {"x": -7.0, "y": 2.0}),
    "rosenbrock": ("(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1.0}),
    "waves": ("log(1 + exp(x)) + sin(y)^2 + (x^2 + y^2)/8", {"x": 2.0, "y": 1.5}),
}
RULES = {"gradient_descent": 1e-3, "adam": 1e-2}
DRAGS = 40
FORMULAS_TYPED = 10

# Times everything that runs before a picture of the screen, and what answers typing.
CLOCK = """
window.spent = []; window.typed = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (call) => ask((now) => {
  const begun = performance.now(); call(now); window.spent.push(performance.now() - begun);
});
const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (kind, call, options) {
  if (kind !== "input") return listen.call(this, kind, call, options);
  return listen.call(this, kind, function (event) {
    const begun = performance.now(); call.call(this, event); window.typed.push(performance.now() - begun);
  }, options);
};
// The least time that each strip of a map of runs has taken a worker, however often it was asked for.
window.strips = new Map();
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (said, ...more) {
  if (!this.begun) {
    this.begun = [];
    this.addEventListener("message", () => {
      const [strip, begun] = this.begun.shift(), took = performance.now() - begun;
      window.strips.set(strip, Math.min(took, window.strips.get(strip) ?? Infinity));
    });
  }
  this.begun.push([`${said.request.columns} ${said.request.from}`, performance.now()]);
  return post.call(this, said, ...more);
};
"""


class ProcessorTime(NamedTuple):
    """Milliseconds of the processor: of the page's scripts, of its whole main thread, of all threads of its process."""

    script: float
    main: float
    process: float

    def since(self, begun: ProcessorTime, times: int = 1) -> ProcessorTime:
        """What was spent since then, for each of so many times."""
        return ProcessorTime(*((now - then) / times for now, then in zip(self, begun, strict=True)))


def processor_time(page: Any) -> Callable[[], ProcessorTime]:
    """A clock of what the page has taken of the processor, whatever else the machine does."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def now() -> ProcessorTime:
        metrics = {
            one["name"]: 1000 * one["value"] for one in session.send("Performance.getMetrics")["metrics"]
        }
        return ProcessorTime(metrics["ScriptDuration"], metrics["ThreadTime"], metrics["ProcessTime"])

    return now


class Measured(NamedTuple):
    """Of drags and of new formulas: milliseconds by the clock of each, and the processor's of one."""

    drags: list[float]
    drag: ProcessorTime
    formulas: list[float]
    formula: ProcessorTime


def measured(page: Any) -> Measured:
    """What drags and new formulas take."""
    clock = processor_time(page)
    box = page.locator("canvas.map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("window.spent = []")
    begun = clock()
    for k in range(DRAGS):
        part = 0.3 + 0.4 * k / DRAGS
        page.mouse.move(box["x"] + part * box["width"], box["y"] + (0.8 - part) * box["height"])
        page.wait_for_timeout(30)
    page.mouse.up()
    drags = page.evaluate("window.spent")
    drag = clock().since(begun, len(drags))
    page.wait_for_timeout(500)
    page.evaluate("window.typed = []")
    formula = page.locator("input.formula")
    text = formula.input_value()
    begun = clock()
    for k in range(FORMULAS_TYPED):
        formula.fill(f"{text} + {k + 1}")
        page.wait_for_timeout(50)
    typed = page.evaluate("window.typed")
    return Measured(drags, drag, typed, clock().since(begun, FORMULAS_TYPED))


SCREEN = {"width": 1280, "height": 1000}
SLOWED, SECONDS = 4, 2
EMPTY = "<!doctype html><title>empty</title><canvas class=map width=600 height=400></canvas>"
COUNT = """
window.frames_seen = 0; window.counting = true;
(function tick() { if (!window.counting) return; window.frames_seen++; requestAnimationFrame(tick); })();
"""


def frames_while_slowed(page: Any) -> float:
    """Frames a second while the start is dragged without a pause, the processor slowed down."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    box = page.locator("canvas.map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate(COUNT)
    until, k = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < until:
        k += 1
        part = 0.3 + 0.4 * (k % 100) / 100
        page.mouse.move(box["x"] + part * box["width"], box["y"] + (0.8 - part) * box["height"])
    seen = page.evaluate("window.counting = false, window.frames_seen")
    page.mouse.up()
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return float(seen / SECONDS)


def frames_of_an_empty_page(browser: Any) -> float:
    """Frames a second that this browser shows here at most, when it is slowed down and moved over in the same way."""
    page = browser.new_page(viewport=SCREEN)
    page.set_content(EMPTY)
    page.wait_for_timeout(500)
    frames = frames_while_slowed(page)
    page.close()
    return frames


WHOLE = """
() => new Promise((done) => {
  const begun = performance.now(), told = document.querySelector(".told");
  const menu = document.querySelector("select:has([value=rates])");
  const look = () => told.textContent.includes("200 × 200") && done(performance.now() - begun);
  new MutationObserver(look).observe(told, { childList: true, subtree: true });
  menu.value = "rates";
  menu.dispatchEvent(new Event("change"));
})
"""
TYPE = "(field, value) => { field.value = value; field.dispatchEvent(new Event('input')); }"


AGAIN = """
async (times) => {
  const told = document.querySelector(".told"), field = document.querySelectorAll(".starts input")[1];
  for (let k = 0; k < times; k++) {
    window.strips.delete("200 190");
    field.value = String(Number(field.value) + 1e-9);
    field.dispatchEvent(new Event("input"));
    while (!window.strips.has("200 190")) await new Promise((done) => setTimeout(done, 50));
  }
  return [...window.strips].filter(([strip]) => strip.startsWith("200 ")).reduce((sum, [, took]) => sum + took, 0);
}
"""
TIMES = 6


def map_of_runs(page: Any) -> tuple[float, float, float, float]:
    """Milliseconds until a phase map is whole, of the processor for that, of one worker, and of the longest picture.

    That picture is of a drag meanwhile. Those of one worker are the sum of the least times of the map's strips, so that
    other work of the machine does not count.
    """
    page.reload()  # away from the link of the last drag
    page.wait_for_timeout(500)
    clock = processor_time(page)
    begun = clock()
    whole = page.evaluate(WHOLE)
    taken = clock().since(begun).process
    alone = page.evaluate(AGAIN, TIMES)
    box = page.locator("canvas.map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("window.spent = []")
    steps = page.locator(".labelled input.number").nth(2)
    for k in range(DRAGS):
        steps.evaluate(
            "(field, value) => { field.value = value; field.dispatchEvent(new Event('input')); }", 200 + k
        )
        page.mouse.move(box["x"] + (0.3 + 0.01 * k) * box["width"], box["y"] + box["height"] / 2)
        page.wait_for_timeout(30)
    page.mouse.up()
    return whole, taken, alone, max(page.evaluate("window.spent"))


def main() -> None:
    """Print a line for each formula and rule."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print(f"an empty page: {frames_of_an_empty_page(browser):.1f} frames/s at {SLOWED}x\n")
        heads = (
            *("drag: script", "main thread", "by the clock", "longest"),
            *("formula: main", "by the clock", "longest", f"frames/s at {SLOWED}x"),
        )
        print(f"{'function':12} {'rule':18} " + " ".join(f"{head:>15}" for head in heads) + "  ms")
        for name, (formula, start) in FORMULAS.items():
            for rule, rate in RULES.items():
                run = ds.minimize(
                    formula, start, optimizer=rule, learning_rate=rate, steps=2000, explain=False
                )
                file = Path(folder) / "page.html"
                run.to_html(file)
                page = browser.new_page(viewport=SCREEN)
                page.add_init_script(CLOCK)
                page.goto(file.as_uri())
                page.wait_for_timeout(500)
                found = measured(page)
                frames = frames_while_slowed(page)
                page.close()
                columns = [
                    found.drag.script,
                    found.drag.main,
                    statistics.median(found.drags),
                    max(found.drags),
                    found.formula.main,
                    statistics.median(found.formulas),
                    max(found.formulas),
                    frames,
                ]
                print(f"{name:12} {rule:18} " + " ".join(f"{column:15.2f}" for column in columns))
        heads = ("whole after", "processor", "one worker", "drag: longest")
        print(f"\n{'phase map':12} {'rule':18} " + " ".join(f"{head:>15}" for head in heads) + "  ms")
        for name, (formula, start) in FORMULAS.items():
            for rule, rate in RULES.items():
                file = Path(folder) / "page.html"
                ds.minimize(
                    formula, start, optimizer=rule, learning_rate=rate, steps=200, explain=False
                ).to_html(file)
                page = browser.new_page(viewport=SCREEN)
                page.add_init_script(CLOCK)
                page.goto(file.as_uri())
                columns = map_of_runs(page)
                page.close()
                print(f"{name:12} {rule:18} " + " ".join(f"{column:15.1f}" for column in columns))
        browser.close()


if __name__ == "__main__":
    main()
