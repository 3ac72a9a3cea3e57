"""Fits whose trouble is in the data, in the start or in the rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds

from . import tables as t
from .known import About, Known, Within

SEPARATED, ABOVE, RATE = "separation", "learning_rate_above_limit", "rmse_rate"
RMSE = "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)"


def fitted(table: Any, hypothesis: str | None, **options: Any) -> Callable[[], Any]:
    """A fit that is made when it is judged."""
    return lambda: ds.fit(table, hypothesis, **options)


def fit(
    name: str, table: Any, hypothesis: str | None, options: dict[str, Any], *named: str, **known: Any
) -> Known:
    """A record of a fit in one line."""
    return Known(name=name, make=fitted(table, hypothesis, **options), named=named, **known)


def cases() -> list[Known]:
    """All of them."""
    return [*_separated(), *_rates(), *_data(), *_starts(), *_slow()]


def _separated() -> list[Known]:
    """A direction along which the likelihood rises for ever, wholly or on some of the rows."""
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.array([[0.0, 0], [10, 0], [0, 10]]), 8, 0) + rng.uniform(-1, 1, (24, 2))
    flowers = {"u": clusters[:, 0], "v": clusters[:, 1], "y": np.repeat(["a", "b", "c"], 8).tolist()}
    half = {
        "u": [*range(8), *range(20, 28)],
        "v": [1.0, 2, 1, 2, 1, 2, 1, 2] * 2,
        "y": ["a"] * 8 + ["b", "c"] * 4,
    }
    made = []
    for name, table, loss, least in [
        (
            "T10 quasi-completely",
            {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]},
            "log_loss",
            math.log(2) / 3,
        ),
        ("completely", {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]}, "log_loss", 0.0),
        ("the other way", {"x": [1, 2, 3, 4], "y": [1, 1, 0, 0]}, "log_loss", 0.0),
        (
            "quasi, four on the edge",
            {"x": [1, 2, 2, 2, 2, 5], "y": [0, 0, 1, 0, 1, 1]},
            "log_loss",
            4 * math.log(2) / 6,
        ),
        (
            "quasi, a dummy",
            {"x": [0, 0, 0, 0, 1, 1, 1], "y": [0, 1, 1, 0, 1, 1, 1]},
            "log_loss",
            4 * math.log(2) / 7,
        ),
        ("Poisson of zeros", {"x": [1, 2, 3, 4], "y": [0, 0, 0, 0]}, "poisson", 0.0),
        (
            "Poisson, a group of zeros",
            {"x": [0, 0, 0, 1, 1, 1], "y": [2, 3, 4, 0, 0, 0]},
            "poisson",
            (3 - 3 * math.log(3)) / 2,
        ),
        (
            "Poisson, zeros but at the end",
            {"x": [1, 2, 3, 4], "y": [0, 0, 0, 5]},
            "poisson",
            (5 - 5 * math.log(5)) / 4,
        ),
    ]:
        made.append(
            fit(
                f"separation: {name}",
                table,
                "y ~ a*x + b",
                {"loss": loss},
                SEPARATED,
                never=("rounding_floor", "grows_without_bound", "too_few_steps", "undetermined"),
                success=False,
                numbers={"run.loss": Within(least, 0.1)},
                why="the infimum by hand: rows off the edge cost nothing in the limit",
            )
        )
    made.append(
        fit(
            "separation: with a rate",
            {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]},
            "y ~ a*x + b",
            {"loss": "log_loss", "learning_rate": 0.1, "steps": 2000, "tolerance": 1e-8},
            SEPARATED,
            success=False,
            why="the direction does not depend on the rule",
        )
    )
    made.append(
        fit(
            "separation: in two columns",
            {"u": [0, 1, 0, 1, 3, 4, 3, 4], "v": [0, 0, 1, 1, 3, 3, 4, 4], "y": [0, 0, 0, 0, 1, 1, 1, 1]},
            "y ~ a*u + c*v + b",
            {"loss": "log_loss"},
            SEPARATED,
            success=False,
            why="u + v tells them apart",
        )
    )
    for name, table in (("three clusters", flowers), ("one class apart", half)):
        made.append(
            fit(
                f"separation: softmax, {name}",
                table,
                None,
                {"target": "y", "loss": "softmax"},
                SEPARATED,
                never=("rounding_floor", "too_few_steps"),
                success=False,
                why="a plane has all rows of a class on one side",
            )
        )
    return made


def _rates() -> list[Known]:
    """Above 2/L of the mean squared error; of its root the limit is 4 RMSE*/L. Also written as a formula."""
    L = t.curvature(t.FOUR, "x")
    A, y = t.design(t.FOUR, "x"), np.array(t.FOUR["y"])
    least = float(np.sqrt(np.mean((A @ t.least_squares(t.FOUR, "x") - y) ** 2)))
    start = {"a": 7.5, "b": 80.6}
    made = []
    for rate, steps in ((50.0, 300), (50.0, 301), (1.0, 400)):
        more = {"learning_rate": rate, "steps": steps, "start": start}
        known: dict[str, Any] = {
            "never": ("too_few_steps", "worse_than_mean", ABOVE, "learning_rate_too_small"),
            "success": False if rate > 1 else None,
            "numbers": {f"{RATE}.limit": About(4 * least / L, 1e-3)},
            "unsaid": ("give it more steps",),
            "why": "RMSE* and L by LAPACK",
        }
        made.append(
            fit(
                f"T15 rmse at {rate:g}, {steps} steps",
                t.FOUR,
                "y ~ a*x + b",
                {"loss": "rmse", **more},
                RATE,
                **known,
            )
        )
        made.append(
            Known(
                name=f"T15 the same as a formula, {rate:g}, {steps} steps",
                make=lambda rate=rate, steps=steps: ds.minimize(RMSE, start, learning_rate=rate, steps=steps),
                named=(RATE,),
                **known,
            )
        )
    for rate, table, columns, hypothesis in [
        (0.1, t.FOUR, ("x",), "y ~ a*x + b"),
        (0.06, t.LINE, ("x",), "y ~ a*x + b"),
        (1.0, t.LINE, ("x",), "y ~ a*x + b"),
    ]:
        made.append(
            fit(
                f"mse of {len(table['x'])} rows at {rate}",
                table,
                hypothesis,
                {"learning_rate": rate, "steps": 400},
                ABOVE,
                never=("too_few_steps", "worse_than_mean", "undetermined", "learning_rate_too_small"),
                success=False,
                numbers={f"{ABOVE}.limit": About(2 / t.curvature(table, *columns), 1e-4)},
                unsaid=("give it more steps",),
                why="2/L with L of 2 A'A/n",
            )
        )
    made.append(
        fit(
            "rmse of an exact fit chatters",
            {"x": [1.0, 2, 3], "y": [3.0, 5, 7]},
            "y ~ a*x + b",
            {
                "loss": "rmse",
                "learning_rate": 0.2,
                "steps": 3000,
                "tolerance": 1e-6,
                "start": {"a": 0.1, "b": 0.2},
            },
            "rmse_chatter|kink",
            never=(ABOVE, "too_few_steps"),
            success=False,
            why="the root of a quadratic that falls to 0",
        )
    )
    return made


def _data() -> list[Known]:
    """What the data do not say, say badly, or say against the hypothesis."""
    x = np.arange(8.0)
    made = []
    for name, table, hypothesis in [
        ("twice the same column", {"u": x, "v": 2 * x, "y": 3 * x + 1}, "y ~ a*u + c*v + b"),
        ("a column and a constant", {"u": x, "v": np.ones(8), "y": x + 1}, "y ~ a*u + c*v + b"),
        ("a sum of columns", {"u": x, "v": x**2, "w": x + x**2, "y": x}, "y ~ a*u + c*v + d*w + b"),
        ("more parameters than rows", {"u": [1.0, 2], "v": [3.0, 5], "y": [1.0, 2]}, "y ~ a*u + c*v + b"),
        ("two names for one number", {"u": x, "y": 3 * x}, "y ~ (a + c)*u + b"),
    ]:
        made.append(
            fit(
                f"undetermined: {name}",
                table,
                hypothesis,
                {},
                "undetermined",
                never=("few_digits", "separation", "rounding_floor", "too_few_steps"),
                success=True,
                why="the columns are linearly dependent, exactly",
            )
        )
    far = 1e6 + x
    for name, table, hypothesis in [
        ("a cubic of years", {"u": 2000 + x, "y": x + 0.1 * x**2}, "y ~ a*u + c*u^2 + d*u^3 + b"),
        ("nearly equal columns", {"u": x, "v": x + 1e-10 * x**2, "y": x}, "y ~ a*u + c*v + b"),
        ("a square far from zero", {"u": far, "v": far**2, "y": x}, "y ~ a*u + c*v + b"),
    ]:
        made.append(
            fit(
                f"few digits: {name}",
                table,
                hypothesis,
                {},
                "few_digits|undetermined|conditioning",
                never=("separation",),
                why="the condition number of the columns as they stand is above 1e9",
            )
        )
    for name, table, hypothesis in [
        ("through the origin", {"x": [1.0, 2, 3, 4], "y": [10.0, 9, 11, 10]}, "y ~ a*x"),
        ("falling through the origin", {"x": [1.0, 2, 3], "y": [9.0, 6, 3]}, "y ~ a*x"),
        ("far off", {"x": [-2.0, 1, 3], "y": [100.0, 101, 103]}, "y ~ a*x"),
    ]:
        made.append(
            fit(
                f"worse than the mean: {name}",
                table,
                hypothesis,
                {},
                "worse_than_mean",
                never=("undetermined", "too_few_steps", "separation"),
                unsaid=("give it more steps",),
                why="without a constant the residuals are larger than the target's spread",
            )
        )
    return made


def _starts() -> list[Known]:
    """Nonlinear hypotheses from bad starts: the right answer, or a word and no success."""
    decay = {"x": [50.0, 100, 150, 200], "y": [3.0, 2.9, 2.7, 2.6]}
    c, age = np.array(t.ORANGE["c"]), np.array(t.ORANGE["age"])
    orange = t.least_of(
        lambda w: float(np.mean((w[0] / (1 + np.exp((w[1] - age) / w[2])) - c) ** 2)), [190, 700, 350]
    )
    return [
        *[
            fit(
                f"T3 a growing exponential ran off, {steps} steps",
                {"x": [0.0, 1, 2, 3, 4], "y": [1.0, 2, 4, 7, 16]},
                "y ~ a*exp(b*x)",
                {"start": {"a": 1, "b": 5}, "learning_rate": 0.01, "steps": steps},
                f"{ABOVE}|overflow|grows_without_bound|left_domain",
                never=("flat", "rounding_floor", "too_few_steps"),
                success=False,
                unsaid=("so it is a minimum",),
                why="the first step is 0.01 times a gradient of 1e17",
            )
            for steps in (100, 101, 5)
        ],
        *[
            fit(
                f"T3 ran off: {hypothesis} from {start}",
                {"x": [1.0, 2, 3, 4, 5], "y": [1.0, 2, 4, 7, 16]},
                hypothesis,
                {"start": start, "learning_rate": rate, "steps": 60},
                f"{ABOVE}|overflow|grows_without_bound|left_domain",
                never=("flat", "rounding_floor", "too_few_steps"),
                success=False,
                unsaid=("so it is a minimum",),
                why="the first gradient is above 1e10, so that the first step ends thousands away",
            )
            for hypothesis, start, rate in [
                ("y ~ a*exp(b*x)", {"a": 2, "b": 4}, 1e-3),
                ("y ~ exp(a*x + b)", {"a": 5, "b": 1}, 1e-3),
                ("y ~ a*x^b", {"a": 1, "b": 20}, 0.01),
                ("y ~ a*cosh(b*x)", {"a": 1, "b": 5}, 0.01),
            ]
        ],
        fit(
            "R5 Orange from ones",
            t.ORANGE,
            "c ~ A/(1+exp((m-age)/s))",
            {"start": {"A": 1, "m": 1, "s": 1}},
            "flat|grows_without_bound|worse_than_mean|overflow|stalled",
            instead=tuple(orange),
            unsaid=("after 0 steps",),
            why="by BFGS from R's start",
        ),
        fit(
            "R5 a decay from ones",
            decay,
            "y ~ a*exp(-b*x)+c",
            {"start": {"a": 1, "b": 1, "c": 1}},
            "flat|grows_without_bound|worse_than_mean|stalled|undetermined|ill_conditioned|too_few_steps",
            unsaid=("after 0 steps",),
            why="with b = 1 the exponential is e^-50 in every row: the slope along a and b has died out",
        ),
        *[
            fit(
                f"R6 Puromycin from {start}",
                t.PUROMYCIN,
                "y ~ V*x/(K+x)",
                {"start": {"V": start[0], "K": start[1]}},
                "flat|grows_without_bound|worse_than_mean|stalled|pole|left_domain|saddle",
                instead=(0.0641, 212.68),
                why="the values that every book gives",
            )
            for start in ((1, 1), (200, 10), (100, 0.01))
        ],
        *[
            fit(
                f"a growing parameter: {hypothesis}",
                {"x": [0.0, 1, 2, 3], "y": y},
                hypothesis,
                {"start": start, "steps": 20000},
                "grows_without_bound|flat|unbounded_below|too_few_steps",
                never=("rounding_floor", "separation"),
                success=False,
                why="a step from 0 to 1 is the limit of ever steeper curves",
            )
            for hypothesis, y, start in [
                ("y ~ 1/(1+exp(-k*(x-1.5)))", [0.0, 0, 1, 1], {"k": 1}),
                ("y ~ tanh(k*x)", [0.0, 1, 1, 1], {"k": 1}),
                ("y ~ exp(-k*x)", [1.0, 0, 0, 0], {"k": 1}),
            ]
        ],
    ]


def _slow() -> list[Known]:
    """Descended in the user's units with a rate of the user's: too few steps, too small a rate, or a poor condition."""
    made = []
    small = {"learning_rate": 1e-6, "steps": 300, "tolerance": 1e-8}
    made.append(
        fit(
            "a rate too small",
            t.FOUR,
            "y ~ a*x + b",
            small,
            "learning_rate_too_small",
            success=False,
            why="2/L is 0.032",
        )
    )
    made.append(
        fit(
            "too few steps",
            {"x": [-1.5, -0.5, 0.5, 1.5], "y": [1.0, 2, 4, 5]},
            "y ~ a*x + b",
            {"learning_rate": 0.3, "steps": 8, "tolerance": 1e-8},
            "too_few_steps",
            never=("ill_conditioned", "worse_than_mean", "conditioning"),
            success=False,
            why="the columns are orthogonal: curvatures 2.5 and 2, factors 0.25 and 0.4",
        )
    )
    made.append(
        fit(
            "columns in units far apart",
            {"u": [1.0, 2, 3, 4], "v": [2000.0, 1000, 4000, 3000], "y": [1.0, 3, 2, 5]},
            "y ~ a*u + c*v + b",
            {"learning_rate": 1e-7, "steps": 500, "tolerance": 1e-8},
            "ill_conditioned",
            never=(ABOVE, "rounding_floor"),
            success=False,
            why="2 v'v/n is 1.5e7, the rest a millionth of it",
        )
    )
    return made
