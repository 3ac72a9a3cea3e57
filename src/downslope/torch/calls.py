"""Each operation of a program as a call of torch on lists of tensors, or of NumPy on scalars."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch

from downslope.optimizers import arithmetic
from downslope.torch.fusing import Operation

Tensors: TypeAlias = list[torch.Tensor]
Step: TypeAlias = Callable[[list[Any]], None]  # works on the table of values

_SCALARS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": lambda a, b: np.float64(a) / b,  # which is infinite where b is 0
    "pow": lambda a, b: np.float64(a) ** b,
    "neg": operator.neg,
    "less": operator.lt,
    "less_equal": operator.le,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b),
    "where": lambda condition, yes, no: yes if condition else no,
    "sqrt": np.sqrt,
    "absolute": abs,
    "sign": np.sign,
    "floor": np.floor,
    "cos": np.cos,
    "log": np.log,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "entry": lambda table, k: table[int(min(k, len(table) - 1))],
}

# name -> (new list, in place); a list of tensors and its companions, then scalars
_VECTORS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "scale": (torch._foreach_mul, torch._foreach_mul_),
    "shift": (torch._foreach_add, torch._foreach_add_),
    "mul": (torch._foreach_mul, torch._foreach_mul_),
    "div": (torch._foreach_div, torch._foreach_div_),
    "lerp": (torch._foreach_lerp, torch._foreach_lerp_),
    "sqrt": (torch._foreach_sqrt, torch._foreach_sqrt_),
    "absolute": (torch._foreach_abs, torch._foreach_abs_),
    "sign": (torch._foreach_sign, torch._foreach_sign_),
    "floor": (torch._foreach_floor, torch._foreach_floor_),
    "cos": (torch._foreach_cos, torch._foreach_cos_),
    "log": (torch._foreach_log, torch._foreach_log_),
    "maximum": (torch._foreach_maximum, torch._foreach_maximum_),
    "minimum": (torch._foreach_minimum, torch._foreach_minimum_),
    "maximum:vs": (torch._foreach_clamp_min, torch._foreach_clamp_min_),
    "minimum:vs": (torch._foreach_clamp_max, torch._foreach_clamp_max_),
    "maximum:sv": (torch._foreach_clamp_min, torch._foreach_clamp_min_),
    "minimum:sv": (torch._foreach_clamp_max, torch._foreach_clamp_max_),
    "pow:vs": (torch._foreach_pow, torch._foreach_pow_),
}
# those whose scalar has a name
_NAMED: dict[str, tuple[Callable[..., Any], Callable[..., Any], str]] = {
    "add_scaled": (torch._foreach_add, torch._foreach_add_, "alpha"),
    "add_product": (torch._foreach_addcmul, torch._foreach_addcmul_, "value"),
    "add_quotient": (torch._foreach_addcdiv, torch._foreach_addcdiv_, "value"),
}
X = 0  # the place of x, which comes first on every tape
IN_PLACE = frozenset([*_VECTORS, *_NAMED, "reciprocal"])  # of their first list
SWAPPABLE = frozenset(["mul", "maximum", "minimum"])


def _each_alone(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda like, *values: function(*values)


def _where(like: torch.Tensor, condition: Any, yes: Any, no: Any) -> torch.Tensor:
    """``torch.where`` whose plain numbers are of the precision of ``like``, a parameter."""

    def tensor(value: Any) -> torch.Tensor:
        return (
            value
            if isinstance(value, torch.Tensor)
            else torch.as_tensor(value, dtype=like.dtype, device=like.device)
        )

    if not isinstance(condition, torch.Tensor):
        return (tensor(yes) if condition else tensor(no)).expand_as(like).clone()
    return torch.where(condition, tensor(yes), tensor(no))


# Tensor by tensor, where lists have no call. The first argument is the parameter.
_TENSORS: dict[str, Callable[..., Any]] = {
    "where": _where,
    "less": _each_alone(operator.lt),
    "less_equal": _each_alone(operator.le),
    "logical_and": _each_alone(arithmetic.both),
    "logical_or": _each_alone(arithmetic.either),
    "zeros_like": _each_alone(torch.zeros_like),
    "pow": _each_alone(operator.pow),
}


def step_of(operation: Operation, in_place: bool) -> Step:
    """The operation as a function of the table of values."""
    name, out, vectors, scalars = operation
    if name == "dot":
        return _dot(out, *vectors)
    if not vectors:
        return _scalar(out, _SCALARS[name], scalars)
    if name == "pick":
        return _pick(out, scalars[0], *vectors)
    if name in _NAMED:
        new, changed, word = _NAMED[name]
        return _named(out, changed if in_place else new, vectors, word, scalars[0])
    if name == "reciprocal":
        return _reciprocal(out, vectors[0], scalars[0], in_place)
    if name in _VECTORS:
        return _call(out, _VECTORS[name][in_place], vectors, scalars, in_place)
    return _each(operation)


def _get(place: Any) -> Callable[[list[Any]], Any]:
    """What reads a scalar: a place of the table, or a number or condition as it is."""
    if type(place) is int:
        return operator.itemgetter(place)
    return lambda s: place


def _scalar(out: int, function: Callable[..., Any], operands: tuple[Any, ...]) -> Step:
    gets = [_get(operand) for operand in operands]
    if len(gets) == 1:
        only = gets[0]

        def step(s: list[Any]) -> None:
            s[out] = function(only(s))

    elif len(gets) == 2:
        first, second = gets

        def step(s: list[Any]) -> None:
            s[out] = function(first(s), second(s))

    else:

        def step(s: list[Any]) -> None:
            s[out] = function(*(get(s) for get in gets))

    return step


def _dot(out: int, a: int, b: int) -> Step:
    def step(s: list[Any]) -> None:
        total = 0.0
        for p, q in zip(s[a], s[b], strict=True):
            total += (p.reshape(-1) @ q.reshape(-1)).item()
        s[out] = np.float64(total)

    return step


def _pick(out: int, condition: Any, yes: int, no: int) -> Step:
    get = _get(condition)

    def step(s: list[Any]) -> None:
        s[out] = s[yes] if get(s) else s[no]

    return step


def _named(out: int, function: Callable[..., Any], vectors: tuple[int, ...], word: str, scalar: Any) -> Step:
    get, in_place = _get(scalar), function.__name__.endswith("_")
    base, others = vectors[0], vectors[1:]

    def step(s: list[Any]) -> None:
        made = function(s[base], *(s[v] for v in others), **{word: get(s)})
        s[out] = s[base] if in_place else made

    return step


def _call(
    out: int, function: Callable[..., Any], vectors: tuple[int, ...], scalars: tuple[Any, ...], in_place: bool
) -> Step:
    base, others, gets = vectors[0], vectors[1:], [_get(scalar) for scalar in scalars]

    def step(s: list[Any]) -> None:
        made = function(s[base], *(s[v] for v in others), *(get(s) for get in gets))
        s[out] = s[base] if in_place else made

    return step


def _reciprocal(out: int, vector: int, scalar: Any, in_place: bool) -> Step:
    get = _get(scalar)

    def step(s: list[Any]) -> None:
        made = s[vector]
        if in_place:
            torch._foreach_reciprocal_(made)
        else:
            made = torch._foreach_reciprocal(made)
        torch._foreach_mul_(made, get(s))
        s[out] = made

    return step


def _each(operation: Operation) -> Step:
    """One tensor after the other; ``where:vvs`` says which operands are vectors and which scalars."""
    name, _, shape = operation.name.partition(":")
    out, vectors, gets = operation.out, operation.vectors, [_get(scalar) for scalar in operation.scalars]
    shape = shape or "v" * len(vectors)
    function = _TENSORS[name]

    def step(s: list[Any]) -> None:
        numbers, made = [get(s) for get in gets], []
        for i, like in enumerate(s[X]):
            parts, rest = iter([s[v][i] for v in vectors]), iter(numbers)
            made.append(function(like, *(next(parts) if kind == "v" else next(rest) for kind in shape)))
        s[out] = made

    return step
