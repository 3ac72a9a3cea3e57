"""An optimizer's state and hyperparameters between steps: as plain data, back again, and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from downslope.errors import HyperparameterError, UsageError
from downslope.messages import Message, listing, message, sentences
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.hyperparameters import found_elsewhere, has_only
from downslope.optimizers.param_tree import ParamTree
from downslope.tensors import ArrayLibrary


def to_plain(leaf: Any, libraries: Mapping[str, ArrayLibrary]) -> Any:
    """A leaf of a state as plain data: a float, or floats and NumPy arrays by the parameters' names.

    Args:
        libraries: whose array each parameter is, by its name.
    """
    if not isinstance(leaf, ParamTree):
        return float(leaf) if np.ndim(leaf) == 0 else np.array(leaf)
    return {name: kind.plain(part) for (name, kind), part in zip(libraries.items(), leaf.parts, strict=True)}


def from_plain(
    data: Mapping[str, Any], like: Any, x: ParamTree, libraries: Mapping[str, ArrayLibrary]
) -> tuple[Any, ParamTree | None]:
    """The inverse of ``to_plain``: a state of the build of ``like``, for parameters like ``x``, and the best point.

    Raises:
        UsageError: the data are of another state or other parameters.
    """
    known = [path for path, _ in states.leaves(like)]
    if set(known) != set(data["state"]):
        raise UsageError(_other_state(data["state"], known))

    def vector(path: str, values: Any) -> ParamTree:
        if not isinstance(values, Mapping) or set(values) != set(libraries):
            raise UsageError(_other_parameters(values, list(libraries)))
        made = []
        for (name, kind), part in zip(libraries.items(), x.parts, strict=True):
            shape, needed = np.shape(values[name]), tuple(np.shape(part))
            if shape != needed:
                raise UsageError(
                    message(
                        "the loaded state of {name} has shape {shape}; {name} has {needed}.",
                        name=name,
                        shape=shape,
                        needed=needed,
                    )
                )
            made.append(kind.copied(kind.fit(values[name], part)))
        return ParamTree(made)

    def leaf(path: str, old: Any) -> Any:
        found = data["state"][path]
        return (
            vector(path, found)
            if isinstance(old, ParamTree)
            else np.array(found)
            if np.ndim(found)
            else np.float64(found)
        )

    best = data["best"]
    return states.mapped(like, leaf), None if best is None else vector("best", best)


def _other_state(theirs: Mapping[str, Any], ours: Sequence[str]) -> Message:
    if not ours:
        return message(
            "the loaded state has {theirs}, but this rule remembers nothing.", theirs=listing(theirs)
        )
    return message(
        "the loaded state has {theirs}, but this rule remembers {ours}.",
        theirs=listing(theirs),
        ours=listing(ours),
    )


def _other_parameters(values: Any, names: Sequence[str]) -> Message:
    if not isinstance(values, Mapping):
        return message(
            "the loaded state is {values!r:.80}, which is not of the parameters {names}.",
            values=values,
            names=listing(names, most=8),
        )
    return message(
        "the loaded state is of the parameters {theirs}; these are {names}.",
        theirs=listing(values, most=8),
        names=listing(names, most=8),
    )


def known_hyperparameters(optimizer: Optimizer) -> list[str]:
    """The names of the hyperparameters of an optimizer and of those inside it."""
    names = (name for layer in optimizer.layers() for name in layer.hyperparameters())
    return list(dict.fromkeys(name for name in names if name != "optimizer"))


def owner_of(optimizer: Optimizer, name: str) -> tuple[int, Optimizer]:
    """The first layer of an optimizer that has the hyperparameter of that name, and its depth.

    Raises:
        HyperparameterError: none has.

    >>> from downslope.optimizers import Adam, ClipByNorm
    >>> owner_of(ClipByNorm(optimizer=Adam(), limit=2.0), "beta1")
    (1, Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08))
    """
    for depth, layer in enumerate(optimizer.layers()):
        if name in layer.hyperparameters():
            return depth, layer
    known = known_hyperparameters(optimizer)
    unknown = message("{kind} has no hyperparameter '{name}'.", kind=type(optimizer).__name__, name=name)
    raise HyperparameterError(sentences(unknown, found_elsewhere(name, known), has_only(known)))


def with_hyperparameter(optimizer: Optimizer, name: str, value: Any) -> Optimizer:
    """The optimizer with one hyperparameter replaced and checked, inside its wrappers where it is there.

    >>> from downslope.optimizers import Adam
    >>> with_hyperparameter(Adam(), "learning_rate", 0.5).learning_rate
    0.5
    """
    depth, owner = owner_of(optimizer, name)
    return optimizer.replaced(depth, owner.changed(**{name: value}))
