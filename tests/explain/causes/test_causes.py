"""Every known cause is named, with its numbers, and nothing else is; healthy runs are left in peace."""

from __future__ import annotations

import pytest

from . import bouncing, flat, leaving, misleading, rates, saddles, schedules, slow
from .known import Known, judge

FAMILIES = {
    "rates": rates,
    "slow": slow,
    "flat": flat,
    "saddles": saddles,
    "leaving": leaving,
    "bouncing": bouncing,
    "schedules": schedules,
    "misleading": misleading,
}
CAUSES: list[tuple[str, Known]] = [
    (name, known) for name, family in FAMILIES.items() for known in family.cases()
]
_NAMED: dict[str, bool] = {}


@pytest.mark.parametrize(("family", "known"), CAUSES, ids=[f"{f}-{k.name}" for f, k in CAUSES])
def test_a_cause_is_named_with_its_numbers_and_nothing_else_is_said(family: str, known: Known) -> None:
    verdict = judge(known)
    _NAMED[f"{family}-{known.name}"] = verdict.is_named
    assert not verdict.faults, "\n".join([f"{known.why}; got {verdict.got}", *verdict.faults])
