"""Runs by rules that know curvature: bowls, bent valleys, saddles, climbs, kinks, one parameter and many."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import downslope as ds
from downslope import optimizers as o
from downslope.export.curved_form import is_curved

BOWL = "(x - 1)^2 + 3*(y + 0.5)^2 + x*y + exp(y/3)"
START = {"x": -1.2, "y": 1.0}
TEST = {"tolerance": 1e-8}

RULES = [cls.name() for cls in o.all_curved() if is_curved(cls())]
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
    "every third row": {"objective": BOWL, "start": {"x": -30, "y": 40}, "every": 3, **TEST},
    "names": {
        "objective": "(s - 1)^2 + (state - 2)^2 + (H - 1)^2*(s^2 + 1) + (at - move)^2 + (move - s)^2",
        "start": {"s": 1.4, "state": 0.5, "H": 1.3, "at": 1.2, "move": 0.9},
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
}

Make = Callable[[], ds.Run]


def _run(rule: Any, objective: Any, start: Any, **options: Any) -> ds.Run:
    if "nelder_mead" in str(rule) or isinstance(rule, o.curved.nelder_mead.NelderMead):
        # It sees values alone, and near the minimum these are rounding, of which a script's sums have another.
        options |= {k: 1e-3 for k in ("tolerance", "relative_tolerance", "value_tolerance") if k in options}
    return ds.minimize(objective, start, optimizer=rule, explain=False, **options)


def _climb(rule: str) -> ds.Run:
    return ds.maximize(*CLIMB, optimizer=rule, explain=False, tolerance=1e-3)


CASES: dict[str, Make] = {
    **{f"{r}: {p}": functools.partial(_run, r, **given) for r in RULES for p, given in PLACES.items()},
    **{f"{r}: up": functools.partial(_climb, r) for r in RULES},
    **{f"{r}: own numbers": functools.partial(_run, rule, BOWL, START, **TEST) for r, rule in OWN.items()},
}
