"""Every dialect's script of a formula, executed: the table and the last point are the run's."""

from __future__ import annotations

from typing import Any

import pytest
from formula_cases import CASES, EVERY_RULE, run_of
from scripts import DIALECTS, agree

PAIRS = [(d, n) for d in DIALECTS for n in (*CASES, *EVERY_RULE)]


@pytest.mark.parametrize(("dialect", "name"), PAIRS, ids=[f"{d}: {n}" for d, n in PAIRS])
def test_the_script_goes_the_way_of_the_run(dialect: str, name: str, printed: Any) -> None:
    if "single precision" in name:
        agree(run_of(name), printed(dialect)["run", name], 5e-6, 1e-5)
    elif (dialect, name) == ("sympy", "adgd"):
        # Its first step is 1e-10 long, so its first curvature is rounding, and SymPy's sums have another order.
        agree(run_of(name), printed(dialect)["run", name], 1e-8)
    else:
        agree(run_of(name), printed(dialect)["run", name], 1e-11)
