"""What the rows of any loop show of its parameters, whatever computes them: shapes that grow, parts left alone.

Parameters [1, 2, 3] beside a column of three targets make 3 x 3 differences, and by a gradient of that shape the next
parameters are 3 x 3 as well. A part that is cut off from the cost has a gradient of exact zeros; one whose update goes
to another array has a gradient, and never moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from downslope.objectives.recorded import FaultKind, LoopFault
from downslope.optimizers.param_tree import ParamTree
from downslope.recording.broadcasts import broadcast_in
from downslope.tensors import library_of_parameter

FEWEST = 4  # rows from which a part is known to be left alone
Shape = tuple[int, ...]


class PartsSeen:
    """Looks at every row; what it knows of a part already is not looked at again.

    Attributes:
        names: of the parts, in their order.
        misshapen: what changed its shape; the record ends before it.
    """

    def __init__(self) -> None:
        self.misshapen: LoopFault | None = None
        self._square: LoopFault | None = None
        self._asked = False  # whether a cost has been looked at
        self.names: list[str] = []
        self._shapes: list[Shape] = []
        self._rows = self._steps = 0
        self._level: set[int] = set()  # parts whose gradient was zero in all rows
        self._still: set[int] = set()  # parts that never moved

    def look_at_cost(self, cost: Any) -> None:
        """The first cost of torch that is told: whether each prediction is held against every target."""
        node = getattr(cost, "grad_fn", None)
        if self._asked or node is None:
            return
        self._asked = True
        shapes = broadcast_in(node)
        if shapes is not None:
            self._square = LoopFault("broadcast.cost", (), shapes, self._rows)

    def fits(self, names: Sequence[str], x: ParamTree, g: ParamTree | None) -> bool:
        """Whether parameters and gradient have the shapes that they had, and each other's."""
        shapes = [_shape(part) for part in x.parts]
        if not self.names:
            self.names, self._shapes = list(names), shapes
            self._level = self._still = set(range(len(shapes)))
        for i, (name, shape) in enumerate(zip(names, shapes, strict=True)):
            before = self._shapes[i] if i < len(self._shapes) else shape
            slope = shape if g is None or i >= len(g.parts) else _shape(g.parts[i])
            kind: FaultKind = "broadcast.parameter" if shape != before else "broadcast.gradient"
            if shape != before or slope != shape:
                pair = (before, shape) if shape != before else (shape, slope)
                self.misshapen = LoopFault(kind, (name,), pair, self._rows)
                return False
        return True

    def see(self, x: ParamTree, g: ParamTree | None, before: ParamTree | None) -> None:
        """A row, and the parameters of the row before it where they are known."""
        self._rows += 1
        if g is None:
            self._level = set()
        self._level = {i for i in self._level if not np.any(_plain(g.parts[i]))} if g else self._level
        if before is None:
            return
        self._steps += 1
        self._still = {i for i in self._still if np.array_equal(_plain(x.parts[i]), _plain(before.parts[i]))}

    @property
    def faults(self) -> tuple[LoopFault, ...]:
        """What the rows showed; of parts only where others do something."""
        found = [fault for fault in (self._square, self.misshapen) if fault is not None]
        parts = set(range(len(self._shapes)))
        if self._rows >= FEWEST and self._level and self._level != parts:
            found.append(self._fault("replaced_parameter.level", self._level))
        still = self._still - self._level
        if self._rows >= FEWEST and self._steps == self._rows - 1 and still and self._still != parts:
            found.append(self._fault("replaced_parameter.still", still))
        return tuple(found)

    def _fault(self, kind: FaultKind, which: set[int]) -> LoopFault:
        places = sorted(which)
        shapes = tuple(self._shapes[i] for i in places)
        return LoopFault(kind, tuple(self.names[i] for i in places), shapes, self._rows)


def _plain(part: Any) -> Any:
    return library_of_parameter(part, "x").plain(part)


def _shape(part: Any) -> Shape:
    return tuple(map(int, np.shape(part)))
