"""``export``: a run or a fit and the name of a dialect -> the text of a script, and a file where one is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from downslope.descent import Descent
from downslope.errors import ObjectiveError, UnknownNameError, UsageError, nearest
from downslope.export import library
from downslope.export.dialects.jax import Jax
from downslope.export.dialects.numpy import NumPy
from downslope.export.dialects.numpy_around import AroundJax, AroundTensorFlow, AroundTorch
from downslope.export.dialects.numpy_class import NumPyClass
from downslope.export.dialects.sympy import SymPy
from downslope.export.dialects.tensorflow import TensorFlow
from downslope.export.dialects.torch import Torch
from downslope.export.script import ScriptWriter, script_of
from downslope.export.script_model import ScriptModel, script_model_of
from downslope.files import write_atomically
from downslope.messages import listing, message, sentences
from downslope.optimizers.block_rules import why_not_numbers, works_on_blocks
from downslope.optimizers.curvature import CurvedRule, refusal

if TYPE_CHECKING:
    from downslope.fitting.result import FitResult


Writer = Callable[[ScriptModel], ScriptWriter]


def _of_either(plain: Writer, curved: Writer | None) -> Writer:
    """What writes a rule in the framework's own numbers; ``curved``, if it can be, where the rule knows curvature."""

    def write(model: ScriptModel) -> ScriptWriter:
        rule = model.method.rule
        if not isinstance(rule, CurvedRule):
            return plain(model)
        if curved is None:
            others = message("Scripts of it are written by numpy, sympy, torch, tensorflow and jax.")
            raise UsageError(sentences(refusal(rule), others))
        return curved(model)

    return write


_WRITERS: dict[str, Writer] = {
    "numpy": NumPy,
    "numpy_class": _of_either(NumPyClass, None),
    "torch": _of_either(Torch, AroundTorch),
    "torch.optim": _of_either(lambda model: Torch(model, library.TORCH), None),
    "tensorflow": _of_either(TensorFlow, AroundTensorFlow),
    "keras": _of_either(lambda model: TensorFlow(model, library.KERAS), None),
    "jax": _of_either(Jax, AroundJax),
    "optax": _of_either(lambda model: Jax(model, library.OPTAX), None),
    "sympy": SymPy,
}

DIALECTS = tuple(_WRITERS)
"""The dialects, simplest first."""


def export(
    run: Descent | FitResult,
    to: str,
    path: str | os.PathLike[str] | None = None,
    *,
    table: Any = None,
    data: str | os.PathLike[str] | None = None,
) -> str:
    """A run or a fit as a plain script that needs nothing of downslope.

    Args:
        run: a run of a formula (text, SymPy, a classic problem, a Python function that was traced), or a fit.
        to: a dialect: numpy, numpy_class, torch, torch.optim, tensorflow, keras, jax, optax or sympy.
        path: where to write it too.
        table: the table of a fit that was loaded, which a saved fit does not keep.
        data: the CSV file that the script is to read, for a table of more than 50 rows that is not from one.

    Returns:
        The text of the script.

    Raises:
        UnknownNameError: there is no such dialect.
        ObjectiveError: the function's source is not ours to print, its formula is too long, or the fit went a way that
            no plain script goes.
        DataError: the file cannot be written, or a table is needed.

    >>> import downslope as ds
    >>> script = export(ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.1, steps=2), "torch")
    >>> "torch.autograd.grad(value, x)" in script
    True
    """
    writer = writer_of(to)
    try:
        if isinstance(run, Descent):
            if works_on_blocks(run.optimizer):
                raise UsageError(why_not_numbers(run.optimizer.layers()[-1]))
            text = script_of(writer, script_model_of(run))
        else:
            from downslope.export.fits import (
                script_model_of_fit,
            )  # what reads tables is imported with the first fit

            text = script_of(writer, script_model_of_fit(run, table, data))
    except RecursionError as error:
        raise ObjectiveError(
            message(
                "the formula is too long for a script: Python would not compile a sum of so many"
                " terms. Export a run of fewer variables, or write the sum as a loop of your own."
            )
        ) from error
    if path is not None:
        write_atomically(path, text.encode())
    return text


def writer_of(dialect: Any) -> Writer:
    """The writer of that dialect; case, hyphens and underscores do not matter.

    Raises:
        UnknownNameError: there is none; all are listed.
    """

    def plain(name: str) -> str:
        return name.lower().replace("-", "_").replace(" ", "_").replace(".", "_")

    spelled = {plain(name): name for name in DIALECTS} | {
        "pytorch": "torch",
        "tf": "tensorflow",
        "class": "numpy_class",
    }
    name = spelled.get(plain(str(dialect)))
    if name is None:
        raise UnknownNameError(
            sentences(
                message("there is no dialect '{dialect:.60}' to export to.", dialect=str(dialect)),
                nearest(str(dialect), DIALECTS),
                message("There are: {dialects}.", dialects=listing(DIALECTS)),
            )
        )
    return _WRITERS[name]
