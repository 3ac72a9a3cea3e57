"""A function of many numbers as a program on arrays: its value, its gradient, its curvature along a direction."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.language.tree import Node as Tree
from downslope.messages import message
from downslope.objectives.parameters import Vector
from downslope.programs import (
    ArrayNode,
    CompiledProgram,
    Graph,
    ProgramArray,
    along,
    gradient,
    needed,
    node_of,
)
from downslope.programs.compiled import Recipes, Written, described
from downslope.programs.elements import cost
from downslope.programs.evaluate import evaluated
from downslope.programs.node import ELEMENTS
from downslope.programs.rolling import rolled
from downslope.symbolic.tracing import tracing
from downslope.symbolic.unknown import TraceError

MOST_NODES = 3_000  # operations; compiling takes about 50 microseconds for each
MOST_RECORDED = 2 * MOST_NODES  # the same with what turns out not to be needed, where recording breaks off
_CURVED = Recipes(64)  # products with the Hessian


class ArrayProgram:
    """What a function does with the vector of its parameters, recorded on whole arrays.

    Args:
        function: called once, with an array that records what is done with it.
        size: how many parameters there are.
        slopes: the same for a gradient that is given, shape (size,); else it is made by a reverse sweep.

    Attributes:
        x, value, gradient: the nodes: shapes (n,), () and (n,).
        supplied: whether the gradient is one that was given.
        lock: to be held while nodes are written beside these.
        maps: steps of rules on it that are compiled; they last as long as it, as they hold its data.

    Raises:
        TraceError: what the function does cannot be recorded, or is too long.
    """

    def __init__(
        self, function: Callable[[Any], Any], size: int, slopes: Callable[[Any], Any] | None = None
    ) -> None:
        self.x = Graph().input("x", (size,))
        self.supplied, self.lock = slopes is not None, threading.Lock()
        self.maps: OrderedDict[Any, Any] = OrderedDict()
        self.graph.most = MOST_RECORDED
        with tracing():
            self._record(function, slopes)
        self.graph.most = None  # rules write theirs beside these
        if len(needed([self.value, self.gradient])) > MOST_NODES:
            raise TraceError(message("it has too many operations"))

    def _record(self, function: Callable[[Any], Any], slopes: Callable[[Any], Any] | None) -> None:
        graph = self.graph
        answer = node_of(graph, function(ProgramArray(self.x)))
        if answer.truth:
            raise TraceError(message("it returns a yes or no"))
        if answer.size != 1:
            raise TraceError(message("it does not return one number"))
        self.value = graph.reshaped(answer, ())
        if slopes is None:
            (self.gradient,) = gradient(self.value, [self.x])
        else:
            given = node_of(graph, slopes(ProgramArray(self.x)))
            if given.size != self.x.size:
                raise TraceError(message("wrong number of partial derivatives"))
            self.gradient = graph.reshaped(given, self.x.shape)

    @classmethod
    def of_pair(cls, both: Callable[[Any], tuple[Any, Any]], size: int) -> ArrayProgram:
        """Of a function that gives its value and its gradient at once."""
        given: list[Any] = []

        def value(x: Any) -> Any:
            answer, slopes = both(x)
            given.append(slopes)
            return answer

        return cls(value, size, lambda _: given[0])

    @classmethod
    def of_formula(cls, tree: Tree, names: Sequence[str]) -> ArrayProgram:
        """Of a typed formula, whose terms that are alike become loops."""
        places = {name: k for k, name in enumerate(names)}
        return cls(lambda x: ProgramArray(rolled(tree, places, x.node)), len(names))

    @property
    def graph(self) -> Graph:
        """Where the nodes are written."""
        return self.x.graph

    @cached_property
    def nodes(self) -> list[ArrayNode]:
        """Those of its value and its gradient, in order."""
        return needed([self.x, self.value, self.gradient])

    @cached_property
    def shape(self) -> Any:
        """What all its machine code depends on: not on the numbers of its tables."""
        places = tuple(self.nodes.index(node) for node in (self.x, self.value, self.gradient))
        return described(self.nodes), places

    @cached_property
    def operations(self) -> int:
        """Of one value with its gradient, in additions."""
        total = 0
        for node in needed([self.value, self.gradient]):
            if node.operation == "matmul":
                total += 2 * node.size * node.operands[0].shape[1]
            elif node.operation in ELEMENTS:
                total += node.size * cost(node.operation)
            else:
                total += max((part.size for part in node.operands), default=0)
        return total

    @cached_property
    def _both(self) -> CompiledProgram:
        return CompiledProgram([self.x], [self.value, self.gradient])

    @cached_property
    def _value(self) -> CompiledProgram:
        return CompiledProgram([self.x], [self.value])

    @cached_property
    def _curved(self) -> CompiledProgram:
        return _CURVED.compiled(self.shape, self.nodes, self._product)

    def _product(self) -> Written:
        """The product of the Hessian and a direction."""
        with self.lock:
            direction = self.graph.input("direction", self.x.shape)
            (product,) = along([self.gradient], [self.x], [direction])
        return [self.x, direction], [product], None

    def evaluated_at(self, x: Vector) -> tuple[float, Vector]:
        """f(x) and its gradient in NumPy, for once."""
        value, slopes = evaluated([self.value, self.gradient], {"x": np.asarray(x, np.float64)})
        return float(value), np.asarray(slopes)

    def value_in_numpy(self, x: Vector) -> float:
        """f(x), likewise."""
        (value,) = evaluated([self.value], {"x": np.asarray(x, np.float64)})
        return float(value)

    def value_at(self, x: Vector) -> float:
        """f(x)."""
        return float(self._value(x)[0])

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """f(x) and its gradient, a new vector."""
        out = self._both(x)
        return float(out[0]), out[1:]

    def curvature_along(self, x: Vector, direction: Vector) -> Vector:
        """The Hessian at ``x`` times ``direction``, shape (n,).

        Raises:
            TraceError: an operation in it has no second derivative here.
        """
        return self._curved(np.concatenate([x, direction]))

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        """The matrix of second derivatives at ``x``, by a product for each column."""
        columns = np.array([self.curvature_along(x, unit) for unit in np.eye(len(x))])
        return np.asarray((columns + columns.T) / 2)
