"""Rules that take more than gradients are refused with one sentence of their own, wherever there are only gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.export import DIALECTS
from downslope.messages import listing
from downslope.optimizers import ClipByNorm, Optimizer
from downslope.optimizers.curvature import CurvedRule, refusal
from downslope.optimizers.registry import all_curved
from downslope.optimizers.updater import Updater

RULES = pytest.mark.parametrize("cls", all_curved(), ids=[cls.name() for cls in all_curved()])
WHOLE_LOOPS = ("numpy", "sympy", "torch", "tensorflow", "jax")  # dialects whose scripts are not one update
WAYS = ("torch", "keras", "optax", "updater")


def adapted(way: str, rule: Optimizer) -> Any:
    """The rule as an optimizer of that framework."""
    if way == "updater":
        return Updater(rule)
    library = pytest.importorskip(way)
    if way == "torch":
        from downslope.torch import Optimizer as TorchOptimizer

        return TorchOptimizer([library.nn.Parameter(library.ones(2))], rule)
    if way == "keras":
        from downslope.keras import Optimizer as KerasOptimizer

        return KerasOptimizer(rule)
    from downslope.optax import to_optax

    return to_optax(rule)


@RULES
@pytest.mark.parametrize("way", WAYS)
def test_no_framework_takes_them(cls: type[CurvedRule], way: str) -> None:
    with pytest.raises(UsageError) as caught:
        adapted(way, cls())
    assert str(caught.value) == str(refusal(cls()))
    assert str(caught.value).endswith("It runs in downslope's own loops: minimize, maximize and fit.")


@RULES
@pytest.mark.parametrize("way", WAYS)
def test_nor_wrapped(cls: type[CurvedRule], way: str) -> None:
    with pytest.raises(UsageError):
        adapted(way, ClipByNorm(optimizer=cls(), limit=1.0))


@RULES
@pytest.mark.parametrize("dialect", DIALECTS)
def test_scripts_are_written_where_the_whole_loop_is(cls: type[CurvedRule], dialect: str) -> None:
    run = ds.minimize("(x - 1)^2 + 3*(y + 2)^2", {"x": 3.0, "y": 1.0}, optimizer=cls(), steps=3)
    if dialect in WHOLE_LOOPS:
        compile(run.export(dialect), "script.py", "exec")  # which tests/export executes
        return
    with pytest.raises(UsageError) as caught:
        run.export(dialect)
    names = listing(WHOLE_LOOPS, "and")
    assert str(caught.value) == f"{refusal(cls())} Scripts of it are written by {names}."


@RULES
def test_a_loop_that_is_called_by_their_name_is_not_accused(cls: type[CurvedRule], tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    path.write_text(
        f"def {cls.name()}():\n    x = 3.0\n    for i in range(5):\n        g = 2*x\n        x = x - g/4\n"
        f"{cls.name()}()\n"
    )
    found = ds.check_loop(path)
    assert found.ok, str(found)
    assert found.rule is None
    assert f"By its name the loop is {cls.name()}, whose steps take more than the gradients" in str(found)
    with pytest.raises(UsageError) as caught:  # a person who asks for it is told why not
        ds.check_loop(path, optimizer=cls.name())
    assert str(caught.value) == str(refusal(cls()))


@RULES
def test_a_gradient_with_a_slip_is_found_in_their_loops_too(cls: type[CurvedRule], tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    path.write_text(
        "def f(x):\n    return x**2\n"
        f"def {cls.name()}():\n    x = 3.0\n    for i in range(5):\n        g = 6*x\n        x = x - 0.02*g\n"
        f"{cls.name()}()\n"
    )
    found = ds.check_loop(path)
    assert found.codes == ["factor"]
    assert found.slips[0].numbers["factor"] == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize("name", ["LBFGS", "ConjugateGradient", "Armijo"])
def test_nor_is_a_class_of_a_rule_that_searches(name: str, tmp_path: Path) -> None:
    path = tmp_path / "student.py"
    path.write_text(
        f"class {name}:\n    def __init__(self, lr=0.2):\n        self.lr = lr\n"
        "    def update(self, params, grads):\n        params['x'] -= self.lr*grads['x']\n"
        f"p, o = {{'x': 3.0}}, {name}()\nfor i in range(5):\n    o.update(p, {{'x': 2*p['x']}})\n"
    )
    found = ds.check_loop(path)
    assert found.ok, str(found)
    assert "whose steps take more than the gradients" in str(found)
