"""What the data say about the parameters: what cannot be determined, and which columns set the condition number."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from downslope.explain.findings.finding import Finding
from downslope.fitting.losses import Loss
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.quadratic import DEPENDENT, NormalEquations
from downslope.fitting.rows import Array, LinearRows, SoftmaxRows

WORTH_SAYING = 30.0
ROUNDING = 1e-10  # part of the largest margin
FELT = 0.9  # part of the squares of a column: the rows that make it up feel the parameter


def separates(objective: DataObjective, phi: Array) -> bool:
    """Whether the parameters put every row that counts on the side of its own class.

    No row lies so near to the plane between two classes that rounding could have put it on its side.
    """
    if objective.elsewhere is not None:
        return objective.elsewhere.separates(phi, ROUNDING)
    if objective.streamed and not _separated(objective.loss, phi, objective.block):
        return False  # some rows, which are at hand, say so
    apart: bool = objective.over_parts(partial(_separated, objective.loss, phi), operator.and_)
    return apart


def _separated(loss: Loss, phi: Array, part: RowBlock) -> bool:
    rows, y = part.rows, part.y
    u = rows.predictions(phi)
    counted = part.weights > 0 if part.weights.size else np.ones(len(y), bool)
    if isinstance(rows, SoftmaxRows):
        own = np.take_along_axis(u, y.astype(np.intp)[:, None], axis=1)[:, 0]
        others = u.copy()
        others[np.arange(len(y)), y.astype(np.intp)] = -np.inf
        return _apart((own - others.max(axis=1))[counted])
    if loss.labels != "two" or not isinstance(rows, LinearRows):
        return False
    return _apart(((2 * y - 1) * u)[counted])


def _apart(margins: Array) -> bool:
    """Whether all are above 0, by more than rounding of the largest."""
    return bool(np.all(margins > ROUNDING * np.max(np.abs(margins), initial=0.0)))


def conditioning(
    normal_equations: NormalEquations, parameters: Sequence[str], user: bool
) -> Iterator[Finding]:
    """Which features set the condition number; and, of a descent in the ``user``'s units, what standardising saves."""
    values, directions = normal_equations.directions
    own = float(values[0] / values[-1])
    if own > WORTH_SAYING:
        names = _leading(directions[-1], parameters)
        evidence = {"condition": own, "parameters": names, "names": " and ".join(names)}
        yield Finding("conditioning", evidence, key="conditioning.dependent")
    if not user:
        return
    raw_factor = normal_equations.factor @ np.linalg.inv(normal_equations.shear)
    raw_values = np.linalg.svd(raw_factor, compute_uv=False)
    raw = float(raw_values[0] / max(raw_values[-1], 1e-300))
    if raw > 3 * own and raw > WORTH_SAYING:
        sizes = np.sqrt(np.sum(np.square(raw_factor), axis=0))
        uneven = bool(sizes.max() > 3 * sizes.min())
        evidence = {
            "condition": raw,
            "standardised": own,
            "fewer_steps": (raw / own) ** 2,
            "strongest": parameters[int(np.argmax(sizes))],
            "weakest": parameters[int(np.argmin(sizes))],
            "times": float(sizes.max() / max(sizes.min(), 1e-300)),
        }
        yield Finding("conditioning", evidence, key="conditioning.units" if uneven else "conditioning.far")


def dependent(normal_equations: NormalEquations) -> Array:
    """The directions in the standardised parameters, one a row, that change no prediction."""
    values, directions = normal_equations.directions
    return np.asarray(directions[values <= DEPENDENT * values[0]])


def undetermined(direction: Array, parameters: Sequence[str]) -> Finding:
    """A direction in which the parameters may move without any change in the predictions."""
    names = _leading(direction, parameters, 0.05)
    evidence = {
        "parameters": names,
        "direction": {name: float(v) for name, v in zip(parameters, direction, strict=True)},
        "others": ", ".join(names[:-1]),
        "last": names[-1],
    }
    return Finding(
        "undetermined", evidence, key="undetermined.single" if len(names) == 1 else "undetermined.apart"
    )


def felt_by_few_rows(scaled: Array, parameters: Sequence[str]) -> Iterator[Finding]:
    """Parameters that no more rows feel than there are of them, though all rows are more than all parameters.

    A steep curve fitted to points that do not rise with it becomes a step between two of them. How steep it is, and
    where between them, tells these two alone, so the cost falls on and on by less and less.

    Args:
        scaled: the change of every prediction with every parameter, columns of length 1, shape (rows, parameters).
    """
    share = np.square(scaled)
    kept = -np.sort(-share, axis=0)
    counts = 1 + np.sum(np.cumsum(kept, axis=0) < FELT, axis=0)
    few = np.flatnonzero(counts <= scaled.shape[1])
    for most in np.unique(counts[few])[::-1]:
        some = few[counts[few] <= most]
        felt = np.zeros(len(scaled), bool)
        for j in some:
            felt[np.argsort(-share[:, j])[: counts[j]]] = True
        if np.count_nonzero(felt) <= len(some) and len(scaled) > scaled.shape[1]:
            names = [parameters[j] for j in some]
            evidence = {
                "parameters": names,
                "listed": ", ".join(names),
                "rows": int(np.count_nonzero(felt)),
                "of": len(scaled),
            }
            yield Finding("undetermined", evidence, key="undetermined.rows")
            return


def _leading(direction: Array, parameters: Sequence[str], part: float = 0.3) -> list[str]:
    size = np.abs(direction)
    order = np.argsort(-size)
    chosen = [int(i) for i in order if size[i] >= part * size[order[0]]][:6]
    return [parameters[i] for i in sorted(chosen)]
