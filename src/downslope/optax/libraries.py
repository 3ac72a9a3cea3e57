"""JAX and optax, which are imported when first needed."""

from __future__ import annotations

import functools
from types import SimpleNamespace

from downslope.errors import MissingExtraError
from downslope.messages import message


@functools.cache
def libraries() -> SimpleNamespace:
    """JAX and optax, imported when first needed."""
    try:
        import jax
        import optax
    except ImportError as error:
        raise MissingExtraError(
            message("JAX and optax are needed for this: pip install 'downslope[jax]'")
        ) from error
    return SimpleNamespace(jax=jax, np=jax.numpy, optax=optax)
