"""The first update of a run with its numbers put in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from downslope.descent.result import Descent
from downslope.messages import message
from downslope.optimizers import state as states
from downslope.optimizers.block_rules import BlockRule
from downslope.optimizers.curvature import CurvedRule

AGREES = 1e-9  # relative; the printed formula may round otherwise than the rule's own code
LONGEST = 2_000  # characters of an update that a person still reads


class WorkedUpdate(NamedTuple):
    """An update in print.

    Attributes:
        formula: its lines, and what each of its letters is.
        lines: the first step with numbers.
    """

    formula: list[str]
    lines: list[str]


def worked_update(run: Descent, digits: int) -> WorkedUpdate:
    """The update of a run's rule, and its first step.

    The numbers of the lines in between are shown where the printed formula leads to the point that the run has next.
    """
    history, names = run.history, run.history.coordinates
    x, after = history.x[0], history.x[1]
    gradient = np.asarray(run.objective.gradient(x))
    update = _printed(run)
    formula, steps = (
        [str(message("the update of {rule} has no short formula", rule=run.optimizer.name()))],
        [],
    )
    if update is not None:
        values = run.optimizer.hyperparameters()
        legend = [
            f"{symbol} = {values[name]}" if symbol == name else f"{symbol} = {name} = {values[name]}"
            for symbol, name in update.legend.items()
        ]
        formula = [*str(update).splitlines(), *legend]
        steps = [
            _numbers(run, update, i, -gradient[i] if run.maximize else gradient[i]) for i in range(len(names))
        ]
        if not all(
            np.isclose(one.get("x'", np.nan), end, rtol=AGREES) for one, end in zip(steps, after, strict=True)
        ):
            steps = []  # a search along the line, a schedule or a wrapper has its part in it
    lines = [f"f = {history.value[0]:.{digits}g}"]
    for i, name in enumerate(names):
        lines.append(f"{name} = {x[i]:.{digits}g}, ∂f/∂{name} = {gradient[i]:.{digits}g}")
        for symbol, value in (steps[i] if steps else {}).items():
            if symbol != "x'":
                lines.append(f"    {symbol} = {value:.{digits}g}")
        lines.append(f"    {name}' = {after[i]:.{digits}g}")
    return WorkedUpdate(formula, lines)


def _printed(run: Descent) -> Any:
    """The formula of the rule; None where it has none that can be read."""
    from downslope.optimizers.notation import formula  # SymPy takes its time

    if len(run.optimizer.layers()) > 1 or isinstance(run.optimizer, (CurvedRule, BlockRule)):
        return None
    update = formula(run.optimizer)
    return update if update.lines and len(str(update)) <= LONGEST else None


def _numbers(run: Descent, update: Any, i: int, g: float) -> dict[str, float]:
    """What each line of the update is for one coordinate at the start."""
    x, value = run.history.x[0], float(run.history.value[0])
    hyperparameters = run.optimizer.hyperparameters()
    known = {symbol: hyperparameters[name] for symbol, name in update.legend.items()}
    for name, leaf in states.leaves(run.optimizer.init(x)):
        numbers = np.ravel(leaf)
        if numbers.size:
            known[name] = float(numbers[i] if numbers.size == x.size else numbers[0])
    known |= {"x": float(x[i]), "g": float(g), "f": -value if run.maximize else value}
    needed = {symbol.name for _, right in update.lines for symbol in right.free_symbols}
    made = {left.name for left, _ in update.lines}
    if needed - made - set(known) or not all(isinstance(one, (int, float)) for one in known.values()):
        return {}
    return {name: float(one) for name, one in update.evaluate(**known).items()}
