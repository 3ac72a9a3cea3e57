"""What a script has to tell: the function, the start, the rule, when it ends and what comes out. No dialect here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from downslope.descent import Descent
from downslope.descent.stopping import NO_LIMIT, Status
from downslope.errors import ObjectiveError, UsageError
from downslope.export.derivatives import Shared, partials, residual_rows, second_partials, shared
from downslope.export.names import Persons
from downslope.language import tree as t
from downslope.messages import Message, message
from downslope.optax import FromOptax
from downslope.optimizers import Optimizer
from downslope.optimizers.curvature import Asks, CurvedRule
from downslope.optimizers.external import ExternalOptimizer
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.wrappers.accumulated_gradient import AccumulatedGradient
from downslope.optimizers.wrappers.averaged_answer import AveragedAnswer
from downslope.optimizers.wrappers.cautious import Cautious
from downslope.optimizers.wrappers.clipping import ClipByNorm, ClipByValue
from downslope.optimizers.wrappers.gradient_noise import GradientNoise
from downslope.optimizers.wrappers.lookahead import Lookahead
from downslope.optimizers.wrappers.mechanize import Mechanize
from downslope.optimizers.wrappers.projected import Projected
from downslope.optimizers.wrappers.schedule_free import ScheduleFree
from downslope.optimizers.wrappers.sharpness_aware import SharpnessAware
from downslope.optimizers.wrappers.weight_decay import WeightDecay

if TYPE_CHECKING:
    from downslope.export.fit_data import FitData

WRITTEN = (ClipByNorm, ClipByValue, Projected, WeightDecay)  # wrappers that wrapper_code writes out
AROUND = (  # those that layered_form writes as functions
    AccumulatedGradient,
    AveragedAnswer,
    Cautious,
    GradientNoise,
    Lookahead,
    Mechanize,
    ScheduleFree,
    SharpnessAware,
)
# Within these a rule's steps or values are others than the loop's, from which a script computes its learning rate.
OTHER_COUNT = (AccumulatedGradient, SharpnessAware, WeightDecay)
ROWS = 40  # of the table that a script prints, about
UNNAMED = "<lambda>"  # what Python calls a function without a name
LONGEST_FORMULA = 300  # characters of it in the docstring
COLUMNS = 6  # parameters with a column in it

# Ends that were asked for: a script comes to them by itself. At any other it stops after as many steps as the run made.
_OWN_ENDS = (Status.CONVERGED, Status.STEP_LIMIT, Status.TARGET_REACHED)


@dataclass(frozen=True)
class Ends:
    """When the loop is left: each number is a constant of the script; None is not asked for."""

    steps: int
    tolerance: float | None = None
    relative_tolerance: float | None = None
    value_tolerance: float | None = None
    x_tolerance: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class LayeredRule:
    """A rule with what is around it.

    Attributes:
        rule: the innermost optimizer.
        wrappers: around all of it, the outermost first, of those that are lines of the loop.
        around: within these, those that are functions around the rule's, from the outermost that changes steps on.
        schedule: what its learning rate is, where that is no number; the rule's own is then 1.
    """

    rule: Optimizer
    wrappers: tuple[Optimizer, ...]
    schedule: Schedule | None
    around: tuple[Optimizer, ...] = ()

    @property
    def layers(self) -> tuple[Optimizer, ...]:
        """All wrappers, the outermost first."""
        return (*self.wrappers, *self.around)

    @property
    def whole(self) -> Optimizer:
        """The rule with what is around it as functions."""
        whole = self.rule
        for wrapper in reversed(self.around):
            whole = wrapper.with_values(optimizer=whole)
        return whole

    @property
    def called(self) -> str:
        """The rule's class, in those that are around it."""
        called = type(self.rule).__name__
        for wrapper in reversed(self.around):
            called = f"{type(wrapper).__name__}({called})"
        return called

    @classmethod
    def of(cls, optimizer: Optimizer) -> LayeredRule:
        """Taken apart.

        Raises:
            UsageError: the rule is another library's, or a wrapper around it is none that scripts have.
        """
        *wrappers, rule = optimizer.layers()
        if isinstance(rule, (FromOptax, ExternalOptimizer)):
            raise UsageError(_not_ours(rule))
        first = next((i for i, w in enumerate(wrappers) if not isinstance(w, WRITTEN)), len(wrappers))
        outer, around = tuple(wrappers[:first]), tuple(wrappers[first:])
        for wrapper in around:
            if isinstance(wrapper, Projected) or not isinstance(wrapper, (*WRITTEN, *AROUND)):
                raise UsageError(_not_written(wrapper))
        rate = rule.hyperparameters().get("learning_rate")
        if not isinstance(rate, Schedule):
            return cls(rule, outer, None, around)
        for wrapper in around:
            if isinstance(wrapper, OTHER_COUNT):
                raise UsageError(_not_scheduled(wrapper))
        return cls(rule.with_values(learning_rate=1.0), outer, rate, around)


