"""A PyTorch cost as a formula or a program: it is called once, and each operation that reaches PyTorch is followed.

A dispatch mode sees the operations below autograd ("aten"). A tensor that depends on the parameters has a shadow, an
array of symbols; an operation on shadowed tensors gives its result a shadow. What has no counterpart in symbols
(a branch on a value, random numbers, changes in place) raises ``TraceError``, and PyTorch then computes every step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from downslope.messages import message
from downslope.objectives.frameworks.symbols import (
    Allowance,
    Followed,
    expressions_of,
    followed,
    one_vector,
    symbols_of,
)
from downslope.objectives.frameworks.tensors import Tensors
from downslope.objectives.frameworks.torch_operations import OF_SHAPES, OPERATIONS
from downslope.programs import ProgramArray
from downslope.symbolic.unknown import TraceError


def traced(function: Callable[..., Any], tensors: Tensors) -> list[Any]:
    """The SymEngine expressions, flat, of what ``function`` returns for the parameters.

    Raises:
        TraceError: some of it cannot be expressed in symbols, or it is too large.
    """
    return expressions_of(_shadows_of_result(function, tensors, symbols_of(tensors.parameters)))


def recorded(function: Callable[..., Any], tensors: Tensors, x: ProgramArray) -> ProgramArray:
    """What ``function`` returns for the parameters, one vector, recorded in the program of ``x``.

    Raises:
        TraceError: some of it is unknown there.
    """
    return one_vector(_shadows_of_result(function, tensors, x))


def _shadows_of_result(function: Callable[..., Any], tensors: Tensors, x: Followed) -> list[Any]:
    """What ``function`` returns, part by part, where ``x`` follows the flat vector of the parameters."""
    parameters = tensors.parameters
    flat = torch.tensor(tensors.x, dtype=getattr(torch, tensors.precision), device=tensors.like.device)
    values, mode = {}, _Shadows()
    end = 0
    for name, piece, shape in zip(
        parameters.names, flat.split_with_sizes(parameters.sizes), parameters.shapes, strict=True
    ):
        begin, end = end, end + piece.numel()
        values[name] = piece.clone().view(shape)
        mode.cast(values[name], x[begin:end].reshape(shape))
    try:
        with torch.no_grad(), _Readers(mode), mode:
            result = tensors.call(function, values)
        parts = list(result.values()) if isinstance(result, dict) else result
        parts = parts if isinstance(parts, (list, tuple)) else [parts]
        return [mode.shadow(part) for part in parts]
    except TraceError:
        raise
    except Exception as error:  # whatever it raises without a gradient or for lack of a shadow
        raise TraceError(
            message("it cannot be followed in symbols ({kind})", kind=type(error).__name__)
        ) from error


# What hands a tensor's numbers to Python or NumPy without an operation below, so that the dispatch mode sees nothing.
_READING = frozenset(
    [
        *("numpy", "tolist", "__array__", "__dlpack__", "__array_interface__", "__cuda_array_interface__"),
        *("data_ptr", "storage", "untyped_storage", "_typed_storage", "__reduce_ex__", "__deepcopy__"),
    ]
)


class _Readers(TorchFunctionMode):  # type: ignore[misc] # torch is optional, and unseen by the checker
    """Refuses what reads the numbers of a tensor that has a shadow: a branch or mask made of them would be frozen."""

    def __init__(self, shadows: _Shadows) -> None:
        super().__init__()
        self._shadows = shadows

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        reads = getattr(func, "__name__", "") in _READING or func == torch.Tensor.data.__get__
        if reads and self._shadows.has(args):
            raise TraceError(message("it reads the numbers of its parameters"))
        return func(*args, **(kwargs or {}))


class _Shadows(TorchDispatchMode):  # type: ignore[misc] # torch is optional, and unseen by the checker
    """Does every operation in PyTorch as usual, and on the shadows in symbols."""

    def __init__(self) -> None:
        super().__init__()
        self._shadows: dict[
            int, tuple[torch.Tensor, Followed]
        ] = {}  # the tensor is kept: its id stays its own
        self._allowance = Allowance()

    def cast(self, tensor: torch.Tensor, shadow: Followed) -> None:
        """Give a tensor its shadow."""
        self._allowance.take(shadow, tuple(tensor.shape))
        self._shadows[id(tensor)] = tensor, shadow

    def shadow(self, value: Any) -> Any:
        """The shadow of a tensor, the numbers of one that has none; anything else as it is."""
        if isinstance(value, torch.Tensor):
            kept = self._shadows.get(id(value))
            return kept[1] if kept else value.detach().cpu().numpy()
        if isinstance(value, (list, tuple)):
            return type(value)(self.shadow(v) for v in value)
        return value

    def has(self, value: Any) -> bool:
        """Whether a tensor, or one in a list, has a shadow."""
        if isinstance(value, (list, tuple)):
            return any(map(self.has, value))
        return isinstance(value, torch.Tensor) and id(value) in self._shadows

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise TraceError(message("it draws random numbers"))
        if func is torch.ops.aten._local_scalar_dense.default and self.has(args):
            raise TraceError(message("it branches on a value, or calls float() or .item()"))
        result = func(*args, **kwargs)
        if not (self.has(args) or self.has(tuple(kwargs.values()))):
            return result
        name = func.overloadpacket.__name__
        if name in OF_SHAPES:
            return result
        if func._schema.is_mutable or name not in OPERATIONS:
            raise TraceError(message("{name} has no counterpart in symbols", name=name))
        given, options = [self.shadow(a) for a in args], {k: self.shadow(v) for k, v in kwargs.items()}
        shadows = OPERATIONS[name](*given, **options)
        if isinstance(result, torch.Tensor):
            self.cast(result, followed(shadows, given))
            return result
        for tensor, shadow in zip(result, shadows, strict=False):
            self.cast(tensor, followed(shadow, given))
        return result
