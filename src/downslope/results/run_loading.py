"""Saved runs, read back. No pickle: loading a file executes nothing."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from downslope import symbolic
from downslope.descent.evidence import Evidence
from downslope.descent.history import History
from downslope.descent.reported import Reported
from downslope.descent.snapshot import Snapshot, vector_of
from downslope.descent.stations import Counts, Station
from downslope.descent.stopping import Status, Stopping
from downslope.descent.termination import Termination
from downslope.errors import DataError, DownslopeError, ObjectiveError, UsageError
from downslope.files import as_text, read_bytes
from downslope.language import parse
from downslope.messages import from_plain, message
from downslope.objectives import Objective, Parameters, Vector
from downslope.objectives.formula import FormulaObjective, from_text
from downslope.objectives.nested import Nested
from downslope.objectives.parameters import Structure
from downslope.objectives.problems import resolve
from downslope.objectives.recognise import check_dtype
from downslope.optimizers import Optimizer, optimizer_from_dict
from downslope.results.checkpoint_file import checkpoint_parts, is_checkpoint, with_arrays
from downslope.results.run import Run
from downslope.results.saving import DIGEST, OWED, SCHEMA, is_as_saved, unpacked_history

MOST_COORDINATES = 10**9
MOST_NESTED = 100  # levels of a file; an optimizer within wrappers within schedules has some ten


def load_run(path: str | os.PathLike[str]) -> Run:
    """Read a run that ``Run.save`` wrote.

    A run of a formula or a classic problem can be evaluated, plotted and continued; one of a Python
    function keeps its history, but its function is not in the file.

    Raises:
        DataError: the file cannot be read or is not a saved run.
    """
    return run_of_file(read(path), path)


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What ``save`` wrote, of a run or of a fit, as plain data.

    Raises:
        DataError: the file cannot be read or nothing of downslope's is in it.
        UsageError: it is no path.
    """
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            message("a path to a file is needed, and this is a {kind}.", kind=type(path).__name__)
        )
    return parsed(read_bytes(path), path)


def parsed(content: bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    """The plain data in what was read from ``path``.

    Raises:
        DataError: nothing of downslope's is in it, or it was changed since.
    """
    arrays: memoryview | None = None
    if is_checkpoint(content):
        text, arrays = checkpoint_parts(content, path)
    else:
        text = as_text(content, path)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError too
        raise DataError(
            message("{path} is not JSON, as saved runs and fits are: {error}.", path=path, error=error)
        ) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise DataError(
            message(
                "{path} was not saved by downslope: schema {schema} is needed, found {found!r}."
                " --save FILE, run.save(FILE) and fit.save(FILE) write what can be read again.",
                path=path,
                schema=SCHEMA,
                found=found,
            )
        )
    if deeper(data, MOST_NESTED):
        raise DataError(message("{path} is nested deeper than anything that downslope saves.", path=path))
    if arrays is not None:
        return with_arrays(data, arrays)
    if not is_as_saved(data, text):
        raise DataError(
            message(
                "{path} was changed after it was saved: its digest is not that of what it holds. Whoever did so on"
                " purpose takes the entries '{name}' and '{owed}' out.",
                path=path,
                name=DIGEST,
                owed=OWED,
            )
        )
    return data


def deeper(data: Any, levels: int) -> bool:
    """Whether lists and dicts are nested deeper than so many levels."""
    layer = [data]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return True


def run_of_file(data: dict[str, Any], path: str | os.PathLike[str]) -> Run:
    """The run in the plain data that was read from ``path``."""
    if data.get("command") == "fit":
        raise DataError(message("{path} holds a fit, not a run; downslope.load reads both.", path=path))
    _refuse_several(data.get("command"), os.fspath(path))
    try:
        return run_from_dict(data)
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DownslopeError) as error:
        raise DataError(
            message(
                "{path} is not a whole saved run: {kind}: {why}.",
                path=path,
                kind=type(error).__name__,
                why=error.message if isinstance(error, DownslopeError) else error,
            )
        ) from error


def _refuse_several(command: Any, path: str) -> None:
    if command == "compare":
        raise DataError(
            message("{file} holds a comparison of several runs; this takes a single one.", file=path)
        )
    if command == "sweep":
        raise DataError(
            message(
                "{path} holds a sweep; take one of its runs: downslope.load(path).run(0).save(file).",
                path=path,
            )
        )
    if command == "race":
        raise DataError(
            message("{file} holds a race; this takes a single run. downslope.load reads races.", file=path)
        )


def number(value: Any) -> float:
    """A number as JSON has it: null is NaN."""
    return math.nan if value is None else float(value)


