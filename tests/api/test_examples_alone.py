"""Every example of a docstring runs when it is pasted alone, and every rule has one and says where it comes from."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import downslope as ds
from downslope.optimizers import all_blocks, all_curved, all_optimizers, all_schedules, all_wrappers

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
RULES = (*all_optimizers(), *all_curved(), *all_blocks())
COMPOSED = tuple(cls for cls in (*all_schedules(), *all_wrappers()) if cls.__name__ != "Scheduled")


def _public() -> Iterator[tuple[str, Any]]:
    """The public functions and classes, and what the classes have of their own."""
    for module in (ds, ds.optimizers, ds.plots, ds.objectives, ds.errors):
        for name in getattr(module, "__all__", dir(module)):
            thing = getattr(module, name)
            if name.startswith("_") or not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            yield name, thing
            for member in dir(thing) if inspect.isclass(thing) else ():
                found = inspect.getattr_static(thing, member)
                function = getattr(found, "fget", None) or getattr(found, "__func__", found)
                if not member.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{member}", function


def _told(thing: Any) -> str:
    """Its own docstring, not that of what it is made from."""
    return str((thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__) or "")


EXAMPLES = {
    name: _told(thing)
    for name, thing in (*((cls.__name__, cls) for cls in (*RULES, *COMPOSED)), *_public())
    if ">>> " in _told(thing)
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_alone(name: str) -> None:
    for framework in ("torch", "jax", "tensorflow", "keras"):
        if f"import {framework}\n" in EXAMPLES[name]:
            pytest.importorskip(framework)
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(EXAMPLES[name], {}, name, None, None)
    failed, tried = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=said.append)
    assert tried
    assert not failed, "".join(said)


@pytest.mark.parametrize("cls", RULES, ids=lambda cls: cls.name())
def test_every_rule_has_a_formula_a_source_and_an_example(cls: type) -> None:
    told = _told(cls)
    assert ".. math::" in told
    assert "Source: " in told
    assert ">>> " in told


@pytest.mark.parametrize("cls", COMPOSED, ids=lambda cls: cls.__name__)
def test_every_schedule_and_wrapper_has_an_example(cls: type) -> None:
    assert ">>> " in _told(cls)
