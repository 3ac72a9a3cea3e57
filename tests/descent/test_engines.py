"""One loop, two engines: machine code and Python tell the same story, in both precisions, uphill and down."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import downslope as ds
from downslope.descent import step_map as traced_module
from downslope.errors import UsageError
from downslope.objectives import Objective, all_problems, as_objective
from downslope.optimizers import Optimizer, all_optimizers
from trials import SOAKING, trials

# Formulas on which a step depends smoothly on the one before, so that roundings stay roundings.
FORMULAS = [
    "x^2/20 + y^2",
    "(1 - x)^2 + 100*(y - x^2)^2",
    "log(1 + exp(x)) + log(1 + exp(-x)) + y^2",
    "sqrt(1 + x^2) + abs(y - 3)^3",
    "x^4 + y^4 - x*y + where(x > 0, x^2, 2*x^2)",
]
# How far apart both engines may drift, relative to the run: methods that divide by differences amplify.
TOLERANCE = {np.dtype("float64"): 1e-9, np.dtype("float32"): 2e-3}
# Runs end before the gradient is all rounding, on which a line search may decide either way.
ENOUGH = {"float64": 1e-6, "float32": 0.05}


@cache
def objective_of(formula: str, dtype: str) -> Objective:
    return as_objective(formula, "x=0,y=0", dtype=dtype)[0]


def both(
    formula: str, start: Any, rule: Optimizer, dtype: str = "float64", **options: Any
) -> tuple[ds.Run, ds.Run]:
    objective = objective_of(formula, dtype)
    native = ds.minimize(objective, start, optimizer=rule, dtype=dtype, engine="traced", **options)
    hosted = ds.minimize(objective, start, optimizer=rule, dtype=dtype, engine="hosted", **options)
    assert (native.engine, hosted.engine) == ("traced", "hosted")
    return native, hosted


def assert_same(native: ds.Run, hosted: ds.Run, tolerance: float) -> None:
    assert native.history.step.tolist() == hosted.history.step.tolist()
    assert native.history.evaluations.tolist() == hosted.history.evaluations.tolist()
    assert (native.status, native.nit, native.nfev) == (hosted.status, hosted.nit, hosted.nfev)
    for name in ("x", "value", "gradient_norm"):
        mine, theirs = getattr(native.history, name), getattr(hosted.history, name)
        scale = max(1.0, float(np.max(np.abs(theirs), initial=0.0)))
        assert mine == pytest.approx(theirs, rel=tolerance, abs=tolerance * scale), name
    assert native.success == hosted.success


def takes_symbols(cls: type[Optimizer]) -> bool:
    try:
        ds.minimize("x^2 + y^2", "x=1,y=1", optimizer=cls(), engine="traced", steps=1)
    except UsageError:
        return False
    return True


TRACEABLE = [cls for cls in all_optimizers() if takes_symbols(cls)]


def test_the_core_can_be_traced() -> None:
    names = {cls.__name__ for cls in TRACEABLE}
    assert {"GradientDescent", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "Armijo"} <= names


@pytest.mark.parametrize("cls", TRACEABLE, ids=lambda c: c.name())
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_first_steps_of_every_optimizer_on_every_formula(cls: type[Optimizer], dtype: str) -> None:
    limits: dict[str, Any] = {"steps": 12, "evaluations": 40, "tolerance": ENOUGH[dtype]}
    for formula in FORMULAS:
        native, hosted = both(formula, {"x": -1.2, "y": 1.0}, cls(), dtype, **limits)
        assert_same(native, hosted, TOLERANCE[np.dtype(dtype)])
        assert native.history.value.dtype == np.float64
        if dtype == "float32":
            for column in (native.history.x, hosted.history.x, native.history.value, hosted.history.value):
                assert column.tolist() == column.astype(np.float32).astype(np.float64).tolist()


@settings(derandomize=not SOAKING, deadline=None, max_examples=trials(60))
@given(
    formula=st.sampled_from(FORMULAS),
    cls=st.sampled_from(TRACEABLE),
    dtype=st.sampled_from(["float64", "float32"]),
    x=st.floats(-2, 2),
    y=st.floats(-2, 2),
    steps=st.integers(0, 15),
    evaluations=st.integers(1, 40),
    every=st.sampled_from([None, 1, 3, 100]),
    uphill=st.booleans(),
)
def test_both_engines_agree(
    formula: str,
    cls: type[Optimizer],
    dtype: str,
    x: float,
    y: float,
    steps: int,
    evaluations: int,
    every: int | None,
    uphill: bool,
) -> None:
    rule, objective = cls(), objective_of(formula, dtype)
    climb = ds.maximize if uphill else ds.minimize
    native, hosted = (
        climb(
            objective,
            {"x": x, "y": y},
            optimizer=rule,
            dtype=dtype,
            engine=engine,
            steps=steps,
            evaluations=evaluations,
            tolerance=ENOUGH[dtype],
            every=every,
        )
        for engine in ("traced", "hosted")
    )
    assert native.nfev <= evaluations
    assert native.nit <= steps
    assert (native.status, native.nit, native.nfev) == (hosted.status, hosted.nit, hosted.nfev)
    if np.max(np.abs(hosted.history.x)) < 1e3:  # beyond, differences of rounding grow without bound
        assert_same(native, hosted, 10 * TOLERANCE[np.dtype(dtype)])


@pytest.mark.parametrize(("dtype", "steps"), [("float64", 9000), ("float32", 1500)])
def test_what_only_fades_ends_as_zero_and_changes_no_digit(dtype: str, steps: int) -> None:
    """Adam's 0.9^k is below the least normal number by then, where a processor would be slow with it."""
    rule = ds.optimizers.Adam(learning_rate=1e-5)
    native, hosted = both(FORMULAS[0], {"x": -7.0, "y": 2.0}, rule, dtype, steps=steps, every=100)
    assert_same(native, hosted, TOLERANCE[np.dtype(dtype)])
    [step] = [kept for key, kept in traced_module._MAPS.items() if kept.dtype == dtype][-1:]
    names = [*rule.scalars(), "x", "y", "m", "m", "v", "v", "p1", "p2"]
    for p1, after in ((1e-20, 0.9e-20), (np.finfo(dtype).tiny, 0.0), (0.0, 0.0), (np.nan, np.nan)):
        values = {**rule.scalars(), "x": 1.0, "y": 1.0, "m": 1.0, "v": 1.0, "p1": p1, "p2": 0.5}
        out = step(np.array([values[name] for name in names], dtype))
        assert out[6] == pytest.approx(after, rel=1e-6, abs=0, nan_ok=True)


