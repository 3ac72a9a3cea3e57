"""Steps over lists of PyTorch's tensors, for many parameters: a rule's program takes few passes over memory.

The update of one evaluation is made just before the next one, so that between two calls the state is the one before
the update of the point that was evaluated last, as ``answer`` wants it.
"""

from __future__ import annotations

from typing import Any

from downslope.descent.engine import DescentProblem
from downslope.descent.norms import norm_from_square, norm_of
from downslope.descent.trace_buffer import FarEvaluation
from downslope.messages import message
from downslope.objectives import Vector
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.tape import recorded
from downslope.symbolic.unknown import TraceError


class FusedStepper:
    """Steps a list of tensors by a rule's program, whose operations are fused.

    Raises:
        TraceError: the objective is not PyTorch's, or the rule rejects points, has bounds or cannot be written down.
    """

    name = "hosted"

    def __init__(self, problem: DescentProblem, optimizer: Optimizer) -> None:
        objective = problem.objective
        remote = objective.remote
        tensors = remote.array(problem.first) if remote is not None else None
        if remote is None or not isinstance(tensors, list):
            raise TraceError(message("'{objective}' has no list of tensors", objective=objective.text))
        if type(optimizer).residual is not Optimizer.residual:
            raise TraceError(message("the rule has a residual of its own"))
        first = optimizer.init(ParamTree(tensors))
        tape = recorded(optimizer, first)
        if tape.accepted is not True:
            raise TraceError(message("the rule may reject points"))
        from downslope.torch.program import Program  # imports torch, which is there: the tensors are its

        self._remote, self._optimizer, self._sign = remote, optimizer, float(problem.sign)
        self._dtype = objective.dtype
        self._program, self._named = Program(tape, in_place=False), optimizer.scalars()
        self._shape = states.mapped(first, lambda *_: None)
        self._tensors, self._last = (remote.array(x) for x in (problem.first, problem.last))
        state = problem.state(first, lambda leaf, before: _like(before, leaf, remote))
        self._leaves = [_own(leaf) for _, leaf in states.leaves(state)]
        self._next: tuple[list[Any], float] | None = None  # what the last evaluation gave
        self._update: tuple[list[Any], float] | None = None  # that, where the update is still to be made

    def evaluate(self, watched: bool) -> FarEvaluation:
        """Value and gradient at the point that is next, once it is there."""
        self._make_update()
        value, slopes = self._remote.value_and_gradient(self._tensors)
        if self._sign < 0:
            value, slopes = -value, [-slope for slope in slopes]
        norm = self._length(slopes)
        moved = self._moved() if watched else 1.0
        self._last, self._next = self._tensors, (slopes, value)
        return FarEvaluation(value, norm, 1.0, moved, self._tensors, self._tensors)

    def _make_update(self) -> None:
        if self._update is not None:
            slopes, value = self._update
            done = self._program.run((self._tensors, slopes, value), self._leaves, self._named)
            self._tensors, self._leaves, self._update = done.next_x, done.state, None

    def step(self) -> None:
        """To the point that comes after the last evaluation."""
        if self._next is not None:
            self._update, self._next = self._next, None

    def _moved(self) -> float:
        return self._length((ParamTree(self._tensors) - ParamTree(self._last)).parts)

    def _length(self, parts: Any) -> float:
        norm = norm_from_square(self._remote.squared_length(parts), self._dtype)
        return norm_of(self._remote.vector(parts)) if norm is None else norm

    def vector(self, x: Any, out: Vector | None = None) -> Vector:
        """A point as a flat float64 vector: a new one, or written into ``out``."""
        return self._remote.vector(x, out)

    def answer(self) -> Any:
        """The point that the method reports."""
        leaves = iter([ParamTree(leaf) if isinstance(leaf, list) else leaf for leaf in self._leaves])
        return self._optimizer.answer(ParamTree(self._tensors), states.rebuilt(self._shape, leaves)).parts

    def point(self) -> Any:
        """The point that was evaluated last."""
        return self._tensors

    def standing(self) -> tuple[Any, tuple[Any, ...]]:
        """The point that is next, and the leaves of the rule's state, in NumPy."""
        self._make_update()
        vector = self._remote.vector
        return self._tensors, tuple(vector(leaf) if isinstance(leaf, list) else leaf for leaf in self._leaves)


def _like(before: Any, leaf: Any, remote: Any) -> Any:
    """A leaf that an engine left, in the form that it had in the first state."""
    return ParamTree(remote.array(leaf)) if isinstance(before, ParamTree) else leaf


def _own(leaf: Any) -> Any:
    """A leaf of a state as the program wants it: tensors that nobody else holds, or a number."""
    return [part.clone() for part in leaf.parts] if isinstance(leaf, ParamTree) else float(leaf)
