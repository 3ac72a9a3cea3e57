"""The engine of many runs: a formula and a rule as lanes of machine code, on all cores.

Which objectives and rules have lanes is said by ``why_no_lanes``. A run in a lane is the run that an engine of its own
makes, to rounding: the same step map, the same judge.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import symengine as se
from numpy.typing import NDArray

from downslope import symbolic
from downslope.descent import Stopping
from downslope.descent import judge as j
from downslope.descent import lane_kernel as lk
from downslope.descent.descend import towards
from downslope.descent.norms import least_square, norms_of
from downslope.descent.step_map import MOST_OUTPUTS, program_of, step_symbols
from downslope.descent.trace_buffer import TraceBuffer
from downslope.descent.traced import divides
from downslope.errors import ObjectiveError
from downslope.messages import NOTHING, Message, message
from downslope.objectives import FormulaObjective, Objective
from downslope.optimizers import Optimizer
from downslope.optimizers import state as states
from downslope.optimizers.block_rules import works_on_blocks
from downslope.optimizers.curvature import CurvedRule
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.sweeping.cores import Watch, cores, on_all_cores
from downslope.sweeping.lane_code import LaneProgram, calm_program, lane_program
from downslope.sweeping.lane_step import LaneTests, StepSymbols
from downslope.symbolic import SymbolicArray
from downslope.symbolic.array import box
from downslope.symbolic.native import LARGE
from downslope.symbolic.size import size
from downslope.symbolic.tracing import tracing
from downslope.symbolic.unknown import TraceError

KEPT = 16
MOST_PARTS = 4000  # of the expressions of a step: of more, LLVM takes longer than the runs would
PIECE_EVALUATIONS = 2_000_000  # of all runs of a piece together, so that Ctrl-C is heard soon
FEWEST_RUNS = 64  # of a piece
MOST_RUNS = 16_384
UNKNOWN_STEPS = 10_000  # that a run is taken to make where nothing limits it

WORTH_COMPILING = (
    100_000_000  # evaluations, of all runs so far, that take as long as the faster code to be made
)

_PROGRAMS: OrderedDict[Any, _Programs] = OrderedDict()
_LOCK = threading.Lock()


@dataclass(frozen=True)
class LaneProblem:
    """What runs in lanes have in common.

    Attributes:
        objective, optimizer, stopping, maximize: as for a single run; numbers of the optimizer may vary.
        every: spacing of the rows that are kept; 0 for none.
    """

    objective: Objective
    optimizer: Optimizer
    stopping: Stopping
    maximize: bool = False
    every: int = 0

    @property
    def sign(self) -> float:
        """-1 to climb."""
        return -1.0 if self.maximize else 1.0

    @property
    def full(self) -> Stopping:
        """The conditions with their defaults."""
        return self.stopping.with_defaults(self.objective.dtype)


class Varied(NamedTuple):
    """What differs from run to run.

    Attributes:
        starts: shape (runs, p), float64.
        numbers: path of a hyperparameter, as ``Optimizer.scalars`` has it -> its value in each run, shape (runs,).
    """

    starts: NDArray[np.float64]
    numbers: Mapping[str, NDArray[np.float64]]

    def of(self, places: Any) -> Varied:
        """Of some of the runs."""
        return Varied(self.starts[places], {path: column[places] for path, column in self.numbers.items()})

    def optimizer(self, like: Optimizer, run: int) -> Optimizer:
        """The rule of one run."""
        return like.with_scalars({path: float(column[run]) for path, column in self.numbers.items()})


def why_no_lanes(objective: Objective, optimizer: Optimizer) -> Message:
    """Why runs of this rule on this objective are not made in lanes; nothing where they are."""
    if not isinstance(objective, FormulaObjective):
        return message("'{objective}' is not a formula", objective=objective.headline)
    if objective.dtype != np.float64:
        return message("lanes compute in float64")
    if program_of(objective) is not None:
        return message("it has {count} parameters", count=objective.parameters.size)
    if any(isinstance(layer, CurvedRule) for layer in optimizer.layers()):
        return message("{kind} factorises matrices", kind=type(optimizer).__name__)
    if works_on_blocks(optimizer):
        return message("{kind} steps whole matrices", kind=type(optimizer).__name__)
    try:
        _program(LaneProblem(objective, resolve_schedule(optimizer), Stopping(steps=1)))
    except (TraceError, ObjectiveError) as error:
        return error.message
    return NOTHING


class LaneEngine:
    """Makes runs that differ in their starts and in the numbers of their rule.

    Raises:
        TraceError, ObjectiveError: the objective or the rule has no lanes.
    """

    def __init__(self, problem: LaneProblem) -> None:
        self.problem = problem
        self.rule = resolve_schedule(problem.optimizer)
        resolved = LaneProblem(
            problem.objective, self.rule, problem.stopping, problem.maximize, problem.every
        )
        self._programs = _program(resolved)
        self._limits = _limits(resolved)

    def run(self, varied: Varied, results: lk.LaneResults, *, watch: Watch | None = None) -> bool:
        """Make all runs, and write their results; False where ``watch``, told how many are done, stopped them."""
        inputs = self._inputs(varied)
        stop = np.zeros(1, np.int8)
        program = self._programs.program(len(varied.starts) * self._most_evaluations())  # alive until the end
        code = program.code

        def work() -> Any:
            memory = lk.LaneWork.of(code, stop)
            return lambda piece: lk.run_lanes(inputs, results, memory, piece)

        on_all_cores(self._pieces(len(varied.starts)), work, stop, watch)
        return not stop[0]

    def _pieces(self, runs: int) -> list[tuple[int, int]]:
        most = min(MOST_RUNS, max(FEWEST_RUNS, int(PIECE_EVALUATIONS // self._most_evaluations())))
        size = min(most, max(FEWEST_RUNS, -(-runs // (4 * cores()))))
        return [(begin, min(begin + size, runs)) for begin in range(0, runs, size)]

    def _most_evaluations(self) -> int:
        """Of one run."""
        full = self.problem.full
        return int(min(full.steps or 0, full.evaluations or j.NO_LIMIT, UNKNOWN_STEPS * 100)) + 1

    def _inputs(self, varied: Varied) -> lk.LaneInputs:
        objective = self.problem.objective
        assert isinstance(objective, FormulaObjective)
        numbers, starts = varied.numbers, varied.starts
        scalars = self.rule.scalars()
        if self.rule is not self.problem.optimizer:  # it has the other inside
            numbers = {f"optimizer.{path}": column for path, column in numbers.items()}
        constants = [*scalars.values(), *np.zeros(starts.shape[1])]
        columns = {place: numbers[path] for place, path in enumerate(scalars) if path in numbers}
        for i in range(starts.shape[1]):
            columns[len(scalars) + i] = starts[:, i]
        with np.errstate(all="ignore"):
            state = _first_state(objective, self.rule)
        for place, leaf in enumerate(state, len(constants)):
            if leaf.is_Number:
                constants.append(float(leaf))
                continue
            constants.append(np.nan)
            columns[place] = self._evaluated(leaf, Varied(starts, numbers))
        relative = self.problem.full.relative_tolerance
        return lk.LaneInputs(
            np.array(constants, np.float64),
            np.array(list(columns), np.int64),
            np.ascontiguousarray(list(columns.values()), np.float64).reshape(len(columns), len(starts)),
            self._limits,
            -1.0 if relative is None else relative,
            self.problem.every,
        )

    def _evaluated(self, leaf: Any, varied: Varied) -> NDArray[np.float64]:
        """A number of the first state, in each run."""
        scalars = self.rule.scalars()
        values: dict[Any, Any] = {
            se.Symbol(f"#{path}"): varied.numbers.get(path, value) for path, value in scalars.items()
        }
        symbols = self.problem.objective.symbols
        values.update((symbol, varied.starts[:, i]) for i, symbol in enumerate(symbols))
        if leaf in values:
            return np.broadcast_to(np.asarray(values[leaf], np.float64), len(varied.starts))
        used = [symbol for symbol in values if symbol in leaf.free_symbols]
        rows = np.column_stack(
            [np.broadcast_to(values[symbol], len(varied.starts)).astype(np.float64) for symbol in used]
        )
        return np.asarray(symbolic.compile_native(used, [leaf]).rows(rows)[:, 0], np.float64)

    def results(self, runs: int) -> lk.LaneResults:
        """Of runs that have not been made."""
        dimension, every = self.problem.objective.parameters.size, self.problem.every
        rows = (self.problem.full.steps or 0) // every + 1 if every else 0
        return lk.LaneResults(
            np.full(runs, j.SLICE_DONE, np.int8),
            np.full(runs, -1, np.int64),
            np.zeros(runs, np.int64),
            np.full(runs, np.nan),
            np.full(runs, np.nan),
            np.full(runs, np.nan),
            np.full((runs, dimension), np.nan),
            np.zeros(runs),
            np.zeros(runs, np.int8),
            np.full((runs if every else 0, rows, 2 + dimension), np.nan),
        )

    def true_norms(self, points: NDArray[np.float64], varied: Varied) -> NDArray[np.float64]:
        """The gradient norms at points of these runs, one a row, where their squares underflow."""
        objective = self.problem.objective
        assert isinstance(objective, FormulaObjective)
        with np.errstate(all="ignore"):
            slopes = symbolic.compile_native(objective.symbols, objective.partials).rows(points)
            numbers = {path: column[:, None] for path, column in varied.numbers.items()}
            rule = self.problem.optimizer.with_scalars(numbers)
            return norms_of(rule.residual(points, self.problem.sign * slopes))


def _first_state(objective: FormulaObjective, rule: Optimizer) -> list[Any]:
    """The numbers of the rule's first state, as expressions of its hyperparameters and the start."""
    hyper = {name: SymbolicArray.symbols(f"#{name}") for name in rule.scalars()}
    with tracing():
        state = rule.with_scalars(hyper).init(SymbolicArray(np.array(objective.symbols, object)))
    numbers = [
        entry
        for _, leaf in states.leaves(state)
        for entry in (box(leaf) if not isinstance(leaf, np.ndarray) else leaf.astype(object)).ravel()
    ]
    return [se.sympify(entry) for entry in numbers]


