"""What the page costs in a browser: a drag over a path of 2,000 steps, a new formula, maps of runs.

``python benchmarks/page.py`` needs Playwright and Chromium. It prints milliseconds of script for each event and
picture: the median and the longest, and the frames a second of a drag without a pause on a processor slowed down to a
quarter. Then how long after its choice a phase map of 200 x 200 runs of up to 200 steps is
whole, how long it takes one worker, and the longest time of script while the start is dragged over it.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import downslope as ds

FORMULAS = {
    "bowl": ("x^2/20 + y^2", {"x": -7.0, "y": 2.0}),
    "rosenbrock": ("(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1.0}),
    "waves": ("log(1 + exp(x)) + sin(y)^2 + (x^2 + y^2)/8", {"x": 2.0, "y": 1.5}),
}
RULES = {"gradient_descent": 1e-3, "adam": 1e-2}
DRAGS = 40

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


def script_time(page: Any) -> Callable[[], float]:
    """A clock of the processor's milliseconds that the page's scripts took, whatever else the machine does."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def now() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(one["value"] for one in metrics if one["name"] == "ScriptDuration")

    return now


def measured(page: Any) -> tuple[list[float], list[float], float]:
    """Milliseconds of each drag, and of each new formula; and the processor's of scripts for a drag."""
    clock = script_time(page)
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
    drags, script = page.evaluate("window.spent"), clock() - begun
    page.evaluate("window.typed = []")
    formula = page.locator("input.formula")
    text = formula.input_value()
    for k in range(10):
        formula.fill(f"{text} + {k + 1}")
    return drags, page.evaluate("window.typed"), script / len(drags)


SLOWED, SECONDS = 4, 2
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


def map_of_runs(page: Any) -> tuple[float, float, float]:
    """Milliseconds until a phase map is whole, of one worker alone, and of the longest picture of a drag meanwhile.

    Those of one worker are the sum of the least times of the map's strips, so that other work of the machine does not
    count.
    """
    page.reload()  # away from the link of the last drag
    page.wait_for_timeout(500)
    whole = page.evaluate(WHOLE)
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
    return whole, alone, max(page.evaluate("window.spent"))


def main() -> None:
    """Print a line for each formula and rule."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        heads = ("drag: processor", "drag: median", "longest", "formula: median", "longest", "frames/s at 4x")
        print(f"{'function':12} {'rule':18} " + " ".join(f"{head:>16}" for head in heads) + "  ms")
        for name, (formula, start) in FORMULAS.items():
            for rule, rate in RULES.items():
                run = ds.minimize(
                    formula, start, optimizer=rule, learning_rate=rate, steps=2000, explain=False
                )
                file = Path(folder) / "page.html"
                run.to_html(file)
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                page.add_init_script(CLOCK)
                page.goto(file.as_uri())
                page.wait_for_timeout(500)
                drags, formulas, script = measured(page)
                frames = frames_while_slowed(page)
                page.close()
                columns = [
                    script,
                    statistics.median(drags),
                    max(drags),
                    statistics.median(formulas),
                    max(formulas),
                    frames,
                ]
                print(f"{name:12} {rule:18} " + " ".join(f"{column:16.2f}" for column in columns))
        print(
            f"\n{'phase map':12} {'rule':18} {'whole after':>16} {'one worker':>16} {'drag: longest':>16}  ms"
        )
        for name, (formula, start) in FORMULAS.items():
            for rule, rate in RULES.items():
                file = Path(folder) / "page.html"
                ds.minimize(
                    formula, start, optimizer=rule, learning_rate=rate, steps=200, explain=False
                ).to_html(file)
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                page.add_init_script(CLOCK)
                page.goto(file.as_uri())
                whole, alone, longest = map_of_runs(page)
                page.close()
                print(f"{name:12} {rule:18} {whole:16.0f} {alone:16.0f} {longest:16.2f}")
        browser.close()


if __name__ == "__main__":
    main()
