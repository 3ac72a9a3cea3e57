"""Steps that go against the gradient, and none that go along with it."""

from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import dot, maximum, where, zeros_like
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.wrapper import StepWrapper


class Cautious(StepWrapper):
    r"""Leaves out the coordinates in which the rule's step would go up the gradient, and lengthens the others for it.

    .. math:: m_i = [\,u_i\, g_i > 0\,], \qquad
              x_{k+1} = x_k - \frac{m_i}{\max(\bar m,\; \varepsilon)}\, u_i, \qquad u = x_k - x_{k+1}^{\text{rule}}

    with :math:`u` the way that the rule would go and :math:`\bar m` the mean of the :math:`m_i`, which is the part of
    the coordinates that go on. Memory changes the directions of steps; the value then need not fall, and here it does
    where steps are short.

    Args:
        optimizer: the rule inside, which remembers as it would alone.
        least: ε, the least part by which it is divided, > 0.

    With one coordinate a step is made whole or not at all. Around a rule that always steps against the gradient
    (gradient descent, RMSProp) it changes nothing. The mean is one over all coordinates, where others take one for each
    tensor; what decays parameters (AdamW) is taken for a part of the step.

    Source: K. Liang, L. Chen, B. Liu, Q. Liu, "Cautious optimizers", arXiv 2411.16085. Algorithm 1 there, and
    pytorch-optimizer, divide by the mean of one coordinate more, :math:`(\sum_i m_i + 1)/d`, which would halve every
    step of a function of one variable; this is the division of the authors' own code.

    >>> import downslope as ds
    >>> from downslope.optimizers import Cautious
    >>> rule = Cautious(optimizer=ds.optimizers.Momentum(learning_rate=0.25, momentum=0.5))
    >>> ds.minimize("x^2", start={"x": 4.0}, optimizer=rule, steps=4).history["x"].tolist()
    [4.0, 2.0, 0.0, 0.0, 0.0]
    """

    least: float = hyperparameter(1e-3, "least part of the coordinates to divide by", above=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        next_x, state, accepted = self.inner.update(x, value, gradient, state)
        u, one = x - next_x, zeros_like(x) + 1.0
        m = where(u * gradient > 0, one, 0.0)
        mean = dot(m, m) / dot(one, one)
        return x - (1.0 / maximum(mean, self.least)) * m * u, state, accepted