def _limits(problem: LaneProblem) -> NDArray[np.float64]:
    """What evaluations are held against, before the value at the start is known; see ``judge``."""
    objective = problem.objective
    assert isinstance(objective, FormulaObjective)
    trace = TraceBuffer(
        np.zeros(objective.parameters.size), towards(problem.full, problem.sign), problem.every or None
    )
    trace.measure_by(norms_of, least_square(objective.dtype), any(map(divides, objective.partials)))
    return np.asarray(trace.limits, np.float64)


class _Programs:
    """The code for one formula, rule and tests, and a faster one from when so many runs were made that it pays.

    Both make the same runs, bit for bit.
    """

    def __init__(self, step: StepSymbols, tests: LaneTests) -> None:
        self._step, self._tests = step, tests
        self._program: LaneProgram = lane_program(step, tests)
        self._asked, self._settled = 0, False
        self._lock = threading.Lock()

    def program(self, evaluations: int) -> LaneProgram:
        """The code to make runs with that take so many evaluations at most."""
        with self._lock:
            self._asked += evaluations
            if self._asked >= WORTH_COMPILING and not self._settled:
                self._settled = True
                self._program = calm_program(self._step, self._tests) or self._program
            return self._program


def _program(problem: LaneProblem) -> _Programs:
    """The code, which is found again where it was made before for the same formula, rule and tests."""
    objective, rule = problem.objective, problem.optimizer
    assert isinstance(objective, FormulaObjective)
    full = problem.full
    tests = LaneTests(
        watched=full.asks_for_a_test,
        value_change=full.value_tolerance is not None,
        x_change=full.x_tolerance is not None,
        suspect=any(map(divides, objective.partials)),
    )
    gradient = tuple(objective.partials) if objective.differentiation == "supplied" else None
    about = (rule.structure(), tuple(rule.scalars()), problem.sign, tests)
    key = (about, objective.expression, objective.symbols, gradient)
    with _LOCK:
        if key in _PROGRAMS:
            _PROGRAMS.move_to_end(key)
            return _PROGRAMS[key]
    made = _Programs(_step(objective, rule, problem.sign), tests)
    with _LOCK:
        _PROGRAMS[key] = made
        while len(_PROGRAMS) > KEPT:
            _PROGRAMS.popitem(last=False)
    return made


