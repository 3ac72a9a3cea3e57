"""Weight decay as a penalty in the gradient."""

from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import dot
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.wrapper import Wrapper


class WeightDecay(Wrapper):
    r"""Descends the objective with a penalty on the squared length of the point.

    .. math:: f \leftarrow f + \tfrac{\lambda}{2} \|x\|^2, \qquad g \leftarrow g + \lambda x

    Args:
        optimizer: the rule inside.
        rate: λ, >= 0, in units of the objective per unit of x squared.

    This is torch's ``weight_decay`` for every method but AdamW, which decays the parameters themselves. The
    history shows the objective without the penalty.

    >>> import downslope as ds
    >>> from downslope.optimizers import WeightDecay
    >>> rule = WeightDecay(optimizer=ds.optimizers.SGD(learning_rate=0.25), rate=2.0)
    >>> ds.minimize("(x - 1)^2", start={"x": 0.0}, optimizer=rule, steps=2).history["x"].tolist()
    [0.0, 0.5, 0.5]
    """

    rate: float = hyperparameter(0.01, "strength of the penalty", at_least=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        λ = self.rate
        return self.inner.update(x, value + 0.5 * λ * dot(x, x), gradient + λ * x, state)

    def residual(self, x: Any, gradient: Any) -> Any:
        return self.inner.residual(x, gradient + self.rate * x)
