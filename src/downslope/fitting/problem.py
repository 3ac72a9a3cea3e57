"""What is to be fitted: the table, the hypothesis and the loss, put together and checked."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from downslope.errors import UsageError
from downslope.explain.findings.finding import Finding
from downslope.fitting import checks
from downslope.fitting import targets as target_columns
from downslope.fitting.categories import with_indicators
from downslope.fitting.formula_rows import FormulaRows, column_formulas, feature_matrix
from downslope.fitting.frame import Frame
from downslope.fitting.hypothesis import Hypothesis, within_link
from downslope.fitting.losses import Loss
from downslope.fitting.objective import CostTerms, DataObjective, Penalty, RowBlock
from downslope.fitting.rows import Array, HypothesisRows, LinearRows, SoftmaxRows
from downslope.messages import Message, message, plural
from downslope.objectives import Parameters

MOST_FOR_CONSTANT = 1_000  # features among which a constant is looked for
CONSTANT = 1e-9  # part of the square of 1 that the features may leave, where they add up to a constant


@dataclass(frozen=True, eq=False)
class Specification:
    """What is to be fitted, whatever the table.

    Attributes:
        hypothesis, loss: see ``fit``.
        weights: a column, or one number for each row that is not left out, or None.
        l2, l1: strengths of the penalties.
        drop_missing: whether rows with missing values are left out.
        as_formula: whether a linear hypothesis is treated like any other.
    """

    hypothesis: Hypothesis
    loss: Loss
    weights: str | Sequence[float] | Array | None = None
    l2: float = 0.0
    l1: float = 0.0
    drop_missing: bool = False
    as_formula: bool = False
    sent: bytes = b""  # the hypothesis as it is pickled, where other processes work on it too

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, **({"hypothesis": None} if self.sent else {})}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.sent:
            self.__dict__["hypothesis"] = pickle.loads(self.sent)

    @property
    def as_sent(self) -> Specification:
        """The same with the hypothesis as every process gets it: each pickling may turn the order of its terms."""
        sent = pickle.dumps(self.hypothesis)
        return replace(self, hypothesis=pickle.loads(sent), sent=sent)

    @property
    def needed(self) -> list[str]:
        """The columns that are read."""
        h = self.hypothesis
        more = [self.weights] if isinstance(self.weights, str) else []
        return list(dict.fromkeys([h.target, *h.columns, *more]))  # with the features of categories

    @property
    def numbers(self) -> list[str]:
        """Those that must hold numbers: the others are labels."""
        return [name for name in self.needed if not (self.loss.classifies and name == self.hypothesis.target)]


@dataclass(frozen=True, eq=False)
class FitProblem:
    """A fit that can be descended.

    Attributes:
        frame, hypothesis, loss: what was given.
        objective: the cost in the user's parameters.
        classes: the labels in the order of their numbers, for a loss that classifies.
        notes: what the reader should know, and ``warnings``, what must not be overlooked.
        findings: what the columns alone leave undetermined.
    """

    frame: Frame
    hypothesis: Hypothesis
    loss: Loss
    objective: DataObjective
    classes: tuple[Any, ...]
    notes: tuple[Message, ...]
    warnings: tuple[Message, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> HypothesisRows:
        """The hypothesis on its rows."""
        return self.objective.rows

    @property
    def weights_column(self) -> str | bool | None:
        """The column that the weights of the rows are; True where they are none, None where there are no weights."""
        w = self.objective.weights
        if not w.size:
            return None
        same = (
            n for n in self.frame.names if self.frame[n].dtype != object and np.array_equal(self.frame[n], w)
        )
        return next(same, True)

    @property
    def quadratic(self) -> bool:
        """Whether the cost is a quadratic in the parameters, or the root of one."""
        return self.loss.quadratic and isinstance(self.rows, LinearRows) and not self.objective.penalty.l1

    @cached_property
    def about_zero(self) -> bool:
        """Whether R² compares with a prediction of 0: for a linear hypothesis that no parameters make a constant.

        So do R and statsmodels. Features that add up to a constant, as those of all categories do, make one.
        """
        if self.hypothesis.linear is None or self.loss.link != "identity":
            return False
        rows, objective = self.rows, self.objective
        if not isinstance(rows, LinearRows):
            return self.hypothesis.linear.intercept is None
        return rows.intercept is None and not _make_a_constant(objective)

    @cached_property
    def variation(self) -> tuple[float, float]:
        """The mean square of the target about its mean, and about zero."""
        objective, linear = self.objective, self.hypothesis.linear
        whole = linear is None or linear.offset is None or not isinstance(self.rows, LinearRows)
        column = None if whole or objective.streamed else self.frame.numbers(self.hypothesis.target)
        mean, spread = objective.column_spread(column)
        return spread**2, spread**2 + mean**2


def _make_a_constant(objective: DataObjective) -> bool:
    """Whether some combination of the features is the same number in every row."""
    if not objective.summed or objective.rows.size > MOST_FOR_CONSTANT:
        return False
    m = objective.moments()
    mean, d = m.mean[:-1], len(m.mean) - 1
    products = m.products[:d, :d] / m.total + np.outer(mean, mean)
    size = np.sqrt(np.diag(products))
    size = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(products / np.outer(size, size))
    kept = values > 1e-12 * values[-1]
    along = vectors[:, kept].T @ (mean / size)
    return bool(1 - np.sum(np.square(along) / values[kept]) <= CONSTANT)


def make_problem(frame: Frame, asked: Specification) -> FitProblem:
    """Check the data and put the cost together.

    Raises:
        DataError: a value is missing, infinite, not a number, or not what the loss takes.
        UsageError: weights or penalties make no sense.
    """
    hypothesis, loss = asked.hypothesis, asked.loss
    frame = with_indicators(frame, hypothesis.categories)
    if asked.drop_missing:
        frame = checks.drop_missing(frame, asked.needed)
    y, classes = target_columns.targets(frame, hypothesis.target, loss)
    w = checks.weights_of(frame, asked.weights)
    rows, y = rows_of(frame, asked, y, len(classes))
    checks.finite(frame, asked.numbers, rows.X)
    checks.refuse_tiny_target(frame, hypothesis.target, loss, float(np.max(np.abs(y), initial=0.0)))
    warnings = [*hypothesis.doubts, *linked_twice(hypothesis, loss)]
    found = tuple(checks.check_columns(hypothesis, rows)) if isinstance(rows, LinearRows) else ()
    notes = notes_of(frame, asked)
    objective = cost_of(asked, RowBlock(rows, y, w))
    objective.notes = (*notes, *warnings, *(finding.message for finding in found))
    return FitProblem(frame, hypothesis, loss, objective, classes, tuple(notes), tuple(warnings), found)


def notes_of(frame: Frame, asked: Specification) -> list[Message]:
    """How table, hypothesis and loss were understood."""
    hypothesis, loss = asked.hypothesis, asked.loss
    notes = [*frame.notes_on([*asked.needed, *hypothesis.sources]), *hypothesis.notes]
    if frame.rows_dropped:
        notes.append(
            plural(
                "{n} row with missing values was left out.",
                "{n} rows with missing values were left out.",
                n=frame.rows_dropped,
            )
        )
    if loss.link != "identity" and not loss.per_class:
        notes.append(_link_note(loss, hypothesis))
    return notes


def cost_of(asked: Specification, block: RowBlock) -> DataObjective:
    """The mean loss on these rows plus the penalties; all but the penalties' strengths must have been checked."""
    hypothesis, rows = asked.hypothesis, block.rows
    mask = np.ones(len(hypothesis.parameters))
    mask[list(hypothesis.unpenalised)] = 0.0
    shape: tuple[int, ...] = ()
    if isinstance(rows, SoftmaxRows):
        shape, mask = (rows.classes,), np.repeat(mask, rows.classes)
    parameters = Parameters(hypothesis.parameters, (shape,) * len(hypothesis.parameters), "dict")
    penalty = Penalty(_strength("l2", asked.l2), _strength("l1", asked.l1), mask)
    text = cost_text(hypothesis, asked.loss, penalty)
    return DataObjective(block, CostTerms(asked.loss, penalty, parameters, text))


