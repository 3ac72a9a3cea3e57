"""A cost of a PyTorch module, as a function of copies of its parameters."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any


def is_module(start: Any) -> bool:
    """Whether it is a PyTorch module."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(start, torch.nn.Module)


def cost_of_module(
    function: Callable[[Any], Any], module: Any
) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """``function(module)`` as a function of a dict of parameters, and those that the module has, as copies.

    A copy of the module is called, so the module itself, its buffers included, is left as it was.
    """
    import torch

    class Called(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not followed
        def __init__(self) -> None:
            super().__init__()
            self.module = copy.deepcopy(module)

        def forward(self) -> Any:
            return function(self.module)

    whole = Called()
    parameters = {
        name: value.detach().clone() for name, value in whole.named_parameters() if value.requires_grad
    }
    return lambda values: torch.func.functional_call(whole, values, ()), parameters
