"""Classic test functions by name: each knows its formula, its start and its minimum.

>>> rosenbrock = problem("rosenbrock")
>>> rosenbrock.formula, rosenbrock.start, rosenbrock.minimisers
('(1 - x)^2 + 100*(y - x^2)^2', (-1.2, 1.0), ((1.0, 1.0),))
>>> problem("rosenbrock", dimension=4).variables
('x1', 'x2', 'x3', 'x4')

The definitions are data, in `objectives.catalogue`; this module finds them.
"""

from __future__ import annotations

import re
from functools import cache

from downslope.errors import UnknownNameError, UsageError, nearest
from downslope.messages import message, sentences
from downslope.objectives.catalogue import bowls, hills, least_squares, valleys, watson
from downslope.objectives.catalogue.problem_record import Family, Problem

__all__ = ["Problem", "all_problems", "problem", "resolve"]

_MODULES = (bowls, valleys, hills, least_squares, watson)
_KNOWN: dict[str, Problem | Family] = {
    entry.name: entry for module in _MODULES for entry in (*module.PROBLEMS, *module.FAMILIES)
}

# Other names that are in use. Short ones that could be somebody's variable are left out on purpose.
_ALIASES = {
    "bohachevsky-1": "bohachevsky",
    "box-3d": "box-three-dimensional",
    "branin-hoo": "branin",
    "chained-rosenbrock": "rosenbrock",
    "colville": "wood",
    "extended-powell-singular": "powell-singular",
    "griewangk": "griewank",
    "hyperbolic-paraboloid": "saddle",
    "rosenbrock-banana": "rosenbrock",
    "rotated-ellipse-1": "rotated-ellipse",
    "s308": "schittkowski-308",
    "sisser2": "sisser",
    "styblinski": "styblinski-tang",
}


def _folded(name: str) -> str:
    """A name without what people spell differently: case, hyphens, underscores, spaces."""
    return re.sub(r"[-_\s]", "", name.casefold())


_BY_SPELLING = {_folded(name): name for name in _KNOWN} | {_folded(a): n for a, n in _ALIASES.items()}
_NAME_AND_DIMENSION = re.compile(r"([\w\s-]+)(?:\(\s*(?:n\s*=\s*)?(\d{1,9})\s*\))?", re.ASCII)


def problem(name: str, *, dimension: int | None = None) -> Problem:
    """The problem of that name.

    Case, hyphens, underscores and spaces in the name do not matter.

    Args:
        name: one of the names of `all_problems`, or another in common use.
        dimension: how many variables, for the problems that come in many dimensions; the usual number
            when not given. ``rosenbrock`` in more than two dimensions is the chained function;
            ``extended-rosenbrock`` is separate pairs.

    Raises:
        UnknownNameError: there is no such problem; the message suggests the nearest.
        UsageError: the problem has no such dimension; the message says which it has.

    >>> from downslope import problem
    >>> problem("Six-hump camel").minimum
    -1.0316284534898774
    >>> problem("watson", dimension=40)
    Traceback (most recent call last):
        ...
    downslope.errors.UsageError: The problem 'watson' has no dimension 40: 2 to 31 can be had.
    """
    known = _BY_SPELLING.get(_folded(name))
    if known is None:
        hint = nearest(name, [*_KNOWN, *_ALIASES])
        raise UnknownNameError(sentences(message("There is no problem {name!r}.", name=name), hint))
    entry = _KNOWN[known]
    if isinstance(entry, Family):
        return _member(entry, dimension)
    if dimension not in (None, entry.dimension):
        raise UsageError(
            message(
                "The problem {name!r} has no dimension {n}: it comes in {only} only.",
                name=known,
                n=dimension,
                only=entry.dimension,
            )
        )
    return entry


def resolve(text: str) -> Problem | None:
    """The problem that ``text`` names, with or without a dimension in brackets; None for any other text.

    A formula is never mistaken for a problem, unless it consists of nothing but a problem's name.

    Raises:
        UsageError: the text names a problem and a dimension that it does not have.

    >>> resolve("Rosenbrock(10)").dimension
    10
    >>> resolve("x^2") is None
    True
    """
    match = _NAME_AND_DIMENSION.fullmatch(text.strip())
    if match is None or _folded(match[1]) not in _BY_SPELLING:
        return None
    return problem(match[1], dimension=int(match[2]) if match[2] else None)


@cache
def all_problems() -> tuple[Problem, ...]:
    """Every problem, in its usual dimension, sorted by name.

    >>> [p.name for p in all_problems()][:3]
    ['ackley', 'bard', 'beale']
    """
    return tuple(problem(name) for name in sorted(_KNOWN))


@cache
def _member(family: Family, dimension: int | None) -> Problem:
    return family.member(dimension)
