"""What a picture of a fit shows: the rows, what was predicted of them, and the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downslope.errors import DataError
from downslope.fitting.frame import Frame
from downslope.fitting.objective import DataObjective, RowBlock
from downslope.fitting.problem import Specification, rows_of
from downslope.fitting.result import FitResult
from downslope.fitting.targets import targets
from downslope.messages import NOTHING, Message, listing, message, plural
from downslope.objectives import Objective
from downslope.plots.plane import Floats
from downslope.plots.view import Pair, Window
from downslope.plots.words import label, mathematics, number, outcome, readable, rule, said_of

MOST_POINTS = 4_000  # rows drawn as points; of more, their density or a sample
MOST_FOR_COST = 20_000  # rows from which a cost that is no quadratic is drawn
MOST_NAMED = 4  # parameters named above the picture
MARGIN = 0.05


@dataclass(frozen=True, eq=False)
class Scene:
    """The rows that are drawn, with what is predicted of them.

    Args:
        fit: the fit.
        table: the rows, as for ``fit``; None for those that were fitted.
    """

    fit: FitResult
    table: Any = None

    @cached_property
    def frame(self) -> Frame:
        """The rows."""
        model = self.fit.model
        if self.table is not None:
            return model.frame_of(self.table, model.hypothesis.target)
        assert self.fit.problem is not None
        elsewhere = self.fit.problem.objective.elsewhere
        return self.fit.problem.frame if elsewhere is None else elsewhere.sample(MOST_POINTS)

    @property
    def fetched(self) -> Message:
        """That the rows are some of those in a database, where they are."""
        problem = self.fit.problem
        if self.table is not None or problem is None or not problem.objective.in_database:
            return NOTHING
        if self.rows >= self.fit.rows:
            return NOTHING
        return message(
            "a sample of {drawn:,} of the {rows:,} rows in the database", drawn=self.rows, rows=self.fit.rows
        )

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.frame.rows

    @cached_property
    def actual(self) -> Floats:
        """The target: numbers, or of labels their place among the classes."""
        model = self.fit.model
        name = model.hypothesis.target
        if not model.loss.per_class:
            return np.asarray(targets(self.frame, name, model.loss)[0], np.float64)
        place = {str(label): k for k, label in enumerate(model.classes)}
        column = self.frame[name]
        words = [str(v) if column.dtype == object else f"{v:.0f}" for v in column]
        strange = next((word for word in words if word not in place), None)
        if strange is not None:
            raise DataError(
                message(
                    "column '{name}' holds {strange!r}, which is none of the labels that were fitted:"
                    " {labels}.",
                    name=name,
                    strange=strange,
                    labels=listing(place),
                )
            )
        return np.array([place[word] for word in words], np.float64)

    @cached_property
    def predicted(self) -> Floats:
        """Predictions of all rows: numbers, or probabilities, (rows,) or (rows, classes)."""
        return np.asarray(self.fit.model.mean(self.frame), np.float64)

    def column(self, name: str) -> Floats:
        """A column as numbers."""
        return np.asarray(self.frame.numbers(name), np.float64)

    def along(self, values: dict[str, Floats], theta: Floats | None = None) -> Floats:
        """Predictions of other inputs, with other parameters where they are given; NaN where there are none."""
        model = self.fit.model if theta is None else replace(self.fit.model, theta=theta)
        with np.errstate(all="ignore"):
            found = np.asarray(model.mean(values), np.float64)
        return np.where(np.abs(found) < 1e240, found, np.nan)

    @cached_property
    def sample(self) -> NDArray[np.intp]:
        """All rows, or a fair sample of them in their order."""
        if self.rows <= MOST_POINTS:
            return np.arange(self.rows)
        return np.sort(np.random.default_rng(0).choice(self.rows, MOST_POINTS, replace=False))

    @property
    def crowded(self) -> bool:
        """Whether there are too many rows to draw each as a point."""
        return self.rows > MOST_POINTS

    def rows_said(self, all_of_them: bool) -> Message:
        """How many rows the picture shows, for a legend."""
        if self.fetched:
            return self.fetched
        if self.crowded and not all_of_them:
            return message("a fair sample of {drawn:,} of {rows:,} rows", drawn=MOST_POINTS, rows=self.rows)
        return plural("{n:,} row", "{n:,} rows", n=self.rows)

    def density_said(self) -> Message:
        """What is shown in the place of points, where the rows are crowded."""
        if not self.crowded:
            return NOTHING
        return plural("the density of all {n:,} rows", "the density of all {n:,} rows", n=self.rows)

    def heading(self, notes: Sequence[Message] = ()) -> list[tuple[str, bool]]:
        """The lines above the picture, and whether each is to be read as mathematics."""
        fit = self.fit
        run = fit.run
        step = "epoch" if fit.path == "batches" else "step"
        good: list[Message | str] = [f"{fit.model.loss} {number(fit.loss, 4)}"]
        if fit.r2 is not None:
            good.append(f"R² {number(fit.r2, 4)}")
        if fit.accuracy is not None:
            good.append(message("accuracy {share}", share=number(fit.accuracy, 4)))
        lines = [
            title(fit),
            (readable(" · ".join([str(listing(good)), *_values(fit)])), False),
            (readable(f"{_rule_and_coordinates(fit)} · {outcome(run, step)}"), False),
        ]
        told = said_of(notes)
        return [*lines, (told, False)] if told else lines


def outside_view(window: Window, x: Floats, y: Floats) -> Message:
    """The note on rows that are not drawn."""
    outside = (x < window[0][0]) | (x > window[0][1]) | (y < window[1][0]) | (y > window[1][1])
    count = int(np.count_nonzero(outside))
    if not count:
        return NOTHING
    return plural("{n:,} row is outside this view", "{n:,} rows are outside this view", n=count)


def first_labels(shown: int, count: int) -> Message:
    """The note on labels that are not drawn."""
    return message("the first {shown} of {count} labels", shown=shown, count=count)


def _rule_and_coordinates(fit: FitResult) -> Message | str:
    """The optimizer, and where it descended, if that was not among the parameters themselves."""
    method = rule(fit.run)
    if fit.coordinates == "standardised":
        return message("{rule}, in standardised coordinates", rule=method)
    if fit.coordinates == "orthogonal":
        return message("{rule}, in orthogonal coordinates", rule=method)
    if fit.coordinates == "natural":
        return message("{rule}, in natural coordinates", rule=method)
    return method


def title(fit: FitResult) -> tuple[str, bool]:
    """The hypothesis, as mathematics where it is a short formula."""
    target, _, right = fit.model.hypothesis.text.partition("~")
    formula = mathematics(right.strip()) if fit.model.hypothesis.expression is not None else ""
    name, mathematical = label(target.strip())
    if formula and mathematical:
        return rf"{name} $\sim$ {formula}", True
    text = fit.model.hypothesis.text
    return readable(text if len(text) <= 90 else text[:86] + " ..."), False


def _values(fit: FitResult) -> list[str]:
    """The parameters with their standard errors, where they are few."""
    names, values = fit.history.coordinates, fit.run.final.tolist()
    if len(names) > MOST_NAMED:
        return []
    errors: dict[str, float] = fit.standard_errors or {}
    said = [
        f"{name} = {number(value, 5)}" + (f" ± {number(errors[name], 2)}" if name in errors else "")
        for name, value in zip(names, values, strict=True)
    ]
    return [", ".join(said)]


def span(values: Floats, margin: float = MARGIN) -> Pair:
    """The range of the finite values with a margin."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = margin * (high - low)
    if not room > 1e-9 * max(abs(low), abs(high)):
        room = 0.5 * max(abs(low), abs(high), 1.0) * 0.2
    return low - room, high + room


