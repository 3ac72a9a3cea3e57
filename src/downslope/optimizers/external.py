"""The optimizer of a loop that was not ours: its name and settings, and no steps."""

from __future__ import annotations

from typing import Any

from downslope.errors import UsageError
from downslope.messages import message
from downslope.optimizers.base import Optimizer, State


class ExternalOptimizer(Optimizer):
    """What is known of another library's optimizer.

    Args:
        library: whose it is, such as "torch".
        title: its name there.
        settings: its hyperparameters, as ``name=value`` words.

    >>> ExternalOptimizer(library="torch", title="SGD", settings=("lr=0.1",))
    torch's SGD(lr=0.1)
    """

    short_name = "theirs"  # in saved runs

    library: str = ""
    title: str = ""
    settings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(
            self, "settings", tuple(map(str, self.settings))
        )  # a damaged file has other things there

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        raise UsageError(
            message("{optimizer!r} is known by its name only; its steps cannot be made here.", optimizer=self)
        )

    def __repr__(self) -> str:
        return f"{self.library}'s {self.title}({', '.join(self.settings)})"
