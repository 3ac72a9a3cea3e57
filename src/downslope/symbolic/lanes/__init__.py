"""Formulas for several rows at once: SymEngine expressions -> vector instructions -> machine code.

In flow expressions; ``expressions`` writes them by the operations of ``arithmetic`` and the elementary functions of
``exponential``, ``hyperbolic`` and ``circular``, and ``machine`` makes code of a finished module.
Only ``language``, ``symbolic.lower`` and ``errors`` may be imported from here.
"""

from downslope.symbolic.lanes.arithmetic import BITS, DOUBLE, DOUBLES, LONG, WIDTH, LaneBuilder, Lanes
from downslope.symbolic.lanes.expressions import in_lanes, in_lanes_as_native, lane_function, whole_power
from downslope.symbolic.lanes.machine import any_vector, machine_code, vector_of

__all__ = [
    "BITS",
    "DOUBLE",
    "DOUBLES",
    "LONG",
    "WIDTH",
    "LaneBuilder",
    "Lanes",
    "any_vector",
    "in_lanes",
    "in_lanes_as_native",
    "lane_function",
    "machine_code",
    "vector_of",
    "whole_power",
]
