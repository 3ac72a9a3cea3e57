"""``minimize`` and ``maximize``: a function, a start and a rule."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from downslope.api.options import CheckpointOptions, RunOptions, callbacks_of
from downslope.descent import LoopOptions, Stopping, descend
from downslope.descent.bounds import within_bounds
from downslope.descent.descend import EngineName
from downslope.errors import UsageError, nearest
from downslope.explain.data_sizes import data_sizes
from downslope.explain.gradient import compare
from downslope.explain.judgement import judged
from downslope.explain.linear import without_memory
from downslope.messages import NOTHING, Message, literal, message, sentences
from downslope.objectives import GradientWarning, Objective, Vector, as_objective, compare_gradient
from downslope.objectives.calling import with_arguments
from downslope.objectives.check import all_mismatches
from downslope.objectives.frameworks import check_in_place
from downslope.optimizers import all_blocks, all_curved, all_optimizers, as_optimizer
from downslope.optimizers.registry import with_schedule
from downslope.optimizers.schedule_text import as_schedule
from downslope.results.checkpoints import checkpoint_of
from downslope.results.run import Run, as_run


class MinimizeOptions(RunOptions, CheckpointOptions, total=False):
    """The keyword arguments of ``minimize`` beyond those in its signature and the common ones."""

    target: float
    args: Any
    dtype: Any
    engine: EngineName
    bounds: Any
    explain: bool
    in_place: bool


class _AllOptions(MinimizeOptions):
    """All keyword arguments of ``minimize``."""

    optimizer: Any
    learning_rate: float | None
    steps: int | None
    tolerance: float | None


def minimize(
    function: Any,
    start: Any = None,
    *,
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    **options: Unpack[MinimizeOptions],
) -> Run:
    """Descend a function and keep the whole history.

    Args:
        function: a formula (``"x^2/20 + y^2"``), the name of a classic problem (``"rosenbrock"``), a SymPy or
            SymEngine expression, or a Python function of named numbers, of one vector, or of tensors.
        start: a dict, sequence, array or number, or text (``"x=-7,y=2"``); entries may be
            ``Uniform(low, high)`` or ``Normal(mean, deviation)``. A classic problem has its own. PyTorch or TensorFlow
            tensors and JAX arrays, also in a dict or list: that framework then calls and differentiates ``function``,
            and ``run.x`` is as they are.
        optimizer: an ``Optimizer``, or a name such as ``"adam"``, with its settings ``"adam(0.3, beta1=0.8)"``. Without
            one: gradient descent where a learning rate is given, the spectral projected gradient where bounds are,
            else ``auto``.
        learning_rate: for an optimizer given by name; > 0.
        steps: most accepted steps; alone, exactly so many. Without any limit: at most 100,000.
        tolerance: stop where the Euclidean norm of the gradient is at most this. Without ``steps`` and any other test:
            1e-8 (1e-4 in float32).
        evaluations, time_limit, relative_tolerance, value_tolerance, x_tolerance, target: see ``Stopping``
            (``time_limit`` in seconds).
        every: keep every so-many-th row of the history; by default all, or as many as fit in 32 MB (from 10,000
            parameters on in 8 MB).
        dtype: "float64" or "float32", in which the whole run is computed; by default that of the start's tensors,
            else float64.
        seed: for random entries of the start.
        gradient: of a Python function that brings its own, or True where it returns (value, gradient), which is also
            seen without it; for a formula, a dict of formulas.
        args: more arguments of a Python function (and of its gradient), after those that vary, as SciPy has them.
        callback: called with every ``Step``; a true answer stops the run.
        progress: called with ``Progress`` about twenty times a second.
        engine: "auto"; or "traced" (native code, from symbols), "compiled" (by JAX or TensorFlow) or "hosted" (a Python
            loop) to insist on one. ``run.engine`` says which it was.
        hyperparameters: of an optimizer given by name, e.g. ``{"momentum": 0.5}``.
        schedule: what the learning rate is multiplied by at each step: text such as ``"cosine(steps=1000)"``, a
            ``Schedule``, or a function of the step; see ``optimizers.schedules``.
        bounds: ``{"x": (0, 1), "y": (None, 5)}``, pairs in the order of the parameters, or text such as
            ``"x=0:1,y=:5"``; only for methods that can be kept within them.
        in_place: True writes the answer into the start's own PyTorch leaf tensors or TensorFlow Variables as well.
        checkpoint: a file in which the run is kept on its way, at most every ``checkpoint_seconds`` (10) and for at
            most 2 % of the time, and at its end. It is a saved run: ``load`` reads it, and ``resume`` goes on with it.
        explain: False leaves the end unjudged: a saddle then counts as converged. ``run.explain()`` is always there.

    Returns:
        The ``Run``: ``x``, ``fun``, ``success``, ``status``, ``message``, ``nit``, ``nfev``, ``history``,
        ``plot()``, ``save()``. Where the function raises an exception after the first step, the status is "error",
        and the message says which and where.

    Raises:
        ExpressionError: the formula cannot be read.
        StartError, ObjectiveError, HyperparameterError, UnknownNameError, UsageError: what was given is wrong.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2/20 + y^2", start={"x": -7, "y": 2}, learning_rate=0.95, steps=29)
    >>> round(run.x["x"], 6), round(run.x["y"], 6), run.status
    (-0.387175, -0.094203, 'step_limit')
    """
    asked = _AllOptions(
        **options, optimizer=optimizer, learning_rate=learning_rate, steps=steps, tolerance=tolerance
    )
    return _run(function, start, asked, uphill=False)


def maximize(
    function: Any,
    start: Any = None,
    *,
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    **options: Unpack[MinimizeOptions],
) -> Run:
    """Climb a function: descent on its negative. Everything else is as for ``minimize``.

    >>> import downslope as ds
    >>> round(ds.maximize("-(x^2+2x+3)", start={"x": 1.5}, learning_rate=0.01, tolerance=1e-5).fun, 6)
    -2.0
    """
    asked = _AllOptions(
        **options, optimizer=optimizer, learning_rate=learning_rate, steps=steps, tolerance=tolerance
    )
    return _run(function, start, asked, uphill=True)


def _home_of(name: str) -> Message:
    """Where a hyperparameter is to be given that came as an option; nothing for other names."""
    owners = [
        cls.__name__
        for cls in (*all_optimizers(), *all_curved(), *all_blocks())
        if name in cls.__dataclass_fields__
    ]
    if not owners:
        return NOTHING
    owner = (
        "AdamW" if "AdamW" in owners else min(owners, key=len)
    )  # a plain one: Momentum, not CentredMomentumRMSProp
    return message(
        "Hyperparameters are given to the optimizer: optimizer=ds.optimizers.{owner}({name}=...).",
        owner=owner,
        name=name,
    )


def _run(function: Any, start: Any, options: _AllOptions, *, uphill: bool) -> Run:
    for name in options:
        if name not in _AllOptions.__annotations__:
            known = [*inspect.signature(minimize).parameters, *MinimizeOptions.__annotations__]
            raise UsageError(
                sentences(
                    message("there is no option '{name}'.", name=name), _home_of(name) or nearest(name, known)
                )
            )
    optimizer, learning_rate = options["optimizer"], options["learning_rate"]
    if optimizer is None and learning_rate is None and options.get("bounds") is not None:
        optimizer = "spg"  # needs no learning rate either, and can be kept within bounds
    rule = as_optimizer(optimizer, learning_rate, **(options.get("hyperparameters") or {}))
    if options.get("schedule") is not None:
        rule = with_schedule(rule, as_schedule(options["schedule"]))
    stopping = Stopping.from_options(options)
    gradient = options.get("gradient")
    if options.get("args") is not None:
        function, gradient = (with_arguments(given, options["args"]) for given in (function, gradient))
    if options.get("in_place"):
        check_in_place(start)
    objective, x = as_objective(
        function, start, gradient=gradient, dtype=options.get("dtype"), seed=options.get("seed")
    )
    if options.get("bounds") is not None:
        rule, objective, x = within_bounds(rule, objective, x, options["bounds"])
    if gradient is not None or (callable(function) and objective.differentiation == "supplied"):
        _look_at_gradient(objective, x, _sizes(function, gradient))
    objective.notes = (*objective.notes, *filter(None, (without_memory(rule),)))
    checkpoint = checkpoint_of(options)
    loop = LoopOptions(
        maximize=uphill,
        every=options.get("every"),
        engine=options.get("engine", "auto"),
        callbacks=replace(callbacks_of(options), checkpoints=checkpoint),
        keep_errors=True,
    )
    run = descend(objective, x, rule, stopping, loop=loop)
    objective.end_run()
    if options.get("in_place") and objective.tensors is not None:
        objective.tensors.put(run.final)
    done = as_run(judged(run) if options.get("explain", True) else run)
    if checkpoint is not None:
        checkpoint.end_run(done)
    return done


def _sizes(function: Any, gradient: Any) -> Sequence[int]:
    """Sizes of the data behind a gradient of a person's, of which a wrong one may be a multiple."""
    if gradient is None or gradient is True:
        gradient = function
    return data_sizes(function, gradient) if callable(gradient) else ()


def _look_at_gradient(objective: Objective, x: Vector, sizes: Sequence[int]) -> None:
    """Compare a supplied gradient with differences, and say so where it is not the derivative, and why."""
    found = compare_gradient(objective, x)
    if found:
        check = compare(objective, x, sizes)
        note = all_mismatches(found, None if check else literal(str(check)))
        objective.notes = (*objective.notes, note)
        warnings.warn(GradientWarning(note), stacklevel=4)