def cost_to_draw(fit: FitResult) -> tuple[Objective, Message]:
    """The cost as a function that can be drawn in a second or two, and a note where it is that of a sample."""
    problem = fit.problem
    if fit.normal_equations is None and problem is not None and problem.objective.in_database:
        own = problem.objective.block
        drawn = DataObjective(own, problem.objective.terms)
        if own.rows.count >= fit.rows:
            return drawn, NOTHING
        said = message(
            "the cost of a sample of {drawn:,} of the {rows:,} rows in the database",
            drawn=own.rows.count,
            rows=fit.rows,
        )
        return drawn, said
    if fit.normal_equations is not None or problem is None or problem.rows.count <= MOST_FOR_COST:
        return fit.cost, NOTHING
    objective, frame = problem.objective, problem.frame
    chosen = np.sort(np.random.default_rng(0).choice(frame.rows, MOST_FOR_COST, replace=False))
    some = Frame({name: column[chosen] for name, column in frame.columns.items()}, frame.origin)
    y = objective.y[chosen] if fit.model.loss.per_class else _targets(fit, some)
    rows, y = rows_of(some, Specification(problem.hypothesis, problem.loss), y, len(problem.classes))
    weights = objective.weights[chosen] if objective.weights.size else objective.weights
    drawn = DataObjective(RowBlock(rows, y, weights), objective.terms)
    note = message(
        "the cost of a fair sample of {drawn:,} of {rows:,} rows", drawn=MOST_FOR_COST, rows=frame.rows
    )
    return drawn, note


def _targets(fit: FitResult, frame: Frame) -> Floats:
    return np.ascontiguousarray(frame.numbers(fit.model.hypothesis.target), np.float64)
