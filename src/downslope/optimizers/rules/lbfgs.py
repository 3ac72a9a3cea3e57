from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import both, dot, either, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter
from downslope.optimizers.integer_fields import require_integer, trace_at_most
from downslope.optimizers.line_search import (
    Search,
    before,
    begin,
    choose,
    first_step,
    in_vain,
    is_far,
    judged_trial,
    moved_to,
    runs_straight,
    unit_of,
)

MOST_TRACED = 100  # parameters times memory; beyond, compiling takes longer than most runs do


class LBFGSState(NamedTuple):
    search: Search
    S: tuple[Any, ...]  # the last changes of the point, the newest first; zeros where there are none yet
    Y: tuple[Any, ...]  # the changes of the gradient that went with them
    ρ: tuple[Any, ...]  # 1/⟨s, y⟩, 0 where there is no pair


class LBFGS(Optimizer):
    r"""Quasi-Newton steps from the last few changes of the gradient, with a strong Wolfe line search.

    .. math:: x_{k+1} = x_k - a_k H_k\, g_k, \qquad
              f(x_{k+1}) \le f(x_k) - c_1 a_k \langle g_k, H_k g_k\rangle, \qquad
              |\langle g_{k+1}, H_k g_k\rangle| \le c_2\, \langle g_k, H_k g_k\rangle

    with :math:`g` the gradient and :math:`H` the inverse curvature that the last :math:`m` pairs
    :math:`s = x_{k+1} - x_k, y = g_{k+1} - g_k` tell, starting from :math:`\gamma = \langle s, y\rangle / \langle y,
    y\rangle` of the newest. :math:`H g` is made by two loops: q = g; from the newest pair to the oldest a_i =
    ⟨s_i, q⟩/⟨s_i, y_i⟩, q -= a_i y_i; r = γ q; from the oldest to the newest r += s_i (a_i - ⟨y_i, r⟩/⟨s_i, y_i⟩).

    Args:
        sufficient_decrease: c_1, in (0, 1/2).
        curvature: c_2, in (0, 1); larger than c_1.
        memory: m, how many pairs are kept, 1 to 100.

    One evaluation per trial of the search; most steps need one. Converges linearly, and fast, on smooth functions; on
    those with kinks it may stop short. The traced engine takes it up to 100 parameters times pairs, and from 30
    parameters on; between, the hosted engine does.

    Source: J. Nocedal, Mathematics of Computation 35 (1980) 773-782; D. Liu, J. Nocedal, Mathematical Programming 45
    (1989) 503-528; in this form: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, algorithms 7.4 and 7.5.

    >>> import downslope as ds
    >>> from downslope.optimizers import LBFGS
    >>> run = ds.minimize("rosenbrock", optimizer=LBFGS(memory=5), tolerance=1e-8)
    >>> run.status, run.nfev < 100
    ('converged', True)
    """

    short_name = "lbfgs"
    aliases = ("L-BFGS",)

    sufficient_decrease: float = hyperparameter(
        1e-4, "part of the promised decrease asked for", above=0, below=0.5
    )
    curvature: float = hyperparameter(0.9, "part of the slope that may remain", above=0, below=1)
    memory: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "memory", at_least=1, at_most=100)

    def init(self, x: Any) -> LBFGSState:
        none = (zeros_like(x),) * self.memory
        return LBFGSState(before(x), none, none, (0.0,) * self.memory)

    def update(self, x: Any, value: Any, gradient: Any, state: LBFGSState) -> tuple[Any, LBFGSState, Any]:
        trace_at_most(MOST_TRACED, x, vectors=self.memory)
        c1, c2 = self.sufficient_decrease, self.curvature
        point, after, accept = along_memory((x, value, gradient), state, (c1, c2, c2))
        return point, after, accept


def along_memory(
    at: tuple[Any, Any, Any], state: LBFGSState, constants: tuple[Any, Any, Any]
) -> tuple[Any, LBFGSState, Any]:
    """An update by the directions of L-BFGS.

    Args:
        at: the point, with value and gradient.
        state: after the update before.
        constants: c1, c2 and c3 of the line search.
    """
    old = state.search
    good, accept, lost, search, (x1, f1, g1) = judged_trial(old, at, constants)
    s, y = x1 - old.x, g1 - old.g
    outlived = both(good, either(in_vain(old, x1), runs_straight(old, s, y)))
    unit, useless = unit_of(f1, g1), either(lost, outlived)
    forget = either(old.trials < 0, either(useless, is_far(unit)))
    S, Y, ρ = remembered(state, (s, y), both(good, old.trials >= 0), forget)
    here = moved_to(old, (x1, f1, g1), unit, forget)
    d = direction(S, Y, ρ, here.g)
    known = both(ρ[0] > 0, dot(d, here.g) < 0)
    d = where(known, d, -here.g)
    a = where(known, 1.0, first_step(here.x, here.f, here.g))
    search = choose(either(accept, lost), begin(here, d, a), search)
    return search.x + search.a * search.d, LBFGSState(search, S, Y, ρ), accept


def remembered(state: LBFGSState, pair: tuple[Any, Any], new: Any, forget: Any) -> tuple[Any, Any, Any]:
    """The pairs with this one put first where it is new and curves upwards, or none where they are to be forgotten."""
    s, y = pair
    sy, ss, yy = dot(s, y), dot(s, s), dot(y, y)
    keep = both(new, both(sy > 0, sy * sy > 1e-20 * ss * yy))
    ρ = 1 / where(keep, sy, 1.0)

    def pushed(newest: Any, kept: tuple[Any, ...], nothing: Any) -> tuple[Any, ...]:
        after = (newest, *kept[:-1])
        return tuple(where(forget, nothing, where(keep, a, b)) for a, b in zip(after, kept, strict=True))

    zero = zeros_like(s)
    return pushed(s, state.S, zero), pushed(y, state.Y, zero), pushed(ρ, state.ρ, 0.0)


def direction(S: tuple[Any, ...], Y: tuple[Any, ...], ρ: tuple[Any, ...], g: Any) -> Any:
    """-H g by the two loops; pairs with ρ = 0 change nothing."""
    pairs = list(zip(S, Y, ρ, strict=True))
    q, shares = g, []
    for s, y, r in pairs:
        share = r * dot(s, q)
        q = q - share * y
        shares.append(share)
    yy = dot(Y[0], Y[0])
    step = where(ρ[0] > 0, 1 / where(ρ[0] > 0, ρ[0] * yy, 1.0), 1.0) * q
    for (s, y, r), share in zip(reversed(pairs), reversed(shares), strict=True):
        step = step + (share - r * dot(y, step)) * s
    return -step
