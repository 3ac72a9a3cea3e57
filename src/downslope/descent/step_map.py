"""One step of a rule on an objective as machine code: of symbols, number by number, or of a program on arrays.

A step map reads (hyperparameters, x, state) from one buffer and writes (x', state', value, |gradient|^2, accepted) to
another; ``kernel.iterate`` calls it again and again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.messages import message
from downslope.objectives import FormulaObjective, Objective
from downslope.objectives.array_program import ArrayProgram
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import dot
from downslope.programs import ArrayNode, CompiledProgram, Graph, ProgramArray, node_of
from downslope.programs.compiled import Recipes, Written
from downslope.symbolic import SymbolicArray
from downslope.symbolic.array import box
from downslope.symbolic.tracing import tracing
from downslope.symbolic.unknown import TraceError

MOST_OUTPUTS = (
    1500  # a step map of symbols with more takes seconds to compile; the hosted engine starts at once
)
KEPT_MAPS = 64
# By bytes of a number: what is smaller than this is zero, where it only fades.
FLUSHED = {4: 1e-30, 8: 1e-300}


class StepMap(Protocol):
    """A compiled step.

    Attributes:
        address, data: of the machine code, and what it is called with.
    """

    address: int
    data: int

    def __call__(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """All outputs at once."""

    def raise_failed(self) -> None:
        """Raise what was raised within the code, where it calls a library."""


_MAPS: OrderedDict[Any, StepMap] = OrderedDict()
_MAPS_LOCK = threading.Lock()


def program_of(objective: Objective) -> ArrayProgram | None:
    """The program that is compiled for an objective, where that is better than writing it out number by number."""
    return objective.program if objective.dtype == np.float64 else None


def step_map(objective: Objective, optimizer: Optimizer, sign: float, state: Any) -> StepMap:
    """A compiled step, which is found again where it was compiled before for the same formula and rule.

    Hyperparameters that are real numbers stay symbols, so that the map serves any of their values, and so
    that SymEngine does not fold them into the formula and change its rounding.

    Raises:
        TraceError: the rule cannot be expressed in symbols, or there would be too many.
    """
    layout = tuple((n, np.shape(leaf)) for n, leaf in states.leaves(state))
    rule = (optimizer.structure(), tuple(optimizer.scalars()), layout, sign)
    program = program_of(objective)
    if program is not None:
        return _kept(program.maps, rule, lambda: _of_program(program, rule, (optimizer, sign, state)))
    assert isinstance(objective, FormulaObjective)
    size = objective.parameters.size + len(states.flat(state))
    if size > MOST_OUTPUTS:
        raise TraceError(message("a step map of {size} numbers is too large to compile", size=size))
    gradient = tuple(objective.partials) if objective.differentiation == "supplied" else None
    key = _Key(rule, (objective.expression, objective.symbols, gradient, objective.dtype))
    return _kept(_MAPS, key, lambda: _of_symbols(objective, optimizer, sign, state))


class _Key(NamedTuple):
    """What a step map depends on."""

    rule: Any
    function: Any


def _kept(maps: OrderedDict[Any, StepMap], key: Any, make: Callable[[], StepMap]) -> StepMap:
    """A map that was made before, or a new one."""
    with _MAPS_LOCK:
        if key in maps:
            maps.move_to_end(key)
            return maps[key]
    made = make()
    with _MAPS_LOCK:
        maps[key] = made
        while len(maps) > KEPT_MAPS:
            maps.popitem(last=False)
    return made


def _of_symbols(
    objective: FormulaObjective, optimizer: Optimizer, sign: float, state: Any
) -> symbolic.NativeFunction:
    return symbolic.compile_native(*step_symbols(objective, optimizer, sign, state), objective.dtype)


class SymbolicEvaluation(NamedTuple):
    """An evaluation in symbols: what a rule is traced with.

    Attributes:
        x: symbols of the coordinates, shape (p,).
        value, gradient: expressions, a scalar and shape (p,), as descent sees them.
        dtype: float64 or float32, in which the traced step is to be computed.
    """

    x: SymbolicArray
    value: SymbolicArray
    gradient: SymbolicArray
    dtype: Any = np.float64


def step_symbols(
    objective: FormulaObjective, optimizer: Optimizer, sign: float, state: Any
) -> tuple[list[Any], list[Any]]:
    """What a step map reads, as symbols, and what it writes, as expressions of them.

    Raises:
        TraceError: the rule cannot be expressed in symbols.
    """
    factor = se.Integer(int(sign))
    evaluation = SymbolicEvaluation(
        SymbolicArray(np.array(objective.symbols, object)),
        SymbolicArray(box(objective.expression * factor)),
        SymbolicArray(np.array([p * factor for p in objective.partials], object)),
        objective.dtype,
    )
    return rule_symbols(evaluation, optimizer, state)


@np.errstate(all="ignore")  # numbers are folded on the way, and NumPy would warn where they overflow
def rule_symbols(
    evaluation: SymbolicEvaluation, optimizer: Optimizer, state: Any
) -> tuple[list[Any], list[Any]]:
    """As ``step_symbols``, of any evaluation; names are ``#hyperparameter`` and ``#state.leaf``."""
    names = optimizer.scalars()
    hyper = {name: SymbolicArray.symbols(f"#{name}") for name in names}  # '#' cannot begin a person's name
    x, value, gradient, dtype = evaluation
    before = states.mapped(state, lambda name, leaf: SymbolicArray.symbols(f"#state.{name}", *np.shape(leaf)))
    rule = optimizer.with_scalars(hyper)
    with tracing():
        next_x, after, accepted = rule.update(x, value, gradient, before)
        residual = rule.residual(x, gradient)
    inputs = [*hyper.values(), x, *(leaf for _, leaf in states.leaves(before))]
    taken = accepted if isinstance(accepted, SymbolicArray) else SymbolicArray(box(float(bool(accepted))))
    if taken.item().is_Boolean:
        taken = SymbolicArray(box(se.Piecewise((se.Integer(1), taken.item()), (se.Integer(0), True))))
    kept = [
        _flushed(old, new, dtype)
        for (_, old), (_, new) in zip(states.leaves(before), states.leaves(after), strict=True)
    ]
    outputs = [next_x, *kept, value, dot(residual, residual), taken]
    return (
        [symbol for array in inputs for symbol in box(array).ravel()],
        [entry for array in outputs for entry in box(array).ravel()],
    )


