"""What ``partial_fit`` keeps from one call to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from downslope.descent import History
from downslope.fitting.rows import Array
from downslope.fitting.stream import Stream
from downslope.optimizers import Optimizer

MOST_BYTES = 32_000_000  # of a history; when it is full, every other row goes


@dataclass
class CallHistory:
    """One row for every call, then for every 2nd, 4th, ... when it grows long.

    A row is the state before the call: the parameters, and their cost on rows that they have not seen.
    """

    names: tuple[str, ...]
    rows: list[tuple[int, float, float, Array]] = field(default_factory=list)
    stride: int = 1
    calls: int = 0

    def add(self, value: float, gradient_norm: float, theta: Array) -> None:
        """The state before one more call."""
        if self.calls % self.stride == 0:
            self.rows.append((self.calls, value, gradient_norm, theta))
            if len(self.rows) * (theta.size + 4) * 8 > MOST_BYTES and len(self.rows) > 2:
                self.rows, self.stride = self.rows[::2], 2 * self.stride
        self.calls += 1

    def history(self) -> History:
        """The rows as columns."""
        steps = np.array([row[0] for row in self.rows], np.int64)
        value, norm = (np.array([row[i] for row in self.rows], np.float64) for i in (1, 2))
        x: Any = np.array([row[3] for row in self.rows], np.float64).reshape(len(steps), len(self.names))
        return History(steps, steps + 1, value, norm, x, self.names)


@dataclass
class PartialFitState:
    """A stream and its record.

    Attributes:
        size: parameters; another number of them needs another stream.
        own: the rule where none is named, with the rate that its first rows suggested.
    """

    stream: Stream
    record: CallHistory
    size: int
    own: Optimizer
