"""A person may call a parameter or a column what a script calls something of its own: every such name, executed."""

from __future__ import annotations

import ast
import builtins
import keyword
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import DIALECTS, FRAMEWORKS, agree, execute, lacking

import downslope as ds
from downslope.export.names import MODULES

# By a framework's own optimizer, in functions, by a search with every test of the end, at a rate that changes.
WAYS: dict[str, dict[str, Any]] = {
    "adam": {"optimizer": "adam", "learning_rate": 0.1},
    "search": {"optimizer": "armijo", "tolerance": 1e-9, "x_tolerance": 1e-12, "value_tolerance": 0.0},
    "schedule": {"optimizer": "adabelief", "learning_rate": 0.1, "schedule": "cosine(steps=9)", "every": 2},
}
ROWS, GIVEN = 5, {"p1", "p2", "x1", "y1", "w8"}


def names_of(script: str) -> set[str]:
    """Every name in a script that is no builtin, module or attribute."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(script)):
        match node:
            case ast.Name(word) | ast.arg(word) | ast.FunctionDef(word) | ast.ClassDef(word):
                found.add(word)
    return {n for n in found if n not in MODULES and not hasattr(builtins, n) and not keyword.iskeyword(n)}


def alone(name: str, way: str) -> ds.Run:
    return ds.minimize(f"({name} - 1)^2", {name: 0.5}, explain=False, steps=2, **WAYS[way])


def together(names: list[str]) -> ds.Run:
    formula = " + ".join(f"|{name}|*({name} - {k})^2*sigmoid({name})" for k, name in enumerate(names))
    return ds.minimize(formula, dict.fromkeys(names, 0.5), explain=False, steps=2, **WAYS["adam"])


def fitted(parameter: str, column: str, target: str) -> ds.Fit:
    """With a carried constant, a penalty and weights, by their own names."""
    rng = np.random.default_rng(0)
    table = {column: rng.normal(size=ROWS), target: rng.normal(size=ROWS), "w8": rng.uniform(1, 2, size=ROWS)}
    return ds.fit(
        table,
        f"{target} ~ exp({parameter}*{column}/9) + p2",
        start={parameter: 0.5, "p2": 0.5},
        loss="huber(0.7)",
        l2=0.1,
        weights="w8",
        learning_rate=0.1,
        steps=2,
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_name_that_a_script_uses_may_be_a_person_s(dialect: str, tmp_path: Path) -> None:
    if lacking(dialect):
        pytest.skip(f"{lacking(dialect)} is not installed, and the scripts are written for it")
    runs: dict[tuple[str, ...], ds.Run] = {}
    scripts: dict[tuple[str, ...], str] = {}
    everything: set[str] = set()
    for way in WAYS:
        own = names_of(alone("x", way).export(dialect))
        assert {"STEPS", "report", "number"} <= own
        runs |= {(way, name): alone(name, way) for name in sorted(own)}
        everything |= own
    runs["together",] = together(sorted(everything))
    scripts |= {key: run.export(dialect) for key, run in runs.items()}
    for name in sorted(names_of(fitted("p1", "x1", "y1").export(dialect)) - GIVEN):
        for at, words in enumerate(((name, "x1", "y1"), ("p1", name, "y1"), ("p1", "x1", name))):
            fit = fitted(*words)
            runs["fit", str(at), name], scripts["fit", str(at), name] = fit.run, fit.export(dialect)
    printed = execute(FRAMEWORKS[dialect], scripts, tmp_path)
    for key, run in runs.items():
        agree(run, printed[key])
