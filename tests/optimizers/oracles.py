"""The same descent by torch, optax, Keras and others, live and in float64, fed with the same gradients as ours."""

from __future__ import annotations

import functools
import importlib
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import downslope as ds
from downslope.optimizers import Optimizer

STEPS = 200


@dataclass(frozen=True)
class Valley:
    """A problem in two variables: as text for the traced engine, its gradient by hand for everybody else."""

    name: str
    text: str
    start: tuple[float, float]
    gradient: Callable[[Any], Any]
    value: Callable[[Any], Any]

    def __repr__(self) -> str:
        return self.name


QUADRATIC = Valley(
    "quadratic",
    "x^2/20 + y^2",
    (-7.0, 2.0),
    lambda x: np.array([x[0] / 10, 2 * x[1]]),
    lambda x: x[0] ** 2 / 20 + x[1] ** 2,
)
ROSENBROCK = Valley(
    "rosenbrock",
    "(1 - x)^2 + 100*(y - x^2)^2",
    (-1.2, 1.0),
    lambda x: np.array(
        [-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)],
    ),
    lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2,
)
PROBLEMS = (QUADRATIC, ROSENBROCK)


@dataclass(frozen=True)
class Path:
    """The points x_0 to x_200 where gradients were taken, and the point reported at the end."""

    points: Any
    answer: Any


Oracle = Callable[[Valley], Path]


def ours_traced(rule: Optimizer, problem: Valley) -> Path:
    """Our own run, in machine code; it differentiates the text itself."""
    start = dict(zip("xy", problem.start, strict=True))
    run = ds.minimize(problem.text, start=start, optimizer=rule, steps=STEPS)
    assert run.engine == "traced"
    return Path(run.history.x, run.final)


def ours_updated(rule: Optimizer, problem: Valley) -> Path:
    """The bare ``update`` of the rule on NumPy arrays."""
    x = np.array(problem.start)
    state, points = rule.init(x), [x]
    for _ in range(STEPS):
        x, state, accepted = rule.update(x, problem.value(x), problem.gradient(x), state)
        assert accepted is True
        points.append(x)
    return Path(np.array(points), np.asarray(rule.answer(x, state)))


def torch(name: str, **options: Any) -> Oracle:
    """``torch.optim.NAME(..., **options)``."""
    return lambda problem: _by_torch(problem, getattr(_imported("torch").optim, name), options)


def pytorch_optimizer(name: str, **options: Any) -> Oracle:
    """``pytorch_optimizer.NAME(..., **options)``, on a matrix of one row, as some leave vectors alone."""

    def path(problem: Valley) -> Path:
        return _by_torch(problem, getattr(_imported("pytorch_optimizer"), name), options, rows=1)

    return path


def _by_torch(problem: Valley, made: Any, options: dict[str, Any], rows: int = 0) -> Path:
    framework = _imported("torch")
    shape = (rows, 2) if rows else (2,)
    x = framework.tensor(problem.start, dtype=framework.float64).reshape(shape).requires_grad_()
    optimizer = made([x], **options)
    points = [np.array(problem.start)]
    before = framework.get_default_dtype()
    framework.set_default_dtype(framework.float64)  # in which torch keeps the scalars of its state
    try:
        for _ in range(STEPS):
            x.grad = framework.tensor(problem.gradient(points[-1])).reshape(shape)
            optimizer.step()
            points.append(x.detach().numpy().reshape(2).copy())
    finally:
        framework.set_default_dtype(before)
    return Path(np.array(points), points[-1])


def optax(name: str, *, prepare: Any = None, average: bool = False, **options: Any) -> Oracle:
    """``optax.NAME(**options)``, or that of ``optax.contrib``; ``prepare`` changes the first state."""

    def path(problem: Valley) -> Path:
        jax, library = _imported("jax"), _imported("optax")
        contrib = _imported("optax.contrib")
        with jax.enable_x64(True):
            rule = getattr(library, name, None) or getattr(contrib, name)
            rule = rule(**options)
            x = jax.numpy.array(problem.start)
            state = rule.init(x)
            state = prepare(state) if prepare else state
            update, points = jax.jit(library.with_extra_args_support(rule).update), [np.array(problem.start)]
            for _ in range(STEPS):
                gradient = jax.numpy.array(problem.gradient(points[-1]))
                change, state = update(gradient, state, x, value=problem.value(points[-1]))
                x = library.apply_updates(x, change)
                points.append(np.array(x))
            answer = contrib.schedule_free_eval_params(state, x) if average else x
        return Path(np.array(points), np.array(answer))

    return path


def keras(name: str, **options: Any) -> Oracle:
    """``keras.optimizers.NAME(**options)``."""

    def path(problem: Valley) -> Path:
        os.environ.setdefault("KERAS_BACKEND", "jax")
        jax, framework = _imported("jax"), _imported("keras")
        before = framework.config.floatx()
        with jax.enable_x64(True):
            framework.config.set_floatx("float64")  # the precision in which Keras keeps its learning rate
            try:
                x = framework.Variable(np.array(problem.start))
                optimizer = getattr(framework.optimizers, name)(**options)
                points = [np.array(problem.start)]
                for _ in range(STEPS):
                    optimizer.apply([framework.ops.convert_to_tensor(problem.gradient(points[-1]))], [x])
                    points.append(framework.ops.convert_to_numpy(x.value).copy())
            finally:
                framework.config.set_floatx(before)
        return Path(np.array(points), points[-1])

    return path


def difference(ours: Any, theirs: Any) -> float:
    """The worst relative difference of two paths: at each step, of the largest coordinates."""
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    scale = np.abs(theirs).max(axis=-1)
    return float((np.abs(ours - theirs).max(axis=-1) / scale).max())


@functools.cache
def _imported(name: str) -> Any:
    """A framework, or a skip where it is not installed; what it warns of while it is imported is its own affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            pytest.skip(f"{name} is not installed, and nothing else is the oracle of this rule")
