"""Every update rule as a method of SciPy: ``minimize(fun, x0, method=downslope.scipy.method("adam"))``."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from downslope.descent import LoopOptions, Status, Stopping, descend
from downslope.descent.bounds import within_bounds
from downslope.descent.descend import Callbacks
from downslope.descent.progress import Step
from downslope.errors import MissingExtraError, ObjectiveError, UsageError, nearest
from downslope.explain import judge_run
from downslope.messages import listing, message, sentences
from downslope.objectives import Objective, Parameters, Vector
from downslope.objectives.differences import central_differences
from downslope.optimizers import Optimizer, as_optimizer
from downslope.optimizers.curvature import CurvedRule
from downslope.results.run import Run, as_run

try:
    from scipy.optimize import OptimizeResult, OptimizeWarning
except ImportError as error:
    raise MissingExtraError(message("SciPy is needed for this: pip install 'downslope[scipy]'")) from error

__all__ = ["ScipyMethod", "method"]

GTOL = 1e-5  # on the gradient, where nothing else is asked for; SciPy's own default

# What SciPy's solvers return as ``status``: 0 where the tolerance is met, 1 at a limit, 99 where a callback stopped.
NO_MINIMUM = 6  # the tolerance was met at a saddle, say, or far out on a plateau
STATUS = {
    Status.CONVERGED: 0,
    Status.TARGET_REACHED: 0,
    Status.STEP_LIMIT: 1,
    Status.EVALUATION_LIMIT: 1,
    Status.TIME_LIMIT: 1,
    Status.STALLED: 2,
    Status.LEFT_DOMAIN: 3,
    Status.DIVERGED: 4,
    Status.UNBOUNDED: 5,
    Status.INTERRUPTED: 98,
    Status.STOPPED_BY_CALLBACK: 99,
}


def method(optimizer: Any = None, learning_rate: float | None = None, **hyperparameters: Any) -> ScipyMethod:
    """An update rule in the form that ``scipy.optimize.minimize`` takes as ``method=``.

    Args:
        optimizer: an ``Optimizer``, or a name such as ``"adam"``; by default gradient descent where a learning rate
            is given, the spectral projected gradient where there are bounds, else ``auto``.
        learning_rate, hyperparameters: of one given by name.

    SciPy's arguments work as with its own methods: ``args``; ``jac`` as a function, as True, or left out (central
    differences then); ``tol``; ``callback`` of the point or of an ``intermediate_result``, which may raise
    StopIteration; ``bounds``, with rules that can be kept within them (a start outside is moved onto them, with an
    ``OptimizeWarning``); and ``options``: ``maxiter``, ``maxfev``,
    ``gtol``, ``disp``, ``return_all``. ``tol`` and ``gtol`` are about the Euclidean norm of the gradient, 1e-5 by
    default.

    The result is SciPy's ``OptimizeResult``, with the ``Run`` itself as ``run``: to be drawn, saved and explained.
    It is no success, and ``status`` is 6, where the test passed at a point that is no minimum. Finding that out takes
    some calls of ``fun`` and ``jac`` at the end, which ``nfev`` and ``njev`` leave out.

    >>> import scipy.optimize
    >>> rosen, rosen_der = scipy.optimize.rosen, scipy.optimize.rosen_der
    >>> result = scipy.optimize.minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=method("lbfgs"))
    >>> result.x.round(4).tolist(), result.success, result.nfev == result.run.nfev
    ([1.0, 1.0], True, True)
    """
    chosen = optimizer is not None or learning_rate is not None
    return ScipyMethod(as_optimizer(optimizer, learning_rate, **hyperparameters), chosen)


@dataclass(frozen=True)
class ScipyMethod:
    """An update rule that SciPy can call; ``method`` makes it.

    Attributes:
        optimizer: the rule.
        chosen: whether a person chose it; else another one takes its place where there are bounds.
    """

    optimizer: Optimizer
    chosen: bool = True

    def __call__(
        self,
        fun: Callable[..., Any],
        x0: Any,
        args: tuple[Any, ...] = (),
        *,
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Callable[..., Any] | None = None,
        **options: Any,
    ) -> Any:
        """What ``scipy.optimize.minimize`` calls.

        Raises:
            UsageError: an option is unknown, there are constraints, or bounds that the rule cannot be kept within.
        """
        if len(constraints) if isinstance(constraints, Sequence) else constraints is not None:
            raise UsageError(
                message(
                    "{kind} takes bounds, but no constraints; SciPy's SLSQP and trust-constr do.",
                    kind=type(self.optimizer).__name__,
                )
            )
        curved = isinstance(self.optimizer, CurvedRule) and self.optimizer.asks_for == "hessian"
        if (hess is not None and not curved) or hessp is not None:  # as SciPy does with its own methods
            warnings.warn(self._unused_derivatives(curved), RuntimeWarning, stacklevel=3)
        asked = _Options.read(options)
        objective = _Cost(fun, jac, args, np.array(x0, np.float64).ravel())
        objective.hess = hess if callable(hess) else None
        rule: Optimizer = self.optimizer
        bounded: Objective = objective
        x = objective.start
        if bounds is not None:
            pairs = _pairs(bounds, len(x))
            if not self.chosen and np.isfinite(pairs).any():
                rule = as_optimizer("spg")
            rule, bounded, x = within_bounds(rule, objective, x, pairs)
            for note in bounded.notes:  # as SciPy warns of it
                warnings.warn(str(note), OptimizeWarning, stacklevel=3)
        run = descend(
            bounded,
            x,
            rule,
            asked.stopping,
            loop=LoopOptions(
                every=1 if asked.return_all else None,
                callbacks=Callbacks(callback=None if callback is None else _Told(callback)),
            ),
        )
        if run.termination.status == Status.INTERRUPTED:
            raise KeyboardInterrupt
        assert isinstance(bounded, _Cost)  # which has a copy's own counts, where the start was moved
        with np.errstate(all="ignore"):
            gradient = bounded.gradient_at(run.final)
        calls = bounded.nfev, bounded.njev  # those of the run; looking at where it ended is none of it
        result = _result(as_run(judge_run(run)), asked, gradient, calls)
        if curved:
            result["nhev"] = run.nhev
        return result

    def _unused_derivatives(self, curved: bool) -> str:
        """What is said of second derivatives that are given and not used."""
        kind = type(self.optimizer).__name__
        if curved:
            return str(
                message(
                    "{kind} does not use products with second derivatives (hessp), only their matrix (hess).",
                    kind=kind,
                )
            )
        return str(message("{kind} does not use second derivatives (hess, hessp).", kind=kind))


@dataclass(frozen=True)
class _Options:
    """SciPy's ``options``, checked."""

    stopping: Stopping
    disp: bool
    return_all: bool

    KNOWN = ("tol", "gtol", "maxiter", "maxfev", "disp", "return_all")

    @classmethod
    def read(cls, given: dict[str, Any]) -> _Options:
        for name in given:
            if name not in cls.KNOWN:
                raise UsageError(
                    sentences(
                        message("there is no option '{name}' for this method.", name=name),
                        nearest(name, cls.KNOWN),
                        message("There are: {names}.", names=listing(cls.KNOWN)),
                    )
                )
        tolerance = given.get("gtol", given.get("tol"))
        asked = {**given, "tolerance": GTOL if tolerance is None else tolerance}
        stopping = Stopping.from_options(asked, steps="maxiter", evaluations="maxfev")
        return cls(stopping, bool(given.get("disp")), bool(given.get("return_all")))


