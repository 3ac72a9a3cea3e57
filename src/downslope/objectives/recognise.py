"""Whatever a person has -> Objective and start. The one place that looks at types."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from downslope.containers import flattened
from downslope.errors import ObjectiveError, StartError, UsageError
from downslope.language import canonical_name
from downslope.messages import Message, argument, listing, message, sentences
from downslope.objectives.calling import is_list_of_arrays
from downslope.objectives.formula import FormulaObjective, from_symbolic, from_text
from downslope.objectives.frameworks import as_tensors, from_tensors, of_keras
from downslope.objectives.from_function import from_function
from downslope.objectives.nested import Nested, nested_start
from downslope.objectives.objective import Objective
from downslope.objectives.parameters import Parameters, Structure, Vector, as_real
from downslope.objectives.problems import Problem, resolve
from downslope.objectives.start import draw, parse_start, seed_for
from downslope.symbolic.pairings import Pairing, watched

DTYPES = {"float64": np.float64, "float32": np.float32}


def as_objective(
    function: Any,
    start: Any = None,
    *,
    gradient: Any = None,
    dtype: Any = None,
    seed: int | None = None,
) -> tuple[Objective, Vector]:
    """The objective that ``function`` says, and its start as a flat float64 vector.

    Args:
        function: a formula, the name of a classic problem (``"rosenbrock"``, ``"rosenbrock(10)"``), a
            ``Problem``, a SymPy or SymEngine expression, a Python function, or an ``Objective``.
        start: a dict, sequence, array or number, or text such as ``"x=-7,y=2"``; a classic problem has
            its own. Entries may be ``Uniform(low, high)`` or ``Normal(mean, deviation)``.
        gradient: for a formula, a dict of formulas; for a function, a function called in the same way.
        dtype: float64 or float32; by default that of the start's tensors or NumPy arrays, else float64.
        seed: for random entries of the start.

    Raises:
        StartError, ObjectiveError, ExpressionError, UsageError: see each.
    """
    with watched() as pairings:
        objective, x = _recognised(function, start, gradient, dtype=dtype, seed=seed)
    if not pairings:
        return objective, x
    objective = copy.copy(objective)
    objective.notes = (*objective.notes, _of_pairing(pairings[0]))
    return objective, x


def _of_pairing(found: Pairing) -> Message:
    n = max(found.numbers)
    return message(
        "In this function an array of shape {left} less one of shape {right} has shape {square}: each of the {n}"
        " numbers is compared with each of {n} others. If each is meant to be compared with its own, give both the"
        " same shape, as reshape(-1) does.",
        left=found.numbers,
        right=found.others,
        square=(n, n),
        n=n,
    )


def _recognised(
    function: Any, start: Any, gradient: Any, *, dtype: Any, seed: int | None
) -> tuple[Objective, Vector]:
    real = None if dtype is None else check_dtype(dtype)
    start = parse_start(start) if isinstance(start, str) else start
    if isinstance(start, Iterator):
        raise StartError(
            message(
                "the start is a {kind}, which can be read only once; give a list of it, or a dict"
                " such as dict(model.named_parameters()).",
                kind=type(start).__name__,
            )
        )
    start = of_keras(start)
    nested = nested_start(start, keep_keys=_is_python(function))
    if nested is not None:
        return _of_places(function, nested, gradient, dtype=dtype, seed=seed)
    drawn_with = seed_for(start, seed)
    start = draw(start, drawn_with)
    tensors = as_tensors(start, real)
    if tensors is None:
        objective, x = _of_numbers(function, start, gradient, _own_precision(start) if real is None else real)
        if drawn_with != seed:
            objective = copy.copy(objective)
            note = message("the start was drawn with {seed}.", seed=argument("seed", drawn_with))
            objective.notes = (*objective.notes, note)
        return objective, x
    if _is_python(function):
        return from_tensors(tensors, function, gradient)
    objective, x = _of_numbers(function, tensors.numbers, gradient, check_dtype(tensors.precision))
    objective.tensors = tensors.of_parameters(objective.parameters)
    return objective, x


def _own_precision(start: Any) -> Any:
    """float32 where NumPy's arrays and numbers in the start are, all of them; else float64."""
    kinds = {leaf.dtype for _, leaf in flattened(start) if isinstance(leaf, (np.ndarray, np.generic))}
    return np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)


def _of_places(
    function: Any, nested: Nested, gradient: Any, *, dtype: Any, seed: int | None
) -> tuple[Objective, Vector]:
    """The same for a start that has dicts and lists in dicts and lists."""
    if _is_python(function):
        function = nested.of_places(function)
        gradient = nested.gradient_of_places(gradient) if callable(gradient) else gradient
    objective, x = as_objective(function, nested.flat, gradient=gradient, dtype=dtype, seed=seed)
    objective = copy.copy(objective)
    objective.nested = nested
    return objective, x


