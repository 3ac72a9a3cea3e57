"""Every update rule as an optax transformation, and every optax transformation as an update rule.

``transformation`` is the way there (``Optimizer.to_optax``), ``foreign_rule`` the way back (``optimizers.from_optax``).
JAX and optax are imported when one of them is first needed. May import ``optimizers`` and what is below it.
"""

from downslope.optax.foreign_rule import FromOptax, from_optax
from downslope.optax.transformation import RuleState, answer, to_optax

__all__ = ["FromOptax", "RuleState", "answer", "from_optax", "to_optax"]
