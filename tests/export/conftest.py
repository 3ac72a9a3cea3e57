"""All scripts for a framework are executed in one process: importing it takes longer than its scripts do."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fit_cases
import formula_cases
import pytest
import tutorial_cases
from scripts import DIALECTS, FRAMEWORKS, execute, lacking

Printed = Callable[[str], dict[tuple[str, str], Any]]

collect_ignore = ["conftest.py", "tutorials"]  # importing those scripts would run them

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
PAGE = dict(re.findall(r"^## (\S+)\n.*?```python\n(.*?)```", DOCUMENTED, re.M | re.S))


def exported(dialect: str) -> dict[tuple[str, str], str]:
    """The scripts of a dialect, by ("run", "fit", "page", "idea" or "tutorial", name of the case)."""
    runs = [*formula_cases.CASES, *formula_cases.EVERY_RULE]
    fits = [n for n in fit_cases.CASES if fit_cases.asked(dialect, n)]
    scripts = {("run", n): formula_cases.run_of(n).export(dialect) for n in runs}
    scripts |= {("fit", n): fit_cases.fit_of(n).export(dialect) for n in fits}
    scripts["page", "zig-zag"] = PAGE[dialect]
    return scripts | tutorial_cases.scripts(dialect)


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """Dialect -> what each of its scripts printed, by ("run", "fit", "idea" or "tutorial", name of the case)."""

    @functools.cache
    def together(first: str) -> dict[tuple[str, tuple[str, str]], Any]:
        """The scripts of all dialects that begin with the same framework."""
        alike = [d for d in DIALECTS if FRAMEWORKS[d][:1] == FRAMEWORKS[first][:1] and not lacking(d)]
        needed = dict.fromkeys(framework for d in alike for framework in FRAMEWORKS[d])
        scripts = {(d, key): text for d in alike for key, text in exported(d).items()}
        return execute(tuple(needed), scripts, tmp_path_factory.mktemp("scripts"))

    def of(dialect: str) -> dict[tuple[str, str], Any]:
        if lacking(dialect):
            pytest.skip(f"{lacking(dialect)} is not installed, and the scripts are written for it")
        first = next(d for d in DIALECTS if FRAMEWORKS[d][:1] == FRAMEWORKS[dialect][:1])
        return {key: result for (d, key), result in together(first).items() if d == dialect}

    return of