def rows_of(frame: Frame, asked: Specification, y: Array, classes: int) -> tuple[Any, Array]:
    """The hypothesis on the table's rows, and the targets less what the hypothesis adds without a parameter."""
    hypothesis, loss, as_formula = asked.hypothesis, asked.loss, asked.as_formula
    linear = hypothesis.linear
    residual = loss.link == "identity"
    if as_formula and hypothesis.expression is None:
        raise UsageError(message("path='formula' needs a hypothesis given as a formula."))
    if linear is not None and (linear.offset is None or residual) and not as_formula:
        X, at = feature_matrix(linear, hypothesis.columns, frame)
        if loss.per_class:
            return SoftmaxRows(X, at, linear.intercept, classes), y
        if linear.offset is not None:
            free = linear.offset.free_symbols
            y = y - (
                column_formulas([linear.offset], hypothesis.columns, frame)[:, 0]
                if free
                else float(linear.offset)
            )
        return LinearRows(X, at, linear.intercept), y
    if loss.per_class:
        raise UsageError(
            message(
                "softmax takes a hypothesis that is linear in its parameters, one copy of which each"
                " class gets; '{hypothesis}' is not.",
                hypothesis=hypothesis.text,
            )
        )
    X = frame.matrix(hypothesis.columns) if hypothesis.columns else np.zeros((frame.rows, 1))
    return FormulaRows(hypothesis, X), y


def _link_note(loss: Loss, hypothesis: Hypothesis) -> Message:
    right = hypothesis.text.partition("~")[2].strip()
    if loss.link == "sigmoid":
        return message(
            "{loss} takes the hypothesis as log-odds: the probability is sigmoid({right}).",
            loss=loss.name,
            right=right,
        )
    assert loss.link == "exp"
    return message(
        "{loss} takes the hypothesis as the logarithm of the rate: the prediction is exp({right}).",
        loss=loss.name,
        right=right,
    )


def linked_twice(hypothesis: Hypothesis, loss: Loss) -> list[Message]:
    """A warning where the hypothesis is what the loss makes of it anyhow."""
    inner = within_link(hypothesis.expression, loss.link)
    if inner is None:
        return []
    written = str(inner).replace("**", "^")
    if loss.link == "exp":
        return [
            message(
                "{loss} applies the exponential itself, and here it is applied twice; write {written}.",
                loss=loss.name,
                written=written,
            )
        ]
    return [
        message(
            "{loss} applies the sigmoid itself, and here it is applied twice; write {written}.",
            loss=loss.name,
            written=written,
        )
    ]


def _strength(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if isinstance(value, bool) or not (np.isfinite(number) and number >= 0):
        raise UsageError(
            message("{name} is {value!r}; it must be a finite number, at least 0.", name=name, value=value)
        )
    return number


def cost_text(hypothesis: Hypothesis, loss: Loss, penalty: Penalty) -> str:
    """``rmse(y ~ a*x + b) + 0.1*l2``."""
    extra = "".join(f" + {v:g}*{n}" for n, v in (("l2", penalty.l2), ("l1", penalty.l1)) if v)
    return f"{loss}({hypothesis.text}){extra}"
