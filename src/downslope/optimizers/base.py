"""The contract of an optimizer: a frozen record of hyperparameters and two pure methods."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from downslope.attachments import attached
from downslope.optimizers.hyperparameters import HyperparameterRecord, hyperparameter, is_hyperparameter
from downslope.optimizers.schedule import Schedule

__all__ = ["Optimizer", "State", "hyperparameter", "is_hyperparameter"]

State = Any  # a NamedTuple of vectors and scalars, or () where there is nothing to remember


class Optimizer(HyperparameterRecord):
    """An update rule: hyperparameters as fields, and two pure methods.

    The loop evaluates the objective once for each call of ``update`` and does as it is told: evaluate next at
    the point returned, and count the point just evaluated as a step if it was accepted. Plain methods
    accept always; a line search rejects and shortens. No optimizer knows about ascent, stopping or history.

    A subclass is one file in ``optimizers/rules`` and needs nothing else to be found.

    Attributes:
        aliases: other names it is known by.
        projects: whether the method still makes sense when every point is projected onto bounds.
        counts_places: whether its first state says of every coordinate which one it is, so that parameters which are
            stepped apart need to be begun together.
    """

    projects: ClassVar[bool] = False
    counts_places: ClassVar[bool] = False

    def accepts(self, name: str, value: Any) -> bool:
        """A learning rate may be a schedule."""
        return name == "learning_rate" and isinstance(value, Schedule)

    def init(self, x: Any) -> State:
        """The state before the first evaluation, for parameters like ``x`` (a vector). Nothing by default."""
        return ()

    @abstractmethod
    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        """From one evaluation to the next.

        Args:
            x: the point that was evaluated, a vector.
            value: the objective there, a scalar.
            gradient: its gradient there, a vector.
            state: what ``init`` or the last call returned.

        Returns:
            The point to evaluate next, the new state, and whether ``x`` is accepted as a step.
        """

    def answer(self, x: Any, state: State) -> Any:
        """The point to report for an evaluation at ``x``, with the state before it: ``x``, unless it averages."""
        return x

    def residual(self, x: Any, gradient: Any) -> Any:
        """What vanishes where the method is done: the gradient, unless there are bounds."""
        return gradient

    def layers(self) -> list[Optimizer]:
        """This optimizer and those inside it, the outermost first; the last is the rule itself.

        >>> from downslope.optimizers import ClipByNorm, SGD
        >>> [layer.name() for layer in ClipByNorm(optimizer=SGD(learning_rate=0.5)).layers()]
        ['clip_by_norm', 'gradient_descent']
        """
        inner = getattr(self, "optimizer", None)
        return [self, *inner.layers()] if isinstance(inner, Optimizer) else [self]

    def replaced(self, depth: int, layer: Optimizer) -> Optimizer:
        """The same with another layer at that depth, 0 being this optimizer; what is inside the old one goes with it.

        >>> from downslope.optimizers import ClipByNorm, SGD
        >>> ClipByNorm(optimizer=SGD(learning_rate=0.5)).replaced(1, SGD(learning_rate=0.1))
        ClipByNorm(optimizer=GradientDescent(learning_rate=0.1), limit=1.0)
        """
        for outer in reversed(self.layers()[:depth]):
            layer = outer.changed(optimizer=layer)
        return layer

    def to_optax(self) -> Any:
        """This rule as an optax ``GradientTransformation``, for JAX training loops.

        Its ``update`` needs the parameters, and ``value=`` where the rule looks at the objective's value (it is a
        ``GradientTransformationExtraArgs`` then). Its state is a pytree of fixed types: it can be compiled, and carried
        by ``lax.scan``. A rule that searches along a line leaves trials in the parameters; ``state.accepted`` says
        whether the point just evaluated became a step. ``downslope.optax.answer`` is the point to report.

        >>> import jax.numpy as jnp, optax
        >>> from downslope.optimizers import SGD
        >>> transformation, params = SGD(learning_rate=0.5).to_optax(), {"x": jnp.array(3.0)}
        >>> change, state = transformation.update({"x": jnp.array(2.0)}, transformation.init(params), params)
        >>> float(optax.apply_updates(params, change)["x"])
        2.0
        """
        return attached("to_optax")(self)

    def updater(self) -> Any:
        """This rule for a loop of your own, with ``update(params, gradients)``: a ``downslope.Updater``.

        >>> from downslope.optimizers import SGD
        >>> SGD(learning_rate=0.5).updater().update({"x": 3.0}, {"x": 2.0})
        {'x': 2.0}
        """
        return attached("Updater")(self)
