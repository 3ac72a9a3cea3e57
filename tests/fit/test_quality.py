"""R², standard errors and weights by their definitions, whatever the hypothesis, the loss and the path."""

import csv
from pathlib import Path

import numpy as np
import pytest

import downslope as ds

FOUR = {"x": [2.0, 4, 6, 8], "y": [81.0, 93, 91, 97]}
RNG = np.random.default_rng(12)
N = 200
X = RNG.normal(size=(N, 2)) * [1.0, 3.0] + [5.0, 0.0]
NOISE = RNG.standard_t(3, N)
Y = X @ [2.0, -1.0] + 3 + NOISE * (0.5 + np.abs(X[:, 1]) / 4)
A = np.column_stack([X, np.ones(N)])
H = "y ~ a*x1 + c*x2 + b"
OTHER_PATHS = [{}, {"path": "formula"}, {"path": "kernel"}, {"path": "moments"}]


@pytest.mark.parametrize("options", OTHER_PATHS)
def test_r2_with_a_fixed_coefficient(options):
    found = ds.fit(FOUR, "y ~ 2.3*x + b", **options)
    assert found.x["b"] == pytest.approx(79.0)
    assert found.r2 == pytest.approx(0.7611510791366906, rel=1e-9)
    assert not any("about zero" in note for note in found.notes)


@pytest.mark.parametrize("options", OTHER_PATHS)
def test_r2_without_a_constant_is_about_zero_and_says_so(options):
    """As summary(lm(y ~ 0 + x)) in R has it: 1 - RSS/sum(y^2)."""
    found = ds.fit(FOUR, "y ~ a*x", **options)
    y = np.array(FOUR["y"])
    rest = y - np.array(FOUR["x"]) * found.x["a"]
    assert found.r2 == pytest.approx(1 - rest @ rest / (y @ y), rel=1e-9)
    assert any("R² is about zero" in note for note in found.notes)


def test_r2_of_categories_without_an_intercept_is_about_the_mean():
    table = {"u": [1.0, 1, 0, 0, 0], "v": [0.0, 0, 1, 1, 1], "y": [3.0, 4, 8, 9, 8]}
    found = ds.fit(table, "y ~ a*u + c*v")
    y = np.array(table["y"])
    rest = y - np.array([3.5, 3.5, 25 / 3, 25 / 3, 25 / 3])
    assert found.r2 == pytest.approx(1 - rest @ rest / np.sum((y - y.mean()) ** 2), rel=1e-12)
    assert not any("about zero" in note for note in found.notes)


@pytest.mark.parametrize("loss", ["mse", "rmse", "huber", "mae"])
@pytest.mark.parametrize("weighted", [False, True])
def test_r2_of_files_read_page_by_page(loss, weighted, tmp_path):
    path = tmp_path / "t.csv"
    w = RNG.integers(0, 3, N)
    np.savetxt(path, np.column_stack([X, Y, w]), delimiter=",", header="x1,x2,y,w", comments="", fmt="%.17g")
    options = {"weights": "w"} if weighted else {}
    whole, pages = (
        ds.fit(str(path), "y ~ a*x1 + 0.5*x2 + b", loss=loss, stream=s, **options) for s in (False, True)
    )
    v = w if weighted else np.ones(N)
    rest = Y - X @ [whole.x["a"], 0.5] - whole.x["b"]
    total = Y - np.average(Y, weights=v)
    assert whole.r2 == pytest.approx(1 - v @ rest**2 / (v @ total**2), rel=1e-9)
    assert pages.r2 == pytest.approx(
        whole.r2, rel=1e-3 if loss == "mae" else 1e-6
    )  # smoothed, without a vertex


