"""A steep curve fitted to noise becomes a step between two rows: the fit cannot arrive, and says why."""

import numpy as np
import pytest

import downslope as ds
from downslope.fitting.identifiability import felt_by_few_rows


@pytest.mark.parametrize("seed", [2, 3, 6, 8, 13])
@pytest.mark.parametrize(
    ("hypothesis", "start", "steep"),
    [
        ("y ~ A/(1 + exp(-(x - m)/s))", "A=1,m=5,s=1", "s"),
        ("y ~ A/(1 + exp(-k*(x - m)))", "A=1,m=5,k=1", "k"),
    ],
)
def test_a_logistic_curve_in_noise(hypothesis, start, steep, seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 10, int(rng.integers(8, 40))))
    found = ds.fit({"x": x, "y": rng.normal(size=len(x))}, hypothesis, start=start)
    if found.success:
        assert found.status == "converged"
        return
    told = next(f for f in found.explain().findings if f.code == "undetermined")
    assert {"m", steep} <= set(told.evidence.get("parameters", ()))
    assert "The data" in str(told.sentence)


def test_rows_that_feel_a_parameter_are_counted():
    """Of ten rows two feel both of two parameters; the third is felt by all."""
    J = np.ones((10, 3))
    J[:, :2] = 1e-6
    J[4, :2], J[5, :2] = (1.0, 0.5), (0.4, -1.0)
    (told,) = felt_by_few_rows(J / np.linalg.norm(J, axis=0), ["m", "k", "A"])
    assert told.evidence["parameters"] == ["m", "k"]
    assert (told.evidence["rows"], told.evidence["of"]) == (2, 10)
    assert "only 2 of 10 rows feel them" in str(told.sentence)


def test_parameters_that_many_rows_feel_are_not_told_of():
    rng = np.random.default_rng(0)
    J = rng.normal(size=(10, 3))
    assert list(felt_by_few_rows(J / np.linalg.norm(J, axis=0), ["m", "k", "A"])) == []
