"""Calls drawn at random, as plain data that can be kept: functions of every kind, rules, rates over ten decades."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from calls import Call

import downslope as ds

FOUND = Path(__file__).parent / "found"
Random = np.random.Generator
Function = tuple[str, dict[str, float], dict[str, Any]]  # formula, start, facts

FUNCTIONS: list[tuple[float, Callable[[Random], Function]]] = []


def _family(weight: float) -> Callable[[Callable[[Random], Function]], Callable[[Random], Function]]:
    def registered(make: Callable[[Random], Function]) -> Callable[[Random], Function]:
        FUNCTIONS.append((weight, make))
        return make

    return registered


@_family(5)
def _quadratic(rng: Random) -> Function:
    """Diagonal or turned, definite or not, of any size and condition, somewhere, in any unit."""
    n = int(rng.choice([1, 2, 3, 5, 8]))
    condition = 10 ** rng.uniform(0, 6)
    scale = 10 ** float(rng.choice([0, 0, 0, -8, -3, 3, 8]))
    values = scale * condition ** (-np.arange(n) / max(n - 1, 1)) * 2
    definite = rng.random() < 0.8 or n == 1
    if not definite:
        values[-1] *= -1
    if rng.random() < 0.5 and n > 1:
        Q, _ = np.linalg.qr(rng.normal(size=(n, n)))
        H = Q @ np.diag(values) @ Q.T
        H = (H + H.T) / 2
    else:
        H = np.diag(values)
    centre = [round(float(c), 2) for c in rng.normal(size=n) * float(rng.choice([0, 1, 100]))]
    at = [f"(x{i} - {c!r})" if c else f"x{i}" for i, c in enumerate(centre)]
    terms = [
        f"({float(H[i, j] / (2 if i == j else 1))!r})*{at[i]}*{at[j]}"
        for i in range(n)
        for j in range(i, n)
        if H[i, j]
    ]
    start = {
        f"x{i}": round(c + float(s), 3)
        for i, (c, s) in enumerate(zip(centre, rng.normal(size=n) * 3, strict=True))
    }
    return (
        " + ".join(terms),
        start,
        {"hessian": H.tolist(), "bounded": bool(np.all(np.linalg.eigvalsh(H) > 0))},
    )


@_family(2)
def _quartic(rng: Random) -> Function:
    n = int(rng.choice([1, 2, 3]))
    a, b, c = rng.uniform(0.1, 3, n).round(2), rng.uniform(-2, 2, n).round(2), rng.normal(size=n).round(2)
    text = " + ".join(f"{a[i]}*(x{i} - ({c[i]}))^4 + ({b[i]})*x{i}^2" for i in range(n))
    return text, _start(rng, n), {"bounded": True}


@_family(1)
def _classic(rng: Random) -> Function:
    text = str(rng.choice(["(1-x0)^2+100*(x1-x0^2)^2", "(x0^2+x1-11)^2+(x0+x1^2-7)^2", "(x0^2-1)^2+x1^2"]))
    return text, _start(rng, 2), {"bounded": True}


@_family(2)
def _smooth(rng: Random) -> Function:
    """Convex and smooth, with slopes that fade, saturate or explode."""
    k, c = round(float(rng.uniform(0.3, 3)), 2), round(float(rng.normal()), 2)
    text = str(
        rng.choice(
            [
                f"log(cosh({k}*x0 - ({c}))) + x1^2/2",
                f"sqrt(1+({k}*x0)^2) + (x1-x0)^2",
                f"exp({k}*x0) - x0 + x1^2",
                f"log(1+exp(-{k}*x0)) + x0^2/10 + x1^2",
                f"cosh(x0) + {k}*(x1 - ({c}))^2",
            ]
        )
    )
    return text, _start(rng, 2), {"bounded": True}


@_family(1)
def _domain(rng: Random) -> Function:
    """Of a logarithm, a root or a quotient, begun inside."""
    text = str(
        rng.choice(
            ["x0 - log(x0)", "x0*log(x0) + x1^2", "x0 - 2*sqrt(x0) + x1^2", "x0 + 1/x0", "x0^2 + 1/x0"]
        )
    )
    start = {"x0": round(float(10 ** rng.uniform(-1, 1)), 3)}
    return text, {**start, **({"x1": 1.0} if "x1" in text else {})}, {}


@_family(1)
def _trigonometric(rng: Random) -> Function:
    k = round(float(rng.uniform(0.3, 3)), 2)
    text = str(rng.choice([f"sin({k}*x0)", f"cos(x0) + sin({k}*x1)", f"sin(x0)*cos({k}*x1)"]))
    return text, _start(rng, 2 if "x1" in text else 1), {"bounded": True, "confined": True}


@_family(1)
def _kinked(rng: Random) -> Function:
    k = round(float(rng.uniform(0.3, 3)), 2)
    text = str(
        rng.choice([f"{k}*abs(x0) + x1^2", f"max({k}*x0, -x0) + x1^2", f"abs(x0 - {k}) + abs(x1) + x1^2"])
    )
    return text, _start(rng, 2), {"bounded": True}


@_family(1)
def _plateau(rng: Random) -> Function:
    text = str(
        rng.choice(["tanh(x0)^2", "1-exp(-x0^2)", "x0^2/(1+x0^2)", "(max(x0,0)-1)^2", "atan(x0)^2 + x1^2"])
    )
    return text, _start(rng, 2 if "x1" in text else 1, 6.0), {"bounded": True}


@_family(1)
def _asymptote(rng: Random) -> Function:
    text = str(rng.choice(["exp(-x0)", "1/(1+exp(-x0))", "atan(x0)", "log(1+exp(x0)) + x1^2", "1/(1+x0^2)"]))
    return text, _start(rng, 2 if "x1" in text else 1), {"bounded": True}


@_family(1)
def _endless(rng: Random) -> Function:
    text = str(
        rng.choice(["x0^3", "x0 + x1^2", "x0^2 + 2*x1^3", "x0*x1", "-log(x0^2 + 1)", "-exp(x0) + x1^2"])
    )
    return text, _start(rng, 2 if "x1" in text else 1), {}


def _start(rng: Random, n: int, size: float = 2.0) -> dict[str, float]:
    return {f"x{i}": round(float(v), 3) for i, v in enumerate(rng.normal(size=n) * size)}


LINEAR = ("gradient_descent", "momentum", "nesterov")
RULES = [
    *LINEAR,
    *(
        "gradient_descent",
        "gradient_descent",
        "gradient_descent",
        "momentum",
        "nesterov",
        "adam",
        "lion",
        "rmsprop",
    ),
    *(
        "adam",
        "nadam",
        "radam",
        "amsgrad",
        "adamax",
        "adabelief",
        "yogi",
        "adagrad",
        "adadelta",
        "rprop",
        "adamw",
    ),
    *("centred_rmsprop", "momentum_rmsprop", "centred_momentum_rmsprop", "silver_steps", "ogm", "obsf"),
    *("nesterov_restart", "schedule_free_sgd", "schedule_free_adamw"),
    *("adopt", "ademamix", "adan", "lamb", "lars", "signum", "sign_descent", "novograd", "madgrad"),
    *("momo", "momo_adam", "acprop"),
    *(
        "auto",
        "lbfgs",
        "armijo",
        "adgd",
        "adgd2",
        "acfgm",
        "dog",
        "prodigy",
        "dadapt_adam",
        "spg",
        "polyak_step",
    ),
    *("conjugate_gradient_hz", "conjugate_gradient_pr", "adaptive_barzilai_borwein"),
    *("barzilai_borwein_long", "barzilai_borwein_short", "cocob", "dowg"),
]
RATELESS = RULES[RULES.index("auto") :]
SCHEDULES = [
    "exponential(rate=0.9)",
    "cosine(steps=50)",
    "inverse_time(rate=0.1)",
    "step_decay(every=20)",
    "warmup(steps=5)",
]


def draw(rng: Random) -> dict[str, Any]:
    """One call as plain data: function, start, options, up, facts."""
    weights = np.array([weight for weight, _ in FUNCTIONS])
    make = FUNCTIONS[int(rng.choice(len(FUNCTIONS), p=weights / weights.sum()))][1]
    text, start, facts = make(rng)
    rule = str(rng.choice(RULES))
    options: dict[str, Any] = {"optimizer": rule}
    if rule not in RATELESS:
        options["learning_rate"] = _rate(rng, rule, facts)
    if rule in ("momentum", "nesterov"):
        options["hyperparameters"] = {"momentum": float(rng.choice([0.0, 0.5, 0.9, 0.99, 0.999]))}
    if rule in ("ogm", "obsf") and rng.random() < 0.5:
        options["hyperparameters"] = {"steps": 31}
    if rng.random() < 0.8:
        options["steps"] = int(rng.choice([1, 2, 3, 7, 8, 9, 30, 46, 99, 100, 300, 1001]))
    if rng.random() < 0.75:
        options["tolerance"] = float(f"{10 ** rng.uniform(-12, 0):.3g}")
    elif rng.random() < 0.3:
        options[str(rng.choice(["value_tolerance", "x_tolerance"]))] = float(
            f"{10 ** rng.uniform(-12, -1):.3g}"
        )
    if "learning_rate" in options and rng.random() < 0.1:
        options["schedule"] = str(rng.choice(SCHEDULES))
    if rule in ("gradient_descent", "spg") and rng.random() < 0.15:
        options["bounds"] = {"x0": [start["x0"] - 0.5, start["x0"] + 1.5]}
    if rng.random() < 0.15:
        options["dtype"] = "float32"
    up = bool(rng.random() < 0.2)
    if up:
        text = f"-({text})"
        if "hessian" in facts:
            facts["hessian"] = (-np.array(facts["hessian"])).tolist()
    return {"function": text, "start": start, "options": options, "up": up, "facts": facts}


def draw_opaque(rng: Random) -> dict[str, Any]:
    """The same of a function that can only be called: ``opaque`` says with what gradient."""
    drawn = draw(rng)
    drawn["opaque"] = str(rng.choice(["values", "gradient"]))
    drawn["options"].pop("dtype", None)
    drawn["options"].setdefault("steps", 100)
    return drawn


def _opaque(
    text: str, start: dict[str, float]
) -> tuple[Callable[..., float], Callable[..., dict[str, float]]]:
    """A function of the numbers alone, and its gradient, with arguments of the names in the formula."""
    objective = ds.minimize(text, start=start, steps=0, explain=False).objective
    names = objective.parameters.coordinates

    def numbers(given: dict[str, Any]) -> np.ndarray:
        return np.array([float(given[name]) for name in names])

    made: dict[str, Any] = {
        "value": lambda given: float(objective.value(numbers(given))),
        "slope": lambda given: dict(zip(names, map(float, objective.gradient(numbers(given))), strict=True)),
    }
    listed = ", ".join(names)
    for name, of in (("function", "value"), ("gradient", "slope")):
        exec(f"def {name}({listed}): return {of}(dict(locals()))", made)
    return made["function"], made["gradient"]


def _rate(rng: Random, rule: str, facts: dict[str, Any]) -> float:
    """Over ten decades; for half of the quadratics near what theory says of them."""
    known = facts.get("hessian")
    if known is not None and rng.random() < 0.5:
        values = np.linalg.eigvalsh(np.array(known))
        L, small = float(values[-1]), float(np.min(np.abs(values)))
        return float(
            f"{float(rng.choice([2 / (L + small), 1 / L, 2 / L, 2.1 / L, 1.9 / L, 0.1 / L, 1e-3 / L])):.4g}"
        )
    scale = 1.0 if known is None else 1 / max(1e-300, float(np.max(np.abs(known))))
    return float(f"{scale * 10 ** rng.uniform(-7, 3):.3g}")


def called(drawn: dict[str, Any]) -> Call:
    """The call that a draw describes."""
    options = dict(drawn["options"])
    if "bounds" in options:
        options["bounds"] = {name: tuple(pair) for name, pair in options["bounds"].items()}
    facts = dict(drawn["facts"])
    if "hessian" in facts:
        facts["hessian"] = np.array(facts["hessian"], float)
    function = drawn["function"]
    if "opaque" in drawn:
        function, gradient = _opaque(function, drawn["start"])
        options |= {"gradient": gradient} if drawn["opaque"] == "gradient" else {}
    return Call(function, drawn["start"], options, drawn["up"], facts)


def keep(drawn: dict[str, Any], name: str, faults: list[str]) -> None:
    """Write a draw that failed as text beside the tests, where it is tried again from then on."""
    FOUND.mkdir(exist_ok=True)
    (FOUND / f"{name}.json").write_text(
        json.dumps({**drawn, "faults": faults}, indent=1) + "\n", encoding="utf-8"
    )
