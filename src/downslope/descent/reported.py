"""The point that an averaging method reports."""

from __future__ import annotations

from dataclasses import dataclass

from downslope.objectives import Vector


@dataclass(frozen=True)
class Reported:
    """The point that an averaging method reports, which is none of those it evaluated on its way."""

    x: Vector
    value: float
    gradient_norm: float
