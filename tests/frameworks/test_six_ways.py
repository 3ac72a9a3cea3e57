"""One problem, one optimizer, six ways to give it: text, SymPy, NumPy with gradient, PyTorch, TensorFlow and JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
import tensorflow as tf
import torch

import downslope as ds

TOLERANCE = 1e-12
STEPS = 25

# name -> formula in x and y, start. Each is smooth along the way, and its constants are numbers of binary fractions.
PROBLEMS: dict[str, tuple[str, tuple[float, float]]] = {
    "tutorial bowl": ("x**2/20 + y**2", (-7.0, 2.0)),
    "rosenbrock": ("(1 - x)**2 + 100*(y - x**2)**2", (-1.25, 1.0)),
    "himmelblau": ("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", (0.5, 0.25)),
    "booth": ("(x + 2*y - 7)**2 + (2*x + y - 5)**2", (1.5, -0.5)),
    "matyas": ("0.26*(x**2 + y**2) - 0.48*x*y", (3.0, -2.0)),
    "waves": ("sin(x) + cos(y) + x**2/8 + y**2/8", (2.0, 2.5)),
    "well": ("-exp(-(x**2 + y**2)/4)", (1.0, -0.75)),
    "log cosh": ("log(cosh(x - 1)) + 2*log(cosh(y + 1))", (2.0, 0.5)),
    "root": ("sqrt(1 + x**2 + 3*y**2)", (4.0, -2.0)),
    "logistic": ("log(1 + exp(-x - 2*y)) + log(1 + exp(x - y)) + (x**2 + y**2)/16", (1.0, 1.0)),
}

OPTIMIZERS: dict[str, ds.optimizers.Optimizer] = {
    "gradient descent": ds.optimizers.GradientDescent(learning_rate=0.002),
    "momentum": ds.optimizers.Momentum(learning_rate=0.001, momentum=0.5),
    "nesterov": ds.optimizers.Nesterov(learning_rate=0.001, momentum=0.5),
    "adam": ds.optimizers.Adam(learning_rate=0.01),
    "adamw": ds.optimizers.AdamW(learning_rate=0.01, weight_decay=0.125),
    "adagrad": ds.optimizers.AdaGrad(learning_rate=0.05),
    "rmsprop": ds.optimizers.RMSProp(learning_rate=0.01),
    "nadam": ds.optimizers.NAdam(learning_rate=0.01),
    "adabelief": ds.optimizers.AdaBelief(learning_rate=0.01),
    "adgd2": ds.optimizers.AdGD2(),
}


def python_function(formula: str, library: Any) -> Callable[..., Any]:
    """The formula as a person writes it with a library's own functions."""
    names = {name: getattr(library, name) for name in ("sin", "cos", "exp", "cosh", "sqrt")}
    names["log"] = library.math.log if library is tf else library.log
    code = compile(formula, "<formula>", "eval")
    return lambda p: eval(code, {**names, "x": p[0], "y": p[1]})


def ways(formula: str, start: tuple[float, float]) -> dict[str, tuple[Any, Any, dict[str, Any]]]:
    x, y = sympy.symbols("x y")
    expression = sympy.sympify(formula)
    in_torch = python_function(formula, torch)
    partials = sympy.lambdify([x, y], [expression.diff(x), expression.diff(y)], "numpy")
    return {
        "text": (formula.replace("**", "^"), list(start), {}),
        "sympy": (expression, {"x": start[0], "y": start[1]}, {}),
        "numpy": (
            python_function(formula, np),
            np.array(start),
            {"gradient": lambda p: np.array(partials(*p)), "engine": "hosted"},
        ),
        "torch": (in_torch, torch.tensor(start, dtype=torch.float64), {}),
        "torch, step by step": (
            lambda p: in_torch(p) if bool(p[0] < np.inf) else p.sum(),
            torch.tensor(start, dtype=torch.float64),
            {},
        ),
        "tensorflow": (python_function(formula, tf), tf.constant(start, tf.float64), {}),
        "tensorflow, compiled": (
            python_function(formula, tf),
            tf.constant(start, tf.float64),
            {"engine": "compiled"},
        ),
        "jax": (python_function(formula, jnp), jnp.array(start), {}),
        "jax, compiled": (python_function(formula, jnp), jnp.array(start), {"engine": "compiled"}),
    }


ENGINES = {
    "text": "traced",
    "sympy": "traced",
    "numpy": "hosted",
    "torch": "traced",
    "torch, step by step": "hosted",
    "tensorflow": "traced",
    "tensorflow, compiled": "compiled",
    "jax": "traced",
    "jax, compiled": "compiled",
}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_six_ways_are_one(problem: str, optimizer: str) -> None:
    runs = {
        name: ds.minimize(
            function, start, optimizer=OPTIMIZERS[optimizer], steps=STEPS, explain=False, **options
        )
        for name, (function, start, options) in ways(*PROBLEMS[problem]).items()
    }
    assert {name: run.engine for name, run in runs.items()} == ENGINES
    reference = runs["text"].history
    assert len(reference) == STEPS + 1
    assert np.ptp(reference.x, axis=0).max() > 1e-3  # it went somewhere
    for name, run in runs.items():
        scale = max(1.0, float(np.abs(reference.x).max()))
        assert np.abs(run.history.x - reference.x).max() <= TOLERANCE * scale, name
        np.testing.assert_allclose(
            run.history.value, reference.value, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
        )
        np.testing.assert_array_equal(run.history.evaluations, reference.evaluations)
