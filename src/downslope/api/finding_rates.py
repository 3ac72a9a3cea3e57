"""``find_learning_rate``: whole short descents at many rates, and a rate that is well below where they run away."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Unpack

from downslope.api.sweeping import TableOptions, trial_of
from downslope.errors import UsageError, nearest
from downslope.messages import message, sentences
from downslope.objectives.frameworks.keras_models import cost_of_keras_model, is_keras_model
from downslope.objectives.frameworks.torch_modules import cost_of_module, is_module
from downslope.objectives.generators import generators_kept, generators_of
from downslope.results.learning_rate import LearningRate, as_learning_rate
from downslope.sweeping.rate_finder import find_rate


class RateOptions(TableOptions, total=False):
    """The keyword arguments of ``find_learning_rate`` beyond those in its signature."""

    schedule: Any
    bounds: Any
    gradient: Any
    dtype: Any
    seed: int
    maximize: bool
    progress: Callable[[int, int], None]


def find_learning_rate(
    function: Any,
    start: Any = None,
    *,
    optimizer: Any = "gradient_descent",
    hyperparameters: Mapping[str, Any] | None = None,
    steps: int | None = None,
    **options: Unpack[RateOptions],
) -> LearningRate:
    """A learning rate for a rule on a function, found by whole short descents at many rates; never by one ramped run.

    Args:
        function, start: as for ``minimize``; or with ``table=`` (and ``loss``, ``weights``, ``l2``) a hypothesis, as
            for ``sweep``; or a function of a PyTorch module or a Keras model that gives its cost, and that. Tensors and
            modules are copied, and a model is called without state: neither they nor the state of random generators
            (Python's, NumPy's, the frameworks', and those that the function has at hand) are changed.
        optimizer: a rule with a learning rate, by name or as an ``Optimizer``; its own rate does not matter.
        hyperparameters: of an optimizer given by name.
        steps: of each descent; 500 for formulas, which run in lanes, and 40 for other functions.
        schedule, bounds, gradient, dtype, seed, maximize: as for ``minimize`` and ``sweep``.
        progress: called with (descents done, descents begun) about twenty times a second.

    Returns:
        The ``LearningRate``: ``rate`` (also ``float(found)``), with a margin below ``limit``, from which on runs go up
        or run away, and why (``cause``: "curvature" is 2/L on a quadratic, "divergence" the first run that did,
        "noise" values that are random); ``fastest``, the rate at which the value comes down soonest; the curve
        (``rates``, ``values``), ``plot()``, and ``run``, by which the rate was confirmed. Where the curve is flat, or
        noise hides it, ``rate`` is None and ``message`` says so.

    Raises:
        UsageError, StartError, ObjectiveError, UnknownNameError: what was given is wrong, or the rule has no rate.

    >>> import downslope as ds
    >>> found = ds.find_learning_rate("rosenbrock")
    >>> ds.minimize("rosenbrock", learning_rate=float(found), steps=500).fun < 0.1
    True
    """
    for name in options:
        if name not in RateOptions.__annotations__:
            known = [*inspect.signature(find_learning_rate).parameters, *RateOptions.__annotations__]
            raise UsageError(
                sentences(message("there is no option '{name}'.", name=name), nearest(name, known))
            )
    if is_keras_model(start):  # with PyTorch behind it it is a module too
        function, start = cost_of_keras_model(function, start)
    elif is_module(start):
        function, start = cost_of_module(function, start)
    given = {**options, "optimizer": optimizer, "steps": steps, "learning_rate": None}
    # Whatever a person's function draws, random generators are afterwards as they were.
    with generators_kept(generators_of([function])):
        trial = trial_of(function, start, {**given, "hyperparameters": hyperparameters, "tolerance": None})
        if trial.design.axes:
            raise UsageError(
                message(
                    "one start and one rule are needed here, and {name} varies.",
                    name=trial.design.axes[0].name,
                )
            )
        found = find_rate(trial, options.get("progress"))
        trial.objective.end_run()
    return as_learning_rate(found)
