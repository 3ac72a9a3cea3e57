"""Watches Keras: a model's ``fit`` by a callback, an optimizer in an eager loop by its ``apply``.

What a compiled training step does cannot be seen from outside. For the gradient's norm, one scalar variable is put
beside the optimizer's own while the recording lasts, and the model's step is compiled anew before and after.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from downslope.errors import DownslopeError, UsageError
from downslope.messages import message
from downslope.objectives.recorded import LoopFault
from downslope.optimizers import Optimizer
from downslope.optimizers.external import ExternalOptimizer
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.rules.gradient_descent import GradientDescent
from downslope.optimizers.rules.momentum import Momentum
from downslope.optimizers.rules.nesterov import Nesterov
from downslope.optimizers.state_dict import with_hyperparameter
from downslope.recording.recorder import LoopWatch, Recorder


def watch_of(source: Any) -> LoopWatch:
    """A watch of a Keras model or optimizer.

    Raises:
        UsageError: it is neither, or a model that is not compiled, or runs several steps at once.
    """
    if isinstance(source, keras.Model):
        return ModelWatch(source)
    if isinstance(source, keras.optimizers.Optimizer):
        return OptimizerWatch(source)
    raise UsageError(
        message("a Keras {kind} cannot be watched; give its model or optimizer.", kind=type(source).__name__)
    )


def numbers(variable: Any) -> Any:
    """What a variable holds, as a NumPy array of its own."""
    return keras.ops.convert_to_numpy(variable).copy()


def names_of(variables: Any) -> list[str]:
    """``dense/kernel``, ``dense/bias``, ...; without the model's own name before them."""
    paths = [str(getattr(v, "path", v.name)) for v in variables]
    tops = {path.partition("/")[0] for path in paths if path.count("/") > 1}
    return (
        [path.partition("/")[2] if path.count("/") > 1 else path for path in paths]
        if len(tops) == 1
        else paths
    )


class ModelWatch:
    """Sees ``fit`` and ``train_on_batch``: the variables before each batch, its own loss, and the gradient's norm."""

    climbs = False
    faults: tuple[LoopFault, ...] = ()

    def __init__(self, model: Any) -> None:
        if getattr(model, "optimizer", None) is None:
            raise UsageError(message("the model has no optimizer yet: compile it before it is recorded."))
        if model.steps_per_execution != 1:
            raise UsageError(
                message(
                    "the model makes {count} steps at once, of which only the last could"
                    " be seen: compile it with steps_per_execution=1.",
                    count=model.steps_per_execution,
                )
            )
        self.title, self._model = message("fit of the Keras model {name}", name=model.name), model

    def begin(self, recorder: Recorder) -> None:
        """Let ``fit`` have our callback, and the optimizer a variable for the norm."""
        model, self._recorder, self._under_way = self._model, recorder, False
        self._scaled, self._inner = (
            inner_of(model.optimizer) is not model.optimizer,
            inner_of(model.optimizer),
        )
        self._norm = _NormVariable(self._inner)
        self._recompile()
        fit, train_on_batch = model.fit, model.train_on_batch  # bound methods of its class

        def watched_fit(*args: Any, **kwargs: Any) -> Any:
            callback, given = _Callback(self), kwargs.get("callbacks")
            if isinstance(given, keras.callbacks.CallbackList):
                given.append(callback)
            else:
                kwargs["callbacks"] = [
                    *(given if isinstance(given, (list, tuple)) else [given] if given else []),
                    callback,
                ]
            return fit(*args, **kwargs)

        def watched_batch(*args: Any, **kwargs: Any) -> Any:
            self.before()
            logs = train_on_batch(*args, **kwargs)
            self.after()
            return logs

        object.__setattr__(model, "fit", watched_fit)
        object.__setattr__(model, "train_on_batch", watched_batch)

    def end(self) -> None:
        """Take both away."""
        object.__delattr__(self._model, "fit")
        object.__delattr__(self._model, "train_on_batch")
        self._norm.remove()
        self._recompile()

    def final(self) -> tuple[list[str], ParamTree]:
        """The variables now, or as they were before a batch that was not finished."""
        if not self._under_way:
            self._x = ParamTree(numbers(v) for v in self._model.trainable_variables)
        return names_of(self._model.trainable_variables), self._x

    def _recompile(self) -> None:
        self._model.train_function = None

    # --- a batch -------------------------------------------------------------------------------------------

    def before(self) -> None:
        """The parameters, and what the loss tracker has so far."""
        self._x = ParamTree(numbers(v) for v in self._model.trainable_variables)
        self._tracked, self._stepped, self._under_way = self._loss(), self._steps(), True

    def after(self) -> None:
        """The batch's own loss is what the tracker's sums grew by."""
        sync = getattr(self._model, "jax_state_sync", None)
        if sync is not None:
            sync()
        (total, count), (total_before, count_before) = self._loss(), self._tracked
        if count <= count_before:  # ``train_on_batch`` begins anew
            total_before = count_before = 0.0
        weight = count - count_before
        value = (total - total_before) / weight if weight > 0 else None
        self._under_way = False
        if self._scaled and self._steps() == self._stepped:
            self._recorder.skip()
            return
        names = names_of(self._model.trainable_variables)
        self._recorder.see(names, self._x, None, value, norm=float(numbers(self._norm.variable)))

    def _steps(self) -> int:
        """How many the optimizer has made: loss scaling asks it for none where gradients are not finite."""
        return int(numbers(self._inner._iterations))

    def _loss(self) -> tuple[float, float]:
        tracker = next(m for m in self._model.metrics if m.name == "loss")
        return float(numbers(tracker.total)), float(numbers(tracker.count))

    def optimizer(self) -> Optimizer:
        """Ours where the rule is ours or known to be the same; else its name and settings."""
        return optimizer_of(self._model.optimizer)


