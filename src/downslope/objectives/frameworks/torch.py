"""Costs written in PyTorch: traced into a formula where that can be, else differentiated by autograd at every step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from downslope.errors import ObjectiveError, StartError
from downslope.messages import message
from downslope.objectives.frameworks.agreement import look_at_slope
from downslope.objectives.frameworks.answers import (
    flat_gradient,
    gradient_parts,
    name_of,
    nothing_returned,
    one_number,
    refuse_several,
)
from downslope.objectives.frameworks.programs import CostReader, read_cost
from downslope.objectives.frameworks.tensors import (
    IN_PLACE,
    TensorLibrary,
    Tensors,
)
from downslope.objectives.frameworks.torch_errors import meaning, other_tensors
from downslope.objectives.frameworks.torch_symbols import recorded, traced
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.symbolic.unknown import TraceError


class TorchObjective(Objective):
    """A function of PyTorch tensors, called and differentiated by PyTorch at every evaluation."""

    def __init__(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> None:
        super().__init__(tensors.parameters, name_of(function), tensors.precision)
        self._function, self._tensors, self._supplied = function, tensors, gradient
        self.device = tensors.like.device
        self._near = self.device.type == "cpu"
        self.differentiation = "torch.autograd" if gradient is None else "supplied"
        if gradient is None:
            self.remote = TorchRemote(self)

    @property
    def called(self) -> tuple[Any, ...]:
        return tuple(f for f in (self._function, self._supplied) if f is not None)

    def value(self, x: Vector) -> float:
        return float(self._scalar(self._call(self._function, self.leaves(x))).detach())

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        if self._supplied is not None:
            return self.value(x), self._own_gradient(self.leaves(x))
        value, parts = self.value_and_parts(self.leaves(x))
        flat = parts[0] if len(parts) == 1 else torch.cat([part.reshape(-1) for part in parts])
        return value, (flat.numpy() if self._near else flat.cpu().numpy()).reshape(-1)

    def value_and_parts(self, leaves: list[torch.Tensor]) -> tuple[float, list[torch.Tensor]]:
        """The value, and the gradient of each leaf."""
        if not torch.is_grad_enabled():  # by no_grad() around the descent: it is ours to differentiate
            with torch.inference_mode(False), torch.enable_grad():
                return self.value_and_parts([leaf.detach().clone().requires_grad_() for leaf in leaves])
        value = self._scalar(self._call(self._function, leaves))
        try:
            parts = torch.autograd.grad(value, leaves, allow_unused=True)
        except RuntimeError as error:
            raise meaning(error, self.text) from error
        if any(part is None for part in parts):
            if all(part is None for part in parts):
                raise ObjectiveError(other_tensors(self.text))
            parts = [
                torch.zeros_like(leaf) if part is None else part
                for leaf, part in zip(leaves, parts, strict=True)
            ]
        return value.item(), list(parts)

    def refuse_changes(self, x: Vector) -> None:
        """Raise ObjectiveError where the function writes into its parameters, where PyTorch does not see it."""
        leaves, fresh = self.leaves(x), self.leaves(x)
        self._call(self._function, leaves)
        if not all(torch.equal(leaf, other) for leaf, other in zip(leaves, fresh, strict=True)):
            raise ObjectiveError(
                message(
                    "{text} changes its parameters in place (by .data or under no_grad), so its value"
                    " would belong to another point; compute new tensors: w = w.clamp(0, 1) for"
                    " w.data.clamp_(0, 1).",
                    text=self.text,
                )
            )

    def leaves(self, x: Vector) -> list[torch.Tensor]:
        """Fresh leaf tensors, which the function may keep: they share memory with nothing that changes later."""
        flat = torch.from_numpy(np.array(x, self.dtype))
        if not self._near:
            flat = flat.to(self.device)
        shapes = self.parameters.shapes
        if len(shapes) == 1:
            return [(flat if len(shapes[0]) == 1 else flat.view(shapes[0])).requires_grad_()]
        pieces = flat.split_with_sizes(self.parameters.sizes)
        return [piece.view(shape).requires_grad_() for piece, shape in zip(pieces, shapes, strict=True)]

    def _call(self, function: Callable[..., Any], leaves: list[torch.Tensor]) -> Any:
        try:
            return self._tensors.call(function, dict(zip(self.parameters.names, leaves, strict=True)))
        except RuntimeError as error:
            raise meaning(error, self.text) from error

    def _scalar(self, result: Any) -> torch.Tensor:
        if result is None:
            raise nothing_returned(self.text)
        if not isinstance(result, torch.Tensor):
            refuse_several(result, self.text)
            if self._supplied is None or not isinstance(result, (int, float)):
                raise ObjectiveError(
                    message(
                        "{text} returned {result!r:.40}, not a tensor: it does not depend on its parameters:"
                        " .item(), .detach(), float(), torch.no_grad() or torch.tensor(...) inside it cut them"
                        " off.",
                        text=self.text,
                        result=result,
                    )
                )
            return torch.tensor(float(result))
        if result.dim() or result.is_complex():
            one_number(np.empty(result.shape, complex if result.is_complex() else float), self.text)
            return result.reshape(())
        return result

    def _own_gradient(self, leaves: list[torch.Tensor]) -> Vector:
        assert self._supplied is not None
        result = gradient_parts(self._call(self._supplied, leaves), self.parameters)
        parts = [torch.as_tensor(part).detach().cpu().numpy() for part in result]
        return flat_gradient(parts, self.parameters, self.dtype)


class TorchRemote:
    """Tensors as PyTorch keeps them: one of each parameter's shape, on its device."""

    engine = "hosted"
    least = 500

    def __init__(self, objective: TorchObjective) -> None:
        self._objective = objective

    def array(self, x: Vector) -> list[torch.Tensor]:
        """A flat vector as a list of tensors."""
        return [leaf.detach() for leaf in self._objective.leaves(x)]

    def leaf(self, leaf: Any) -> Any:
        """Itself: rules make states of tensors out of tensors. Numbers of NumPy come from a run that goes on."""
        if not isinstance(leaf, np.ndarray):
            return leaf
        return torch.from_numpy(leaf.copy()).to(self._objective.device)

    def numbers(self, leaf: torch.Tensor) -> NDArray[Any]:
        """A tensor in NumPy, in its own precision."""
        return np.array(leaf.detach().cpu().numpy())

    def vector(self, x: list[torch.Tensor], out: Vector | None = None) -> Vector:
        """The numbers of a list of tensors."""
        flat = np.empty(sum(part.numel() for part in x)) if out is None else out
        begin = 0
        for part in x:
            end = begin + part.numel()
            flat[begin:end] = part.reshape(-1).cpu().numpy()
            begin = end
        return flat

    def value_and_gradient(self, x: list[torch.Tensor]) -> tuple[float, list[torch.Tensor]]:
        """The value, and the gradient as a list of tensors."""
        return self._objective.value_and_parts([part.detach().requires_grad_() for part in x])

    def squared_length(self, parts: list[torch.Tensor]) -> float:
        """The squared Euclidean length of a list of tensors taken as one vector."""
        return sum(float(length) ** 2 for length in torch._foreach_norm(parts))

    def prepare_step(self, step: Callable[[Any], Any], carry: Any) -> Callable[[Any], Any]:
        """The step as it is: PyTorch computes it operation by operation."""
        return step


