"""What Numba imports where it is needed, and that nothing is missing for other people's functions."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
import downslope as ds
ds.sweep("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=[0.9, 0.5], steps=5)
print("scipy.linalg" in sys.modules)
from numba import njit
convolved = njit(lambda a, b: np.convolve(a, b))(np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0]))
print(convolved.tolist(), "scipy.linalg" in sys.modules)
"""


def test_a_sweep_imports_no_linear_algebra_of_scipys_and_numba_has_it_when_it_asks() -> None:
    pytest.importorskip("scipy")
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["False", "[0.5, 2.0, 5.5, 7.0, 6.0] True"]