def _of_numbers(function: Any, start: Any, gradient: Any, real: Any) -> tuple[Objective, Vector]:
    """The same for a start of numbers and NumPy arrays."""
    if isinstance(function, str):
        function = resolve(function) or function
    if isinstance(function, (Problem, Objective)) and gradient is not None:
        raise UsageError(
            message("a {kind} brings its own gradient; leave gradient= out.", kind=type(function).__name__)
        )
    if isinstance(function, Problem):
        return _from_problem(function, start, real)
    if isinstance(function, Objective):
        return _from_objective(function, _need(start, function.parameters.names), real)
    if isinstance(function, str):
        if gradient is not None and not isinstance(gradient, Mapping):
            raise UsageError(
                message(
                    "the gradient of a formula is given as formulas: gradient={{'x': 'x/10', 'y': '2*y'}}."
                )
            )
        named = tuple(map(canonical_name, map(str, start))) if isinstance(start, Mapping) else ()
        return _with_start(lambda given: from_text(function, given, real, gradient, named=named), start)
    if _is_symbolic(function):
        if gradient is not None:
            raise UsageError(message("a symbolic expression brings its own gradient; leave gradient= out."))
        return _with_start(lambda parameters: from_symbolic(function, parameters, real), start)
    if callable(function):
        return from_function(function, _need(start, _names(function)), gradient, real)
    raise ObjectiveError(
        message(
            "{function!r:.60} cannot be descended; give a formula as text, a SymPy expression or a function.",
            function=function,
        )
    )


def _is_python(function: Any) -> bool:
    """Whether it is a function of a person's, rather than something that says its own parameters."""
    return (
        callable(function) and not isinstance(function, (Problem, Objective)) and not _is_symbolic(function)
    )


def _is_symbolic(function: Any) -> bool:
    kind = type(function)  # of an object it would be worked out
    return hasattr(kind, "free_symbols") and hasattr(function, "args")


def check_dtype(dtype: Any) -> Any:
    """float64 or float32 as a NumPy dtype; anything else is a UsageError."""
    try:
        real = np.dtype(dtype)
    except TypeError:
        real = None
    if real is None or real.name not in DTYPES:
        raise UsageError(message("dtype is {dtype!r}; it can be 'float64' or 'float32'.", dtype=dtype))
    return real


def _names(function: Callable[..., Any]) -> list[str]:
    """The names of a function's arguments; none where Python cannot tell."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _need(start: Any, names: Any) -> Any:
    if start is None:
        if not names:
            raise StartError(message("no start is given. Try start={{'x': 1.0}}."))
        raise StartError(
            message(
                "no start is given; the parameters are: {names}. Try start={{{example}}}.",
                names=listing(names),
                example=listing(f"{name!r}: 1.0" for name in names),
            )
        )
    return start


def _with_start(
    build: Callable[[Parameters | None], FormulaObjective], start: Any
) -> tuple[Objective, Vector]:
    """Build a formula's objective with the names, shapes and structure that the start has."""
    objective = build(None)
    names = objective.parameters.names
    start = _need(start, names)
    if isinstance(start, Mapping):
        try:
            return objective, objective.parameters.flatten(start)
        except StartError as error:  # a reading may be why the names are not those that were meant
            raise StartError(sentences(error.message, *objective.notes)) from None
    objective.parameters = Parameters.scalars(names, _structure(start))
    return objective, objective.parameters.flatten(start)


def _structure(start: Any) -> Structure:
    if isinstance(start, Mapping):
        return "dict"
    if is_list_of_arrays(start):
        return "tuple" if isinstance(start, tuple) else "list"
    return "number" if as_real(start).ndim == 0 else "vector"


def _from_objective(objective: Objective, start: Any, dtype: Any) -> tuple[Objective, Vector]:
    """The objective itself, answering in the structure of this start."""
    if dtype == np.float32 and objective.dtype != dtype:
        raise UsageError(
            message(
                "this objective computes in {dtype}; make it with {option}.",
                dtype=objective.dtype,
                option=argument("dtype", "float32"),
            )
        )
    structure = _structure(start)
    if structure != objective.parameters.structure:
        objective = copy.copy(objective)
        objective.parameters = dataclasses.replace(objective.parameters, structure=structure)
    return objective, objective.parameters.flatten(start)


def _from_problem(problem: Problem, start: Any, dtype: Any) -> tuple[Objective, Vector]:
    parameters = Parameters.scalars(problem.variables)
    objective = from_text(problem.formula, parameters, dtype)
    objective.problem = problem
    if start is None:
        return objective, np.array(problem.start, np.float64)
    if not isinstance(start, Mapping):
        objective.parameters = Parameters.scalars(problem.variables, "vector")
    return objective, objective.parameters.flatten(start)
