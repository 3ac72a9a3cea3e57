"""What is known of an objective from somebody else's loop: numbers that were seen, and no function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import message
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Vector


@dataclass(frozen=True)
class Secants:
    """What the gradients at both ends of a step tell of it, one entry for each step, NaN where it was not seen.

    Attributes:
        length: the squared length of the step, ⟨s, s⟩.
        before, after: the slopes along it at its two ends, ⟨g, s⟩.
    """

    length: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    @property
    def curvature(self) -> NDArray[np.float64]:
        """⟨y, s⟩/⟨s, s⟩ with y the change of the gradient: the mean curvature along the step."""
        with np.errstate(all="ignore"):
            return (self.after - self.before) / self.length


class RecordedObjective(Objective):
    """The objective of a recorded loop. It cannot be evaluated.

    Attributes:
        of_norms: whether the parameters recorded are norms of tensors, and no coordinates.
        secants: what the steps tell, row k about the step that led to it; None where that was not kept.
        broke: the step at which the value or gradient was no finite number any more, and which; None where none.
    """

    evaluable = False

    def __init__(
        self,
        parameters: Parameters,
        text: str,
        of_norms: bool = False,
        secants: Secants | None = None,
        broke: tuple[int, str] | None = None,
    ) -> None:
        super().__init__(parameters, text)
        self.differentiation = "recorded"
        self.of_norms, self.secants, self.broke = of_norms, secants, broke

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """Raises ObjectiveError: there is nothing to evaluate."""
        raise ObjectiveError(
            message(
                "'{text}' was recorded: its history is there, but not the function, which cannot be"
                " evaluated.",
                text=self.text,
            )
        )
