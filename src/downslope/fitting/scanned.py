"""Costs whose rows are not in memory: what is known of all of them is what a first look over them found."""

from __future__ import annotations

from downslope.fitting.moments import Moments
from downslope.fitting.objective import DataObjective
from downslope.fitting.rows import Array
from downslope.fitting.streaming_pass import StreamingPass


class ScannedObjective(DataObjective):
    """The cost of a hypothesis on a table of which a first look was taken, ``scan``."""

    scan: StreamingPass

    @property
    def count(self) -> int:
        return self.scan.rows

    @property
    def observations(self) -> int:
        return self.scan.observations

    def moments(self) -> Moments:
        assert self.scan.moments is not None
        return self.scan.moments

    def feature_spreads(self) -> tuple[Array, Array]:
        return self.scan.features.mean, self.scan.features.spread

    def column_spread(self, column: Array | None) -> tuple[float, float]:
        return float(self.scan.column.mean[0]), float(self.scan.column.spread[0])

    def target_mean(self) -> float:
        return float(self.scan.target.mean[0])

    def target_spread(self) -> float:
        return float(self.scan.target.spread[0])