@pytest.mark.parametrize("problem", all_problems(), ids=lambda p: p.name)
def test_every_problem_in_both_engines(problem: Any) -> None:
    for dtype in ("float64", "float32"):
        objective, x = as_objective(problem, dtype=dtype)
        rule = ds.optimizers.GradientDescent(learning_rate=1e-9)
        runs = [
            ds.minimize(objective, x, optimizer=rule, dtype=dtype, steps=5, engine=engine)
            for engine in ("traced", "hosted")
        ]
        assert runs[0].nit == runs[1].nit
        scale = max(1.0, float(np.max(np.abs(runs[1].history.value))))
        tolerance = 1e-11 if dtype == "float64" else 1e-4
        assert runs[0].history.value == pytest.approx(
            runs[1].history.value, rel=tolerance, abs=tolerance * scale
        )
        assert runs[0].history.x == pytest.approx(runs[1].history.x, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("cls", TRACEABLE, ids=lambda c: c.name())
@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_climbing_the_negative_is_descending(cls: type[Optimizer], engine: Any) -> None:
    down = ds.minimize("x^4/4 + y^2", "x=-1.2,y=1", optimizer=cls(), engine=engine, steps=10, target=-1e9)
    up = ds.maximize("-(x^4/4 + y^2)", "x=-1.2,y=1", optimizer=cls(), engine=engine, steps=10, target=1e9)
    assert up.history.x == pytest.approx(down.history.x, rel=1e-12, abs=1e-14)
    assert (-up.history.value) == pytest.approx(down.history.value, rel=1e-12, abs=1e-14)
    assert up.history.gradient_norm == pytest.approx(down.history.gradient_norm, rel=1e-12, abs=1e-14)
    assert (up.status, up.nit, up.nfev, up.success) == (down.status, down.nit, down.nfev, down.success)


def test_plain_ascent_is_the_exact_mirror() -> None:
    down = ds.minimize("x^2+2x+3", 1.5, learning_rate=0.01, tolerance=1e-5)
    up = ds.maximize("-(x^2+2x+3)", 1.5, learning_rate=0.01, tolerance=1e-5)
    assert up.nit == down.nit == 650
    assert up.history.x.tolist() == down.history.x.tolist()
    assert (-up.history.value).tolist() == down.history.value.tolist()
    assert not np.any(np.signbit(up.history.value[up.history.value == 0]))


@pytest.mark.parametrize("engine", ["traced", "hosted"])
def test_rejected_trials_are_evaluations_and_not_steps(engine: Any) -> None:
    run = ds.minimize("100*x^2", 1.0, optimizer="armijo", engine=engine, steps=5)
    assert run.nfev > run.nit + 1
    assert np.all(np.diff(run.history.evaluations) >= 1)
    assert np.any(np.diff(run.history.evaluations) > 1)
    assert np.all(np.diff(run.history.value) < 0)
    assert run.history.evaluations[0] == 1


@pytest.mark.parametrize("engine", ["traced", "hosted"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_evaluations_are_counted_exactly(engine: Any, limit: int) -> None:
    calls: list[float] = []

    class Counted(Objective):
        def value_and_gradient(self, x: Any) -> Any:
            calls.append(float(x[0]))
            return float(x @ x), 2 * x

    objective: Any = "x^2" if engine == "traced" else Counted(ds.objectives.Parameters.scalars(["x"]), "own")
    run = ds.minimize(objective, {"x": 1.0}, learning_rate=0.1, evaluations=limit, engine=engine)
    assert (run.nfev, run.nit, run.status) == (limit, limit - 1, "evaluation_limit")
    assert len(calls) == (limit if engine == "hosted" else 0)


def test_hyperparameters_are_not_compiled_in() -> None:
    traced_module._MAPS.clear()
    for rate in (0.1, 0.2, 0.3):
        run = ds.minimize("x^2", 1.0, learning_rate=rate, steps=1)
        assert run.x == pytest.approx(1 - 2 * rate, rel=1e-15)
    assert len(traced_module._MAPS) == 1


def test_compiled_maps_are_kept_only_so_many() -> None:
    for i in range(traced_module.KEPT_MAPS + 5):
        ds.minimize(f"x^2 + {i}*x", 1.0, learning_rate=0.1, steps=1)
    assert len(traced_module._MAPS) == traced_module.KEPT_MAPS


def test_same_formula_with_another_gradient_is_another_map() -> None:
    with pytest.warns(ds.objectives.GradientWarning):
        wrong = ds.minimize("x^2", {"x": 1.0}, gradient={"x": "x"}, learning_rate=0.5, steps=1)
    right = ds.minimize("x^2", {"x": 1.0}, gradient={"x": "2*x"}, learning_rate=0.5, steps=1)
    own = ds.minimize("x^2", {"x": 1.0}, learning_rate=0.5, steps=1)
    assert (wrong.x["x"], right.x["x"], own.x["x"]) == (0.5, 0.0, 0.0)


def test_which_engine() -> None:
    assert ds.minimize("x^2", 1.0, steps=1).engine == "traced"
    assert ds.minimize(lambda x: float(x) ** 2, 1.0, steps=1).engine == "hosted"
    with pytest.raises(UsageError, match="engine='hosted'"):
        ds.minimize(lambda x: float(x) ** 2, 1.0, steps=1, engine="traced")
    with pytest.raises(UsageError, match="engine is 'fast'"):
        ds.minimize("x^2", 1.0, engine="fast")  # type: ignore[arg-type]
    many = {f"x{i}": 1.0 for i in range(2000)}
    run = ds.minimize("+".join(f"{n}^2" for n in many), many, learning_rate=0.25, steps=2)
    assert run.engine == "traced"  # as one loop
    assert set(run.history.x[-1]) == {0.25}


@pytest.mark.parametrize("engine", ["traced", "hosted"])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95, 1.0, 1.05])
def test_gradient_descent_on_a_quadratic_has_a_closed_form(engine: Any, rate: float) -> None:
    run = ds.minimize("x^2/20 + y^2", "x=-7,y=2", learning_rate=rate, steps=40, engine=engine)
    k = np.arange(41)
    assert run.history["x"] == pytest.approx(-7 * (1 - rate * 0.1) ** k, rel=1e-12, abs=1e-12)
    assert run.history["y"] == pytest.approx(2 * (1 - rate * 2.0) ** k, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("engine", ["traced", "hosted"])
@pytest.mark.parametrize(("rate", "momentum"), [(0.1, 0.5), (0.9, 0.9), (1.8, 0.85)])
def test_heavy_ball_on_a_quadratic_has_a_closed_form(engine: Any, rate: float, momentum: float) -> None:
    """x_{k+1} = (1 + β - ηλ) x_k - β x_{k-1}: powers of the two roots of r² - (1 + β - ηλ) r + β."""
    rule = ds.optimizers.Momentum(learning_rate=rate, momentum=momentum)
    run = ds.minimize("0.4*x^2", 3.0, optimizer=rule, steps=30, engine=engine)
    λ = 0.8
    r = np.roots([1, -(1 + momentum - rate * λ), momentum]).astype(complex)
    x0, x1 = 3.0, 3.0 * (1 - rate * λ)
    a = (x1 - r[1] * x0) / (r[0] - r[1])
    k = np.arange(31)
    assert run.history["x"] == pytest.approx(
        (a * r[0] ** k + (x0 - a) * r[1] ** k).real, rel=1e-11, abs=1e-12
    )


@settings(derandomize=not SOAKING, deadline=None, max_examples=trials(40))
@given(L=st.floats(0.5, 50), ratio=st.floats(0.01, 1), off=st.floats(0.002, 0.5), above=st.booleans())
def test_gradient_descent_diverges_exactly_above_two_over_the_curvature(
    L: float, ratio: float, off: float, above: bool
) -> None:
    rate = 2 / L * (1 + off if above else 1 - off)
    run = ds.minimize(
        _scaled_bowl(), {"x": 1.0, "y": 1.0, "a": L, "b": L * ratio}, learning_rate=rate, steps=2000
    )
    grew = run.history.value[-1] > run.history.value[0]
    assert grew == above
    assert run.success != above
    assert (run.status == "diverged") == above


@cache
def _scaled_bowl() -> Objective:
    """(a x² + b y²)/2 whose curvatures are parameters that its (supplied) gradient leaves alone."""
    objective, _ = as_objective(
        "(a*x^2 + b*y^2)/2", "a=1,b=1,x=1,y=1", gradient={"a": "0", "b": "0", "x": "a*x", "y": "b*y"}
    )
    return objective


def test_rotated_ellipse_of_the_methods() -> None:
    """7x² - 6√3xy + 13y² has curvatures 8 and 32: limit 1/16, best rate 0.05, factor 3/5."""
    formula = "7*x^2 - 6*sqrt(3)*x*y + 13*y^2"
    best = ds.minimize(formula, "x=1,y=-3", learning_rate=0.05, steps=30)
    lengths = np.linalg.norm(best.history.x, axis=1)
    assert lengths[1:] / lengths[:-1] == pytest.approx(0.6, rel=1e-9)
    assert ds.minimize(formula, "x=1,y=-3", learning_rate=0.0624, steps=400).success
    assert ds.minimize(formula, "x=1,y=-3", learning_rate=0.0626, steps=400).status == "diverged"
