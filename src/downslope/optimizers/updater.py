"""The update rules in a loop that is not ours: ``update(params, gradients)``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from downslope.containers import aligned, flattened, rebuilt
from downslope.errors import UsageError
from downslope.messages import Message, listing, message
from downslope.optimizers import state as states
from downslope.optimizers.base import Optimizer
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.registry import as_optimizer, optimizer_from_dict
from downslope.optimizers.requirements import Requirements, requirements_of
from downslope.optimizers.state_dict import from_plain, owner_of, to_plain, with_hyperparameter
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.tensors import ArrayLibrary, library_of_parameter
from downslope.tensors.given import as_number, fitted_gradient

Layout: TypeAlias = list[tuple[str, tuple[int, ...], str]]  # name, shape and precision of every parameter

# Called before the parameters change, when ``accepted`` is known: names, the point, and there the gradient and, if
# given, the value.
Watcher: TypeAlias = Callable[[list[str], ParamTree, ParamTree, float | None], None]


class Updater:
    """One optimizer in a loop of your own: you evaluate, it steps.

    Args:
        optimizer: an ``Optimizer``, a name such as ``"adam"``, or a number: gradient descent with that learning rate.
        learning_rate: for an optimizer given by name; > 0. ``lr`` will do too.
        hyperparameters: more of an optimizer given by name.

    Attributes:
        optimizer: the rule with its hyperparameters.
        traits: what it asks of the loop: values, the same function each time.
        accepted: whether the point of the last ``update`` was accepted as a step; always, unless the rule searches.
        steps, evaluations: accepted points, and calls of ``update``, so far.

    Most rules need the gradient alone. Some look at the objective's value too, and say so where it is missing. Those
    that search along a line (``Requirements.searches``: Armijo, LBFGS, conjugate gradients, auto, ...) leave a *trial*
    in the parameters: evaluate there next, on the same function, not another mini-batch; ``accepted`` tells afterwards
    whether that trial became a step, and ``answer(params)`` is the last point that did.

    >>> import downslope as ds
    >>> updater = ds.Updater(ds.optimizers.SGD(learning_rate=0.95))
    >>> params = {"x": -7.0, "y": 2.0}
    >>> for _ in range(29):
    ...     gradients = {"x": params["x"] / 10, "y": 2 * params["y"]}
    ...     params = updater.update(params, gradients)
    >>> params
    {'x': -0.3871745809417897, 'y': -0.09420257394492468}
    """

    def __init__(self, optimizer: Any = None, learning_rate: Any = None, **hyperparameters: Any) -> None:
        if isinstance(optimizer, (int, float)) and not isinstance(optimizer, bool) and learning_rate is None:
            optimizer, learning_rate = None, optimizer
        if "lr" in hyperparameters:
            learning_rate = hyperparameters.pop("lr")
        self.optimizer: Optimizer = as_optimizer(optimizer, learning_rate, **hyperparameters)
        self._rule = resolve_schedule(self.optimizer)
        self.traits: Requirements = requirements_of(self._rule)
        self.accepted = True
        self.steps = self.evaluations = 0
        self.watchers: list[Watcher] = []
        self.left: tuple[list[str], ParamTree] | None = None  # where the last update led, while it is watched
        self._layout: Layout | None = None
        self._kinds: list[ArrayLibrary] = []
        self._state: Any = None
        self._best: ParamTree | None = None  # the last accepted point of a rule that searches
        self._loaded: dict[str, Any] | None = None

    # --- the step --------------------------------------------------------------------------------------

    def update(self, params: Any, gradients: Any, value: Any = None) -> Any:
        """Step from ``params``, where the objective has these ``gradients``.

        Args:
            params: a dict or list (nested at will) of floats, NumPy arrays, torch tensors, TensorFlow variables or
                tensors, or JAX arrays; or one of these alone.
            gradients: the gradient of each, in the same build.
            value: the objective at ``params``; needed by rules with ``Requirements.needs_value``.

        Returns:
            ``params``: arrays, tensors and variables changed in place, numbers and immutable arrays replaced in their
            dict or list. A number or an immutable array alone comes back new.

        Raises:
            UsageError: something is missing, or of another type or shape than it must be; nothing is changed then.
        """
        f = self._value(value)
        leaves, x = self._read(params)
        g = ParamTree(
            fitted_gradient(gradient, part, kind, name)
            for gradient, part, kind, (name, _) in zip(
                aligned(params, gradients), x.parts, self._kinds, leaves, strict=True
            )
        )
        with np.errstate(all="ignore"):
            if self._state is None:
                self._state = self._first_state(x)
            next_x, state, accepted = self._rule.update(x, f, g, self._state)
        self.accepted = bool(accepted)
        for watcher in self.watchers:
            watcher([name for name, _ in leaves], x, g, None if value is None else float(f))
        if self.traits.searches and self.accepted:
            self._best = self._unshared(x, x, g)
        self._state = states.mapped(state, lambda _, leaf: self._unshared(leaf, x, g))
        self.evaluations += 1
        self.steps += self.accepted
        self.left = ([name for name, _ in leaves], next_x) if self.watchers else None
        written = (
            k.write(leaf, part) for k, (_, leaf), part in zip(self._kinds, leaves, next_x.parts, strict=True)
        )
        return rebuilt(params, written, in_place=True)

    def answer(self, params: Any) -> Any:
        """The point to report, in a new container.

        The average where the rule averages, the last accepted point where it searches, and else ``params``.
        """
        leaves, x = self._read(params)
        point = x if self._state is None else self._best or self._rule.answer(x, self._state)
        new = (
            k.present(leaf, part) for k, (_, leaf), part in zip(self._kinds, leaves, point.parts, strict=True)
        )
        return rebuilt(params, new, in_place=False)

    def _read(self, params: Any) -> tuple[list[tuple[str, Any]], ParamTree]:
        """The leaves of the parameters by name, and all of them as one vector."""
        leaves = list(flattened(params))
        if not leaves:
            raise UsageError(message("there are no parameters to update."))
        kinds = [library_of_parameter(leaf, name) for name, leaf in leaves]
        parts = [kind.read(leaf, name) for kind, (name, leaf) in zip(kinds, leaves, strict=True)]
        layout = [
            (name, tuple(map(int, np.shape(part))), str(part.dtype))
            for (name, _), part in zip(leaves, parts, strict=True)
        ]
        if self._layout is None:
            self._layout = layout
        elif layout != self._layout:
            raise UsageError(
                message(
                    "this Updater began with {before}, and now gets {now}. Its state belongs to the"
                    " former; make another Updater for other parameters.",
                    before=_words(self._layout),
                    now=_words(layout),
                )
            )
        self._kinds = kinds
        return leaves, ParamTree(parts)

    def _value(self, value: Any) -> float:
        if value is not None:
            return np.float64(as_number(value))
        if not self.traits.needs_value:
            return np.float64(np.nan)
        kind = type(self.optimizer).__name__
        if self.traits.searches:
            raise UsageError(
                message(
                    "{kind} looks at the objective's value too: update(params, gradients, value=...), both at"
                    " the parameters as they are now, on the same data each time.",
                    kind=kind,
                )
            )
        raise UsageError(
            message(
                "{kind} looks at the objective's value too: update(params, gradients, value=...).", kind=kind
            )
        )

    def _first_state(self, x: ParamTree) -> Any:
        state = states.mapped(self._rule.init(x), lambda _, leaf: self._unshared(leaf, x, x))
        if self._loaded is None:
            return state
        state, self._best = from_plain(self._loaded, state, x, self._libraries())
        self._loaded = None
        return state

    def _libraries(self) -> dict[str, ArrayLibrary]:
        """Whose array each parameter is, by its name."""
        return {name: kind for (name, _, _), kind in zip(self._layout or (), self._kinds, strict=True)}

    def _unshared(self, leaf: Any, x: ParamTree, g: ParamTree) -> Any:
        """A leaf of the state as it can be kept: copied where it is a parameter or gradient itself."""
        if not isinstance(leaf, ParamTree):
            return np.float64(leaf) if np.ndim(leaf) == 0 else np.array(leaf)
        return ParamTree(
            kind.copied(part) if part is ours or part is theirs else part
            for part, ours, theirs, kind in zip(leaf.parts, x.parts, g.parts, self._kinds, strict=True)
        )

    # --- between steps ---------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The learning rate, which may be set between steps.

        >>> from downslope import Updater
        >>> updater = Updater("adam", learning_rate=0.1)
        >>> updater.learning_rate *= 0.5
        >>> updater.optimizer.learning_rate
        0.05
        """
        return owner_of(self.optimizer, "learning_rate")[1].hyperparameters()["learning_rate"]

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.change(learning_rate=value)

    def change(self, **hyperparameters: Any) -> None:
        """Give hyperparameters of the rule (or of a wrapper around it) other values; the state goes on.

        Raises:
            HyperparameterError: there is none of that name, or the value is outside its range.
            UsageError: it decides what the state is made of, and cannot change on the way.
        """
        changed = self.optimizer
        for name, value in hyperparameters.items():
            changed = with_hyperparameter(changed, name, value)
        if self._state is not None and changed.structure() != self.optimizer.structure():
            raise UsageError(
                message(
                    "{names} decides what {kind} remembers, and cannot be changed between"
                    " steps; make a new Updater.",
                    names=listing(hyperparameters),
                    kind=type(self.optimizer).__name__,
                )
            )
        self.optimizer, self._rule = changed, resolve_schedule(changed)

    def state_dict(self) -> dict[str, Any]:
        """Everything that is remembered, as plain data: numbers, and NumPy arrays by the parameters' names.

        With parameters that are single numbers it is JSON; otherwise pickle it, or ``torch.save`` it, which
        ``torch.load(..., weights_only=False)`` reads.
        """
        state = self._loaded or {"state": {}, "best": None}
        if self._state is not None:
            libraries = self._libraries()
            state = {
                "state": {path: to_plain(leaf, libraries) for path, leaf in states.leaves(self._state)},
                "best": None if self._best is None else to_plain(self._best, libraries),
            }
        return {
            "optimizer": self.optimizer.to_dict(),
            "steps": self.steps,
            "evaluations": self.evaluations,
            "accepted": self.accepted,
            **copy.deepcopy(state),
        }

    def load_state_dict(self, data: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was taken: its hyperparameters, and its state when the parameters are seen next.

        Raises:
            UsageError: it is of another optimizer, or no state at all.
        """
        try:
            saved, state, best = dict(data["optimizer"]), dict(data["state"]), data["best"]
            counts = int(data["evaluations"]), int(data["steps"]), bool(data["accepted"])
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(message("this is not what state_dict() of an Updater returned.")) from error
        mine = self.optimizer.to_dict()
        if saved != mine:
            loaded = optimizer_from_dict(saved)
            if type(loaded) is not type(self.optimizer):
                raise UsageError(
                    message(
                        "this is the state of {theirs}; this Updater has {ours}.",
                        theirs=saved.get("name"),
                        ours=mine["name"],
                    )
                )
            self.optimizer, self._rule = loaded, resolve_schedule(loaded)
            self.traits = requirements_of(self._rule)
        self.evaluations, self.steps, self.accepted = counts
        self._loaded = {"state": state, "best": best} if state else None
        self._state, self._layout, self._best = None, None, None

    def __repr__(self) -> str:
        return f"Updater({self.optimizer!r}, steps={self.steps})"


def _words(layout: Layout) -> Message:
    """``w (3, 2) float32, b () float32``, cut where it is long."""
    return listing((f"{name} {shape} {dtype}" for name, shape, dtype in layout), most=4)
