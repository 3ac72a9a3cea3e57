"""What is known of a test problem, and of a family of them that comes in many dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from downslope.errors import UsageError
from downslope.messages import Message, message

Point: TypeAlias = tuple[float, ...]
View: TypeAlias = tuple[tuple[float, float], ...]

PLANE = ("x", "y")
MGH = "Moré, Garbow & Hillstrom, ACM Trans. Math. Softw. 7(1) 1981, pp. 17–41, problem {}"
JAMIL_YANG = "Jamil & Yang, Int. J. Math. Modelling Numer. Optim. 4(2) 2013, pp. 150–194: {}"
LIBRARY = "Surjanovic & Bingham, Virtual Library of Simulation Experiments, 2013: {}"
CUTEST = "CUTEst: {}"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A function with a name, a usual start and a minimum that is known.

    Attributes:
        name: what to type: lower-case, words joined by hyphens, and the dimension in brackets where it
            is not the usual one, ``"rosenbrock(10)"``.
        title: what to print.
        formula: the function, in the language of formulas.
        variables: its variables: ``x``, or ``x`` and ``y``, or ``x1`` to ``xn``.
        start: the published starting point, or a telling one where none was published.
        minimum: the least value; ``-inf`` where the function falls for ever. Where ``about`` speaks of a
            window, the least value in it.
        minimisers: the points that have it, each right to the last bit of float64; all of them where they
            are finitely many. Empty where it is not attained, and where only its value is known.
        view: (from, to) per variable, the window that makes a good picture; two variables only.
        about: what makes it hard and what it teaches.
        source: where it was published.
    """

    name: str
    title: Message
    formula: str
    variables: tuple[str, ...]
    start: Point
    minimum: float
    minimisers: tuple[Point, ...]
    view: View | None
    about: Message
    source: Message

    @property
    def dimension(self) -> int:
        """How many variables it has."""
        return len(self.variables)


@dataclass(frozen=True, kw_only=True)
class Family:
    """A problem that comes in many dimensions: ``build(n)`` makes the one with n variables.

    The bound ``most`` keeps the formula below 125,000 characters.
    """

    name: str
    build: Callable[[int], Problem]
    usual: int = 2
    least: int = 1
    most: int = 1000
    multiple: int = 1

    def member(self, dimension: int | None = None) -> Problem:
        """The problem with ``dimension`` variables, or with the usual number of them.

        Raises:
            UsageError: it has no such dimension; the message says which it has.
        """
        n = self.usual if dimension is None else dimension
        if not self.least <= n <= self.most or n % self.multiple:
            raise UsageError(self._lacking(n))
        problem = self.build(n)
        return problem if n == self.usual else replace(problem, name=f"{self.name}({n})")

    def _lacking(self, n: int) -> Message:
        """That there is no dimension n, and which there are."""
        if self.multiple > 1:
            return message(
                "The problem {name!r} has no dimension {n}: multiples of {multiple} from {first} to {last}"
                " can be had.",
                name=self.name,
                n=n,
                multiple=self.multiple,
                first=-(-self.least // self.multiple) * self.multiple,
                last=self.most - self.most % self.multiple,
            )
        return message(
            "The problem {name!r} has no dimension {n}: {least} to {most} can be had.",
            name=self.name,
            n=n,
            least=self.least,
            most=self.most,
        )


def names(n: int) -> tuple[str, ...]:
    """The variables of a problem in n dimensions.

    >>> names(1), names(2), names(3)
    (('x',), ('x', 'y'), ('x1', 'x2', 'x3'))
    """
    return ("x", "y")[:n] if n <= 2 else tuple(f"x{i}" for i in range(1, n + 1))


def total(terms: Iterable[str]) -> str:
    """The text of a sum.

    >>> total(["x^2", "y^2"])
    'x^2 + y^2'
    """
    return " + ".join(terms)


def cycled(values: Point, n: int) -> Point:
    """The first n of ``values`` repeated for ever.

    >>> cycled((-1.2, 1.0), 3)
    (-1.2, 1.0, -1.2)
    """
    return tuple(values[i % len(values)] for i in range(n))


def square(low: float, high: float, n: int = 2) -> View | None:
    """The same window on both axes; none unless the problem has two variables.

    >>> square(-1.0, 1.0), square(-1.0, 1.0, 3)
    (((-1.0, 1.0), (-1.0, 1.0)), None)
    """
    return ((low, high), (low, high)) if n == 2 else None
