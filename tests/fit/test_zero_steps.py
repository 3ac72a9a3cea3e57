"""No steps are no steps, also where the method is ours to choose."""

import numpy as np
import pytest

from downslope.api.table_fitting import fit

X = np.random.default_rng(2).standard_normal((40, 2))
Y = X @ [1.0, 2.0] + 1.0


@pytest.mark.parametrize(
    "options",
    [{}, {"l1": 0.1}, {"loss": "huber"}, {"loss": "rmse"}, {"batch_size": 8}, {"learning_rate": 0.1}],
    ids=["square", "l1", "rounds", "root", "batches", "named"],
)
def test_a_fit_of_no_steps_is_its_start(options):
    found = fit((X, Y), target="y", steps=0, start="x1=1,x2=1,intercept=0", **options)
    assert found.run.final.tolist() == [1.0, 1.0, 0.0]
    assert found.nit == 0


def test_a_penalty_on_features_of_little_spread_is_descended_all_the_same():
    """Many parameters, l2, and units from 1e-4 to 1: features standardised alone are not round enough."""
    x = np.random.default_rng(3).standard_normal((400, 600)) * np.logspace(-4, 0, 600)
    found = fit((x, (x.sum(axis=1) > 0) * 1.0), target="y", loss="log_loss", l2=1e-3)
    assert found.success
    assert "quasi-Newton" in found.notes[1]
    assert found.nit < 200
