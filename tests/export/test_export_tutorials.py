"""The five tutorials: the idea of the script, our call and our script in its dialect give the published figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scripts import DIALECTS, Printed, agree
from tutorial_cases import EXPORTS, IDEAS, PUBLISHED, call

ZIGZAG = {int(step): point for step, point in PUBLISHED[2]["published"].items()}
LINE = np.array(PUBLISHED[3]["published_run_with_the_hand_gradient"])
QUADRATIC = PUBLISHED[4]["one_variable"]["computed_here"]
# The state at that step; the first has its cost only.
FITTED = {
    int(step): figures
    for step, figures in PUBLISHED[5][
        "computed_here_from_a_7.52346569_b_80.59835907_after_update_of_step"
    ].items()
}


def of(printed: Any, dialect: str, kind: str, name: str) -> Printed:
    """What the script printed."""
    found = printed(dialect)[kind, name]
    assert isinstance(found, Printed), found
    return found


def test_every_tutorial_has_its_idea_and_its_export() -> None:
    assert set(IDEAS.values()) | {"numpy"} == {dialect for _, dialect in EXPORTS}
    assert len(PUBLISHED) == 5


def test_1_a_tape_in_single_precision(printed: Any) -> None:
    published = PUBLISHED[1]["published"]
    values, after, steps = (
        np.array(published[key]) for key in ("value_at_step", "W_after_the_update_of_step", "step")
    )
    idea = of(printed, "tensorflow", "idea", "tape").rows
    np.testing.assert_allclose(idea, np.column_stack([steps, values, after]), rtol=1e-6)
    run = call("tape")
    np.testing.assert_allclose(run.history.value[steps], values, rtol=1e-6)
    np.testing.assert_allclose(run.history["W"][steps + 1], after, rtol=1e-6)
    rows = of(printed, "tensorflow", "tutorial", "tape").rows
    np.testing.assert_allclose(rows[steps, 1], values, rtol=1e-6)
    np.testing.assert_allclose(rows[steps + 1, 3], after, rtol=1e-6)


def test_2_a_class_over_dicts(printed: Any) -> None:
    idea = of(printed, "numpy_class", "idea", "class_over_dicts").rows
    script = of(printed, "numpy_class", "tutorial", "zig-zag")
    for step, point in ZIGZAG.items():
        assert idea[step].tolist() == [step, *point]
        np.testing.assert_allclose(call("zig-zag").history.x[step], point, rtol=1e-15)
        np.testing.assert_allclose(script.rows[step, 3:], point, rtol=1e-9)
    assert [script.answer["x"], script.answer["y"]] == ZIGZAG[29]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_2_on_the_page_of_the_dialects(dialect: str, printed: Any) -> None:
    script = of(printed, dialect, "page", "zig-zag")
    agree(call("zig-zag"), script)
    np.testing.assert_allclose([script.answer["x"], script.answer["y"]], ZIGZAG[29], rtol=1e-13)


@pytest.mark.parametrize("dialect", ["torch", "torch.optim"])
def test_3_a_line_through_the_origin(dialect: str, printed: Any) -> None:
    idea = of(printed, dialect, "idea", "line_by_hand" if dialect == "torch" else "line_by_optim").rows
    np.testing.assert_allclose(idea, LINE, atol=1.1e-6)
    for name in ("line", "line by hand"):
        h = call(name).run.history
        ours = np.column_stack([h.step, h["W"], h.value])
        script = of(printed, dialect, "tutorial", name).rows[:, [0, 3, 1]]
        for found in (ours, script):
            np.testing.assert_allclose(found[:, 1], LINE[:, 1], atol=5.1e-4)
            np.testing.assert_allclose(found[:, [0, 2]], LINE[:, [0, 2]], atol=1.1e-6)
    assert "torch.sum((W * x - y) * x)" in call("line by hand").export(dialect)


def test_4_derivatives_by_sympy_down_and_up(printed: Any) -> None:
    idea = of(printed, "sympy", "idea", "derivative")
    assert idea.everything.startswith("x**2 + 2*x + 3\n")
    for row, name in zip(idea.rows, ("descent", "ascent"), strict=True):
        run, script = call(name), of(printed, "sympy", "tutorial", name)
        assert row[0] == run.nit == script.rows[-1, 0] == QUADRATIC["steps"]
        for x in (row[1], run.x["x"], script.answer["x"]):
            assert x == pytest.approx(QUADRATIC["x"], rel=1e-14)
        for value in (row[2], abs(run.fun), abs(script.answer["f"])):
            assert value == pytest.approx(QUADRATIC["value"], rel=1e-14)
    printed_by_ours = of(printed, "sympy", "tutorial", "descent").everything
    assert "f = x**2 + 2*x + 3" in printed_by_ours
    assert "gradient = 2*x + 2" in printed_by_ours


def test_4_partial_derivatives_where_there_is_no_minimum(printed: Any) -> None:
    idea = of(printed, "sympy", "idea", "partial_derivatives").rows
    ends = {"from above": "inflection", "from below": "unbounded"}
    for row, (name, said) in zip(idea, ends.items(), strict=True):
        run, script = call(name), of(printed, "sympy", "tutorial", name)
        assert said in run.message.lower()
        assert row[0] == run.nit == script.rows[-1, 0]
        for point in ([run.x["x"], run.x["y"]], [script.answer["x"], script.answer["y"]]):
            np.testing.assert_allclose(point, row[1:], rtol=1e-9)


@pytest.mark.parametrize(
    ("dialect", "name"), [("numpy", "root mean square"), ("tensorflow", "root mean square, shorter")]
)
def test_5_a_line_by_the_root_of_the_mean_square(dialect: str, name: str, printed: Any) -> None:
    fit, script = call(name), of(printed, dialect, "tutorial", name)
    idea = {int(row[0]): row for row in of(printed, "tensorflow", "idea", "root_mean_square").rows}
    h = fit.run.history
    for step, figures in FITTED.items():
        published = list(figures.values())
        found = [idea[step][1:]]
        if step <= fit.run.nit:
            found.append(script.rows[step, [1, 3, 4]])
        if step in h.step:
            at = int(np.flatnonzero(h.step == step)[0])
            found.append(np.array([h.value[at], h["a"][at], h["b"][at]]))
        for row in found:
            assert row[: len(published)] == pytest.approx(published, rel=1e-8)
    agree(fit.run, script, 1e-11, sparse=True)
    assert math.isfinite(script.answer["loss"])
