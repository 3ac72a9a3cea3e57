"""Other libraries' methods in a race: SciPy's, those of ``torch.optim``, and optax's as rules of ours.

Each library is imported when one of its methods is named. All see the same function and gradient, and what they ask for
is counted: value and gradient together are one evaluation, as they are for our own rules.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from downslope.errors import MissingExtraError, UnknownNameError, UsageError, nearest
from downslope.messages import message, sentences
from downslope.objectives import Objective, Vector
from downslope.sweeping.race_entrants import FLAT, Course, Entrant, Finish, OwnRule

LIBRARIES = ("scipy", "torch", "optax")
SCIPY = ("Nelder-Mead", "Powell", "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "COBYLA")
VALUES_ALONE = ("Nelder-Mead", "Powell", "COBYLA")  # of SciPy's methods, those that ask for no gradient


class _Over(Exception):  # noqa: N818 - it ends a loop of another library, and is no error
    """The descent has reached its target, its limit of evaluations, or a flat place."""

    def __init__(self, status: str) -> None:
        self.status = status


@dataclass
class _Watch:
    """Counts what a library asks for, and ends its loop as our own would end.

    Attributes:
        objective, finish: what is descended, and until when.
        by_values: whether the method asks for values alone.
        rows: of each point: evaluations made, value.
    """

    objective: Objective
    finish: Finish
    by_values: bool = False
    rows: list[tuple[int, float]] = field(default_factory=list)
    count: int = 0
    steepest: float = 0.0
    last: Any = None

    def __call__(self, x: Vector) -> Any:
        """The value, with the gradient where that is asked for."""
        if self.count >= self.finish.evaluations:
            raise _Over("evaluation_limit")
        self.count += 1
        point = np.array(x, np.float64).ravel()
        with np.errstate(all="ignore"):
            if self.by_values:
                value, gradient = self.objective.value(point), None
            else:
                value, gradient = self.objective.value_and_gradient(point)
        self.last = (point, float(value))
        self.rows.append((self.count, float(value)))
        if value <= self.finish.target:
            raise _Over("target_reached")
        if gradient is None:
            return value
        norm = float(np.linalg.norm(gradient))
        self.steepest = self.steepest or norm
        if norm <= FLAT * self.steepest:
            raise _Over("converged")
        return value, gradient

    def course(self, status: str, began: float) -> Course:
        """How it went: the best value so far at each evaluation, as trials of a search need not be kept."""
        counts, values = np.array(self.rows, np.float64).reshape(-1, 2).T
        best = np.fmin.accumulate(np.where(np.isnan(values), np.inf, values))
        return Course(counts, best, status, self.last[0], time.perf_counter() - began)


@dataclass(frozen=True)
class ScipyEntrant:
    """A method of ``scipy.optimize.minimize``, with its own defaults but for when it stops."""

    method: str

    @property
    def label(self) -> str:
        """``scipy:BFGS``"""
        return f"scipy:{self.method}"

    @property
    def rate(self) -> float | None:
        """None: it has no learning rate."""
        return None

    @property
    def fixed(self) -> bool:
        """Nothing is to be tuned."""
        return True

    def with_rate(self, rate: float) -> ScipyEntrant:
        """The same."""
        return self

    def descend(self, objective: Objective, x: Vector, finish: Finish) -> Course:
        """From ``x`` until then, or until SciPy stops by tests as tight as can be."""
        import scipy.optimize

        began = time.perf_counter()
        watch = _Watch(objective, finish, self.method in VALUES_ALONE)
        options = {"maxfun" if self.method == "TNC" else "maxiter": finish.evaluations}
        try:
            with np.errstate(all="ignore"):
                ended = scipy.optimize.minimize(
                    watch, x, jac=not watch.by_values, method=self.method, tol=1e-15, options=options
                )
            status = "converged" if ended.success else "stalled"
        except _Over as over:
            status = over.status
        return watch.course(status, began)


@dataclass(frozen=True)
class TorchEntrant:
    """An optimizer of ``torch.optim`` on one float64 tensor.

    Attributes:
        kind: its name there.
        rate: its learning rate; None is its own default.
        settings: its other arguments.
        fixed: whether the rate was chosen.
    """

    kind: str
    rate: float | None
    settings: tuple[tuple[str, Any], ...] = ()
    fixed: bool = False

    @property
    def label(self) -> str:
        """``torch:Adam``"""
        told = [f"{self.rate:g}"] if self.fixed and self.rate is not None else []
        told += [f"{name}={value}" for name, value in self.settings]
        return f"torch:{self.kind}({', '.join(told)})" if told else f"torch:{self.kind}"

    def with_rate(self, rate: float) -> TorchEntrant:
        """The same at another learning rate."""
        return replace(self, rate=rate)

    def descend(self, objective: Objective, x: Vector, finish: Finish) -> Course:
        """From ``x`` until then: the loop that people write, with the gradient given."""
        import torch

        began = time.perf_counter()
        watch = _Watch(objective, finish)
        point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        rate = {} if self.rate is None else {"lr": self.rate}
        optimizer = getattr(torch.optim, self.kind)([point], **rate, **dict(self.settings))

        def cost() -> Any:
            value, gradient = watch(point.detach().numpy())
            point.grad = torch.from_numpy(np.array(gradient, np.float64))
            return torch.tensor(value, dtype=torch.float64)

        status = "stalled"
        try:
            while True:
                before = watch.count
                optimizer.step(cost)
                if watch.count == before:
                    break
                if not np.isfinite(watch.last[1]):
                    status = "diverged"
                    break
        except _Over as over:
            status = over.status
        return watch.course(status, began)


def peer_of(text: str, settings: dict[str, Any]) -> Entrant:
    """The method of another library that ``scipy:BFGS``, ``torch:Adam`` or ``optax:adam`` names.

    Raises:
        MissingExtraError: the library is not installed.
        UnknownNameError: there is no such library or method.
        UsageError: its settings are not its own.
    """
    library, _, name = text.partition(":")
    makers = {"scipy": _of_scipy, "torch": _of_torch, "optax": _of_optax}
    if library not in makers:
        raise UnknownNameError(
            sentences(
                message("there is no library '{library}' here.", library=library), nearest(library, LIBRARIES)
            )
        )
    try:
        return makers[library](name, dict(settings))
    except ImportError as error:
        raise MissingExtraError(
            message("'{text}' needs {library}, which is not installed.", text=text, library=library)
        ) from error


def _unknown(library: str, name: str, known: Any) -> UnknownNameError:
    return UnknownNameError(
        sentences(
            message("{library} has no method '{name}'.", library=library, name=name), nearest(name, known)
        )
    )


def _of_scipy(name: str, settings: dict[str, Any]) -> Entrant:
    import scipy.optimize  # noqa: F401 - whether it is there

    by_letters = {known.lower(): known for known in SCIPY}
    if name.lower() not in by_letters:
        raise _unknown("scipy", name, SCIPY)
    if settings:
        raise UsageError(
            message("SciPy's methods are raced with their own settings; leave the brackets out.")
        )
    return ScipyEntrant(by_letters[name.lower()])


def _of_torch(name: str, settings: dict[str, Any]) -> Entrant:
    import torch

    known = [kind for kind, cls in vars(torch.optim).items() if isinstance(cls, type) and kind != "Optimizer"]
    by_letters = {kind.lower(): kind for kind in known}
    if name.lower() not in by_letters:
        raise _unknown("torch", name, known)
    kind = by_letters[name.lower()]
    rate = settings.pop("learning_rate", settings.pop("lr", None))
    chosen = rate is not None
    try:
        probe = getattr(torch.optim, kind)(
            [torch.zeros(1, dtype=torch.float64, requires_grad=True)],
            **({"lr": rate} if chosen else {}),
            **settings,
        )
    except (TypeError, ValueError) as error:
        raise UsageError(
            message("torch.optim.{kind} refuses its settings: {why}.", kind=kind, why=str(error).rstrip("."))
        ) from error
    usual = probe.defaults.get("lr")
    return TorchEntrant(kind, float(rate if chosen else usual), tuple(settings.items()), fixed=chosen)


@dataclass(frozen=True)
class _OptaxRule(OwnRule):
    """An optax transformation made anew for every learning rate."""

    made: str = ""
    chosen: float | None = None

    @property
    def label(self) -> str:
        """``optax:adam``"""
        return f"optax:{self.made}" + (f"({self.chosen:g})" if self.fixed and self.chosen is not None else "")

    @property
    def rate(self) -> float | None:
        """The rate that it was made with."""
        return self.chosen

    def with_rate(self, rate: float) -> _OptaxRule:
        """The same transformation made with another rate."""
        return replace(self, rule=_transformation(self.made, rate), chosen=rate)


OPTAX_RATE = 1e-3  # what optax's functions are usually called with, as they have no default


def _of_optax(name: str, settings: dict[str, Any]) -> Entrant:
    rate = settings.pop("learning_rate", None)
    if settings:
        raise UsageError(
            message("give optax's other settings by optimizers.from_optax(optax.{name}(...)).", name=name)
        )
    chosen = OPTAX_RATE if rate is None else float(rate)
    return _OptaxRule(_transformation(name, chosen), rate is not None, made=name, chosen=chosen)


def _transformation(name: str, rate: float) -> Any:
    import optax

    from downslope.optax import from_optax

    make = getattr(optax, name, None)
    if not callable(make):
        raise _unknown("optax", name, [known for known in dir(optax) if not known.startswith("_")])
    try:
        return from_optax(make(rate))
    except TypeError as error:
        raise UsageError(
            message("optax.{name} is not made of a learning rate alone: {why}.", name=name, why=error)
        ) from error
