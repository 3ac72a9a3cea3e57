"""SciPy's searches around our methods, and callbacks in each of their signatures, beside SciPy's own BFGS."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

optimize = pytest.importorskip("scipy.optimize")
from downslope.scipy import method  # noqa: E402

METHODS = ["auto", "lbfgs", "conjugate_gradient_hz", "spg", "armijo"]
MANY = pytest.mark.parametrize("name", METHODS)


def hills(x: Any) -> float:
    """Of SciPy's own example of basinhopping: the lowest of many minima is at (-0.195, -0.1)."""
    return float(np.cos(14.5 * x[0] - 0.3) + (x[1] + 0.2) * x[1] + (x[0] + 0.2) * x[0])


def hills_der(x: Any) -> Any:
    return np.array([-14.5 * np.sin(14.5 * x[0] - 0.3) + 2 * x[0] + 0.2, 2 * x[1] + 0.2])


@MANY
@pytest.mark.parametrize("jac", [hills_der, None, True], ids=["jac", "differences", "with the value"])
def test_basinhopping_finds_what_it_finds_with_bfgs(name: str, jac: Any) -> None:
    both = lambda x: (hills(x), hills_der(x))  # noqa: E731
    seen: list[tuple[Any, float, bool]] = []

    def search(own: Any) -> Any:
        return optimize.basinhopping(
            both if jac is True else hills,
            [1.0, 1.0],
            minimizer_kwargs={"method": own, "jac": jac},
            niter=40,
            rng=np.random.default_rng(1),
            callback=lambda x, f, accept: seen.append((x.copy(), f, accept)),
        )

    found, theirs = search(method(name)), search("BFGS")
    np.testing.assert_allclose(found.x, theirs.x, atol=1e-4)
    np.testing.assert_allclose(found.x, [-0.195, -0.1], atol=1e-3)
    assert found.fun == pytest.approx(theirs.fun, abs=1e-8)
    assert found.lowest_optimization_result.success
    assert found.nfev > 0
    assert len(seen) == 82  # with the start, and as often for SciPy's own


def test_basinhopping_is_stopped_by_its_callback() -> None:
    found = optimize.basinhopping(
        hills,
        [1.0, 1.0],
        minimizer_kwargs={"method": method("auto"), "jac": hills_der},
        niter=40,
        rng=0,
        callback=lambda x, f, accept: True,
    )
    assert found.nit == 1
    assert "callback" in " ".join(found.message)


@pytest.mark.parametrize("bounded", [False, True])
def test_it_polishes_what_other_searches_find(bounded: bool) -> None:
    kwargs = {"method": method(), "jac": hills_der, **({"bounds": [(-1, 1)] * 2} if bounded else {})}
    found = optimize.dual_annealing(hills, [(-1, 1)] * 2, maxiter=30, rng=1, minimizer_kwargs=kwargs)
    np.testing.assert_allclose(found.x, [-0.195, -0.1], atol=2e-3)


class Remembers:
    """A callback that is an object, with a method as one."""

    def __init__(self) -> None:
        self.points: list[Any] = []

    def __call__(self, xk: Any) -> None:
        self.points.append(np.array(xk))

    def by_result(self, intermediate_result: Any) -> None:
        self.points.append(np.array(intermediate_result.x))

    def with_more(self, xk: Any, more: int = 3) -> None:
        self.points.append(np.array(xk))

    def anything(self, *args: Any, **named: Any) -> None:
        assert not named
        self.points.append(np.array(args[0]))


@MANY
@pytest.mark.parametrize(
    "kind",
    ["object", "method", "by result", "lambda", "partial", "a default", "anything", "result, partial"],
)
def test_callbacks_of_every_signature_see_every_step(name: str, kind: str) -> None:
    """As SciPy's own BFGS calls them: once a step, with the point alone or with ``intermediate_result``."""

    def callback() -> tuple[Remembers, Any]:
        r = Remembers()
        return r, {
            "object": r,
            "method": r.__call__,
            "by result": r.by_result,
            "lambda": lambda x: r(x),
            "partial": functools.partial(Remembers.__call__, r),
            "a default": r.with_more,
            "anything": r.anything,
            "result, partial": functools.partial(Remembers.by_result, r),
        }[kind]

    mine, given = callback()
    found = optimize.minimize(
        hills, [0.1, 0.3], jac=hills_der, method=method(name), callback=given, options={"return_all": True}
    )
    np.testing.assert_array_equal(mine.points, found.allvecs[1:])
    assert len(mine.points) == found.nit
    theirs, given = callback()
    other = optimize.minimize(hills, [0.1, 0.3], jac=hills_der, method="BFGS", callback=given)
    assert len(theirs.points) == other.nit


@MANY
def test_a_callback_of_any_signature_may_stop(name: str) -> None:
    for kind in ("x", "intermediate_result"):
        seen = []

        def stop(point: Any, seen: list[Any] = seen) -> None:
            seen.append(point)
            if len(seen) == 2:
                raise StopIteration

        given = {
            "x": lambda x, stop=stop: stop(x),
            "intermediate_result": lambda intermediate_result: stop(intermediate_result.x),
        }[kind]
        found = optimize.minimize(hills, [0.1, 0.3], jac=hills_der, method=method(name), callback=given)
        assert (found.nit, found.status, found.success) == (2, 99, False)
        np.testing.assert_array_equal(found.x, seen[-1])
