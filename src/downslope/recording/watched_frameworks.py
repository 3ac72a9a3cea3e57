"""Sees the steps of loops of frameworks: torch's ``backward`` and optimizers, TensorFlow's tape, Keras's optimizers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from downslope.containers import flattened
from downslope.messages import listing, message
from downslope.objectives import Parameters, Vector
from downslope.recording.broadcasts import broadcast_in
from downslope.recording.loop_records import Code, LoopRow, Slip
from downslope.recording.loops_seen import LoopsSeen, numbers_of


@contextmanager
def replaced(owner: Any, name: str, function: Any) -> Iterator[None]:
    """An attribute replaced for a while."""
    before = owner.__dict__[name] if isinstance(owner, type) else getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, before)


# --- torch -----------------------------------------------------------------------------------------------


class _TorchSteps:
    """Rows from ``backward``: the gradient that it brings, and that which stands in ``grad`` afterwards."""

    def __init__(self, seen: LoopsSeen, torch: Any) -> None:
        self._seen, self._torch = seen, torch
        self._backwards = self._since = 0  # in all, and rows since the last step
        self._stepped = self._early = False
        self._last: list[Any] = []  # the tensors that the last cost depends on

    def backward(self, tensors: Any, *args: Any, **more: Any) -> Any:
        leaves = self._leaves(tensors)
        before = [None if p.grad is None else p.grad.detach().clone() for p in leaves]
        answer = self._plain_backward(tensors, *args, **more)
        held = [p.grad.detach() for p in leaves]
        fresh = [h if b is None else h - b for h, b in zip(held, before, strict=True)]
        loss = tensors[0] if isinstance(tensors, (list, tuple)) else tensors
        self._backwards += 1
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
        self._seen.stepped_by(optimizer, self._since)
        params = [p for group in optimizer.param_groups for p in group["params"]]
        empty = all(p.grad is None or not p.grad.any() for p in params)
        rows = self._seen.loops[-1].record.rows if self._seen.loops else []
        given = {id(p) for p in params}
        if not self._backwards and not self._stepped and empty:
            self._early = True
        elif self._since and self._last and not any(id(leaf) in given for leaf in self._last):
            self._tell_replaced(len(rows) - 1)
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

    def _tell(self, step: int, sentence: Any, code: Code = "wrong_order") -> None:
        told = self._seen.loops[-1].record.told
        if not told:
            told.append(Slip(code, step, {}, sentence))

    def _tell_replaced(self, step: int) -> None:
        sentence = message(
            "At step {step} the cost depends on tensors that the optimizer does not have (of shape {shapes}): a"
            " parameter was replaced by a new tensor after the optimizer was made, and step() moves the old one. Change"
            " it in place, or make the optimizer anew.",
            step=step,
            shapes=listing((str(tuple(leaf.shape)) for leaf in self._last), "and"),
        )
        self._tell(step, sentence, "replaced_parameter")

    def _tell_broadcast(self, loss: Any) -> None:
        """A target of n numbers beside predictions of n, in another shape: each is held against all the others."""
        shapes = broadcast_in(loss.grad_fn)
        if shapes is not None:
            sentence = message(
                "A difference of {n} by {n} numbers goes into the cost, made of {n} numbers of shape {shape} beside {n}"
                " of another shape: each prediction is held against every target. Give both one shape, as"
                " reshape({shape}) does.",
                n=shapes[1][0],
                shape=str(shapes[0]),
            )
            self._tell(0, sentence, "broadcast")

    def _see(self, leaves: list[Any], fresh: list[Any], held: list[Any], loss: Any) -> None:
        def joined(parts: list[Any]) -> Vector:
            flat = [np.ravel(p.detach().to("cpu", self._torch.float64).numpy()) for p in parts]
            return np.concatenate(flat).copy()

        shapes = tuple(tuple(p.shape) for p in leaves)
        names = Parameters(tuple(f"p{i}" for i in range(len(leaves))), shapes).coordinates
        row = LoopRow(joined(leaves), joined(fresh), joined(held), float(loss.detach().sum()))
        rows = self._seen.loops[-1].record.rows if self._seen.loops else []
        if rows and not self._stepped and np.array_equal(rows[-1].x, row.x):
            row = LoopRow(row.x, rows[-1].g + row.g, row.held, row.value)  # accumulated for one step
            rows.pop()
            self._since -= 1
        self._stepped = False
        self._since += 1
        loop = self._seen.see(names, row, self._optimizer_of(leaves))
        loop.leaves = loop.leaves or list(zip(leaves, shapes, strict=True))
        loop.now = lambda: joined(leaves)
        loop.derived = True
        self._last = leaves
        if self._backwards == 1:
            self._tell_broadcast(loss)
        if self._early:
            self._early = False
            self._tell(
                0,
                message(
                    "step() comes before backward(): the first step has no gradient, and each later one has that of the"
                    " step before. The order is zero_grad(), the cost, backward(), step()."
                ),
            )

    def _optimizer_of(self, leaves: list[Any]) -> Any:
        """The optimizer that made the last step, if these are among its parameters."""
        optimizer = self._seen.optimizer
        groups = getattr(optimizer, "param_groups", [])
        known = {id(p) for group in groups for p in group["params"]}
        return optimizer if all(id(leaf) in known for leaf in leaves) and leaves else None

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
            with replaced(autograd, "backward", self.backward), replaced(autograd, "grad", self.grad):
                yield
        finally:
            handle.remove()


@contextmanager
def watching_torch(seen: LoopsSeen) -> Iterator[None]:
    """Watch ``backward`` and the steps of torch's optimizers."""
    import torch

    with _TorchSteps(seen, torch).replaced():
        yield


