"""Rules that know curvature: what each promises, oracles, closed forms, and who refuses them."""

from __future__ import annotations

import copy
import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so

import downslope as ds
from downslope.errors import HyperparameterError, UsageError
from downslope.objectives import as_objective
from downslope.objectives.residuals import residuals_from_rows, square_roots
from downslope.optimizers import (
    BFGS,
    SR1,
    ClipByNorm,
    CoordinateDescent,
    Dogleg,
    GaussNewton,
    LevenbergMarquardt,
    NelderMead,
    Newton,
    TrustRegion,
    all_curved,
    all_optimizers,
    optimizer_class,
    optimizer_from_dict,
)
from downslope.optimizers.curvature import CurvedEvaluation, CurvedRule
from downslope.optimizers.curved.coordinate_descent import one_pass
from downslope.optimizers.curved.newton import newton_direction
from downslope.optimizers.state import leaves
from downslope.optimizers.trust import dogleg_step, exact_step

EVERY = pytest.mark.parametrize("cls", all_curved(), ids=lambda c: c.name())
NAMES = {
    "bfgs",
    "coordinate_descent",
    "dogleg",
    "gauss_newton",
    "levenberg_marquardt",
    "nelder_mead",
    "newton",
    "sr1",
    "trust_region",
}
ROSENBROCK, _ = as_objective("(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1.0})
CONVEX = "log(exp(x + 3*y - 0.1) + exp(x - 3*y - 0.1) + exp(-x - 0.1)) + (x + y)^2/50"


def evaluated(objective: Any, rule: CurvedRule, x: Any) -> CurvedEvaluation:
    """What the rule asks for, at a point."""
    if rule.asks_for == "values":
        return CurvedEvaluation(x, objective.value(x), None)
    if rule.asks_for == "residuals":
        value, told = objective.residuals(x)
        return CurvedEvaluation(x, value, 2 * told.root.T @ told.along, told)
    value, gradient = objective.value_and_gradient(x)
    return CurvedEvaluation(x, value, gradient, objective.hessian(x))


def walked(rule: CurvedRule, x: Any, evaluations: int, objective: Any = ROSENBROCK) -> list[Any]:
    """(evaluation, state before, move) of some evaluations."""
    state, found = rule.init(np.array(x, float)), []
    for _ in range(evaluations):
        at = evaluated(objective, rule, np.array(x, float))
        move = rule.step(at, state)
        found.append((at, state, move))
        x, state = move.point, move.state
    return found


# what every rule promises


def test_they_are_found_by_themselves_and_apart_from_those_that_any_loop_runs() -> None:
    assert {cls.name() for cls in all_curved()} == NAMES
    assert not set(all_curved()) & set(all_optimizers())
    assert optimizer_class("Levenberg-Marquardt") is LevenbergMarquardt


@EVERY
@pytest.mark.parametrize("evaluations", [1, 2, 9])
def test_steps_are_pure(cls: type[CurvedRule], evaluations: int) -> None:
    rule = cls()
    at, state, _ = walked(rule, [-1.2, 1.0], evaluations)[-1]
    before = copy.deepcopy((at, state))
    first, second = rule.step(at, state), rule.step(at, state)
    np.testing.assert_equal(first, second)
    np.testing.assert_equal((at, state), before)


@EVERY
def test_the_state_keeps_its_build(cls: type[CurvedRule]) -> None:
    shapes = [[np.shape(v) for _, v in leaves(state)] for _, state, _ in walked(cls(), [-1.2, 1.0], 9)]
    assert all(shape == shapes[0] for shape in shapes)


@EVERY
def test_it_is_a_frozen_record_that_is_documented(cls: type[CurvedRule]) -> None:
    rule = cls()
    assert rule == cls()
    assert optimizer_from_dict(rule.to_dict()) == rule
    doc = cls.__doc__ or ""
    assert cls.summary().endswith(".")
    assert len(cls.summary()) < 120
    assert all(part in doc for part in (".. math::", "Source:", ">>> "))
    for field in dataclasses.fields(cls):
        assert f"{field.name}:" in doc
        if "about" in field.metadata:
            with pytest.raises(HyperparameterError):
                cls(**{field.name: 0.0})
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(rule, field.name, 1.0)


@EVERY
def test_it_arrives_and_counts_value_gradient_and_curvature_apart(cls: type[CurvedRule]) -> None:
    valley = "(1 - x)^2 + (y - x^2)^2" if cls is CoordinateDescent else "rosenbrock"  # along axes it creeps
    rule, run = cls(), ds.minimize(valley, {"x": -1.2, "y": 1}, optimizer=cls(), tolerance=1e-8)
    assert run.success
    assert list(run.x.values()) == pytest.approx([1, 1], abs=1e-7)
    assert run.engine == "hosted"
    assert (run.njev, run.nhev > 0) == {
        "hessian": (run.nfev, True),
        "residuals": (run.nfev, True),
        "matrix": (run.nfev, False),
        "values": (0, False),
    }[rule.asks_for]
    if rule.asks_for == "hessian":
        assert run.nhev == run.nit + 1
    again = ds.minimize(valley, {"x": -1.2, "y": 1}, optimizer=cls(), tolerance=1e-8)
    assert np.array_equal(again.history.x, run.history.x)


@EVERY
def test_it_climbs_too_or_says_why_not(cls: type[CurvedRule]) -> None:
    if cls.asks_for == "residuals":
        with pytest.raises(UsageError, match="makes sums of squares small"):
            ds.maximize("-(x - 1)^2", {"x": 3}, optimizer=cls())
        return
    run = ds.maximize("-(x - 1)^2 - 3*(y + 2)^2", {"x": 3, "y": 1}, optimizer=cls(), tolerance=1e-6)
    assert run.success
    assert run.x == pytest.approx({"x": 1, "y": -2}, abs=1e-6)


@EVERY
def test_functions_and_fits_go_with_it(cls: type[CurvedRule], tmp_path: Any) -> None:
    x = np.linspace(0, 3, 30)
    y = 2 * np.exp(-0.7 * x) + 0.01 * np.sin(9 * x)
    found = ds.fit({"x": x, "y": y}, "y ~ a*exp(-b*x)", start="a=1.5,b=0.5", optimizer=cls(), tolerance=1e-7)
    best = so.least_squares(lambda p: p[0] * np.exp(-p[1] * x) - y, [1, 1], xtol=1e-15, gtol=1e-15)
    assert found.success
    assert list(found.x.values()) == pytest.approx(list(best.x), rel=1e-5)
    found.save(tmp_path / "fit.json")
    loaded = ds.load(tmp_path / "fit.json")
    assert loaded.run.optimizer == cls()
    assert (loaded.run.njev, loaded.run.nhev) == (found.run.njev, found.run.nhev)

    def apart(p: Any) -> float:
        return float((p[0] - 1) ** 2 + (p[1] + 2) ** 4 + (p[1] + 2) ** 2)

    if cls.asks_for == "residuals":
        with pytest.raises(UsageError, match="not written as a sum of squares"):
            ds.minimize("x^2 - cos(y)", {"x": 1, "y": 1}, optimizer=cls())
    else:
        run = ds.minimize(apart, [3.0, 1.0], optimizer=cls(), tolerance=1e-6)
        assert list(run.x) == pytest.approx([1, -2], abs=1e-5)
    explained = ds.minimize(
        "(x - 1)^2 + (y - x)^2", {"x": 3, "y": 1}, optimizer=cls(), tolerance=1e-8
    ).explain()
    assert explained.codes == ()


@EVERY
def test_a_limit_of_steps_is_kept(cls: type[CurvedRule]) -> None:
    run = ds.minimize("rosenbrock", optimizer=cls(), steps=5)
    assert run.nit == 5
    assert run.status == "step_limit"


# who refuses them, and how


@EVERY
def test_other_loops_refuse_it_in_words(cls: type[CurvedRule]) -> None:
    why = "asks for|looks at values|remembers a matrix"
    rule = cls()
    with pytest.raises(UsageError, match=why):
        rule.update(np.ones(2), 1.0, np.ones(2), rule.init(np.ones(2)))
    with pytest.raises(UsageError, match=why):
        rule.updater()
    with pytest.raises(UsageError, match=why):
        ds.minimize("x^2", {"x": 1}, optimizer=ClipByNorm(optimizer=rule, limit=1.0))
    with pytest.raises(UsageError, match=why):
        ds.fit({"x": [1.0, 2, 3], "y": [1.0, 2, 3]}, "y ~ a*x", optimizer=rule, batch_size=2)
    with pytest.raises(UsageError, match="bounds"):
        ds.minimize("x^2", {"x": 1}, optimizer=rule, bounds={"x": (0.5, 2)})
    with pytest.raises(UsageError, match="factorisations"):
        ds.minimize("x^2", {"x": 1}, optimizer=rule, engine="traced")
    run = ds.minimize("x^2 + y^2", {"x": 1, "y": 2}, optimizer=rule, tolerance=1e-6)
    for dialect in ("torch.optim", "optax", "keras", "numpy_class"):  # whose optimizers are given gradients
        with pytest.raises(UsageError, match=why):
            run.export(dialect)


@EVERY
def test_frameworks_refuse_it_in_words(cls: type[CurvedRule]) -> None:
    torch = pytest.importorskip("torch")
    why = "asks for|looks at values|remembers a matrix"
    from downslope.torch import Optimizer

    with pytest.raises(UsageError, match=why):
        Optimizer([torch.ones(2, requires_grad=True)], cls())
    pytest.importorskip("optax")
    with pytest.raises(UsageError, match=why):
        cls().to_optax()


def test_l1_has_a_refusal() -> None:
    with pytest.raises(UsageError):
        ds.fit({"x": [1.0, 2, 3], "y": [1.0, 2, 4]}, "y ~ a*x", optimizer="newton", l1=0.1, steps=3)


# Newton


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("d", [1, 3, 8])
def test_newton_takes_one_step_on_a_quadratic(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((d, d))
    H, b = A @ A.T + np.eye(d), rng.standard_normal(d)
    run = ds.minimize(lambda x: x @ H @ x / 2 - b @ x, rng.standard_normal(d), optimizer=Newton())
    assert run.nit == 1
    assert run.nfev == run.nhev == 2
    assert run.x == pytest.approx(np.linalg.solve(H, b), rel=1e-9)


def test_newton_is_algorithm_3_2_written_out() -> None:
    f, x = ROSENBROCK, np.array([-1.2, 1.0])
    found = [at.x for at, _, move in walked(Newton(), x, 40) if move.accepted]
    for expected in found:
        assert x == pytest.approx(expected, rel=1e-9, abs=1e-12)
        (value, g), H = f.value_and_gradient(x), f.hessian(x)
        assert np.all(np.linalg.eigvalsh(H) > 0)
        d, a = -np.linalg.solve(H, g), 1.0
        for _ in range(60):
            there = f.value(x + a * d)
            if there <= value + 1e-4 * a * (g @ d):
                break
            wanted = -(g @ d) * a * a / (2 * (there - value - a * (g @ d)))
            a = min(max(wanted, 0.1 * a), 0.5 * a)
        x = x + a * d
    theirs = so.minimize(f.value, [-1.2, 1.0], jac=f.gradient, hess=f.hessian, method="Newton-CG")
    assert found[-1] == pytest.approx(theirs.x, abs=1e-4)


def test_newton_names_what_made_the_curvature_positive() -> None:
    run = ds.minimize("x^4 - x^2 + y^2", {"x": 0.1, "y": 1}, optimizer=Newton(), tolerance=1e-9)
    assert abs(run.x["x"]) == pytest.approx(0.5**0.5, rel=1e-8)
    assert "the curvature was not positive in every direction" in run.message
    assert "curvature was not" not in ds.minimize("x^2", {"x": 1}, optimizer=Newton()).message


@pytest.mark.parametrize("H", [np.diag([1.0, -2.0]), np.array([[0.0, 1], [1, 0]]), np.zeros((2, 2))])
def test_newton_always_leads_downhill(H: Any) -> None:
    g = np.array([1.0, 0.5])
    d, τ = newton_direction(g, H)
    assert τ > 0
    assert g @ d < 0
    assert (H + τ * np.eye(2)) @ d == pytest.approx(-g)


# trust regions


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("radius", [0.01, 1.0, 100.0])
def test_the_exact_step_meets_the_conditions_of_more_and_sorensen(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 7))
    A = rng.standard_normal((d, d))
    H, g = A + A.T + seed % 3 * 3 * np.eye(d), rng.standard_normal(d)
    if seed % 5 == 0:  # the hard case: nothing along the least eigenvector
        v = np.linalg.eigh(H)[1][:, 0]
        g = g - (g @ v) * v
    p = exact_step(g, H, radius)
    length = np.linalg.norm(p)
    assert length <= radius * (1 + 1e-8)
    rest = g + H @ p
    λ = -float(rest @ p) / float(p @ p) if length else 0.0
    scale = np.linalg.norm(g) + np.linalg.norm(H) * length + 1e-12
    assert np.linalg.norm(rest + λ * p) <= 1e-6 * scale
    assert λ >= -1e-7 * np.linalg.norm(H)
    assert λ * (radius - length) <= 1e-6 * scale
    assert np.linalg.eigvalsh(H + λ * np.eye(d))[0] >= -1e-6 * np.linalg.norm(H)


@pytest.mark.parametrize("size", [1e-250, 1e-160, 1e-80, 1e80, 1e150])
def test_the_exact_step_is_the_same_in_any_units(size: float) -> None:
    """Squares of so small and so large numbers are none, and nothing is divided by them."""
    g, H = np.array([1.0, 2.0]), np.array([[3.0, 1.0], [1.0, 1.0]])
    for radius in (0.1, 0.6, 5.0):
        expected = exact_step(g, H, radius)
        assert exact_step(size * g, size * H, radius) == pytest.approx(expected, rel=1e-9)
        if 1e-150 < size < 1e150:  # the length of a step has to be a number
            assert exact_step(size * g, H, size * radius) == pytest.approx(size * expected, rel=1e-9)


def test_the_trust_region_ends_where_scipys_does_and_leaves_saddles() -> None:
    f = ROSENBROCK
    theirs = so.minimize(f.value, [-1.2, 1.0], jac=f.gradient, hess=f.hessian, method="trust-exact")
    ours = ds.minimize("rosenbrock", optimizer=TrustRegion(), tolerance=1e-8)
    assert list(ours.x.values()) == pytest.approx(list(theirs.x), abs=1e-6)
    assert ours.nfev <= 1.5 * theirs.nfev
    saddle = ds.minimize("x^4 - x^2 + y^2", {"x": 1e-9, "y": 1}, optimizer=TrustRegion(), tolerance=1e-9)
    assert saddle.fun == pytest.approx(-0.25)


@pytest.mark.parametrize("start", [(3.0, 1.0), (-2.0, 0.5)])
def test_the_dogleg_is_scipys_evaluation_by_evaluation(start: tuple[float, float]) -> None:
    f, _ = as_objective(CONVEX, {"x": start[0], "y": start[1]})
    points: list[Any] = []

    def watched(x: Any) -> float:
        points.append(np.array(x))
        return f.value(x)

    so.minimize(watched, start, jac=f.gradient, hess=f.hessian, method="dogleg", options={"gtol": 1e-5})
    ours = [at.x for at, _, _ in walked(Dogleg(), start, len(points), f)]
    assert len(points) > 4
    np.testing.assert_allclose(ours, points, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("radius", [0.1, 0.6, 5.0])
def test_the_dogleg_step_lies_on_the_dogleg(radius: float) -> None:
    g, H = np.array([1.0, 2.0]), np.array([[3.0, 1.0], [1.0, 1.0]])
    p = dogleg_step(g, H, radius)
    cauchy, newton = -(g @ g) / (g @ H @ g) * g, -np.linalg.solve(H, g)
    assert np.linalg.norm(p) == pytest.approx(min(radius, np.linalg.norm(newton)))
    corners = [np.zeros(2), cauchy, newton]
    on = [
        abs(np.linalg.norm(p - a) + np.linalg.norm(b - p) - np.linalg.norm(b - a)) < 1e-9
        for a, b in pairwise(corners)
    ]
    assert any(on)


# quasi-Newton


@pytest.mark.parametrize(("cls", "oracle"), [(BFGS, so.BFGS), (SR1, so.SR1)])
def test_the_matrix_learns_as_scipys_does(cls: type[CurvedRule], oracle: Any) -> None:
    rule, theirs = cls(), oracle()
    theirs.initialize(2, "inv_hess" if cls is BFGS else "hess")
    before = None
    for at, state, move in walked(rule, [-1.2, 1.0], 25):
        matrix = move.state.H
        if before is not None and np.any(matrix) and (cls is SR1 or move.accepted):
            x, g = before
            theirs.update(at.x - x, at.gradient - g)
            np.testing.assert_allclose(matrix, theirs.get_matrix(), rtol=1e-6)
        if move.accepted:
            before = (at.x, at.gradient)
        del state


@pytest.mark.parametrize("d", [2, 5])
def test_sr1_knows_a_quadratic_after_as_many_steps_as_it_has_dimensions(d: int) -> None:
    rng = np.random.default_rng(d)
    A = rng.standard_normal((d, d))
    H = A @ A.T + np.eye(d)
    f, x = as_objective(lambda x: x @ H @ x / 2, rng.standard_normal(d))
    last = walked(SR1(), x, d + 3, f)[-1][2]
    np.testing.assert_allclose(last.state.H, H, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("cls", [BFGS, SR1])
def test_quasi_newton_ends_where_scipys_bfgs_does(cls: type[CurvedRule]) -> None:
    f, _ = as_objective(CONVEX, {"x": 3.0, "y": 1.0})
    theirs = so.minimize(f.value, [3.0, 1.0], jac=f.gradient, method="BFGS", options={"gtol": 1e-9})
    ours = ds.minimize(CONVEX, {"x": 3.0, "y": 1.0}, optimizer=cls(), tolerance=1e-9)
    assert list(ours.x.values()) == pytest.approx(list(theirs.x), abs=1e-7)
    assert ours.nfev <= 2 * theirs.nfev


# least squares


def rosenbrock_residuals(x: Any) -> Any:
    return np.array([1 - x[0], 10 * (x[1] - x[0] ** 2)])


def rosenbrock_slopes(x: Any) -> Any:
    return np.array([[-1.0, 0.0], [-20 * x[0], 10.0]])


def test_levenberg_marquardt_is_minpack_evaluation_by_evaluation() -> None:
    points: list[Any] = []

    def watched(x: Any) -> Any:
        points.append(np.array(x))
        return rosenbrock_residuals(x)

    options = {"method": "lm", "x_scale": "jac", "xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    so.least_squares(watched, [-1.2, 1.0], rosenbrock_slopes, **options)
    points = points[1:] if np.array_equal(points[0], points[1]) else points  # SciPy looks at the start twice
    ours = [at.x for at, _, _ in walked(LevenbergMarquardt(), [-1.2, 1.0], len(points))]
    np.testing.assert_allclose(ours[:10], points[:10], rtol=1e-6)
    run = ds.minimize("rosenbrock", optimizer=LevenbergMarquardt(), tolerance=1e-8)
    assert run.nfev <= 1.5 * len(points)


def test_a_damped_step_solves_the_damped_equations() -> None:
    for at, _, move in walked(LevenbergMarquardt(), [-1.2, 1.0], 12):
        s = move.state
        J, r = rosenbrock_slopes(s.x), rosenbrock_residuals(s.x)
        damped = J.T @ J + s.damping * np.diag(s.scale**2)
        assert damped @ s.step == pytest.approx(-J.T @ r, rel=1e-8, abs=1e-10)
        assert np.linalg.norm(s.scale * s.step) <= 1.1 * s.radius * (1 + 1e-12)
        del at


def test_gauss_newton_is_the_step_of_linear_least_squares() -> None:
    x = np.array([-1.2, 1.0])
    for at, _, move in walked(GaussNewton(), x, 20):
        if not move.accepted:
            continue
        J, r = rosenbrock_slopes(at.x), rosenbrock_residuals(at.x)
        p = np.linalg.lstsq(J, -r, rcond=None)[0]
        assert move.point - at.x == pytest.approx(p, rel=1e-7, abs=1e-9)
    theirs = so.least_squares(rosenbrock_residuals, x, rosenbrock_slopes)
    ours = ds.minimize("rosenbrock", optimizer=GaussNewton())
    assert list(ours.x.values()) == pytest.approx(list(theirs.x), abs=1e-6)


@pytest.mark.parametrize(
    "formula",
    [
        "(x - 1)^2 + 4*(y - x^2)^2 + 9",
        "0.5*((x - 1)^2 + 3*(x*y - 2)^2)",
        "x^4*y^2 + exp(2*x) + (x + y)^6",
        "x^2/20 + y^2",
    ],
)
def test_sums_of_squares_are_recognised(formula: str) -> None:
    f, x = as_objective(formula, {"x": 0.7, "y": -0.4})
    value, gradient = f.value_and_gradient(x)
    cost, told = f.residuals(x)
    assert cost == pytest.approx(value)
    assert 2 * told.root.T @ told.along == pytest.approx(gradient)


@pytest.mark.parametrize("formula", ["x^2 - y^2", "x*y", "x^3 + y^2", "(x - 1)^2 - 1", "-(x^2)"])
def test_what_is_no_sum_of_squares_is_not(formula: str) -> None:
    f, _ = as_objective(formula, {"x": 0.7, "y": -0.4} if "y" in formula else {"x": 0.7})
    assert square_roots(f.expression) is None


# coordinate descent


def _regression() -> tuple[Any, Any, dict[str, Any], str]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 6)) @ (np.eye(6) + 0.3 * rng.standard_normal((6, 6)))
    y = X @ np.array([1, 0, -2, 0, 0.5, 0]) + 0.1 * rng.standard_normal(80)
    table = {f"x{j}": X[:, j] for j in range(6)} | {"y": y}
    return X, y, table, "y ~ " + " + ".join(f"b{j}*x{j}" for j in range(6))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("passes", [1, 2, 7])
def test_coordinate_descent_is_scikit_learns_lasso_pass_by_pass(passes: int) -> None:
    Lasso = pytest.importorskip("sklearn.linear_model").Lasso
    X, y, table, hypothesis = _regression()
    theirs = Lasso(alpha=0.1, fit_intercept=False, max_iter=passes, tol=0).fit(X, y)
    ours = ds.fit(table, hypothesis, l1=0.2, optimizer="coordinate_descent", steps=passes)
    assert list(ours.x.values()) == pytest.approx(list(theirs.coef_), abs=1e-12)


@pytest.mark.parametrize(
    "options", [{"l1": 0.3}, {"l1": 0.3, "l2": 0.1}, {"l1": 0.3, "standardize": True}, {}]
)
def test_coordinate_descent_ends_where_proximal_steps_end(options: dict[str, Any]) -> None:
    _, _, table, hypothesis = _regression()
    best = ds.fit(table, hypothesis + " + c", **{k: v for k, v in options.items() if k != "standardize"})
    ours = ds.fit(table, hypothesis + " + c", optimizer="coordinate_descent", tolerance=1e-10, **options)
    assert ours.status == "converged"
    assert list(ours.x.values()) == pytest.approx(list(best.x.values()), abs=1e-7)
    assert [v == 0 for v in ours.x.values()] == [v == 0 for v in best.x.values()]


def test_one_coordinate_at_its_best_has_the_closed_form() -> None:
    J, r, x = (
        np.array([[1.0, 0.5], [2.0, -1.0], [0.0, 1.0]]),
        np.array([1.0, -2.0, 0.5]),
        np.array([0.3, -0.2]),
    )
    t = np.array([0.4, 5.0])
    told = residuals_from_rows(np.column_stack([J, r]))[1]
    found = one_pass(x, told.root, told.along, t)
    for j in range(2):
        grid = np.linspace(-3, 3, 60_001)
        rest = r + J[:, :j] @ (found - x)[:j]
        costs = [np.sum((rest + J[:, j] * (v - x[j])) ** 2) + t[j] * abs(v) for v in grid]
        assert found[j] == pytest.approx(grid[int(np.argmin(costs))], abs=1e-4)


# Nelder and Mead


@pytest.mark.parametrize(
    ("formula", "start"),
    [("(1 - x)^2 + 100*(y - x^2)^2", (-1.2, 1.0)), ("abs(x - 1) + 2*abs(y + z) + z^2", (3.0, 0.0, 1.0))],
)
def test_nelder_mead_is_scipys_evaluation_by_evaluation(formula: str, start: tuple[float, ...]) -> None:
    f, x = as_objective(formula, dict(zip("xyz", start, strict=False)))
    points: list[Any] = []

    def watched(x: Any) -> float:
        points.append(np.array(x))
        return f.value(x)

    so.minimize(watched, start, method="Nelder-Mead", options={"maxfev": 150, "xatol": 0, "fatol": 0})
    ours = [at.x for at, _, _ in walked(NelderMead(), x, len(points), f)]
    assert len(points) >= 100
    np.testing.assert_allclose(ours, points, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("formula", ["log(cosh(x))", "x^2 + x^4", "exp(x^2)"])
def test_two_corners_on_both_sides_are_no_level_ground(formula: str) -> None:
    run = ds.minimize(formula, {"x": 3}, optimizer=NelderMead())
    assert run.success
    assert run.x["x"] == pytest.approx(0, abs=1e-6)


def test_nelder_mead_needs_no_gradient() -> None:
    run = ds.minimize("abs(x - 1) + abs(y)", {"x": 3, "y": 2}, optimizer=NelderMead(), evaluations=300)
    assert run.fun < 1e-7
    assert run.njev == 0
    assert np.all(np.diff(run.history.value) <= 0)


@EVERY
def test_a_start_outside_the_domain_is_said(cls: type[CurvedRule]) -> None:
    run = ds.minimize("(log(x) - 1)^2", {"x": -1.0}, optimizer=cls(), explain=False)
    assert (run.status, run.nit) == ("left_domain", 0)