class TorchLibrary(TensorLibrary):
    """PyTorch."""

    name = "PyTorch"
    cast = ("torch.tensor([1.0, 2.0])", "tensor.double()")
    fixed = message(
        "{option} needs a start that can be changed: leaf tensors that are not expanded; leave it out and"
        " use run.x.",
        option=IN_PLACE,
    )

    def numbers(self, tensor: Any) -> NDArray[Any]:
        if tensor.is_meta or tensor.layout != torch.strided:
            if tensor.is_meta:
                raise StartError(
                    message(
                        "the start is a tensor of layout {layout} on {device}: it holds no numbers.",
                        layout=tensor.layout,
                        device=tensor.device,
                    )
                )
            raise StartError(
                message(
                    "the start is a tensor of layout {layout} on {device}: give its to_dense().",
                    layout=tensor.layout,
                    device=tensor.device,
                )
            )
        return np.array(tensor.detach().cpu().numpy())

    def precision(self, tensor: Any) -> str:
        return str(tensor.dtype).removeprefix("torch.")

    def like(self, numbers: NDArray[Any], tensor: Any) -> Any:
        made = torch.tensor(numbers, dtype=tensor.dtype, device=tensor.device)
        return (
            torch.nn.Parameter(made, tensor.requires_grad) if isinstance(tensor, torch.nn.Parameter) else made
        )

    def can_change(self, tensor: Any) -> bool:
        own = all(step or n <= 1 for n, step in zip(tensor.shape, tensor.stride(), strict=True))
        return bool(tensor.is_leaf and own)  # an expanded one has one number in many places

    def put(self, tensor: Any, numbers: NDArray[Any]) -> None:
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(numbers.copy()))

    def objective(
        self, function: Callable[..., Any], tensors: Tensors, gradient: Callable[..., Any] | None
    ) -> tuple[Objective, Vector]:
        hosted = TorchObjective(function, tensors, gradient)
        hosted.value_and_gradient(tensors.x)  # its errors come first, in PyTorch's words made plain
        hosted.refuse_changes(tensors.x)
        slopes = None if gradient is None else _reader(gradient, tensors)
        try:
            return read_cost(_reader(function, tensors), slopes, hosted, tensors), tensors.x
        except TraceError as error:
            hosted.notes = (message("PyTorch computes every step: {why}.", why=error.message),)
        if gradient is None:
            look_at_slope(hosted, tensors.x, (".detach()", ".item()", "torch.no_grad()"))
        return hosted, tensors.x


def _reader(function: Callable[..., Any], tensors: Tensors) -> CostReader:
    near = tensors.like.device.type == "cpu"
    return CostReader(
        partial(traced, function, tensors), partial(recorded, function, tensors) if near else None
    )


LIBRARY = TorchLibrary()