class _Cost(Objective):
    """A function as SciPy has it, with its calls counted."""

    def __init__(self, fun: Any, jac: Any, args: Any, start: Vector) -> None:
        super().__init__(Parameters(("x",), (start.shape,), "vector"), getattr(fun, "__name__", "fun"))
        self.start, self.nfev, self.njev = start, 0, 0
        self._fun, self._jac = fun, jac if callable(jac) else None
        self._args = args if isinstance(args, tuple) else (args,)
        self._last: tuple[Vector, Vector] | None = None
        self.hess: Any = None
        if self._jac is None:
            self.differentiation, self.by_values = "central differences", True

    def hessian(self, x: Vector) -> Any:
        """hess(x), or differences."""
        if self.hess is None:
            return super().hessian(x)
        out = np.asarray(self.hess(np.array(x), *self._args), np.float64)
        if out.shape != (x.size, x.size):
            raise ObjectiveError(
                message(
                    "hess returned an array of shape {shape}; {needed} is needed.",
                    shape=out.shape,
                    needed=(x.size, x.size),
                )
            )
        return out

    def value(self, x: Vector) -> float:
        """fun(x), which may come as an array of one number."""
        self.nfev += 1
        out = np.asarray(self._fun(np.array(x), *self._args))
        if out.size != 1 or out.dtype.kind not in "biuf":
            raise ObjectiveError(message("fun returned {out!r:.60}; a real number is needed.", out=out))
        return float(out.reshape(-1)[0])

    def value_and_gradient(self, x: Vector) -> tuple[float, Vector]:
        """fun(x) and jac(x), or central differences of fun."""
        value = self.value(x)
        self.njev += 1
        if self._jac is None:
            gradient = central_differences(self.value, np.array(x))
        else:
            out = np.asarray(self._jac(np.array(x), *self._args))
            if out.size != x.size or out.dtype.kind not in "biuf":
                raise ObjectiveError(
                    message(
                        "jac returned an array of shape {shape}; {needed} is needed.",
                        shape=out.shape,
                        needed=x.shape,
                    )
                )
            gradient = out.astype(np.float64).reshape(-1)
        self._last = np.array(x), gradient
        return value, np.array(gradient)

    def gradient_at(self, x: Vector) -> Vector:
        """The gradient there, computed again only where it is not the last one."""
        if self._last is None or not np.array_equal(self._last[0], x):
            self.value_and_gradient(x)
        assert self._last is not None
        return self._last[1]


