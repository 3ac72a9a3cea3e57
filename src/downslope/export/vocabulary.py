"""How each dialect spells numbers, choices and conditions; its functions are in the record of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One dialect's spelling.

    A template says how something is written, ``_0`` and ``_1`` being its parts.

    Attributes:
        dialect: the name under which records of functions have its templates, those for arrays of numbers under
            that name and ``_arrays`` where they are others.
        constants: pi and e.
        arrays: templates of ``where`` and of and, or, not for arrays of numbers, where they are spelled otherwise.
        plain: the dialect of functions of numbers that contain no parameter; None where it is the same.
        conditional: template of ``where`` for numbers that computes only the branch it takes.
        select: one that computes both, where that is safe and usual; None where ``conditional`` is always better.
        connectives: templates of and, or, not for numbers; None for Python's own words.
        lifted: template that makes a plain number one of the dialect's; None where nothing needs that.
    """

    dialect: str
    constants: Mapping[str, str]
    arrays: Mapping[str, str]
    plain: str | None = None
    conditional: str = "_1 if _0 else _2"
    select: str | None = None
    connectives: Mapping[str, str] | None = None
    lifted: str | None = None


_BITS = {"and": "_0 & _1", "or": "_0 | _1", "not": "~_0"}

NUMPY = Words(
    dialect="numpy",
    arrays={"where": "np.where(_0, _1, _2)", **_BITS},
    constants={"pi": "np.pi", "e": "np.e"},
)

TORCH = Words(
    dialect="torch",
    arrays={"where": "torch.where(_0, _1, _2)"},
    connectives=_BITS,
    constants={"pi": "math.pi", "e": "math.e"},
    plain="math",
    select="torch.where(_0, _1, _2)",
    lifted="torch.tensor(_0)",
)

TENSORFLOW = Words(
    dialect="tensorflow",
    arrays={"where": "tf.where(_0, _1, _2)"},
    connectives=_BITS,
    constants={"pi": "math.pi", "e": "math.e"},
    plain="math",
    select="tf.where(_0, _1, _2)",
    lifted="tf.constant(_0, DTYPE)",
)

JAX = Words(
    dialect="jax",
    arrays={"where": "jnp.where(_0, _1, _2)"},
    constants={"pi": "jnp.pi", "e": "jnp.e"},
    conditional="jax.lax.cond(_0, lambda: _1, lambda: _2)",
    select="jnp.where(_0, _1, _2)",
    connectives=_BITS,
)

SYMPY = Words(
    dialect="sympy",
    arrays={},
    constants={"pi": "sympy.pi", "e": "sympy.E"},
    conditional="sympy.Piecewise((_1, _0), (_2, True))",
    connectives={"and": "sympy.And(_0, _1)", "or": "sympy.Or(_0, _1)", "not": "sympy.Not(_0)"},
)