@pytest.mark.parametrize("loss", ["mse", "rmse", "huber", "log_cosh", "poisson"])
@pytest.mark.parametrize("stream", [False, True])
def test_rows_of_no_weight_are_no_observations(loss, stream, tmp_path):
    y = RNG.poisson(np.exp(0.3 * (X[:, 0] - 5))) * 1.0
    table = np.column_stack([X, y, np.ones(N)])
    more = table.copy()
    more[:, 2], more[:, 3] = 1e4, 0.0
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, rows in zip(files, [table, np.concatenate([more, table, more])], strict=True):
        np.savetxt(path, rows, delimiter=",", header="x1,x2,y,w", comments="", fmt="%.17g")
    without, beside = (ds.fit(str(path), H, loss=loss, weights="w", stream=stream) for path in files)
    assert beside.r2 == pytest.approx(without.r2, rel=1e-6)
    for name, error in without.standard_errors.items():
        assert beside.standard_errors[name] == pytest.approx(error, rel=1e-6)


def sandwich(J, slope, bend, w):
    bread = np.linalg.inv(J.T @ ((w * bend)[:, None] * J))
    return np.sqrt(np.diag(bread @ (J.T @ ((w * slope)[:, None] ** 2 * J)) @ bread))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"path": "formula"}])
@pytest.mark.parametrize("loss", ["huber(1.2)", "log_cosh"])
def test_sandwich_errors_of_losses_that_are_no_likelihoods(loss, options, weighted):
    w = RNG.uniform(0.5, 2, N) if weighted else np.ones(N)
    found = ds.fit((X, Y), H, loss=loss, weights=w if weighted else None, **options)
    r = A @ [found.x[k] for k in ("a", "c", "b")] - Y
    huber = loss.startswith("huber")
    slope = np.clip(r, -1.2, 1.2) if huber else np.tanh(r)
    bend = (np.abs(r) <= 1.2) * 1.0 if huber else 1 / np.cosh(r) ** 2
    right = sandwich(A, slope, bend, w)
    assert [found.standard_errors[k] for k in ("a", "c", "b")] == pytest.approx(right.tolist(), rel=1e-6)


def test_errors_of_softmax_are_those_of_reference_coding():
    """The inverse Hessian with the last class as the reference, taken to parameters that add up to 0."""
    y = np.argmax(A @ RNG.normal(size=(3, 3)) * 0.3 + RNG.gumbel(size=(N, 3)), axis=1)
    found = ds.fit((X, y), target="y", loss="softmax")
    theta = np.array([found.x[k] for k in ("x1", "x2", "intercept")])
    u = A @ theta
    p = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    H = np.zeros((6, 6))
    for i in range(2):
        for j in range(2):
            c = (i == j) * p[:, i] - p[:, i] * p[:, j]
            H[3 * i : 3 * i + 3, 3 * j : 3 * j + 3] = A.T @ (c[:, None] * A)
    cov = np.linalg.inv(H)
    to_sums = np.kron(
        np.array([[2, -1], [-1, 2], [-1, -1]]) / 3, np.eye(3)
    )  # class by class, of differences to the last
    right = np.sqrt(np.diag(to_sums @ cov @ to_sums.T)).reshape(3, 3).T
    errors = np.array(list(found.standard_errors.values())).reshape(3, 3)
    assert np.allclose(errors, right, rtol=1e-5)


def engel():
    path = Path(__file__).parents[1] / "data" / "engel.csv"
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    return np.array(rows, float).T


def test_every_loss_has_errors_or_a_reason():
    labels = (np.median(Y) < Y) * 1
    for loss in ("mse", "rmse", "mae", "huber", "log_cosh", "quantile(0.3)"):
        found = ds.fit((X, Y), H, loss=loss)
        assert found.standard_errors, loss
        assert ds.fit((X, Y), H, loss=loss, l2=0.1).no_standard_errors
    for loss in ("log_loss", "softmax"):
        found = ds.fit((X, labels), target="y", loss=loss)
        assert found.standard_errors or found.no_standard_errors
    few = ds.fit((X[:5], Y[:5]), H, loss="quantile(0.9)")
    assert few.standard_errors is None
    assert "quantile" in few.no_standard_errors
