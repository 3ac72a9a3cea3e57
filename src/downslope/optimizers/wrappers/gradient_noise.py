"""Noise in the gradient, the same on every machine."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from downslope.optimizers.arithmetic import floor, made_like
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.integer_fields import require_integer
from downslope.optimizers.wrappers.wrapper import StepWrapper

# Three multiplicative generators of whole numbers (multiplier, modulus), joined to one of the period 8.1e12. Every
# product is below 2^24, so single precision counts exactly too. Source: P. L'Ecuyer, Communications of the ACM 31
# (1988) 742-774, section 6: the generator for 16-bit computers.
GENERATORS = ((157.0, 32363.0), (146.0, 31727.0), (142.0, 31657.0))
JOINED = 32362.0  # numbers that the joint generator draws from, 1 and up
DRAWS = 4  # whole numbers that one number of the noise is the sum of
MEAN = DRAWS * (JOINED + 1) / 2
DEVIATION = math.sqrt(DRAWS * (JOINED * JOINED - 1) / 12)
MOST_SEED = 2**31 - 1


class GradientNoiseState(NamedTuple):
    """Where the generators of each coordinate stand, and the state of the optimizer inside."""

    a: Any  # whole numbers of the first generator
    b: Any  # of the second
    c: Any  # of the third
    k: Any  # evaluations so far
    inner: Any


class GradientNoise(StepWrapper):
    r"""Adds noise to the gradient that becomes smaller as the run goes on.

    .. math:: g \leftarrow g + \sigma_k n_k, \qquad \sigma_k^2 = \frac{\eta}{(1 + k)^\gamma}

    with :math:`n_k` of independent numbers of mean 0 and variance 1 for each coordinate and each evaluation. They
    are drawn by whole numbers alone, so a seed has the same noise on every machine, in single precision, and in a run
    that is gone on with: each is the sum of four uniform numbers, scaled, which is a bell that ends at 3.5.

    Args:
        optimizer: the rule inside, which takes the noise for the gradient.
        variance: η, of the noise at the first step, >= 0, in units of the gradient squared.
        decay: γ, how fast it falls, >= 0; at 0 it stays.
        seed: which noise, a whole number from 0 to 2147483647.

    The history shows the gradient without noise, and tests look at that. Numbers of half precision (float16, bfloat16)
    do not count so far: the noise is a poor one there.

    Source: A. Neelakantan and others, "Adding gradient noise improves learning for very deep networks", arXiv
    1511.06807, section 3. As ``optax.add_noise`` with other random numbers.

    >>> import downslope as ds
    >>> from downslope.optimizers import GradientNoise
    >>> rule = GradientNoise(optimizer=ds.optimizers.SGD(learning_rate=0.25), variance=0.25, seed=1)
    >>> run, again = (ds.minimize("x^2", start={"x": 1.0}, optimizer=rule, steps=20) for _ in range(2))
    >>> run.history["x"].tolist() == again.history["x"].tolist(), run.x["x"] == 0.0
    (True, False)
    """

    counts_places: ClassVar[bool] = True
    counts_steps: ClassVar[bool] = False

    variance: float = hyperparameter(0.01, "variance of the noise at the first step", at_least=0)
    decay: float = hyperparameter(0.55, "how fast the variance falls", at_least=0)
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "seed", at_least=0, at_most=MOST_SEED)

    def init(self, x: Any) -> GradientNoiseState:
        a, b, c = (made_like(x, partial(first_numbers, seed=self.seed, generator=i)) for i in range(3))
        return GradientNoiseState(a, b, c, k=0.0, inner=self.inner.init(x))

    def update(
        self, x: Any, value: Any, gradient: Any, state: GradientNoiseState
    ) -> tuple[Any, GradientNoiseState, Any]:
        numbers, total = (state.a, state.b, state.c), 0.0
        for _ in range(DRAWS):
            numbers = tuple(remainder_of(a * s, m) for s, (a, m) in zip(numbers, GENERATORS, strict=True))
            below = numbers[0] - numbers[1] + numbers[2] - 1.0
            total = total + (below - JOINED * floor((1.0 / JOINED) * (below + 0.5)) + 1.0)
        noise = (1.0 / DEVIATION) * (total - MEAN)
        σ = (self.variance / (1.0 + state.k) ** self.decay) ** 0.5
        next_x, inner, accepted = self.inner.update(x, value, gradient + σ * noise, state.inner)
        return next_x, GradientNoiseState(*numbers, state.k + 1, inner), accepted

    def answer(self, x: Any, state: State) -> Any:
        """What the rule inside reports, of its own memory."""
        return self.inner.answer(x, state.inner)


def remainder_of(product: Any, modulus: float) -> Any:
    """Of a whole number that is no multiple of the modulus, so that rounding the quotient cannot miss it."""
    return product - modulus * floor((1.0 / modulus) * product)


def first_numbers(n: int, seed: int, generator: int) -> NDArray[np.float64]:
    """Where a generator begins for each of n coordinates: a number from 1 to its modulus less 1, mixed from its place.

    Source of the mixing: G. Steele, D. Lea, C. Flood, OOPSLA 2014, 453-472, figure 16 ("mix64variant13").
    """
    z = np.arange(1, n + 1, dtype=np.uint64) + (np.uint64(seed) << np.uint64(32))
    z = (z * np.uint64(3) + np.uint64(generator)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z % np.uint64(int(GENERATORS[generator][1]) - 1)).astype(np.float64) + 1.0
