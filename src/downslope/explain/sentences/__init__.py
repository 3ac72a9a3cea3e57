"""Every sentence of an explanation: whole templates with named fields, to be translated as they stand.

Nothing here decides anything, and no sentence is put together from pieces. A key that ends in ``.up`` is for an ascent,
one in ``.local`` for what holds near a point only; where there is no such sentence, the one without the ending serves.
That a run climbed is the last thing to be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from downslope.explain.sentences.advice import ADVICE
from downslope.explain.sentences.causes import CODES, FINDINGS
from downslope.explain.sentences.causes_of_climbs import FINDINGS_OF_CLIMBS
from downslope.explain.sentences.fits import FITS
from downslope.explain.sentences.forecasts import FORECASTS
from downslope.explain.sentences.gradients import GRADIENTS
from downslope.explain.sentences.points import HELD, POINTS
from downslope.explain.sentences.records import COURSES, LEFT_OUT, RECORDS
from downslope.messages import Message, Template

__all__ = ["CODES", "TEMPLATES", "say"]

TEMPLATES: Mapping[str, Template] = {
    f"{family}.{key}": template
    for family, templates in (
        ("point", POINTS),
        ("finding", FINDINGS),
        ("finding", FINDINGS_OF_CLIMBS),
        ("finding", FITS),
        ("advice", ADVICE),
        ("forecast", FORECASTS),
        ("gradient", GRADIENTS),
        ("finding.record", RECORDS),
        ("course", COURSES),
        ("left_out", LEFT_OUT),
        ("held", HELD),
    )
    for key, template in templates.items()
}


def say(key: str, **fields: Any) -> Message:
    """The sentence of that key with those of the fields that it names; a count is its ``steps``.

    >>> print(say("advice.tolerance", tolerance=1e-5, steps=31))
    A tolerance of 1e-05 is met in 31 steps (run and confirmed).
    >>> print(say("advice.tolerance.up", tolerance=1e-5, steps=1))
    A tolerance of 1e-05 is met in 1 step (run and confirmed).
    """
    with_ways = [key, key.replace(".local", ""), key.replace(".up", "")]
    found = next((one for one in with_ways if one in TEMPLATES), key.replace(".local", "").replace(".up", ""))
    return TEMPLATES[found].filled(**{"n": fields.get("steps"), **fields})
