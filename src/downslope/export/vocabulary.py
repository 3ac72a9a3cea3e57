"""How each dialect spells numbers, choices and conditions; its functions are in the record of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


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
        module: the module that the templates of ``dialect`` name, and the one that has the same functions here.
        imports: lines that import what its code names, by that name, beside those in ``script_imports``.
    """

    dialect: str
    constants: Mapping[str, str]
    arrays: Mapping[str, str]
    plain: str | None = None
    conditional: str = "_1 if _0 else _2"
    select: str | None = None
    connectives: Mapping[str, str] | None = None
    lifted: str | None = None
    module: tuple[str, str] | None = None
    imports: Mapping[str, str] = field(default_factory=dict)

    def own(self, code: str) -> str:
        """Code of ``dialect`` in this one's words.

        >>> Words("numpy", {}, {}, module=("np", "cp")).own("np.sin(_0)")
        'cp.sin(_0)'
        """
        return code if self.module is None else re.sub(rf"\b{self.module[0]}\.", f"{self.module[1]}.", code)


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
