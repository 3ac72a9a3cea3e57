"""A rule's update on NumPy vectors as one straight Python function, without asking of each number what it is.

A tape (``tape``) is written out line by line: operators on vectors are NumPy's, numbers are Python's own, as the
functions of ``arithmetic`` compute them to the last bit, with the special values of floating-point arithmetic.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from downslope.messages import message
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.tape import Instruction, Node, Tape, recorded
from downslope.symbolic.unknown import TraceError

Update: TypeAlias = Callable[..., tuple[list[Any], Any, Any]]
_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "less": "<", "less_equal": "<="}
_OF_VECTORS = {
    "logical_and",
    "logical_or",
    "sqrt",
    "absolute",
    "sign",
    "floor",
    "cos",
    "log",
    "maximum",
    "minimum",
}


_WRITTEN: OrderedDict[Any, Update] = OrderedDict()
MOST_WRITTEN = 64


def numpy_update(rule: Optimizer, x: Any) -> Update:
    """``update(x, gradient, value, *state leaves, *hyperparameters) -> (state leaves, accepted, next x)``.

    Vectors are NumPy's, float64; hyperparameters come in the order of ``rule.scalars()``.

    Raises:
        TraceError: the rule cannot be written down.

    >>> from downslope.optimizers import Momentum
    >>> rule = Momentum(learning_rate=0.5)
    >>> update = numpy_update(rule, np.ones(2))
    >>> update(np.ones(2), np.ones(2), 0.0, np.zeros(2), *rule.scalars().values())
    ([array([1., 1.])], True, array([0.5, 0.5]))
    """
    try:
        first = rule.init(ParamTree([np.asarray(x, np.float64)]))
    except (TypeError, ValueError, AttributeError) as error:  # one that only knows NumPy's arrays
        raise TraceError(
            message("{kind} cannot be written down: {error}", kind=type(rule).__name__, error=error)
        ) from error
    layout = tuple((name, isinstance(leaf, ParamTree)) for name, leaf in states.leaves(first))
    key = (rule.structure(), tuple(rule.scalars()), layout)
    if key not in _WRITTEN:
        _WRITTEN[key] = _made(rule, first)
        while len(_WRITTEN) > MOST_WRITTEN:
            _WRITTEN.popitem(last=False)
    return _WRITTEN[key]


def _made(rule: Optimizer, first: Any) -> Update:
    tape = recorded(rule, first)
    lines = [f"v{k} = {_written(tape, tape.lines[k])}" for k in tape.needed() if tape.lines[k].operands]
    named = list(rule.scalars())
    state = [name for name in tape.inputs if name.startswith("state.")]
    arguments = [f"v{tape.inputs[name].index}" for name in ("x", "g", "value", *state, *named)]
    after, accepted = ", ".join(map(_operand, tape.state)), _operand(tape.accepted)
    result = f"return [{after}], {accepted}, {_operand(tape.next_x)}"
    source = "\n    ".join([f"def update({', '.join(arguments)}):", *lines, result])
    namespace: dict[str, Any] = {}
    exec(source, dict(_NAMES), namespace)  # made of places and the names of operations, nothing else
    made: Update = namespace["update"]
    return made


def _operand(value: Any) -> str:
    if isinstance(value, Node):
        return f"v{value.index}"
    if isinstance(value, tuple):
        return f"({', '.join(map(repr, value))},)"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return f"({value!r})"


def _written(tape: Tape, line: Instruction) -> str:
    parts, name = [_operand(value) for value in line.operands], line.operation
    of_vectors = [isinstance(value, Node) and value.vector for value in line.operands]
    if name in _OPERATORS:
        return f"{parts[0]} {_OPERATORS[name]} {parts[1]}"
    if name == "neg":
        return f"-{parts[0]}"
    if name == "div":
        return f"{parts[0]} / {parts[1]}" if any(of_vectors) else f"divided({', '.join(parts)})"
    if name == "where":
        whole = not of_vectors[0] and of_vectors[1] == of_vectors[2]
        return f"{parts[1]} if {parts[0]} else {parts[2]}" if whole else f"np.where({', '.join(parts)})"
    if name == "dot":
        return f"float(np.dot({', '.join(parts)}))"
    if name == "zeros_like":
        return f"np.zeros_like({parts[0]})"
    if name == "entry":
        return f"{parts[0]}[int(min({parts[1]}, {len(line.operands[0]) - 1}))]"
    if name == "pow":
        return f"np.power({', '.join(parts)})" if any(of_vectors) else f"powered({', '.join(parts)})"
    if name in _OF_VECTORS:
        return f"{'np.' if any(of_vectors) else 'one_'}{name}({', '.join(parts)})"
    raise TraceError(message("{operation} cannot be written down for NumPy", operation=name))


def _divided(a: float, b: float) -> float:
    return a / b if b else float(np.float64(a) / np.float64(b))


def _powered(a: float, b: float) -> float:
    return float(np.power(np.float64(a), b))


def _root(a: float) -> float:
    return math.sqrt(a) if a >= 0 else math.nan


def _sign(a: float) -> float:
    return float(np.sign(a))


def _larger(a: float, b: float) -> float:
    return a if a >= b or a != a else b  # NaN comes through, as in NumPy


def _smaller(a: float, b: float) -> float:
    return a if a <= b or a != a else b


_NAMES: dict[str, Any] = {
    "np": np,
    "divided": _divided,
    "powered": _powered,
    "one_sqrt": _root,
    "one_absolute": abs,
    "one_sign": _sign,
    "one_floor": lambda a: float(np.floor(a)),
    "one_cos": lambda a: float(np.cos(a)),
    "one_log": lambda a: float(np.log(a)),
    "one_maximum": _larger,
    "one_minimum": _smaller,
    "one_logical_and": lambda a, b: a and b,
    "one_logical_or": lambda a, b: a or b,
}


def leaves_of(state: Any) -> list[Any]:
    """The leaves of a state as ``numpy_update`` takes them: vectors, and numbers of Python's own."""
    return [
        leaf if np.ndim(leaf) else leaf.item() if isinstance(leaf, (np.generic, np.ndarray)) else leaf
        for _, leaf in states.leaves(state)
    ]
