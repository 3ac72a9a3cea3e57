from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import maximum, minimum, sign, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class RpropState(NamedTuple):
    last: Any  # the last gradient, 0 where it had just changed its sign
    step: Any  # each coordinate's step length


class Rprop(Optimizer):
    r"""Each coordinate has its own step length, longer while its slope keeps its sign, halved when it flips.

    .. math:: \Delta_{k+1} = \begin{cases}
              \min(\eta^+ \Delta_k, \Delta_{\max}) & g_k g_{k-1} > 0 \\
              \max(\eta^- \Delta_k, \Delta_{\min}) & g_k g_{k-1} < 0 \\
              \Delta_k & \text{else}\end{cases} \qquad
              x_{k+1} = x_k - \Delta_{k+1}\, \mathrm{sign}(g_k)

    with :math:`\Delta` the step lengths (element by element). Where the sign of the slope has flipped, :math:`g_k` is
    taken as 0: the coordinate waits for one step.

    Args:
        learning_rate: the first step length of every coordinate, > 0; in units of x. It has no later effect, so a
            schedule of it has none either.
        shrink: η⁻, factor of the step length when the sign flips, in (0, 1).
        grow: η⁺, factor of the step length while it stays, > 1.
        min_step: shortest step length, > 0; in units of x.
        max_step: longest step length, > 0; in units of x.

    For exact gradients only: noise flips signs. It ends up wandering by ``min_step``.

    Source: M. Riedmiller, H. Braun, IEEE International Conference on Neural Networks (1993) 586-591; in this form,
    iRprop⁻: C. Igel, M. Hüsken, Neural Computation 2000 symposium, 115-121, and torch.optim.Rprop.

    >>> import downslope as ds
    >>> from downslope.optimizers import Rprop
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=Rprop(learning_rate=0.5, grow=1.5), steps=4)
    >>> run.history["x"].tolist()
    [1.0, 0.5, -0.25, -0.25, 0.125]
    """

    learning_rate: float = hyperparameter(0.01, "the first step length of every coordinate", above=0)
    shrink: float = hyperparameter(0.5, "factor of the step length when the slope flips", above=0, below=1)
    grow: float = hyperparameter(1.2, "factor of the step length while it does not", above=1)
    min_step: float = hyperparameter(1e-6, "shortest step length", above=0)
    max_step: float = hyperparameter(50.0, "longest step length", above=0)

    def init(self, x: Any) -> RpropState:
        return RpropState(last=zeros_like(x), step=zeros_like(x) + self.learning_rate)

    def update(self, x: Any, value: Any, gradient: Any, state: RpropState) -> tuple[Any, RpropState, Any]:
        g, agreement = gradient, gradient * state.last
        step = where(
            agreement > 0, self.grow * state.step, where(agreement < 0, self.shrink * state.step, state.step)
        )
        step = minimum(maximum(step, self.min_step), self.max_step)
        g = where(agreement < 0, zeros_like(g), g)
        return x - step * sign(g), RpropState(g, step), True
