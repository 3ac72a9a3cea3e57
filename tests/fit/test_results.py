"""What a fit hands back."""

import json

import numpy as np
import pytest

from downslope.api.table_fitting import fit
from downslope.errors import DataError, UsageError
from downslope.results.fit_loading import load_fit

RNG = np.random.default_rng(8)
N = 400
X = RNG.standard_normal((N, 2)) * [1.0, 5.0] + [0.0, 3.0]
Y = X @ [2.0, -1.0] + 4 + 0.5 * RNG.standard_normal(N)
TABLE = {"x": X[:, 0], "z": X[:, 1], "y": Y, "kind": np.where(X[:, 0] > 0.5, "high", "low").astype(object)}


def test_standard_errors_and_r2_of_a_linear_model():
    found = fit(TABLE, target="y", features="x,z")
    design = np.column_stack([X, np.ones(N)])
    beta, rss, *_ = np.linalg.lstsq(design, Y, rcond=None)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rss[0] / (N - 3))
    assert list(found.x) == ["x", "z", "intercept"]
    assert np.allclose(list(found.x.values()), beta, rtol=1e-10)
    assert np.allclose(list(found.standard_errors.values()), errors, rtol=1e-8)
    assert found.r2 == pytest.approx(1 - rss[0] / np.sum((Y - Y.mean()) ** 2), rel=1e-10)
    assert np.allclose(found.residuals(), Y - design @ beta)
    formula = fit(TABLE, "y ~ a*x + b*z + c", path="formula")
    assert np.allclose(list(formula.standard_errors.values()), errors, rtol=1e-6)


def test_logistic_regression_against_newton():
    label = (RNG.random(N) < 1 / (1 + np.exp(-(X @ [1.0, 0.2])))) * 1.0
    found = fit({**TABLE, "y": label}, "y ~ a*x + b*z + c", loss="log_loss")
    design, theta = np.column_stack([X, np.ones(N)]), np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ theta))
        hessian = design.T @ (design * (p * (1 - p))[:, None])
        theta -= np.linalg.solve(hessian, design.T @ (p - label))
    assert np.allclose(found.run.final, theta, rtol=1e-6)
    assert np.allclose(
        list(found.standard_errors.values()), np.sqrt(np.diag(np.linalg.inv(hessian))), rtol=1e-5
    )
    assert found.accuracy == np.mean((design @ theta > 0) == label)
    assert np.allclose(found.probabilities(), 1 / (1 + np.exp(-design @ theta)), rtol=1e-5)
    assert set(found.predict()) <= {0, 1}
    assert any("log-odds" in note for note in found.notes)


@pytest.mark.parametrize("loss", ["log_loss", "softmax"])
def test_separable_classes_are_diagnosed(loss):
    table = {**TABLE, "kind": (X[:, 0] > 0.5) * 1}
    found = fit(table, "kind ~ a*x + b", loss=loss)
    assert not found.success
    assert "separated perfectly" in found.message
    assert fit(table, "kind ~ a*x + b", loss=loss, l2=0.01).success


def test_softmax_with_labels():
    kinds = np.array(["a", "b", "c"])[
        np.clip(np.round(X[:, 0] + 0.5 * RNG.standard_normal(N)) + 1, 0, 2).astype(int)
    ]
    found = fit({**TABLE, "kind": kinds.astype(object)}, "kind ~ w*x + b", loss="softmax", l2=1e-3)
    assert found.success
    assert found.x["w"].shape == (3,)
    assert found.accuracy > 0.6
    assert set(found.predict()) <= {"a", "b", "c"}
    assert np.allclose(found.probabilities().sum(axis=1), 1)


def test_a_parameter_that_the_data_cannot_determine():
    product = fit(TABLE, "y ~ p*q*x", start="p=1,q=1")
    assert any("do not determine" in note for note in product.notes)


@pytest.mark.parametrize("case", ["formula", "linear", "softmax", "nonlinear"])
def test_save_and_load(case, tmp_path):
    options = {
        "formula": {"hypothesis": "y ~ a*x + b*z + c"},
        "linear": {"target": "y", "features": ["x", "z"]},
        "softmax": {"hypothesis": "kind ~ a*x + b", "loss": "softmax", "l2": 0.1},
        "nonlinear": {"hypothesis": "y ~ a*exp(b*x) + c", "start": "a=1,b=0.1,c=0"},
    }[case]
    found = fit(TABLE, **options)
    path = tmp_path / "fit.json"
    found.save(path)
    back = load_fit(path)
    assert np.array_equal(back.predict(TABLE), found.predict())
    assert back.run.to_dict() == found.run.to_dict()
    assert (back.loss, back.r2, back.accuracy, back.standard_errors, back.notes) == (
        found.loss,
        found.r2,
        found.accuracy,
        found.standard_errors,
        found.notes,
    )
    assert back.to_dict() == found.to_dict()
    with pytest.raises(DataError, match="not in the saved fit"):
        back.predict()


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 1}', '{"schema": 1, "command": "fit"}'])
def test_files_that_are_no_fit(content, tmp_path):
    path = tmp_path / "fit.json"
    path.write_text(content)
    with pytest.raises(DataError):
        load_fit(path)


def test_the_json_has_no_nan(tmp_path):
    found = fit({"x": [1.0, 1.0], "y": [2.0, 2.0]}, "y ~ a*x")
    found.save(tmp_path / "f.json")
    saved = json.loads((tmp_path / "f.json").read_text(), parse_constant=pytest.fail)
    assert found.r2 is None  # of targets that are all the same
    assert saved["r2"] is None


@pytest.mark.parametrize("ask", ["predict", "predict_interval", "residuals"])
def test_an_option_that_is_none_is_refused(ask):
    found = fit(TABLE, "y ~ a*x + b*z + c")
    for table in (None, TABLE):
        with pytest.raises(UsageError, match=r"no option 'drop_mising'\. Did you mean 'drop_missing'"):
            getattr(found, ask)(table, drop_mising=True)


def test_predict_refuses_the_wrong_width():
    found = fit((X, Y))
    assert np.allclose(found.predict(X), found.predict())
    with pytest.raises(DataError, match="has 1 columns, but the fit was made on 2"):
        found.predict(X[:, :1])


def test_progress_callback_and_limits():
    seen = []
    found = fit(
        TABLE, "y ~ a*x + b", learning_rate=0.1, steps=5, callback=lambda step: seen.append(step.step)
    )
    assert seen == [0, 1, 2, 3, 4, 5]
    assert found.nit == 5
    stopped = fit(TABLE, "y ~ a*x + b", learning_rate=0.01, steps=500, callback=lambda step: step.step == 3)
    assert stopped.status == "stopped_by_callback"


def test_fits_print():
    text = repr(fit(TABLE, "y ~ a*x + b*z + c", loss="rmse"))
    assert "R² = " in text
    assert "rmse = " in text
    assert "±" in text


def test_one_row_and_rows_of_numbers_are_tables_too():
    found = fit(TABLE, "y ~ a*x + b*z + c")
    one = found.predict({"x": 1.0, "z": 2.0})
    assert one.shape == (1,)
    assert np.array_equal(found.predict([[1.0, 2.0], [3.0, 4.0]])[:1], one)
    with pytest.raises(DataError, match="row 1 has 1 entries and row 0 has 2"):
        found.predict([[1.0, 2.0], [3.0]])
    with pytest.raises(DataError, match=r"column 'x' has 0 dimensions"):
        found.predict({"x": 1.0, "z": [2.0]})
