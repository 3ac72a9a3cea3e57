"""What is known of a loss: the one record that kernels, checks, scripts and pictures read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import symengine as se

from downslope import symbolic
from downslope.language.functions.record import f
from downslope.language.tree import Node, Variable, substituted, walk
from downslope.messages import NOTHING, Message, Template, message

Link = Literal["identity", "sigmoid", "exp", "softmax"]

u, y, c, r, least = (Variable(name) for name in ("u", "y", "c", "r", "least"))
size = f.abs(r)


OF_THE_LOSS = message("of the loss")
FITTED = Template("fit")


@dataclass(frozen=True, kw_only=True)
class LossNumber:
    """The number that a loss carries, as in ``huber(1.5)``: more than 0 and less than ``below``.

    Attributes:
        below: its upper bound.
        constant, about: its name in scripts, and what is said of it there.
    """

    below: float = math.inf
    constant: str = "NUMBER"
    about: Message = OF_THE_LOSS


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A loss, by one formula of what a row costs.

    Slope and curvature are derived from it, and so are the kernels, the vector code and the scripts.

    Attributes:
        name: how it is asked for.
        code: its number in the kernels, which losses of the same formula share.
        formula: what a row costs, in the prediction before the link ``u`` and the target ``y``, or in the residual
            ``r = u - y``, and in the number ``c`` that it carries. None where there is a prediction for each class.
        bend: the curvature that is to be used for it where its own is of no use: that of the parabola that touches the
            cost and lies above it, residuals smaller than ``least`` counting as ``least``.
        touching: the curvature of the parabola that touches the cost and lies above it, of a loss whose own curvature
            vanishes far out: it bounds the steps there. None where the own one, or ``bend``, does.
        shape: the value of ``c``; its default in ``LOSSES``.
        number: what ``c`` is; None where it carries none.
        root: whether the square root is taken of the mean.
        link: what turns the hypothesis into the prediction.
        labels: which labels its targets are: 0 and 1 ("two"), any ("any"), or none, for numbers.
        lowest: the smallest target; None for any number.
        quadratic: whether it is a square of the residual (or the root of the mean of squares).
        likelihood: whether its curvature tells the errors of the parameters.
        aliases: what other tools call it.
        spoken: the mean of it, in words.
        predicted: what scripts call the prediction before the link.
        fitted: what a fitted curve shows, with ``{label}`` and ``{c}``.
    """

    name: str
    code: int = -1
    formula: Node | None = None
    bend: Node | None = None
    touching: Node | None = None
    shape: float = 0.0
    number: LossNumber | None = None
    root: bool = False
    link: Link = "identity"
    labels: Literal["", "two", "any"] = ""
    lowest: float | None = None
    quadratic: bool = False
    likelihood: bool = False
    aliases: tuple[str, ...] = ()
    spoken: Message = NOTHING
    predicted: str = "prediction"
    fitted: Template = FITTED

    @property
    def classifies(self) -> bool:
        """Whether its targets are labels."""
        return bool(self.labels)

    @property
    def per_class(self) -> bool:
        """Whether there is a prediction for each class."""
        return self.formula is None

    @property
    def of_residual(self) -> bool:
        """Whether it is a function of the residual."""
        return self.formula is not None and any(node == r for node in walk(self.formula))

    @property
    def curved(self) -> bool:
        """Whether it has a curvature everywhere: none that grows without limit as residuals vanish."""
        return self.bend is None or all(node != least for node in walk(self.bend))

    @property
    def cost(self) -> Node:
        """The formula in ``u``, ``y`` and ``c``."""
        return self._in_predictions(self.formula)

    @property
    def slope(self) -> Node:
        """Its derivative in ``u``."""
        return derivative(self.cost)

    @property
    def curvature(self) -> Node:
        """Its second derivative in ``u``, or what is used instead."""
        return derivative(self.slope) if self.bend is None else self._in_predictions(self.bend)

    @property
    def bound(self) -> Node | None:
        """``touching`` in ``u``, ``y`` and ``c``."""
        return None if self.touching is None else self._in_predictions(self.touching)

    @staticmethod
    def _in_predictions(formula: Node | None) -> Node:
        assert formula is not None
        return substituted(formula, {"r": u - y})

    def __str__(self) -> str:
        return f"{self.name}({self.shape:g})" if self.number else self.name


@cache
def derivative(formula: Node) -> Node:
    """That of a cost, or of its slope, in the prediction ``u``."""
    return symbolic.lift(symbolic.gradient(symbolic.lower(formula), [se.Symbol("u")])[0])
