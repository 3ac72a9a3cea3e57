"""The five tutorials: the idea of each script, as a script, and our call, to be exported to its dialect."""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import downslope as ds
from downslope import Fit

DATA = json.loads((Path(__file__).parents[1] / "data" / "tutorials.json").read_text(encoding="utf-8"))
PUBLISHED: dict[int, Any] = {tutorial["id"]: tutorial for tutorial in DATA["tutorials"]}
LINE = PUBLISHED[3]["data"]
FOUR_POINTS = PUBLISHED[5]["data"]

IDEAS = {  # script -> the dialect it is written in
    "tape": "tensorflow",
    "class_over_dicts": "numpy_class",
    "line_by_hand": "torch",
    "line_by_optim": "torch.optim",
    "derivative": "sympy",
    "partial_derivatives": "sympy",
    "root_mean_square": "tensorflow",
}


def _above_or_below(start: float) -> ds.Run:
    return ds.minimize(
        "x^2 + 2*y^3", {"x": 1.5, "y": start}, learning_rate=0.01, tolerance=1e-5, steps=20_000
    )


def _by_hand() -> Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ds.objectives.GradientWarning)  # it is 1.5 times the true gradient
        return ds.fit(LINE, "y ~ W*x", gradient="sum((W*x - y)*x)", learning_rate=0.1, steps=10)


def _root_mean_square(steps: int) -> Fit:
    return ds.fit(
        FOUR_POINTS,
        "y ~ a*x + b",
        loss="rmse",
        start={"a": 7.52346569, "b": 80.59835907},
        optimizer="gradient_descent",
        learning_rate=0.1,
        steps=steps,
    )


CALLS: dict[str, Callable[[], Any]] = {
    "tape": lambda: ds.minimize(
        "W^2", {"W": 51.106262}, learning_rate=0.01, steps=300, dtype="float32", every=1
    ),
    "zig-zag": lambda: ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=29),
    "line": lambda: ds.fit(LINE, "y ~ W*x", learning_rate=0.15, steps=10),
    "line by hand": _by_hand,
    "descent": lambda: ds.minimize("x^2 + 2x + 3", {"x": 1.5}, learning_rate=0.01, tolerance=1e-5),
    "ascent": lambda: ds.maximize("-(x^2 + 2x + 3)", {"x": 1.5}, learning_rate=0.01, tolerance=1e-5),
    "from above": lambda: _above_or_below(0.5),
    "from below": lambda: _above_or_below(-0.5),
    "root mean square": lambda: _root_mean_square(2001),
    "root mean square, shorter": lambda: _root_mean_square(301),
}
EXPORTS = [  # our call, the dialect of the tutorial
    ("tape", "tensorflow"),
    ("zig-zag", "numpy_class"),
    ("line", "torch"),
    ("line", "torch.optim"),
    ("line by hand", "torch"),
    ("line by hand", "torch.optim"),
    ("descent", "sympy"),
    ("ascent", "sympy"),
    ("from above", "sympy"),
    ("from below", "sympy"),
    ("root mean square", "numpy"),
    ("root mean square, shorter", "tensorflow"),
]
EVERY_ROW = ("tape", "root mean square", "root mean square, shorter")


@functools.cache
def call(name: str) -> Any:
    """Our call of that name."""
    return CALLS[name]()


def scripts(dialect: str) -> dict[tuple[str, str], str]:
    """The ideas' scripts and the exported ones of a dialect."""
    folder = Path(__file__).with_name("tutorials")
    found = {
        ("idea", name): (folder / f"{name}.py").read_text(encoding="utf-8")
        for name, to in IDEAS.items()
        if to == dialect
    }
    for name, to in EXPORTS:
        if to == dialect:
            text = call(name).export(dialect)
            if name in EVERY_ROW:  # as a reader would ask for it
                text = re.sub(r"^EVERY = \d+", "EVERY = 1", text, flags=re.M)
            found["tutorial", name] = text
    return found
