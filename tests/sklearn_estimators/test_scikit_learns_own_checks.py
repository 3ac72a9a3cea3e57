"""scikit-learn's conformance suite, in full: no failure is expected."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

import downslope as ds
from downslope.sklearn import DescentClassifier, DescentRegressor

# A full pass takes minutes where every descent is long: these settings are short. 64 rows to a batch are all rows
# of the check that a weight of 2 is two rows, which is not true of smaller batches (as for every such method).
ESTIMATORS = {
    "regressor": DescentRegressor(),
    "regressor-adam": DescentRegressor(optimizer="adam", learning_rate=0.1, max_iter=300),
    "regressor-batches": DescentRegressor(
        optimizer=ds.optimizers.Momentum(learning_rate=0.02),
        batch_size=64,
        max_iter=100,
        schedule="cosine(steps=500)",
    ),
    "regressor-l1": DescentRegressor(l1=0.01, l2=0.01),
    "regressor-huber": DescentRegressor(loss="huber(1.5)", l2=1e-3, warm_start=True),
    "regressor-poisson": DescentRegressor(loss="poisson", l2=1e-2),
    "classifier": DescentClassifier(),
    "classifier-adam": DescentClassifier(optimizer="adam", learning_rate=0.1, max_iter=300),
    "classifier-batches": DescentClassifier(
        optimizer="momentum", learning_rate=0.05, batch_size=64, max_iter=100, schedule="cosine(steps=500)"
    ),
    "classifier-l1": DescentClassifier(l1=0.005),
    "classifier-softmax": DescentClassifier(loss="softmax", standardize=False),
}


def name_of(estimator: Any) -> str:
    return next(name for name, known in ESTIMATORS.items() if known is estimator)


@parametrize_with_checks(list(ESTIMATORS.values()), expected_failed_checks=lambda estimator: {})
def test_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # the checks' tables are not asked to be learned to the end
        check(estimator)


@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
@pytest.mark.parametrize("name", ["regressor", "classifier"])
def test_checks_that_are_not_in_the_suite(name: str, check: Any) -> None:
    estimator = ESTIMATORS[name]
    check(type(estimator).__name__, estimator)
