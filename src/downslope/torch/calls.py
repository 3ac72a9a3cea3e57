"""Each operation of a program as one line of Python: a call of torch on lists of tensors or on single ones, or
arithmetic of floats.

The lines are made of the operations' names here, of places and of numbers; nothing that a person wrote is in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch

from downslope.optimizers import arithmetic
from downslope.torch.fusing import Operation

Tensors: TypeAlias = list[torch.Tensor]

# Of scalars, by operators where Python's floats do what IEEE says, and by functions below where they would raise.
_OPERATORS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "neg": "-{}",
    "less": "{} < {}",
    "less_equal": "{} <= {}",
    "logical_and": "({} and {})",
    "logical_or": "({} or {})",
    "where": "({1} if {0} else {2})",
    "absolute": "abs({})",
}

# name -> torch's function on lists of tensors, of which there is one that changes the first list, with "_" behind
_LISTS = {
    "scale": "_foreach_mul",
    "shift": "_foreach_add",
    "mul": "_foreach_mul",
    "div": "_foreach_div",
    "lerp": "_foreach_lerp",
    "sqrt": "_foreach_sqrt",
    "absolute": "_foreach_abs",
    "sign": "_foreach_sign",
    "floor": "_foreach_floor",
    "cos": "_foreach_cos",
    "log": "_foreach_log",
    "maximum": "_foreach_maximum",
    "minimum": "_foreach_minimum",
    "maximum:vs": "_foreach_clamp_min",
    "minimum:vs": "_foreach_clamp_max",
    "maximum:sv": "_foreach_clamp_min",
    "minimum:sv": "_foreach_clamp_max",
    "pow:vs": "_foreach_pow",
    "add_scaled": "_foreach_add",
    "add_product": "_foreach_addcmul",
    "add_quotient": "_foreach_addcdiv",
}
_WORDS = {"add_scaled": "alpha", "add_product": "value", "add_quotient": "value"}  # of the scalar

_COMPARED = ("less", "less_equal")  # which Python's operators do of tensors, too

IN_PLACE = frozenset([*_LISTS, "reciprocal"])  # operations that can overwrite their first list
SWAPPABLE = frozenset(["mul", "maximum", "minimum"])


def line_of(operation: Operation, in_place: bool) -> str:
    """The operation as a line; ``v3`` is the value at place 3.

    >>> line_of(Operation("add_scaled", 9, (0, 1), (7,)), in_place=True)
    '_foreach_add_(v0, v1, alpha=v7); v9 = v0'
    >>> line_of(Operation("div", 8, (), (2, 0.5)), in_place=False)
    'v8 = _div(v2, 0.5)'
    """
    name, out, vectors, scalars = operation
    places, numbers = [f"v{place}" for place in vectors], [_word(scalar) for scalar in scalars]
    if name == "dot":
        return f"v{out} = _dot({', '.join(places)})"
    if not vectors or name == "pick":
        return _plain(name, out, places, numbers)
    if name in _LISTS:
        arguments = ", ".join([*places, *_worded(name, numbers)])
        if in_place:
            return f"{_LISTS[name]}_({arguments}); v{out} = {places[0]}"
        return f"v{out} = {_LISTS[name]}({arguments})"
    if name == "reciprocal":
        return f"v{out} = _reciprocal({places[0]}, {numbers[0]}, {in_place})"
    return _each(name, out, places, numbers)


def line_of_one(operation: Operation, in_place: bool) -> str:
    """The same for one tensor in the place of each list, which spares torch the lists.

    >>> line_of_one(Operation("add_scaled", 9, (0, 1), (7,)), in_place=True)
    'v9 = v0.add_(v1, alpha=v7)'
    """
    name, out, vectors, scalars = operation
    places, numbers = [f"v{place}" for place in vectors], [_word(scalar) for scalar in scalars]
    if name == "dot":
        return f"v{out} = _dot({', '.join(f'[{place}]' for place in places)})"
    if not vectors or name == "pick":
        return _plain(name, out, places, numbers)
    first, ending = places[0], "_" * in_place
    if name in ("maximum", "minimum"):  # which have no method that changes its tensor
        return f"v{out} = _torch_{name}({', '.join(places)}{f', out={first}' * in_place})"
    if name in _LISTS:
        method = _LISTS[name].removeprefix("_foreach_")
        return f"v{out} = {first}.{method}{ending}({', '.join([*places[1:], *_worded(name, numbers)])})"
    if name == "reciprocal":
        return f"v{out} = {first}.reciprocal{ending}().mul_({numbers[0]})"
    return f"v{out} = {_of_one(name, 'x', places, numbers)}"


def _plain(name: str, out: int, places: list[str], numbers: list[str]) -> str:
    """Arithmetic of floats, or a choice between vectors by one."""
    if name == "pick":
        return f"v{out} = {places[0]} if {numbers[0]} else {places[1]}"
    form = _OPERATORS.get(name)
    return f"v{out} = " + (form.format(*numbers) if form else f"_{name}({', '.join(numbers)})")


def _worded(name: str, numbers: list[str]) -> list[str]:
    """The scalars of a call as its arguments; a factor of one is torch's own default."""
    if name not in _WORDS:
        return numbers
    return [f"{_WORDS[name]}={number}" for number in numbers if number != "1.0"]


