"""The page in Firefox and in WebKit, where they are installed: it computes and draws what it does in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from other_browsers import BROWSERS, BrowserMissingError
from test_page_descents import FORMULAS, LIMITS, RULES, distance, options_of
from test_page_rules_in_chromium import ALL, bundled

import downslope as ds
from downslope.page.document import page_of

BOWL, START = "x^2/20 + y^2", {"x": -7.0, "y": 2.0}
OPENED = """
window.noticed = [];
addEventListener("error", (event) => noticed.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => noticed.push(`${event.violatedDirective} ${event.blockedURI}`));
for (let k = 0; k < 400 && !document.querySelector("[aria-live] p"); k++) await new Promise((on) => setTimeout(on, 50));
await new Promise((on) => setTimeout(on, 500));
"""
TOLD = """
return {
  said: document.querySelector(".happened").textContent,
  ink: [...document.querySelectorAll("canvas.map, canvas.chart:not(.rows)")].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), seen = new Set();
    for (let k = 0; k < data.length; k += 4) seen.add((data[k] << 16) | (data[k + 1] << 8) | data[k + 2]);
    return seen.size;
  }),
  noticed,
};
"""
RATE = """
const field = document.querySelector("input[id$=-learning_rate]");
field.value = "0.5";
field.dispatchEvent(new Event("input"));
await new Promise((on) => setTimeout(on, 800));
"""
MAP = """
const menu = document.querySelector("select:has([value=rates])"), told = document.querySelector(".told");
menu.value = "rates";
menu.dispatchEvent(new Event("change"));
for (let k = 0; k < 600 && !told.textContent.includes("200 × 200"); k++) await new Promise((on) => setTimeout(on, 50));
return { told: told.textContent, noticed };
"""


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    try:
        opened = BROWSERS[request.param](tmp_path_factory.mktemp(request.param))
    except BrowserMissingError as reason:
        pytest.skip(str(reason))
    yield opened
    opened.close()


def test_it_opens_and_makes_its_runs_again(browser, tmp_path):
    runs = [
        ds.minimize(BOWL, START, optimizer=rule, steps=30)
        for rule in ("gradient_descent(0.95)", "momentum(0.1)", "armijo")
    ]
    file = tmp_path / "page.html"
    file.write_text(page_of(runs), encoding="utf-8")
    browser.open(file.as_uri())
    page = browser.run(OPENED + TOLD)
    for run in runs:
        assert (
            f"{run.optimizer.name()}: {len(run.history)} of {len(run.history)} points identical"
            in page["said"]
        )
        assert str(run.explain().sentences[-1]) in page["said"]
    assert min(page["ink"]) > 3
    assert page["noticed"] == []
    changed = browser.run(RATE + TOLD)
    half = ds.minimize(BOWL, START, learning_rate=0.5, steps=30, explain=False)
    assert f"{half.x['x']:.6g}".replace("-", "−") in changed["said"]
    whole = browser.run(MAP)
    assert "200 × 200 runs of gradient_descent" in whole["told"]
    assert whole["noticed"] == []


def test_every_rule_makes_the_same_steps_there(browser, tmp_path):
    blank = tmp_path / "blank.html"
    blank.write_text("<!doctype html><title>-</title>", encoding="utf-8")
    browser.open(blank.as_uri())
    tests = {key: value for key, value in LIMITS["test"].items() if key != "steps"}
    cases = [(name, rule) for name in FORMULAS for rule in RULES]
    given = [
        {
            "formula": FORMULAS[name][0],
            "start": list(FORMULAS[name][1].values()),
            "options": options_of(RULES[rule], steps=LIMITS["test"]["steps"], tolerances=tests),
        }
        for name, rule in cases
    ]
    answers = browser.run(f"{bundled(tmp_path)}\nreturn ({ALL})(given);", given)
    assert isinstance(answers, list), answers
    wrong = {}
    for (name, rule), page in zip(cases, answers, strict=True):
        formula, start = FORMULAS[name]
        run = ds.minimize(formula, start=start, optimizer=RULES[rule], explain=False, **LIMITS["test"])
        page["x"] = np.array(page["x"], float)
        ended = (page["status"], page["steps"], page["evaluations"])
        if ended != (run.status, run.nit, run.nfev) or not distance(run, page) < 1e-9:
            wrong[name, rule] = (ended, (run.status, run.nit, run.nfev), distance(run, page))
    assert wrong == {}
