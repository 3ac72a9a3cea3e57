from __future__ import annotations

from typing import Any, NamedTuple

from downslope.optimizers.arithmetic import sqrt, where, zeros_like
from downslope.optimizers.base import Optimizer, hyperparameter


class ScheduleFreeAdamWState(NamedTuple):
    p2: Any  # beta2 to the power of the step
    v: Any  # running mean of squared gradients
    z: Any  # the point that takes the steps
    w: Any  # sum of squared rates, the weight of the average
    c: Any  # share of the newest position in the average
    a: Any  # the average of its positions


class ScheduleFreeAdamW(Optimizer):
    r"""AdamW with its momentum replaced by an average of its points, near which it takes its gradients.

    .. math:: v_{k+1} = \beta_2 v_k + (1 - \beta_2) g_k^2, \qquad
              z_{k+1} = z_k - \eta\, \Bigl(\frac{g_k}{\sqrt{v_{k+1} / (1 - \beta_2^{k+1})} + \varepsilon}
              + \lambda x_k\Bigr)

    .. math:: a_{k+1} = (1 - c)\, a_k + c\, z_{k+1}, \qquad x_{k+1} = \beta_1 a_{k+1} + (1 - \beta_1) z_{k+1},
              \qquad c = \frac{\eta_k^2}{\eta_0^2 + \dots + \eta_k^2}

    with :math:`z` the point that takes the steps, :math:`a` the average, :math:`v` the running mean of the squared
    gradient (element by element) and :math:`g_k` the gradient at :math:`x_k`. The answer is the average :math:`a`; the
    history shows :math:`x`, where the objective was evaluated. The paper writes y for x and x for a.

    Args:
        learning_rate: about the length of a step of z in each coordinate, > 0; in units of x.
        beta1: weight of the average where the gradient is taken, in [0, 1).
        beta2: part of v that is kept, in [0, 1).
        epsilon: >= 0, in units of the gradient; outside the root.
        weight_decay: λ, >= 0, per unit of x; times the rate.

    As in optax, Keras and the authors' later code, v is corrected; in the paper the correction stands in the rate and
    so in the weights of the average as well. The average comes in like a power of 1/k in the end, not geometrically.

    Source: A. Defazio and others, "The road less scheduled", NeurIPS 2024, arXiv 2405.15682, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import ScheduleFreeAdamW
    >>> rule = ScheduleFreeAdamW(learning_rate=0.1, beta1=0.5)
    >>> run = ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=2)
    >>> run.history["x"].round(6).tolist(), round(run.x["x"], 6)
    ([1.0, 0.9, 0.829044], 0.852696)
    """

    short_name = "schedule_free_adamw"

    learning_rate: float = hyperparameter(0.0025, "about the length of a step in each coordinate", above=0)
    beta1: float = hyperparameter(
        0.9, "weight of the average where the gradient is taken", at_least=0, below=1
    )
    beta2: float = hyperparameter(0.999, "part of the mean square that is kept", at_least=0, below=1)
    epsilon: float = hyperparameter(1e-8, "guard against division by zero", at_least=0)
    weight_decay: float = hyperparameter(0.0, "pull towards zero, times the rate", at_least=0)

    def init(self, x: Any) -> ScheduleFreeAdamWState:
        return ScheduleFreeAdamWState(p2=1.0, v=zeros_like(x), z=x, w=0.0, c=0.0, a=x)

    def update(
        self, x: Any, value: Any, gradient: Any, state: ScheduleFreeAdamWState
    ) -> tuple[Any, ScheduleFreeAdamWState, Any]:
        η, β1, β2, ε, g = self.learning_rate, self.beta1, self.beta2, self.epsilon, gradient
        p2 = state.p2 * β2
        v = β2 * state.v + (1 - β2) * g * g
        z = state.z - η * (g / (sqrt(v / (1 - p2)) + ε) + self.weight_decay * x)
        w = state.w + η * η
        c = η * η / where(w > 0, w, 1.0)  # a schedule may begin with a rate of 0
        a = (1 - c) * state.a + c * z
        return β1 * a + (1 - β1) * z, ScheduleFreeAdamWState(p2, v, z, w, c, a), True

    def answer(self, x: Any, state: ScheduleFreeAdamWState) -> Any:
        """The average."""
        return state.a
