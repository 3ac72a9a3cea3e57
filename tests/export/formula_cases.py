"""Runs of formulas that are exported to every dialect, each made when it is asked for."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import downslope as ds
from downslope import optimizers as o
from downslope.export import library
from downslope.language import FUNCTIONS as REGISTERED

BOWL = "(x - 1)^2 + 3*(y + 0.5)^2 + x*y + exp(y/3)"
START = {"x": -1.2, "y": 1.0}
A = np.array([[3.0, 1.0], [1.0, 2.0]])

# Of all kinds: in every framework, in none, with a state, without, with lengths, with a search, averaging.
RULES: dict[str, o.Optimizer] = {
    "gradient_descent": o.GradientDescent(learning_rate=0.1),
    "momentum": o.Momentum(learning_rate=0.02),
    "nesterov": o.Nesterov(learning_rate=0.02),
    "adagrad": o.AdaGrad(learning_rate=0.3),
    "rmsprop": o.RMSProp(learning_rate=0.05),
    "adam": o.Adam(learning_rate=0.1),
    "nadam": o.NAdam(learning_rate=0.1),
    "adgd2": o.AdGD2(initial_step=0.01),
    "armijo": o.Armijo(),
    "lbfgs": o.LBFGS(memory=3),
    "conjugate_gradient_pr": o.ConjugateGradientPR(),
    "schedule_free_adamw": o.ScheduleFreeAdamW(learning_rate=0.1),
}
EVERY_RULE = {cls.name(): cls() for cls in o.all_optimizers()}

Make = Callable[[], ds.Run]


def down(*arguments: Any, **named: Any) -> Make:
    """A run, made when it is asked for, its end unjudged."""
    return functools.partial(ds.minimize, *arguments, explain=False, **named)


def up(*arguments: Any, **named: Any) -> Make:
    return functools.partial(ds.maximize, *arguments, explain=False, **named)


CASES: dict[str, Make] = {
    **{f"rule {n}": down(BOWL, START, optimizer=rule, steps=9) for n, rule in RULES.items()},
    "settings that grow": down(
        BOWL, START, optimizer=o.AdEMAMix(learning_rate=0.1, beta3=0.9, warmup=5), steps=9
    ),
    "one parameter": down("(W - 2)^4 + W^2", {"W": 0.3}, optimizer="adam", learning_rate=0.1, steps=7),
    "one parameter, search": down("(W - 2)^4 + W^2", {"W": 0.3}, optimizer="spg", tolerance=1e-6),
    "climbing": up("-(x - 1)^2 - y^2*exp(x/5)", START, learning_rate=0.1, steps=6),
    "climbing, search": up("-(x - 1)^2 - y^2*exp(x/5)", START, optimizer="armijo", target=-0.01),
    "single precision": down(BOWL, START, learning_rate=0.1, steps=20, dtype="float32"),
    "tolerance": down(BOWL, START, learning_rate=0.1, tolerance=1e-3),
    "relative tolerance": down(BOWL, START, learning_rate=0.1, relative_tolerance=1e-2),
    "value tolerance": down(BOWL, START, learning_rate=0.1, value_tolerance=1e-5),
    "point tolerance": down(BOWL, START, learning_rate=0.1, x_tolerance=1e-4),
    "every tenth row": down(BOWL, START, learning_rate=0.05, steps=45, every=10),
    "diverging": down("x^2/20 + y^2", START, learning_rate=1.5, steps=500),
    "no step": down(BOWL, START, learning_rate=0.1, steps=0),
    "bounds": down(BOWL, START, optimizer="adam", bounds={"x": (-2, 0.2), "y": (None, 0.9)}, steps=6),
    "clipped and decayed": down(
        BOWL,
        START,
        optimizer=o.ClipByNorm(
            optimizer=o.WeightDecay(optimizer=o.SGD(learning_rate=0.1), rate=0.2), limit=2.0
        ),
        steps=6,
    ),
    "clipped by value": down(BOWL, START, optimizer=o.ClipByValue(optimizer=o.Armijo(), limit=0.7), steps=5),
    "schedule": down(BOWL, START, learning_rate=0.1, schedule="warmup(steps=4) * cosine(steps=9)", steps=9),
    "schedule that looks": down(
        BOWL, START, optimizer="adam", learning_rate=0.5, schedule="reduce_on_plateau(patience=0)", steps=9
    ),
    "schedule that looks, decayed": down(
        BOWL,
        START,
        optimizer=o.WeightDecay(
            optimizer=o.Momentum(learning_rate=0.2 * o.schedules.ReduceOnPlateau(patience=0)), rate=0.3
        ),
        steps=9,
    ),
    **{
        f"schedule that looks, climbing by {n}": up(
            "-(x - 1)^2 - y^2*exp(x/5)",
            START,
            optimizer=n,
            learning_rate=0.6,
            schedule="reduce_on_plateau(patience=0)",
            steps=12,
        )
        for n in ("gradient_descent", "momentum", "adam", "yogi")
    },
    "own schedule": down(BOWL, START, learning_rate=0.1, schedule=lambda k: 1 / (1 + k) ** 0.5, steps=5),
    "supplied gradient": down(
        "x^2/20 + y^2", START, gradient={"x": "x/20", "y": "2*y"}, learning_rate=0.5, steps=5
    ),
    "a traced function": down(lambda x: x @ A @ x / 2 - np.sum(x), [5.0, -5.0], learning_rate=0.1, steps=5),
    "traced names": down(
        lambda w, b: np.sum(w**2) + b**2, {"w": [1.0, 2.0], "b": 3.0}, learning_rate=0.1, steps=4
    ),
    "ten parameters": down("rosenbrock(10)", optimizer="adam", learning_rate=0.01, steps=8),
    "thirty parameters": down(
        lambda weights: np.sum((weights - 1) ** 4),
        {"weights": np.linspace(-1, 2, 30).tolist()},
        learning_rate=0.01,
        steps=3,
    ),
}

# Every function of the language, and what stands at its kinks.
FUNCTIONS = (
    "|x - 1| + |y|",
    "max(x, y)^2 + min(x, 2*y) + max(x, 1, y) + x^2 + y^2",
    "max(|x|, |y|, 1) + min(|x|, -|y|, y^2) + max(|x|, 0.1)*max(y, |x|) + x^2 + y^2",
    "gamma(x + 3) + max(|x|, |y|, erf(y)) + x^2 + y^2",
    "relu(x) + relu(-y) + sign(x)*x^2 + y^2",
    "where(x > 0 and y < 2, log(x), x^2) + where(not y < 0 or x < 0, y^2, 2*y^2) + y^2",
    "sigmoid(3*x) + softplus(y) + x^2 + y^2",
    "cbrt(x)^4 + erf(y) + x^2 + y^2",
    "log10(x + 4) + log2(y + 3) + atan2(y, x) + x^2 + y^2",
    "asinh(x) + atan(y) + tanh(y)^2 + acosh(x^2 + 2) + asin(y/9) + acos(x/9) + atanh(y/7) + x^2 + y^2",
    "sinh(x) + cosh(y) + tan(x/3) + sin(x)*cos(y) + x^2 + y^2",
    "sqrt(x^2 + y^2 + 1) + pi*x + exp(1)*y + e^(x/5) + cos(pi/4)*x^2 + 2^x + (x^2 + 1)^(y/3)",
)
_REST = [
    r for r in REGISTERED.values() if not any(f"{r.name}(" in text for text in FUNCTIONS) and r.name != "abs"
]
_CALLS = [f"{r.name}({', '.join(['x/9 + 1.3', 'y'][: len(r.arguments)])})" for r in _REST]
FUNCTIONS += tuple(" + ".join([*_CALLS[i : i + 4], "x^2 + y^2"]) for i in range(0, len(_CALLS), 4))
CASES |= {f"function {text}": down(text, START, learning_rate=0.03, steps=4) for text in FUNCTIONS}
CASES["kinks"] = down(
    "|x| + relu(y) + max(x, y) + min(2*x, y) + x^2", {"x": 0.0, "y": 0.0}, learning_rate=0.03, steps=2
)

# Names that a script has other uses for, as the only parameter and among others.
NAMES = (
    "m",
    "v",
    "p1",
    "g",
    "f",
    "value",
    "step",
    "params",
    "np",
    "math",
    "torch",
    "tf",
    "jnp",
    "sympy",
    "l",
)
CASES |= {
    f"name {n}": down(f"({n} - 1)^2", {n: 0.25}, optimizer="adam", learning_rate=0.1, steps=2)
    for n in (*NAMES, "α", "len", "number", "report")
}
CASES["names together"] = down(
    " + ".join(f"({n} - 1)^2" for n in NAMES), dict.fromkeys(NAMES, 0.5), learning_rate=0.1, steps=2
)

# Keras rounds hyperparameters to float32 and adds epsilon elsewhere: most of its own methods are ours only so.
KERAS_OWN = {
    "epsilon": dict.fromkeys(("AdaGrad", "RMSProp", "CentredRMSProp", "MomentumRMSProp"), 0.0)
    | dict.fromkeys(("Adam", "AMSGrad", "AdamW", "AdaMax"), 0.0),
    "momentum_decay": {"NAdam": 1.0},
}


def keras_own(name: str) -> o.Optimizer:
    """A rule as Keras has it."""
    changed = {field: given[name] for field, given in KERAS_OWN.items() if name in given}
    return getattr(o, name)(**changed)  # type: ignore[no-any-return]


CASES |= {
    f"single precision, {name}": down(BOWL, START, optimizer=keras_own(name), steps=6, dtype="float32")
    for name in library.KERAS.calls
}


@functools.cache
def run_of(name: str) -> ds.Run:
    """The run of that name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ds.objectives.GradientWarning)  # a supplied gradient that is another
        return CASES[name]() if name in CASES else down(BOWL, START, optimizer=EVERY_RULE[name], steps=6)()
