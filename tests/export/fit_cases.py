"""Fits that are exported to every dialect, each made when it is asked for."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds
from downslope import optimizers as o
from downslope.fitting.losses import LOSSES as EVERY_LOSS

RANDOM = np.random.default_rng(0)
N = 40
X, Z = RANDOM.normal(3, 2, N), RANDOM.normal(-1, 0.5, N)
Y = 2 * X - Z + RANDOM.normal(0, 0.3, N)
TABLE: dict[str, Any] = {
    "x": X,
    "z": Z,
    "y": Y,
    "above": (Y > 5).astype(float),
    "count": RANDOM.poisson(np.exp(0.15 * X)).astype(float),
    "w": RANDOM.uniform(0.5, 2, N),
    "class": np.where(Y > 8, "high", np.where(Y > 4, "mid", "low")).astype(object),
}
PLANE = "y ~ a*x + b + c*z"
START = {"a": 0.1, "b": 0.2, "c": 0.3}
DESCENT = {"optimizer": "gradient_descent", "learning_rate": 0.01, "steps": 5}
LOSSES = {
    f"{loss.name}(0.7)" if loss.number else loss.name: "above"
    if loss.labels
    else "y"
    if loss.lowest is None
    else "count"
    for loss in EVERY_LOSS.values()
    if not loss.per_class
}
RULES: dict[str, o.Optimizer] = {
    "momentum": o.Momentum(learning_rate=0.005),
    "nesterov": o.Nesterov(learning_rate=0.005),
    "adagrad": o.AdaGrad(learning_rate=0.3),
    "rmsprop": o.RMSProp(learning_rate=0.05),
    "adam": o.Adam(learning_rate=0.1),
    "adgd2": o.AdGD2(initial_step=0.01),
    "armijo": o.Armijo(),
    "lbfgs": o.LBFGS(memory=3),
    "schedule_free_sgd": o.ScheduleFreeSGD(learning_rate=0.01),
}


def fitted(*arguments: Any, **named: Any) -> Callable[[], ds.Fit]:
    """A fit, made when it is asked for."""
    return functools.partial(ds.fit, *arguments, **named)


def plane(**named: Any) -> Callable[[], ds.Fit]:
    return fitted(TABLE, PLANE, start=START, **named)


def linear(**named: Any) -> Callable[[], ds.Fit]:
    return fitted(TABLE, **{"target": "y", "features": "x,z", "learning_rate": 0.01, "steps": 5, **named})


CASES: dict[str, Callable[[], ds.Fit]] = {
    **{f"rule {name}": plane(optimizer=rule, steps=5) for name, rule in RULES.items()},
    **{
        f"loss {loss}": fitted(TABLE, f"{target} ~ a*x + b + c*z", loss=loss, start=START, **DESCENT)
        for loss, target in LOSSES.items()
    },
    "a curve": fitted(
        TABLE, "y ~ a*(1 - exp(-b*x)) + c*z^2", start=START, optimizer=o.Adam(learning_rate=0.05), steps=5
    ),
    "kinks": fitted(
        TABLE,
        "y ~ a*|x - b| + max(c*z, b) + where(x > 2, a, b*x)",
        start=START,
        optimizer=o.Adam(learning_rate=0.05),
        steps=4,
    ),
    "one parameter": fitted(TABLE, "y ~ W*x", **DESCENT),
    "a constant": fitted(TABLE, "y ~ m", **DESCENT),
    "weights": plane(weights="w", **DESCENT),
    "weights that are no column": plane(weights=(TABLE["w"] + 1).tolist(), **DESCENT),
    "penalty": plane(l2=0.2, **DESCENT),
    "penalty on a root": plane(l2=0.2, loss="rmse", **DESCENT),
    "linear model": linear(),
    "linear model with a penalty": linear(target="above", loss="log_loss", l2=0.1),
    "classes": linear(target="class", loss="softmax", l2=0.1),
    "classes, weighted": linear(target="class", loss="softmax", weights="w"),
    "classes, weighted, with a penalty": linear(target="class", loss="softmax", weights="w", l2=0.1),
    "kinks of three": fitted(
        TABLE,
        "y ~ max(|a*x|, |b|, 1) + min(c*z, |x|, b) + a*z",
        start=START,
        optimizer=o.Adam(learning_rate=0.05),
        steps=4,
    ),
    "standardised": linear(standardize=True, learning_rate=0.1),
    "standardised, search": linear(standardize=True, learning_rate=None, optimizer=o.Armijo()),
    "standardised, weighted": plane(standardize=True, weights="w", l2=0.2, **DESCENT),
    "standardised, kernel": linear(standardize=True, target="above", loss="log_loss"),
    "standardised, no intercept": fitted(TABLE, "y ~ a*x + c*z", standardize=True, **DESCENT),
    "supplied gradient": fitted(
        TABLE,
        "y ~ a*x + b",
        gradient={"a": "mean((a*x + b - y)*x)", "b": "sum(a*x + b - y)"},
        learning_rate=0.001,
        steps=4,
    ),
    "names that are taken": fitted(
        {"np": X, "loss": Y, "l": Z}, "loss ~ params*np + m*l + value", optimizer="adam", steps=3
    ),
    "schedule": plane(optimizer=o.SGD(learning_rate=0.02 * ds.optimizers.schedules.Cosine(steps=9)), steps=5),
    "tolerance": plane(optimizer="gradient_descent", learning_rate=0.02, tolerance=0.1),
}
NOT_IN_SYMPY = ("classes", "standardised", "supplied", "penalty on a root")


def asked(dialect: str, name: str) -> bool:
    """SymPy lacks a few."""
    return dialect != "sympy" or not name.startswith(NOT_IN_SYMPY)


@functools.cache
def fit_of(name: str) -> ds.Fit:
    """The fit of that name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ds.objectives.GradientWarning)
        return CASES[name]()
