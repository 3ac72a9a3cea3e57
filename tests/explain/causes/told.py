"""Runs that were told what is not so: a target below the minimum, a least value that is another."""

from __future__ import annotations

import numpy as np

from .known import About, Known, case

NEVER = ("rounding_floor", "flat", "learning_rate_above_limit", "too_few_steps", "stalled")
VALLEY = "(x-1)^2 + 4*(y+2)^2 + 1"
HESSIAN = {"hessian": np.diag([2.0, 8.0]), "bounded": True}


def cases() -> list[Known]:
    """All of them."""
    targets = _targets()
    return [*targets, *(one.climbing() for one in targets), *_least_values()]


def _targets() -> list[Known]:
    """A target that the objective does not have near by, whatever the rule and however the run then ends."""
    settings = [
        *({"learning_rate": rate} for rate in (0.1, 0.02)),
        *({"optimizer": name, "learning_rate": rate} for name, rate in (("momentum", 0.02), ("adam", 0.1))),
        *({"optimizer": name} for name in ("auto", "lbfgs", "adgd2")),
    ]
    made = []
    for text, start, least, facts in (
        (VALLEY, {"x": 3, "y": 1}, 1.0, HESSIAN),
        ("exp(x) - x", {"x": 2}, 1.0, {"bounded": True}),
    ):
        for setting in settings:
            for target, steps in ((0.5, 3000), (-2.0, 300)):
                options = {**setting, "target": target, "steps": steps}
                made.append(
                    case(
                        f"a target of {target} for {text} by {setting}",
                        text,
                        start,
                        options,
                        "target_out_of_reach",
                        facts=facts,
                        never=NEVER,
                        success=False,
                        numbers={"target_out_of_reach.value": About(least, 1e-9)},
                        why="the least value is 1",
                    )
                )
    return made


def _least_values() -> list[Known]:
    """Polyak's step comes to rest at the value that it was told, or steps too far where there is none as low."""
    made = []
    for least, true in ((2.0, 1.0), (5.0, 1.0), (0.5, 0.0), (0.0, 1.0), (-3.0, 1.0), (-1.0, 0.0)):
        for test in ({"tolerance": 1e-8}, {}):
            made.append(
                case(
                    f"Polyak's step with a minimum of {least} for {true}, {'tested' if test else 'untested'}",
                    f"x^2+{true}",
                    {"x": 3},
                    {"optimizer": "polyak_step", "hyperparameters": {"minimum": least}, "steps": 500, **test},
                    "wrong_least_value",
                    facts={"hessian": [[2.0]], "bounded": True},
                    never=NEVER,
                    success=None if not test else False,
                    numbers={
                        "wrong_least_value.value": About(true, 1e-9),
                        **({"run.fun": About(least, 1e-9)} if least > true else {}),
                    },
                    advised=True,
                    why="Newton's method for x² = told - true; no step from there on, none that fades without a root",
                )
            )
    return made