# --- TensorFlow ------------------------------------------------------------------------------------------


@contextmanager
def watching_tensorflow(seen: LoopsSeen) -> Iterator[None]:
    """Watch TensorFlow's tape."""
    import tensorflow

    tape = tensorflow.GradientTape
    plain = tape.__dict__["gradient"]

    @functools.wraps(plain)
    def gradient(self: Any, target: Any, sources: Any, *args: Any, **more: Any) -> Any:
        answer = plain(self, target, sources, *args, **more)
        if tensorflow.executing_eagerly() and all(g is not None for _, g in flattened(answer)):
            names, x = numbers_of(sources)
            row = LoopRow(x, numbers_of(answer)[1], None, float(np.sum(np.asarray(target, np.float64))))
            loop = seen.see(names, row, seen.optimizer)
            loop.leaves = loop.leaves or [(leaf, tuple(leaf.shape)) for _, leaf in flattened(sources)]
            loop.now = lambda: numbers_of(sources)[1]
            loop.derived = True
        return answer

    with replaced(tape, "gradient", gradient):
        yield


@contextmanager
def watching_sessions(seen: LoopsSeen) -> Iterator[None]:
    """Watch the sessions of TensorFlow 1: what a run of ``minimize(cost)`` moves, and by which gradients."""
    import tensorflow

    v1 = tensorflow.compat.v1
    owner = next(cls for cls in v1.train.Optimizer.__mro__ if "apply_gradients" in vars(cls))
    session = next(cls for cls in v1.Session.__mro__ if "run" in vars(cls))
    known: dict[Any, tuple[Any, list[tuple[Any, Any]]]] = {}  # operation -> whose it is, (gradient, variable)
    plain_apply, plain_run = vars(owner)["apply_gradients"], vars(session)["run"]

    @functools.wraps(plain_apply)
    def apply_gradients(self: Any, grads_and_vars: Any, *args: Any, **more: Any) -> Any:
        pairs = list(grads_and_vars)
        operation = plain_apply(self, pairs, *args, **more)
        moved = [(g, v) for g, v in pairs if g is not None]
        if not tensorflow.executing_eagerly() and all(tensorflow.is_tensor(g) for g, _ in moved):
            known[operation.name] = (self, moved)
        return operation

    @functools.wraps(plain_run)
    def run(self: Any, fetches: Any, feed_dict: Any = None, *args: Any, **more: Any) -> Any:
        listed = fetches if isinstance(fetches, (list, tuple)) else [fetches]
        made = next((known[o.name] for o in listed if getattr(o, "name", None) in known), None)
        if made is None:
            return plain_run(self, fetches, feed_dict, *args, **more)
        optimizer, moved = made
        variables = {v.op.name: v for _, v in moved}
        before, gradients = plain_run(self, [variables, [g for g, _ in moved]], feed_dict)
        answer = plain_run(self, fetches, feed_dict, *args, **more)
        names, x = numbers_of(before)
        row = LoopRow(x, numbers_of(dict(zip(variables, gradients, strict=True)))[1])
        loop = seen.see(names, row.led(numbers_of(plain_run(self, variables))[1]), optimizer)
        loop.derived = True
        return answer

    with replaced(owner, "apply_gradients", apply_gradients), replaced(session, "run", run):
        yield


@contextmanager
def watching_keras(seen: LoopsSeen) -> Iterator[None]:
    """Watch whose steps they are; the tape has the gradients."""
    import keras

    owner = next(cls for cls in keras.optimizers.Optimizer.__mro__ if "apply" in vars(cls))
    plain = vars(owner)["apply"]

    @functools.wraps(plain)
    def apply(self: Any, *args: Any, **more: Any) -> Any:
        seen.stepped_by(self, 1)
        return plain(self, *args, **more)

    with replaced(owner, "apply", apply):
        yield