@dataclass(frozen=True)
class ScriptModel:
    """A run, as a script tells it.

    Attributes:
        run: the run itself.
        formula: its function as a tree, of ``coordinates``.
        coordinates: the parameters' names, one for each number.
        supplied: the derivatives that the run was given instead of the true ones, if it was.
        method, ends, every: how it went, when it ended, which rows it prints.
        table: the data of a fit; the formula is then unused.
        unasked: whether the rule was left to downslope, though it has a name of its own.
        names: what to call the parameters and columns, whose names are a person's.
    """

    run: Descent
    formula: t.Node
    coordinates: Sequence[str]
    supplied: Shared | None
    method: LayeredRule
    ends: Ends
    every: int
    table: FitData | None = None
    unasked: bool = False
    names: Persons = field(default_factory=Persons)

    @property
    def start(self) -> list[float]:
        """Where it begins."""
        return [float(v) for v in self.run.start]

    @property
    def fitted(self) -> Message | str:
        """The hypothesis of a fit, as it was typed."""
        found = re.search(r"\((.*)\)", self.run.objective.text)
        return shortened(found[1] if found is not None else self.run.objective.text)

    @property
    def function(self) -> Message | str:
        """What is descended: by its name where it is long and has one, else as a formula."""
        objective = self.run.objective.formula or self.run.objective
        return shortened(objective.text if objective.headline == UNNAMED else objective.headline)

    @property
    def single(self) -> bool:
        """Whether it computes in float32."""
        return bool(self.run.objective.dtype == np.float32)

    @property
    def uphill(self) -> bool:
        """Whether it climbs."""
        return self.run.maximize

    @property
    def digits(self) -> int:
        """How many digits of a number its table shows."""
        return 7 if self.single else 10

    def derivatives(self) -> Shared:
        """The partial derivatives, written out."""
        return self.supplied or partials(self.formula, self.coordinates)

    def second_derivatives(self) -> Shared:
        """Those of the formula itself, by each pair of parameters, row by row."""
        return second_partials(self.formula, self.coordinates)

    def residual_rows(self, *, slopes: bool = True) -> Shared:
        """The derivatives of each of the residuals whose squares the formula adds up, if wanted, and itself."""
        wanted = self.coordinates if slopes else ()
        return residual_rows(self.run.objective.formula.residual_roots or [], self.coordinates, wanted)

    def asks_for(self, what: Asks) -> bool:
        """Whether the rule is one that asks for that beside, or in place of, a value and a gradient."""
        return isinstance(self.method.rule, CurvedRule) and self.method.rule.asks_for == what


def script_model_of(run: Descent) -> ScriptModel:
    """The story of a run of a formula.

    Raises:
        ObjectiveError: its function is not a formula (or not one that was saved with it).
    """
    objective = run.objective.formula
    if objective is None:
        raise ObjectiveError(_unprintable(run))
    tree = objective.tree
    given: Shared | None = None
    if objective.differentiation == "supplied":
        given = shared(objective.partials, objective.parameters.coordinates)
    return ScriptModel(
        run=run,
        formula=tree,
        coordinates=objective.parameters.coordinates,
        supplied=given,
        method=LayeredRule.of(run.optimizer),
        ends=ends_of(run),
        every=every_of(run),
    )