def _flushed(old: Any, new: Any, dtype: Any) -> Any:
    """A number of the state that only fades (Adam's powers of its betas) goes to zero just above underflow.

    Gradual underflow would hold it at the smallest number there is, and processors are slow with such numbers: a step
    of Adam took 36 ns and not 22 ns from the 7,000th on.
    """
    if np.shape(old) or np.shape(new) or not isinstance(new, SymbolicArray):
        return new
    symbol, faded = old.item(), new.item()
    others = [part for part in faded.args if part != symbol] if isinstance(faded, se.Mul) else []
    if len(others) != 1 or not isinstance(others[0], (se.Symbol, se.Number)):
        return new
    least = se.RealDouble(FLUSHED[np.dtype(dtype).itemsize])
    gone = se.And(-least < faded, faded < least)
    return SymbolicArray(box(se.Piecewise((se.Integer(0), gone), (faded, True))))


_STEPS = Recipes(KEPT_MAPS)


def _of_program(program: ArrayProgram, rule: Any, step: tuple[Optimizer, float, Any]) -> CompiledProgram:
    """A step on a program; where one of the same shape was compiled with this rule, nothing is written down again."""
    return _STEPS.compiled((program.shape, rule), program.nodes, lambda: _recorded(program, *step))


@np.errstate(all="ignore")
def _recorded(program: ArrayProgram, optimizer: Optimizer, sign: float, state: Any) -> Written:
    with program.lock:
        return _written(program, optimizer, sign, state)


def _written(program: ArrayProgram, optimizer: Optimizer, sign: float, state: Any) -> Written:
    graph = program.graph
    x = ProgramArray(program.x)
    hyper = {name: ProgramArray(graph.input(f"#{name}", ())) for name in optimizer.scalars()}
    before = states.mapped(
        state, lambda name, leaf: ProgramArray(graph.input(f"#state.{name}", np.shape(leaf)))
    )
    value, gradient = ProgramArray(program.value), ProgramArray(program.gradient)
    if sign < 0:
        value, gradient = -value, -gradient
    rule = optimizer.with_scalars(hyper)
    with tracing():
        next_x, after, accepted = rule.update(x, value, gradient, before)
        residual = rule.residual(x, gradient)
    kept = [
        _faded(old.node, _node(graph, new, old.shape))
        for (_, old), (_, new) in zip(states.leaves(before), states.leaves(after), strict=True)
    ]
    taken, one, none = _node(graph, accepted, ()), graph.number(1.0), graph.number(0.0)
    square = _node(graph, dot(residual, residual), ())
    return (
        [
            *(array.node for array in hyper.values()),
            x.node,
            *(leaf.node for _, leaf in states.leaves(before)),
        ],
        [
            _node(graph, next_x, x.shape),
            *kept,
            value.node,
            square,
            graph.element("where", taken, one, none) if taken.truth else taken,
        ],
        (value.node, square),
    )


def _node(graph: Graph, value: Any, shape: tuple[int, ...]) -> ArrayNode:
    """What a rule gives back as a node of this shape: an array, a number, yes or no."""
    if isinstance(value, (bool, np.bool_)):
        value = float(value)
    return graph.broadcast(node_of(graph, value), shape)


def _faded(old: ArrayNode, new: ArrayNode) -> ArrayNode:
    """As ``_flushed``, for programs."""
    others = [part for part in new.operands if part is not old] if new.operation == "mul" else []
    if new.shape != () or len(others) != 1 or others[0].operation not in ("input", "number"):
        return new
    graph, least = new.graph, new.graph.number(FLUSHED[8])
    gone = graph.element("less", graph.element("abs", new), least)
    return graph.element("where", gone, graph.number(0.0), new)
