"""Runs as JSON, schema 1, and what all saved files share. No pickle: loading a file executes nothing."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from downslope.descent.history import History
from downslope.descent.result import Descent
from downslope.descent.snapshot import Pack, packed, unpacked
from downslope.errors import DataError, ObjectiveError
from downslope.files import write_atomically
from downslope.messages import message, to_plain
from downslope.objectives import Objective, Vector
from downslope.objectives.formula import FormulaObjective

SCHEMA = 1
DIGEST = "sha256"
OWED = "digest"  # the entry that says which one a file has
UNDER_WAY = "under_way"  # the entry of a checkpoint of a fit, which cannot be loaded without its table


def save(data: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a run or a fit that has become plain data as JSON, atomically.

    Raises:
        DataError: the file cannot be written; what was there before is untouched.
    """
    write_atomically(path, (json.dumps(sealed(data), allow_nan=False) + "\n").encode())


def sealed(data: dict[str, Any]) -> dict[str, Any]:
    """The data with the digest by which it is seen later whether they are still the same."""
    return {**_owing(data), DIGEST: digest_of(data)}


def _owing(data: dict[str, Any]) -> dict[str, Any]:
    """The data with the entry by which a file owes a digest, so that one whose name was damaged is missed."""
    return {**{name: value for name, value in data.items() if name != DIGEST}, OWED: DIGEST}


def digest_of(data: dict[str, Any]) -> str:
    """By which it is seen that a file holds what was saved: SHA-256 of the data as JSON, less the digest itself."""
    return hashlib.sha256(json.dumps(_owing(data)).encode()).hexdigest()


def is_as_saved(data: dict[str, Any], text: str) -> bool:
    """Whether a file holds what was saved: its digest is right, and no number is spelt in another way.

    Files of earlier versions may have no digest, or one of the data without the entry that owes it.
    """
    if DIGEST not in data:
        return OWED not in data
    rest = {name: value for name, value in data.items() if name != DIGEST}
    if hashlib.sha256(json.dumps(rest).encode()).hexdigest() != data[DIGEST]:
        return False
    # Other white space is no change, as of a file that a person has laid out for reading.
    found = "".join(text.split())
    return any(found == "".join(json.dumps(data, ensure_ascii=ascii).split()) for ascii in (True, False))


def run_to_dict(run: Descent, pack: Pack | None = None) -> dict[str, Any]:
    """A run as plain data. NaN becomes null and infinities the text "inf" or "-inf", as JSON has neither.

    Args:
        run: the run.
        pack: makes plain data of the arrays of history, points and state, as a checkpoint has them; without it only
            the state is packed.
    """
    coordinates = run.objective.parameters.coordinates

    def point(x: Vector) -> dict[str, Any]:
        return pack(x) if pack else dict(zip(coordinates, x.tolist(), strict=True))

    about = objective_to_dict(run.objective)
    left_with = None
    if run.left_with is not None:
        if (
            not about["formula"] or about["name"]
        ):  # the function is not in the file, or its formula is in other words
            run.left_with.remember(run.objective)
        left_with = run.left_with.to_dict(pack)
    stations = [
        {
            "left_with": station.snapshot.to_dict(pack),
            "seconds": station.seconds,
            "counts": None if station.counts is None else asdict(station.counts),
        }
        for station in run.stations
    ]
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "command": run.command,
        "objective": about["objective"],
        "name": about["name"],
        "optimizer": run.optimizer.to_dict(),
        "x": point(run.final),
        "fun": run.fun,
        "gradient_norm": run.gradient_norm,
        "success": run.success,
        "status": run.status,
        "message": run.message,
        "nit": run.nit,
        "nfev": run.nfev,
        "start": point(run.start),
        "left_at": None,
        "evidence": None if run.termination.evidence is None else run.termination.evidence.to_dict(),
        "said": to_plain(run.termination.said),
        "averaged": run.reported is not None,
        "stopping": {n: getattr(run.stopping, n) for n in run.stopping.__dataclass_fields__},
        "engine": run.engine,
        "seconds": run.seconds,
        **about,
        "left_with": left_with,
        **({"stations": stations} if stations else {}),
        "history": packed_history(run.history, pack, named=False) if pack else run.history.to_dict(),
    }
    if run.counts is not None:
        data["counts"] = asdict(run.counts)
    if run.termination.left_at is not None:
        data["left_at"] = point(run.termination.left_at)
    return encoded(data)


def objective_to_dict(objective: Objective) -> dict[str, Any]:
    """What was descended, as plain data."""
    written = objective.formula or objective
    is_formula, gradient = _formula(written)
    parameters = objective.parameters
    return {
        "objective": written.text,
        "name": written.name,
        "dtype": objective.dtype.name,
        "differentiation": objective.differentiation,
        "notes": list(map(to_plain, objective.notes)),
        "problem": objective.problem.name if objective.problem else None,
        "formula": is_formula,
        "gradient": gradient,
        "parameters": {
            "names": list(parameters.names),
            "shapes": [list(shape) for shape in parameters.shapes],
            "structure": parameters.structure,
            "nested": objective.nested.plan if objective.nested else None,
        },
    }


def packed_history(history: History, pack: Pack = packed, *, named: bool = True) -> dict[str, Any]:
    """A history with the bytes of its columns, as checkpoints have it, and the names of the coordinates."""
    columns = ("step", "evaluations", "value", "gradient_norm", "x")
    packed_columns = {name: pack(getattr(history, name)) for name in columns}
    return {"coordinates": list(history.coordinates) if named else None, "packed": packed_columns}


def unpacked_history(data: dict[str, Any], coordinates: Sequence[str] = ()) -> History:
    """The inverse; ``coordinates`` where their names are not in it.

    Raises:
        DataError: its columns differ in length.
    """
    columns = {name: unpacked(column) for name, column in data["packed"].items()}
    names = coordinates if data["coordinates"] is None else tuple(map(str, data["coordinates"]))
    rows = len(columns["step"])
    if columns["x"].shape != (rows, len(names)) or any(len(column) != rows for column in columns.values()):
        raise DataError(message("the state in it is not whole."))
    return History(coordinates=names, **columns)


def _formula(objective: Objective) -> tuple[bool, dict[str, str] | None]:
    """Whether the text is all of the objective, together with the gradient that a person supplied, as formulas."""
    if not isinstance(objective, FormulaObjective) or not objective.says_itself:
        return False, None
    if objective.differentiation != "supplied":
        return True, None
    try:
        return True, objective.derivatives_as_text()
    except ObjectiveError:  # it has no spelling, and without it this is another run
        return False, None


def encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Plain data as JSON has it: NaN becomes null and infinities the text "inf" or "-inf", as it has neither."""
    made: dict[str, Any] = _encode(data)
    return made


def _encode(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, dict):
        return {k: _encode(v) for k, v in value.items()}
    if isinstance(value, list):
        if all(type(v) is float for v in value) and np.isfinite(value).all():
            return value
        return [_encode(v) for v in value]
    return value
