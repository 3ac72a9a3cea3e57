"""What a page offers: classic problems, presets, what is said of each rule, colours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from downslope.fitting.losses import LOSSES
from downslope.language.text import to_text
from downslope.messages import documented, message
from downslope.objectives import all_problems
from downslope.optimizers import Optimizer, all_optimizers
from downslope.optimizers import state as states
from downslope.optimizers.notation import formula, specimen
from downslope.plots.look import THEMES
from downslope.plots.sweeps.basins import DARK, LIGHT, MOST_HUES, shades_of
from downslope.plots.sweeps.cells import status_colours

FORMULAS = Path(__file__).parent / "formulas.json"
SHADES = 8  # of a hue on a map of runs
LONGEST = 2_000  # characters of an update that a person still reads


def problems() -> list[dict[str, Any]]:
    """The classic problems of one and two variables."""
    return [
        {
            "name": problem.name,
            "title": str(problem.title),
            "formula": problem.formula,
            "start": dict(zip(problem.variables, problem.start, strict=True)),
            "minimisers": problem.minimisers,
            "view": problem.view,
        }
        for problem in all_problems()
        if problem.dimension <= 2
    ]


def rules() -> dict[str, dict[str, Any]]:
    """For each rule what it does, its update in print, and what is said of its hyperparameters."""
    printed = json.loads(FORMULAS.read_text(encoding="utf-8"))
    return {
        cls.name(): {
            "summary": str(documented(cls.summary())),
            "about": {
                field.name: str(documented(field.metadata["about"]))
                for field in cls.__dataclass_fields__.values()
                if "about" in field.metadata
            },
            **(shown := printed.get(cls.name(), {"lines": [], "legend": {}, "state": {}})),
            "arrows": _arrows(shown["lines"]),
        }
        for cls in all_optimizers()
    }


def _arrows(lines: list[str]) -> dict[str, str]:
    """What a rule remembers that a picture can show: "root" of what gathers squares, "arrow" of a velocity."""
    found = {}
    for line in lines:
        name, _, formula = line.partition("' <- ")
        if name in ("m", "v", "s", "u") and "**2" in formula:
            found[name] = "root"
        elif name in ("m", "v") and "g" in formula:
            found[name] = "arrow"
    return found


def print_formulas() -> str:
    """The file of the rules' updates, in the notation of the library; SymPy takes seconds for them."""
    printed: dict[str, dict[str, Any]] = {}
    for cls in all_optimizers():
        update = formula(specimen(cls))
        text = str(update)
        if len(text) > LONGEST:
            printed[cls.name()] = {"lines": [], "legend": {}, "state": {}}
            continue
        state = {str(n): _sizes(cls, n) for n in (1, 2)}
        printed[cls.name()] = {"lines": text.splitlines(), "legend": update.legend, "state": state}
    return json.dumps(printed, indent=1, ensure_ascii=False) + "\n"


def _sizes(cls: type[Optimizer], n: int) -> list[list[Any]]:
    """What a rule remembers of n coordinates: the name of each part and how many numbers it has, in order."""
    return [[name, int(np.size(leaf))] for name, leaf in states.leaves(cls().init(np.zeros(n)))]


@cache
def colours() -> dict[str, Any]:
    """Those of the pictures, light and dark, and of maps of runs: a list of shades for each hue; one for numbers."""
    names = ("paper", "ink", "faint", "grid", "path", "halo", "minimum", "curve", "tangent", "undefined")
    found: dict[str, dict[str, Any]] = {}
    for name, theme in THEMES.items():
        found[name] = {key: getattr(theme, key) for key in names} | {"series": theme.series}
        low, high = theme.muted().colours(0.0), theme.muted().colours(1.0)  # type: ignore[operator]
        found[name]["ground"] = [[round(255 * part) for part in ends[:3]] for ends in (low, high)]
        found[name]["status"] = {str(one): to_hex(colour) for one, colour in status_colours(theme).items()}
    light = np.linspace(LIGHT, DARK, SHADES)
    hues = [[to_hex(colour) for colour in shades_of(order, light)] for order in range(MOST_HUES + 1)]
    scale = matplotlib.colormaps["viridis_r"]
    return {**found, "shades": hues, "scale": [to_hex(scale(part)) for part in np.linspace(0, 1, 4 * SHADES)]}


