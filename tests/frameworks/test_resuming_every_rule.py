"""Every rule, on functions of NumPy and of PyTorch that are called at every step: stopped anywhere, it goes on."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import downslope as ds
from downslope.descent.evidence import Cause
from downslope.optimizers import all_curved, all_optimizers
from trials import SOAKING, fresh_seed

STEPS, PLACES = 14, 5
WIDE = np.linspace(-1.0, 1.0, 600)  # so many are kept in PyTorch


def in_numpy(w: Any) -> Any:
    return float(np.sum((np.asarray(w) - 1) ** 4) + 0.5 * float(w[0]) * float(w[1]))


def in_torch(w: Any) -> Any:
    if float(w[0]) > 1e9:  # a branch, so that it is no formula
        return w.sum()
    return ((w - 1) ** 4).sum() + 0.5 * w[0] * w[1]


def of_many(w: Any) -> Any:
    if float(w[0]) > 1e9:
        return w.sum()
    return ((w - 0.5) ** 2 * (1 + torch.arange(len(w)) / len(w))).sum() + (w**4).sum()


KINDS: dict[str, tuple[Any, Any]] = {
    "formula": ("(x - 1)^4 + (y - 1)^4 + x*y/2", {"x": 1.5, "y": -0.5}),
    "NumPy": (in_numpy, np.array([1.5, -0.5, 2.0])),
    "torch": (in_torch, torch.tensor([1.5, -0.5, 2.0], dtype=torch.float64)),
    "torch float32": (in_torch, torch.tensor([1.5, -0.5, 2.0])),
    "many in torch": (of_many, torch.tensor(WIDE)),
}
RULES = [cls for cls in (*all_optimizers(), *all_curved()) if getattr(cls, "asks_for", "") != "residuals"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cls", RULES, ids=lambda cls: cls.name())
def test_it_goes_on_as_if_it_had_not_ended(cls: Any, kind: str, tmp_path: Path) -> None:
    draw, (function, start) = random.Random(fresh_seed()), KINDS[kind]
    options: dict[str, Any] = {"optimizer": cls(), "explain": False}
    whole = ds.minimize(function, start, steps=STEPS, **options)
    places = [0, *(draw.randrange(1, STEPS) for _ in range(PLACES - 1))]
    for i, place in enumerate(places if SOAKING else places[1:2], draw.randrange(2)):
        part = ds.minimize(function, start, steps=place, **options)
        evidence = part.termination.evidence
        assert evidence is not None
        if evidence.cause != Cause.STEP_LIMIT:  # it ended before, on its own
            continue
        if i % 2:
            part.save(tmp_path / "run.json")
            given = (None,) if kind == "formula" else (function, start)
            gone_on: Any = ds.resume(tmp_path / "run.json", *given, steps=STEPS - place, explain=False)
        else:
            gone_on = part.resume(steps=STEPS - place, explain=False)
        assert gone_on.history == whole.history, place
        assert gone_on.final.tobytes() == whole.final.tobytes()
        assert (gone_on.nfev, gone_on.status) == (whole.nfev, whole.status)
