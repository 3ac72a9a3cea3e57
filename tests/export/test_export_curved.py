"""Scripts of rules that know curvature, executed: they go the way of their runs; other dialects refuse them by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from curved_cases import CASES, CLASSES, FITS, RULES
from scripts import FRAMEWORKS, agree, execute, lacking

import downslope as ds
from downslope.export.derivatives import second_partials
from downslope.language import parse
from downslope.language.values import evaluate


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[ds.Run, Any]]:
    """The runs, with what their scripts printed."""
    runs = {name: make() for name, make in CASES.items()}
    scripts = {name: run.export("numpy") for name, run in runs.items()}
    printed = execute((), scripts, tmp_path_factory.mktemp("curved"))
    return {name: (run, printed[name]) for name, run in runs.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_script_goes_the_way_of_the_run(name: str, gone: dict[str, tuple[ds.Run, Any]]) -> None:
    run, printed = gone[name]
    agree(run, printed, 1e-9)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[ds.Fit, Any]]:
    """The fits, with what their scripts printed."""
    fits = {name: make() for name, make in FITS.items()}
    scripts = {name: fit.export("numpy") for name, fit in fits.items()}
    printed = execute((), scripts, tmp_path_factory.mktemp("fits"))
    return {name: (fit, printed[name]) for name, fit in fits.items()}


@pytest.mark.parametrize("name", FITS)
def test_the_script_goes_the_way_of_the_fit(name: str, fitted: dict[str, tuple[ds.Fit, Any]]) -> None:
    fit, printed = fitted[name]
    agree(fit.run, printed, 1e-9)


FRAMEWORK_CASES = [
    *(
        n
        for n in CASES
        if n.endswith((": six steps", ": bent", ": choices", ": up")) or n.startswith("newton: ")
    ),
    *(n for n in CASES if n.startswith("levenberg_marquardt: ")),
    *(
        n
        for n in FITS
        if n.endswith((": curve", ": weights and a penalty", ": columns", ": poisson", ": l1"))
    ),
    *(n for n in FITS if n.startswith("auto: ")),
]


@pytest.mark.parametrize("dialect", ["sympy", "torch", "jax", "tensorflow"])
def test_scripts_of_frameworks_go_the_way_of_the_run(dialect: str, tmp_path: Any) -> None:
    if lacking(dialect):
        pytest.skip(f"{lacking(dialect)} is not installed, and the scripts are written for it")
    runs = {name: (CASES.get(name) or FITS[name])() for name in FRAMEWORK_CASES}
    if dialect == "sympy":
        derived = ("newton", "trust", "dogleg", "gauss", "levenberg", "coordinate", "auto")
        runs = {name: run for name, run in runs.items() if name in CASES or not name.startswith(derived)}
    printed = execute(FRAMEWORKS[dialect], {n: run.export(dialect) for n, run in runs.items()}, tmp_path)
    for name, run in runs.items():
        agree(run if isinstance(run, ds.Run) else run.run, printed[name], 1e-9)


def test_what_a_dialect_cannot_write_is_refused_with_who_does() -> None:
    standardised, curve = FITS["newton: standardised"](), FITS["newton: curve"]()
    for dialect in ("torch", "jax", "tensorflow"):
        with pytest.raises(ds.errors.UsageError, match=r"standardised ones: numpy writes it"):
            standardised.export(dialect)
    with pytest.raises(ds.errors.UsageError, match=r"this is a fit: numpy writes it, and so do torch"):
        curve.export("sympy")
    for dialect in ("numpy_class", "torch.optim", "keras", "optax"):
        with pytest.raises(
            ds.errors.UsageError,
            match=r"asks for second .*written by numpy, sympy, torch, tensorflow and jax",
        ):
            curve.export(dialect)


@pytest.mark.parametrize("rule", ["newton", "trust_region"])
def test_second_derivatives_of_several_classes(rule: str, tmp_path: Any) -> None:
    """Where to all intercepts the same is added the cost is level: there rounding says whether it curves up or down.

    So whether the curvature is added to, and with it the later steps, are as the factorisation rounds.
    """
    fit = CLASSES(optimizer=rule)
    printed = execute((), {0: fit.export("numpy")}, tmp_path)[0]
    assert printed.rows[0, 1:3] == pytest.approx(
        [fit.run.history.value[0], fit.run.history.gradient_norm[0]], rel=1e-8
    )
    assert printed.rows[:, 1] == pytest.approx(fit.run.history.value, rel=1e-3)


@pytest.mark.parametrize("rule", RULES)
def test_in_single_precision(rule: str, tmp_path: Any) -> None:
    run = ds.minimize(
        "(x - 1)^2 + 3*(y + 2)^2", {"x": 3.0, "y": 1.0}, optimizer=rule, steps=3, dtype="float32"
    )
    agree(run, execute((), {0: run.export("numpy")}, tmp_path)[0], 5e-6, 1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_a_script_needs_nothing_but_numpy(rule: str) -> None:
    script = CASES[f"{rule}: six of them"]().export("numpy")
    imported = [line for line in script.splitlines() if line.startswith(("import ", "from "))]
    assert set(imported) <= {"import math", "import numpy as np", "from typing import NamedTuple"}
    assert "scipy" not in script


@pytest.mark.parametrize(
    "formula",
    [
        "x^3*y + sin(x*y)",
        "sigmoid(x*y) + softplus(y)^2",
        "max(x, y)^3 + |x|*y^2",
        "where(x > y, x^2*y, exp(x*y))",
    ],
)
def test_second_derivatives_are_differences_of_first_ones(formula: str) -> None:
    tree, at, h = parse(formula).tree, {"x": 0.7, "y": -0.4}, 1e-5
    told = second_partials(tree, ["x", "y"])
    values = dict(at)
    for part, node in told.parts:
        values[part] = evaluate(node, values)
    found = np.array([evaluate(node, values) for node in told.results]).reshape(2, 2)

    def f(i: float, j: float) -> float:
        return evaluate(tree, {"x": at["x"] + i * h * 10, "y": at["y"] + j * h * 10})

    k = (10 * h) ** 2
    mixed = (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * k)
    wanted = [
        [(f(1, 0) - 2 * f(0, 0) + f(-1, 0)) / k, mixed],
        [mixed, (f(0, 1) - 2 * f(0, 0) + f(0, -1)) / k],
    ]
    assert found == pytest.approx(np.array(wanted), abs=1e-5)


def test_the_script_ends_where_rounding_lets_it_come_no_nearer(tmp_path: Any) -> None:
    run = ds.minimize(
        "(x - 1)^2 + 3*(y + 2)^2", {"x": 3.0, "y": 1.0}, optimizer="trust_region", tolerance=1e-8
    )
    script = run.export("numpy")
    uphill = script.replace("= f(params), gradient(params)", "= f(params), -gradient(params)")
    assert uphill != script
    printed = execute((), {0: uphill}, tmp_path)[0]
    assert printed.rows[:, 0].tolist() == [0]
