"""``ds.check_loop``: runs a learner's loop, watches it, and says which update is not that of its rule, and why."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import math
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from downslope.errors import DownslopeError, UsageError
from downslope.messages import Message, message, plural, sentences
from downslope.optimizers import Optimizer
from downslope.optimizers.registry import as_optimizer, optimizer_class
from downslope.optimizers.rules.gradient_descent import GradientDescent
from downslope.optimizers.updater import Updater
from downslope.recording.slips import LoopRecord, Slip, gradient_slip, slip_of
from downslope.recording.watched_calls import LoopSeen, is_imported, numbers_of, watching

# What people call a hyperparameter in classes of their own, and in the names of a script.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "learning_rate": ("learning_rate", "lr", "eta", "alpha", "step_size", "LEARNING_RATE", "LR"),
    "momentum": ("momentum", "mu", "beta", "gamma"),
    "decay": ("decay", "decay_rate", "rho", "beta", "alpha", "gamma"),
    "beta1": ("beta1", "beta_1", "b1"),
    "beta2": ("beta2", "beta_2", "b2"),
    "epsilon": ("epsilon", "eps"),
}


@dataclass(frozen=True)
class LoopCheck:
    """What ``check_loop`` found.

    Attributes:
        rule: the rule that the updates were held against; None where only the order of calls could be checked.
        steps: how many updates were seen.
        slips: what is wrong, in the order of importance; nothing where all is well.
    """

    rule: Optimizer | None
    steps: int
    slips: tuple[Slip, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.slips

    @property
    def codes(self) -> list[str]:
        """What was found, in short."""
        return [slip.code for slip in self.slips]

    @property
    def sentences(self) -> list[Message]:
        """What was found, in words."""
        if self.slips:
            return [slip.sentence for slip in self.slips]
        if self.rule is None:
            return [
                plural(
                    "{n} step was seen, each from a gradient of its own and in the right order.",
                    "{n} steps were seen, each from a gradient of its own and in the right order.",
                    n=self.steps,
                )
            ]
        return [
            plural(
                "{n} update is that of {rule!r}.",
                "All {n} updates are those of {rule!r}.",
                n=self.steps,
                rule=self.rule,
            )
        ]

    def __str__(self) -> str:
        return "\n".join(map(str, self.sentences))


def check_loop(
    loop: Callable[..., Any] | str | os.PathLike[str],
    *,
    optimizer: Any = None,
    learning_rate: float | None = None,
    gradient: Callable[[Any], Any] | None = None,
) -> LoopCheck:
    """Run a loop of your own and hold each of its updates against the rule that it claims to be.

    Args:
        loop: a function without arguments that runs it, or the file of a script. Seen are: classes with
            ``update(params, gradients)``, torch's ``backward`` and optimizers, TensorFlow's ``GradientTape``. Of any
            other loop, a function that takes one argument, whose ``log(value, params=..., gradients=...)`` it calls
            before each update.
        optimizer: the rule; by default that of the class's name (``Adam``, ``Momentum``, ...) with the hyperparameters
            that the object has, or of torch's optimizer; else gradient descent.
        learning_rate: by default what the loop calls ``lr``, ``learning_rate`` or ``eta``; else that of its first step.
        gradient: the derivatives of the cost at given parameters, to hold the loop's gradients against.

    Raises:
        UsageError: no step was seen, or the loop broke off.

    >>> class Momentum:
    ...     def __init__(self, lr=0.1, momentum=0.9):
    ...         self.lr, self.momentum, self.v = lr, momentum, 0.0
    ...     def update(self, params, grads):
    ...         v = self.momentum * self.v - self.lr * grads["x"]  # and forgets it
    ...         params["x"] += v
    >>> def loop():
    ...     optimizer, params = Momentum(), {"x": 3.0}
    ...     for _ in range(5):
    ...         optimizer.update(params, {"x": 2 * params["x"]})
    >>> found = check_loop(loop)
    >>> found.codes, found.slips[0].step
    (['state_not_kept'], 1)
    """
    seen, names = _seen(loop)
    record = seen.record
    if not record.rows:
        raise UsageError(
            message(
                "no step of the loop was seen. Seen are classes with update(params, gradients), torch's backward(), and"
                " TensorFlow's GradientTape; of another loop, give a function of one argument and call its"
                " log(cost, params=..., gradients=...) before each update."
            )
        )
    slips = list(record.told)
    if gradient is not None:
        slips += _gradients(record, gradient)
    if not slips:
        slips += _accumulated(record)
    rule = (
        None if slips and slips[0].code == "wrong_order" else _claimed(seen, names, optimizer, learning_rate)
    )
    if rule is not None and not slips and len(record.moves):
        found = slip_of(record, rule)
        if found is not None and optimizer is None and _is_a_library_s(seen.updater):
            rule = None  # its rate changes on the way, say: its steps are its own affair
        elif found is not None:
            slips.append(found)
    return LoopCheck(rule, len(record.rows), tuple(slips))


# --- running it ------------------------------------------------------------------------------------------


def _seen(loop: Any) -> tuple[LoopSeen, Mapping[str, Any]]:
    """What the loop did, and the names that it knows."""
    seen = LoopSeen()
    if callable(loop):
        names = (
            {**getattr(loop, "__globals__", {}), **inspect.getclosurevars(loop).nonlocals}
            if inspect.isfunction(loop)
            else {}
        )
        takes = len(inspect.signature(loop).parameters)
        with watching(seen, names, is_imported):
            loop(*([seen] * min(takes, 1)))
            seen.end()
        return seen, names
    path = Path(loop)
    try:
        source = path.read_text(encoding="utf-8")
        ast.parse(source)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(message("{file} cannot be read: {error}.", file=str(path), error=error)) from error
    except SyntaxError as error:
        raise UsageError(
            message(
                "{file} is no Python script: line {line}: {error}.",
                file=str(path),
                line=error.lineno,
                error=error.msg,
            )
        ) from error
    with watching(seen, {}, lambda name: name in source and _is_there(name)), _as_a_script(path):
        try:
            names = runpy.run_path(str(path), run_name="__main__")
        except SystemExit:
            names = {}
        except DownslopeError:
            raise
        except Exception as error:  # whatever a person's script raises
            raise UsageError(
                message(
                    "{file} broke off with {kind}: {error}",
                    file=str(path),
                    kind=type(error).__name__,
                    error=error,
                )
            ) from error
        seen.end()
    return seen, names


def _is_there(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None


@contextlib.contextmanager
def _as_a_script(path: Path) -> Iterator[None]:
    """As Python runs it: by its name, from its folder, with no windows; what it prints is left out."""
    arguments, places, backend = sys.argv, list(sys.path), os.environ.get("MPLBACKEND")
    sys.argv, sys.path[:0] = [str(path)], [str(path.parent)]
    os.environ["MPLBACKEND"] = "Agg"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.argv, sys.path[:] = arguments, places
        if backend is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = backend


# --- gradients -------------------------------------------------------------------------------------------


def _gradients(record: LoopRecord, gradient: Callable[[Any], Any]) -> list[Slip]:
    names = record.names
    true = []
    for row in record.rows:
        alone = len(names) == 1 and "[" not in names[0]
        point: Any = float(row.x[0]) if alone and names[0] == "x" else row.x.copy()
        if all("[" not in name for name in names) and not (alone and names[0] == "x"):
            point = dict(zip(names, row.x.tolist(), strict=True))
        true.append(numbers_of(gradient(point))[1])
    found = gradient_slip(record, true)
    return [] if found is None else [found]


def _accumulated(record: LoopRecord) -> list[Slip]:
    """Where the gradient that torch holds is more than the last backward brought, since nobody set it to zero."""
    rows = record.rows
    for k in range(1, len(rows)):
        held, before = rows[k].held, rows[k - 1].held
        if held is None or before is None:
            return []
        away = np.abs(held - rows[k].g)
        i = int(np.argmax(away))
        if away[i] > 1e-5 * abs(rows[k].g[i]) and np.allclose(held, rows[k].g + before, rtol=1e-4, atol=1e-7):
            numbers = {"parameter": record.names[i], "found": float(held[i]), "expected": float(rows[k].g[i])}
            sentence = sentences(
                message(
                    "Gradients add up over the steps: the update gets the sum of all so far. Call zero_grad() in each"
                    " step, before backward()."
                ),
                message(
                    "At step {step} the gradient of {name} is {fresh:.6g}, and the update gets {held:.6g}.",
                    step=k,
                    name=record.names[i],
                    fresh=numbers["expected"],
                    held=numbers["found"],
                ),
            )
            return [Slip("gradient_not_zeroed", k, numbers, sentence)]
    return []


# --- the rule that it claims to be -----------------------------------------------------------------------


def _claimed(
    seen: LoopSeen, names: Mapping[str, Any], optimizer: Any, learning_rate: Any
) -> Optimizer | None:
    if isinstance(optimizer, Optimizer):
        return optimizer
    owner = seen.updater
    if optimizer is None and isinstance(owner, Updater):
        return owner.optimizer
    if optimizer is None and owner is not None and hasattr(owner, "param_groups"):
        return _of_torch(owner)
    cls = _class_of(owner) if optimizer is None else type(as_optimizer(optimizer))
    if cls is None:
        cls = GradientDescent
    known = vars(owner) if hasattr(owner, "__dict__") else names
    given = {}
    for field in cls.__dataclass_fields__:
        for word in OTHER_NAMES.get(field, (field,)):
            value = known.get(word)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                given[field] = float(value)
                break
    if learning_rate is not None and "learning_rate" in cls.__dataclass_fields__:
        given["learning_rate"] = float(learning_rate)
    if "learning_rate" not in given and cls is GradientDescent:
        given["learning_rate"] = _first_rate(seen.record)
    try:
        return cls(**given)
    except DownslopeError:
        return cls()


def _is_a_library_s(owner: Any) -> bool:
    """Whether it is an optimizer that the loop only uses: torch's, or an ``Updater``."""
    return isinstance(owner, Updater) or hasattr(owner, "param_groups")


def _class_of(owner: Any) -> type[Optimizer] | None:
    """The rule of a class's name: ``MyAdam`` and ``AdamOptimizer`` are Adam."""
    if owner is None:
        return None
    name = type(owner).__name__
    for word in (
        name,
        name.removeprefix("My"),
        name.removesuffix("Optimizer"),
        name.removeprefix("My").removesuffix("Optimizer"),
    ):
        with contextlib.suppress(DownslopeError):
            return optimizer_class(word)
    return None


def _of_torch(owner: Any) -> Optimizer | None:
    """The rule of an optimizer of torch's, where it is one of ours; None of others."""
    from downslope.recording.torch import TorchWatch

    watch = TorchWatch(owner, None)
    found = watch.optimizer()
    return found if found.name() != "theirs" else None


def _first_rate(record: LoopRecord) -> float:
    """The learning rate of the first step that moved."""
    for row, move in zip(record.rows, record.moves, strict=False):
        square = float(row.g @ row.g)
        if square > 0 and move.any():
            rate = -float(row.g @ move) / square
            if rate != 0 and math.isfinite(rate):
                return abs(rate)
    return 0.01