class _Callback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is not type-checked here
    """Tells a watch of every batch."""

    def __init__(self, watch: ModelWatch) -> None:
        super().__init__()
        self._watch = watch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before the step."""
        self._watch.before()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After it."""
        self._watch.after()


class _NormVariable:
    """A variable of the optimizer to which ``apply`` writes the norm of the gradients that it gets, not scaled."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.variable = optimizer.add_variable((), dtype="float32", name="recorded_gradient_norm")
        apply = optimizer.apply

        def watched_apply(grads: Any, trainable_variables: Any = None) -> Any:
            squares = [
                keras.ops.sum(keras.ops.square(keras.ops.cast(g, "float32"))) for g in grads if g is not None
            ]
            self.variable.assign(keras.ops.sqrt(sum(squares[1:], start=squares[0])) / scale_of(optimizer))
            return apply(grads, trainable_variables)

        object.__setattr__(optimizer, "apply", watched_apply)

    def remove(self) -> None:
        """Leave the optimizer as it was."""
        object.__delattr__(self._optimizer, "apply")
        self._optimizer._untrack_variable(self.variable)


class OptimizerWatch:
    """Sees ``apply`` of an optimizer in a loop that is not compiled."""

    climbs = False
    faults: tuple[LoopFault, ...] = ()

    def __init__(self, optimizer: Any) -> None:
        self.title = message("a loop with Keras's {kind}", kind=type(optimizer).__name__)
        self._optimizer = optimizer
        self._stepped: tuple[list[str], list[Any]] | None = None  # names and variables of the last whole step

    def begin(self, recorder: Recorder) -> None:
        """Stand before ``apply``."""
        optimizer, apply = self._optimizer, self._optimizer.apply
        scaled = inner_of(optimizer) is not optimizer

        def watched_apply(grads: Any, trainable_variables: Any = None) -> Any:
            variables = list(
                optimizer._trainable_variables if trainable_variables is None else trainable_variables
            )
            try:
                x = ParamTree(numbers(v) for v in variables)
                g = ParamTree(
                    numbers(keras.ops.zeros_like(v) if slope is None else keras.ops.convert_to_tensor(slope))
                    / scale_of(optimizer)
                    for slope, v in zip(grads, variables, strict=True)
                )
            except Exception as error:  # a symbolic tensor: every backend has its own error for it
                raise UsageError(
                    message(
                        "this loop is compiled, and nothing can be seen of its steps from outside: run it"
                        " eagerly while it is recorded, or record a model's fit."
                    )
                ) from error
            names, self._stepped = recorder.names_of(variables, names_of(variables)), None
            if scaled and not all(np.all(np.isfinite(part)) for part in g.parts):
                recorder.skip()
            else:
                recorder.see(names, x, g, None)
            out = apply(grads, trainable_variables)
            self._stepped = names, variables
            return out

        object.__setattr__(optimizer, "apply", watched_apply)

    def end(self) -> None:
        """Step aside."""
        object.__delattr__(self._optimizer, "apply")

    def final(self) -> tuple[list[str], ParamTree] | None:
        """The variables now; None where a step broke off."""
        if self._stepped is None:
            return None
        names, variables = self._stepped
        return names, ParamTree(numbers(v) for v in variables)

    def optimizer(self) -> Optimizer:
        """Ours where the rule is ours or known to be the same; else its name and settings."""
        return optimizer_of(self._optimizer)


def inner_of(optimizer: Any) -> Any:
    """The optimizer that steps, where a ``LossScaleOptimizer`` stands around it."""
    return (
        optimizer.inner_optimizer if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) else optimizer
    )


def scale_of(optimizer: Any) -> Any:
    """What the loss was multiplied by, and so the gradients that ``apply`` is given."""
    if inner_of(optimizer) is not optimizer:
        return float(numbers(optimizer.dynamic_scale)) if optimizer.built else optimizer.initial_scale
    return optimizer.loss_scale_factor or 1.0


def optimizer_of(theirs: Any) -> Optimizer:
    """The rule of an optimizer of ours, or that which Keras's SGD is; else a name with settings."""
    theirs = inner_of(theirs)
    rate = _rate_of(theirs)
    if isinstance(getattr(theirs, "rule", None), Optimizer):
        return _with_rate(theirs.rule, rate)
    config, usual = _config_of(theirs), _usual_of(type(theirs))
    plain = not any(
        config.get(key) for key in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema")
    )
    if isinstance(theirs, keras.optimizers.SGD) and isinstance(rate, float) and plain:
        make: Callable[..., Optimizer] = GradientDescent
        fields = {"learning_rate": rate}
        if config.get("momentum"):
            make, fields["momentum"] = (Nesterov if config["nesterov"] else Momentum), config["momentum"]
        try:
            return make(**fields)
        except DownslopeError:
            pass  # a rate of 0, say
    shown = [
        f"{name}={value:g}"
        for name, value in config.items()
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and name != "learning_rate"
        and value != usual.get(name, value)
    ]
    said = f"{rate:g}" if isinstance(rate, float) else rate
    return ExternalOptimizer(
        library="Keras", title=type(theirs).__name__, settings=(f"learning_rate={said}", *shown)
    )


