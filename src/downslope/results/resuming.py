"""``resume``: a saved run that goes on."""

from __future__ import annotations

import os
from typing import Any, Unpack

from downslope.errors import DataError
from downslope.messages import message
from downslope.objectives import as_objective
from downslope.results.continuing import ResumeOptions, with_function
from downslope.results.loading import load
from downslope.results.run import Run, as_run


def resume(
    path: str | os.PathLike[str],
    function: Any = None,
    start: Any = None,
    *,
    gradient: Any = None,
    **options: Unpack[ResumeOptions],
) -> Run:
    """Go on with a saved run, with the whole memory of its rule: the same bits as if it had never ended.

    Args:
        path: what ``run.save`` or ``--save`` wrote.
        function: of a run of a Python function, that function, as it is not in the file. It is taken only if its
            value and gradient where the run left off are the same, bit for bit.
        start: with tensors or arrays of a framework in it, where the start had them; what is in them does not matter.
        gradient: the function's own, as for ``minimize``.
        options: see ``Run.resume``.

    Raises:
        DataError: the file cannot be read, was changed, or is of another function.
        UsageError: as for ``Run.resume``.
        ObjectiveError: the function is not in the file, and is not given.

    >>> import downslope as ds, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.json")
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer="adam", steps=30).save(path)
    >>> ds.resume(path, steps=20).nit
    50
    """
    run = load(path)
    if not isinstance(run, Run):
        raise DataError(message("{path} holds a fit, which goes on only from its table.", path=path))
    if function is not None:
        begin = run.objective.present(run.start) if start is None else start
        objective, _ = as_objective(function, begin, gradient=gradient, dtype=run.objective.dtype)
        run = as_run(with_function(run, objective))
    return run.resume(**options)
