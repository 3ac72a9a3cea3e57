"""``ds.check_loop``: runs a learner's loop, watches it, and says which update is not that of its rule, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from downslope.errors import UsageError
from downslope.messages import Message, message, sentences
from downslope.optimizers import Optimizer
from downslope.recording.held_loops import Asked, HeldLoop, hold, merged
from downslope.recording.loop_records import Slip
from downslope.recording.loops_seen import LoopSeen, LoopsSeen
from downslope.recording.running import run_function, run_script, text_of
from downslope.recording.written_loops import WrittenLoops

SCRIPT_EXAMPLE = """\
learning_rate = 0.1
x = 3.0
for step in range(20):
    cost = x**2
    gradient = 2*x
    x = x - learning_rate*gradient
"""

FUNCTION_EXAMPLE = """\
def loop(seen):
    x = 3.0
    for step in range(20):
        gradient = 2*x
        seen.log(x**2, params={"x": x}, gradients={"x": gradient})
        x = x - 0.1*gradient

print(ds.check_loop(loop))
"""


@dataclass(frozen=True)
class LoopCheck:
    """What ``check_loop`` found.

    Attributes:
        loops: every loop that was seen, those with a slip first.
    """

    loops: tuple[HeldLoop, ...]

    @property
    def rule(self) -> Optimizer | None:
        """The rule that the updates were held against; None where only the order of calls could be checked."""
        return self.loops[0].rule

    @property
    def steps(self) -> int:
        """How many updates were seen."""
        return sum(loop.steps for loop in self.loops)

    @property
    def slips(self) -> tuple[Slip, ...]:
        """What is wrong, in the order of importance; nothing where all is well."""
        return tuple(slip for loop in self.loops for slip in loop.slips)

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
        return [sentence for loop in self.loops for sentence in loop.sentences]

    def __str__(self) -> str:
        return "\n".join(map(str, self.sentences))


def check_loop(
    loop: Callable[..., Any] | str | os.PathLike[str],
    *,
    optimizer: Any = None,
    learning_rate: float | None = None,
    gradient: Callable[[Any], Any] | None = None,
    maximize: bool = False,
) -> LoopCheck:
    """Run a loop of your own and hold each of its updates against the rule that it claims to be.

    Args:
        loop: a function without arguments that runs it, or the file of a script. Seen are: classes with
            ``update(params, gradients)``, functions of ``(params, gradients, ...)``, torch's ``backward`` and
            optimizers, TensorFlow's ``GradientTape``, and in a script's or the function's own lines
            ``x = x - lr*gradient`` and its like, of lists, dicts and arrays coordinate by coordinate too. Of any other
            loop, a function that takes one argument, whose ``log(value, params=..., gradients=...)`` it calls before
            each update.
        optimizer: the rule; by default that of the class's or function's name (``Adam``, ``Momentum``, ...) with the
            hyperparameters that it has, or of torch's or Keras's optimizer; else the rule whose updates they are, or
            gradient descent.
        learning_rate: by default what the loop calls ``lr``, ``learning_rate`` or ``eta``; else that of its first step.
        gradient: the derivatives of the cost at given parameters, to hold the loop's gradients against; by default
            differences of a function called ``f``, ``cost`` or ``loss`` beside the loop, or the costs that it computes.
        maximize: the loop climbs.

    Raises:
        UsageError: no step was seen, or the loop broke off.

    >>> from downslope import check_loop
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
    loops, names, broken = _seen(loop)
    if not loops:
        raise broken or UsageError(_unseen(isinstance(loop, (str, os.PathLike))))
    asked, text = Asked(optimizer, learning_rate, gradient, maximize), text_of(loop)
    found = LoopCheck(merged(hold(one, names, text, asked) for one in loops))
    if broken is not None and not set(found.codes) - {"no_step"}:
        raise broken  # before a step was made, or without a slip: else that may well be why
    return found


def _unseen(is_a_script: bool) -> Message:
    """That nothing was seen, and how to make it visible."""
    seen = message(
        "no step of the loop was seen. Seen are classes with update(params, gradients), functions of (params,"
        " gradients, ...), torch's backward(), TensorFlow's GradientTape, and loops such as"
        " x = x - learning_rate*gradient."
    )
    example = SCRIPT_EXAMPLE if is_a_script else FUNCTION_EXAMPLE
    return sentences(
        seen,
        message("Write yours so that the gradient has a name, as here:\n\n{example}", example=example)
        if is_a_script
        else message(
            "Of any other loop, tell each step before its update, as here:\n\n{example}", example=example
        ),
    )


def _seen(loop: Any) -> tuple[list[LoopSeen], Mapping[str, Any], Exception | None]:
    """The loops that were seen, the names of the script, and what it broke off with."""
    seen = LoopsSeen()
    written = WrittenLoops(seen)
    names = run_function(loop, seen, written) if callable(loop) else run_script(Path(loop), seen, written)
    seen.end(names)
    loops = [one for one in seen.loops if one.record.rows]
    for one in written.seen():
        same = next((other for other in seen.loops if other.record.rows and other.begins_as(one)), None)
        if same is None:
            loops.append(one)
        elif not same.record.told:
            same.record.told += one.record.told
    moving = [one for one in loops if len(one.record.rows) > 1]
    return moving or loops, names, seen.broken
