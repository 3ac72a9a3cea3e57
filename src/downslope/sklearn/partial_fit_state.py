"""What ``partial_fit`` keeps from one call to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from downslope.descent.growing_rows import GrowingRows
from downslope.fitting.stream import Stream
from downslope.optimizers import Optimizer


@dataclass
class PartialFitState:
    """A stream and its record.

    Attributes:
        calls: a row for each call: the parameters before it, and their cost on rows that they had not seen.
        names: of the parameters.
        own: the rule where none is named, with the rate that its first rows suggested.
    """

    stream: Stream
    calls: GrowingRows
    names: Sequence[str]
    own: Optimizer