class _Told:
    """A person's callback, called as SciPy calls it: after every step, by the name of its argument."""

    def __init__(self, callback: Callable[..., Any]) -> None:
        self._callback = callback
        try:
            self._by_name = list(inspect.signature(callback).parameters) == ["intermediate_result"]
        except (TypeError, ValueError):
            self._by_name = False

    def __call__(self, step: Step) -> bool:
        if step.step > 0:
            if self._by_name:
                self._callback(intermediate_result=OptimizeResult(x=np.array(step.x), fun=step.value))
            else:
                self._callback(np.array(step.x))
        return False


def _pairs(bounds: Any, size: int) -> list[tuple[float, float]]:
    """SciPy's ``Bounds``, or its pairs, as pairs of numbers."""
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        sides = (np.broadcast_to(np.asarray(side, np.float64), (size,)) for side in (bounds.lb, bounds.ub))
        return list(zip(*(side.tolist() for side in sides), strict=True))
    pairs = [(-np.inf, np.inf) if pair is None else tuple(pair) for pair in bounds]
    return [(-np.inf if low is None else low, np.inf if high is None else high) for low, high in pairs]


def _result(run: Run, asked: _Options, gradient: Vector, calls: tuple[int, int]) -> Any:
    """The run as SciPy has it, with its gradient and how often ``fun`` and ``jac`` were called."""
    status = run.termination.status
    stopped = status == Status.STOPPED_BY_CALLBACK
    code = NO_MINIMUM if STATUS[status] == 0 and not run.success else STATUS[status]
    nfev, njev = calls
    result = OptimizeResult(
        x=run.final,
        fun=run.fun,
        jac=gradient,
        nit=run.nit,
        nfev=nfev,
        njev=njev,
        status=code,
        success=run.success and not stopped,
        message=str(message("`callback` raised `StopIteration`.")) if stopped else run.message,
        run=run,
    )
    if asked.return_all:
        result["allvecs"] = list(run.history.x)
    if asked.disp:
        numbers = (
            message("Current function value: {value:.6g}", value=run.fun),
            message("Iterations: {count}", count=run.nit),
            message("Function evaluations: {count}", count=nfev),
            message("Gradient evaluations: {count}", count=njev),
        )
        print(result.message, *(f"         {number}" for number in numbers), sep="\n")  # as SciPy does
    return result
