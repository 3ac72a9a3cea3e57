"""What a fit says of a learning rate that was too large, and of data that do not determine the parameters."""

import numpy as np
import pytest

from downslope import load, minimize
from downslope.api.table_fitting import fit

RNG = np.random.default_rng(21)
N = 300
X = RNG.standard_normal((N, 3)) * [1.0, 5.0, 0.1] + 3.0
Y = X @ [1.0, 2.0, 3.0] + RNG.standard_normal(N)
LABELS = (Y.mean() < Y) * 1.0

CASES = {
    "plain": ({}, 2),
    "penalised": ({"l2": 0.001}, 2),
    "momentum": ({"optimizer": "momentum"}, 3.8),
    "kernel": ({"path": "kernel"}, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_the_limit_that_is_named_is_the_limit(case):
    """A hundredth above it the fit diverges and says so; a hundredth below it does not."""
    options, critical = CASES[case]
    options = {"target": "y", "standardize": True, **options}
    wild = fit((X, Y), learning_rate=50.0, steps=60, **options)
    sentence = next(note for note in wild.notes if "above the limit" in note)
    limit = float(sentence.split("L = ")[1].split()[0])
    assert f"{critical:g}/L" in sentence
    for factor, diverges in ((1.01, True), (0.99, False)):
        found = fit((X, Y), learning_rate=factor * limit, steps=20_000, **options)
        assert (found.status == "diverged") == diverges, found.message
        assert any("above the limit" in note for note in found.notes) == diverges


def test_the_curvature_at_the_start_of_other_losses():
    options = {"standardize": True, "learning_rate": 50.0, "steps": 50, "tolerance": 1e-6}
    found = fit((X, LABELS), target="y", loss="log_loss", **options)
    design = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(N)])
    largest = np.linalg.eigvalsh(design.T @ design / 4 / N)[-1]
    assert any(f"2/L = {2 / largest:.3g} of the" in n and "at the start" in n for n in found.warnings)


def test_more_features_than_rows_are_said_to_be_undetermined():
    found = fit((X[:3], Y[:3]), target="y")
    assert np.allclose(found.predict(), Y[:3])
    assert any("do not determine" in note for note in found.notes)
    assert not any("digits" in note for note in found.notes)


FOUR = {"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}
ROOT = "sqrt(((2a+b-81)^2+(4a+b-93)^2+(6a+b-91)^2+(8a+b-97)^2)/4)"


@pytest.mark.parametrize(("rate", "steps"), [(50.0, 300), (1.0, 400)])
def test_a_root_as_a_loss_is_told_what_it_is_told_as_a_formula(rate, steps):
    options = {"start": {"a": 7.5, "b": 80.6}, "learning_rate": rate, "steps": steps}
    as_loss = fit(FOUR, "y ~ a*x + b", loss="rmse", **options).explain()
    as_formula = minimize(ROOT, **options).explain()
    assert as_loss.codes == as_formula.codes == ("rmse_rate",)
    for name in ("limit", "learning_rate", "least_value"):
        assert as_loss.findings[0].evidence[name] == pytest.approx(as_formula.findings[0].evidence[name])
    assert "more steps" not in str(as_loss)


def test_a_root_in_standardised_coordinates_has_one_cause():
    found = fit((X, Y), target="y", loss="rmse", standardize=True, learning_rate=50.0, steps=60)
    assert found.explain().codes == ("rmse_rate",)
    (finding,) = found.findings
    assert finding.sentence in found.warnings
    least = fit((X, Y), target="y", loss="rmse").loss
    assert finding.evidence["limit"] == pytest.approx(4 * least / finding.evidence["curvature"])


@pytest.mark.parametrize(
    ("hypothesis", "y"),
    [
        ("y ~ 1/(1+exp(-k*(x-1.5)))", [0.0, 0, 1, 1]),
        ("y ~ tanh(k*x)", [0.0, 1, 1, 1]),
        ("y ~ exp(-k*x)", [1.0, 0, 0, 0]),
    ],
)
def test_a_gradient_that_faded_while_a_parameter_grew_is_no_success(hypothesis, y):
    found = fit({"x": [0.0, 1, 2, 3], "y": y}, hypothesis, start={"k": 1})
    assert not found.success
    assert found.explain().codes == ("grows_without_bound",)
    assert "k" in found.findings[0].evidence["parameters"]


def test_a_limit_that_is_reached_is_no_growth():
    """The parameter ends ten times its start away, at a minimum."""
    x = np.linspace(0, 1, 30)
    found = fit({"x": x, "y": np.exp(-12 * x)}, "y ~ exp(-k*x)", start={"k": 1})
    assert found.success
    assert not found.findings


@pytest.mark.parametrize("steps", [5, 100, 101])
def test_a_first_step_that_is_far_too_long_is_the_cause(steps):
    table = {"x": [0.0, 1, 2, 3, 4], "y": [1.0, 2, 4, 7, 16]}
    found = fit(table, "y ~ a*exp(b*x)", start={"a": 1, "b": 5}, learning_rate=0.01, steps=steps)
    assert found.explain().codes == ("learning_rate_above_limit",)
    evidence = found.explain().findings[0].evidence
    assert (evidence["step"], evidence["learning_rate"]) == (1, 0.01)
    assert evidence["length"] > 1e15


CONCENTRATIONS = [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1]
RATES = [76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200]


@pytest.mark.parametrize("start", [(1, 1), (200, 10), (100, 0.01)])
def test_puromycin_from_far_is_right_or_no_success(start):
    table = {"x": CONCENTRATIONS, "y": RATES}
    found = fit(table, "y ~ V*x/(K+x)", start={"V": start[0], "K": start[1]})
    if found.success:
        assert found.x == pytest.approx({"V": 212.68, "K": 0.0641}, rel=1e-3)
    else:
        assert "worse_than_mean" in found.explain().codes


def test_where_parameters_have_no_effect_the_others_still_move():
    """At the start the curve is 0 but for rounding: the constant is found, and nothing flies off."""
    age = np.array([118.0, 484, 664, 1004, 1231, 1372, 1582])
    c = np.array([30.0, 58, 87, 115, 120, 142, 145])
    table, start = {"age": age, "c": c}, {"A": 1, "m": 1, "s": 1}
    found = fit(table, "c ~ A/(1+exp((m-age)/s))", start=start, evaluations=1_000)
    assert found.nit > 0
    assert found.x["A"] == pytest.approx(c.mean())
    assert not found.success
    assert "worse_than_mean" in found.explain().codes


def test_notes_are_the_sentences_of_findings_and_codes_survive_saving(tmp_path):
    table = {"u": [1.0, 2, 3, 4], "v": [2.0, 4, 6, 8.5], "w": [1.0, 2, 3, 4], "y": [3.0, 5, 7, 9]}
    found = fit(table, "y ~ a*u + c*v + d*w + b")
    assert found.explain().codes == ("undetermined",)
    assert [f.sentence for f in found.findings] == list(found.warnings)
    found.save(tmp_path / "fit.json")
    again = load(tmp_path / "fit.json")
    assert again.explain().codes == ("undetermined",)
    assert found.to_dict()["explanation"]["findings"][0]["evidence"]["parameters"] == ["a", "d"]
