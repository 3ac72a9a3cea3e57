"""Which parameters a record keeps: all of them, some by name, or a norm for each tensor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from downslope.errors import UsageError, nearest
from downslope.messages import listing, message, sentences
from downslope.objectives import Parameters
from downslope.optimizers.param_tree import ParamTree, dot
from downslope.tensors import library_of_parameter

Spec: TypeAlias = str | Sequence[str] | Mapping[str, Any] | None

FEW = 20  # numbers up to which all are kept unless told otherwise


class Choice:
    """What is kept of the parameters; settled when they are first seen.

    Args:
        asked: None, "all", "norms", names of tensors or coordinates, or names with tensors.

    >>> choice = Choice(["b", "w[1]"])
    >>> choice.numbers(["w", "b"], ParamTree([np.array([1.0, 2.0]), np.float64(3.0)])).tolist()
    [3.0, 2.0]
    >>> choice.parameters.coordinates
    ('b', 'w[1]')
    """

    def __init__(self, asked: Spec) -> None:
        if isinstance(asked, str) and asked not in ("all", "norms"):
            asked = [asked]
        self._asked = asked
        self.of_norms = False
        self.parameters = Parameters((), ())
        self._parts: list[tuple[int, Any]] = []  # which part, and which of its numbers

    def names_of(self, tensors: Sequence[Any], otherwise: Sequence[str]) -> list[str]:
        """The names that a dict gives to tensors; those that it leaves out have the others."""
        given = self._asked if isinstance(self._asked, Mapping) else {}
        known = {id(tensor): str(name) for name, tensor in given.items()}
        return [known.get(id(tensor), name) for tensor, name in zip(tensors, otherwise, strict=True)]

    def numbers(self, names: Sequence[str], x: ParamTree) -> Any:
        """What is kept of the parameters at ``x``."""
        if not self._parts:
            self._settle(names, x)
        if self.of_norms:
            return np.array(
                [
                    math.sqrt(float(dot(part, part)))
                    for part in (ParamTree([x.parts[i]]) for i, _ in self._parts)
                ]
            )
        arrays = [np.ravel(library_of_parameter(x.parts[i], "x").plain(x.parts[i])) for i, _ in self._parts]
        return np.concatenate(
            [a if which is None else a[which] for a, (_, which) in zip(arrays, self._parts, strict=True)]
        )

    def _settle(self, names: Sequence[str], x: ParamTree) -> None:
        asked = self._asked
        if asked is None:
            asked = "all" if len(x) <= FEW else "norms"
        shapes = [tuple(map(int, np.shape(part))) for part in x.parts]
        if asked == "norms":
            self.of_norms = True
            self._parts = [(i, None) for i in range(len(names))]
            self.parameters = Parameters.scalars([f"|{name}|" for name in names])
            return
        chosen = names if asked == "all" else list(asked)
        kept: list[tuple[str, tuple[int, ...]]] = []
        for word in chosen:
            i, which, shape = self._find(str(word), names, shapes)
            self._parts.append((i, which))
            kept.append((str(word), shape))
        self.parameters = Parameters(tuple(n for n, _ in kept), tuple(s for _, s in kept))

    def _find(
        self, word: str, names: Sequence[str], shapes: Sequence[tuple[int, ...]]
    ) -> tuple[int, Any, tuple[int, ...]]:
        if word in names:
            i = list(names).index(word)
            return i, None, shapes[i]
        for i, (name, shape) in enumerate(zip(names, shapes, strict=True)):
            if word.startswith(f"{name}["):
                coordinates = Parameters((name,), (shape,)).coordinates
                if word.replace(" ", "") in coordinates:
                    return i, [coordinates.index(word.replace(" ", ""))], ()
        raise UsageError(
            sentences(
                message("there is no parameter '{name}' in this loop.", name=word),
                nearest(word, names),
                message("There are: {names}.", names=listing(names, most=8)),
            )
        )
