"""A function that is not in a file is known again by its value and gradient at a point, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from downslope.descent import Descent
from downslope.descent.snapshot import Witness
from downslope.errors import DataError
from downslope.messages import Message, listing, message
from downslope.objectives import Objective, Parameters


class Given(NamedTuple):
    """What is not in a file: a function or a table, and what goes with it; see ``resume``."""

    function: Any = None
    start: Any = None
    gradient: Any = None
    weights: Any = None


def with_function(run: Descent, objective: Objective) -> Descent:
    """A loaded run with its function, if it is that.

    Raises:
        DataError: the function has other parameters, or another value or gradient where the run left off.
    """
    theirs = objective.parameters
    refuse_other_parameters(run.objective.parameters, theirs)
    objective.nested = objective.nested or run.objective.nested
    objective.left_as(run.objective)
    snapshot = run.left_with
    if snapshot is None or snapshot.trace.step < 0:
        return replace(run, objective=objective)
    known = snapshot.witness or (snapshot.witness_of(run.objective) if run.objective.evaluable else None)
    found = snapshot.witness_of(objective)
    if known is None:
        raise DataError(
            message("the file does not say what the function gave where the run left off; run it again.")
        )
    at_step = message("this is another function, or computes otherwise: at step {step}", step=run.nit)
    refuse_another(known, found, theirs, at_step)
    return replace(run, objective=objective)


def refuse_other_parameters(saved: Parameters, given: Parameters) -> None:
    """Refuse a function of other parameters than those in the file.

    Raises:
        DataError: so it is.
    """
    if (saved.coordinates, saved.shapes) != (given.coordinates, given.shapes):
        raise DataError(
            message(
                "this is another function: its parameters are {given}, and those of the run were {saved}.",
                given=listing(given.coordinates, most=8),
                saved=listing(saved.coordinates, most=8),
            )
        )


def refuse_another(known: Witness, found: Witness, parameters: Parameters, where: Message) -> None:
    """Refuse a function that does not give what is known of it; ``where`` says at which point.

    Raises:
        DataError: so it is; with the first number that differs.
    """
    if known.same(found):
        return
    if not Witness(known.value, found.gradient).same(found):
        raise DataError(
            message(
                "{where} its value is {found!r}, and was {known!r}.",
                where=where,
                found=found.value,
                known=known.value,
            )
        )
    apart = np.flatnonzero(known.gradient.view(np.int64) != found.gradient.view(np.int64))
    i = int(apart[0])
    raise DataError(
        message(
            "{where} its derivative by {name} is {found!r}, and was {known!r}.",
            where=where,
            name=parameters.coordinates[i],
            found=float(found.gradient[i]),
            known=float(known.gradient[i]),
        )
    )
