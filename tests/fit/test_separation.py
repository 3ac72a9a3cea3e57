"""Separation is proven by a direction: held against linear programmes, and against what a fit then says."""

import numpy as np
import pytest
from scipy.optimize import linprog

import downslope as ds
from downslope.fitting import separation
from downslope.fitting.separation import FIRST_ROWS, _by_least_squares, _is_held, _unit

RNG = np.random.default_rng(7)
EDGED = {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]}


def by_programme(A, whole):
    """Whether some direction has all of ``A d >= 0`` and not all 0; or, with ``whole``, all of them > 0."""
    p, n = A.shape[1], len(A)
    cost = np.append(np.zeros(p), -1.0) if whole else np.append(-A.sum(axis=0), 0.0)
    rows = np.column_stack([-A, np.full(n, 1.0 if whole else 0.0)])
    found = linprog(cost, A_ub=rows, b_ub=np.zeros(n), bounds=[(-1, 1)] * p + [(0, 1)])
    return -found.fun > 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_certificates_are_those_of_linear_programmes(seed):
    rng = np.random.default_rng(seed)
    kinds = set()
    for _ in range(60):
        p, n = rng.integers(1, 5), rng.integers(2, 25)
        X = rng.integers(-2, 3, (n, p)).astype(float)
        side = np.sign(X @ rng.normal(size=p).round() + rng.normal(size=n) * rng.choice([0, 0.3, 2]))
        A = np.where(side == 0, rng.choice([-1, 1], n), side)[:, None] * X
        d, whole = _by_least_squares(_unit(A)), by_programme(A, True)
        assert (d is not None) == by_programme(A, False)
        if d is not None:
            assert np.min(A @ d) >= -1e-7
            assert np.max(A @ d) > 1e-7
            assert (np.min(A @ d) > 1e-7) == whole
        kinds.add((d is not None, bool(whole)))
    assert len(kinds) == 3


@pytest.mark.parametrize("seed", range(6))
def test_what_is_proven_from_a_few_rows_is_so(seed):
    """No direction leaves all rows at 0 or above, also where some rows or all of them lie on the edge of one."""
    rng, proven = np.random.default_rng(seed), 0
    for _ in range(80):
        p, n = rng.integers(1, 6), rng.integers(2, 60)
        X = rng.integers(-2, 3, (n, p)).astype(float)
        side = np.sign(X @ rng.normal(size=p).round() + rng.normal(size=n) * rng.choice([0, 0.1, 0.5, 2]))
        A = _unit(np.where(side == 0, rng.choice([-1, 1], n), side)[:, None] * X)
        if len(A) and _is_held(A):
            proven += 1
            assert not by_programme(A, False)
            assert np.linalg.matrix_rank(A) == p
    assert proven >= 10


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("apart", [True, False])
def test_active_sets_are_not_needed_where_the_fit_shows_which(classes, apart, monkeypatch):
    def dear(*_):
        raise AssertionError("least squares by active sets")

    monkeypatch.setattr(separation, "_residual", dear)
    X = RNG.normal(size=(400, 3))
    scores = X @ np.random.default_rng(1).normal(size=(3, classes)) + (
        0 if apart else RNG.normal(size=(400, classes))
    )
    table = {**{f"u{i}": X[:, i] for i in range(3)}, "y": np.argmax(scores, axis=1)}
    found = ds.fit(table, target="y", features="u0,u1,u2", loss="log_loss" if classes == 2 else "softmax")
    assert found.success == (not apart)
    assert [f.code for f in found.findings] == (["separation"] if apart else [])
    if apart:
        assert certificate(found)["complete"]


def certificate(found):
    (finding,) = [f for f in found.findings if f.code == "separation"]
    return finding.evidence


def test_quasi_complete_separation_is_named_and_no_success():
    found = ds.fit(EDGED, "y ~ a*x + b", loss="log_loss")
    evidence = certificate(found)
    assert (found.status, found.success, found.standard_errors) == ("unbounded", False, None)
    assert found.loss == pytest.approx(np.log(2) / 3, abs=1e-6)
    assert evidence["direction"] == pytest.approx({"a": 1 / 3, "b": -1.0})
    assert (evidence["complete"], evidence["edge"]) == (False, 2)
    assert found.explain().codes == ("separation",)


@pytest.mark.parametrize(
    "options", [{"learning_rate": 0.1, "steps": 50}, {"path": "formula"}, {"optimizer": "adam", "steps": 50}]
)
def test_it_does_not_depend_on_the_rule_or_the_way_over_the_rows(options):
    found = ds.fit(EDGED, "y ~ a*x + b", loss="log_loss", **options)
    assert not found.success
    assert certificate(found)["direction"] == pytest.approx({"a": 1 / 3, "b": -1.0})


