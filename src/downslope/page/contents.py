"""What a page offers: classic problems, presets, what is said of each rule, colours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from downslope.messages import Message, documented, message
from downslope.objectives import all_problems
from downslope.optimizers import Optimizer, all_optimizers
from downslope.optimizers import state as states
from downslope.optimizers.notation import formula, specimen
from downslope.plots.look import THEMES

FORMULAS = Path(__file__).parent / "formulas.json"
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
            **printed.get(cls.name(), {"lines": [], "legend": {}, "state": {}}),
        }
        for cls in all_optimizers()
    }


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
def colours() -> dict[str, dict[str, Any]]:
    """Those of the pictures, light and dark."""
    names = ("paper", "ink", "faint", "grid", "path", "halo", "minimum", "curve", "tangent", "undefined")
    found: dict[str, dict[str, Any]] = {}
    for name, theme in THEMES.items():
        found[name] = {key: getattr(theme, key) for key in names} | {"series": theme.series}
        low, high = theme.muted().colours(0.0), theme.muted().colours(1.0)  # type: ignore[operator]
        found[name]["ground"] = [[round(255 * part) for part in ends[:3]] for ends in (low, high)]
    return found


def presets() -> list[dict[str, Any]]:
    """The five tutorials and the failures that have a name."""
    return [
        _preset(
            message("Tutorial: one variable", context="preset"),
            ("x^2 + 2x + 3", {"x": 1.5}, 300),
            _rule("gradient_descent", learning_rate=0.01),
        ),
        _preset(
            message("Tutorial: gradient descent", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 2}, 30),
            _rule("gradient_descent", learning_rate=0.95),
        ),
        _preset(
            message("Tutorial: momentum", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 2}, 30),
            _rule("momentum", learning_rate=0.1),
        ),
        _preset(
            message("Tutorial: AdaGrad", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 2}, 30),
            _rule("adagrad", learning_rate=1.5),
        ),
        _preset(
            message("Tutorial: Adam", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 2}, 30),
            _rule("adam", learning_rate=0.3),
        ),
        _preset(
            message("Four rules side by side", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 2}, 30),
            _rule("gradient_descent", learning_rate=0.95),
            _rule("momentum", learning_rate=0.1),
            _rule("adagrad", learning_rate=1.5),
            _rule("adam", learning_rate=0.3),
        ),
        _preset(
            message("Zig-zag", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 2}, 60),
            _rule("gradient_descent", learning_rate=0.97),
        ),
        _preset(
            message("Above the limit", context="preset"),
            ("x^2/20 + y^2", {"x": -7, "y": 0.05}, 40),
            _rule("gradient_descent", learning_rate=1.05),
        ),
        _preset(
            message("Saddle", context="preset"),
            ("x^2 - y^2 + y^4/4", {"x": 2, "y": 0}, 60),
            _rule("gradient_descent", learning_rate=0.1),
        ),
        _preset(
            message("Plateau", context="preset"),
            ("1 - exp(-(x^2 + y^2)/2)", {"x": 4, "y": 3}, 200),
            _rule("gradient_descent", learning_rate=0.5),
        ),
        _preset(
            message("Ravine", context="preset"),
            ("(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1}, 1000),
            _rule("gradient_descent", learning_rate=0.002),
            _rule("momentum", learning_rate=0.0005),
        ),
        _preset(
            message("Chatter", context="preset"),
            ("abs(x) + 2*abs(y)", {"x": -3, "y": 2}, 60),
            _rule("gradient_descent", learning_rate=0.3),
        ),
    ]


def _rule(rule: str, **hyperparameters: float) -> dict[str, Any]:
    return {"rule": rule, "hyperparameters": hyperparameters}


def _preset(name: Message, of: tuple[str, dict[str, float], int], *methods: dict[str, Any]) -> dict[str, Any]:
    text, start, steps = of
    setting = {"formula": text, "start": start, "steps": steps, "methods": methods, "tolerance": 0}
    return {"name": str(name), "setting": {**setting, "maximize": False}}


if __name__ == "__main__":
    FORMULAS.write_text(print_formulas(), encoding="utf-8")
