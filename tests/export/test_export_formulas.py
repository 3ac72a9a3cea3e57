"""Every dialect's script of a formula, executed: the table and the last point are the run's."""

from __future__ import annotations

from typing import Any

import pytest
from formula_cases import CASES, EVERY_RULE, asked, run_of
from scripts import DIALECTS, agree

LOOSE = {"single precision": 3e-6, "clipped by value": 1e-11}


PAIRS = [(d, n) for d in DIALECTS for n in (*CASES, *EVERY_RULE) if asked(d, n)]


@pytest.mark.parametrize(("dialect", "name"), PAIRS, ids=[f"{d}: {n}" for d, n in PAIRS])
def test_the_script_goes_the_way_of_the_run(dialect: str, name: str, printed: Any) -> None:
    single = name == "single precision"
    agree(run_of(name), printed(dialect)["run", name], LOOSE.get(name, 1e-11), 1e-5 if single else 1e-8)
