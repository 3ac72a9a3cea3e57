"""The example of every rule, schedule and wrapper runs where it is pasted alone."""

from __future__ import annotations

import doctest
import inspect

import pytest

from downslope.optimizers import all_curved, all_optimizers, all_schedules, all_wrappers

CLASSES = [*all_optimizers(), *all_curved(), *all_schedules(), *all_wrappers()]
WITHOUT = {"Scheduled"}  # which is made by ``learning_rate=0.1 * schedule``, whose example it would be


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_example_runs_alone(cls: type) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(cls) or "")
    assert bool(examples) == (cls.__name__ not in WITHOUT)
    test = doctest.DocTest(examples, {}, cls.__name__, None, None, None)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0
