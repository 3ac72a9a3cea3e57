"""The axes of a sweep that a picture can have."""

from __future__ import annotations

import numpy as np

from downslope.messages import message
from downslope.sweeping.record import SweepRecord, setting_name
from downslope.sweeping.settings import SweepAxis


def numeric_axes(sweep: SweepRecord) -> list[SweepAxis]:
    """The axes that set one number each, and more than one value of it."""
    return [
        axis
        for axis in sweep.trial.design.axes
        if len(axis.sets) == 1 and len(axis) > 1 and isinstance(next(iter(axis.sets.values())), np.ndarray)
    ]


def axis_name(axis: SweepAxis) -> str:
    """What is written beside it."""
    target = next(iter(axis.sets))
    return target[1] if target[0] == "start" else setting_word(setting_name(target))


def setting_word(name: str) -> str:
    """What a hyperparameter is called in a picture."""
    known = {"learning_rate": message("learning rate", context="axis")}
    return str(known.get(name, name.replace("_", " ")))
