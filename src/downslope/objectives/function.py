"""Objectives from Python functions: traced into symbols where possible, called with numbers where not."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError, ObjectiveError
from downslope.messages import Message, listing, message
from downslope.objectives.announcing import announce_calls, complex_step_told, differences_told, draws_told
from downslope.objectives.batches import Batches, InBatches, batches_of, differentiation
from downslope.objectives.calling import Calling
from downslope.objectives.differences import rounding_of_differences
from downslope.objectives.formula import FormulaObjective
from downslope.objectives.guarded_step import GuardedComplexStep, tells_of_leaving
from downslope.objectives.lines import line_of_answer
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Vector
from downslope.objectives.traced_function import as_answer, is_no_number, trace_function

if TYPE_CHECKING:
    from downslope.objectives.array_program import ArrayProgram

MOST_WRITTEN = 1_000  # parameters, of one that is a program already

_PLAIN = (float, np.float64)  # what most functions return, and nothing has to be asked about

# What a Python function raises where its value does not exist, and what compiled code gives there.
_OUTSIDE: tuple[tuple[type[Exception], float], ...] = (
    (ZeroDivisionError, np.nan),
    (OverflowError, np.inf),
    (FloatingPointError, np.nan),
)


class FunctionObjective(Objective):
    """A Python function that is called with numbers, and the gradient it came with or a numerical one."""

    def __init__(
        self,
        function: Callable[..., Any],
        how: Calling,
        gradient: Callable[..., Any] | Literal[True] | None,
        dtype: Any = np.float64,
    ) -> None:
        self._guard: GuardedComplexStep | None = None
        self._in_batches: InBatches | None = None  # the way it is differentiated, where that is in batches
        self._gradient_calls = 1
        super().__init__(how.parameters, getattr(function, "__name__", type(function).__name__), dtype)
        self._function, self.how = function, how
        self.why_not_recorded: Message | None = None
        self.gives_both = gradient is True  # the function answers with its value and its gradient
        self._supplied = None if gradient is True else gradient
        self._differences: Callable[[Vector], Vector] | None = None
        self._batches: Batches | None = None
        self._at: NDArray[Any] = np.empty(0)  # where it was called last

    @property
    def differentiation(self) -> str:
        """Where the gradient comes from by now."""
        return "central differences" if self._guard_left else self._differentiation

    @differentiation.setter
    def differentiation(self, way: str) -> None:
        self._differentiation = way

    @property
    def notes(self) -> tuple[Message, ...]:
        """What the reader should know, with where the complex step was left."""
        return (*self._notes, *self._left)

    @notes.setter
    def notes(self, notes: tuple[Message, ...]) -> None:
        self._notes = tuple(note for note in notes if note not in self._left)

    @property
    def called(self) -> tuple[Any, ...]:
        functions = (self._function, self._supplied) if self.program is None else ()
        return tuple(function for function in functions if function is not None)

    def end_run(self) -> None:
        if self._guard is not None:
            self._guard.tells = False
        if self._in_batches is not None:
            self._in_batches.tells = False

    def afresh(self) -> FunctionObjective:
        if self._guard is None and (self._batches is None or self._differences is None):
            return self
        fresh = copy.copy(self)
        way = differentiation(self._raw, self._real, self.parameters.size, self._batches)
        chosen = way.exact if self._differentiation == "complex step" else way.central
        fresh._follow_way(chosen)
        if self._guard is not None:
            fresh._differences = fresh._guard = GuardedComplexStep(chosen, self._real)
        return fresh

    def _follow_way(self, way: Callable[[Vector], Vector]) -> None:
        """Differentiate so from now on."""
        self._differences, self._in_batches = way, way if isinstance(way, InBatches) else None

    def left_as(self, saved: Objective) -> None:
        if self._guard is not None:
            self._guard.left = tuple(note for note in saved.notes if tells_of_leaving(note))

    def memory(self) -> Any:
        batches = None if self._in_batches is None else self._in_batches.memory()
        guard = None if self._guard is None else self._guard.memory()
        return None if batches is None and guard is None else {"batches": batches, "guard": guard}

    def recall(self, memory: Any) -> None:
        try:
            if self._in_batches is not None and memory["batches"] is not None:
                self._in_batches.recall(memory["batches"])
            if self._guard is not None and memory["guard"] is not None:
                self._guard.recall(memory["guard"])
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DataError(message("the state in it is not whole.")) from error

    def _real(self, point: NDArray[Any]) -> float:
        return self._scalar(self._call(self._function, point.copy()))

    def _raw(self, point: NDArray[Any]) -> Any:
        return self._call(self._function, point.copy())

    def _many(self, points: NDArray[Any]) -> Any:
        return self.how(self._function, points)

    @property
    def _guard_left(self) -> tuple[Message, ...]:
        return () if self._guard is None else self._guard.left

    @property
    def _left(self) -> tuple[Message, ...]:
        """What to say of what was left on the way: the complex step, or calls with many points."""
        return (*self._guard_left, *(() if self._in_batches is None else self._in_batches.left))

    @property
    def gradient_calls(self) -> int:
        """How many calls one gradient takes by now."""
        if self._in_batches is None or not self._left:
            return self._gradient_calls
        return 2 * self.parameters.size if self._guard_left else self._in_batches.single_calls

    @gradient_calls.setter
    def gradient_calls(self, calls: int) -> None:
        self._gradient_calls = calls

    def follow(self, program: ArrayProgram) -> None:
        """Compute by a program, which says what the function says."""
        self.program, self.operations = program, program.operations
        if not self.gives_both and self._supplied is None:
            self.differentiation = "reverse sweep"

    @cached_property
    def formula(self) -> FormulaObjective | None:
        supplied: Any = True if self.gives_both else self._supplied
        if self.program is None or self.parameters.size > MOST_WRITTEN:
            return None
        made = trace_function(self._function, self.how, supplied, self.dtype)
        if made is not None:
            made.name, made.program = self.text, self.program
        return made

    def hessian(self, x: Vector) -> NDArray[np.float64]:
        if self.program is None or self.differentiation == "supplied":
            return super().hessian(x)
        return self.program.hessian(np.asarray(x, np.float64))

    def value(self, x: Vector) -> float:
        if self.program is not None:
            return self.program.value_at(x)
        return self.value_in(self.answer(x))

    def gradient(self, x: Vector) -> Vector:
        if self.program is not None:
            return self.program.value_and_gradient(x)[1]
        with np.errstate(all="ignore"):
            if self.gives_both:
                return self._gradient_in(self.answer(x))
            if self._supplied is not None:
                return self._vector(self._call(self._supplied, np.array(x, self.dtype)))
            assert self._differences is not None
            return self._differences(np.array(x, np.float64)).astype(self.dtype)

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        if self.program is not None:
            return self.program.value_and_gradient(x)
        if self.gives_both:
            answer = self.answer(x)
            return self.value_in(answer), self._gradient_in(answer)
        return self.value(x), self.gradient(x)

    def answer(self, x: Vector) -> Any:
        """What the function returns, or NaN where its value does not exist."""
        with np.errstate(all="ignore"):
            return self._call(self._function, np.array(x, self.dtype))

    def value_in(self, answer: Any) -> float:
        """The value in an answer of the function, which may have the gradient beside it."""
        if self.gives_both and not is_no_number(answer):
            answer = self._pair(answer)[0]
        return self._scalar(answer)

    def _gradient_in(self, answer: Any) -> Vector:
        return self._vector(answer if is_no_number(answer) else self._pair(answer)[1])

    def _pair(self, answer: Any) -> Any:
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise ObjectiveError(
                message(
                    "{name} returned {result!r:.60}; at the start it was a pair of its value and its gradient.",
                    name=self.text,
                    result=answer,
                )
            )
        return answer

    def _call(self, function: Callable[..., Any], x: NDArray[Any]) -> Any:
        """Call with a copy, which the function may do with as it likes; NaN where its value does not exist."""
        self._at = x
        try:
            return self.how(function, x)
        except tuple(kind for kind, _ in _OUTSIDE) as error:
            return next(value for kind, value in _OUTSIDE if isinstance(error, kind))
        except ValueError as error:
            if "domain error" in str(error) or "expected a" in str(
                error
            ):  # the math module, outside its domain
                return np.nan
            raise

    def _scalar(self, result: Any) -> float:
        if type(result) in _PLAIN:
            return float(result)
        name = self.text
        if result is None:
            raise ObjectiveError(message("{name} returned None. Does it end with 'return'?", name=name))
        array = as_answer(result, name)
        if array.dtype.kind == "c":
            raise ObjectiveError(
                message(
                    "{name} returned the complex number {number}; a real number is needed.",
                    name=name,
                    number=array,
                )
            )
        if getattr(result, "is_number", False) and getattr(result, "is_real", False):
            return float(result)  # a number of SymPy's
        if array.dtype.kind not in "biuf":
            raise ObjectiveError(
                message(
                    "{name} returned {result!r:.60}; one real number is needed.", name=name, result=result
                )
            )
        if array.size != 1:
            raise ObjectiveError(self._no_number(array))
        return float(array.reshape(-1)[0])

    def _no_number(self, array: NDArray[Any]) -> Message:
        line = line_of_answer(self._function, lambda: self.how(self._function, self._at.copy()))
        if line is None:
            return message(
                "{name} returned an array of shape {shape}; one number is needed. Is a sum or a mean missing?",
                name=self.text,
                shape=array.shape,
            )
        return message(
            "{name} returned an array of shape {shape} in line {line} of {file}, '{code}'; one number is needed."
            " Is a sum or a mean missing?",
            name=self.text,
            shape=array.shape,
            line=line.number,
            file=line.file,
            code=line.code,
        )

    def _vector(self, result: Any) -> Vector:
        parameters = self.parameters
        if isinstance(result, Mapping):
            missing = [name for name in parameters.names if name not in result]
            if missing:
                raise ObjectiveError(
                    message("the gradient gives nothing for {missing}.", missing=listing(missing))
                )
            parts = [as_answer(result[name], message("the gradient")) for name in parameters.names]
            shapes = dict(zip(parameters.names, (p.shape for p in parts), strict=True))
            array = np.concatenate([p.ravel() for p in parts])
            fits = [p.size for p in parts] == list(parameters.sizes)
        elif result is None:
            raise ObjectiveError(message("the gradient returned None. Does it end with 'return'?"))
        else:
            if isinstance(result, (list, tuple)) and tuple(map(np.shape, result)) == parameters.shapes:
                result = np.concatenate([np.ravel(part) for part in result])  # a part for each parameter
            array = as_answer(result, message("the gradient"))
            shapes = {"": array.shape}
            if is_no_number(result):
                return np.full(parameters.size, result, self.dtype)
            fits = array.size == parameters.size
        if array.dtype.kind not in "biuf":
            raise ObjectiveError(
                message("the gradient returned {result!r:.60}; real numbers are needed.", result=result)
            )
        if not fits:
            shown = listing(f"{k} {v}".strip() for k, v in shapes.items())
            raise ObjectiveError(
                message(
                    "the gradient has shape {shown}, but {size} numbers are needed, in the order"
                    " {coordinates}.",
                    shown=shown,
                    size=parameters.size,
                    coordinates=listing(parameters.coordinates),
                )
            )
        return array.ravel().astype(self.dtype)

    def choose_differences(self, x: Vector) -> None:
        """Settle how to differentiate, by trying at the start: the complex step, else central differences."""
        real, raw = self._real, self._raw
        batches = self._batches = batches_of(self._many, real, x)
        if batches is None:
            announce_calls(self.text, len(x), lambda: real(x), self.why_not_recorded)
        way = differentiation(raw, real, len(x), batches)
        central = way.central(x)
        accuracy = rounding_of_differences(real, x, known=(central, way.wide(x)))
        try:
            with warnings.catch_warnings():
                # NumPy only warns where an imaginary part is thrown away
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                exact = way.exact(x)
        except Exception:  # a function that cannot take complex numbers may raise anything at all
            exact = None
        scale, random = float(np.max(np.abs(central), initial=1e-300)), self.draws_random(x)
        holds = exact is not None and np.allclose(exact, central, rtol=0, atol=10 * accuracy + 1e-6 * scale)
        chosen = way.exact if holds else way.central
        if isinstance(chosen, InBatches) and chosen.left:  # at the start already
            batches = self._batches = None
            way = differentiation(raw, real, len(x), None)
            chosen = way.exact if holds else way.central
        self._follow_way(chosen)
        if self._in_batches is not None:
            self._in_batches.count = 0
        if holds:
            if not random:  # another draw proves nothing against a derivative
                self._differences = self._guard = GuardedComplexStep(chosen, real)
            self.differentiation, self.gradient_calls = "complex step", way.calls[0]
            self.notes = (complex_step_told(way.calls[0]),)
        else:
            self.differentiation, self.gradient_calls = "central differences", way.calls[1]
            self.by_values = True
            self.notes = (differences_told(accuracy, scale),)
        if random:
            self.notes = (draws_told(self.differentiation),)
        if batches is not None:
            told = message(
                "the function takes many points at once: {n} calls for each gradient.", n=self.gradient_calls
            )
            self.notes = (*self._notes, told)

    def tell_why_called(self) -> None:
        """Note why it is called with numbers at every step, where that is known."""
        if self.why_not_recorded is not None:
            told = message("Python computes every value: {why}.", why=self.why_not_recorded)
            self.notes = (*self._notes, told)
