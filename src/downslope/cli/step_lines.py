"""JSON lines: a line for each step while a run is on its way, and one for the result."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from downslope.cli import terminal

if TYPE_CHECKING:
    from downslope import Run
    from downslope.descent.progress import Step


class StepLines:
    """A callback that writes every so-many-th step to standard output at once, as a row of the history.

    Args:
        every: writes the steps 0, N, 2N, ... and, when the run has ended, the last.
        single: whether the run is in float32, whose numbers are written with their own digits.
    """

    def __init__(self, every: int | None, *, single: bool = False) -> None:
        self._every, self._single = every or 1, single
        self._last = -1

    def __call__(self, step: Step) -> None:
        """Write a step, where it is one of these."""
        if step.step % self._every == 0:
            self._write(step.step, step.evaluations, (step.value, step.gradient_norm), step.x)

    def finish(self, run: Run) -> None:
        """Write the last step, where it is not there yet."""
        history = run.history
        if len(history) and history.step[-1] > self._last:
            point = dict(zip(history.coordinates, history.x[-1].tolist(), strict=True))
            numbers = float(history.value[-1]), float(history.gradient_norm[-1])
            self._write(int(history.step[-1]), int(history.evaluations[-1]), numbers, point)

    def _write(
        self, step: int, evaluations: int, numbers: tuple[float, float], point: dict[str, float]
    ) -> None:
        self._last = step
        row = dict(zip(("value", "gradient_norm"), numbers, strict=True)) | dict(point)
        told = {key: number(value, single=self._single) for key, value in row.items()}
        terminal.emit(line({"step": step, "evaluations": evaluations, **told}))


def number(value: float, *, single: bool = False) -> float | str | None:
    """As JSON takes it: NaN is null, and infinities are text."""
    value = float(value)
    if single and math.isfinite(value):
        import numpy as np

        shortest = float(str(np.float32(value)))
        value = shortest if np.float32(value) == value else value
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else repr(value)


def line(data: Any) -> str:
    """One line of JSON."""
    return json.dumps(data, allow_nan=False) + "\n"
