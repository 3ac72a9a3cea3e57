"""What each operation of PyTorch's ("aten") does with arrays that are followed, by the arguments that it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from downslope.messages import message
from downslope.objectives.frameworks.symbols import (
    elements,
    followed,
    log_softmax,
    log_sum_exp,
    named,
    of_formulas,
    same,
)
from downslope.symbolic.unknown import TraceError

# Their results depend on the shape of what they are given, not on its values.
OF_SHAPES = frozenset(
    [
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty",
        "sym_size",
    ]
)

_each_softplus, _each_sigmoid, _each_erf = (named(name) for name in ("softplus", "sigmoid", "erf"))


def _reduced(array: Any, reduction: int) -> Any:
    """0: every element, 1: their mean, 2: their sum, as PyTorch's losses number them."""
    return array if reduction == 0 else (np.mean(array) if reduction == 1 else np.sum(array))


def _axes(dim: Any) -> Any:
    """PyTorch's ``dim``: none or an empty list means all."""
    if dim is None or (isinstance(dim, (list, tuple)) and not dim):
        return None
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _sum(a: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    return np.sum(a, axis=_axes(dim), keepdims=keepdim)


def _mean(a: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    return np.mean(a, axis=_axes(dim), keepdims=keepdim)


def _prod(a: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    return np.prod(elements(a), axis=dim, keepdims=keepdim)


def _variance(a: Any, dim: Any = None, *, correction: Any = None, keepdim: bool = False) -> Any:
    axes = _axes(dim)
    spread = a - np.mean(a, axis=axes, keepdims=True)
    total = np.sum(spread * spread, axis=axes, keepdims=keepdim)
    count = a.size // max(1, np.size(np.empty(total.shape)))
    return total / (count - (1 if correction is None else correction))


def _extreme(function: Any) -> Callable[..., Any]:
    def extreme(a: Any, dim: Any = None, keepdim: bool = False) -> Any:
        axes = _axes(dim)
        if keepdim or (isinstance(axes, tuple) and len(axes) > 1):
            raise TraceError(message("an extreme over several dimensions has no counterpart in symbols"))
        return function(a, axis=axes[0] if isinstance(axes, tuple) else axes)

    return extreme


def _norm(a: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    axes = _axes(dim)
    if ord in (2, None):
        return np.sqrt(np.sum(a * a, axis=axes, keepdims=keepdim))
    if ord == 1:
        return np.sum(np.abs(a), axis=axes, keepdims=keepdim)
    raise TraceError(message("the norm of order {ord} has no counterpart in symbols", ord=ord))


def _logsumexp(a: Any, dim: Any, keepdim: bool = False) -> Any:
    axes = _axes(dim)
    axis = axes[0] if isinstance(axes, tuple) and len(axes) == 1 else axes
    if not isinstance(axis, int):
        raise TraceError(message("logsumexp over several dimensions has no counterpart in symbols"))
    return log_sum_exp(a, axis, keepdim)


def _nll_loss(a: Any, target: Any, weight: Any, *how: int) -> Any:
    reduction, ignore_index = how
    if weight is not None or np.any(target == ignore_index):
        raise TraceError(message("nll_loss with weights or ignored labels has no counterpart in symbols"))
    picked = elements(a)[target if a.ndim == 1 else (np.arange(len(target)), target)]
    return (_reduced(-followed(picked), reduction),)


def _huber(a: Any, b: Any, reduction: int = 1, delta: float = 1.0) -> Any:
    gap = np.abs(a - b)
    return _reduced(np.where(gap < delta, 0.5 * gap * gap, delta * (gap - 0.5 * delta)), reduction)


def _smooth_l1(a: Any, b: Any, reduction: int = 1, beta: float = 1.0) -> Any:
    gap = np.abs(a - b)
    return _reduced(
        gap if beta == 0 else np.where(gap < beta, 0.5 * gap * gap / beta, gap - 0.5 * beta), reduction
    )


def _cross_entropy(p: Any, target: Any, weight: Any = None, reduction: int = 1) -> Any:
    if weight is not None:
        raise TraceError(message("binary_cross_entropy with weights has no counterpart in symbols"))
    return _reduced(-(target * np.log(p) + (1 - target) * np.log(1 - p)), reduction)


def _cross_entropy_logits(z: Any, target: Any, *more: Any) -> Any:
    given: list[Any] = [*more, *(None, None, 1)[len(more) :]]
    weight, pos_weight, reduction = given
    if weight is not None or pos_weight is not None:
        raise TraceError(
            message("binary_cross_entropy_with_logits with weights has no counterpart in symbols")
        )
    return _reduced(_each_softplus(z) - target * z, reduction)


def _softplus(a: Any, beta: float = 1, threshold: float = 20) -> Any:
    """PyTorch's own is the identity above a threshold."""
    return np.where(a * beta > threshold, a, _each_softplus(a * beta) / beta)


def _gelu(a: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a * a * a)))
    return 0.5 * a * (1 + _each_erf(a / np.sqrt(2)))


def _elu(a: Any, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Any:
    return np.where(a > 0, scale * a, scale * alpha * (np.exp(input_scale * a) - 1))


def _clamp(a: Any, min: Any = None, max: Any = None) -> Any:
    return np.clip(a, min=min, max=max)


def _slice(a: Any, dim: int = 0, *span: Any) -> Any:
    given: list[Any] = [*span, *(None, None, 1)[len(span) :]]
    start, end, step = given
    index = [slice(None)] * a.ndim
    index[dim] = slice(start, None if end is None or end > a.shape[dim] else end, step)
    return a[tuple(index)]


def _select(a: Any, dim: int, index: int) -> Any:
    return a[(slice(None),) * (dim % a.ndim) + (index,)]


def _squeeze(a: Any, dim: Any = None) -> Any:
    axes = range(a.ndim) if dim is None else ([dim] if isinstance(dim, int) else dim)
    gone = {d % a.ndim for d in axes if a.ndim and a.shape[d] == 1}
    return a.reshape(tuple(n for d, n in enumerate(a.shape) if d not in gone))


def _expand(a: Any, size: Sequence[int], *, implicit: bool = False) -> Any:
    padded = (1,) * (len(size) - a.ndim) + a.shape
    shape = tuple(old if new == -1 else new for old, new in zip(padded, size, strict=True))
    return np.broadcast_to(elements(a), shape)


def _division(a: Any, b: Any, *, rounding_mode: Any = None) -> Any:
    if rounding_mode is not None:
        raise TraceError(message("a rounded division has no derivative"))
    return a / b


def _copied(a: Any, *, dtype: Any = None, **_: Any) -> Any:
    if dtype is not None and not dtype.is_floating_point:
        raise TraceError(message("a conversion to {dtype} has no derivative", dtype=dtype))
    return a if dtype is None else a.astype(float)


def _permuted(a: Any, dims: Sequence[int]) -> Any:
    return np.transpose(elements(a), tuple(dims))


OPERATIONS: dict[str, Callable[..., Any]] = {
    **of_formulas("torch"),
    # arithmetic
    "add": lambda a, b, *, alpha=1: a + (b if alpha == 1 else alpha * b),
    "sub": lambda a, b, *, alpha=1: a - (b if alpha == 1 else alpha * b),
    "rsub": lambda a, b, alpha=1: b - (a if alpha == 1 else alpha * a),
    "mul": lambda a, b: a * b,
    "div": _division,
    "pow": lambda a, b: np.power(a, b),
    "neg": lambda a: -a,
    "addcmul": lambda a, b, c, *, value=1: a + value * b * c,
    "addcdiv": lambda a, b, c, *, value=1: a + value * b / c,
    "lerp": lambda a, b, weight: a + weight * (b - a),
    "xlogy": lambda a, b: a * np.log(b),
    # matrices
    **dict.fromkeys(("mv", "mm", "dot", "bmm"), lambda a, b: np.matmul(a, b)),
    **dict.fromkeys(
        ("addmm", "addmv"), lambda c, a, b, *, beta=1, alpha=1: beta * c + alpha * np.matmul(a, b)
    ),
    "trace": lambda a: np.sum(np.diagonal(elements(a))),
    # sums and the like
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "cumsum": lambda a, dim, *, dtype=None: np.cumsum(elements(a), axis=dim),
    "var": _variance,
    "std": lambda *args, **options: np.sqrt(_variance(*args, **options)),
    **dict.fromkeys(("amax", "max"), _extreme(np.max)),
    **dict.fromkeys(("amin", "min"), _extreme(np.min)),
    **dict.fromkeys(("linalg_vector_norm", "norm"), _norm),
    "logsumexp": _logsumexp,
    # losses
    "mse_loss": lambda a, b, reduction=1: _reduced((a - b) * (a - b), reduction),
    "huber_loss": _huber,
    "smooth_l1_loss": _smooth_l1,
    "binary_cross_entropy": _cross_entropy,
    "binary_cross_entropy_with_logits": _cross_entropy_logits,
    "nll_loss_forward": _nll_loss,
    "_log_softmax": lambda a, dim, *_: log_softmax(a, dim),
    "_softmax": lambda a, dim, *_: np.exp(log_softmax(a, dim)),
    # element by element
    "square": lambda a: a * a,
    "rsqrt": lambda a: 1 / np.sqrt(a),
    "reciprocal": lambda a: 1 / a,
    "exp2": lambda a: np.exp2(a),
    "logaddexp": lambda a, b: np.logaddexp(a, b),
    "log_sigmoid_forward": lambda a: (-_each_softplus(-a),),
    "softplus": _softplus,
    "silu": lambda a: a * _each_sigmoid(a),
    "gelu": _gelu,
    "elu": _elu,
    "leaky_relu": lambda a, slope=0.01: np.where(a > 0, a, slope * a),
    # comparisons and choices
    "where": lambda condition, a, b: np.where(condition, a, b),
    **dict.fromkeys(("clamp", "hardtanh"), _clamp),
    "clamp_min": lambda a, bound: np.maximum(a, bound),
    "clamp_max": lambda a, bound: np.minimum(a, bound),
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "logical_and": lambda a, b: np.logical_and(a, b),
    "logical_or": lambda a, b: np.logical_or(a, b),
    "logical_not": lambda a: np.logical_not(a),
    # places
    **dict.fromkeys(
        ["view", "_unsafe_view", "reshape", "_reshape_alias"], lambda a, size, *_: a.reshape(tuple(size))
    ),
    **dict.fromkeys(
        ["clone", "detach", "alias", "lift_fresh", "lift_fresh_copy", "contiguous", "positive"], same
    ),
    "_to_copy": _copied,
    "select": _select,
    "slice": _slice,
    "squeeze": _squeeze,
    "unsqueeze": lambda a, dim: np.expand_dims(elements(a), dim),
    "expand": _expand,
    "t": lambda a: a.T,
    "transpose": lambda a, d0, d1: np.swapaxes(elements(a), d0, d1),
    "permute": _permuted,
    "flip": lambda a, dims: np.flip(elements(a), tuple(dims)),
    "diagonal": lambda a, offset=0, dim1=0, dim2=1: np.diagonal(elements(a), offset, dim1, dim2),
    "cat": lambda arrays, dim=0: np.concatenate([elements(a, *arrays) for a in arrays], axis=dim),
    "stack": lambda arrays, dim=0: np.stack([elements(a, *arrays) for a in arrays], axis=dim),
    "unbind": lambda a, dim=0: list(np.moveaxis(elements(a), dim, 0)),
    "split": lambda a, size, dim=0: np.split(elements(a), range(size, a.shape[dim], size), axis=dim),
    "index": lambda a, indices: elements(a)[tuple(slice(None) if i is None else i for i in indices)],
}