def test_rows_that_do_not_count_do_not_join_what_is_apart():
    table = {"x": [1.0, 2, 3, 4, 2.5], "y": [0, 0, 1, 1, 1], "w": [1.0, 1, 1, 1, 0]}
    apart = {**table, "x": [1.0, 2, 3, 4, 0.0]}
    assert certificate(ds.fit(apart, "y ~ a*x + b", loss="log_loss", weights="w"))["complete"]
    joined = ds.fit({**apart, "w": [1.0] * 5}, "y ~ a*x + b", loss="log_loss")
    assert joined.success
    assert not joined.findings


@pytest.mark.parametrize("options", [{"l2": 0.01}, {"l1": 0.01}])
def test_a_penalty_leaves_nothing_to_find(options):
    found = ds.fit(EDGED, "y ~ a*x + b", loss="log_loss", **options)
    assert found.success
    assert "separation" not in found.explain().codes
    assert "separated" not in found.no_standard_errors


@pytest.mark.parametrize(
    ("counts", "apart"),
    [([0, 0, 0, 0], True), ([0, 0, 0, 5], True), ([0, 0, 3, 5], False), ([0, 3, 0, 1], False)],
)
def test_counts_of_zero(counts, apart):
    found = ds.fit({"x": [1, 2, 3, 4], "y": counts}, "y ~ a*x + b", loss="poisson")
    assert ("separation" in found.explain().codes) == apart
    assert found.success == (not apart)
    if apart:
        d = certificate(found)["direction"]
        along = d["a"] * np.arange(1, 5) + d["b"]
        zero = np.array(counts) == 0
        assert np.all(along[zero] <= 1e-9)
        assert np.min(along[zero]) < -0.1
        assert along[~zero] == pytest.approx(0, abs=1e-9)


def test_the_intercept_alone_runs_off_beside_a_penalty_that_leaves_it_out():
    found = ds.fit({"x": [1, 2, 3, 4], "y": [0, 0, 0, 0]}, "y ~ a*x + b", loss="poisson", l2=0.1)
    d = certificate(found)["direction"]
    assert d == pytest.approx({"a": 0.0, "b": -1.0}, abs=1e-9)


def test_irises():
    from sklearn.datasets import load_iris

    flowers = load_iris()
    found = ds.fit((flowers.data, flowers.target), target="y", loss="softmax")
    evidence = certificate(found)
    assert not evidence["complete"]
    assert not found.success
    x = np.column_stack([flowers.data, np.ones(150)])
    D = np.array(list(evidence["direction"].values())).reshape(5, 3)
    scores = x @ D
    lead = scores[np.arange(150), flowers.target][:, None] - scores
    assert np.min(lead) > -1e-6
    assert np.all(lead[:50, 1:] > 1e-6) or np.all(lead[50:, 0] > 1e-6)
    assert ds.fit((flowers.data, flowers.target), target="y", loss="softmax", l2=0.01).success


@pytest.mark.parametrize("rare", [True, False])
def test_more_rows_than_are_looked_at_first(rare):
    """A column that is 1 in a few rows, all of one class, separates quasi; one row of the other class joins them."""
    n = 5 * FIRST_ROWS + 3
    x, column = RNG.normal(size=n), np.zeros(n)
    y = (RNG.random(n) < 1 / (1 + np.exp(-x))) * 1.0
    column[1:12] = 1.0
    y[1:12] = 1.0
    if not rare:
        y[7] = 0.0
    found = ds.fit({"x": x, "z": column, "y": y}, "y ~ a*x + c*z + b", loss="log_loss")
    assert ("separation" in found.explain().codes) == rare
    assert found.success == (not rare)
    if rare:
        assert certificate(found)["along"] == "c"


def test_columns_that_depend_on_each_other_separate_no_counts():
    """Along the direction that no prediction feels, rounding alone is left of the rows."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        u, v = rng.normal(size=12) * 3 + 5, rng.normal(size=12)
        table = {"u": u, "v": v, "w": 2 * u, "y": rng.poisson(1.0, 12)}
        codes = ds.fit(table, "y ~ a*u + c*v + d*w + b", loss="poisson").explain().codes
        A = np.column_stack([u, v, np.ones(12)])
        positive, zero = A[table["y"] > 0], A[table["y"] == 0]
        assert np.linalg.matrix_rank(positive) == 3 or not len(zero)
        assert "separation" not in codes


def test_what_a_record_alone_tells_is_told_of_a_fit_too():
    """The codes of records are none of a run's, and come last."""
    x = np.linspace(-2, 2, 30)
    y = np.sign(np.sin(7 * x)) + x
    for rate, code in ((0.5, "too_few_steps"), (3.0, "kink"), (20.0, "kink")):
        found = ds.fit(
            {"x": x, "y": y}, "y ~ a*x + b", loss="mae", learning_rate=rate, steps=40, tolerance=1e-8
        )
        assert found.explain().codes == (code,)


def test_what_is_proven_is_not_called_unexplained():
    X = np.random.default_rng(0).normal(size=(60, 2))
    table = {"u": X[:, 0], "v": X[:, 1], "y": (X[:, 0] > 0).astype(float)}
    found = ds.fit(table, "y ~ a*u + b*v + c", loss="log_loss", learning_rate=1.0, steps=100)
    assert not found.success
    assert found.explain().codes == ("separation",)
