"""What all tests share: how many examples hypothesis draws where a test does not say, and which frameworks are there.

A test of a framework that is not installed is skipped, with that as its reason: not every framework is there for every
Python. What misses a framework in any other way, as our own code would by importing one without need, fails.
"""

from __future__ import annotations

import ast
import contextlib
import signal
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from downslope.errors import MissingExtraError
from trials import SOAKING, trials

FRAMEWORKS = ("torch", "tensorflow", "jax", "optax", "keras", "sklearn")
MISSING = {name for name in FRAMEWORKS if find_spec(name) is None}
HERE = Path(__file__).parent

# pytest looks for examples in this file under a name that other folders' files have; and looking for them in the loops
# of learners would run those, one of which turns TensorFlow's eager execution off.
collect_ignore = ["conftest.py", "data"]

# A shell that runs the tests in the background has programs ignore Ctrl-C, and so would those that tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)

if SOAKING:
    settings.register_profile("soak", deadline=None, max_examples=trials(100))
    settings.load_profile("soak")


class ModuleOfMissing(pytest.Module):
    """A file of tests that begins by importing a framework which is not installed."""

    needs: str

    def collect(self) -> Iterator[Any]:
        pytest.skip(f"{self.needs} is not installed", allow_module_level=True)


def needs(path: Path) -> str | None:
    """The first framework that a file imports at its top and that is not installed."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            parts = name.split(".")
            of = parts[1] if parts[0] == "downslope" and len(parts) > 1 else parts[0]
            if of in MISSING:
                return of
    return None


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> pytest.Module | None:
    """Skip a whole file where its framework is missing."""
    missing = needs(module_path) if MISSING and HERE in module_path.parents else None
    if missing is None:
        return None
    module: ModuleOfMissing = ModuleOfMissing.from_parent(parent, path=module_path)
    module.needs = missing
    return module


def missed(error: BaseException) -> str | None:
    """The framework that a test itself asked for, by importing it or by way of our extra, and that is not installed."""
    asked = error.__cause__ if isinstance(error, MissingExtraError) else error
    if not isinstance(asked, ModuleNotFoundError) or (asked.name or "").partition(".")[0] not in MISSING:
        return None
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    by_a_test = last is not None and HERE in Path(last.tb_frame.f_code.co_filename).parents
    return asked.name if by_a_test or isinstance(error, MissingExtraError) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    """Skip a single test where its framework is missing."""
    try:
        return (yield)
    except (ModuleNotFoundError, MissingExtraError) as error:
        if name := missed(error):
            pytest.skip(f"{name} is not installed")
        raise
