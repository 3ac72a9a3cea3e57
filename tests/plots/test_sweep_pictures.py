"""Pictures of sweeps: every cell is its run, and lies where its settings are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.plots.sweeps.cells import Cells, edges_of
from downslope.sweeping.settings import is_geometric

QUADRATIC = "x^2/20 + y^2"


@pytest.fixture(scope="module")
def swept() -> ds.Sweep:
    return ds.sweep(
        QUADRATIC,
        {"x": ds.grid(-7, 7, 9), "y": 2.0},
        learning_rate=ds.logspace(0.02, 1.5, 12),
        steps=200,
        tolerance=1e-8,
    )


def test_cells_lie_where_their_settings_are(swept: ds.Sweep) -> None:
    cells = Cells.of(swept, rate_across=True)
    assert cells.places.shape == (9, 12)
    rates, starts = swept.column("learning_rate")[cells.places], swept.column("start.x")[cells.places]
    assert np.all(np.diff(rates, axis=1) > 0)
    assert np.all(np.diff(starts, axis=0) > 0)
    assert np.ptp(rates, axis=0).max() == 0
    assert np.ptp(starts, axis=1).max() == 0


def test_edges_are_half_way_between_neighbours() -> None:
    assert edges_of(np.array([0.0, 1.0, 2.0])).tolist() == [-0.5, 0.5, 1.5, 2.5]
    assert is_geometric(ds.logspace(0.1, 10, 5))
    assert not is_geometric(ds.grid(0.1, 10, 5))
    assert np.allclose(edges_of(np.array([1.0, 4.0, 16.0])), [0.5, 2.0, 8.0, 32.0])


def test_a_phase_map_colours_each_cell_by_its_own_run(swept: ds.Sweep) -> None:
    axes = swept.plot().axes[0]
    assert (axes.get_xlabel(), axes.get_xscale()) == ("learning rate", "log")
    (mesh,) = [child for child in axes.collections if hasattr(child, "get_coordinates")]
    colours = np.asarray(mesh.get_array())
    cells = Cells.of(swept, rate_across=True)
    status = swept.column("status")[cells.places]
    grey, red = colours[status == "step_limit"], colours[status == "diverged"]
    assert np.ptp(grey, axis=0).max() == 0
    assert np.all(red[:, 0] > red[:, 2])
    steps = swept.column("steps")[cells.places]
    good = status == "converged"
    same = steps[good] == steps[good][0]
    assert np.ptp(colours[good][same], axis=0).max() == 0
    (limit,) = [line for line in axes.lines if "theory" in str(line.get_label())]
    assert float(np.asarray(limit.get_xdata())[0]) == pytest.approx(1.0)


def test_the_resolution_is_said(swept: ds.Sweep) -> None:
    said = " ".join(text.get_text() for text in swept.plot().texts)
    assert "12 × 9 runs, one a cell, nothing between them" in said


def test_basins_have_a_hue_for_each_minimum_and_mark_it() -> None:
    across = ds.grid(-5, 5, 21)
    made = ds.sweep("himmelblau", {"x": across, "y": across}, learning_rate=0.01, tolerance=1e-8)
    axes = made.plot().axes[0]
    points = {
        (round(float(line.get_xdata()[0]), 2), round(float(line.get_ydata()[0]), 2)) for line in axes.lines
    }
    assert points == {tuple(round(float(c), 2) for c in point.x) for point in made.minima}
    (mesh,) = [child for child in axes.collections if hasattr(child, "get_coordinates")]
    colours = np.asarray(mesh.get_array())
    which = made.which[Cells.of(made, rate_across=False).places]
    middle = np.array([colours[which == place].mean(0) for place in range(4)])
    apart = [np.abs(a - b).max() for i, a in enumerate(middle) for b in middle[:i]]
    assert min(apart) > 0.1


def test_sensitivity_has_a_line_for_each_rule(tmp_path: Path) -> None:
    made = ds.sweep(
        "rosenbrock",
        {"x": ds.Uniform(-2, 2), "y": ds.Uniform(-1, 3)},
        optimizer=["gradient_descent", "adam"],
        learning_rate=ds.logspace(1e-4, 1, 9),
        steps=300,
        draws=5,
        seed=1,
    )
    path = tmp_path / "sensitivity.svg"
    axes = made.plot(path).axes[0]
    named = {line.get_label(): line for line in axes.lines if not str(line.get_label()).startswith("_")}
    assert set(named) == {"gradient descent", "adam"}
    values = made.column("value").reshape(2, 9, 5)[1]
    expected = np.quantile(values, 0.5, axis=1, method="nearest")
    assert np.allclose(np.asarray(named["adam"].get_ydata(), float), expected, equal_nan=True)
    assert path.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "phse"}, "Did you mean 'phase'"),
        ({"kind": "basins"}, "two axes that set the start"),
        ({"path": "a.gif"}, "does not move"),
        ({"path": "a.xyz"}, "a picture is written as"),
        ({"size": (1, 1)}, "give width and height"),
    ],
)
def test_what_cannot_be_drawn_is_refused(swept: ds.Sweep, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        swept.plot(**options)
    assert said in str(caught.value)
    single = ds.sweep("x^2", {"x": 1.0}, learning_rate=0.1, steps=3)
    with pytest.raises(UsageError, match="no axis of numbers"):
        single.plot()


def test_runs_at_more_points_than_are_told_apart_are_counted() -> None:
    swept = ds.sweep(
        "sin(3x)*cos(2y) + 0.1*(x^2 + y^2)",
        start={"x": ds.grid(-9, 9, 40), "y": ds.grid(-9, 9, 40)},
        learning_rate=0.01,
        steps=5000,
        tolerance=1e-8,
    )
    others = int(np.sum((swept.which < 0) & (swept.columns["status"] == "converged")))
    assert others > 0
    legends = [legend for axes in swept.plot().axes if (legend := axes.get_legend())]
    legends += swept.plot().legends
    texts = [text.get_text() for legend in legends for text in legend.get_texts()]
    assert any(text == f"{others} runs at other points" for text in texts), texts
