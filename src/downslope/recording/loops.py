"""Where to begin: ``with record(...) as run:`` around a loop of whatever kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from downslope.errors import UsageError
from downslope.messages import message
from downslope.objectives.recorded import LoopFault
from downslope.optimizers import Optimizer
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.updater import Updater
from downslope.recording.choice import Choice, Spec
from downslope.recording.recorder import LoopWatch, Recorder, Unwatched
from downslope.recording.rows import RecordedRows


class _UpdaterWatch:
    """Watches an ``Updater``: every accepted point."""

    climbs = False
    faults: tuple[LoopFault, ...] = ()

    def __init__(self, updater: Updater) -> None:
        self.title, self._updater = message("a loop with an Updater"), updater

    def begin(self, recorder: Recorder) -> None:
        def watcher(names: list[str], x: ParamTree, g: ParamTree, value: float | None) -> None:
            if self._updater.accepted:
                recorder.see(names, x, g, value)
            else:
                recorder.evaluations += 1

        self._watcher = watcher
        self._updater.watchers.append(watcher)

    def end(self) -> None:
        self._updater.watchers.remove(self._watcher)

    def final(self) -> tuple[Sequence[str], ParamTree] | None:
        return None if self._updater.traits.searches else self._updater.left

    def optimizer(self) -> Optimizer:
        return self._updater.optimizer


def record(
    source: Any = None, *, parameters: Spec = None, every: int | None = None, maximize: bool | None = None
) -> Recorder:
    """Record a training loop that is not downslope's own, as a run to be drawn, saved and explained.

    Args:
        source: whose loop: a ``torch.optim`` optimizer (anybody's) or a torch module, a Keras model (around ``fit``) or
            a Keras optimizer (around an eager loop), or an ``Updater``. Without one, everything is told by ``log``.
        parameters: which to keep: names such as ``["weight", "bias[0]"]``, a dict of names and tensors (of a torch
            optimizer, which knows no names), "all", or "norms", one for each tensor. By default all, where they are
            at most 20 numbers, else norms.
        every: keep every so-many-th step; by default all, or as many as fit in 32 MB (from 10,000
            parameters on in 8 MB).
        maximize: whether the loop climbs the value that is told; by default what a torch optimizer says of itself.

    Returns:
        A ``Recorder``, to be used in a ``with`` statement.

    Row k holds the point before step k, the gradient's norm there as the optimizer got it, and the value: what the
    closure or Keras said, or what was given to ``run.log(loss)``, before or after the step, always in the same place.
    The last row is the point where the loop ended, which is ``run.x``. Nobody evaluated there: value and norm are NaN,
    unless ``run.log(loss)``, where it comes before the step, is called once more after the loop.

    What else the steps show is a finding: parameters that were detached or replaced, with their shapes; numbers that
    broadcast, where a gradient or a parameter grows by it, or a cost of torch is logged as a tensor; in torch gradients
    that are never zeroed. Others make gradients anew each time (JAX, TensorFlow's tape, Keras); what a script in NumPy
    adds up itself is found by ``check_loop``. Keras gives its own losses' arguments one shape.

    >>> import torch, downslope as ds
    >>> w = torch.tensor([3.0, 1.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.25)
    >>> with ds.record(optimizer, parameters={"w": w}) as run:
    ...     for _ in range(3):
    ...         optimizer.zero_grad()
    ...         loss = (w**2).sum()
    ...         loss.backward()
    ...         run.log(loss)
    ...         optimizer.step()
    >>> run.history["value"].tolist(), run.history["w[0]"].tolist()
    ([10.0, 2.5, 0.625, nan], [3.0, 1.5, 0.75, 0.375])
    """
    watch = _watch_of(source)
    return Recorder(watch, Choice(parameters), RecordedRows(_checked(every)), maximize)


def _watch_of(source: Any) -> LoopWatch:
    if source is None:
        return Unwatched()
    if isinstance(source, Updater):
        return _UpdaterWatch(source)
    roots = {cls.__module__.partition(".")[0] for cls in type(source).__mro__}
    if "keras" in roots:
        from downslope.recording.keras import watch_of as of_keras

        watched: LoopWatch = of_keras(source)
        return watched
    if "torch" in roots:
        from downslope.recording.torch import watch_of as of_torch

        watched = of_torch(source)
        return watched
    raise UsageError(
        message(
            "{source!r:.60} cannot be watched; give a torch optimizer or module, a Keras model"
            " or optimizer, an Updater, or nothing, and tell run.log(value, params=...,"
            " gradients=...) what happens.",
            source=source,
        )
    )


def _checked(every: Any) -> int | None:
    if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
        raise UsageError(message("every is {every!r}; it must be a whole number, at least 1.", every=every))
    return every
