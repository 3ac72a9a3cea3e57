"""Functions of a vector drawn at random, written for whichever library of arrays they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Step = Callable[[Any, list[Any]], Any]

LARGEST = 30.0  # what is larger is squeezed, so that errors of rounding stay errors of rounding

_SMOOTH: dict[str, Callable[[Any, Any], Any]] = {
    "sin": lambda xp, a: xp.sin(a),
    "cos": lambda xp, a: xp.cos(a),
    "exp": lambda xp, a: xp.exp(xp.tanh(a)),
    "tanh": lambda xp, a: xp.tanh(a),
    "square": lambda xp, a: a**2,
    "cube": lambda xp, a: a**3,
    "root": lambda xp, a: xp.sqrt(1 + a**2),
    "log": lambda xp, a: xp.log(1.5 + a**2),
    "log1p": lambda xp, a: xp.log1p(a**2),
    "reciprocal": lambda xp, a: 1 / (1 + a * a),
    "sigmoid": lambda xp, a: 1 / (1 + xp.exp(-a)),
    "arctan": lambda xp, a: xp.arctan(a),
    "power": lambda xp, a: (1 + a * a) ** 0.7,
    "minus": lambda xp, a: 2 - a,
    "sinh": lambda xp, a: xp.sinh(xp.sin(a)),
}
_WITH_CORNERS: dict[str, Callable[[Any, Any], Any]] = {
    "abs": lambda xp, a: xp.abs(a),
    "relu": lambda xp, a: xp.maximum(a, 0.0),
    "clip": lambda xp, a: xp.clip(a, -0.5, 0.7),
    "where": lambda xp, a: xp.where(a > 0.1, a**2, xp.sin(a)),
    "guarded root": lambda xp, a: xp.sqrt(xp.where(a > 0.2, a, 1.0)),
}
_OF_TWO: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda xp, a, b: a + b,
    "sub": lambda xp, a, b: a - b,
    "mul": lambda xp, a, b: a * b,
    "div": lambda xp, a, b: a / (1 + b * b),
    "axpy": lambda xp, a, b: a + 0.3 * b,
}
_OF_TWO_WITH_CORNERS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "maximum": lambda xp, a, b: xp.maximum(a, b),
    "minimum": lambda xp, a, b: xp.minimum(a, b),
    "where": lambda xp, a, b: xp.where(a > b, a * b, a - b),
    "hypot": lambda xp, a, b: xp.hypot(a, 0.2 + b * b),  # which has no slope at (0, 0), where JAX says 0
}


class Drawn(NamedTuple):
    """A function of a vector: its steps, each of all results before it."""

    names: tuple[str, ...]
    steps: tuple[Step, ...]
    roots: tuple[int, ...]

    def __call__(self, xp: Any, x: Any) -> Any:
        """Its value; ``xp`` is the library that ``x`` is an array of."""
        values = [x]
        for step in self.steps:
            values.append(step(xp, values))
        total = 0.0
        for weight, root in enumerate(self.roots, 1):
            total = total + xp.sum(xp.sin(values[root]) * (0.5 + 0.1 * weight) + 0.1 * values[root])
        return total


class Drawing:
    """A function that grows, and what its results are at a point."""

    def __init__(self, rng: np.random.Generator, corners: bool) -> None:
        self.rng, self.corners = rng, corners
        self.point = rng.normal(size=int(rng.choice([3, 4, 6])))
        self.values: list[Any] = [self.point]
        self.steps: list[Step] = []
        self.names: list[str] = []

    def finished(self) -> Drawn:
        for _ in range(int(self.rng.integers(4, 16))):
            self.grow()
        last = len(self.values) - 1
        others = self.rng.integers(0, last + 1, 2)
        return Drawn(tuple(self.names), tuple(self.steps), tuple({last, *map(int, others)}))

    def add(self, name: str, step: Step) -> None:
        value = step(np, self.values)
        if np.size(value) == 0 or np.size(value) > 300 or np.ndim(value) > 3:
            return
        self.names.append(name)
        if np.max(np.abs(value)) > LARGEST:
            self.add_plain(name, lambda xp, values: xp.tanh(step(xp, values)))
        else:
            self.add_plain(name, step)

    def add_plain(self, name: str, step: Step) -> None:
        self.steps.append(step)
        self.values.append(step(np, self.values))

    def pick(self, least: int = 0, most: int = 3) -> int | None:
        """One of the results with so many axes; late ones are likelier."""
        fitting = [k for k, v in enumerate(self.values) if least <= np.ndim(v) <= most]
        if not fitting:
            return None
        return fitting[max(int(self.rng.integers(len(fitting))), int(self.rng.integers(len(fitting))))]

    def of(self, names: dict[str, Any]) -> tuple[str, Any]:
        name = str(self.rng.choice(list(names)))
        return name, names[name]

    def grow(self) -> None:
        rng = self.rng
        kind = int(rng.integers(12))
        k = self.pick(0 if kind < 5 else 1)
        if k is None:
            return
        shape = np.shape(self.values[k])
        if kind < 2:
            name, f = self.of({**_SMOOTH, **(_WITH_CORNERS if self.corners else {})})
            self.add(name, lambda xp, v: f(xp, v[k]))
        elif kind < 5:
            self._of_two(k)
        elif kind == 5:
            self._indexed(k, shape)
        elif kind == 6:
            self._shaped(k, shape)
        elif kind < 9:
            self._reduced(k, shape)
        elif kind == 9:
            self._product(k)
        elif kind == 10:
            self._joined(k, shape)
        else:
            self._running(k, shape)

    def _of_two(self, k: int) -> None:
        name, f = self.of({**_OF_TWO, **(_OF_TWO_WITH_CORNERS if self.corners else {})})
        if self.rng.random() < 0.25:
            table = self.rng.normal(size=np.shape(self.values[k]))
            self.add(f"{name} of a table", lambda xp, v: f(xp, v[k], table))
            return
        shape = np.shape(self.values[k])

        def fits(other: Any) -> bool:
            try:
                return len(np.broadcast_shapes(shape, np.shape(other))) <= 3
            except ValueError:
                return False

        fitting = [i for i, value in enumerate(self.values) if fits(value)]
        other = int(self.rng.choice(fitting))
        self.add(name, lambda xp, v: f(xp, v[k], v[other]))

    def _indexed(self, k: int, shape: tuple[int, ...]) -> None:
        rng = self.rng
        n = shape[0]
        if rng.random() < 0.3:
            places = rng.integers(0, n, int(rng.integers(1, 5)))
            self.add(f"[{places}]", lambda xp, v: v[k][places])
            return
        key: list[Any] = []
        for length in shape:
            choice = int(rng.integers(6))
            if choice == 0:
                key.append(int(rng.integers(-length, length)))
            elif choice == 1:
                key.append(slice(None, None, -1))
            elif choice == 2:
                key.append(slice(int(rng.integers(0, length)), None))
            elif choice == 3:
                key.append(slice(None, max(1, length - 1)))
            elif choice == 4:
                key.append(slice(None, None, 2))
            else:
                key += [slice(None), None] if len(shape) == 1 else [slice(None)]
        index = tuple(key)
        self.add(f"{index}", lambda xp, v: v[k][index])

    def _shaped(self, k: int, shape: tuple[int, ...]) -> None:
        shapes: dict[str, Step] = {
            "T": lambda xp, v: v[k].T,
            "ravel": lambda xp, v: v[k].reshape(-1),
            "new axis": lambda xp, v: v[k][..., None],
            "roll": lambda xp, v: xp.roll(v[k], 1, axis=0),
            "flip": lambda xp, v: xp.flip(v[k], -1),
            "tile": lambda xp, v: xp.tile(v[k], 2),
            "repeat": lambda xp, v: xp.repeat(v[k], 2, axis=0),
            "pad": lambda xp, v: xp.pad(v[k], 1),
            "split": lambda xp, v: xp.array_split(v[k], 2)[0],
        }
        if np.ndim(self.values[k]) == 2:
            shapes["tril"] = lambda xp, v: xp.tril(v[k])
            shapes["trace"] = lambda xp, v: xp.trace(v[k])
        self.add(*self.of(shapes))

    def _reduced(self, k: int, shape: tuple[int, ...]) -> None:
        axis = None if self.rng.random() < 0.4 else int(self.rng.integers(len(shape)))
        keep = bool(self.rng.random() < 0.3)
        reductions: dict[str, Step] = {
            "sum": lambda xp, v: xp.sum(v[k], axis=axis, keepdims=keep),
            "mean": lambda xp, v: xp.mean(v[k], axis=axis, keepdims=keep),
            "prod": lambda xp, v: xp.prod(v[k], axis=axis, keepdims=keep),
            "spread": lambda xp, v: xp.mean((v[k] - xp.mean(v[k], axis=axis, keepdims=True)) ** 2, axis=axis),
            "norm": lambda xp, v: xp.sqrt(1 + xp.sum(v[k] ** 2, axis=axis)),
        }
        if self.corners:
            reductions["max"] = lambda xp, v: xp.max(v[k], axis=axis, keepdims=keep)
            reductions["min"] = lambda xp, v: xp.min(v[k], axis=axis)
            reductions["l1"] = lambda xp, v: xp.linalg.norm(v[k].reshape(-1), 1)
            reductions["log sum exp"] = lambda xp, v: (
                xp.log(xp.sum(xp.exp(v[k] - xp.max(v[k])))) + xp.max(v[k])
            )
        self.add(*self.of(reductions))

    def _product(self, k: int) -> None:
        n = np.shape(self.values[k])[-1]
        table = self.rng.normal(size=(n, 3))
        products: dict[str, Step] = {
            "table": lambda xp, v: v[k] @ table,
            "itself": lambda xp, v: (
                xp.outer(v[k], v[k]) if v[k].ndim == 1 else v[k] @ xp.swapaxes(v[k], -1, -2)
            ),
            "einsum": lambda xp, v: xp.einsum("...i,ij->...j", v[k], table),
            "sum of products": lambda xp, v: xp.einsum("...i,...i->...", v[k], v[k]),
        }
        self.add(*self.of(products))

    def _joined(self, k: int, shape: tuple[int, ...]) -> None:
        alike = [i for i, value in enumerate(self.values) if np.shape(value) == shape]
        other = int(self.rng.choice(alike))
        axis = int(self.rng.integers(len(shape)))
        joined: dict[str, Step] = {
            "concatenate": lambda xp, v: xp.concatenate([v[k], v[other]], axis=axis),
            "stack": lambda xp, v: xp.stack([v[k], v[other]], axis=axis),
        }
        self.add(*self.of(joined))

    def _running(self, k: int, shape: tuple[int, ...]) -> None:
        axis = int(self.rng.integers(len(shape)))
        running: dict[str, Step] = {
            "cumsum": lambda xp, v: xp.cumsum(v[k], axis=axis),
            "cumprod": lambda xp, v: xp.cumprod(v[k], axis=axis),
            "diff": lambda xp, v: xp.diff(v[k], axis=axis),
        }
        self.add(*self.of(running))


def drawn(seed: list[int], corners: bool) -> tuple[Drawn, np.ndarray]:
    """A function, and a point."""
    drawing = Drawing(np.random.default_rng(seed), corners)
    return drawing.finished(), drawing.point
