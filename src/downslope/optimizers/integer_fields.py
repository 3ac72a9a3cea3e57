"""Hyperparameters that are whole numbers: how much is remembered, how many steps are planned."""

from __future__ import annotations

from typing import Any

from downslope.errors import HyperparameterError
from downslope.messages import message
from downslope.symbolic.array import SymbolicArray
from downslope.symbolic.unknown import TraceError


def require_integer(optimizer: Any, name: str, *, at_least: int, at_most: int) -> None:
    """Make the field of that name an ``int``, or refuse it.

    Raises:
        HyperparameterError: it is not a whole number in the range.

    >>> from downslope.optimizers import LBFGS
    >>> LBFGS(memory=5.0).memory
    5
    """
    value = getattr(optimizer, name)
    try:
        fits = not isinstance(value, (bool, str)) and int(value) == value and at_least <= value <= at_most
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise HyperparameterError(
            message(
                "{kind}: {name} is {value!r}; it must be a whole number from {at_least} to {at_most}.",
                kind=type(optimizer).__name__,
                name=name,
                value=value,
                at_least=at_least,
                at_most=at_most,
            )
        )
    object.__setattr__(optimizer, name, int(value))


def trace_at_most(most: int, x: Any, *, vectors: int = 0, numbers: int = 0) -> None:
    """Let symbols pass only where the state (vectors like ``x``, and numbers) is small enough to compile at once.

    Raises:
        TraceError: ``x`` is made of symbols and the state is larger than ``most``; the hosted engine takes over.
    """
    size = vectors * len(x) + numbers if isinstance(x, SymbolicArray) else 0
    if size > most:
        raise TraceError(
            message(
                "a rule that remembers {size} numbers is too large to compile at once; {most} are allowed",
                size=size,
                most=most,
            )
        )
