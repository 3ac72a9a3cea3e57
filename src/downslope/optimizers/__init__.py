"""Update rules: one pure rule a file in ``rules``, and the polymorphic arithmetic they are written in.

In flow a point, the objective's value and gradient there, and a state; out flow the next point, the new
state, and whether the point was accepted. Nothing here evaluates, loops, stops or records. The rules see only
``base`` and ``arithmetic``; from outside ``errors`` may be imported, and for text and tracing ``language`` and
``symbolic``.

Every class in ``rules``, ``curved``, ``blocks`` and ``wrappers`` is an attribute of this module:
``optimizers.Adam``; those in ``schedules`` are attributes of that module: ``optimizers.schedules.Cosine``.
"""

from typing import Any

from downslope.attachments import attached
from downslope.errors import nearest
from downslope.messages import message, sentences
from downslope.optimizers.base import Optimizer, State
from downslope.optimizers.discovery import all_wrappers
from downslope.optimizers.registry import (
    all_blocks,
    all_curved,
    all_optimizers,
    all_schedules,
    as_optimizer,
    optimizer_class,
    optimizer_from_dict,
)

__all__ = [
    "Optimizer",
    "State",
    "all_blocks",
    "all_curved",
    "all_optimizers",
    "all_schedules",
    "all_wrappers",
    "as_optimizer",
    "from_optax",
    "optimizer_class",
    "optimizer_from_dict",
]


def __getattr__(name: str) -> Any:
    if name == "from_optax":
        return attached(name)
    if name == "schedules":
        import downslope.optimizers.schedules as schedules

        return schedules
    if not name[:1].isupper():  # submodules are asked for here too, before they are imported
        raise AttributeError(
            str(message("module '{module}' has no attribute '{name}'", module=__name__, name=name))
        )
    for cls in (*all_optimizers(), *all_curved(), *all_blocks(), *all_wrappers()):
        if name == cls.__name__ or name in cls.aliases:
            return cls
    known = [cls.__name__ for cls in (*all_optimizers(), *all_curved(), *all_blocks(), *all_wrappers())]
    if name in dir(__getattr__("schedules")):
        hint = message("It is a schedule: downslope.optimizers.schedules.{name}.", name=name)
    else:
        hint = nearest(name, known)
    unknown = message("module '{module}' has no optimizer '{name}'.", module=__name__, name=name)
    raise AttributeError(str(sentences(unknown, hint)))


def __dir__() -> list[str]:
    classes = (*all_optimizers(), *all_curved(), *all_blocks(), *all_wrappers())
    return sorted(
        {*__all__, "schedules", *(c.__name__ for c in classes), *(a for c in classes for a in c.aliases)}
    )
