"""All scripts of a dialect are executed in one process: importing a framework takes longer than its scripts do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import fit_cases
import formula_cases
import pytest
from scripts import execute

Printed = Callable[[str], dict[tuple[str, str], Any]]


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """Dialect -> what each script printed, by ("run" or "fit", name of the case)."""

    @functools.cache
    def of(dialect: str) -> dict[tuple[str, str], Any]:
        runs = [
            n for n in (*formula_cases.CASES, *formula_cases.EVERY_RULE) if formula_cases.asked(dialect, n)
        ]
        fits = [n for n in fit_cases.CASES if fit_cases.asked(dialect, n)]
        scripts = {("run", n): formula_cases.run_of(n).export(dialect) for n in runs}
        scripts |= {("fit", n): fit_cases.fit_of(n).export(dialect) for n in fits}
        return execute(dialect, scripts, tmp_path_factory.mktemp("scripts"))

    return of