def _step(objective: FormulaObjective, rule: Optimizer, sign: float) -> StepSymbols:
    x = np.zeros(objective.parameters.size)
    state = rule.init(x)
    if len(x) + len(states.flat(state)) > MOST_OUTPUTS:
        raise TraceError(message("a step map of so many numbers is too large to compile"))
    _refuse_averages(objective, rule, state)
    inputs, outputs = step_symbols(objective, rule, sign, state)
    if len(outputs) > LARGE or size(outputs, MOST_PARTS) >= MOST_PARTS:
        raise TraceError(message("a step map of so many numbers is too large to compile"))
    return StepSymbols(inputs, outputs, len(rule.scalars()), len(x))


def _refuse_averages(objective: FormulaObjective, rule: Optimizer, state: Any) -> None:
    """A method that reports another point than it evaluates is judged there, which lanes do not do."""
    x = SymbolicArray(np.array(objective.symbols, object))
    before = states.mapped(state, lambda name, leaf: SymbolicArray.symbols(f"#state.{name}", *np.shape(leaf)))
    with tracing():
        answer = rule.answer(x, before)
    if answer is not x and list(box(answer).ravel()) != list(objective.symbols):
        raise TraceError(
            message("{kind} reports another point than it evaluates", kind=rule.layers()[-1].name())
        )
