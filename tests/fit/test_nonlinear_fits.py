"""Squares of hypotheses that are not linear: arrived, refused or said to be poor, from near and far."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nist import NONLINEAR, digits, read, table_of
from nonlinear_problems import PROBLEMS, NonlinearProblem
from scipy.optimize import least_squares

import downslope as ds
from downslope.errors import DataError, StartError
from downslope.fitting.parameter_roles import split
from downslope.fitting.suggested_starts import split_of
from downslope.objectives.residuals import residuals_from_products, residuals_from_rows

EACH = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
SEVERAL = {"decays", "two peaks", "two peaks that overlap", "pressure"}  # whose parts may change places
X = np.linspace(0.1, 8, 60)


def named(values: tuple[float, ...]) -> dict[str, float]:
    return {f"b{i + 1}": value for i, value in enumerate(values)}


@EACH
@pytest.mark.parametrize("which", [0, 1])
def test_both_starts_lead_to_six_digits(problem: NonlinearProblem, which: int) -> None:
    found = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(problem.starts[which]))
    assert found.success
    assert digits(list(found.x.values()), problem.best()) >= 6


@EACH
def test_it_takes_no_more_evaluations_than_minpack_and_half_as_many(problem: NonlinearProblem) -> None:
    """With the same derivatives, to the same digits; from the near start, where MINPACK arrives."""
    table, start, tiny = problem.table(), np.array(problem.starts[1]), 1e-30

    def slopes(b: np.ndarray) -> np.ndarray:
        turned = (problem.function(b + 1j * tiny * e, table["x"]).imag / tiny for e in np.eye(len(b)))
        return np.asarray(np.nan_to_num(np.column_stack(list(turned))))

    theirs = least_squares(
        problem.residuals, start, slopes, method="lm", x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-9
    )
    found = ds.fit(table, f"y ~ {problem.right}", start=named(problem.starts[1]))
    assert found.nfev <= 1.5 * theirs.nfev + 2


# Orders of the parameters in which the same curve has them too.
MIRRORED = {
    "two decays and a level": [(0, 2, 1, 4, 3)],
    "decays": [tuple(2 * i + k for i in order for k in (0, 1)) for order in permutations(range(3))],
}


@EACH
def test_without_a_start_the_form_suggests_one(problem: NonlinearProblem) -> None:
    found = ds.fit(problem.table(), f"y ~ {problem.right}")
    assert any("No start was given: begun at" in note for note in found.notes)
    assert found.success
    if problem.name not in SEVERAL:
        values = list(found.x.values())
        orders = [range(len(values)), *MIRRORED.get(problem.name, ())]
        assert max(digits([values[i] for i in order], problem.best()) for order in orders) >= 6
    known = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(problem.best()))
    assert found.loss == pytest.approx(known.loss, rel=1e-6)


# Whose terms may change places, and with them their parameters.
ALIKE = {"ENSO", "Gauss1", "Gauss2", "Gauss3", "Lanczos1", "Lanczos2", "Lanczos3"}


@pytest.mark.parametrize("name", sorted(set(NONLINEAR) - {"MGH09"}))
def test_nists_sets_need_no_start(name: str) -> None:
    data = read(name)
    found = ds.fit(table_of(data), NONLINEAR[name])
    names = [f"b{i + 1}" for i in range(len(data.certified))]
    assert found.success
    if name in ALIKE:
        known = ds.fit(table_of(data), NONLINEAR[name], start=dict(zip(names, data.certified, strict=True)))
        assert found.loss == pytest.approx(known.loss, rel=1e-6, abs=1e-25)
        return
    assert digits([found.x[name] for name in names], data.certified) >= 6
    assert digits([(found.standard_errors or {})[name] for name in names], data.deviations) >= 6


@pytest.mark.parametrize(
    "right", ["log(1 + a^2*x)", "a*(x^2 + b*x)/(x^2 + c*x + d)", "exp(a*x) + atan(b*exp(c))"]
)
def test_a_form_that_is_not_known_needs_a_start(right: str) -> None:
    with pytest.raises(StartError, match="needs a start"):
        ds.fit({"x": X, "y": np.sqrt(X)}, f"y ~ {right}")


@pytest.mark.parametrize(
    ("right", "linear", "kinds"),
    [
        ("a*exp(-b*x) + c", ("a", "c"), {"b": "rate"}),
        ("a*exp(-x/t)", ("a",), {"t": "width"}),
        ("a*x/(k + x)", ("a", "k"), {}),
        ("a*exp(-((x - c)/w)^2)", ("a",), {"c": "place", "w": "width"}),
        ("a/(1 + exp((m - x)/s))", ("a",), {"m": "place", "s": "width"}),
        ("a/(1 + exp(p - r*x))", ("a",), {"p": "phase", "r": "rate"}),
        ("a*x^n", ("a",), {"n": "power"}),
        ("a*(k + x)^(-0.3)", ("a",), {"k": "half"}),
        ("a*sin(w*x + p)", ("a",), {"p": "phase", "w": "frequency"}),
        ("a*cos(2*pi*x/t)", ("a",), {"t": "period"}),
    ],
)
def test_roles_are_read_off_the_formula(right: str, linear: tuple[str, ...], kinds: dict[str, str]) -> None:
    hypothesis = ds.fit({"x": X, "y": np.sqrt(X)}, f"y ~ {right}").model.hypothesis
    names, found = hypothesis.parameters, split_of(hypothesis)
    assert tuple(names[i] for i in found.linear) == linear
    assert {names[role.parameter]: role.kind for role in found.roles} == kinds
    assert split(hypothesis.expression, names, ("x",)).linear == found.linear


def test_a_low_minimum_says_that_it_is_poor() -> None:
    y = np.random.default_rng(3).standard_normal(len(X))
    found = ds.fit({"x": X, "y": y}, "y ~ a*sin(w*x + p)", start="a=1,w=3,p=0")
    assert found.r2 is not None
    assert 0 < found.r2 < 0.5
    assert any("R² is only" in warning for warning in found.warnings)


def test_limits_keep_it_to_the_start_that_was_given() -> None:
    table = {"x": X, "y": 90 * (1 - np.exp(-0.7 * X))}
    held = ds.fit(table, "y ~ a*(1 - exp(-b*x))", start="a=80,b=-20", evaluations=200)
    assert not held.success
    assert held.nfev <= 200
    assert list(held.run.start) == [80, -20]
    free = ds.fit(table, "y ~ a*(1 - exp(-b*x))", start="a=80,b=-20")
    assert free.x == pytest.approx({"a": 90, "b": 0.7})
    assert free.history["b"][0] == free.run.start[1] != -20


def test_a_script_of_a_long_table_names_its_file() -> None:
    found = ds.fit({"x": X, "y": 3 * np.exp(-0.4 * X)}, "y ~ a*exp(-b*x)", start="a=1,b=1")
    assert found.run.nhev == found.run.njev == found.nfev
    with pytest.raises(DataError, match=r"60 rows, too many to be written"):
        found.export("numpy")
    assert 'open("decay.csv"' in found.export("numpy", data="decay.csv")


@pytest.mark.parametrize("loss", ["mse", "rmse"])
def test_weights_count_as_rows_and_the_root_ends_at_the_same_point(loss: str) -> None:
    rng = np.random.default_rng(1)
    y = 3 * np.exp(-0.4 * X) + 0.1 * rng.standard_normal(len(X))
    times = np.arange(len(X)) % 3 + 1
    weighted = ds.fit(
        {"x": X, "y": y, "w": times}, "y ~ a*exp(-b*x)", weights="w", start="a=1,b=1", loss=loss
    )
    repeated = ds.fit(
        {"x": np.repeat(X, times), "y": np.repeat(y, times)}, "y ~ a*exp(-b*x)", start="a=1,b=1"
    )
    assert weighted.x == pytest.approx(repeated.x, rel=1e-8)
    assert weighted.loss == pytest.approx(repeated.loss**0.5 if loss == "rmse" else repeated.loss, rel=1e-10)
    assert weighted.success


def test_a_penalty_is_more_rows() -> None:
    y, l2, n = 3 * np.exp(-0.4 * X), 0.01, len(X)
    found = ds.fit({"x": X, "y": y}, "y ~ a*exp(-b*x)", start="a=1,b=1", l2=l2)

    def residuals(p: np.ndarray) -> np.ndarray:
        return np.concatenate([p[0] * np.exp(-p[1] * X) - y, np.sqrt(l2 * n) * p])

    theirs = least_squares(residuals, [1, 1], method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert list(found.x.values()) == pytest.approx(list(theirs.x), rel=1e-7)


def test_sums_and_factors_of_the_rows_say_the_same() -> None:
    rows = np.random.default_rng(2).standard_normal((50, 4)) * [1.0, 1e3, 1e-3, 1.0]
    (cost, factor), (sum_, products) = residuals_from_rows(rows), residuals_from_products(rows.T @ rows)
    assert cost == pytest.approx(sum_)
    for told in (factor, products):
        assert told.root.T @ told.root == pytest.approx(rows[:, :3].T @ rows[:, :3], rel=1e-10)
        assert told.root.T @ told.along == pytest.approx(rows[:, :3].T @ rows[:, 3], rel=1e-10)
    rows[:, 2] = rows[:, 1]  # dependent columns
    told = residuals_from_products(rows.T @ rows)[1]
    assert told.root.T @ told.along == pytest.approx(rows[:, :3].T @ rows[:, 3], rel=1e-6)


def test_many_rows_and_pages_give_the_same_as_few(tmp_path: Path) -> None:
    x = np.tile(X, 3_000)
    y = 3 * np.exp(-0.4 * x) + 1 + 0.1 * np.random.default_rng(4).standard_normal(len(x))
    whole = ds.fit({"x": x, "y": y}, "y ~ a*exp(-b*x) + c", start="a=1,b=1,c=0")
    path = tmp_path / "t.csv"
    np.savetxt(path, np.column_stack([x, y]), delimiter=",", header="x,y", comments="", fmt="%.17g")
    paged = ds.fit(path, "y ~ a*exp(-b*x) + c", start="a=1,b=1,c=0", stream=True)
    assert whole.success
    assert paged.x == pytest.approx(whole.x, rel=1e-8)
    few = least_squares(lambda p: p[0] * np.exp(-p[1] * x) + p[2] - y, [1, 1, 0], method="lm", xtol=1e-14)
    assert list(whole.x.values()) == pytest.approx(list(few.x), rel=1e-6)


@pytest.mark.parametrize("start", ["a=1,b=1,c=1", "a=1,b=0.01,c=2", None])
def test_a_valley_that_bends_to_infinity_is_refused_with_that_reason(start: str | None) -> None:
    """Four points that are nearly on a line, which an exponential only tends to."""
    table = {"x": [50.0, 100, 150, 200], "y": [3, 2.9, 2.7, 2.6]}
    found = ds.fit(table, "y ~ a*exp(-b*x) + c", start=start)
    assert not found.success
    assert found.loss == pytest.approx(0.0005, rel=1e-3)
    assert "grows_without_bound" in [finding.code for finding in found.findings]


@pytest.mark.parametrize("table", [{"x": [1.0], "y": [2.0]}, {"x": np.ones(9), "y": np.arange(9.0)}])
def test_a_table_that_suggests_nothing_needs_a_start(table: dict[str, Any]) -> None:
    with pytest.raises(StartError, match="needs a start"):
        ds.fit(table, "y ~ a*exp(-b*x) + c")


def test_a_misspelt_column_is_no_parameter_to_be_guessed() -> None:
    table = {"area": X, "rooms": X**2, "price": 3 * np.exp(-0.3 * X) + X}
    with pytest.raises(StartError, match="Did you mean 'rooms'"):
        ds.fit(table, "price ~ a*exp(b*area) + romos")


@EACH
@pytest.mark.parametrize("seed", [1, 2])
def test_a_start_that_is_off_by_factors_leads_to_the_best_fit(problem: NonlinearProblem, seed: int) -> None:
    best = np.array(problem.best())
    start = best * np.exp(1.2 * np.random.default_rng(seed).standard_normal(len(best)))
    found = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(tuple(start)))
    if problem.name == "decays":
        return  # whose third part is told from the others by one row in twenty
    assert found.success
    least = float(np.mean(np.square(problem.residuals(best))))
    if problem.name.startswith("two peaks") and found.r2 is not None and found.r2 < 0.95:
        assert found.r2 > 0.85  # of eight parameters, another minimum that fits almost as well
        return
    assert found.loss == pytest.approx(least, rel=1e-6)


def test_a_missed_peak_is_found_and_the_start_is_named() -> None:
    problem = next(p for p in PROBLEMS if p.name == "two peaks")
    off = (98.0, 0.01, 100.0, 65.0, 23.0, 1.0, 400.0, 5.0)
    held = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(off), evaluations=1_000)
    found = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(off))
    assert found.success
    assert found.r2 is not None
    assert found.r2 > 0.99 > (held.r2 or 0)
    assert any("From the start that was given the descent ended" in note for note in found.notes)


@pytest.mark.filterwarnings("error")
def test_a_radius_may_shrink_until_its_squares_underflow() -> None:
    problem = next(p for p in PROBLEMS if p.name == "transmittance")
    for start in ((1.1684114280809361, 4.052603016124423, 594.1252641376512), (1.5876, 7.3200, 762.0174)):
        found = ds.fit(problem.table(), f"y ~ {problem.right}", start=named(start))
        assert found.success
        assert digits(list(found.x.values()), problem.best()) >= 6


@pytest.mark.filterwarnings("error")
def test_derivatives_whose_squares_overflow_are_looked_at_all_the_same() -> None:
    problem = next(p for p in PROBLEMS if p.name == "power")
    start = named((225.22100917195422, 290.71560693946515, 155491.0268920316))
    assert not ds.fit(problem.table(), f"y ~ {problem.right}", start=start, evaluations=40).success


def test_a_start_beside_which_no_other_can_be_computed_is_kept() -> None:
    problem = next(p for p in PROBLEMS if p.name == "growth")
    found = ds.fit(problem.table(), f"y ~ {problem.right}", start=named((32.03, 3.207, 0.0)), l2=1e-3)
    assert list(found.run.start) == [32.03, 3.207, 0.0]
