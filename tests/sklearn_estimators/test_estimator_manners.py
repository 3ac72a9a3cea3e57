"""What people do with estimators: pipelines, searches, streams, warm starts, pickles; what they are told."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import downslope as ds
from downslope.descent import growing_rows
from downslope.sklearn import DescentClassifier, DescentRegressor

DIABETES = load_diabetes(as_frame=True)
X, Y = DIABETES.data, DIABETES.target
RNG = np.random.default_rng(9)
Z = RNG.standard_normal((300, 3))
SCORE = Z @ [2.0, -1.0, 0.5]
LABELS = np.where(SCORE + RNG.logistic(size=300) > 0, "up", "down")


def warned(work: Any) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    assert [w.category for w in caught] == [ConvergenceWarning]
    assert caught[0].filename == __file__  # the line of the user, not ours
    return str(caught[0].message)


# frames, pipelines, searches


def test_frames_give_their_names() -> None:
    frame = X.rename(columns={"age": "y", "sex": "intercept"})  # names that are ours elsewhere
    model = DescentRegressor().fit(frame, Y)
    assert list(model.feature_names_in_) == list(frame.columns)
    assert list(model.history_.coordinates) == [*frame.columns, "intercept_"]
    assert model.history_["bmi"][-1] == model.coef_[2]
    assert np.array_equal(model.predict(frame), frame.to_numpy() @ model.coef_ + model.intercept_)


def test_a_search_over_methods_and_rates() -> None:
    pipe = make_pipeline(StandardScaler(), DescentRegressor(tol=1e-3))
    grid = {
        "descentregressor__optimizer": ["momentum", "adam"],
        "descentregressor__learning_rate": [0.05, 10.0],
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search = GridSearchCV(pipe, grid, cv=3).fit(X, Y)
    assert search.best_params_["descentregressor__learning_rate"] != 10.0 or search.best_score_ > 0.4
    assert search.best_score_ > 0.4
    assert {w.category for w in caught} <= {ConvergenceWarning}
    assert any("above the limit 3.8/L" in str(w.message) for w in caught)
    scores = cross_val_score(DescentClassifier(l1=1e-3), *load_breast_cancer(return_X_y=True), cv=3)
    assert scores.min() > 0.9


def test_clones_and_what_is_printed() -> None:
    model = DescentRegressor(optimizer=ds.optimizers.Adam(learning_rate=0.3), l2=0.1)
    other = clone(model)
    assert other.optimizer == model.optimizer
    assert other.get_params() == model.get_params()
    assert "Adam(learning_rate=0.3" in repr(model)
    assert repr(DescentClassifier()) == "DescentClassifier()"


def test_sparse_tables_are_refused_and_the_tags_say_so() -> None:
    assert not DescentRegressor().__sklearn_tags__().input_tags.sparse
    with pytest.raises(TypeError, match="Sparse data"):
        DescentRegressor().fit(sparse.csr_array(Z), SCORE)
    assert DescentRegressor(loss="poisson").__sklearn_tags__().target_tags.positive_only
    assert not DescentRegressor(loss="nonsense").__sklearn_tags__().target_tags.positive_only


# endings


def test_a_diverged_fit_says_why() -> None:
    text = warned(lambda: DescentRegressor(optimizer="gradient_descent", learning_rate=1.0).fit(X, Y))
    assert "above the limit 2/L = 0.248 of the standardised features" in text
    assert text.count("earning rate") < 4
    text = warned(lambda: DescentRegressor(learning_rate=1.0, standardize=False).fit(100 * X, Y))
    assert "above the limit 0.01098 that the curvature 182.1" in text
    text = warned(lambda: DescentRegressor(learning_rate=1.0, batch_size=32, random_state=0).fit(X, Y))
    assert "Diverged: after 2 epochs" in text
    assert "Lower the learning rate" in text


def test_a_fit_that_is_cut_short_says_so() -> None:
    text = warned(lambda: DescentRegressor(optimizer="adam", max_iter=10).fit(X, Y))
    assert "limit of 10 steps" in text
    assert "Raise max_iter" in text
    text = warned(
        lambda: DescentRegressor(optimizer="adam", batch_size=50, max_iter=3, random_state=0).fit(X, Y)
    )
    assert "Stopped after 3 epochs" in text
    text = warned(lambda: DescentClassifier(l2=0).fit(Z, SCORE > 0))
    assert "separated perfectly" in text


@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 50}, {"optimizer": "adam"}], ids=["auto", "batches", "adam"]
)
def test_a_number_of_epochs_is_no_reason_to_warn(options: dict[str, Any]) -> None:
    model = DescentClassifier(epochs=4, random_state=0, **options).fit(Z, LABELS)
    assert model.n_iter_ == 4
    assert model.status_ == "step_limit"
    assert len(model.history_) == 5


def test_in_batches_a_fit_ends_when_its_cost_no_longer_falls() -> None:
    options: dict[str, Any] = {"learning_rate": 0.05, "batch_size": 30, "random_state": 1}
    model = DescentRegressor(**options, n_iter_no_change=3).fit(X, Y)
    value = model.history_.value
    assert model.status_ == "converged"
    assert "3 epochs in a row" in model.message_
    falls = np.minimum.accumulate(value)[:-1] - np.minimum.accumulate(value)[1:]
    assert (falls[-3:] <= 1e-4 * (value[0] - value.min())).all()
    assert model.n_iter_ < DescentRegressor(**options, n_iter_no_change=6).fit(X, Y).n_iter_
    kinked = DescentRegressor(loss="mae", optimizer="adam", learning_rate=1.0).fit(X, Y)
    assert "steps in a row" in kinked.message_


def test_a_tolerance_is_a_part_of_the_gradient_at_zero() -> None:
    for tol in (1e-2, 1e-6):
        model = DescentClassifier(optimizer="gradient_descent", learning_rate=1.0, tol=tol).fit(Z, LABELS)
        norm = model.history_.gradient_norm
        assert norm[-1] <= tol * norm[0] < norm[-2]
        again = clone(model).set_params(warm_start=True)
        again.fit(Z, LABELS).fit(Z, LABELS)
        assert again.n_iter_ == 0  # from its end on there is nothing to do, and nothing to warn of


# starting again


@pytest.mark.parametrize("options", [{}, {"optimizer": "adam", "learning_rate": 0.1}], ids=["auto", "adam"])
def test_warm_starts_go_on_from_the_last_parameters(options: dict[str, Any]) -> None:
    noisy = SCORE + 2 * RNG.standard_normal(300)
    for labels in (LABELS, np.array(["a", "b", "c"])[np.digitize(noisy, [-1, 1])]):
        model = DescentClassifier(warm_start=True, **options).fit(Z, labels)
        before = model.n_iter_
        start = model.coef_.copy()
        model.fit(Z[:280], labels[:280])
        table = model.history_.x[0].reshape(4, -1)
        assert np.allclose(table[:3].T, start, rtol=1e-12)
        assert model.n_iter_ < before
    with pytest.raises(ValueError, match=r"classes are down, up; in the last fit they were a, b, c"):
        model.fit(Z, LABELS)
    with pytest.raises(ValueError, match="warm_start=True"):
        DescentRegressor(warm_start=True).fit(Z, SCORE).fit(Z[:, :2], SCORE)


def test_batches_are_shuffled_from_the_random_state() -> None:
    options: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.1, "batch_size": 20, "epochs": 2}
    runs = [DescentRegressor(random_state=seed, **options).fit(Z, SCORE).coef_ for seed in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_weights_of_classes_are_weights_of_rows() -> None:
    by_class = DescentClassifier(class_weight={"up": 3.0}).fit(Z, LABELS)
    by_row = DescentClassifier().fit(Z, LABELS, np.where(LABELS == "up", 3.0, 1.0))
    assert np.array_equal(by_class.coef_, by_row.coef_)
    balanced = DescentClassifier(class_weight="balanced", l2=1e-9).fit(Z, LABELS)
    share = np.mean(balanced.predict_proba(Z)[:, 1] / np.where(LABELS == "up", 1, 1), where=LABELS == "up")
    other = np.mean(balanced.predict_proba(Z)[:, 0], where=LABELS == "down")
    assert share == pytest.approx(other, abs=0.02)


def test_many_classes_in_batches() -> None:
    digits = load_digits()
    model = DescentClassifier(
        optimizer="adam", learning_rate=0.02, batch_size=64, epochs=8, random_state=0, standardize=False
    )
    model.fit(digits.data / 16, digits.target)
    assert model.coef_.shape == (10, 64)
    assert model.score(digits.data / 16, digits.target) > 0.96
    quick = DescentClassifier(max_iter=200).fit(digits.data / 16, digits.target)
    assert quick.status_ == "converged"


def test_batches_left_to_us_do_not_depend_on_units() -> None:
    for feed in (False, True):
        predictions = []
        for scale, shift in ((1.0, 0.0), (1e-3, 0.0), (1e4, 1e6)):
            model = DescentRegressor(batch_size=30, random_state=0, epochs=30)
            y = scale * Y + shift
            for _ in range(30 if feed else 1):
                model = model.partial_fit(X, y) if feed else model.fit(X, y)
            predictions.append((model.predict(X) - shift) / scale)
            assert model.score(X, y) > 0.48
        assert np.allclose(predictions[1], predictions[0], rtol=1e-6)
        assert np.allclose(predictions[2], predictions[0], rtol=1e-6)
    assert DescentRegressor(batch_size=32, random_state=0).fit(X, Y).status_ == "converged"


# streams


def test_one_chunk_again_and_again_is_a_fit_of_so_many_epochs() -> None:
    for options in (
        {"optimizer": "adam"},
        {"learning_rate": 0.1, "schedule": "cosine(steps=20)", "l1": 0.01},
    ):
        fed = DescentClassifier(**options)
        for _ in range(12):
            fed.partial_fit(Z, LABELS, classes=["up", "down"])
        whole = DescentClassifier(epochs=12, batch_size=300, **options).fit(Z, LABELS)
        assert np.allclose(fed.coef_, whole.coef_, rtol=1e-9)
        assert np.allclose(fed.history_.x, whole.history_.x[:12], rtol=1e-9, atol=1e-14)
        assert np.allclose(fed.history_.value, whole.history_.value[:12], rtol=1e-12)
        assert fed.n_iter_ == 12


def test_a_stream_takes_a_step_for_every_batch() -> None:
    pieces = DescentRegressor(optimizer="adam", standardize=False)
    for begin in range(0, 300, 20):
        pieces.partial_fit(Z[begin : begin + 20], SCORE[begin : begin + 20])
    whole = DescentRegressor(optimizer="adam", standardize=False, batch_size=20).partial_fit(Z, SCORE)
    assert np.allclose(pieces.coef_, whole.coef_, rtol=1e-12)
    assert "15 steps" in whole.message_


def test_a_stream_learns_and_survives_pickling() -> None:
    model = DescentClassifier(optimizer="nadam", learning_rate=0.05)
    for k in range(0, 300, 25):
        model.partial_fit(Z[k : k + 25], LABELS[k : k + 25], classes=["down", "up"])
    assert model.score(Z, LABELS) > 0.75
    assert model.history_.value[-3:].mean() < model.history_.value[0]
    copy = pickle.loads(pickle.dumps(model))
    for m in (model, copy):
        m.partial_fit(Z[:40], LABELS[:40])
    assert np.array_equal(model.coef_, copy.coef_)
    assert np.array_equal(model.history_.x, copy.history_.x)
    with pytest.raises(NotFittedError):
        _ = clone(model).history_


def test_the_memory_of_the_rule_is_kept_while_it_is_the_same_rule() -> None:
    def fed(*changes: dict[str, Any]) -> Any:
        model = DescentRegressor(optimizer="momentum", learning_rate=0.05)
        for change in changes:
            model.set_params(**change).partial_fit(Z, SCORE)
        return model.coef_

    slower = fed({}, {}, {"learning_rate": 0.01})
    assert not np.allclose(slower, fed({}, {}, {"optimizer": "gradient_descent", "learning_rate": 0.01}))
    w, v = np.zeros(4), np.zeros(4)
    design = np.column_stack([(Z - Z.mean(axis=0)) / Z.std(axis=0), np.ones(300)])
    for rate in (0.05, 0.05, 0.01):
        v = 0.9 * v + 2 * design.T @ (design @ w - SCORE) / 300
        w = w - rate * v
    assert np.allclose(slower, w[:3] / Z.std(axis=0), rtol=1e-10)


def test_a_weight_multiplies_the_gradient_of_its_row() -> None:
    def fed(weight: float) -> Any:
        model = DescentRegressor(learning_rate=0.01, standardize=False)
        return model.partial_fit(Z, SCORE, np.full(300, weight)).coef_

    assert np.allclose(fed(3.0), 3 * fed(1.0), rtol=1e-12)


def test_a_stream_goes_on_where_a_fit_ended() -> None:
    model = DescentRegressor().fit(Z, SCORE)
    coef = model.coef_.copy()
    model.partial_fit(Z[:9], SCORE[:9] + Z[:9, 0])
    assert model.history_.x[0, :3].tolist() == pytest.approx(coef.tolist())
    assert 0 < np.abs(model.coef_ - coef).max() < 0.1
    assert len(model.history_) == 1
    assert len(model.fit(Z, SCORE).history_) == 2


def test_labels_and_classes_of_a_stream() -> None:
    with pytest.raises(ValueError, match="classes must be given in the first call"):
        DescentClassifier().partial_fit(Z, LABELS)
    model = DescentClassifier().partial_fit(Z[:1], LABELS[:1], classes=["up", "down", "level"])
    assert list(model.classes_) == ["down", "level", "up"]
    assert model.predict_proba(Z).shape == (300, 3)
    with pytest.raises(ValueError, match=r"y holds left, which is none of the classes down, level, up"):
        model.partial_fit(Z[:1], ["left"])
    with pytest.raises(ValueError, match="were down, level, up in the first call"):
        model.partial_fit(Z, LABELS, classes=["down", "up"])
    with pytest.raises(ValueError, match="needs all rows at once"):
        DescentClassifier(class_weight="balanced").partial_fit(Z, LABELS, classes=["down", "up"])
    with pytest.raises(ValueError, match="does not go with mini-batches"):
        DescentRegressor(optimizer="lbfgs").partial_fit(Z, SCORE)


def test_a_step_that_overflows_is_not_taken() -> None:
    model = DescentRegressor(learning_rate=1.0, standardize=False).partial_fit(Z, SCORE)
    before = model.coef_.copy()
    text = warned(lambda: model.partial_fit(1e149 * Z, SCORE))
    assert "nothing was learned" in text
    assert np.array_equal(model.coef_, before)
    assert model.status_ == "diverged"


def test_a_long_history_of_a_stream_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_rows, "MOST_NUMBERS", 10 * 8)
    model = DescentRegressor(optimizer="adam")
    for _ in range(50):
        model.partial_fit(Z, SCORE)
    steps = model.history_.step
    assert len(steps) <= 10
    assert steps[0] == 0
    assert len(set(np.diff(steps))) == 1


# without what is not there


def run(code: str, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_without_scikit_learn_the_install_command_is_named() -> None:
    said = run(
        "import sys, downslope as ds\n"
        "assert not any(m.split('.')[0] == 'sklearn' for m in sys.modules)\n"
        "sys.modules['sklearn'] = None\n"
        "ds.fit((([[1.0], [2.0]]), [1.0, 2.0]))\n"
        "try:\n    import downslope.sklearn\n"
        "except ds.errors.MissingExtraError as error:\n    print(error)\n"
    )
    assert "pip install 'downslope[sklearn]'" in said


def test_scikit_learns_check_of_array_namespaces() -> None:
    """It is skipped in the suite, as it must be asked for before SciPy is imported."""
    run(
        "from sklearn.utils.estimator_checks import check_array_api_input\n"
        "from downslope.sklearn import DescentClassifier, DescentRegressor\n"
        "for estimator in DescentClassifier(), DescentRegressor(), DescentRegressor(optimizer='adam', epochs=9):\n"
        "    name = type(estimator).__name__\n"
        "    check_array_api_input(name, estimator, array_namespace='numpy', expect_only_array_outputs=False)\n",
        SCIPY_ARRAY_API="1",
    )


def test_frames_of_pandas_stay_as_they_were() -> None:
    frame = pd.DataFrame(Z, columns=["a", "b", "c"])
    kept = frame.copy()
    DescentRegressor(optimizer="adam", batch_size=10, epochs=1).fit(frame, pd.Series(SCORE)).predict(frame)
    pd.testing.assert_frame_equal(frame, kept)


@pytest.mark.parametrize("seed", range(3))
def test_a_cost_that_batches_keep_above_its_least_is_told_from_one_on_its_way(seed):
    """With how far it is above, and that a smaller rate, or one that falls, comes nearer: they do."""
    X, y = load_diabetes(return_X_y=True)
    least = mean_squared_error(y, LinearRegression().fit(X, y).predict(X))
    asked = {"batch_size": 32, "optimizer": "adam", "random_state": seed}
    with pytest.warns(ConvergenceWarning, match="differences between the batches keep it there") as told:
        model = DescentRegressor(learning_rate=40, **asked).fit(X, y)
    assert "Raise max_iter" not in str(told[0].message)
    assert model.status_ == "step_limit"
    assert "still changing" not in model.message_
    part = float(re.search(r"about ([\d.e+]+) % above", model.message_)[1])
    assert part == pytest.approx(100 * (model.loss_ / least - 1), rel=0.02)
    for nearer in ({"learning_rate": 4}, {"learning_rate": 40, "schedule": "inverse_time(rate=0.1)"}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert DescentRegressor(**asked, **nearer).fit(X, y).loss_ < model.loss_
    with pytest.warns(ConvergenceWarning, match="with the cost still changing"):
        DescentRegressor(**{**asked, "learning_rate": 1e-3}, tol=1e-2).fit(X, y)
