"""Runs by rules that know curvature: bowls, bent valleys, saddles, climbs, kinks, one parameter and many."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds
from downslope import optimizers as o

BOWL = "(x - 1)^2 + 3*(y + 0.5)^2 + x*y + exp(y/3)"
START = {"x": -1.2, "y": 1.0}
TEST = {"tolerance": 1e-8}

RULES = [cls.name() for cls in o.all_curved()]
SQUARES = [cls.name() for cls in o.all_curved() if cls.asks_for == "residuals"]
PLACES: dict[str, dict[str, Any]] = {
    "six steps": {"objective": BOWL, "start": START, "steps": 6},
    "no step": {"objective": BOWL, "start": START, "steps": 0},
    "to the end": {"objective": BOWL, "start": START, **TEST},
    "bent": {"objective": "(1 - x)^2 + 100*(y - x^2)^2", "start": START, **TEST},
    "not convex": {"objective": "x^4 - 3*x^2 + x*y + y^2 + cos(3*y)", "start": {"x": 0.2, "y": 0.9}, **TEST},
    "fails at steps": {"objective": "x - log(x) + (y - x)^2 + 1/y", "start": {"x": 9, "y": 0.3}, **TEST},
    "one": {"objective": "(W - 2)^4 + W^2 + cosh(W)", "start": {"W": 5.0}, **TEST},
    "choices": {
        "objective": "where(x > 0, x^2, 3*x^2) + max(y, 0)^2 + y^2 + sigmoid(x*y) + softplus(y)",
        "start": START,
        "steps": 6,
    },
    "six of them": {"objective": "rosenbrock(6)", "start": [-1, 1.3, 0.4, -0.7, 1.1, 0.2], "steps": 9},
    "ends of all kinds": {
        "objective": BOWL,
        "start": START,
        "relative_tolerance": 1e-5,
        "value_tolerance": 1e-9,
        "x_tolerance": 1e-7,
    },
    "target": {"objective": BOWL, "start": START, "target": 0.5},
    "every third row": {"objective": BOWL, "start": {"x": -6, "y": 8}, "every": 3, **TEST},
    "names": {
        "objective": "(s - 1)^2 + (state - 2)^2 + (H - 1)^2*(s^2 + 1) + (at - move)^2 + (move - s)^2",
        "start": {"s": 1.4, "state": 0.5, "H": 1.3, "at": 1.2, "move": 0.9},
        "steps": 5,
    },
}
OF_SQUARES: dict[str, dict[str, Any]] = {
    "bent": PLACES["bent"],
    "no step": {**PLACES["bent"], "steps": 0},
    "six of them": PLACES["six of them"],
    "one": {"objective": "(W^2 - 2)^2 + exp(W)", "start": {"W": 5.0}, **TEST},
    "shared parts": {
        "objective": "(x*exp(-y) - 1)^2 + 3*(x*exp(-2*y) - 0.4)^2 + (exp(-y) - sigmoid(x))^2",
        "start": {"x": 1.0, "y": 0.3},
        "steps": 5,
    },
    "choices": {
        "objective": "(x - where(y > 0, y, 2*y))^2 + max(x, 0)^2 + (y - 1)^2",
        "start": {"x": -1.2, "y": -0.4},
        "steps": 2,
    },
    "fails at steps": {
        "objective": "(log(x) + y)^2 + (x - 0.01)^2 + y^2",
        "start": {"x": 9, "y": -3},
        "steps": 6,
    },
    "ends of all kinds": {**PLACES["ends of all kinds"], "objective": "(x - 1)^2 + 3*(y - x^2)^2"},
    "every third row": {
        "objective": "(x - 1)^2 + 30*(y - x^2)^2",
        "start": {"x": -3, "y": 4},
        "every": 3,
        **TEST,
    },
    "names": {
        "objective": "(told - 1)^2 + (rows_of - told^2)^2 + (root - along)^2 + (along - 1.5)^2",
        "start": {"told": 1.4, "rows_of": 0.5, "root": 1.3, "along": 1.2},
        "steps": 5,
    },
}
CLIMB = ("-(x - 1)^2 - y^2*exp(x/5) - x*y/3", START)
OWN: dict[str, o.Optimizer] = {
    "newton": o.curved.newton.Newton(sufficient_decrease=0.3),
    "trust_region": o.curved.trust_region.TrustRegion(radius=0.05),
    "dogleg": o.curved.dogleg.Dogleg(radius=0.05),
    "bfgs": o.curved.bfgs.BFGS(curvature=0.1),
    "sr1": o.curved.sr1.SR1(radius=0.05),
    "nelder_mead": o.curved.nelder_mead.NelderMead(size=0.3),
    "gauss_newton": o.curved.gauss_newton.GaussNewton(sufficient_decrease=0.3),
    "levenberg_marquardt": o.curved.levenberg_marquardt.LevenbergMarquardt(radius=0.05),
}

Make = Callable[[], ds.Run]


def _run(rule: Any, objective: Any, start: Any, **options: Any) -> ds.Run:
    if "nelder_mead" in str(rule) or isinstance(rule, o.curved.nelder_mead.NelderMead):
        # It sees values alone, and near the minimum these are rounding, of which a script's sums have another.
        options |= {k: 1e-3 for k in ("tolerance", "relative_tolerance", "value_tolerance") if k in options}
    return ds.minimize(objective, start, optimizer=rule, explain=False, **options)


def _climb(rule: str) -> ds.Run:
    return ds.maximize(*CLIMB, optimizer=rule, explain=False, tolerance=1e-3)


def _places(rule: str) -> dict[str, dict[str, Any]]:
    if rule not in SQUARES:
        return PLACES
    # Axis by axis the valley takes hundreds of passes.
    few = {"steps": 30} if rule == "coordinate_descent" else {}
    return {place: {**given, **few} if "tolerance" in given else given for place, given in OF_SQUARES.items()}


CASES: dict[str, Make] = {
    **{f"{r}: {p}": functools.partial(_run, r, **given) for r in RULES for p, given in _places(r).items()},
    **{f"{r}: up": functools.partial(_climb, r) for r in RULES if r not in SQUARES},
    **{
        f"{r}: own numbers": functools.partial(_run, rule, **{**_places(r)["bent"], **TEST})
        if r in SQUARES
        else functools.partial(_run, rule, BOWL, START, **TEST)
        for r, rule in OWN.items()
    },
}

# fits

RANDOM = np.random.default_rng(0)
N = 40
X, Z = RANDOM.normal(2, 1, N), RANDOM.normal(-1, 0.5, N)
Y = 2 * X - Z + RANDOM.normal(0, 0.3, N)
TABLE: dict[str, Any] = {
    "x": X,
    "z": Z,
    "y": Y,
    "decayed": 3 * np.exp(-0.6 * X) + 0.2 * Z + 0.05 * RANDOM.normal(size=N),
    "above": (RANDOM.uniform(size=N) < 1 / (1 + np.exp(2 - X))).astype(float),
    "count": RANDOM.poisson(np.exp(0.3 * X)).astype(float),
    "w": RANDOM.uniform(0.5, 2, N),
    "class": np.where(Y > 6, "high", np.where(RANDOM.uniform(size=N) < 0.5, "mid", "low")).astype(object),
}
DECAY, NEAR = "decayed ~ a*exp(-b*x) + c*z", {"a": 2.0, "b": 0.4, "c": 0.1}
LINEAR: dict[str, Any] = {"target": "y", "features": "x,z"}

MakeFit = Callable[[], ds.Fit]


def _fit(*arguments: Any, **named: Any) -> ds.Fit:
    return ds.fit(TABLE, *arguments, **{"steps": 4, "path": "auto", **named})


def _of_every_rule(rule: str) -> dict[str, MakeFit]:
    if rule == "nelder_mead":  # values alone: near a minimum these are rounding
        few: dict[str, Any] = {"steps": 6}
    else:
        few = {}
    return {
        f"{rule}: {case}": functools.partial(_fit, *asked, optimizer=rule, **{**few, **options})
        for case, (asked, options) in {
            "curve": ((DECAY,), {"start": NEAR}),
            "weights and a penalty": ((DECAY,), {"start": NEAR, "weights": "w", "l2": 0.02}),
            "one parameter": (("decayed ~ exp(-W*x)",), {"start": {"W": 0.1}}),
            "columns": ((), {**LINEAR, "l2": 0.1, "path": "kernel", "steps": 2}),
            "in brief": ((), {**LINEAR, "steps": 1}),
            "standardised": ((), {**LINEAR, "standardize": True, "l2": 0.1, "path": "kernel"}),
            "choices": (("y ~ a*max(x, b) + c*|z|",), {"start": {"a": 1.0, "b": 1.3, "c": 0.5}, "steps": 2}),
        }.items()
    }


def _of_losses(rule: str) -> dict[str, MakeFit]:
    curves = {
        "huber(0.7)": "decayed",
        "log_cosh": "decayed",
        "rmse": "decayed",
        "poisson": "count",
        "log_loss": "above",
    }
    return {
        f"{rule}: {loss}": functools.partial(
            _fit,
            f"{target} ~ a*exp(-b*x) + c*z",
            loss=loss,
            start=NEAR,
            optimizer=rule,
            weights="w",
        )
        for loss, target in curves.items()
    }


CLASSES = functools.partial(
    _fit, target="class", features="x,z", loss="softmax", l2=0.1, weights="w", steps=3
)

FITS: dict[str, MakeFit] = {
    **{name: make for rule in RULES for name, make in _of_every_rule(rule).items()},
    **{name: make for rule in ("newton", "trust_region", "bfgs") for name, make in _of_losses(rule).items()},
    "bfgs: classes": functools.partial(CLASSES, optimizer="bfgs"),
    "newton: linear, rmse": functools.partial(
        _fit,
        "y ~ a*x + b",
        loss="rmse",
        optimizer="newton",
        l2=0.1,
        path="kernel",
        start={"a": 1.0, "b": 0.4},
    ),
    "coordinate_descent: l1": functools.partial(
        _fit, **LINEAR, l1=0.3, optimizer="coordinate_descent", steps=9
    ),
    "coordinate_descent: l1 and l2": functools.partial(
        _fit, **LINEAR, l1=0.3, l2=0.05, weights="w", optimizer="coordinate_descent", steps=9
    ),
    **{
        f"auto: {case}": functools.partial(_fit, DECAY, start=NEAR, **{"steps": None, **options})
        for case, options in {
            "curve": {},
            "weights and a penalty": {"weights": "w", "l2": 0.02},
            "rmse": {"loss": "rmse"},
            "two steps": {"steps": 2},
        }.items()
    },
    "auto: no start": functools.partial(ds.fit, TABLE, "decayed ~ a*exp(-b*x) + c"),
}
