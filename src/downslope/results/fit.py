"""``Fit``: a fit with what people do with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Unpack

from downslope.attachments import attached
from downslope.descent.result import Descent, counted
from downslope.errors import DataError
from downslope.files import write_atomically
from downslope.fitting.explanation import FitExplanation, explained
from downslope.fitting.finalize import fit_of
from downslope.fitting.result import FitResult
from downslope.fitting.state import FitState
from downslope.messages import message
from downslope.plots.fits import plot_fit
from downslope.results.checkpoints import checkpoint_of
from downslope.results.continuing import ResumeOptions
from downslope.results.fit_continuing import continued
from downslope.results.fit_saving import fit_to_dict
from downslope.results.fit_states import FitKeeper, state_to_dict
from downslope.results.run import Run, as_run
from downslope.results.saving import save as save_data

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Fit(FitResult):
    """A hypothesis fitted to a table; to be drawn, explained, exported and saved.

    Attributes: those of a ``FitResult``.

    >>> import downslope as ds
    >>> fit = ds.fit({"x": [2, 4, 6, 8], "y": [81, 93, 91, 97]}, "y ~ a*x + b", loss="rmse")
    >>> {name: round(value, 6) for name, value in fit.x.items()}
    {'a': 2.3, 'b': 79.0}
    >>> round(fit.loss, 6), round(fit.r2, 6)
    (2.880972, 0.761151)
    """

    run: Run

    def explain(self) -> FitExplanation:
        """Why it ended as it did: what the data say, and causes of trouble in the descent with advice that was run.

        It takes at most as long as the descent, or a second where that is more; asked again, it answers at once.
        """
        kept: FitExplanation | None = self.__dict__.get("_explanation")
        if kept is None:
            self.__dict__["_explanation"] = kept = explained(self)
        return kept

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """Draw the fit: the data with the curve, predicted against actual, the cost surface with the path, ...

        Args:
            path: where to write PNG, SVG or PDF (or an animated GIF of what moves), by its ending; None only draws.
            options: as for ``downslope.plots.plot_fit``: ``view="data"``, "predicted", "residuals", "surface", ...
        """
        return plot_fit(self, path, **options)

    def export(
        self,
        to: str,
        path: str | os.PathLike[str] | None = None,
        *,
        table: Any = None,
        data: str | os.PathLike[str] | None = None,
    ) -> str:
        """The fit as a plain script that needs nothing of downslope.

        Args:
            to: numpy, numpy_class, torch, torch.optim, tensorflow, keras, jax, optax or sympy.
            path: where to write it too.
            table: the table of a fit that was loaded, which a saved fit does not keep.
            data: the CSV file that the script is to read, for a table of more than 50 rows that is not from one.

        Raises:
            UnknownNameError: there is no such dialect.
            ObjectiveError: it was descended in a way that no plain script goes; a method that is named, is one.
            DataError: the file cannot be written, or a table is needed.

        >>> import downslope as ds
        >>> fit = ds.fit({"x": [1, 2, 3], "y": [1, 2, 3]}, "y ~ W*x", learning_rate=0.15, steps=10)
        >>> "residual = W * x - y" in fit.export("torch")
        True
        """
        from downslope.export import export  # the dialects are imported with the first script

        return export(self, to, path, table=table, data=data)

    def to_html(
        self, path: str | os.PathLike[str] | None = None, *, parameters: Sequence[str] | None = None
    ) -> str:
        """The fit as one file of HTML: rows, curve and cost surface, on which the parameters are dragged.

        The page descends in the parameters themselves. A fit that was descended so is made again there and compared;
        another begins where it began, by its rule or, if a page has it not, by a search along the gradient.

        Args:
            path: where to write it too.
            parameters: of a fit with more than two, the one or two that are descended on the page; by default the first
                two. The others are held at what the fit found, and the page says so.

        Raises:
            ObjectiveError: it has more than 1,000 rows, or a loss of several numbers.
            UsageError: there are no such parameters.
            DataError: the file cannot be written.

        >>> import downslope as ds
        >>> page = ds.fit({"x": [1, 2, 3], "y": [1, 2, 4]}, "y ~ W*x").to_html()
        >>> len(page) < 400_000
        True
        """
        from downslope.page.fits import page_of_fit  # what a page offers is read with the first one

        page = page_of_fit(self, parameters)
        if path is not None:
            write_atomically(path, page.encode())
        return page

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fit as JSON, atomically; ``downslope.load`` reads it back and predicts the same.

        Raises:
            DataError: the file cannot be written; what was there before is untouched.
        """
        save_data(self.to_dict(), path)

    def resume(self, **options: Unpack[ResumeOptions]) -> Fit:
        """Go on from where the fit ended, with all that its descent remembers: bit for bit as if it had never ended.

        What was chosen for it at its beginning stays: coordinates, rule, and how the table is read.

        Args:
            options: as for ``Run.resume``; in mini-batches steps are epochs, and ``target`` is the loss.

        Raises:
            UsageError: the fit has ended in a way from which nothing goes on, or at a limit and no more is asked for.
            DataError: it was loaded, and its table is not in the file; ``downslope.resume(path, table)`` goes on.

        >>> import downslope as ds
        >>> table = {"x": [1, 2, 3], "y": [2, 4, 7]}
        >>> part = ds.fit(table, "y ~ W*x", optimizer="adam", learning_rate=0.1, steps=10)
        >>> part.resume(steps=20).history == ds.fit(
        ...     table, "y ~ W*x", optimizer="adam", learning_rate=0.1, steps=30
        ... ).history
        True
        """
        if self.left_with is None:
            raise DataError(
                message(
                    "a saved fit goes on only from its table, which is not in the file:"
                    " downslope.resume(path, table)."
                )
            )
        return gone_on(self.run, self.left_with, options)

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain data, as ``save`` writes it, with what it needs to go on from its table."""
        explanation = self.explain().to_dict() if self.recorded is None else self.recorded["explanation"]
        kept = None if self.recorded is None else self.recorded["left_with"]
        left = kept if self.left_with is None else state_to_dict(self.left_with)
        return {**fit_to_dict(self, explanation), "left_with": left}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def __repr__(self) -> str:
        errors = self.standard_errors or {}
        shown = list(zip(self.run.history.coordinates, self.run.final.tolist(), strict=True))
        width = max((len(name) for name, _ in shown[:20]), default=0)
        lines = [
            f"fit {self.run.objective.text[:90]}, {self.rows} rows",
            f"  {self.run.termination.status}: {self.message} {self.explain().brief}".rstrip(),
            *(
                f"  {name:<{width}} = {value:.10g}" + (f"  ± {errors[name]:.3g}" if name in errors else "")
                for name, value in shown[:20]
            ),
            *([f"  {message('... and {n} more', n=len(shown) - 20)}"] if len(shown) > 20 else []),
            *(
                [f"  {message('(no standard errors: {why})', why=self.missing_errors)}"]
                if self.missing_errors
                else []
            ),
            f"  {self.model.loss} = {self.loss:.10g}{self._quality()}",
            f"  {counted(self.nit, 'step')}, {counted(self.nfev, 'evaluation')},"
            f" {type(self.run.optimizer).__name__}, data by {self.path}",
            *self._unseen(),
            *(f"  note: {note}" for note in self.notes if note not in self.warnings),
            *(f"  warning: {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines)

    def _unseen(self) -> list[str]:
        if self.holdout is None:
            return []
        found = self.holdout
        good = f", R² = {found.r2:.8g}" if found.r2 is not None else ""
        good = f", accuracy {found.accuracy:.4f}" if found.accuracy is not None else good
        scores = f"{self.model.loss} = {found.loss:.10g}{good}"
        return [f"  {message('held out {n} rows: {scores}', n=found.rows, scores=scores)}"]

    def _quality(self) -> str:
        if self.model.loss.classifies:
            return "" if self.accuracy is None else f", accuracy {self.accuracy:.4f}"
        return "" if self.r2 is None else f", R² = {self.r2:.8g}"


def as_fit(result: FitResult) -> Fit:
    """The record of a fit as people get it."""
    kept = {field.name: getattr(result, field.name) for field in fields(result)}
    return Fit(**{**kept, "run": as_run(result.run)})


def gone_on(run: Descent, state: FitState, options: ResumeOptions) -> Fit:
    """A fit gone on with, from where ``run`` ended; see ``Fit.resume``."""
    state = continued(run, state, options)
    checkpoint = checkpoint_of(options)
    keeper = None if checkpoint is None else FitKeeper(checkpoint, state)
    done = as_fit(fit_of(state, keeper))
    if checkpoint is not None:
        checkpoint.end(lambda _: done.to_dict())
    return done
