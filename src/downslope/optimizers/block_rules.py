"""The contract of rules that step whole matrices, and what they are written with beside ``arithmetic``.

They are pure, like all rules, and their vectors are parameter trees, whose parts keep the shapes that they have. So
whatever hands a rule its parameters as they are runs them; what knows numbers alone refuses them in words.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.messages import Message, message, sentences
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import home_of
from downslope.optimizers.base import Optimizer, State
from downslope.optimizers.param_tree import ParamTree, size
from downslope.symbolic.unknown import TraceError
from downslope.tensors.lookup import library_of

Shapes = tuple[tuple[int, ...], ...]


class BlockRule(Optimizer):
    """A rule whose step of a matrix is no step of its numbers one by one.

    ``init`` says of any vector what is remembered of it; ``update`` looks at shapes by ``each_matrix`` alone.
    """


def works_on_blocks(optimizer: Optimizer) -> bool:
    """Whether a rule, or the one inside its wrappers, steps whole matrices."""
    return any(isinstance(layer, BlockRule) for layer in optimizer.layers())


def why_not_numbers(optimizer: Optimizer) -> Message:
    """Why what knows numbers alone cannot run the rule."""
    return sentences(
        message("{name} steps whole matrices, and here there are only numbers.", name=optimizer.name()),
        message(
            "It runs where parameters are arrays of two dimensions: minimize of a function of arrays, Updater, torch,"
            " Keras and optax."
        ),
    )


def each_matrix(rule: Optimizer, function: Callable[[Any], Any], of: Any) -> ParamTree:
    """``function`` of every part of a tree of matrices.

    Raises:
        UsageError: a part is no matrix, or there is no tree: a vector of numbers that lost their shapes.
        TraceError: there are only symbols.
    """
    if not isinstance(of, ParamTree):
        raise (
            UsageError(why_not_numbers(rule))
            if isinstance(of, np.ndarray)
            else TraceError(why_not_numbers(rule))
        )
    for part in of.parts:
        if len(part.shape) != 2:
            raise UsageError(
                message(
                    "{name} steps whole matrices, and here is a parameter of shape {shape}: give it to another rule,"
                    " such as adamw.",
                    name=rule.name(),
                    shape=str(tuple(map(int, part.shape))),
                )
            )
    return ParamTree(map(function, of.parts))


def transposed(matrix: Any) -> Any:
    """A matrix with rows and columns exchanged."""
    return library_of(home_of(matrix)).transposed(matrix)


def length(matrix: Any) -> Any:
    """The root of the sum of a matrix's squares, in its own precision."""
    library = library_of(home_of(matrix))
    return library.call("sqrt", (library.own_dot(matrix, matrix),))


class InBlocks(Optimizer):
    """A rule for whole matrices as a rule for one flat NumPy vector, of which it is known where each matrix lies.

    Args:
        optimizer: the rule, in its wrappers.
        shapes: of the parameters, in order.
    """

    optimizer: Optimizer
    shapes: Shapes

    def init(self, x: Any) -> State:
        if not isinstance(x, np.ndarray):
            raise TraceError(why_not_numbers(self.layers()[-1]))
        return _flat(self.optimizer.init(self._parts(x)))

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        next_x, after, accepted = self.optimizer.update(
            self._parts(x), value, self._parts(gradient), self._state(state)
        )
        return _vector(next_x), _flat(after), accepted

    def answer(self, x: Any, state: State) -> Any:
        return _vector(self.optimizer.answer(self._parts(x), self._state(state)))

    def _parts(self, x: Any) -> ParamTree:
        return _cut(x, self.shapes)

    def _state(self, state: State) -> State:
        layout = iter(_layout(self.optimizer, self.shapes))

        def leaf(_: str, numbers: Any) -> Any:
            shapes = next(layout)
            return numbers if shapes is None else _cut(numbers, shapes)

        return states.mapped(state, leaf)


def in_blocks(optimizer: Optimizer, shapes: Shapes) -> InBlocks:
    """The rule for flat vectors of parameters of these shapes.

    Raises:
        UsageError: a parameter is no matrix.
    """
    if all(shape == () for shape in shapes):
        raise UsageError(why_not_numbers(optimizer.layers()[-1]))
    return InBlocks(optimizer=optimizer, shapes=shapes)


@functools.lru_cache(maxsize=64)
def _layout(rule: Optimizer, shapes: Shapes) -> list[Shapes | None]:
    """For each leaf of a state the shapes of its parts; None for numbers."""
    first = rule.init(ParamTree(np.zeros(shape) for shape in shapes))
    return [
        tuple(np.shape(part) for part in leaf.parts) if isinstance(leaf, ParamTree) else None
        for _, leaf in states.leaves(first)
    ]


def _cut(vector: Any, shapes: Shapes) -> ParamTree:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    pieces = np.split(vector, ends[:-1])
    return ParamTree(piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))


def _vector(tree: ParamTree) -> Any:
    return np.concatenate([np.reshape(part, size(part)) for part in tree.parts])


def _flat(state: State) -> State:
    return states.mapped(state, lambda _, leaf: _vector(leaf) if isinstance(leaf, ParamTree) else leaf)
