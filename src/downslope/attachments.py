"""What is offered low in the house and made high up: attached from above by ``downslope`` itself, called from below.

So ``optimizer.to_optax()`` is there although nothing of ``optimizers`` may import ``downslope.optax``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LOADERS: dict[str, Callable[[], Any]] = {}


def attach(name: str, load: Callable[[], Any]) -> None:
    """Say what is behind a name; ``load`` imports it when it is first asked for."""
    _LOADERS[name] = load


def attached(name: str) -> Any:
    """What is behind a name."""
    return _LOADERS[name]()
