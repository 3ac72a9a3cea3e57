"""Fits in which nothing is wrong, with the answers of NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import tables as t
from .fits import fit
from .known import About, Known, Within


def healthy() -> list[Known]:
    """All of them."""
    return [*_squares(), *_others(), *_labels(), *_curved(), *_settings(), *_linear_programmes()]


def _squares() -> list[Known]:
    made = []
    x = np.arange(10.0)
    wide = {
        "u": x,
        "v": np.sin(x),
        "w": x**2 / 10,
        "y": 1 + 2 * x - np.sin(x) + x**2 / 20 + np.cos(3 * x) / 5,
    }
    for name, table, columns, hypothesis in [
        ("four rows", t.FOUR, ("x",), "y ~ a*x + b"),
        ("seven rows", t.LINE, ("x",), "y ~ a*x + b"),
        ("counts", t.COUNTS, ("x",), "y ~ a*x + b"),
        ("exact", {"x": [1.0, 2, 3], "y": [3.0, 5, 7]}, ("x",), "y ~ a*x + b"),
        ("two columns", wide, ("u", "v"), "y ~ a*u + c*v + b"),
        ("three columns", wide, ("u", "v", "w"), "y ~ a*u + c*v + d*w + b"),
        ("a level line", {"x": [1.0, 2, 3, 4], "y": [5.0, 6, 6, 5]}, ("x",), "y ~ a*x + b"),
    ]:
        answer = t.least_squares(table, *columns)
        letters = dict(zip(("a", "c", "d")[: len(columns)], answer, strict=False))
        for loss in ("mse", "rmse"):
            made.append(
                fit(
                    f"{loss} of {name}",
                    table,
                    hypothesis,
                    {"loss": loss},
                    quiet=True,
                    allowed=("conditioning",),
                    success=True,
                    numbers={
                        "x.b": About(float(answer[-1]), 1e-6),
                        **{f"x.{k}": Within(float(v), 1e-6 * (1 + abs(v))) for k, v in letters.items()},
                    },
                    why="least squares by LAPACK",
                )
            )
    return made


def _others() -> list[Known]:
    made = []
    for loss, cost in [
        ("huber(1.0)", lambda r: np.where(np.abs(r) <= 1, r * r / 2, np.abs(r) - 0.5)),
        ("log_cosh", lambda r: np.logaddexp(r, -r) - np.log(2)),
    ]:
        for name, table in (("seven rows", t.LINE), ("counts", t.COUNTS)):
            A, y = t.design(table, "x"), np.array(table["y"])
            answer = t.least_of(
                lambda w, A=A, y=y, cost=cost: float(np.mean(cost(A @ w - y))), t.least_squares(table, "x")
            )
            made.append(
                fit(
                    f"{loss} of {name}",
                    table,
                    "y ~ a*x + b",
                    {"loss": loss},
                    quiet=True,
                    allowed=("conditioning",),
                    success=True,
                    numbers={"run.loss": About(float(np.mean(cost(A @ answer - y))), 1e-6)},
                    why="the least mean loss by BFGS",
                )
            )
    far = {"x": [1.0, 2, 3, 4], "y": [101.0, 102, 104, 105]}
    A, y = t.design(far, "x"), np.array(far["y"])
    mean = lambda w: float(np.mean(np.logaddexp(A @ w - y, y - A @ w) - np.log(2)))  # noqa: E731
    answer = t.least_of(mean, t.least_squares(far, "x"))
    made.append(
        fit(
            "R4 log_cosh far from zero",
            far,
            "y ~ a*x + b",
            {"loss": "log_cosh"},
            quiet=True,
            success=True,
            numbers={"x.a": About(float(answer[0]), 1e-4), "x.b": About(float(answer[1]), 1e-4)},
            why="by BFGS from the least squares",
        )
    )
    return made


def _labels() -> list[Known]:
    rng = np.random.default_rng(3)
    spread_ = {"x": rng.normal(size=60), "y": rng.integers(0, 2, 60)}
    three = {"u": rng.normal(size=45), "v": rng.normal(size=45), "y": np.tile(["a", "b", "c"], 15).tolist()}
    made = []
    for name, table in (("ten rows", t.MIXED), ("sixty rows", spread_)):
        a, b = t.logistic(table)
        made.append(
            fit(
                f"log_loss of {name}",
                table,
                "y ~ a*x + b",
                {"loss": "log_loss"},
                quiet=True,
                success=True,
                numbers={"x.a": About(float(a), 1e-4), "x.b": About(float(b), 1e-4)},
                why="the greatest likelihood by BFGS",
            )
        )
    made.append(
        fit(
            "log_loss of separated classes with a penalty",
            {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]},
            "y ~ a*x + b",
            {"loss": "log_loss", "l2": 0.01},
            quiet=True,
            success=True,
            unsaid=("no minimum",),
            why="the penalty has a minimum",
        )
    )
    made.append(
        fit(
            "softmax of mixed rows",
            three,
            None,
            {"target": "y", "loss": "softmax"},
            quiet=True,
            success=True,
            why="no class apart",
        )
    )
    a, b = t.poisson(t.COUNTS)
    made.append(
        fit(
            "Poisson of counts",
            t.COUNTS,
            "y ~ a*x + b",
            {"loss": "poisson"},
            quiet=True,
            success=True,
            numbers={"x.a": About(float(a), 1e-4), "x.b": Within(float(b), 1e-4)},
            why="the greatest likelihood by BFGS",
        )
    )
    return made


def _curved() -> list[Known]:
    x = np.linspace(0, 4, 12)
    made = []
    for name, table, hypothesis, start, answer in [
        (
            "a decay",
            {"x": x, "y": 3 * np.exp(-0.7 * x) + 0.01 * np.cos(5 * x)},
            "y ~ a*exp(-b*x)",
            {"a": 1, "b": 1},
            {"a": 3.0, "b": 0.7},
        ),
        (
            "Puromycin from the books' start",
            t.PUROMYCIN,
            "y ~ V*x/(K+x)",
            {"V": 200, "K": 0.05},
            {"V": 212.68, "K": 0.0641},
        ),
        (
            "Orange from R's start",
            t.ORANGE,
            "c ~ A/(1+exp((m-age)/s))",
            {"A": 190, "m": 700, "s": 350},
            {"A": 192.69, "m": 728.76, "s": 353.53},
        ),
        (
            "a power",
            {"x": x + 1, "y": 2 * (x + 1) ** 1.5},
            "y ~ a*x^p",
            {"a": 1, "p": 1},
            {"a": 2.0, "p": 1.5},
        ),
        (
            "a wave",
            {"x": x, "y": 2 * np.sin(1.3 * x)},
            "y ~ a*sin(w*x)",
            {"a": 1, "w": 1.2},
            {"a": 2.0, "w": 1.3},
        ),
    ]:
        made.append(
            fit(
                name,
                table,
                hypothesis,
                {"start": start},
                quiet=True,
                success=True,
                numbers={f"x.{k}": About(v, 1e-2) for k, v in answer.items()},
                why="the numbers that the table was made with, or of the books",
            )
        )
    return made


def _settings() -> list[Known]:
    """With the user's own rate, weights, penalties, batches."""
    L = t.curvature(t.LINE, "x")
    a, b = t.least_squares(t.LINE, "x")
    centred = {"x": [-1.5, -0.5, 0.5, 1.5], "y": [1.0, 2, 4, 5]}
    rows = np.random.default_rng(0).normal(size=(400, 2))
    many = {"u": rows[:, 0], "v": rows[:, 1], "y": 1 + 2 * rows[:, 0] - rows[:, 1]}
    made: list[Known] = []
    settings: list[tuple[str, Any, str, dict[str, Any], dict[str, float]]] = [
        (
            "1/L",
            t.LINE,
            "y ~ a*x + b",
            {"learning_rate": 1 / L, "tolerance": 1e-8, "steps": 20000},
            {"a": a, "b": b},
        ),
        (
            "standardised",
            t.LINE,
            "y ~ a*x + b",
            {"standardize": True, "learning_rate": 0.4, "tolerance": 1e-8},
            {"a": a, "b": b},
        ),
        (
            "momentum",
            centred,
            "y ~ a*x + b",
            {"optimizer": "momentum", "learning_rate": 0.05, "tolerance": 1e-8},
            {"a": 1.4, "b": 3.0},
        ),
        (
            "adam",
            centred,
            "y ~ a*x + b",
            {"optimizer": "adam", "learning_rate": 0.1, "tolerance": 1e-6},
            {"a": 1.4, "b": 3.0},
        ),
        (
            "best rate",
            centred,
            "y ~ a*x + b",
            {"learning_rate": 2 / 4.5, "tolerance": 1e-8},
            {"a": 1.4, "b": 3.0},
        ),
        ("steps alone", centred, "y ~ a*x + b", {"learning_rate": 0.4, "steps": 60}, {"a": 1.4, "b": 3.0}),
        ("weights", t.LINE, "y ~ a*x + b", {"weights": [1.0] * 7}, {"a": a, "b": b}),
        ("ridge", centred, "y ~ a*x + b", {"l2": 0.25}, {"a": 1.4 * 1.25 / 1.5, "b": 3.0}),
        ("lasso", centred, "y ~ a*x + b", {"l1": 0.5}, {"a": 1.4 - 0.25 / 1.25, "b": 3.0}),
        ("L-BFGS", t.LINE, "y ~ a*x + b", {"optimizer": "lbfgs"}, {"a": a, "b": b}),
        (
            "mini-batches",
            many,
            "y ~ a*u + c*v + b",
            {"batch_size": 40, "epochs": 60, "learning_rate": 0.1, "seed": 1},
            {"a": 2.0, "b": 1.0},
        ),
    ]
    for name, table, hypothesis, options, answer in settings:
        made.append(
            fit(
                f"a fit: {name}",
                table,
                hypothesis,
                options,
                quiet=True,
                allowed=("conditioning",),
                success=True,
                numbers={f"x.{k}": About(float(v), 1e-3) for k, v in answer.items()},
                why="normal equations by hand; with a penalty a = x'y/n / (x'x/n + l2), or less l1/2 of it",
            )
        )
    return made


def _linear_programmes() -> list[Known]:
    """R10: least absolute and quantile losses beside the exact linear programme."""
    made = []
    for name, table in (("seven rows", t.LINE), ("counts", t.COUNTS), ("four rows", t.FOUR)):
        for loss, part, factor in (
            ("mae", 0.5, 2.0),
            ("quantile(0.25)", 0.25, 1.0),
            ("quantile(0.9)", 0.9, 1.0),
        ):
            made.append(
                fit(
                    f"R10 {loss} of {name}",
                    table,
                    "y ~ a*x + b",
                    {"loss": loss},
                    quiet=True,
                    allowed=("kink", "conditioning"),
                    success=True,
                    numbers={"run.loss": About(factor * t.least_quantile(table, part), 1e-6)},
                    why="the linear programme, by HiGHS",
                )
            )
    return made
