"""The size of a rule's steps, found on the way."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from downslope.optimizers.arithmetic import absolute, dot, maximum, minimum, norm, sqrt, where
from downslope.optimizers.base import hyperparameter
from downslope.optimizers.wrappers.wrapper import StepWrapper

BETAS = tuple(1 - 0.1**i for i in range(1, 7))  # 0.9 to 0.999999: how long each of six bettors remembers


class Bettor(NamedTuple):
    """One of the sums that find the scale, with a memory of its own length."""

    r: Any  # reward so far
    m: Any  # largest bet so far
    v: Any  # sum of squares of the bets
    s: Any  # its part of the scale


class MechanizeState(NamedTuple):
    """Where the run began, what the scale is made of, and the state of the optimizer inside."""

    start: Any  # where the run began
    total: Any  # sum of the rule's own steps
    bettors: Any
    inner: Any


class Mechanize(StepWrapper):
    r"""Adds up the rule's own steps, and finds by betting on them by how much to scale the sum.

    .. math:: \Delta_{k+1} = \Delta_k + u_k, \qquad x_{k+1} = x_0 - \Big(\sum_i s_i\Big) \Delta_{k+1}, \qquad
              h = \langle g, \Delta_k \rangle

    .. math:: m_i \leftarrow \max(\beta_i m_i, |h| + \varepsilon), \qquad v_i \leftarrow \beta_i^2 v_i + h^2, \qquad
              r_i \leftarrow \beta_i r_i + s_i\, \mathrm{clip}(h, \pm m_i), \qquad
              s_i = \frac{s_0 m_i / n + \max(r_i, 0)}{\sqrt{v_i} + \varepsilon}

    with :math:`u_k` the way that the rule would go from :math:`x_k`, and :math:`\beta_i = 1 - 10^{-i}` for the n = 6
    bettors; the clip has the :math:`m_i` of before. The gradient in :math:`h` has
    :math:`\lambda\, \frac{\|g\|}{\|x\| + \varepsilon} \sum_i s_i\, x` added.

    Args:
        optimizer: the rule inside, of about the right direction; its learning rate may have any size, such as 1.
        initial_scale: :math:`s_0`, the scale that it begins with, > 0.
        decay: λ, pull towards 0, >= 0; it only enters in the scale.
        epsilon: ε, > 0, keeps divisions finite.

    It takes some hundred steps until the scale has grown from its beginning, and must be able to leave the start: where
    the gradient turns away from the way so far, the scale falls. Not for rules whose steps have a length of their own
    (as normalised ones have), nor for line searches.

    Source: A. Cutkosky, A. Defazio, H. Mehta, NeurIPS 2023, arXiv 2306.00144, algorithm 1; the clip is of the authors'
    code. As ``optax.contrib.mechanize``, which finds the sum of the steps again from where it led.

    >>> import downslope as ds
    >>> from downslope.optimizers import Mechanize
    >>> rule = Mechanize(optimizer=ds.optimizers.SGD(learning_rate=1.0))
    >>> run = ds.minimize("(x - 3)^2", start={"x": 0.0}, optimizer=rule, steps=300)
    >>> run.fun < 1e-3
    True
    """

    keeps_points: ClassVar[bool] = True

    initial_scale: float = hyperparameter(1e-6, "scale of the steps at the start", above=0)
    decay: float = hyperparameter(0.01, "pull towards 0 in the scale", at_least=0)
    epsilon: float = hyperparameter(1e-8, "keeps divisions finite", above=0)

    def init(self, x: Any) -> MechanizeState:
        bettor = Bettor(r=0.0, m=0.0, v=0.0, s=self.initial_scale)
        return MechanizeState(
            start=x, total=0.0 * x, bettors=tuple(bettor for _ in BETAS), inner=self.inner.init(x)
        )

    def update(
        self, x: Any, value: Any, gradient: Any, state: MechanizeState
    ) -> tuple[Any, MechanizeState, Any]:
        ε, g = self.epsilon, gradient
        next_x, inner, accepted = self.inner.update(x, value, g, state.inner)
        scale = _sum(bettor.s for bettor in state.bettors)
        pull = self.decay * scale * norm(g) / (norm(x) + ε)
        h = dot(g + pull * x, state.total)
        bettors = tuple(self._bet(h, β, b) for β, b in zip(BETAS, state.bettors, strict=True))
        total = state.total + (x - next_x)
        moved = state.start - _sum(bettor.s for bettor in bettors) * total
        return moved, MechanizeState(state.start, total, bettors, inner), accepted

    def _bet(self, h: Any, β: float, b: Bettor) -> Bettor:
        """One bettor after the next bet."""
        ε = self.epsilon
        clipped = maximum(-1.0 * b.m, minimum(h, b.m))
        m = maximum(β * b.m, absolute(h) + ε)
        v = β * β * b.v + h * h
        r = β * b.r + clipped * b.s
        wealth = self.initial_scale / len(BETAS) * m + where(r > 0, r, 0.0)
        return Bettor(r, m, v, wealth / (sqrt(v) + ε))


def _sum(numbers: Any) -> Any:
    """The sum of a few numbers, in their order."""
    first, *others = numbers
    for number in others:
        first = first + number
    return first
