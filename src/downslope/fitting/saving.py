"""Fits as JSON, schema 1, and back. No pickle: loading a file executes nothing."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from downslope.descent import saving as runs
from downslope.errors import DataError, DownslopeError
from downslope.files import write_atomically
from downslope.fitting.frame import Frame
from downslope.fitting.hypothesis import Hypothesis, linear_model, read_hypothesis
from downslope.fitting.losses import as_loss
from downslope.fitting.model import Model
from downslope.fitting.proximal import ProximalGradient
from downslope.fitting.result import Fit

SCHEMA = 1


def to_dict(fit: Fit) -> dict[str, Any]:
    """A fit as plain data: what a run has, with the parameters in the user's units, and what only a fit has."""
    run, h = fit.run.to_dict(), fit.model.hypothesis
    history = run.pop("history")
    same = (
        "objective",
        "optimizer",
        "x",
        "fun",
        "gradient_norm",
        "success",
        "status",
        "message",
        "nit",
        "nfev",
    )
    data = {
        "schema": SCHEMA,
        "command": "fit",
        "hypothesis": h.text,
        "formula": h.expression is not None,
        "target": h.target,
        "columns": list(h.columns),
        "inputs": list(fit.model.inputs),
        "classes": list(fit.model.classes),
        **{name: run[name] for name in same},
        "loss": {"name": str(fit.model.loss), "value": float(fit.loss)},
        "parameters": {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in fit.x.items()
        },
        "standard_errors": fit.standard_errors,
        "no_standard_errors": fit.no_standard_errors,
        "r2": fit.r2,
        "accuracy": fit.accuracy,
        "rows": fit.rows,
        "rows_dropped": fit.rows_dropped,
        "path": fit.path,
        "coordinates": fit.coordinates,
        "notes": list(fit.notes),
        "warnings": list(fit.warnings),
        "weights": fit.problem.weights_column
        if fit.problem is not None
        else (fit.recorded or {}).get("weights"),
        "explanation": fit.explain().to_dict() if fit.recorded is None else fit.recorded["explanation"],
        "run": run,
        "history": history,
    }
    encoded: dict[str, Any] = runs._encode(data)
    return encoded


def save(fit: Fit, path: str | os.PathLike[str]) -> None:
    """Write a fit as JSON, atomically."""
    write_atomically(path, (json.dumps(to_dict(fit), allow_nan=False) + "\n").encode())


def load(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that ``Fit.save`` wrote: it predicts as before; the table it was made on is not in it.

    Raises:
        DataError: the file cannot be read or is not a saved fit.
    """
    return loaded(runs.read(path), path)


def loaded(data: dict[str, Any], path: str | os.PathLike[str]) -> Fit:
    """The fit in the plain data that was read from ``path``."""
    command = data.get("command")
    if command != "fit":
        what = f"a run of '{command}'" if command in ("minimize", "maximize") else "something else"
        raise DataError(f"{path} holds {what}, not a fit; 'downslope fit ... --save FILE' writes one.")
    try:
        return _from_dict(data)
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DownslopeError) as error:
        raise DataError(f"{path} is not a whole saved fit: {type(error).__name__}: {error}.") from error


def _hypothesis(data: dict[str, Any]) -> Hypothesis:
    names = [str(name) for name in (*data["inputs"], data["target"])]
    empty = Frame({name: np.zeros(1) for name in names})
    if data["formula"]:
        return read_hypothesis(str(data["hypothesis"]), empty)
    return linear_model(str(data["target"]), [str(name) for name in data["columns"]], empty)


def _from_dict(data: dict[str, Any]) -> Fit:
    run = runs._from_dict({**data["run"], "history": data["history"]}, (ProximalGradient,))
    parameters = run.objective.parameters
    hypothesis = _hypothesis(data)
    if hypothesis.parameters != parameters.names:
        raise DataError("this is not a whole saved fit: its parameters are not those of its hypothesis.")
    model = Model(
        hypothesis,
        as_loss(str(data["loss"]["name"])),
        tuple(data["classes"]),
        parameters,
        parameters.flatten({n: np.asarray(v, np.float64) for n, v in data["parameters"].items()}),
        tuple(data["inputs"]),
    )
    return Fit(
        model,
        run,
        runs._number(data["loss"]["value"]),
        str(data["path"]),
        str(data["coordinates"]),
        tuple(data["notes"]),
        int(data["rows"]),
        int(data["rows_dropped"]),
        recorded={
            **{name: data[name] for name in ("standard_errors", "r2", "accuracy", "explanation")},
            "no_standard_errors": str(data.get("no_standard_errors", "")),
            "weights": data.get("weights"),
        },
        warnings=tuple(data["warnings"]),
    )
