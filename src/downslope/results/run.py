"""``Run``: a descent with what people do with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Unpack

from downslope.attachments import attached
from downslope.descent.result import Descent
from downslope.explain.explanation import Explanation
from downslope.explain.kept import explanation_of
from downslope.files import write_atomically
from downslope.plots.draw import plot
from downslope.results import saving
from downslope.results.continuing import BranchOptions, ResumeOptions, at, branch, resume

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.results.worksheet import Worksheet, WorksheetOptions


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Run(Descent):
    """One descent or ascent: where it went, where it ended and why; to be drawn, explained, exported and saved.

    Attributes: those of a ``Descent``.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2 + 2x + 3", start={"x": 1.5}, learning_rate=0.01, tolerance=1e-5)
    >>> run.nit, run.status, round(run.x["x"], 6)
    (650, 'converged', -0.999995)
    """

    def __post_init__(self) -> None:
        self.history.told_of(self)

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data: schema 1, as ``--format json`` prints and ``save`` writes it."""
        return saving.run_to_dict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the run as JSON, atomically; ``downslope.load`` reads it back equal.

        Raises:
            DataError: the file cannot be written; what was there before is untouched.
        """
        saving.save(self.to_dict(), path)

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw the run: the map with the path (two parameters), the curve (one), or the learning curves.

        Args:
            path: where to write PNG, SVG, PDF or an animated GIF, by its ending; None only draws.
            options: as for ``downslope.plots.plot``.
        """
        return plot(self, path, **options)

    def export(self, to: str, path: str | os.PathLike[str] | None = None) -> str:
        """The run as a plain script that needs nothing of downslope.

        Args:
            to: numpy, numpy_class, torch, torch.optim, tensorflow, keras, jax, optax or sympy.
            path: where to write it too.

        Raises:
            UnknownNameError: there is no such dialect.
            ObjectiveError: the function is not a formula (and could not be traced into one).
            DataError: the file cannot be written.

        >>> import downslope as ds
        >>> run = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.1, steps=2)
        >>> run.export("numpy").splitlines()[0].strip('"')
        'Minimise x^2 by gradient descent, in NumPy.'
        """
        from downslope.export import export  # the dialects are imported with the first script

        return export(self, to, path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The run as one file of HTML in which its start can be dragged, its rule changed and others put beside it.

        The file opens from disk and asks for nothing elsewhere. It makes the run again and says whether it ends alike.

        Raises:
            ObjectiveError: the function is no formula of one or two variables.
            UsageError: the rule is none that a page has: it knows curvature, or has a wrapper.
            DataError: the file cannot be written.

        >>> import downslope as ds
        >>> page = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.1, steps=2).to_html()
        >>> page.splitlines()[0], len(page) < 400_000
        ('<!doctype html>', True)
        """
        from downslope.page.document import page_of  # what a page offers is read with the first one

        page = page_of([self])
        if path is not None:
            write_atomically(path, page.encode())
        return page

    def worksheet(self, **options: Unpack[WorksheetOptions]) -> Worksheet:
        """A handout with the table of the run to be completed by hand, and its solution; see ``downslope.worksheet``.

        >>> import downslope as ds
        >>> run = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.25, steps=3)
        >>> print(run.worksheet(blanks=["x"]).to_markdown().splitlines()[0])
        # Worksheet: x^2
        """
        from downslope.results.worksheet import worksheet  # few runs become one

        return worksheet(self, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def explain(self) -> Explanation:
        """Why it ended as it did: the kind of point, causes of trouble with advice that was run, a forecast.

        It takes at most as long as the run, or a second where that is more; asked again, it answers at once.
        """
        return explanation_of(self)

    def resume(self, **options: Unpack[ResumeOptions]) -> Run:
        """Go on from where it ended, with the rule's whole memory: the same bits as if it had never ended.

        Args:
            steps, evaluations: so many more. Without them, up to the limits that the run was given.
            time_limit: seconds of this part. Without it, those that the run was given, anew.
            tolerance, relative_tolerance, value_tolerance, x_tolerance, target: instead of those of the run.
            callback, progress, explain, checkpoint, checkpoint_seconds: as for ``minimize``.

        Returns:
            The whole run: its history begins at the start, and its counts and seconds go on.

        Raises:
            UsageError: it has ended in a way from which nothing goes on, or no more is asked for.
            ObjectiveError: the function is not in the file; ``downslope.resume(path, function)`` takes it.

        >>> import downslope as ds
        >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer="adam", steps=30)
        >>> run.resume(steps=70).history == ds.minimize("x^2", start={"x": 1.0}, optimizer="adam", steps=100).history
        True
        """
        return as_run(resume(self, options))

    def at(self, step: int) -> Run:
        """The run as it was at an earlier step, with all that its rule remembered then.

        It is made again until there: from the nearest place that is known, as where it was gone on with, and one every
        few seconds on the way of a long run. Where its history is thinned, so is that of the earlier run.

        Raises:
            UsageError: there is no such step.
            DataError: made again, it goes another way, as a function that counts its calls makes it. Random
                numbers are drawn as they were, from the generators that the function has at hand.
        """
        return as_run(at(self, step))

    def branch(self, step: int, **options: Unpack[BranchOptions]) -> Run:
        """Another way from an earlier step on, which leaves that step by the changed rule.

        Args:
            step: from which on.
            learning_rate, hyperparameters: of the same rule, which keeps its memory.
            optimizer: another rule instead, which begins there.
            options: as for ``resume``.

        Raises:
            UsageError, HyperparameterError, DataError: as for ``at``, or the rule cannot be changed like that.

        >>> import downslope as ds
        >>> run = ds.minimize("x^2", start={"x": 1.0}, learning_rate=0.25, steps=3)
        >>> run.branch(1, learning_rate=0.5).history["x"]
        array([1. , 0.5, 0. , 0. ])
        """
        return as_run(branch(self, step, options))

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, Run) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def as_run(descent: Descent) -> Run:
    """The record of a descent as people get it."""
    if isinstance(descent, Run):
        return descent
    return Run(**{field.name: getattr(descent, field.name) for field in fields(descent)})
