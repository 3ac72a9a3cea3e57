"""Operations on elements, as vector instructions on several elements at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from downslope.language.functions import FUNCTIONS
from downslope.programs.formulas import OPERATION_OF, worked_out
from downslope.symbolic.lanes import LaneBuilder, Lanes, lane_function, whole_power
from downslope.symbolic.lanes.exponential import power

_SIGN = {operation: sign for sign, operation in OPERATION_OF.items()}
MOST_MULTIPLIED = 64  # powers up to this exponent are products

# How long an operation takes, in additions; what is not here takes 1, and a function of formulas COSTLY.
COSTS = {
    "div": 6,
    "pow": 6,
    "sqrt": 8,
    "abs": 1,
    "max": 2,
    "min": 2,
    "floor": 1,
    "ceil": 1,
    "where": 1,
    "sign": 2,
}
COSTLY = 30


def cost(operation: str) -> int:
    """Of one operation on an element, in additions."""
    return COSTS.get(operation, COSTLY if operation in FUNCTIONS else 1)


def element(w: LaneBuilder, operation: str, parts: Sequence[Lanes]) -> Lanes:
    """An operation of ``node.ELEMENTS`` on these numbers or truth values."""
    if operation in _SIGN:
        return w.compared(_SIGN[operation], *parts)
    if operation in _DIRECT:
        return _DIRECT[operation](w, *parts)
    return _called(w, operation, parts)


def _pow(w: LaneBuilder, x: Lanes, y: Lanes) -> Lanes:
    """``x ** y``; by multiplication where the exponent is a small whole number, or one and a half."""
    exponent = y.literal
    if exponent is None or abs(2 * exponent) > 2 * MOST_MULTIPLIED or not (2 * exponent).is_integer():
        return power(x, y)
    if exponent == 0:
        return w.number(1.0)
    halves = int(2 * abs(exponent))
    if halves % 2:
        w.refuse(x <= -math.inf)  # whose power 1/2 is infinity in C, and root NaN
        root = w.root(x + 0.0)  # and that of -0.0 is 0.0
        found = root if halves == 1 else whole_power(root, halves)
    else:
        found = whole_power(x, halves // 2)
    return 1.0 / found if exponent < 0 else found


def _not(w: LaneBuilder, a: Lanes) -> Lanes:
    return ~a


_DIRECT: Mapping[str, Callable[..., Lanes]] = {
    "add": lambda w, a, b: a + b,
    "sub": lambda w, a, b: a - b,
    "mul": lambda w, a, b: a * b,
    "div": lambda w, a, b: a / b,
    "neg": lambda w, a: -a,
    "pow": _pow,
    "and": lambda w, a, b: a & b,
    "or": lambda w, a, b: a | b,
    "not": _not,
    "where": lambda w, condition, a, b: w.select(condition, a, b),
    "sqrt": lambda w, a: _pow(w, a, w.number(0.5)),
}


def _called(w: LaneBuilder, name: str, parts: Sequence[Lanes]) -> Lanes:
    """A function of formulas: in vector form where there is one, else by its definition."""
    function = lane_function(name)
    if function is not None:
        return function(*parts)
    record = FUNCTIONS[name]
    assert record.definition is not None, name
    values = dict(zip(record.arguments, parts, strict=True))

    return worked_out(
        record.definition, values, lambda operation, *below: element(w, operation, below), w.number
    )
