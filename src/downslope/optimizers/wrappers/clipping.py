"""Gradient clipping, by value and by norm."""

from __future__ import annotations

from typing import Any

from downslope.optimizers.arithmetic import maximum, minimum, norm, where
from downslope.optimizers.base import State, hyperparameter
from downslope.optimizers.wrappers.wrapper import Wrapper


class ClipByValue(Wrapper):
    r"""Cuts every coordinate of the gradient to [-limit, limit] before the optimizer sees it.

    .. math:: g_i \leftarrow \max(-c, \min(c, g_i))

    Args:
        optimizer: the rule inside.
        limit: c, > 0, in units of the gradient.

    It changes the gradient's direction. As ``torch.nn.utils.clip_grad_value_``.

    >>> import downslope as ds
    >>> from downslope.optimizers import ClipByValue
    >>> rule = ClipByValue(optimizer=ds.optimizers.SGD(learning_rate=1.0), limit=0.5)
    >>> ds.minimize("x^2", start={"x": 3.0}, optimizer=rule, steps=2).history["x"].tolist()
    [3.0, 2.5, 2.0]
    """

    limit: float = hyperparameter(1.0, "largest size of a coordinate of the gradient", above=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        return self.inner.update(x, value, maximum(-self.limit, minimum(self.limit, gradient)), state)


class ClipByNorm(Wrapper):
    r"""Shortens the gradient to length ``limit`` where it is longer, before the optimizer sees it.

    .. math:: g \leftarrow g \cdot \min\left(1, \frac{c}{\|g\|}\right)

    Args:
        optimizer: the rule inside.
        limit: c, > 0, in units of the gradient.

    The direction is kept. As ``torch.nn.utils.clip_grad_norm_`` without its 1e-6, and ``optax.clip_by_global_norm``.

    Source: R. Pascanu, T. Mikolov, Y. Bengio, ICML 2013, arXiv 1211.5063, algorithm 1.

    >>> import downslope as ds
    >>> from downslope.optimizers import ClipByNorm
    >>> rule = ClipByNorm(optimizer=ds.optimizers.SGD(learning_rate=1.0), limit=0.5)
    >>> ds.minimize("x^2", start={"x": 3.0}, optimizer=rule, steps=2).history["x"].tolist()
    [3.0, 2.5, 2.0]
    """

    limit: float = hyperparameter(1.0, "largest length of the gradient", above=0)

    def update(self, x: Any, value: Any, gradient: Any, state: State) -> tuple[Any, State, Any]:
        length = norm(gradient)
        factor = where(length > self.limit, self.limit / where(length > 0, length, 1.0), 1.0)
        return self.inner.update(x, value, factor * gradient, state)