def _rate_of(optimizer: Any) -> float | str:
    """The learning rate as it is now; of a schedule or a function, its name."""
    rate = optimizer._learning_rate
    if isinstance(rate, keras.Variable):
        return float(str(np.float32(numbers(rate))))  # Keras keeps it in float32
    return str(getattr(rate, "__name__", type(rate).__name__))


def _with_rate(rule: Optimizer, rate: float | str) -> Optimizer:
    """Our rule with the rate that Keras has for it, where it has one."""
    path = next((path for path in rule.scalars() if path.endswith("learning_rate")), None)
    if path is None or rate == rule.scalars()[path]:
        return rule
    try:
        return with_hyperparameter(rule, "learning_rate", rate)
    except DownslopeError:  # a schedule of Keras's, or 0
        return ExternalOptimizer(
            library="downslope", title=type(rule).__name__, settings=(f"learning_rate={rate}",)
        )


def _config_of(optimizer: Any) -> dict[str, Any]:
    """What an optimizer says of itself; nothing where it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a function as the rate cannot be saved, say
        try:
            return dict(optimizer.get_config())
        except Exception:  # anybody's class
            return {}


def _usual_of(cls: type[Any]) -> dict[str, Any]:
    """The settings of one of Keras's own classes unless told otherwise."""
    try:
        return _config_of(cls()) if cls.__module__.partition(".")[0] == "keras" else {}
    except TypeError:  # it needs an argument
        return {}
