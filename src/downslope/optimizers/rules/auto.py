from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import zeros_like
from downslope.optimizers.base import Optimizer
from downslope.optimizers.integer_fields import trace_at_most
from downslope.optimizers.line_search import before
from downslope.optimizers.rules.lbfgs import LBFGSState, along_memory

C1, C2 = 1e-4, 0.9
C3 = 1e30  # no bound on how far the slope may have turned: the weak Wolfe conditions
MOST_MEMORY = 10
MOST_TRACED = 100  # parameters times memory; beyond, compiling takes longer than most runs do


class Auto(Optimizer):
    r"""What is used when nothing is chosen: quasi-Newton steps that need no learning rate, nor anything else.

    .. math:: x_{k+1} = x_k - a_k H_k\, g_k, \qquad
              f(x_{k+1}) \le f(x_k) - 10^{-4} a_k \langle g_k, H_k g_k\rangle, \qquad
              \langle g_{k+1}, H_k g_k\rangle \le 0.9\, \langle g_k, H_k g_k\rangle

    with :math:`g` the gradient and :math:`H` the inverse curvature told by the last min(10, 2d + 1) changes of the
    gradient in d dimensions, as in ``LBFGS``. Its step size need not be near a minimum along the line (the weak
    Wolfe conditions), so that most steps take one evaluation, and kinks do not stop it. Where rounding hides the fall
    of the value, the slopes decide.

    It begins along -g with a step that moves x by a tenth of its size, or where x = 0 with one that would lower the
    value by a tenth on a straight line; up to ten times longer or shorter at each trial. A trial whose value is not
    finite is too long. Deterministic, and no hyperparameters.

    It loses where gradients are noisy (use ``Adam``), on problems mild enough for ``BarzilaiBorweinShort``, whose steps
    cost less arithmetic, and in a few bent valleys to conjugate gradients. Like all descent it ends in the basin it
    finds.
    ``benchmarks/problems.py`` compares it with SciPy's methods.

    Source: J. Nocedal, S. Wright, *Numerical Optimization*, 2006, algorithm 7.5; weak Wolfe conditions and kinks:
    A. Lewis, M. Overton, Mathematical Programming 141 (2013) 135-163, algorithm 2.6; first step and rounding:
    W. Hager, H. Zhang, SIAM Journal on Optimization 16 (2005) 170-192, section 4.

    >>> import downslope as ds
    >>> from downslope.optimizers import Auto
    >>> run = ds.minimize("rosenbrock", optimizer=Auto(), tolerance=1e-8)
    >>> run.status, run.nfev < 60
    ('converged', True)
    """

    def init(self, x: Any) -> LBFGSState:
        memory = min(MOST_MEMORY, 2 * len(x) + 1)
        none = (zeros_like(x),) * memory
        return LBFGSState(before(x), none, none, (0.0,) * memory)

    def update(self, x: Any, value: Any, gradient: Any, state: LBFGSState) -> tuple[Any, LBFGSState, Any]:
        trace_at_most(MOST_TRACED, x, vectors=len(state.S))
        point, after, accept = along_memory((x, value, gradient), state, (C1, C2, C3))
        return point, after, accept
