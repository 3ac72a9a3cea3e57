"""The front door: options, names, what a run shows, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.errors import DownslopeError, ExpressionError, HyperparameterError, ObjectiveError, UsageError


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("step", "steps"),
        ("tolerence", "tolerance"),
        ("learnig_rate", "learning_rate"),
        ("evry", "every"),
        ("call_back", "callback"),
        ("timelimit", "time_limit"),
        ("hyperparameter", "hyperparameters"),
        ("optimiser", "optimizer"),
    ],
)
@pytest.mark.parametrize("climb", [ds.minimize, ds.maximize])
def test_unknown_option_suggests_the_nearest(climb: Any, wrong: str, right: str) -> None:
    with pytest.raises(UsageError) as caught:
        climb("x^2", 1.0, **{wrong: 1})
    assert f"no option '{wrong}'" in str(caught.value)
    assert f"'{right}'" in str(caught.value)


def test_unknown_option_like_nothing() -> None:
    with pytest.raises(UsageError, match=r"^there is no option 'qqq'\.$"):
        ds.minimize("x^2", 1.0, qqq=1)  # type: ignore[call-arg]


def test_hyperparameters_go_to_the_named_optimizer() -> None:
    run = ds.minimize(
        "x^2", 1.0, optimizer="momentum", learning_rate=0.1, hyperparameters={"momentum": 0.5}, steps=3
    )
    assert run.optimizer == ds.optimizers.Momentum(learning_rate=0.1, momentum=0.5)
    assert ds.minimize("x^2", 1.0, hyperparameters=None, steps=1).nit == 1  # type: ignore[arg-type]
    with pytest.raises(HyperparameterError, match="no hyperparameter 'momentun'"):
        ds.minimize("x^2", 1.0, optimizer="momentum", hyperparameters={"momentun": 0.5})
    with pytest.raises(UsageError, match="twice over"):
        ds.minimize("x^2", 1.0, optimizer=ds.optimizers.Adam(), learning_rate=0.1)


def test_default_optimizer() -> None:
    assert type(ds.minimize("x^2", 1.0).optimizer).__name__ == "Auto"
    assert type(ds.minimize("x^2", 1.0, learning_rate=0.1).optimizer).__name__ == "GradientDescent"


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        ("x^", ExpressionError, "^"),
        ("3", ObjectiveError, "no parameter to vary"),
        ("", ExpressionError, ""),
        ("__import__('os').system('true')", ExpressionError, ""),
        (5, ObjectiveError, "5 cannot be descended"),
        (None, ObjectiveError, "None cannot be descended"),
        ([1, 2], ObjectiveError, "cannot be descended"),
        (b"x^2", ObjectiveError, "cannot be descended"),
    ],
)
def test_what_cannot_be_descended(function: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        ds.minimize(function, 1.0)
    assert words in str(caught.value)
    assert isinstance(caught.value, DownslopeError)


@pytest.mark.parametrize("function", ["rosenbrock", ds.problem("rosenbrock")])
def test_gradient_of_a_problem_is_its_own(function: Any) -> None:
    with pytest.raises(UsageError, match="brings its own gradient"):
        ds.minimize(function, gradient={"x": "0", "y": "0"})


def test_gradient_of_a_formula_is_formulas() -> None:
    with pytest.raises(UsageError, match="given as formulas"):
        ds.minimize("x^2", 1.0, gradient=lambda x: 2 * x)
    with pytest.raises(UsageError, match="uses z"):
        ds.minimize("x^2", 1.0, gradient={"x": "2*z"})
    with pytest.raises(UsageError, match="no value for y"):
        ds.minimize("x^2+y", "x=1,y=1", gradient={"x": "2*x"})


def test_a_run_has_scipys_names() -> None:
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=30)
    assert set(run.x) == {"x", "y"}
    assert (run.nit, run.nfev, run.success, run.status) == (30, 31, True, "step_limit")
    assert run.fun == run.history.value[-1]
    assert run.gradient_norm == run.history.gradient_norm[-1]
    assert run.command == "minimize"
    assert isinstance(run.message, str)
    assert run.seconds > 0
    text = repr(run)
    assert text.startswith("minimize x^2/20 + y^2\n")
    assert "30 steps, 31 evaluations, GradientDescent, traced" in text


def test_notes_say_how_a_formula_was_read() -> None:
    assert ds.minimize("1/2x + x^2", 1.0, learning_rate=0.1, steps=1).notes
    assert ds.minimize("x^2", 1.0, learning_rate=0.1, steps=1).notes == ()


def test_dtype_reaches_the_objective() -> None:
    for dtype in ("float32", np.float32, np.dtype("float32")):
        run = ds.minimize("x^2/3", 0.1, dtype=dtype, learning_rate=0.1, steps=2)
        assert run.objective.dtype == np.float32
        assert run.history.x.tolist() == run.history.x.astype(np.float32).astype(float).tolist()


def test_public_names_are_sorted_complete_and_there() -> None:
    assert ds.__all__ == sorted(ds.__all__)
    for name in ds.__all__:
        assert getattr(ds, name) is not None
    assert dir(ds) == ds.__all__
    with pytest.raises(AttributeError, match="no attribute 'minimise'"):
        ds.minimise  # noqa: B018


def test_importing_brings_in_nothing_heavy() -> None:
    code = (
        "import sys, downslope; heavy = {'sympy', 'matplotlib', 'pyarrow', 'sklearn', 'torch', 'tensorflow', 'jax',"
        " 'pandas', 'numba', 'symengine'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "[]\n"


def test_running_a_formula_brings_in_no_sympy() -> None:
    code = (
        "import sys, downslope as ds; ds.minimize('x^2', 1.0); "
        "print(sorted({'sympy', 'matplotlib', 'pyarrow', 'torch', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "[]\n"


def test_the_tree_of_errors() -> None:
    from downslope import errors

    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    for cls in classes:
        assert issubclass(cls, DownslopeError)
        assert cls.__name__ in (errors.__doc__ or "")
        assert cls.exit_code in (2, 3)
    assert str(errors.nearest("adm", ["adam", "momentum"])) == "Did you mean 'adam'?"
    assert not errors.nearest("zzz", ["adam"])
    assert not errors.nearest("", [])


def test_a_hyperparameter_among_the_options_is_sent_home() -> None:
    with pytest.raises(UsageError, match=r"given to the optimizer: .*ds\.optimizers\.AdamW\(weight_decay="):
        ds.minimize("x^2", 1.0, optimizer="adam", weight_decay=0.1)  # type: ignore[call-arg]


def test_a_long_function_is_called_by_its_name(tmp_path: Path) -> None:
    def bowl(x: Any) -> Any:
        return np.sum((x - 1.5) ** 2) + np.exp(x).sum()

    run = ds.minimize(bowl, np.zeros(4), learning_rate=0.1, steps=2)
    assert repr(run).startswith("minimize bowl\n")
    run.save(tmp_path / "run.json")
    assert repr(ds.load(tmp_path / "run.json")).startswith("minimize bowl\n")
    assert repr(ds.minimize(lambda x: x**2, 1.0, learning_rate=0.1, steps=2)).startswith("minimize x^2\n")
