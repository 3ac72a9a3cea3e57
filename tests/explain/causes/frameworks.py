"""The same causes where the start is a tensor of PyTorch, TensorFlow or JAX, and that framework differentiates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from calls import Call

from .known import About, Known

ABOVE = "learning_rate_above_limit"
LIBRARIES = ("torch", "tensorflow", "jax")


def tensor(library: str, numbers: Any, dtype: str = "float64") -> Any:
    """A tensor of that library."""
    if library == "torch":
        import torch

        return torch.tensor(numbers, dtype=getattr(torch, dtype))
    if library == "tensorflow":
        import tensorflow

        return tensorflow.constant(numbers, dtype=dtype)
    import jax.numpy

    return jax.numpy.asarray(np.array(numbers, dtype))  # in float64 only where JAX has been told to


def _bowl(w: Any) -> Any:
    return w[0] * w[0] / 4 + w[1] * w[1]


def _saddle(w: Any) -> Any:
    return w[0] * w[0] - w[1] * w[1]


def _wells(w: Any) -> Any:
    return (w[0] * w[0] - 1) * (w[0] * w[0] - 1) + w[1] * w[1]


def _long(w: Any) -> Any:
    return w[0] * w[0] / 2e4 + w[1] * w[1]


def _round(w: Any) -> Any:
    return w[0] * w[0] + 2 * w[1] * w[1] - 3 * w[0]


def _known(
    library: str,
    name: str,
    function: Callable[[Any], Any],
    start: Any,
    options: dict[str, Any],
    *named: str,
    **known: Any,
) -> Known:
    dtype = known.pop("dtype", "float64")
    return Known(
        name=f"{name} in {library}{'' if dtype == 'float64' else f', {dtype}'}",
        later=lambda: Call(
            function, tensor(library, start, dtype), options, facts={"bounded": function is not _saddle}
        ),
        named=named,
        **known,
    )


def cases() -> list[Known]:
    """All of them."""
    made = []
    for library in LIBRARIES:
        made += [
            _known(
                library,
                "above the limit",
                _bowl,
                [3.0, 2.0],
                {"learning_rate": 1.2, "steps": 60, "tolerance": 1e-6},
                ABOVE,
                never=("too_few_steps", "unbounded_below", "rounding_floor"),
                success=False,
                status=("diverged",),
                numbers={f"{ABOVE}.limit": About(1.0, 1e-4)},
                why="the largest curvature is 2",
            ),
            _known(
                library,
                "too small a rate",
                _bowl,
                [3.0, 2.0],
                {"learning_rate": 1e-5, "steps": 200, "tolerance": 1e-6},
                "learning_rate_too_small",
                never=("rounding_floor", "flat", ABOVE),
                success=False,
                why="a hundred-thousandth of the limit",
            ),
            _known(
                library,
                "too few steps",
                _bowl,
                [3.0, 2.0],
                {"learning_rate": 0.7, "steps": 10, "tolerance": 1e-8},
                "too_few_steps",
                never=("rounding_floor", "flat", ABOVE, "ill_conditioned"),
                success=False,
                why="0.65^10 = 0.013",
            ),
            _known(
                library,
                "a saddle",
                _saddle,
                [1.0, 0.0],
                {"learning_rate": 0.1, "tolerance": 1e-8, "steps": 500},
                "saddle",
                success=False,
                point=("saddle",),
                why="it falls along the second coordinate",
            ),
            _known(
                library,
                "between wells",
                _wells,
                [0.0, 1.0],
                {"learning_rate": 0.1, "tolerance": 1e-8, "steps": 500},
                "saddle",
                success=False,
                point=("saddle",),
                why="f'' = -4 at 0",
            ),
            _known(
                library,
                "curvatures far apart",
                _long,
                [3.0, 2.0],
                {"learning_rate": 0.9, "tolerance": 1e-9, "steps": 400},
                "ill_conditioned",
                never=(ABOVE, "rounding_floor"),
                success=False,
                numbers={"ill_conditioned.condition": About(2e4, 1e-2)},
                why="2 and 1e-4",
            ),
        ]
        made.append(
            _known(
                library,
                "above the limit",
                _bowl,
                [3.0, 2.0],
                {"learning_rate": 1.2, "steps": 60, "tolerance": 1e-3},
                f"{ABOVE}|diverging",
                dtype="float32",
                never=("too_few_steps", "unbounded_below", "rounding_floor"),
                success=False,
                why="the largest curvature is 2",
            )
        )
    return made


def healthy() -> list[Known]:
    """Nothing is wrong with these."""
    return [
        _known(
            library,
            f"healthy {name}",
            function,
            [3.0, 2.0],
            options,
            quiet=True,
            success=True,
            dtype=dtype,
            why="below the limit, to a tolerance that it meets",
        )
        for library in LIBRARIES
        for name, function, options, dtype in [
            ("gradient descent", _bowl, {"learning_rate": 0.7, "tolerance": 1e-6}, "float64"),
            (
                "momentum",
                _round,
                {"optimizer": "momentum", "learning_rate": 0.05, "tolerance": 1e-6},
                "float64",
            ),
            ("Adam", _round, {"optimizer": "adam", "learning_rate": 0.1, "tolerance": 1e-5}, "float64"),
            ("auto", _round, {"tolerance": 1e-6}, "float64"),
            ("in float32", _bowl, {"learning_rate": 0.7}, "float32"),
            ("steps alone", _bowl, {"learning_rate": 0.7, "steps": 60}, "float64"),
        ]
    ]
