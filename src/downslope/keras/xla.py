"""Steps of large models in TensorFlow's graphs, compiled by XLA: one pass over the memory where a graph makes a dozen.

Keras compiles a whole ``fit`` so by itself; in a ``tf.function`` of one's own every operation is a pass over all
parameters, with new memory for its result.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.tape import recorded
from downslope.symbolic.unknown import TraceError

LARGE = 100_000  # numbers from which the call of compiled code costs less than the passes that it spares (measured),
MANY = 8  # for rules of so many operations on vectors: SGD with two and momentum with four gain nothing


def is_distributed() -> bool:
    """Whether a strategy of TensorFlow's spreads the variables over devices."""
    return bool(_tensorflow().distribute.has_strategy())


class CompiledSteps:
    """The steps of one optimizer, compiled for each list of variables that it steps together.

    Args:
        rule: what is to be stepped.
        step: called with the variables' places, the variables, their gradients and the learning rate; it assigns.
    """

    def __init__(self, rule: Rule, step: Callable[..., None]) -> None:
        self._rule, self._step = rule, step
        self._functions: dict[tuple[int, ...], Any] = {}
        self._operations: int | None = None

    def pay(self, x: ParamTree, state: Any) -> bool:
        """Whether they are worth compiling: in a graph, which is made once, on the CPU, where this was measured.

        Args:
            x: all that is stepped.
            state: of the build of the rule's.
        """
        tensorflow = _tensorflow()
        return (
            not tensorflow.executing_eagerly()
            and len(x) >= LARGE
            and self._vector_operations(state) >= MANY
            and not tensorflow.config.list_physical_devices("GPU")
        )

    def step(self, places: tuple[int, ...], variables: Sequence[Any], g: ParamTree, rate: Any) -> None:
        """As ``step`` that this was made with."""
        if places not in self._functions:
            self._functions[places] = _tensorflow().function(
                lambda parts, rate: self._step(places, variables, ParamTree(parts), rate),
                jit_compile=True,
                autograph=False,
            )
        self._functions[places](g.parts, rate)

    def _vector_operations(self, state: Any) -> int:
        """How many a step takes; 0 where the rule cannot be written down."""
        if self._operations is None:
            try:
                tape = recorded(self._rule, state)
                lines = [tape.lines[i] for i in tape.needed()]
                self._operations = sum(line.vector and bool(line.operands) for line in lines)
            except TraceError:
                self._operations = 0
        return self._operations


def _tensorflow() -> Any:
    return importlib.import_module("tensorflow")
