"""Programs drawn at random, operation by operation, for whatever must hold for all of them."""

from __future__ import annotations

import math

import numpy as np

from downslope.programs.node import ArrayNode, Axis, Graph, LibraryCall, Table

_UNARY = ("neg", "exp", "sin", "tanh", "abs", "sqrt", "log1p", "sigmoid", "expm1", "floor", "erf", "relu")
_BINARY = ("add", "sub", "mul", "div", "max", "min", "atan2", "hypot", "less", "pow")


class Draw:
    """A graph that grows, and the nodes that can be used.

    Args:
        rng: where chance comes from.
        smooth: leave out what has corners and jumps.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.graph = rng, Graph()
        n = int(rng.choice([1, 3, 7, 8, 9, 16, 23, 40, 100]))
        self.inputs = [self.graph.input("x", (n,)), self.graph.input("rate", ())]
        if rng.random() < 0.5:
            self.inputs.append(self.graph.input("m", (int(rng.integers(1, 6)), int(rng.integers(1, 12)))))
        self.nodes = list(self.inputs)

    def any(self, kind: str = "numbers") -> ArrayNode:
        fitting = [node for node in self.nodes if node.truth == (kind == "truth")]
        if kind == "arrays":
            fitting = [node for node in self.nodes if node.shape and not node.truth]
        return fitting[int(self.rng.integers(len(fitting)))]

    def alike(self, node: ArrayNode) -> ArrayNode:
        """Some node that goes with another one."""
        fitting = [o for o in self.nodes if not o.truth and (o.shape in ((), node.shape) or node.shape == ())]
        other = fitting[int(self.rng.integers(len(fitting)))]
        return other

    def bounded(self, node: ArrayNode) -> ArrayNode:
        """Kept from overflowing."""
        return self.graph.element("tanh", node) if self.rng.random() < 0.3 else node

    def add(self) -> None:
        rng, graph = self.rng, self.graph
        kind = rng.integers(13)
        node = self.any()
        made: ArrayNode
        if kind < 2:
            name = str(rng.choice(_UNARY))
            inside = graph.element("abs", node) if name in ("sqrt", "log1p") else node
            made = graph.element(name, graph.element("tanh", inside) if name in ("exp", "expm1") else inside)
        elif kind < 5:
            name = str(rng.choice(_BINARY))
            other = self.alike(node)
            if name == "pow":
                other = graph.number(float(rng.choice([2, 3, -1, 0.5, -0.5, 1.7])))
                node = graph.element("add", graph.element("abs", node), graph.number(0.5))
            made = graph.element(name, node, other)
            if made.truth:
                made = graph.element("where", made, node, graph.element("neg", other))
        elif kind == 5:
            made = graph.table(rng.normal(size=node.shape)) if node.shape else graph.number(rng.normal())
            made = graph.element("mul", node, made)
        elif kind == 6 and node.shape:
            made = self._sliced(node)
        elif kind == 7 and node.shape:
            name = str(rng.choice(["sum", "prod", "max", "min"]))
            made = graph.reduced(name, self.bounded(node), int(rng.integers(1, len(node.shape) + 1)))
        elif kind == 8:
            shape = (int(rng.integers(1, 9)), *node.shape)
            made = graph.broadcast(node, shape) if len(shape) < 4 else node
        elif kind == 9 and node.shape:
            made = graph.reshaped(node, (node.size,))
        elif kind == 10 and node.shape:
            count = int(rng.integers(1, 20))
            index = Table(rng.integers(0, node.size, count))
            made = graph.taken(node, index, (count,))
            if rng.random() < 0.5:
                made = graph.scattered(made, Table(rng.integers(0, 11, count)), (11,))
        elif kind == 11 and len(node.shape) == 2:
            other = graph.transposed(node, (1, 0))
            made = graph.matmul(*((node, other) if rng.random() < 0.5 else (other, node)))
            made = graph.element("tanh", made)
        elif kind == 12 and len(node.shape) == 1:
            made = self._assembled(node)
        else:
            return
        self.nodes.append(made)

    def _sliced(self, node: ArrayNode) -> ArrayNode:
        axes, shape = [], []
        for n in node.shape:
            step = int(self.rng.choice([1, 1, 1, 2, -1]))
            first, last = sorted(self.rng.integers(0, n, 2))
            length = math.ceil((last - first + 1) / abs(step))
            start = first if step > 0 else first + (length - 1) * abs(step)
            axes.append(Axis(int(start), step, len(shape)))
            shape.append(length)
        if len(shape) > 1 and self.rng.random() < 0.3:
            return self.graph.transposed(
                self.graph.view(node, axes, tuple(shape)), (1, 0, *range(2, len(shape)))
            )
        return self.graph.view(node, axes, tuple(shape))

    def _assembled(self, node: ArrayNode) -> ArrayNode:
        n = node.shape[0] + int(self.rng.integers(0, 12))
        pieces = []
        for _ in range(int(self.rng.integers(1, 4))):
            other = self.alike(node)
            if other.shape == ():
                pieces.append((other, [Axis(int(self.rng.integers(n)), 0, None)]))
            else:
                room = n - other.shape[0]
                pieces.append((other, [Axis(int(self.rng.integers(room + 1)), 1, 0)]))
        return self.graph.assembled(pieces, (n,))

    def outputs(self, count: int = 4) -> list[ArrayNode]:
        chosen = self.rng.permutation(len(self.nodes))[:count]
        return [self.nodes[int(k)] for k in chosen if not self.nodes[int(k)].truth]

    def point(self) -> np.ndarray:
        return np.concatenate([np.ravel(self.rng.normal(size=node.shape)) for node in self.inputs])


def sorting() -> LibraryCall:
    """A call of NumPy's that puts numbers in order."""
    return LibraryCall("sort", lambda a: np.sort(a))
