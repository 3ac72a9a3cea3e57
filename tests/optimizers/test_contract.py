"""What every optimizer promises, whoever wrote it: found by itself, pure, checked, and true to its printed formula."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import re
import sys
import types
from typing import Any

import numpy as np
import pytest

from downslope import optimizers
from downslope.errors import HyperparameterError, UnknownNameError, UsageError
from downslope.optimizers import Optimizer, all_optimizers, as_optimizer, notation, optimizer_class
from downslope.optimizers import registry as registry_module
from downslope.optimizers import state as states
from downslope.optimizers.base import is_hyperparameter
from downslope.optimizers.state import leaves

EVERY = pytest.mark.parametrize("cls", all_optimizers(), ids=lambda c: c.name())
CORE = ["GradientDescent", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "Armijo"]
FIELDS = [
    (cls, field.name)
    for cls in all_optimizers()
    for field in dataclasses.fields(cls)
    if "about" in field.metadata
]


def bowl(x: Any) -> tuple[Any, Any]:
    """A convex function of one number or many, with its gradient: curved, so that steps differ."""
    return np.sum(np.cosh(x) + 0.1 * x), np.sinh(x) + 0.1


def walked(rule: Optimizer, x: Any, steps: int) -> tuple[Any, Any, Any, Any]:
    """Point, value, gradient and state after some updates."""
    state = rule.init(x)
    for _ in range(steps):
        value, gradient = bowl(x)
        x, state, _ = rule.update(x, value, gradient, state)
    return x, *bowl(x), state


@pytest.mark.parametrize("name", CORE)
def test_the_core_is_there(name: str) -> None:
    assert getattr(optimizers, name).__name__ == name


@EVERY
@pytest.mark.parametrize("steps", [0, 1, 6])
def test_update_is_pure(cls: type[Optimizer], steps: int) -> None:
    rule = cls()
    arguments = walked(rule, np.array([0.9, -0.4, 0.2]), steps)
    before = copy.deepcopy(arguments)
    first = rule.update(*arguments)
    second = rule.update(*arguments)
    np.testing.assert_equal(first, second)
    np.testing.assert_equal(arguments, before)
    assert rule == cls()


@EVERY
def test_two_runs_side_by_side_do_not_know_of_each_other(cls: type[Optimizer]) -> None:
    rule = cls()
    alone = walked(rule, np.array([0.9, -0.4]), 8)
    states = [rule.init(np.array(x)) for x in ([0.9, -0.4], [5.0, 3.0])]
    points = [np.array([0.9, -0.4]), np.array([5.0, 3.0])]
    for _ in range(8):
        for i in (1, 0):
            points[i], states[i], _ = rule.update(points[i], *bowl(points[i]), states[i])
    np.testing.assert_equal((points[0], states[0]), (alone[0], alone[3]))


@EVERY
def test_state_keeps_its_build(cls: type[Optimizer]) -> None:
    """The engines lay the state out once: no leaf may change its shape on the way."""
    from downslope.optimizers.state import leaves

    rule, x = cls(), np.array([0.9, -0.4, 0.2])
    shapes = [(n, np.shape(v)) for n, v in leaves(rule.init(x))]
    for steps in (1, 5):
        assert [(n, np.shape(v)) for n, v in leaves(walked(rule, x, steps)[3])] == shapes


@EVERY
def test_it_is_a_frozen_record_that_prints_and_compares(cls: type[Optimizer]) -> None:
    rule = cls()
    assert rule == cls()
    assert repr(rule).startswith(f"{cls.__name__}(")
    for name in rule.hyperparameters():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(rule, name, 1.0)
    assert optimizers.optimizer_from_dict(rule.to_dict()) == rule


@EVERY
def test_it_is_documented(cls: type[Optimizer]) -> None:
    assert cls.summary().endswith(".")
    assert len(cls.summary()) < 120
    doc = cls.__doc__ or ""
    for part in (".. math::", "Source:", ">>> "):
        assert part in doc, f"{cls.__name__} has no {part}"
    for field in dataclasses.fields(cls):
        assert f"{field.name}:" in doc, f"{cls.__name__} does not explain {field.name}"


@pytest.mark.parametrize(("cls", "name"), FIELDS, ids=lambda v: v if isinstance(v, str) else v.name())
@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, "fast", "0.1", None, True, 1j, [0.1], 10**400]
)
def test_a_hyperparameter_is_a_finite_number(cls: type[Optimizer], name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError) as caught:
        cls(**{name: value})
    assert str(caught.value).startswith(f"{cls.__name__}: {name} is ")
    assert "must be a finite number" in str(caught.value)


@pytest.mark.parametrize(("cls", "name"), FIELDS, ids=lambda v: v if isinstance(v, str) else v.name())
def test_a_hyperparameter_lies_in_its_range(cls: type[Optimizer], name: str) -> None:
    metadata = next(f.metadata for f in dataclasses.fields(cls) if f.name == name)
    above, at_least, below = metadata["above"], metadata["at_least"], metadata["below"]
    outside = [above, above - 1, math.nextafter(at_least, -math.inf), at_least - 1, below, below + 1]
    for value in outside:
        with pytest.raises(HyperparameterError):
            cls(**{name: value})
    inside = [math.nextafter(above, math.inf), at_least, math.nextafter(below, -math.inf)]
    for value in inside:
        if math.isfinite(value) and above < value < below and value >= at_least:
            assert getattr(cls(**{name: value}), name) == value
    if name == "learning_rate":
        assert above == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optimizers.Adam(0.1), "Adam takes its hyperparameters by name: Adam(learning_rate=0.1)"),
        (
            lambda: optimizers.Adam(lerning_rate=0.1),
            "no hyperparameter 'lerning_rate'. Did you mean 'learning_rate'",
        ),
        (lambda: optimizers.Adam(nesterov=True), "It has: learning_rate, beta1, beta2, epsilon"),
        (lambda: as_optimizer("adam", momentum=0.9), "no hyperparameter 'momentum'"),
        (lambda: as_optimizer("armijo", 0.1), "no hyperparameter 'learning_rate'"),
        (lambda: optimizers.Momentum(momentum=1.0), "finite number >= 0 and < 1"),
        (lambda: optimizers.GradientDescent(learning_rate=0), "finite number > 0"),
        (lambda: optimizers.Armijo(sufficient_decrease=0.5), "> 0 and < 0.5"),
    ],
)
def test_wrong_hyperparameters_are_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(HyperparameterError) as caught:
        call()
    assert words in str(caught.value)
    assert "  " not in str(caught.value)


def test_integers_and_numpy_numbers_become_floats() -> None:
    rule = optimizers.GradientDescent(learning_rate=1)
    assert type(rule.learning_rate) is float
    assert optimizers.GradientDescent(learning_rate=np.float32(0.5)).learning_rate == 0.5


@EVERY
def test_every_spelling_of_its_name_finds_it(cls: type[Optimizer]) -> None:
    for name in (cls.name(), cls.__name__, cls.name().upper(), cls.name().replace("_", "-"), *cls.aliases):
        assert optimizer_class(name) is cls
        assert name in ("x",) or isinstance(as_optimizer(name), cls)
    assert getattr(optimizers, cls.__name__) is cls
    assert cls.__name__ in dir(optimizers)


def test_no_two_optimizers_share_a_name() -> None:
    def folded(cls: type[Optimizer]) -> set[str]:
        return {re.sub("[-_ ]", "", n).lower() for n in (cls.name(), cls.__name__, *cls.aliases)}

    names = [name for cls in all_optimizers() for name in folded(cls)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("name", "hint"), [("adm", "'adam'"), ("gradient_decent", "'gradient_descent'"), ("", "There are")]
)
def test_unknown_name_suggests_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        optimizer_class(name)
    assert hint in str(caught.value)
    assert ("There are" in str(caught.value)) == (hint == "There are")


def test_what_an_optimizer_can_be_given_as() -> None:
    adam = optimizers.Adam(learning_rate=0.5)
    assert as_optimizer(adam) is adam
    assert as_optimizer(optimizers.Adam, 0.5) == adam
    assert as_optimizer("adam", 0.5) == adam
    assert type(as_optimizer()).__name__ == "Auto"
    assert type(as_optimizer(None, 0.1)).__name__ == "GradientDescent"
    for wrong in (5, object(), int, [adam]):
        with pytest.raises(UsageError):
            as_optimizer(wrong)
    with pytest.raises(UsageError, match="twice over"):
        as_optimizer(adam, 0.1)
    with pytest.raises(AttributeError):
        optimizers.Nothing  # noqa: B018


def test_one_new_file_is_one_new_optimizer(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "halving.py").write_text(
        "from downslope.optimizers.base import Optimizer, hyperparameter\n"
        "class Halving(Optimizer):\n"
        '    """Goes half way to zero."""\n'
        '    part: float = hyperparameter(0.5, "of the way", above=0)\n'
        "    def update(self, x, value, gradient, state):\n"
        "        return x - self.part * x, state, True\n"
    )
    import downslope as ds
    from downslope.optimizers import rules

    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    caches = [f for f in vars(registry_module).values() if hasattr(f, "cache_clear")]
    try:
        for cache in caches:
            cache.cache_clear()
        assert optimizers.Halving.summary() == "Goes half way to zero."
        for engine in ("traced", "hosted"):
            run = ds.minimize("x^2", 8.0, optimizer="halving", steps=3, engine=engine)
            assert run.history["x"].tolist() == [8.0, 4.0, 2.0, 1.0]
        assert str(notation.formula(optimizers.Halving())) == "x' <- -part*x + x"
    finally:
        monkeypatch.undo()
        sys.modules.pop("downslope.optimizers.rules.halving", None)
        for cache in caches:
            cache.cache_clear()
    assert "halving" not in [c.name() for c in all_optimizers()]


def named(state: Any) -> dict[str, float]:
    """Every number of a state under the name that the formula gives it."""
    out: dict[str, float] = {}
    for path, leaf in leaves(state):
        name, array = path.replace(".", "_"), np.asarray(leaf, float)
        if array.shape in ((), (1,)):
            out[name] = float(array.reshape(-1)[0])
        else:
            out |= {"_".join([name, *map(str, i)]): float(array[i]) for i in np.ndindex(array.shape)}
    return out


@EVERY
def test_resuming_from_a_saved_state_equals_never_having_stopped(cls: type[Optimizer]) -> None:
    rule, x = cls(), np.array([1.5, -2.0])
    whole_x, _, _, whole = walked(rule, x, 12)
    half_x, _, _, half = walked(rule, x, 5)
    saved = json.loads(json.dumps([half_x.tolist(), states.flat(half).tolist()]))
    x, state = np.array(saved[0]), states.refilled(half, np.array(saved[1]))
    for _ in range(7):
        x, state, _ = rule.update(x, *bowl(x), state)
    assert x.tolist() == whole_x.tolist()
    assert states.flat(state).tolist() == states.flat(whole).tolist()


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_shape_are_kept(cls: type[Optimizer], dtype: Any) -> None:
    rule, x = cls(), np.array([1.5, -2.0, 0.25], dtype)
    state = rule.init(x)
    shapes = [np.shape(leaf) for _, leaf in states.leaves(state)]
    for _ in range(4):
        value, gradient = bowl(x)
        x, state, _ = rule.update(x, dtype(value), gradient.astype(dtype), state)
        assert x.dtype == dtype
        assert x.shape == (3,)
        assert [np.shape(leaf) for _, leaf in states.leaves(state)] == shapes
        assert all(
            np.asarray(leaf).dtype == dtype for _, leaf in states.leaves(state) if np.shape(leaf) == (3,)
        )


@EVERY
@pytest.mark.parametrize("steps", [0, 4])
def test_the_printed_formula_computes_what_update_computes(cls: type[Optimizer], steps: int) -> None:
    rule = cls()
    formula = notation.formula(rule)
    x, value, gradient, state = walked(rule, np.array([0.9]), steps)
    known = {"x": float(x[0]), "f": float(value), "g": float(gradient[0]), **named(state)}
    known.update({symbol: getattr(rule, name) for symbol, name in formula.legend.items()})
    found = formula.evaluate(**known)
    new_x, after, accepted = rule.update(x, value, gradient, state)
    assert found.pop("x'") == pytest.approx(float(new_x[0]), rel=1e-12, abs=1e-14)
    if any(left.name == "accept" for left, _ in formula.lines):
        assert found.pop("accept") == bool(accepted)
    else:
        assert bool(accepted)
    for name, wanted in named(after).items():
        # a line is left out where the number stays as it is, or is x, g or f itself
        line = found.pop(f"{name}'", None)
        if line is None:
            assert wanted in (known[name], known["x"], known["g"], known["f"])
        else:
            assert line == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    assert all(
        name[0] in "ct" and name[1:].isdecimal() for name in found
    )  # what is left are lines for long parts


@EVERY
def test_the_printed_formula_has_a_legend_and_latex(cls: type[Optimizer]) -> None:
    formula = notation.formula(cls())
    numbers = {n for n, v in cls().hyperparameters().items() if is_hyperparameter(v)}
    assert set(formula.legend.values()) == numbers
    known = {*"xgf", *named(cls().init(np.zeros(1))), *formula.legend}
    for left, right in formula.lines:  # a line uses what is known before it
        assert {symbol.name for symbol in right.free_symbols} <= known
        known.add(left.name)
    assert formula.latex().startswith("\\begin{aligned}")
    assert formula.latex().count("\\leftarrow") == len(formula.lines)


def test_the_registry_holds_modules_and_nothing_else() -> None:
    for cls in all_optimizers():
        module = sys.modules[cls.__module__]
        assert isinstance(module, types.ModuleType)
        assert sum(c.__module__ == cls.__module__ for c in all_optimizers()) == 1


@pytest.mark.parametrize(
    ("rule", "given", "said"),
    [
        ("SGD", {"momentum": 0.9}, "Momentum and Nesterov have one."),
        ("SGD", {"lr": 0.1}, "Did you mean 'learning_rate'?"),
        ("Adam", {"weight_decay": 0.1}, "AdamW has one"),
        ("Adam", {"betas": (0.9, 0.99)}, "beta1 and beta2"),
        ("RMSProp", {"alpha": 0.99}, "called decay here"),
    ],
)
def test_what_other_libraries_call_otherwise_is_told(rule: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(HyperparameterError, match=re.escape(said)):
        getattr(optimizers, rule)(**given)


def test_schedules_are_found_where_people_look() -> None:
    assert optimizers.schedules.Cosine(steps=3).steps == 3
    with pytest.raises(AttributeError, match=r"It is a schedule: downslope\.optimizers\.schedules\.Cosine"):
        _ = optimizers.Cosine
    with pytest.raises(AttributeError, match="Did you mean 'Adam'"):
        _ = optimizers.Adamm
