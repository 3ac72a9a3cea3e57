"""Rules that know curvature go on bit for bit from where a run ended, in memory and from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import downslope as ds
from downslope.optimizers import all_curved

NAMES = [cls.name() for cls in all_curved()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", [1, 5, 11])
def test_they_go_on_as_if_they_had_never_ended(name: str, first: int, tmp_path: Path) -> None:
    whole = ds.minimize("rosenbrock", optimizer=name, steps=12)
    part = ds.minimize("rosenbrock", optimizer=name, steps=first)
    part.save(tmp_path / "part.json")
    for left in (part, ds.load(tmp_path / "part.json")):
        gone_on = left.resume(steps=12 - first)
        np.testing.assert_array_equal(gone_on.history.x, whole.history.x)
        assert (gone_on.nfev, gone_on.njev, gone_on.nhev) == (whole.nfev, whole.njev, whole.nhev)
