"""Kinds of numbers of our own: trees of parameters, nodes of a tape, what is printed; each brings its functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FUNCTIONS_OF: dict[str, Mapping[str, Any]] = {}
"""The module of a class of such numbers -> the functions of ``arithmetic`` for them, by name."""


def bring(module: str, functions: Mapping[str, Any]) -> None:
    """Say with which functions the numbers are worked with whose class is of that module."""
    FUNCTIONS_OF[module] = functions
