"""``LearningRate``: a rate that was found, with what people do with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from downslope.errors import UsageError
from downslope.explain.judgement import judged
from downslope.plots.sweeps import plot_rates
from downslope.results.run import Run, as_run
from downslope.results.saving import encoded
from downslope.sweeping.rate_finder import RateSearch

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LearningRate(RateSearch):
    """A learning rate found by whole short descents, or the reason why there is none; a number where one is wanted.

    Attributes: those of a ``RateSearch``.

    >>> import downslope as ds
    >>> found = ds.find_learning_rate("x^2/20 + y^2", {"x": -7, "y": 2})
    >>> found.limit, str(found.cause), round(float(found), 3)
    (1.0, 'curvature', 0.7)
    """

    def __float__(self) -> float:
        if self.rate is None:
            raise UsageError(self.said)
        return self.rate

    @property
    def message(self) -> str:
        """The answer in a sentence or two, in the reader's language."""
        return str(self.said)

    @cached_property
    def run(self) -> Run:
        """The run at ``rate`` by which it was confirmed.

        Raises:
            UsageError: there is no answer.
        """
        if self.confirmed is None:
            raise UsageError(self.said)
        return as_run(judged(self.confirmed))

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw the curve: the value that each rate comes down to, with the fastest, the limit and the one to use.

        Args:
            path: where to write PNG, SVG or PDF, by its ending; None only draws.
            options: ``size`` and ``theme``, as for ``Sweep.plot``.
        """
        return plot_rates(self, path, **options)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, with the curve."""
        return encoded(
            {
                "schema": 1,
                "command": "find-rate",
                "objective": self.trial.objective.text,
                "learning_rate": self.rate,
                "fastest": self.fastest,
                "limit": self.limit,
                "cause": str(self.cause),
                "no_answer": None if self.no_answer is None else str(self.no_answer),
                "message": self.message,
                "cell": self.cell,
                "steps": self.steps,
                "evaluations": self.evaluations,
                "first": self.first,
                "rates": self.rates.tolist(),
                "values": self.values.tolist(),
            }
        )

    def __repr__(self) -> str:
        number = "none" if self.rate is None else f"{self.rate:.6g}"
        return f"LearningRate {number}: {self.message}"


def as_learning_rate(found: RateSearch) -> LearningRate:
    """The record of a search as people get it."""
    return LearningRate(**{field.name: getattr(found, field.name) for field in fields(found)})
