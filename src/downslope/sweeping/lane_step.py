"""What the loops over lanes compute: a step map in symbols, and which tests are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from downslope.symbolic.lanes import BITS, LaneBuilder, Lanes, in_lanes_as_native


class LaneTests(NamedTuple):
    """Which tests the loop looks at; what nobody asks for is not computed.

    Attributes:
        watched: whether it is counted how long a point has not moved.
        value_change, x_change: whether small changes of the value, and small steps, may end a run.
        suspect: whether the gradient's squares may be finite where it is not.
    """

    watched: bool
    value_change: bool
    x_change: bool
    suspect: bool


class StepSymbols(NamedTuple):
    """A step map in symbols: what it reads and writes, and how many of the inputs are hyperparameters and x."""

    inputs: Sequence[Any]
    outputs: Sequence[Any]
    hyper: int
    dimension: int


def outputs_of(w: LaneBuilder, step: StepSymbols, values: Sequence[Lanes]) -> list[Lanes]:
    """What the step makes of its inputs, bit for bit as native code does."""
    out = in_lanes_as_native(w, step.outputs, dict(zip(step.inputs, values, strict=True)))
    return [w.select(one, 1.0, 0.0) if one.code.type == BITS else one for one in out]
