"""What a fit says of a learning rate that was too large, and of data that do not determine the parameters."""

import numpy as np
import pytest

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
