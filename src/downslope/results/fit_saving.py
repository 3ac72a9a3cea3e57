"""A fit as JSON, as ``saving`` makes it of a run. It stands apart as a run is saved without anything of fits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from downslope.fitting.intervals import PredictionSpread
from downslope.fitting.result import FitResult
from downslope.messages import to_plain
from downslope.results.saving import SCHEMA, encoded, run_to_dict


def fit_to_dict(fit: FitResult, explanation: dict[str, Any]) -> dict[str, Any]:
    """A fit as plain data: what a run has, with the parameters in the user's units, and what only a fit has.

    Args:
        fit: the fit.
        explanation: why it ended as it did, as plain data.
    """
    run, h = run_to_dict(fit.run), fit.model.hypothesis
    history = run.pop("history")
    run.pop("stations", None)  # a fit is made again from its table
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
        "categories": {category.column: list(category.levels) for category in h.categories},
        "classes": list(fit.model.classes),
        **{name: run[name] for name in same},
        "loss": {"name": str(fit.model.loss), "value": float(fit.loss)},
        "parameters": {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in fit.x.items()
        },
        "about_means": None if fit.model.centred is None else fit.model.centred.to_dict(),
        "standard_errors": fit.standard_errors,
        "no_standard_errors": to_plain(fit.missing_errors),
        "spread": _spread(fit),
        "r2": fit.r2,
        "accuracy": fit.accuracy,
        "rows": fit.rows,
        "rows_dropped": fit.rows_dropped,
        "holdout": None if fit.holdout is None else asdict(fit.holdout),
        "path": fit.path,
        "coordinates": fit.coordinates,
        "notes": list(map(to_plain, fit.noted)),
        "warnings": list(map(to_plain, fit.warned)),
        "unasked": fit.unasked,
        "weights": fit.problem.weights_column
        if fit.problem is not None
        else (fit.recorded or {}).get("weights"),
        "explanation": explanation,
        "run": run,
        "history": history,
    }
    return encoded(data)


def _spread(fit: FitResult) -> dict[str, Any]:
    """What prediction intervals are made of, or why there are none."""
    found = fit.spread
    if not isinstance(found, PredictionSpread):
        return {"none": to_plain(found)}
    return {
        "root": found.root.tolist(),
        "centre": found.centre.tolist(),
        "variance": found.variance,
        "freedom": found.freedom,
    }
