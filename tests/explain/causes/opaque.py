"""Functions that have to be called, of too many parameters for all second derivatives; and kinks met by odd rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from .known import About, Known, case


def cases() -> list[Known]:
    """All of them."""
    return [*_quadratics(), *_corners()]


def _quadratics() -> list[Known]:
    """Half of x'Qx as a function of a NumPy vector, with its gradient."""
    made = []
    for size, decades, options, code, numbers in [
        (
            80,
            3,
            {"learning_rate": 1e-3, "steps": 1000, "tolerance": 1e-8},
            "too_few_steps|ill_conditioned",
            {},
        ),
        (
            80,
            3,
            {"learning_rate": 3e-3, "steps": 1000, "tolerance": 1e-8},
            "learning_rate_above_limit",
            {"learning_rate_above_limit.limit": About(2e-3, 1e-3)},
        ),
        (
            30,
            4,
            {"learning_rate": 1e-4, "steps": 3000},
            "ill_conditioned",
            {"ill_conditioned.condition": About(1e4, 1e-3)},
        ),
    ]:
        q = np.logspace(0, decades, size)
        function, gradient = _made(q)
        made.append(
            case(
                f"{size} parameters, κ = 1e{decades}, {options}",
                function,
                np.ones(size),
                {"gradient": gradient, **options},
                code,
                never=("unexplained", "diverging"),
                numbers=numbers,
                facts={"bounded": True},
                why="the curvatures are q, the limit 2/max(q)",
            )
        )
    return made


def _made(q: Any) -> tuple[Any, Any]:
    return lambda x: float(x @ (q * x)) / 2, lambda x: q * x


def _corners() -> list[Known]:
    """Kinks, cones and cusps, by rules whose steps grow and shrink."""
    test = {"tolerance": 1e-8, "steps": 300}
    kinked, cone = "abs(x-1)+0.5*(y-2)^2", "sqrt((x-1)^2+2*y^2)"
    made = [
        case(
            f"{text} from {start} by {options}",
            text,
            start,
            {**options, **test},
            "kink|chatter|rmse_chatter",
            never=("unexplained",),
            facts={"bounded": True},
            why="the gradient does not fade there",
        )
        for text, start, options in [
            (kinked, {"x": 3, "y": 0}, {"optimizer": "silver_steps", "learning_rate": 0.1}),
            (kinked, {"x": -2, "y": 1}, {"optimizer": "silver_steps", "learning_rate": 0.3}),
            (cone, {"x": 3, "y": 1}, {"optimizer": "silver_steps", "learning_rate": 0.1}),
            (cone, {"x": 3, "y": 1}, {"optimizer": "silver_steps", "learning_rate": 0.5}),
            (cone, {"x": 3, "y": 1}, {"optimizer": "adamax", "learning_rate": 3.0}),
            (cone, {"x": 5, "y": -2}, {"optimizer": "adamax", "learning_rate": 3.0}),
            ("sqrt(abs(x))", {"x": 1}, {"learning_rate": 0.1}),
            ("sqrt(abs(x))", {"x": 2.3}, {"learning_rate": 0.1}),
            ("sqrt(abs(x-1))+y^2", {"x": 2, "y": 1}, {"learning_rate": 0.1}),
        ]
    ]
    return [*made, *(one.climbing() for one in made[:4])]
