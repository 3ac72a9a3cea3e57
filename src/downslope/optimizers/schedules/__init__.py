"""Schedules of the learning rate, a few a file, grouped by what they are for. They multiply; see ``Schedule``.

Every class in the files here is an attribute of this module: ``schedules.Cosine``; so are ``Constant``, ``Product``
and ``parse_schedule``, which reads them from text.
"""

from typing import Any

from downslope.messages import message


def __getattr__(name: str) -> Any:
    if name == "parse_schedule":
        from downslope.optimizers.schedule_text import parse_schedule

        return parse_schedule
    if name[:1].isupper():  # submodules are asked for here too, before they are imported
        for cls in _classes():
            if name == cls.__name__ or name in cls.aliases:
                return cls
    raise AttributeError(
        str(message("module '{module}' has no schedule '{name}'", module=__name__, name=name))
    )


def __dir__() -> list[str]:
    return sorted({"parse_schedule", *(n for cls in _classes() for n in (cls.__name__, *cls.aliases))})


def _classes() -> tuple[Any, ...]:
    from downslope.optimizers.registry import all_schedules
    from downslope.optimizers.schedule import Constant, Product, Schedule

    return (*all_schedules(), Constant, Product, Schedule)
