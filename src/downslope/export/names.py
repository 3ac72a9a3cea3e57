"""Names for a script: what people call their parameters and columns, and what the script calls its own things.

A person's name stays as it is wherever Python allows that. It is changed where it is a keyword or a builtin, where
it is no identifier (``w[0]`` becomes ``w_0``), where linters call it ambiguous (``l``), and where it would hide
something that the script needs.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

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
_STAND_IN = "person_"  # and what the person wrote, in hexadecimal

GREEK = {
    letter: unicodedata.name(letter).rpartition(" ")[2].lower().replace("lamda", "lam")
    for letter in "αβγδεζηθικλμνξοπρστυφχψω"
}


class ScriptNames:
    """The names of one scope of a script; every one is given out once.

    >>> names = ScriptNames()
    >>> [names.new(name) for name in ("x", "x", "lambda", "w[0,1]", "2nd", "l", "np")]
    ['x', 'x_', 'lambda_', 'w_0_1', '_2nd', 'l_', 'np_']
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(_TAKEN) | set(taken)
        self.given: set[str] = set()

    def new(self, wanted: str, besides: Collection[str] = ()) -> str:
        """An identifier as near to ``wanted`` as can be and none of ``besides``, and now taken."""
        found = identifier(wanted)
        while found in self.taken or found in _AMBIGUOUS or found in besides:
            found += "_"
        self.taken.add(found)
        self.given.add(found)
        return found

    def inner(self) -> ScriptNames:
        """A scope within this one: its names may be used again elsewhere."""
        return ScriptNames(self.taken)


@dataclass(frozen=True)
class Persons:
    """What to call things that have a person's names, kept apart from all that the script calls otherwise.

    Which names a script uses itself, and where, depends on the dialect, the method and much besides. So it is read
    from a draft of the very script, in which every name of a person's has a stand-in.

    Attributes:
        draft: whether stand-ins are given out.
        others: for a name as the person wrote it, those that it must not have.
    """

    draft: bool = False
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def new(self, names: ScriptNames, wanted: str, besides: Collection[str] = ()) -> str:
        """An identifier in that scope."""
        if self.draft:
            return names.new(f"{_STAND_IN}{wanted.encode().hex()}", besides)
        return names.new(wanted, {*self.others.get(wanted, ()), *besides})

    @classmethod
    def apart_from(cls, draft: str, given: Collection[str]) -> Persons:
        """From a draft; what the script names only after the persons' things, it has ``given`` out.

        A name at the top of the script must not be used for anything else there, nor in a function that uses it;
        a name that is local to functions, not for anything else in those.
        """
        top, *functions = (_told_apart(names) for names in _names_by_scope(draft))
        others: dict[str, set[str]] = {}
        for stand_in in set().union(top[0], *(theirs for theirs, _ in functions)):
            near = set().union(*(ours for theirs, ours in functions if stand_in in theirs))
            if stand_in in top[0]:
                near = (near | top[1]) - set(given)
            wanted = bytes.fromhex(stand_in.removeprefix(_STAND_IN).rstrip("_")).decode()
            others[wanted] = others.get(wanted, set()) | near
        return cls(others={wanted: frozenset(near) for wanted, near in others.items()})


def _told_apart(names: set[str]) -> tuple[set[str], set[str]]:
    """A person's names (their stand-ins), and the script's own."""
    theirs = {n for n in names if n.startswith(_STAND_IN)}
    return theirs, names - theirs


def _names_by_scope(code: str) -> list[set[str]]:
    """The names at the top of a script, then those in each of its functions."""
    top: set[str] = set()
    scopes = [top]

    def collect(node: ast.AST, into: set[str], within: bool = False) -> None:
        match node:
            case ast.FunctionDef() | ast.Lambda():
                own: set[str] = set()
                scopes.append(own)
                if isinstance(node, ast.FunctionDef):
                    into.add(node.name)
                for part in ast.iter_child_nodes(node):
                    collect(part, own, True)
                if within:
                    into |= own
                return
            case ast.ClassDef():
                into.add(node.name)
                into = set()  # its names are attributes
            case ast.Name():
                into.add(node.id)
            case ast.arg():
                into.add(node.arg)
        for part in ast.iter_child_nodes(node):
            collect(part, into, within)

    collect(ast.parse(code), top)
    return scopes


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
