from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class OptimisticGradientState(NamedTuple):
    p: Any  # the gradient before


class OptimisticGradient(Optimizer):
    r"""Gradient descent that takes the change of the gradient for what will come, and goes there at once.

    .. math:: x_{k+1} = x_k - \eta\, \bigl(g_k + \beta\, (g_k - g_{k-1})\bigr), \qquad g_{-1} = 0

    with :math:`g` the gradient and :math:`\beta` the optimism.

    Args:
        learning_rate: η, step per unit of gradient, > 0.
        optimism: β, how much of the gradient's change is expected again, >= 0; 1 in theory.

    Made for games, where two players' gradients chase each other in circles: there it comes to rest, and gradient
    descent does not. For one function alone it is no gain: on a quadratic it is stable exactly when ηL < 2/(1 + 2β),
    which is a third of what gradient descent bears.

    Source: A. Rakhlin, K. Sridharan, NeurIPS 2013, arXiv 1311.1869, section 3, optimistic mirror descent without
    bounds and with the last gradient as its guess; β in A. Mokhtari, A. Ozdaglar, S. Pattathil, AISTATS 2020, arXiv
    1901.08511, section 5. optax takes the first gradient for the one before it, so that its first step is as long as
    with β = 0.

    >>> import downslope as ds
    >>> from downslope.optimizers import OptimisticGradient
    >>> rule = OptimisticGradient(learning_rate=0.125)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].tolist()
    [1.0, 0.5, 0.5]
    """

    aliases = ("OptimisticGradientDescent", "OGDA")

    learning_rate: float = hyperparameter(0.01, "step per unit of gradient", above=0)
    optimism: float = hyperparameter(1.0, "how much of its change is expected again", at_least=0)

    def init(self, x: Any) -> OptimisticGradientState:
        return OptimisticGradientState(p=zeros_like(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: OptimisticGradientState
    ) -> tuple[Any, OptimisticGradientState, Any]:
        η, β, g = self.learning_rate, self.optimism, gradient
        return x - η * (g + β * (g - state.p)), OptimisticGradientState(g), True
