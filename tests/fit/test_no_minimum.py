"""Where there is no minimum it is said, with no standard errors; where there is one, it is not denied."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from downslope.fit import fit
from downslope.optimizers import Adam
from downslope.sklearn import DescentRegressor

X = np.linspace(-3, 3, 21)
APART = {"x": X, "y": (X > 0.1) * 1.0}
MIXED = {"x": X, "y": np.where(np.arange(21) % 5 == 0, X < 0.1, X > 0.1) * 1.0}
SAYING = "the classes can be separated perfectly"


@pytest.mark.parametrize(
    "options",
    [
        {"steps": 300},
        {"steps": 300, "tolerance": 1e-9},
        {"tolerance": 1e-2},
        {"optimizer": "adam", "steps": 300},
        {"standardize": True, "steps": 300},
        {"epochs": 100, "batch_size": 7},
    ],
)
def test_separable_classes_are_named_with_any_rule_and_have_no_standard_errors(options):
    found = fit(APART, "y ~ a*x + b", loss="log_loss", learning_rate=1.0, **options)
    assert sum(SAYING in note for note in found.warnings) == 1
    assert found.standard_errors is None


def test_by_default_it_is_said_once():
    found = fit(APART, "y ~ a*x + b", loss="log_loss")
    assert SAYING[4:] in found.message
    assert not any(SAYING in note for note in found.notes)


@pytest.mark.parametrize("case", [(APART, {"l2": 0.01}), (MIXED, {})], ids=["penalised", "mixed"])
def test_it_is_not_said_where_there_is_a_minimum(case):
    table, options = case
    found = fit(table, "y ~ a*x + b", loss="log_loss", learning_rate=0.5, **options)
    assert found.success
    assert not any(SAYING in note for note in found.notes)
    assert (found.standard_errors is None) == ("l2" in options)


def test_a_descent_under_way_has_no_standard_errors():
    found = fit(MIXED, "y ~ a*x + b", loss="log_loss", learning_rate=0.1, steps=20, tolerance=1e-9)
    assert not found.success
    assert found.standard_errors is None


def test_a_minimum_far_away_is_not_denied():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 3)) * [1.0, 10.0, 0.1]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        DescentRegressor(optimizer=Adam(learning_rate=100.0)).fit(inputs, inputs @ [1e6, 2e4, 5e6] + 3)
    told = [str(w.message) for w in said if w.category is ConvergenceWarning]
    assert told
    assert not any("without bound" in message for message in told)