def run_from_dict(data: dict[str, Any], own_rules: tuple[type[Optimizer], ...] = ()) -> Run:
    """The run; ``own_rules`` are classes that only the caller's runs are made with."""
    history, parameters = _history(data)

    def vector(values: dict[str, Any]) -> Vector:
        if isinstance(values.get("dtype"), str):  # no coordinate is text
            return vector_of(values, parameters.size)
        return np.array([number(values[name]) for name in parameters.coordinates])

    left_at = data["left_at"]
    return Run(
        objective=objective_from_dict(data, parameters),
        optimizer=optimizer_from_dict(data["optimizer"], own_rules),
        stopping=Stopping(**data["stopping"]),
        maximize=data["command"] == "maximize",
        start=vector(data["start"]),
        history=history,
        termination=Termination(
            Status(data["status"]),
            bool(data["success"]),
            from_plain(data.get("said", data["message"])),
            None if left_at is None else vector(left_at),
            Evidence.from_dict(data["evidence"]) if data.get("evidence") is not None else None,
        ),
        nfev=int(data["nfev"]),
        engine=str(data["engine"]),
        seconds=float(data["seconds"]),
        reported=Reported(vector(data["x"]), number(data["fun"]), number(data["gradient_norm"]))
        if data["averaged"]
        else None,
        counts=counts_of(data.get("counts")),
        left_with=None
        if data.get("left_with") is None
        else Snapshot.from_dict(data["left_with"], parameters.size),
        stations=_stations(data.get("stations", []), parameters.size),
    )


def _stations(data: Sequence[dict[str, Any]], size: int) -> tuple[Station, ...]:
    """Where the run stood on its way, in order."""
    found = tuple(
        Station(Snapshot.from_dict(one["left_with"], size), float(one["seconds"]), counts_of(one["counts"]))
        for one in data
    )
    steps = [station.snapshot.trace.step for station in found]
    if steps != sorted(steps):
        raise DataError(message("the state in it is not whole."))
    return found


def _history(data: dict[str, Any]) -> tuple[History, Parameters]:
    """The history, and the parameters that it is of."""
    columns = data["history"]
    if "packed" in columns:
        named = columns["coordinates"]
        most = math.prod(map(int, data["x"]["shape"])) if named is None else MOST_COORDINATES
        parameters = parameters_from_dict(data["parameters"], None if named is None else tuple(named), most)
        return unpacked_history(columns, parameters.coordinates), parameters
    parameters = parameters_from_dict(data["parameters"], tuple(columns["parameters"]))
    numbers = {
        "value": [number(v) for v in columns["value"]],
        "gradient_norm": [number(v) for v in columns["gradient_norm"]],
        "parameters": {n: [number(v) for v in column] for n, column in columns["parameters"].items()},
    }
    return History.from_dict({**columns, **numbers}), parameters


def counts_of(data: Any) -> Counts | None:
    """Evaluations of gradient and curvature, where they are counted apart."""
    return None if data is None else Counts(int(data["gradients"]), int(data["curvatures"]))


def parameters_from_dict(
    data: dict[str, Any], coordinates: Sequence[str] | None, most: int = MOST_COORDINATES
) -> Parameters:
    """The names and shapes, which must give the coordinates that the history has, where it names them."""
    names, shapes = tuple(data["names"]), tuple(tuple(shape) for shape in data["shapes"])
    known = data["structure"] in get_args(Structure)
    total = sum(math.prod(shape) for shape in shapes)
    if known and total <= most and (coordinates is None or total == len(coordinates)):
        parameters = Parameters(names, shapes, data["structure"])
        if coordinates is None or parameters.coordinates == coordinates:
            return parameters
    raise DataError(
        message("this is not a whole saved run: the history has other parameters than the objective.")
    )


def _nested(data: dict[str, Any], parameters: Parameters) -> Nested | None:
    """How the start was built, of dicts and lists within each other."""
    if data.get("nested") is None:
        return None
    nested = Nested(data["nested"])
    if tuple(nested.flat) != parameters.names or tuple(nested.flat.values()) != parameters.names:
        raise DataError(message("this is not a whole saved run: its start was built of other parameters."))
    return nested


def objective_from_dict(data: dict[str, Any], parameters: Parameters) -> Objective:
    """The inverse of ``saving.objective_to_dict``; one of a Python function is lost."""
    objective: Objective
    gradient = data.get("gradient")
    if data["formula"] and (gradient is not None or data["differentiation"] != "supplied"):
        objective = from_text(data["objective"], parameters, check_dtype(data["dtype"]))
        if gradient is not None:
            objective = _with_gradient(objective, gradient)
        objective.problem = resolve(data["problem"]) if data["problem"] else None
    else:
        objective = LostObjective(parameters, str(data["objective"]), check_dtype(data["dtype"]))
    objective.text = str(data["objective"])
    objective.name = str(data.get("name", ""))
    objective.notes = tuple(map(from_plain, data["notes"]))
    objective.differentiation = str(data["differentiation"])
    objective.nested = _nested(data["parameters"], parameters)
    return objective


def _with_gradient(objective: FormulaObjective, gradient: dict[str, Any]) -> FormulaObjective:
    """A formula with the derivatives that a person supplied; files that have not kept them have lost the objective."""
    names = objective.parameters.coordinates
    partials = [symbolic.lower(parse(str(gradient[name]), names, e_is_a_number=True).tree) for name in names]
    return FormulaObjective(
        objective.expression, objective.parameters, objective.text, dtype=objective.dtype, gradient=partials
    )


class LostObjective(Objective):
    """The objective of a loaded run whose Python function is not in the file."""

    evaluable = False

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """Raises ObjectiveError: there is nothing to evaluate."""
        raise ObjectiveError(
            message(
                "the function '{text}' is not in the saved run; only its history is. Run it again to"
                " evaluate it, or go on with it by downslope.resume(path, function).",
                text=self.text,
            )
        )
