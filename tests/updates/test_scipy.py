"""Our rules as methods of scipy.optimize.minimize, with everything that SciPy passes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DownslopeError

optimize = pytest.importorskip("scipy.optimize")
method = pytest.importorskip("downslope.scipy").method
rosen, rosen_der = optimize.rosen, optimize.rosen_der
START = [-1.2, 1.0]


def bowl(x: Any, a: float = 1.0, b: float = 0.0) -> Any:
    return a * np.sum((np.asarray(x) - b) ** 2)


def bowl_der(x: Any, a: float = 1.0, b: float = 0.0) -> Any:
    return 2 * a * (np.asarray(x) - b)


@pytest.mark.parametrize(
    "name", ["auto", "lbfgs", "conjugate_gradient_hz", "adam", "momentum", "spg", "armijo"]
)
def test_it_is_the_same_run_as_with_minimize(name: str) -> None:
    rates = {"adam": 0.05, "momentum": 1e-3}
    result = optimize.minimize(
        rosen,
        START,
        jac=rosen_der,
        method=method(name, rates.get(name)),
        options={"maxiter": 40, "return_all": True},
    )
    run = ds.minimize(
        rosen,
        START,
        gradient=rosen_der,
        optimizer=name,
        learning_rate=rates.get(name),
        steps=40,
        tolerance=1e-5,
    )
    np.testing.assert_allclose(result.allvecs, run.history.x, rtol=1e-6)
    assert (result.nit, result.nfev) == (run.nit, run.nfev)
    assert result.status == (0 if run.success else 1)


def test_the_result_is_scipys_own() -> None:
    result = optimize.minimize(rosen, START, jac=rosen_der, method=method())
    assert isinstance(result, optimize.OptimizeResult)
    theirs = optimize.minimize(rosen, START, jac=rosen_der, method="BFGS")
    assert set(theirs) - {"hess_inv"} <= set(result)
    np.testing.assert_allclose(result.x, theirs.x, atol=1e-5)
    np.testing.assert_allclose(result.jac, rosen_der(result.x))
    assert result.fun == rosen(result.x)
    assert result.success
    assert result.status == 0
    assert result.run.explain().healthy
    assert "fun: " in str(result)


def test_jac_may_come_with_the_value_or_not_at_all() -> None:
    calls = {"both": 0, "value": 0}

    def both(x: Any) -> Any:
        calls["both"] += 1
        return rosen(x), rosen_der(x)

    def value(x: Any) -> Any:
        calls["value"] += 1
        return rosen(x)

    made: dict[str, int] = {}  # until the last step: looking at where a run ended is none of its calls
    told = {"callback": lambda x: made.update(calls)}
    together = optimize.minimize(both, START, jac=True, method=method(), **told)
    apart = optimize.minimize(rosen, START, jac=rosen_der, method=method())
    assert together.x.tolist() == apart.x.tolist()
    assert made["both"] == together.nfev == together.njev == apart.nfev
    without = optimize.minimize(value, START, method=method(), tol=1e-6, **told)
    np.testing.assert_allclose(without.x, [1, 1], atol=1e-5)
    assert made["value"] == without.nfev == 5 * without.njev


def test_args_reach_the_function_and_its_gradient() -> None:
    result = optimize.minimize(bowl, [5.0, -5.0], args=(0.5, 3.0), jac=bowl_der, method=method("sgd", 0.5))
    np.testing.assert_allclose(result.x, [3, 3], atol=1e-5)
    single = optimize.minimize(bowl, 4.0, args=0.5, method=method("sgd", 0.5))
    np.testing.assert_allclose(single.x, [0.0], atol=1e-5)


def test_tol_and_gtol_bound_the_gradient() -> None:
    for keywords in ({"tol": 1e-2}, {"options": {"gtol": 1e-2}}):
        result = optimize.minimize(bowl, [5.0], jac=bowl_der, method=method("sgd", 0.1), **keywords)
        assert result.success
        assert 1e-3 < np.linalg.norm(result.jac) <= 1e-2


def test_maxiter_and_maxfev_are_limits() -> None:
    result = optimize.minimize(bowl, [5.0], jac=bowl_der, method=method("sgd", 0.01), options={"maxiter": 7})
    assert (result.nit, result.nfev, result.success, result.status) == (7, 8, False, 1)
    result = optimize.minimize(bowl, [5.0], jac=bowl_der, method=method("sgd", 0.01), options={"maxfev": 5})
    assert (result.nit, result.nfev, result.success) == (4, 5, False)


def test_callbacks_are_called_as_scipy_calls_them() -> None:
    points, values = [], []

    def of_point(xk: Any) -> None:
        points.append(xk)

    def of_result(intermediate_result: Any) -> None:
        values.append(intermediate_result.fun)
        if len(values) == 4:
            raise StopIteration

    options = {"maxiter": 6, "return_all": True}
    result = optimize.minimize(
        bowl, [5.0], jac=bowl_der, method=method("sgd", 0.1), callback=of_point, options=options
    )
    np.testing.assert_array_equal(points, result.allvecs[1:])
    result = optimize.minimize(bowl, [5.0], jac=bowl_der, method=method("sgd", 0.1), callback=of_result)
    assert (result.nit, result.status, result.success) == (4, 99, False)
    assert result.message == "`callback` raised `StopIteration`."
    assert values[-1] == result.fun


@pytest.mark.parametrize(
    "bounds",
    [[(2.0, None), (None, 0.5)], optimize.Bounds([2.0, -np.inf], [np.inf, 0.5])],
    ids=["pairs", "Bounds"],
)
def test_bounds_hold_where_the_rule_can_be_kept_within_them(bounds: Any) -> None:
    result = optimize.minimize(rosen, [3.0, 0.0], jac=rosen_der, bounds=bounds, method=method("spg"))
    theirs = optimize.minimize(rosen, [3.0, 0.0], jac=rosen_der, bounds=bounds, method="L-BFGS-B")
    np.testing.assert_allclose(result.x, theirs.x, atol=1e-4)
    assert result.success


@pytest.mark.parametrize("start", [[0.5, 0.5], [-7.0, 2.0]], ids=["inside", "outside"])
@pytest.mark.parametrize("chosen", [method("adam", 0.1), method()], ids=["adam", "none"])
def test_calls_within_bounds_are_all_counted(start: Any, chosen: Any) -> None:
    calls = {"fun": 0, "jac": 0}
    made = dict(calls)  # those until the last step

    def fun(x: Any) -> Any:
        calls["fun"] += 1
        return bowl(x, b=2.0)

    def jac(x: Any) -> Any:
        calls["jac"] += 1
        return bowl_der(x, b=2.0)

    def run() -> Any:
        return optimize.minimize(
            fun,
            start,
            jac=jac,
            bounds=[(0, 1), (0, 1)],
            method=chosen,
            tol=1e-3,
            callback=lambda x: made.update(calls),
        )

    if start[0] < 0:
        with pytest.warns(
            optimize.OptimizeWarning, match=r"moved onto them: x\[0\] from -7 to 0, x\[1\] from 2 to 1"
        ):
            result = run()
    else:
        result = run()
    np.testing.assert_allclose(result.x, [1.0, 1.0])
    assert (result.nfev, result.njev) == (made["fun"], made["jac"])
    assert (
        result.run.nfev <= result.nfev <= result.run.nfev + 1
    )  # one more where the answer is not evaluated last


def test_a_rule_is_chosen_that_can_be_kept_within_bounds() -> None:
    options = {"jac": bowl_der, "method": method()}
    bounded = optimize.minimize(bowl, [5.0], bounds=[(1, None)], **options)
    assert bounded.run.optimizer.optimizer == ds.optimizers.SPG()
    assert bounded.x.tolist() == [1.0]
    assert (
        optimize.minimize(bowl, [5.0], bounds=[(None, None)], **options).run.optimizer == ds.optimizers.Auto()
    )


def test_disp_prints_what_scipy_prints(capsys: Any) -> None:
    optimize.minimize(bowl, [5.0], jac=bowl_der, method=method("sgd", 0.5), options={"disp": True})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The gradient norm 0 is within the tolerance 1e-05, after 1 step."
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "Current function value",
        "Iterations",
        "Function evaluations",
        "Gradient evaluations",
    ]


def test_a_function_may_change_the_point_it_is_given() -> None:
    def rude(x: Any) -> Any:
        out = bowl(x)
        x[:] = np.nan
        return out

    result = optimize.minimize(rude, [5.0, 1.0], method=method("sgd", 0.5))
    np.testing.assert_allclose(result.x, [0, 0], atol=1e-5)


def test_a_run_away_says_so() -> None:
    result = optimize.minimize(bowl, [5.0], jac=bowl_der, method=method("sgd", 1.5))
    assert not result.success
    assert result.status == 4
    assert result.message.startswith("Diverged")


def test_an_averaging_rule_returns_its_average() -> None:
    rule = method("schedule_free_sgd", 0.25)
    result = optimize.minimize(bowl, [1.0], jac=bowl_der, method=rule, options={"maxiter": 9})
    run = ds.minimize("x^2", start={"x": 1.0}, optimizer="schedule_free_sgd", learning_rate=0.25, steps=9)
    np.testing.assert_allclose(result.x, run.final)
    np.testing.assert_allclose(result.jac, 2 * run.final)
    assert result.fun == pytest.approx(run.fun)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"constraints": {"type": "eq", "fun": sum}}, "takes bounds, but no constraints; SciPy's SLSQP"),
        ({"options": {"maxit": 3}}, "there is no option 'maxit' for this method. Did you mean 'maxiter'?"),
        ({"bounds": [(0, 1)], "method": method("auto")}, "Auto cannot be kept within bounds"),
        ({"options": {"maxiter": -1}}, "steps is -1; it must be a whole number, at least 0."),
        ({"jac": lambda x: np.ones(3)}, "jac returned an array of shape (3,); (1,) is needed."),
    ],
    ids=["constraints", "option", "bounds", "steps", "jac"],
)
def test_a_mistake_with_scipy_is_one_sentence(keywords: Any, words: str) -> None:
    with pytest.raises(DownslopeError) as caught:
        optimize.minimize(bowl, [5.0], **{"method": method(), **keywords})
    assert words in str(caught.value)
    with pytest.raises(DownslopeError, match="fun returned array"):
        optimize.minimize(lambda x: x, [5.0, 1.0], method=method())


def test_second_derivatives_are_warned_of() -> None:
    with pytest.warns(RuntimeWarning, match="Auto does not use second derivatives"):
        optimize.minimize(rosen, START, jac=rosen_der, hess=optimize.rosen_hess, method=method())


def test_without_scipy_it_names_the_command() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['scipy.optimize'] = None\n"
        "try:\n    import downslope.scipy\nexcept ImportError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "MissingExtraError SciPy is needed for this: pip install 'downslope[scipy]'"


@pytest.mark.parametrize("with_jac", [True, False])
@pytest.mark.parametrize(
    ("fun", "jac", "start"),
    [
        (lambda x: np.tanh(x[0]) ** 2, lambda x: 2 * np.tanh(x) / np.cosh(x) ** 2, [15.0]),
        (lambda x: x[0] ** 2 - x[1] ** 2, lambda x: np.array([2 * x[0], -2 * x[1]]), [1.0, 0.0]),
        (lambda x: np.exp(-x[0]), lambda x: -np.exp(-x), [12.0]),
    ],
    ids=["plateau", "saddle", "endless"],
)
def test_a_test_that_passes_at_no_minimum_is_no_success(
    fun: Any, jac: Any, start: Any, with_jac: bool
) -> None:
    given = jac if with_jac else None
    result = optimize.minimize(fun, start, jac=given, method=method(learning_rate=0.1))
    assert not result.success
    assert result.status not in (0, 1)
    assert result.message == result.run.message
    assert "no minimum" in result.message


def test_looking_at_the_end_is_none_of_the_calls_that_are_counted() -> None:
    result = optimize.minimize(bowl, [1.0, 2.0], jac=bowl_der, method=method(learning_rate=0.1))
    assert result.success
    assert result.nfev == result.njev == result.run.nfev


def test_second_derivatives_go_to_a_rule_that_asks_for_them() -> None:
    rosen, der, hess = optimize.rosen, optimize.rosen_der, optimize.rosen_hess
    counted = []

    def watched(x):
        counted.append(x)
        return hess(x)

    for name in ("newton", "trust_region", "dogleg"):
        counted.clear()
        result = optimize.minimize(rosen, [-1.2, 1.0, 0.5], jac=der, hess=watched, method=method(name))
        assert result.success
        assert result.x == pytest.approx(np.ones(3), abs=1e-4)
        assert result.nhev == result.run.nit + 1 <= len(counted)
    with pytest.warns(RuntimeWarning, match="products with second derivatives"):
        optimize.minimize(
            rosen, [-1.2, 1.0], jac=der, hessp=lambda x, p: hess(x) @ p, method=method("newton")
        )
    with pytest.raises(DownslopeError, match="hess returned an array of shape"):
        optimize.minimize(rosen, [-1.2, 1.0], jac=der, hess=lambda x: x, method=method("newton"))
