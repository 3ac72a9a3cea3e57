from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class QHMState(NamedTuple):
    m: Any  # running mean of gradients


class QHM(Optimizer):
    r"""Quasi-hyperbolic momentum: a mean of the gradient and of its running mean.

    .. math:: m_{k+1} = \beta m_k + (1 - \beta) g_k, \qquad
              x_{k+1} = x_k - \eta\, \bigl((1 - \nu) g_k + \nu\, m_{k+1}\bigr)

    with :math:`m` the running mean of the gradient and :math:`\nu` its share in the step.

    Args:
        learning_rate: η, step per unit of gradient, > 0.
        momentum: β, part of m that is kept, in [0, 1).
        nu: ν, share of m in the step, >= 0; from 0 to 1 it is a mean, above 1 it goes beyond m.

    With ν = 0 it is gradient descent, with ν = 1 momentum and with ν = β Nesterov's, both with their rate times 1 - β.
    On a quadratic it is stable exactly when ηL < 2(1 + β)/(1 + β - 2νβ). A mean over 1/(1 - β) steps is still filling
    up in shorter runs.

    Source: J. Ma, D. Yarats, "Quasi-hyperbolic momentum and Adam for deep learning", ICLR 2019, arXiv 1810.06801,
    equations (3) and (4).

    >>> import downslope as ds
    >>> from downslope.optimizers import QHM
    >>> rule = QHM(learning_rate=0.25, momentum=0.5, nu=0.5)
    >>> ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2).history["x"].tolist()
    [1.0, 0.625, 0.328125]
    """

    short_name = "qhm"
    aliases = ("QuasiHyperbolicMomentum",)

    learning_rate: float = hyperparameter(0.01, "step per unit of gradient", above=0)
    momentum: float = hyperparameter(0.999, "part of the mean gradient that is kept", at_least=0, below=1)
    nu: float = hyperparameter(0.7, "share of the mean gradient in the step", at_least=0)

    def init(self, x: Any) -> QHMState:
        return QHMState(m=zeros_like(x))

    def update(self, x: Any, value: Any, gradient: Any, state: QHMState) -> tuple[Any, QHMState, Any]:
        η, β, ν, g = self.learning_rate, self.momentum, self.nu, gradient
        m = β * state.m + (1 - β) * g
        return x - η * ((1 - ν) * g + ν * m), QHMState(m), True
