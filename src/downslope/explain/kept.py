"""The explanation of a descent, worked out once."""

from __future__ import annotations

from dataclasses import replace

from downslope.descent import Descent
from downslope.explain.explanation import Explanation, explain


def explanation_of(run: Descent) -> Explanation:
    """Why it ended as it did; asked again about the same record, it answers at once."""
    kept: Explanation | None = run.__dict__.get("_explanation")
    if kept is None:
        run.__dict__["_explanation"] = kept = replace(explain(run), run=run)
    return kept