def losses() -> list[dict[str, Any]]:
    """What the rows of a table may be counted by: a formula of ``u``, ``y``, ``r = u - y`` and the number ``c``."""
    return [
        {
            "name": loss.name,
            "formula": to_text(loss.formula),
            "root": loss.root,
            "number": loss.shape,
            "spoken": str(loss.spoken),
        }
        for loss in LOSSES.values()
        if loss.formula is not None
    ]


THREE_ROWS = {"columns": {"x": [1, 2, 3], "y": [1, 2, 3]}, "loss": "mse"}
FOUR_ROWS = {"columns": {"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}, "loss": "rmse"}
BOWL: tuple[str, dict[str, float], int] = ("x^2/20 + y^2", {"x": -7, "y": 2}, 29)


def presets() -> list[dict[str, Any]]:
    """The five tutorials, and the failures that have a name."""
    said = [
        *(
            message("Tutorial {n}: a parabola", context="preset", n=1),
            message("Tutorial {n}: zig-zag", context="preset", n=2),
        ),
        message("Tutorial {n}: a line through three points", context="preset", n=3),
        message("Tutorial {n}: one variable, until the slope is small", context="preset", n=4),
        message("Tutorial {n}: two variables, no minimum", context="preset", n=4),
        message("Tutorial {n}: slope and intercept for four points", context="preset", n=5),
        message("Four rules side by side", context="preset"),
        *(message("Zig-zag", context="preset"), message("Above the limit", context="preset")),
        *(message("Saddle", context="preset"), message("Plateau", context="preset")),
        *(message("Ravine", context="preset"), message("Chatter", context="preset")),
    ]
    descents = [
        _descent("W^2", {"W": 51.106262}, 300, _by(0.01)),
        _descent(*BOWL, _by(0.95)),
        _descent("y = W*x", {"W": 0}, 10, _by(0.15)) | {"table": THREE_ROWS},
        _descent("x^2 + 2x + 3", {"x": 1.5}, 1000, _by(0.01), tolerance=1e-5),
        _descent("x^2 + 2y^3", {"x": 1, "y": -1}, 1000, _by(0.01), tolerance=1e-5),
        _descent("y = a*x + b", {"a": 7.52346569, "b": 80.59835907}, 2000, _by(0.1)) | {"table": FOUR_ROWS},
        _descent(*BOWL, _by(0.95), _by(0.1, "momentum"), _by(1.5, "adagrad"), _by(0.3, "adam")),
        _descent("x^2/20 + y^2", {"x": -7, "y": 2}, 60, _by(0.97)),
        _descent("x^2/20 + y^2", {"x": -7, "y": 0.05}, 40, _by(1.05)),
        _descent("x^2 - y^2 + y^4/4", {"x": 2, "y": 0}, 60, _by(0.1), view=(-2.5, 2.5, -2.2, 2.2)),
        _descent("1 - exp(-(x^2 + y^2)/2)", {"x": 4, "y": 3}, 200, _by(0.5), view=(-6, 6, -4, 5)),
        _descent(
            "(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1}, 1000, _by(0.002), _by(0.0005, "momentum")
        ),
        _descent("abs(x) + 2abs(y)", {"x": -3, "y": 2}, 60, _by(0.3)),
    ]
    return [{"name": str(name), "setting": of} for name, of in zip(said, descents, strict=True)]


def _by(learning_rate: float, rule: str = "gradient_descent") -> dict[str, Any]:
    return {"rule": rule, "hyperparameters": {"learning_rate": learning_rate}}


def _descent(
    text: str,
    start: dict[str, float],
    steps: int,
    *methods: dict[str, Any],
    tolerance: float = 0.0,
    view: tuple[float, ...] | None = None,
) -> dict[str, Any]:
    how = {"steps": steps, "tolerance": tolerance, "maximize": False, "view": view}
    return {"formula": text, "start": start, "methods": methods, **how}


if __name__ == "__main__":
    FORMULAS.write_text(print_formulas(), encoding="utf-8")