def _unprintable(run: Descent) -> Message:
    called = run.objective.headline
    unnamed, name = called == UNNAMED, shortened(called, 60)
    if run.objective.differentiation == "supplied" and not run.objective.evaluable:
        return message(
            "this run descended a gradient that it was given, which its file does not keep; export the run itself."
        )
    if run.objective.differentiation == "recorded":
        if unnamed:
            return message(
                "this objective is a record: the function is not in it, and the loop that was recorded is a script"
                " already."
            )
        return message(
            "'{name}' is a record: the function is not in it, and the loop that was recorded is a script already.",
            name=name,
        )
    if hasattr(run.objective, "rows"):
        if unnamed:
            return message("this objective is a fit: export the fit itself, fit.export(...).")
        return message("'{name}' is a fit: export the fit itself, fit.export(...).", name=name)
    if unnamed:
        return message(
            "this objective is a function that could not be traced into a formula (or a saved run of one): its source"
            " is not ours to print. Give it as a formula, or write it without branches on values so that it can be"
            " traced."
        )
    return message(
        "'{name}' is a function that could not be traced into a formula (or a saved run of one): its source is not"
        " ours to print. Give it as a formula, or write it without branches on values so that it can be traced.",
        name=name,
    )


def _not_written(wrapper: Optimizer) -> Message:
    return message(
        "{kind} is a wrapper that scripts do not have at this place: they have bounds only around all else. Export a"
        " run of {rule} without it.",
        kind=type(wrapper).__name__,
        rule=type(wrapper.layers()[-1]).__name__,
    )


def _not_scheduled(wrapper: Optimizer) -> Message:
    return message(
        "scripts have no learning rate that changes within {kind}, which counts steps or compares values otherwise"
        " than their loop does. Export a run with a constant learning_rate.",
        kind=type(wrapper).__name__,
    )


def _not_ours(rule: FromOptax | ExternalOptimizer) -> Message:
    if isinstance(rule, ExternalOptimizer) and rule.library != "optax":
        return message(
            "{rule!r} is known here only as an object, not as a rule to write out: export a run of one of downslope's"
            " own rules (adam, say), or write the loop in {library} itself.",
            rule=rule,
            library=rule.library,
        )
    return message(
        "an optax transformation is known here only as an object, not as a rule to write out: export a run of one of"
        " downslope's own rules (adam, say), or write the loop in optax itself."
    )


def ends_of(run: Descent) -> Ends:
    """The conditions that the run itself ended by, or the number of its steps."""
    s = run.stopping
    steps = s.steps if s.steps is not None and s.steps < NO_LIMIT else run.nit
    if run.termination.status not in _OWN_ENDS and run.termination.left_at is None:
        return Ends(run.nit)
    if s.asks_for_a_test and not _knows_curvature(run) and requirements_of(run.optimizer.settled()).averages:
        return Ends(
            run.nit
        )  # such runs are judged at the points that they report, and the loop looks at the others
    if run.termination.left_at is not None or (
        run.termination.status == Status.STEP_LIMIT and not s.asks_for_a_test
    ):
        return Ends(run.nit)
    return Ends(steps, s.tolerance, s.relative_tolerance, s.value_tolerance, s.x_tolerance, s.target)


def _knows_curvature(run: Descent) -> bool:
    return isinstance(run.optimizer.layers()[-1], CurvedRule)


def every_of(run: Descent) -> int:
    """The spacing of the rows: that of the history where there are a few dozen, else wider."""
    chosen = len(run.history) <= 100 and len(run.history) > 2 and run.history.step[1] > 1
    kept = run.history.step if chosen else run.history.at_most(ROWS).step
    return int(kept[1] - kept[0]) if len(kept) > 2 else max(int(kept[-1]) if len(kept) else 1, 1)


def shortened(formula: str, most: int = LONGEST_FORMULA) -> Message | str:
    """The formula, or where it is long its beginning, which ends between two words.

    >>> shortened("x^2 + 1.25*y^2", 12)
    'x^2 + ...'
    """
    if len(formula) <= most:
        return formula
    kept, space, _ = formula[: most - 3].rpartition(" ")
    return f"{kept} ..." if space else message("a formula of {count:,} characters", count=len(formula))


def joined(names: Sequence[str], values: Sequence[float], most: int = COLUMNS) -> str:
    """``x = -7, y = 2``, cut short where there are many."""
    pairs = [f"{n} = {v:.10g}" for n, v in zip(names[:most], values[:most], strict=True)]
    return ", ".join(pairs) + (", ..." if len(names) > most else "")
