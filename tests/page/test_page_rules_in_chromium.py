"""Every rule in a real browser beside the same rule in Python: the bundled program, loaded once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_node import PROGRAM
from test_page_bits import POLYNOMIALS, STEPS, printed
from test_page_descents import FORMULAS, LIMITS, RULES, distance, options_of

import downslope as ds
from downslope.page.bundle import bundle

ENTRY = """
import {{ compileFormula }} from "{program}/tape.js";
import {{ descend }} from "{program}/descend.js";
import {{ readFormula }} from "{program}/reader.js";
import {{ powi, rsqrt }} from "{program}/arithmetic.js";

window.program = {{ compileFormula, descend, readFormula }};
window.maps = {{{maps}}};
"""
ALL = """
(given) => {
  const { readFormula, compileFormula, descend } = window.program;
  return given.map(({ formula, start, options, map }) => {
    const { tree, names } = readFormula(formula);
    const asked = map ? { ...options, stepMap: window.maps[map] } : options;
    const run = descend(compileFormula(tree, names), Float64Array.from(start), asked);
    const { status, steps, evaluations } = run;
    return { status, steps, evaluations, x: Array.from(run.x), value: Array.from(run.value) };
  });
}
"""


def bundled(folder: Path, maps: str = "") -> str:
    """The program as a page of ours has it, with its entrances at ``window.program`` and step maps beside them."""
    entry = folder / "entry.js"
    place = Path(os.path.relpath(PROGRAM, folder)).as_posix()
    entry.write_text(ENTRY.format(program=place, maps=maps), encoding="utf-8")
    return bundle(entry)


@pytest.fixture(scope="module")
def program(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A blank page with the program and the step maps of all rules on polynomials."""
    maps = ",\n".join(
        f'"{name} {rule}": {printed(formula, start, RULES[rule])}'
        for name, (formula, start) in POLYNOMIALS.items()
        for rule in RULES
    )
    noticed: list[str] = []
    context = chromium.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.add_script_tag(content=bundled(tmp_path_factory.mktemp("program"), maps))
    yield page
    context.close()
    assert noticed == []


@pytest.mark.parametrize("name", FORMULAS)
def test_every_rule_makes_the_same_steps(program: Any, name: str) -> None:
    formula, start = FORMULAS[name]
    tests = {key: value for key, value in LIMITS["test"].items() if key != "steps"}
    given = [
        {
            "formula": formula,
            "start": list(start.values()),
            "options": options_of(rule, steps=LIMITS["test"]["steps"], tolerances=tests),
        }
        for rule in RULES.values()
    ]
    wrong = {}
    for (rule, made), page in zip(RULES.items(), program.evaluate(ALL, given), strict=True):
        run = ds.minimize(formula, start=start, optimizer=made, explain=False, **LIMITS["test"])
        ended = (page["status"], page["steps"], page["evaluations"])
        if ended != (run.status, run.nit, run.nfev) or not distance(run, page) < 1e-9:
            wrong[rule] = (ended, (run.status, run.nit, run.nfev), distance(run, page))
    assert wrong == {}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_step_maps_have_the_bits_of_the_machine_code(program: Any, name: str) -> None:
    formula, start = POLYNOMIALS[name]
    given = [
        {
            "formula": formula,
            "start": list(start.values()),
            "options": options_of(made, evaluations=STEPS, tolerances={"tolerance": 1e-12}),
            "map": f"{name} {rule}",
        }
        for rule, made in RULES.items()
    ]
    different = {}
    for (rule, made), page in zip(RULES.items(), program.evaluate(ALL, given), strict=True):
        run = ds.minimize(
            formula, start=start, optimizer=made, evaluations=STEPS, tolerance=1e-12, explain=False
        )
        x = np.array(page["x"], float).reshape(-1, len(start))
        if not (x.shape == run.history.x.shape and np.array_equal(x, run.history.x)):
            different[rule] = len(x)
        else:
            assert np.array_equal(np.array(page["value"], float), run.history.value)
    assert len(different) <= 3, different