def _operands(name: str, places: list[str], numbers: list[str]) -> tuple[str, list[str]]:
    """``where:vvs`` says which operands are vectors and which scalars: the function's name, and all in order."""
    kind, _, shape = name.partition(":")
    vectors, scalars = iter(places), iter(numbers)
    return kind, [next(vectors) if letter == "v" else next(scalars) for letter in shape or "v" * len(places)]


def _each(name: str, out: int, places: list[str], numbers: list[str]) -> str:
    """One tensor after the other."""
    parts = [f"p{i}" for i in range(len(places))]
    names = ", ".join(["like", *parts])
    return f"v{out} = [{_of_one(name, 'like', parts, numbers)} for {names} in zip(x, {', '.join(places)})]"


def _of_one(name: str, like: str, places: list[str], numbers: list[str]) -> str:
    """An operation of single tensors; a call of Python's would cost a part of a small step that shows."""
    kind, operands = _operands(name, places, numbers)
    if kind in _COMPARED:
        return _OPERATORS[kind].format(*operands)
    if kind == "where" and not numbers:
        return f"_torch_where({', '.join(operands)})"
    if kind == "masked":
        return f"{operands[0]}.masked_fill({operands[1]}, 0.0)"
    return f"_each_{kind}({like}, {', '.join(operands)})"


def _word(scalar: Any) -> str:
    """A place, or a number, condition or table as Python writes it."""
    return f"v{scalar}" if type(scalar) is int else repr(scalar)


# --- what the lines call -----------------------------------------------------------------------------------


def _div(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.copysign(math.inf, a) * math.copysign(1.0, b) if abs(a) > 0 else math.nan


def _pow(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(a) ** b)


def _guarded(function: Callable[[float], float], otherwise: Callable[[Any], Any]) -> Callable[[float], float]:
    """One of Python's functions, and NumPy's where it raises."""

    def guarded(a: float) -> float:
        try:
            return float(function(a))
        except (ValueError, OverflowError):
            with np.errstate(all="ignore"):
                return float(otherwise(a))

    return guarded


def _maximum(a: float, b: float) -> float:
    return a if a > b or a != a else b


def _minimum(a: float, b: float) -> float:
    return a if a < b or a != a else b


def _sign(a: float) -> float:
    return math.copysign(1.0, a) if a and a == a else a


def _entry(table: tuple[float, ...], k: float) -> float:
    return table[int(min(k, len(table) - 1))]


def _dot(a: Tensors, b: Tensors) -> float:
    total = 0.0
    for p, q in zip(a, b, strict=True):
        total += (p.reshape(-1) @ q.reshape(-1)).item()
    return total


def _reciprocal(tensors: Tensors, scalar: float, in_place: bool) -> Tensors:
    if in_place:
        torch._foreach_reciprocal_(tensors)
        made = tensors
    else:
        made = torch._foreach_reciprocal(tensors)
    torch._foreach_mul_(made, scalar)
    return made


def _each_where(like: torch.Tensor, condition: Any, yes: Any, no: Any) -> torch.Tensor:
    """``torch.where`` whose plain numbers are of the precision of ``like``, a parameter."""

    def tensor(value: Any) -> torch.Tensor:
        if isinstance(value, torch.Tensor):
            return value
        return torch.as_tensor(value, dtype=like.dtype, device=like.device)

    if not isinstance(condition, torch.Tensor):
        return (tensor(yes) if condition else tensor(no)).expand_as(like).clone()
    return torch.where(condition, tensor(yes), tensor(no))


# The names that lines may use.
NAMES: dict[str, Any] = {
    **{name + ending: getattr(torch, name + ending) for name in _LISTS.values() for ending in ("", "_")},
    "inf": math.inf,
    "nan": math.nan,
    "abs": abs,
    "zip": zip,
    "_div": _div,
    "_pow": _pow,
    "_sqrt": _guarded(math.sqrt, np.sqrt),
    "_floor": _guarded(math.floor, np.floor),
    "_cos": _guarded(math.cos, np.cos),
    "_log": _guarded(math.log, np.log),
    "_sign": _sign,
    "_maximum": _maximum,
    "_minimum": _minimum,
    "_entry": _entry,
    "_dot": _dot,
    "_torch_maximum": torch.maximum,
    "_torch_minimum": torch.minimum,
    "_torch_where": torch.where,
    "_reciprocal": _reciprocal,
    "_each_where": _each_where,
    "_each_logical_and": lambda _, a, b: arithmetic.both(a, b),
    "_each_logical_or": lambda _, a, b: arithmetic.either(a, b),
    "_each_zeros_like": lambda _, a: torch.zeros_like(a),
    "_each_pow": lambda _, a, b: a**b,
}
