"""NIST's Statistical Reference Datasets: certified parameters and standard deviations."""

import numpy as np
import pytest
from nist import LINEAR, NONLINEAR, UNIVARIATE, digits, read, table_of
from scipy.optimize import least_squares

from downslope.api.table_fitting import fit

LEAST = {"Filip": 7, "NumAcc4": 8}  # digits; 9 of all others
LEAST_ERRORS = {"Lanczos1": 2}  # of residuals of 1e-13 in numbers of about 1, which have no more digits
EXACT = {"Wampler1", "Wampler2"}  # whose deviations are 0


@pytest.mark.parametrize("name", LINEAR)
def test_linear(name):
    data = read(name)
    found = fit(table_of(data), LINEAR[name], optimizer="auto")
    values = [found.x[k] for k in sorted(found.x, key=lambda k: int(k[1:]))]
    assert digits(values, data.certified) >= LEAST.get(name, 9)
    assert found.success
    assert found.nit <= 5


@pytest.mark.parametrize("name", sorted(set(LINEAR) - EXACT))
def test_linear_standard_deviations(name):
    data = read(name)
    errors = fit(table_of(data), LINEAR[name]).standard_errors
    found = [errors[k] for k in sorted(errors, key=lambda k: int(k[1:]))]
    assert digits(found, data.deviations) >= LEAST.get(name, 9)


@pytest.mark.parametrize("name", UNIVARIATE)
@pytest.mark.parametrize("weighted", [False, True])
def test_univariate(name, weighted):
    data = read(name)
    table = {"y": data.y, "w": np.ones(len(data.y))}
    found = fit(table, "y ~ b", weights="w" if weighted else None)
    assert found.success
    assert digits(found.x["b"], data.certified) >= 9
    deviation = found.standard_errors["b"] * np.sqrt(len(data.y))
    assert digits(deviation, data.deviations) >= LEAST.get(name, 9)


def test_filip_is_never_a_wrong_number_without_a_warning():
    data = read("Filip")
    assert any("digits" in note for note in fit({"x": data.x, "y": data.y}, LINEAR["Filip"]).notes)
    with pytest.raises(ValueError, match="cannot be trusted"):
        fit({"x": data.x, "y": data.y}, LINEAR["Filip"], path="moments")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", NONLINEAR)
def test_nonlinear(name, which):
    data = read(name)
    start = {f"b{i + 1}": value for i, value in enumerate(data.starts[which])}
    found = fit(table_of(data), NONLINEAR[name], start=start, optimizer="auto")
    assert found.success
    assert digits([found.x[name] for name in start], data.certified) >= 6
    errors = [found.standard_errors[name] for name in start]
    assert digits(errors, data.deviations) >= LEAST_ERRORS.get(name, 6)


def test_shifted_data_keep_their_digits():
    rng = np.random.default_rng(5)
    x = rng.standard_normal(100_000)
    noise = 0.1 * rng.standard_normal(len(x))
    plain = fit({"x": x, "y": 2 * x + 1 + noise}, "y ~ a*x + b")
    shifted = 1e8 + x  # as rounded there
    exact = shifted - 1e8
    reference = np.polyfit(exact, 2 * x + 1 + noise, 1)[0]
    moved = fit({"x": shifted, "y": 2 * x + 1 + noise}, "y ~ a*x + b", path="moments")
    assert moved.path == "moments"
    assert moved.x["a"] == pytest.approx(reference, rel=1e-8)
    assert plain.x["a"] == pytest.approx(reference, rel=1e-6)
    textbook = np.sum(shifted**2) - np.sum(shifted) ** 2 / len(x)
    assert abs(textbook / np.sum((exact - exact.mean()) ** 2) - 1) > 0.01


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", sorted(NONLINEAR))
def test_it_takes_no_more_evaluations_than_minpack_and_half_as_many(name, which):
    """From both certified starts, with the same derivatives and to the same digits, where MINPACK arrives."""
    data, tiny = read(name), 1e-30
    table = table_of(data)
    right = NONLINEAR[name].partition("~")[2].replace("^", "**").strip()
    start = {f"b{i + 1}": value for i, value in enumerate(data.starts[which])}
    code = compile(right, name, "eval")

    def predicted(values):
        words = {"exp": np.exp, "sin": np.sin, "cos": np.cos, "atan": np.arctan, "pi": np.pi}
        with np.errstate(all="ignore"):
            return eval(code, {**words, **table}, dict(zip(start, values, strict=True)))

    def slopes(b):  # by the complex step
        turned = [predicted(b + 1j * tiny * e).imag / tiny for e in np.eye(len(b))]
        return np.nan_to_num(np.column_stack(turned))

    theirs = least_squares(
        lambda b: np.nan_to_num(predicted(b) - table["y"], nan=1e150, posinf=1e150, neginf=-1e150),
        list(start.values()),
        slopes,
        method="lm",
        x_scale="jac",
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-9,
        max_nfev=5_000,
    )
    found = fit(table, NONLINEAR[name], start=start)
    assert found.success
    if (name, which) == ("BoxBOD", 0):  # a plateau, which MINPACK leaves by rounding and we by another start
        assert found.run.start.tolist() != list(start.values())
        return
    assert digits(theirs.x, data.certified) < 5 or found.nfev <= 1.5 * theirs.nfev + 2
