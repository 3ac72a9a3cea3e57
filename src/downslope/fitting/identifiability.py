"""What the data says about the descent: which columns set the condition number, what cannot be determined, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.quadratic import NormalEquations
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows

DEPENDENT = 1e-12  # of the largest singular value: below it a direction is not determined
WORTH_SAYING = 30.0


SEPARABLE = (
    "the classes can be separated perfectly, so without a penalty no finite parameters are best: the cost falls"
    " towards zero as they grow for ever. Add a penalty (l2=0.01, --l2 0.01), or take the direction alone"
)


def separated(objective: DataObjective) -> Callable[[Array], str]:
    """A test whether the parameters separate the classes: then, without a penalty, no finite ones are best."""

    def sentence(phi: Array) -> str:
        if not separates(objective, phi):
            return ""
        return f"{SEPARABLE[0].upper()}{SEPARABLE[1:]}."

    return sentence


def separates(objective: DataObjective, phi: Array) -> bool:
    """Whether the parameters put every row that counts on the side of its own class."""
    return all(_separated(objective, part, phi) for part in objective.parts())


def _separated(objective: DataObjective, part: RowBlock, phi: Array) -> bool:
    rows, y = part.rows, part.y
    u = rows.predictions(phi)
    counted = part.weights > 0 if part.weights.size else np.ones(len(y), bool)
    if isinstance(rows, SoftmaxRows):
        own = np.take_along_axis(u, y.astype(np.intp)[:, None], axis=1)[:, 0]
        others = u.copy()
        others[np.arange(len(y)), y.astype(np.intp)] = -np.inf
        return bool(np.all((own > others.max(axis=1))[counted]))
    if objective.loss.labels != "two" or not isinstance(rows, LinearRows):
        return False
    return bool(np.all(((2 * y - 1) * u > 0)[counted]))


def conditioning(normal_equations: NormalEquations, parameters: Sequence[str], user: bool) -> tuple[str, ...]:
    """Which features set the condition number; and, of a descent in the ``user``'s units, what standardising saves."""
    values, directions = normal_equations.directions
    notes = []
    own = values[0] / values[-1]
    if own > WORTH_SAYING:
        names = _leading(directions[-1], parameters)
        notes.append(
            f"the condition number of the standardised features is {own:.3g}, set by {' and '.join(names)}, which"
            " nearly depend on each other"
        )
    if not user:
        return tuple(notes)
    raw_factor = normal_equations.factor @ np.linalg.inv(normal_equations.shear)
    raw_values = np.linalg.svd(raw_factor, compute_uv=False)
    raw = raw_values[0] / max(raw_values[-1], 1e-300)
    if raw > 3 * own and raw > WORTH_SAYING:
        sizes = np.sqrt(np.sum(np.square(raw_factor), axis=0))
        big, small = parameters[int(np.argmax(sizes))], parameters[int(np.argmin(sizes))]
        why = (
            f"{big} acts {sizes.max() / sizes.min():.3g} times as strongly as {small}"
            if sizes.max() > 3 * sizes.min()
            else "the features are far from their mean"
        )
        notes.append(
            f"as the columns stand, the condition number is {raw:.3g} ({why}); standardised it is {own:.3g}"
            " (standardize=True, --standardize), which takes descent with a constant rate some"
            f" {(raw / own) ** 2:.2g} times fewer steps"
        )
    return tuple(notes)


def dependent(normal_equations: NormalEquations) -> Array:
    """The directions in the standardised parameters, one a row, that change no prediction."""
    values, directions = normal_equations.directions
    return np.asarray(directions[values <= DEPENDENT * values[0]])


def undetermined(direction: Array, parameters: Sequence[str]) -> str:
    """The sentence for a direction in which the parameters may move without any change in the predictions."""
    names = _leading(direction, parameters, 0.05)
    if len(names) == 1:
        return f"the data do not determine {names[0]}: the predictions do not depend on it"
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"the data do not determine {listed} apart: the predictions depend on a combination only"


def _leading(direction: Array, parameters: Sequence[str], part: float = 0.3) -> list[str]:
    size = np.abs(direction)
    order = np.argsort(-size)
    chosen = [int(i) for i in order if size[i] >= part * size[order[0]]][:6]
    return [parameters[i] for i in sorted(chosen)]
