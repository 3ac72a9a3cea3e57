"""Sees the steps of a loop through the calls that it makes: ``update(params, gradients)`` of a class, torch's
``backward`` and optimizers, TensorFlow's ``GradientTape``.

For the time of the loop these are replaced by functions that look and do the same; afterwards all is as it was.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from downslope.containers import flattened
from downslope.messages import message
from downslope.objectives import Parameters, Vector
from downslope.optimizers.updater import Updater
from downslope.recording.slips import LoopRecord, LoopRow, Slip
from downslope.tensors import library_of_parameter


class LoopSeen:
    """What a loop was seen to do.

    Attributes:
        record: its steps.
        updater: the object whose ``update`` was called, or torch's optimizer; None where there is none.
    """

    def __init__(self) -> None:
        self.record = LoopRecord()
        self.updater: Any = None
        self.updating = False  # whether a call of ``update`` is under way
        self._now: Callable[[], Vector] | None = None

    def log(self, value: Any = None, *, params: Any = None, gradients: Any = None) -> None:
        """Tell of a step that cannot be seen: the parameters before it, and their gradients.

        Args:
            value: the cost there, if it is at hand.
            params, gradients: numbers, arrays, or dicts or lists of them.
        """
        names, x = numbers_of(params)
        self.see(names, LoopRow(x, numbers_of(gradients)[1], None, np.nan if value is None else float(value)))

    def see(self, names: tuple[str, ...], row: LoopRow, now: Callable[[], Vector] | None = None) -> None:
        """Add a step; ``now`` gives the parameters as they are later."""
        self.record.names = self.record.names or names
        self.record.rows.append(row)
        self._now = now

    def end(self) -> None:
        """The loop is over: where it ended, if that can be seen."""
        rows = self.record.rows
        last = self._now() if self._now is not None else None
        if last is not None and not (np.array_equal(last, rows[-1].x) and len(rows) > 1):
            self.record.last = last  # else the loop may have put another tensor in the place of this one


def numbers_of(params: Any) -> tuple[tuple[str, ...], Vector]:
    """The names of all coordinates of nested parameters, and their numbers."""
    names: list[str] = []
    parts = []
    for name, leaf in flattened(params):
        if isinstance(leaf, (int, float, np.generic, np.ndarray)):
            array = np.asarray(leaf, np.float64)
        else:
            array = np.asarray(library_of_parameter(leaf, name).plain(leaf), np.float64)
        known = "x" if name == "the parameter" else name
        names += Parameters((known,), (array.shape,)).coordinates
        parts.append(array.ravel())
    return tuple(names), np.concatenate(parts) if parts else np.empty(0)


@contextmanager
def watching(seen: LoopSeen, names: Mapping[str, Any], uses: Callable[[str], bool]) -> Iterator[None]:
    """Watch whatever the loop may call.

    Args:
        seen: is told.
        names: those that the loop can use, among them its classes.
        uses: whether the loop is written with the framework of that name.
    """
    with ExitStack() as stack:
        stack.enter_context(_classes(seen, names))
        if uses("torch"):
            stack.enter_context(_torch(seen))
        if uses("tensorflow"):
            stack.enter_context(_tensorflow(seen))
        yield


@contextmanager
def _replaced(owner: Any, name: str, function: Any) -> Iterator[None]:
    """An attribute replaced for a while."""
    before = owner.__dict__[name] if isinstance(owner, type) else getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, before)


# --- a class of the learner's own ------------------------------------------------------------------------


def _takes_gradients(cls: Any) -> bool:
    """Whether a class has an ``update`` of parameters and their gradients."""
    update = vars(cls).get("update") if isinstance(cls, type) else None
    if not inspect.isfunction(update):
        return False
    taken = [p.name.lower() for p in inspect.signature(update).parameters.values() if p.default is p.empty]
    return len(taken) == 3 and (taken[2].startswith("grad") or taken[1:] == ["x", "g"])


@contextmanager
def _classes(seen: LoopSeen, names: Mapping[str, Any]) -> Iterator[None]:
    """Watch every class with an ``update(params, gradients)``, those too that are made on the way."""
    with ExitStack() as stack:

        def watched(cls: Any) -> Any:
            if _takes_gradients(cls):
                stack.enter_context(_replaced(cls, "update", _seeing(cls.__dict__["update"], seen)))
            return cls

        for cls in dict.fromkeys([Updater, *(c for c in names.values() if isinstance(c, type))]):
            watched(cls)
        build = builtins.__build_class__
        stack.enter_context(
            _replaced(builtins, "__build_class__", lambda *args, **more: watched(build(*args, **more)))
        )
        yield


def _seeing(update: Any, seen: LoopSeen) -> Any:
    @functools.wraps(update)
    def update_and_tell(self: Any, params: Any, gradients: Any, *more: Any, **named: Any) -> Any:
        if seen.updating:  # the update of the class that this one is made from
            return update(self, params, gradients, *more, **named)
        names, x = numbers_of(params)
        _, g = numbers_of(gradients)
        seen.updater, seen.updating = self, True
        try:
            answer = update(self, params, gradients, *more, **named)
        finally:
            seen.updating = False
        led = params if answer is None else answer  # changed in place, or returned
        after = numbers_of(led)[1]
        seen.see(names, LoopRow(x, g), lambda: after)
        return answer

    return update_and_tell


# --- torch -----------------------------------------------------------------------------------------------


class _TorchSteps:
    """Rows from ``backward``: the gradient that it brings, and that which stands in ``grad`` afterwards."""

    def __init__(self, seen: LoopSeen, torch: Any) -> None:
        self._seen, self._torch = seen, torch
        self._backwards = self._since = 0  # in all, and since the last step
        self._stepped = False

    def backward(self, tensors: Any, *args: Any, **more: Any) -> Any:
        leaves = self._leaves(tensors)
        before = [None if p.grad is None else p.grad.detach().clone() for p in leaves]
        answer = self._plain_backward(tensors, *args, **more)
        held = [p.grad.detach() for p in leaves]
        fresh = [h if b is None else h - b for h, b in zip(held, before, strict=True)]
        loss = tensors[0] if isinstance(tensors, (list, tuple)) else tensors
        self._backwards += 1
        self._since += 1
        self._see(leaves, fresh, held, loss)
        return answer

    def grad(self, outputs: Any, inputs: Any, *args: Any, **more: Any) -> Any:
        answer = self._plain_grad(outputs, inputs, *args, **more)
        leaves = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if all(slope is not None for slope in answer):
            loss = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
            self._see(leaves, list(answer), list(answer), loss)
        return answer

    def before_step(self, optimizer: Any, *_: Any) -> None:
        """A step of an optimizer: whether a gradient is there for it."""
        self._seen.updater = optimizer
        params = [p for group in optimizer.param_groups for p in group["params"]]
        empty = all(p.grad is None or not p.grad.any() for p in params)
        rows = self._seen.record.rows
        if not self._backwards and not self._stepped and empty:
            self._tell(
                0,
                message(
                    "step() comes before backward(): the first step has no gradient, and each later one has that of the"
                    " step before. The order is zero_grad(), the cost, backward(), step()."
                ),
            )
        elif self._since and empty and rows and rows[-1].g.any():
            self._tell(
                len(rows) - 1,
                message(
                    "zero_grad() comes between backward() and step(): of the gradient {gradient:.6g} nothing is left at"
                    " step {step}. The order is zero_grad(), the cost, backward(), step().",
                    gradient=float(rows[-1].g[int(np.argmax(np.abs(rows[-1].g)))]),
                    step=len(rows) - 1,
                ),
            )
        self._since, self._stepped = 0, True

    def _tell(self, step: int, sentence: Any) -> None:
        if not self._seen.record.told:
            self._seen.record.told.append(Slip("wrong_order", step, {}, sentence))

    def _see(self, leaves: list[Any], fresh: list[Any], held: list[Any], loss: Any) -> None:
        def joined(parts: list[Any]) -> Vector:
            flat = [np.ravel(p.detach().to("cpu", self._torch.float64).numpy()) for p in parts]
            return np.concatenate(flat).copy()

        shapes = tuple(tuple(p.shape) for p in leaves)
        names = Parameters(tuple(f"p{i}" for i in range(len(leaves))), shapes).coordinates
        row = LoopRow(joined(leaves), joined(fresh), joined(held), float(loss.detach().sum()))
        rows = self._seen.record.rows
        if rows and not self._stepped and np.array_equal(rows[-1].x, row.x) and len(row.x) == len(rows[-1].x):
            row = LoopRow(
                row.x, rows[-1].g + row.g, row.held, row.value
            )  # gradients accumulated for one step
            rows.pop()
        self._stepped = False
        self._seen.see(names, row, lambda: joined(leaves))

    def _leaves(self, tensors: Any) -> list[Any]:
        """The tensors whose ``grad`` will be filled, in the order in which they are met."""
        waiting = [t.grad_fn for t in (tensors if isinstance(tensors, (list, tuple)) else [tensors])]
        found: dict[int, Any] = {}
        visited = set()
        while waiting:
            node = waiting.pop()
            if node is None or node in visited:
                continue
            visited.add(node)
            if hasattr(node, "variable"):
                found[id(node.variable)] = node.variable
            waiting += [after for after, _ in node.next_functions]
        known = getattr(self, "_order", [])
        order = [p for p in known if id(p) in found] + [
            p for key, p in found.items() if all(key != id(q) for q in known)
        ]
        self._order = order
        return order

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """In the place of torch's own."""
        from torch.optim.optimizer import register_optimizer_step_pre_hook

        autograd = self._torch.autograd
        self._plain_backward, self._plain_grad = autograd.backward, autograd.grad
        handle = register_optimizer_step_pre_hook(self.before_step)
        try:
            with _replaced(autograd, "backward", self.backward), _replaced(autograd, "grad", self.grad):
                yield
        finally:
            handle.remove()


@contextmanager
def _torch(seen: LoopSeen) -> Iterator[None]:
    import torch

    with _TorchSteps(seen, torch).replaced():
        yield


# --- TensorFlow ------------------------------------------------------------------------------------------


@contextmanager
def _tensorflow(seen: LoopSeen) -> Iterator[None]:
    import tensorflow

    tape = tensorflow.GradientTape
    plain = tape.__dict__["gradient"]

    @functools.wraps(plain)
    def gradient(self: Any, target: Any, sources: Any, *args: Any, **more: Any) -> Any:
        answer = plain(self, target, sources, *args, **more)
        if tensorflow.executing_eagerly() and all(g is not None for _, g in flattened(answer)):
            names, x = numbers_of(sources)
            row = LoopRow(x, numbers_of(answer)[1], None, float(np.sum(np.asarray(target))))
            seen.see(names, row, lambda: numbers_of(sources)[1])
        return answer

    with _replaced(tape, "gradient", gradient):
        yield


def is_imported(name: str) -> bool:
    """Whether a framework is there already."""
    return name in sys.modules
