"""A function of formulas and a loss are each added to a copy of the tree by one record, and then found everywhere."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from test_additions import Tree, example_under

FUNCTIONS, LOSSES = "src/downslope/language/functions/special.py", "src/downslope/fitting/losses.py"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def add(tree: Tree, name: str, table: str, record: str) -> None:
    """Write a record at the beginning of a table."""
    text = (tree.root / name).read_text("utf-8")
    assert text.count(table) == 1
    tree.write(name, text.replace(table, table + textwrap.indent(record.rstrip(), "    ") + ",\n"))


def test_a_function_of_formulas_is_one_record(tree: Tree) -> None:
    add(tree, FUNCTIONS, "\nTABLE = (\n", example_under("Add a function of formulas"))
    found = tree.answers(
        """
import json, math
import numpy as np, scipy.special, sympy
import downslope as ds
from downslope.export import DIALECTS
text = "(logit(x) - 1)^2 + y^2"
run = ds.minimize(text, "x=0.5,y=1", learning_rate=0.02, tolerance=1e-9)
small = ds.minimize(text, "x=0.5,y=1", learning_rate=0.02, steps=50, dtype="float32")
hosted = ds.minimize(text, "x=0.5,y=1", learning_rate=0.02, steps=50, engine="hosted")
fit = ds.fit({"u": [0.1, 0.3, 0.6, 0.9], "v": [-2.2, -0.8, 0.4, 2.2]}, "v ~ a*logit(u) + b")
print(json.dumps({
    "x": run.x["x"], "engine": run.engine, "small": small.status, "hosted": hosted.status, "a": fit.x["a"],
    "scripts": {to: run.export(to) for to in DIALECTS}}))
"""
    )
    e = 2.718281828459045
    assert found["x"] == pytest.approx(e / (1 + e), abs=1e-8)
    assert (found["engine"], found["small"], found["hosted"]) == ("traced", "step_limit", "step_limit")
    assert found["a"] == pytest.approx(1.0, abs=0.05)
    assert all("log(" in script for script in found["scripts"].values())  # type: ignore[attr-defined]
    call = ("minimize", "(logit(x)-1)^2", "--start", "x=0.5", "--learning-rate", "0.02", "--steps", "9")
    assert "step_limit, 9 steps" in tree.run("-m", "downslope", *call)
    assert tree.changed() == {FUNCTIONS}


def test_a_loss_is_one_record(tree: Tree) -> None:
    add(tree, LOSSES, "\n_TABLE = (\n", example_under("Add a loss"))
    table = "x,y\n0,1.1\n1,2.9\n2,5.2\n3,6.8\n4,9.1\n5,30\n6,13.1\n7,14.8\n"
    (tree.root.parent / "table.csv").write_text(table, "utf-8")
    found = tree.answers(
        """
import json
import numpy as np
import downslope as ds
from downslope.export import DIALECTS
from downslope.sklearn import DescentRegressor
rows = np.loadtxt("../table.csv", delimiter=",", skiprows=1)
said = dict(loss="cauchy:0.5", start="a=2,b=1")
fit = ds.fit("../table.csv", "y ~ a*x + b", **said)
streamed = ds.fit("../table.csv", "y ~ a*x + b", stream=True, **said)
batches = ds.fit("../table.csv", "y ~ a*x + b", batch_size=4, epochs=9, optimizer="adam", learning_rate=0.1, **said)
adam = ds.fit("../table.csv", "y ~ a*x + b", optimizer="adam", learning_rate=0.1, steps=9, **said)
r = (fit.x["a"] * rows[:, 0] + fit.x["b"] - rows[:, 1]) / 0.5
estimator = DescentRegressor(loss="cauchy:0.5").fit(rows[:, :1], rows[:, 1])
print(json.dumps({
    "a": fit.x["a"], "loss": fit.loss, "mean": float(np.mean(0.5 ** 2 / 2 * np.log1p(r**2))), "success": fit.success,
    "streamed": streamed.x["a"], "batches": batches.status, "estimator": bool(np.isfinite(estimator.coef_).all()),
    "scripts": {to: len(adam.export(to)) for to in DIALECTS}}))
"""
    )
    assert found["success"]
    assert found["a"] == pytest.approx(2.0, abs=0.1)  # the outlier hardly counts
    assert found["loss"] == pytest.approx(found["mean"], rel=1e-12)
    assert found["streamed"] == pytest.approx(found["a"], rel=1e-6)
    assert found["batches"] == "step_limit"
    assert found["estimator"]
    assert all(found["scripts"].values())  # type: ignore[attr-defined]
    call = ("fit", str(tree.root.parent / "table.csv"), "y ~ a*x + b", "--loss", "cauchy")
    assert "cauchy" in tree.run("-m", "downslope", *call)
    assert tree.changed() == {LOSSES}
