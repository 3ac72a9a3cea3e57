"""What is known of an objective from somebody else's loop: numbers that were seen, and no function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from downslope.errors import ObjectiveError
from downslope.messages import Message, message
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


@dataclass(frozen=True)
class NotFinite:
    """Where a record ends because a number is not finite, and which.

    Attributes:
        step: the first step that is not in the record.
        what: the number; of a point, one of its coordinates.
        infinite: whether a value or gradient is infinite, and not NaN.
    """

    step: int
    what: Literal["value", "gradient", "point"]
    infinite: bool = False

    @property
    def at_its_start(self) -> Message:
        """What is said where nothing comes before it."""
        if self.what == "point":
            return message("The point is not finite at its start.")
        if self.what == "gradient":
            return (
                message("The gradient is infinite at its start.")
                if self.infinite
                else message("The gradient is not a number at its start.")
            )
        return (
            message("The value is infinite at its start.")
            if self.infinite
            else message("The value is not a number at its start.")
        )


FaultKind: TypeAlias = Literal[
    "gradient_not_zeroed",
    "replaced_parameter.no_gradient",
    "replaced_parameter.left_out",
    "replaced_parameter.level",
    "replaced_parameter.still",
    "broadcast.cost",
    "broadcast.gradient",
    "broadcast.parameter",
]


@dataclass(frozen=True)
class LoopFault:
    """What is wrong with a loop, by what its framework or its numbers show in every step.

    Attributes:
        kind: what it is.
        names: of the parameters.
        shapes: of these; of a broadcast, what was and what came of it.
        steps: in which it was seen; of a broadcast, the first at which it was.
    """

    kind: FaultKind
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    steps: int


class LoopFacts(NamedTuple):
    """What was seen of a loop beside its rows.

    Attributes:
        secants: what the steps tell, row k about the step that led to it; None where that was not kept.
        broke: where a number was not finite any more, and which; None where all were.
        faults: what is wrong with it.
    """

    secants: Secants | None = None
    broke: NotFinite | None = None
    faults: tuple[LoopFault, ...] = ()


NO_FACTS = LoopFacts()


class RecordedObjective(Objective):
    """The objective of a recorded loop. It cannot be evaluated.

    Attributes:
        of_norms: whether the parameters recorded are norms of tensors, and no coordinates.
        secants, broke, faults: see ``LoopFacts``.
    """

    evaluable = False

    def __init__(
        self,
        parameters: Parameters,
        text: str,
        *,
        of_norms: bool = False,
        facts: LoopFacts = NO_FACTS,
    ) -> None:
        super().__init__(parameters, text)
        self.differentiation = "recorded"
        self.of_norms = of_norms
        self.secants, self.broke, self.faults = facts

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """Raises ObjectiveError: there is nothing to evaluate."""
        raise ObjectiveError(
            message(
                "'{text}' was recorded: its history is there, but not the function, which cannot be"
                " evaluated.",
                text=self.text,
            )
        )
