"""What a judged point is: a minimum, a saddle, a maximum, or something that curvature cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from downslope.explain.sentences import say
from downslope.messages import Message

Kind = Literal[
    "minimum",
    "saddle",
    "maximum",
    "degenerate",
    "edge_of_domain",
    "kink",
    "not_stationary",
    "small_by_units",
    "unknown",
    "unseen",
]
Detail = Literal[
    "",
    "at_bound",
    "corner",
    "cusp",
    "flat_valley",
    "higher_order_minimum",
    "inflection",
    "asymptote",
    "endless",
    "pole",
    "plateau",
    "undecided",
    "nowhere",
    "least",
    "too_many",
    "not_finite",
    "coarse",
    "random",
    "too_dear",
    "unfinished",
    "lost_in_rounding",
    "wrong_gradient",
    "few_directions",
    "curves_down",
    "jump",
    "level",
    "further",
]

NEAR = 1e-2  # part of the way from the start: a stationary point further off than this is said to be near, not reached
ROUND = (
    2e-5  # curvatures that differ by no more than this part, of which differences are precise, are the same
)


@dataclass(frozen=True)
class Point:
    """A judgement of a point, as descent sees it (a summit that was climbed to is a "maximum").

    Attributes:
        kind: "minimum" (strict), "saddle", "maximum", "degenerate" (curvature does not decide; ``detail`` says what
            values further out showed), "edge_of_domain", "kink", "not_stationary", "small_by_units" (the
            gradient is small only because of its units), "unknown", or "unseen" (only a record is there).
        detail: of a degenerate point: "flat_valley", "higher_order_minimum", "inflection", "asymptote" (it keeps
            falling for ever, ever more slowly), "endless" (it falls for ever, and no slower), "pole" (it falls into
            one), "plateau", "jump" (right beside it the value jumps to a lower one), "undecided".
            Of an unknown one why: it has "too_many" parameters, derivatives that are "not_finite", values so "coarse"
            (float32, differenced) or "random" that they hide its curvature, it is "too_dear" to look at, or
            "unfinished": the gradient that is left outweighs what curvature shows, or the gradient is
            "lost_in_rounding", being made of differences; "few_directions" where only some could be looked along and
            the objective curves down along none of them, "curves_down" where it does along one (so it is no minimum).
            Of a kink: "level" where the gradient at the point itself is 0.
            Of a minimum: "corner" where its curvature differs from side to side, "cusp" where it is infinite,
            "at_bound" where it lies on bounds near by.
            Of an edge of the domain: "nowhere" where there is no good point at all, "least" where the objective rises
            from it on all sides inside.
            Of one that is not stationary: "wrong_gradient" where only the gradient that was supplied vanishes.
            Of a gradient that is small by its units: "further" where a descent from there shows it.
        curvatures: eigenvalues of the Hessian, ascending.
        directions: for each, the parameter or the direction that it belongs to, and its components.
        escape: a direction along which the objective gets better, where there is one.
        way: the name of that direction, or of the line along which nothing curves.
        line: that line.
        order: the exponent with which values rise or fall there, where curvature does not decide.
        distance: how far the stationary point itself lies, as Newton's method sees it.
        part: that, as a part of the way from the start to it.
        ends: the least and the greatest curvature of a corner.
        rises: of a kink, whether the objective gets worse on every side of it.
        seen: along how many directions it was looked, where that is not all.
        local: whether curvature alone says that it is a minimum, so that there may be lower ones.
        sentence: what to say.
    """

    kind: Kind
    detail: Detail = ""
    curvatures: tuple[float, ...] = ()
    directions: tuple[dict[str, Any], ...] = ()
    escape: tuple[float, ...] | None = None
    way: str = ""
    line: tuple[float, ...] | None = None
    order: float | None = None
    distance: float = 0.0
    part: float = 0.0
    ends: tuple[float, float] = (0.0, 0.0)
    names: Sequence[str] = ()
    maximize: bool = False
    rises: bool = False
    seen: int = 0
    local: bool = False

    @property
    def sentence(self) -> str:
        """One sentence on the point."""
        return str(self.message)

    @property
    def message(self) -> Message:
        """The same as data."""
        return say(self._key, **self._fields())

    @property
    def _key(self) -> str:
        """Which sentence: that of the kind and detail, for ascents and single curvatures as need be."""
        key = f"point.{self.kind}{'.' + self.detail if self.detail else ''}{'.up' if self.maximize else ''}"
        if self.kind == "kink" and self.rises:
            return "point.kink.least.up" if self.maximize else "point.kink.least"
        if self.detail == "few_directions" and len(self.curvatures) > 1 and not self.is_round:
            return "point.unknown.few_directions.curved" + (".up" if self.maximize else "")
        if self.kind == "kink" and self.escape is not None:
            return "point.kink.crest.up" if self.maximize else "point.kink.crest"
        if self.kind == "kink" and self.detail:
            return "point.kink.level"
        reached = self.kind == ("maximum" if self.maximize else "minimum")
        if reached and not self.detail and not self.curvatures:
            return f"point.{self.kind}.{'plain' if self.names else 'bare'}"
        if reached and self.detail == "":
            where = (".near" if self.near else "") + (".local" if self.local else "")
            if len(self.curvatures) == 1:
                return f"{key}.single{where}"
            return f"{key}.round{where}" if self.is_round else f"{key}{where}"
        if (
            self.kind == "not_stationary"
            and not self.detail
            and len(self.curvatures) > 1
            and not self.is_round
        ):
            alike, size = self._are_alike
            if not size:
                return key
            return "point.not_stationary.opposed" if alike else "point.not_stationary.curved"
        return key

    @property
    def near(self) -> bool:
        """Whether the stationary point itself lies so far off that it must be said."""
        return self.part > NEAR

    @property
    def is_round(self) -> bool:
        """Whether there is no direction steeper than others."""
        return self._are_alike[0] and min(self.curvatures) * max(self.curvatures) > 0

    @property
    def _are_alike(self) -> tuple[bool, float]:
        """Whether curvatures are of one size, whatever their signs, and the greatest size."""
        sizes = [abs(c) for c in self.curvatures]
        largest = max(sizes, default=0.0)
        return bool(sizes) and largest - min(sizes) <= ROUND * largest, largest

    @property
    def disappoints(self) -> bool:
        """Whether a run that stands still here has not found what it was asked for."""
        other = "minimum" if self.maximize else "maximum"
        if self.kind == "kink" and self.escape is not None:
            return True
        return self.kind in ("saddle", other, "small_by_units") or self.detail in (
            "inflection",
            "plateau",
            "asymptote",
            "endless",
            "pole",
            "wrong_gradient",
            "lost_in_rounding",
            "curves_down",
            "jump",
        )

    @property
    def is_wanted(self) -> bool:
        """Whether it is known to be of the kind that was asked for, and reached."""
        wanted = "maximum" if self.maximize else "minimum"
        return self.kind == wanted or self.detail in ("flat_valley", "higher_order_minimum")

    def times(self, unit: float) -> Point:
        """The same point of the function times a positive number."""
        listed = tuple({**one, "curvature": one["curvature"] * unit} for one in self.directions)
        least, most = self.ends
        return replace(
            self,
            curvatures=tuple(unit * c for c in self.curvatures),
            directions=listed,
            ends=(unit * least, unit * most),
        )

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"way": self.way, "order": self.order or 0.0, "distance": self.distance}
        fields["n"] = self.seen
        if self.detail == "corner":
            fields["least"], fields["most"] = self.ends
        if self.directions:
            alike = self._are_alike[0]  # then only their signs tell them apart
            steep, shallow = (
                pick(self.directions, key=lambda one: one["curvature"] if alike else abs(one["curvature"]))
                for pick in (max, min)
            )
            fields["steep"], fields["most"] = steep["along"], steep["curvature"]
            fields["shallow"], fields["least"] = shallow["along"], shallow["curvature"]
        return fields

    def to_dict(self) -> dict[str, Any]:
        """The judgement as plain data."""
        return {
            "kind": self.kind,
            "detail": self.detail or None,
            "curvatures": list(self.directions),
            "escape": None if self.escape is None else dict(zip(self.names, self.escape, strict=True)),
            "escape_along": self.way if self.escape is not None else None,
            "flat_along": self.way if self.line is not None and self.escape is None else None,
            "order": self.order,
            "distance": self.distance,
            "local": self.local,
            "sentence": self.sentence,
        }
