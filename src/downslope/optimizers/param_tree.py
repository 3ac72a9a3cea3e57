"""Arrays of any library and shape, taken together as the one vector that an update rule sees.

Nothing is copied into a flat vector: an operator is applied to every part as it is, and an inner product is the sum
of the parts' inner products. So every part keeps its own precision, device and shape, and a rule that mixes all
coordinates still sees all of them. Scalars fit themselves to the part they meet, so that none is widened.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from downslope.optimizers import arithmetic
from downslope.optimizers.arithmetic import home_of
from downslope.optimizers.own_numbers import bring
from downslope.tensors import library_of, root_of


class ParamTree:
    """A vector of parts. Sums, products and comparisons go part by part, with another tree or with a scalar.

    >>> x = ParamTree([np.array([3.0, 4.0]), np.float64(12.0)])
    >>> (2 * x).parts
    [array([6., 8.]), np.float64(24.0)]
    >>> len(x), float(arithmetic.norm(x))
    (3, 13.0)
    """

    __slots__ = ("parts",)
    __array_ufunc__ = None  # NumPy's numbers leave the operator to us

    def __init__(self, parts: Iterable[Any]) -> None:
        self.parts = list(parts)

    def __len__(self) -> int:
        return sum(size(part) for part in self.parts)

    def _with(self, other: Any, function: Callable[[Any, Any], Any]) -> ParamTree:
        return ParamTree(function(a, b) for a, b in zip(self.parts, spread(other, self), strict=True))

    def _under(self, other: Any, function: Callable[[Any, Any], Any]) -> ParamTree:
        return ParamTree(function(b, a) for a, b in zip(self.parts, spread(other, self), strict=True))

    def __add__(self, other: Any) -> ParamTree:
        return self._with(other, operator.add)

    def __radd__(self, other: Any) -> ParamTree:
        return self._under(other, operator.add)

    def __sub__(self, other: Any) -> ParamTree:
        return self._with(other, operator.sub)

    def __rsub__(self, other: Any) -> ParamTree:
        return self._under(other, operator.sub)

    def __mul__(self, other: Any) -> ParamTree:
        return self._with(other, operator.mul)

    def __rmul__(self, other: Any) -> ParamTree:
        product = self._under(other, operator.mul)
        return ScaledParamTree(product.parts, other, self) if isinstance(other, float) else product

    def __truediv__(self, other: Any) -> ParamTree:
        return self._with(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> ParamTree:
        return self._under(other, operator.truediv)

    def __pow__(self, other: Any) -> ParamTree:
        return self._with(other, operator.pow)

    def __rpow__(self, other: Any) -> ParamTree:
        return self._under(other, operator.pow)

    def __neg__(self) -> ParamTree:
        return ParamTree(-part for part in self.parts)

    def __lt__(self, other: Any) -> ParamTree:
        return self._with(other, operator.lt)

    def __le__(self, other: Any) -> ParamTree:
        return self._with(other, operator.le)

    def __gt__(self, other: Any) -> ParamTree:
        return self._with(other, operator.gt)

    def __ge__(self, other: Any) -> ParamTree:
        return self._with(other, operator.ge)

    def __repr__(self) -> str:
        return f"ParamTree({self.parts!r})"

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        raise TypeError  # TensorFlow asks before it leaves us an operator


class ScaledParamTree(ParamTree):
    """A number times a tree, whose negative is one product again and not a product and a change of sign.

    >>> (-(0.5 * ParamTree([np.array([2.0, 4.0])]))).parts
    [array([-1., -2.])]
    """

    __slots__ = ("factor", "of")

    def __init__(self, parts: Iterable[Any], factor: float, of: ParamTree) -> None:
        super().__init__(parts)
        self.factor, self.of = factor, of

    def __neg__(self) -> ParamTree:
        return -self.factor * self.of


class MovedParamTree(ParamTree):
    """A tree that knows how it came from where it began, as far as it came by sums.

    For loops that want the change and add it themselves: the difference of two points would lose digits, and costs.

    >>> x = MovedParamTree([np.array([1e20, 1.0])])
    >>> (x - 0.5 * ParamTree([np.array([2.0, 2.0])])).change.parts
    [array([-1., -1.])]
    """

    __slots__ = ("change",)

    def __init__(self, parts: Iterable[Any], change: ParamTree | None = None) -> None:
        super().__init__(parts)
        self.change = change

    def __add__(self, other: Any) -> MovedParamTree:
        step = other if isinstance(other, ParamTree) else ParamTree(spread(other, self))
        change = step if self.change is None else self.change + step
        return MovedParamTree(super().__add__(other).parts, change)

    def __radd__(self, other: Any) -> MovedParamTree:
        return self.__add__(other)

    def __sub__(self, other: Any) -> MovedParamTree:
        step = other if isinstance(other, ParamTree) else ParamTree(spread(other, self))
        change = -step if self.change is None else self.change - step
        return MovedParamTree(super().__sub__(other).parts, change)


def size(part: Any) -> int:
    """How many numbers a part has."""
    shape = getattr(part, "shape", ())
    return math.prod(int(n) for n in shape)


def spread(value: Any, like: ParamTree) -> list[Any]:
    """What each part of ``like`` meets: the part of a tree, its piece of a flat array, or the scalar, fitted."""
    if isinstance(value, ParamTree):
        return value.parts
    if isinstance(value, np.ndarray) and value.ndim:
        ends = np.cumsum([size(part) for part in like.parts])
        pieces = np.split(value, ends[:-1])
        return [
            library_of(root_of(part)).piece(piece, part)
            for piece, part in zip(pieces, like.parts, strict=True)
        ]
    return [fitted(value, part) for part in like.parts]


def fitted(scalar: Any, part: Any) -> Any:
    """A scalar in the form in which it does not widen ``part``: a plain number, or one of the part's own type."""
    if isinstance(scalar, (bool, int, float)) and not isinstance(scalar, np.generic):
        return scalar
    return library_of(root_of(part)).beside(scalar, part)


def dot(a: ParamTree, b: ParamTree) -> Any:
    """The sum of the parts' inner products: a float64; in a compiled function, a scalar of its library."""
    products = [library_of(home_of(p, q)).part_dot(p, q) for p, q in zip(a.parts, b.parts, strict=True)]
    return sum(products[1:], start=products[0]) if products else np.float64(0.0)


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if isinstance(condition, (bool, np.bool_)):
        return yes if condition else no
    like = next(v for v in (yes, no, condition) if isinstance(v, ParamTree))
    sides = (spread(value, like) for value in (condition, yes, no))
    return ParamTree(arithmetic.where(c, a, b) for c, a, b in zip(*sides, strict=True))


def _mapped(name: str) -> Callable[..., Any]:
    function = getattr(arithmetic, name)

    def over_parts(*values: Any) -> ParamTree:
        like = next(value for value in values if isinstance(value, ParamTree))
        sides = (spread(value, like) for value in values)
        return ParamTree(function(*parts) for parts in zip(*sides, strict=True))

    return over_parts


# What ``arithmetic`` calls when an argument is a parameter tree.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: _mapped(name)
        for name in ("sqrt", "absolute", "sign", "floor", "cos", "log", "maximum", "minimum", "zeros_like")
    },
    "logical_and": _mapped("both"),
    "logical_or": _mapped("either"),
    "dot": dot,
    "where": _where,
    "made_like": lambda x, make: ParamTree(spread(np.asarray(make(len(x)), np.float64), x)),
}
bring(__name__, FUNCTIONS)
