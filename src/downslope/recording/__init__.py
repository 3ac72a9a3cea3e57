"""Loops that are not ours, recorded: ``with downslope.record(optimizer) as run:`` around any training loop.

In flow what a loop does, seen through the hooks that torch and Keras have for it, an ``Updater``'s watchers, or
``run.log``; out flows a ``Run`` with a history, to be drawn, saved and explained. ``loops`` is where to begin;
``recorder`` makes the run, ``rows`` is what is kept; ``torch`` and ``keras`` each watch one framework's loops.
``checked_loop`` holds a learner's updates against their rule. ``running`` runs the script; ``watched_calls`` and
``watched_frameworks`` see the calls that move parameters, ``written_loops`` the lines that do: ``elements`` and
``factors`` read expressions, ``turns`` their order, ``written_moves`` the lines that move something, whole or
coordinate by coordinate, ``learner_source`` and ``unnamed_gradients`` by which gradient, and ``telling_lines`` has them
tell ``told_values``. ``claims`` says which rule it is, ``slips`` and ``gradient_slips`` compare, ``miswritten``
knows the mistakes, and ``held_loops`` puts it together. May import ``results`` and what is below it, and the
framework of the file's name.
"""

from downslope.recording.checked_loop import LoopCheck, check_loop
from downslope.recording.loops import record
from downslope.recording.recorder import Recorder

__all__ = ["LoopCheck", "Recorder", "check_loop", "record"]
