"""Names for a script: what people call their parameters and columns, and what the script calls its own things.

A person's name stays as it is wherever Python allows that. It is changed where it is a keyword or a builtin, where
it is no identifier (``w[0]`` becomes ``w_0``), where linters call it ambiguous (``l``), and where it would hide
something that the script needs.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

MODULES = frozenset(
    ("csv", "functools", "gzip", "jax", "jnp", "keras", "math", "np", "optax", "os", "sympy", "tf", "torch")
)
_TAKEN = (
    frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(dir(builtins))
    | MODULES
    | {"NamedTuple"}
)
_AMBIGUOUS = frozenset("lOI")  # pycodestyle's E741

GREEK = {
    letter: unicodedata.name(letter).rpartition(" ")[2].lower().replace("lamda", "lam")
    for letter in "αβγδεζηθικλμνξοπρστυφχψω"
}


class Names:
    """The names of one scope of a script; every one is given out once.

    >>> names = Names()
    >>> [names.new(name) for name in ("x", "x", "lambda", "w[0,1]", "2nd", "l", "np")]
    ['x', 'x_', 'lambda_', 'w_0_1', '_2nd', 'l_', 'np_']
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(_TAKEN) | set(taken)

    def new(self, wanted: str) -> str:
        """An identifier as near to ``wanted`` as can be, and now taken."""
        found = identifier(wanted)
        while found in self.taken or found in _AMBIGUOUS:
            found += "_"
        self.taken.add(found)
        return found

    def inner(self) -> Names:
        """A scope within this one: its names may be used again elsewhere."""
        return Names(self.taken)


def identifier(words: str) -> str:
    """The words with everything replaced that may not be in a Python name."""
    normal = unicodedata.normalize("NFKC", words)
    plain = re.sub(r"\W+", "_", normal).strip("_") if not normal.isidentifier() else normal
    if not plain:
        return "p"
    return plain if plain.isidentifier() else f"_{plain}"


def in_ascii(words: str) -> str:
    """Greek letters by their names, as rules are written with them: ``β1`` is beta1, ``μ_next`` is mu_next."""
    return "".join(GREEK.get(c, c) for c in words)
