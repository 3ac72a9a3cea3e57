"""Every rule at a setting that suits it, on two bowls and a curve, to a tolerance and for steps alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from .known import Known, Within, case

# rule, options, tolerance that it meets (None: it never settles), steps after which the gradient is small
SETTINGS: list[tuple[str, dict[str, Any], float | None, int]] = [
    ("gradient_descent", {"learning_rate": 0.4}, 1e-8, 60),
    ("momentum", {"learning_rate": 0.1}, 1e-8, 200),
    ("nesterov", {"learning_rate": 0.1}, 1e-8, 150),
    ("nesterov_restart", {"learning_rate": 0.4}, 1e-8, 60),
    ("ogm", {"learning_rate": 0.4}, 1e-6, 100),
    ("obsf", {"learning_rate": 0.4}, 1e-6, 127),
    ("silver_steps", {"learning_rate": 0.4}, 1e-6, 63),
    ("adam", {"learning_rate": 0.1}, 1e-6, 400),
    ("adamw", {"learning_rate": 0.1, "hyperparameters": {"weight_decay": 0.0}}, 1e-6, 400),
    ("amsgrad", {"learning_rate": 0.1}, 1e-6, 400),
    ("nadam", {"learning_rate": 0.1}, 1e-6, 400),
    ("radam", {"learning_rate": 0.1}, 1e-6, 400),
    ("adamax", {"learning_rate": 0.1}, 1e-6, 500),
    ("adabelief", {"learning_rate": 0.1}, 1e-6, 400),
    ("yogi", {"learning_rate": 0.1}, 1e-6, 400),
    ("adagrad", {"learning_rate": 1.0}, 1e-6, 100),
    ("adadelta", {"learning_rate": 1.0}, None, 3000),
    ("rmsprop", {"learning_rate": 0.05}, None, 400),
    ("centred_rmsprop", {"learning_rate": 0.05}, None, 400),
    ("momentum_rmsprop", {"learning_rate": 0.01}, None, 400),
    ("centred_momentum_rmsprop", {"learning_rate": 0.01}, None, 400),
    ("lion", {"learning_rate": 0.01}, None, 500),
    ("rprop", {"learning_rate": 0.1}, 1e-5, 60),
    ("schedule_free_sgd", {"learning_rate": 0.5}, 1e-3, 800),
    ("schedule_free_adamw", {"learning_rate": 0.2}, None, 1500),
    ("auto", {}, 1e-8, 20),
    ("lbfgs", {}, 1e-8, 15),
    ("conjugate_gradient_hz", {}, 1e-8, 15),
    ("conjugate_gradient_pr", {}, 1e-8, 15),
    ("adaptive_barzilai_borwein", {}, 1e-8, 25),
    ("barzilai_borwein_long", {}, 1e-8, 25),
    ("barzilai_borwein_short", {}, 1e-8, 25),
    ("armijo", {}, 1e-6, 60),
    ("acfgm", {}, 1e-6, 200),
    ("adgd", {}, 1e-6, 120),
    ("adgd2", {}, 1e-6, 120),
    ("polyak_step", {}, 1e-6, 80),
    ("spg", {}, 1e-8, 20),
    ("dog", {}, None, 600),
    ("prodigy", {}, 1e-6, 600),
    ("dadapt_adam", {}, 1e-6, 800),
]
PLACES = [
    ("x^2/4+y^2", {"x": 3, "y": 2}, np.diag([0.5, 2.0])),
    ("log(cosh(x))+(y-1)^2", {"x": 1.5, "y": 2}, None),
]


def healthy() -> list[Known]:
    """All of them."""
    made = []
    for rule, options, tolerance, steps in SETTINGS:
        for text, start, hessian in PLACES:
            facts = {"bounded": True, **({} if hessian is None else {"hessian": hessian})}
            known: dict[str, Any] = {"quiet": True, "facts": facts, "success": True}
            if tolerance is not None:
                made.append(
                    case(
                        f"{rule} to {tolerance:g} on {text}",
                        text,
                        start,
                        {"optimizer": rule, "tolerance": tolerance, **options},
                        status=("converged",),
                        point=("minimum",),
                        numbers={"run.gradient_norm": Within(0.0, tolerance)},
                        why="a setting for which it meets the tolerance",
                        **known,
                    )
                )
            made.append(
                case(
                    f"{rule} for {steps} steps on {text}",
                    text,
                    start,
                    {"optimizer": rule, "steps": steps, **options},
                    allowed=("chatter",) if tolerance is None else (),
                    why="as many steps as were asked for, to a small part of the first gradient",
                    **known,
                )
            )
    picked = [made[i] for i in range(0, len(made), 9)]
    return [*made, *(known.climbing() for known in picked)]


def at_the_start() -> list[Known]:
    """Begun at the minimum."""
    return [
        case(
            f"{rule} from the minimum",
            "x^2/4+y^2",
            {"x": 0, "y": 0},
            {"optimizer": rule, **options},
            quiet=True,
            facts={"bounded": True, "hessian": np.diag([0.5, 2.0])},
            success=True,
            point=("minimum",),
            numbers={"run.nit": Within(0, 0)},
            why="the gradient is 0",
        )
        for rule, options, _, _ in SETTINGS
        if rule in ("gradient_descent", "momentum", "adam", "lbfgs", "auto", "rprop", "lion", "polyak_step")
    ]


def rates_of_theory() -> list[Known]:
    """1/L for the rules that ask for it, on a bowl whose L is known."""
    made = []
    for rule in ("silver_steps", "ogm", "obsf", "nesterov_restart", "gradient_descent"):
        for L in (0.02, 2.0, 500.0):
            made.append(
                case(
                    f"{rule} at 1/L = {1 / L:g}",
                    f"{L / 2}*x^2 + {L / 8}*y^2",
                    {"x": 1, "y": 1},
                    # the pattern of silver steps ends low at 2^m - 1 steps, and never settles
                    {
                        "optimizer": rule,
                        "learning_rate": 1 / L,
                        **(
                            {"steps": 1023}
                            if rule == "silver_steps"
                            else {"relative_tolerance": 1e-5, "steps": 1000}
                        ),
                    },
                    quiet=True,
                    facts={"bounded": True, "hessian": np.diag([L, L / 4])},
                    success=True,
                    why="the rate that their papers prescribe",
                )
            )
    return made
