"""PyTorch's tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from downslope.errors import UsageError
from downslope.messages import message
from downslope.tensors.library import ArrayLibrary


class TorchTensors(ArrayLibrary):
    """torch tensors, changed in place and out of sight of autograd."""

    def call(self, name: str, values: tuple[Any, ...]) -> Any:
        like = next((v for v in values if isinstance(v, torch.Tensor) and v.is_floating_point()), None)
        return getattr(torch, "abs" if name == "absolute" else name)(
            *(v if isinstance(v, torch.Tensor) else _tensor(v, like) for v in values)
        )

    def transposed(self, matrix: Any) -> Any:
        return matrix.mT

    def entry(self, table: Sequence[float], k: Any) -> Any:
        place = self.call("minimum", (k, float(len(table) - 1))).long()
        return torch.as_tensor(table, dtype=k.dtype, device=k.device)[place]

    def piece(self, numbers: np.ndarray[Any, Any], part: Any) -> Any:
        dtype = torch.bool if numbers.dtype == np.bool_ else part.dtype
        return torch.as_tensor(numbers.reshape(tuple(part.shape)), dtype=dtype, device=part.device)

    def part_dot(self, a: Any, b: Any) -> Any:
        return np.float64((a.reshape(-1) @ b.reshape(-1)).item())

    def read(self, leaf: Any, name: str) -> Any:
        if leaf.is_complex():
            raise UsageError(
                message(
                    "{name} is a complex tensor; descend its real and imaginary parts:"
                    " torch.view_as_real({name}).",
                    name=name,
                )
            )
        if not leaf.is_floating_point():
            raise UsageError(
                message(
                    "{name} is a tensor of {dtype}; steps need floating point: {name}.double().",
                    name=name,
                    dtype=leaf.dtype,
                )
            )
        return leaf.detach()

    def fit(self, values: Any, part: Any) -> Any:
        if getattr(values, "is_sparse", False):
            values = values.to_dense()
        if hasattr(values, "detach"):
            values = values.detach()
        return torch.as_tensor(values, dtype=part.dtype, device=part.device)

    def write(self, leaf: Any, part: Any) -> Any:
        with torch.no_grad():
            leaf.copy_(part)
        return leaf

    def copied(self, part: Any) -> Any:
        return part.clone()

    def present(self, leaf: Any, part: Any) -> Any:
        return part.clone()

    def plain(self, part: Any) -> Any:
        part = part.detach().cpu()
        narrow = "bfloat16" in str(part.dtype)  # which NumPy lacks
        return np.array((part.float() if narrow else part).numpy())


def _tensor(number: Any, like: Any) -> Any:
    """A plain number as a tensor of the precision and on the device of ``like``; a condition stays one."""
    if like is None or isinstance(number, (bool, np.bool_)):
        return torch.as_tensor(number)
    return torch.as_tensor(number, dtype=like.dtype, device=like.device)


TORCH = TorchTensors()
