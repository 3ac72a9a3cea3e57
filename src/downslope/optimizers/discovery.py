"""Finds classes by themselves: every one of a kind in a folder, and among these the wrappers, which texts name too."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import Any

from downslope.optimizers.base import Optimizer
from downslope.optimizers.hyperparameters import HyperparameterRecord


def classes_in(folder: str, kind: type[HyperparameterRecord]) -> dict[str, type[Any]]:
    """Name -> class, for every concrete class of that kind defined in a module of the folder."""
    package = importlib.import_module(f"downslope.optimizers.{folder}")
    found: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        found |= classes_of(f"{package.__name__}.{module.name}", kind)
    return {name: found[name] for name in sorted(found)}


def classes_of(module: str, kind: type[HyperparameterRecord]) -> dict[str, type[Any]]:
    """Name -> class, for every concrete class of that kind defined in one module."""
    loaded = importlib.import_module(module)
    return {
        cls.name(): cls
        for cls in vars(loaded).values()
        if inspect.isclass(cls)
        and issubclass(cls, kind)
        and cls.__module__ == module
        and not inspect.isabstract(cls)
    }


@functools.cache
def all_wrappers() -> tuple[type[Optimizer], ...]:
    """Every class in ``wrappers`` that is an optimizer around an optimizer, sorted by name."""
    return tuple(classes_in("wrappers", Optimizer).values())


def plain_name(name: str) -> str:
    """A name without what does not matter in it: case, hyphens, underscores."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def wrapper_class(name: str) -> type[Optimizer] | None:
    """The wrapper of that name, in whatever way it is written; nothing where there is none.

    >>> wrapper_class("ClipByNorm").name(), wrapper_class("adam")
    ('clip_by_norm', None)
    """
    return next((cls for cls in all_wrappers() if plain_name(cls.name()) == plain_name(name)), None)
