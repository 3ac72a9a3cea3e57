"""A start at which the cost is level is no success; counts agree with their nouns."""

import numpy as np
import pytest

from downslope.api.table_fitting import fit

X = np.linspace(0.5, 10, 40)
TABLE = {"x": X, "y": 5 * (1 - np.exp(-0.4 * X))}
HYPOTHESIS = "y ~ b1*(1 - exp(-b2*x))"


@pytest.mark.parametrize("options", [{"evaluations": 1_000}, {"learning_rate": 0.01}])
def test_a_saddle_is_no_success(options):
    found = fit(TABLE, HYPOTHESIS, start="b1=0,b2=0", **options)
    assert found.nit == 0
    assert not found.success
    assert found.standard_errors is None
    assert "is a saddle, not a minimum" in found.message
    assert "give another start (start=, --start)" in found.message


def test_the_minimum_is_a_success():
    found = fit(TABLE, HYPOTHESIS, start="b1=1,b2=1")
    assert found.success
    assert "another start" not in found.message
    assert found.x["b1"] == pytest.approx(5)


def test_one_step_is_counted_as_one():
    found = fit(TABLE, HYPOTHESIS, start="b1=1,b2=1", steps=1)
    assert found.message == "Stopped at the limit of 1 step."
    assert "\n  1 step, " in repr(found)
    assert "1 steps" not in repr(found)
