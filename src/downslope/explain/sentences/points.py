"""What is said of the point that a run reached."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

POINTS: Mapping[str, Template] = {
    "minimum": Template(
        "The point is a strict minimum: steep along {steep}, curvature {most:.4g}; shallow along "
        "{shallow}, {least:.4g}."
    ),
    "minimum.single": Template("The point is a strict minimum, with curvature {most:.4g}."),
    "maximum.up.single": Template("The point is a strict maximum, with curvature {most:.4g}."),
    "maximum.up": Template(
        "The point is a strict maximum: steep along {steep}, curvature {most:.4g}; shallow along "
        "{shallow}, {least:.4g}."
    ),
    "minimum.round": Template("The point is a strict minimum, with curvature {most:.4g} in every direction."),
    "maximum.up.round": Template(
        "The point is a strict maximum, with curvature {most:.4g} in every direction."
    ),
    "minimum.near": Template(
        "The point is near a strict minimum, {distance:.3g} away: steep along {steep}, curvature "
        "{most:.4g}; shallow along {shallow}, {least:.4g}."
    ),
    "minimum.single.near": Template(
        "The point is near a strict minimum, {distance:.3g} away, with curvature {most:.4g}."
    ),
    "minimum.round.near": Template(
        "The point is near a strict minimum, {distance:.3g} away, with curvature {most:.4g} in every "
        "direction."
    ),
    "maximum.up.near": Template(
        "The point is near a strict maximum, {distance:.3g} away: steep along {steep}, curvature "
        "{most:.4g}; shallow along {shallow}, {least:.4g}."
    ),
    "maximum.up.single.near": Template(
        "The point is near a strict maximum, {distance:.3g} away, with curvature {most:.4g}."
    ),
    "maximum.up.round.near": Template(
        "The point is near a strict maximum, {distance:.3g} away, with curvature {most:.4g} in every "
        "direction."
    ),
    "minimum.local": Template(
        "The point is a strict local minimum: steep along {steep}, curvature {most:.4g}; shallow along "
        "{shallow}, {least:.4g}."
    ),
    "minimum.single.local": Template("The point is a strict local minimum, with curvature {most:.4g}."),
    "maximum.up.single.local": Template("The point is a strict local maximum, with curvature {most:.4g}."),
    "maximum.up.local": Template(
        "The point is a strict local maximum: steep along {steep}, curvature {most:.4g}; shallow along "
        "{shallow}, {least:.4g}."
    ),
    "minimum.round.local": Template(
        "The point is a strict local minimum, with curvature {most:.4g} in every direction."
    ),
    "maximum.up.round.local": Template(
        "The point is a strict local maximum, with curvature {most:.4g} in every direction."
    ),
    "minimum.near.local": Template(
        "The point is near a strict local minimum, {distance:.3g} away: steep along {steep}, curvature "
        "{most:.4g}; shallow along {shallow}, {least:.4g}."
    ),
    "minimum.single.near.local": Template(
        "The point is near a strict local minimum, {distance:.3g} away, with curvature {most:.4g}."
    ),
    "minimum.round.near.local": Template(
        "The point is near a strict local minimum, {distance:.3g} away, with curvature {most:.4g} in every "
        "direction."
    ),
    "maximum.up.near.local": Template(
        "The point is near a strict local maximum, {distance:.3g} away: steep along {steep}, curvature "
        "{most:.4g}; shallow along {shallow}, {least:.4g}."
    ),
    "maximum.up.single.near.local": Template(
        "The point is near a strict local maximum, {distance:.3g} away, with curvature {most:.4g}."
    ),
    "maximum.up.round.near.local": Template(
        "The point is near a strict local maximum, {distance:.3g} away, with curvature {most:.4g} in every "
        "direction."
    ),
    "minimum.plain": Template("The point is a minimum."),
    "maximum.plain": Template("The point is a maximum."),
    "minimum.bare": Template("The point is a minimum within the bounds: no coordinate is free to move."),
    "maximum.bare": Template("The point is a maximum within the bounds: no coordinate is free to move."),
    "minimum.at_bound": Template(
        "The point is near a minimum on the bounds, {distance:.3g} away: up to the bound of {way} the objective "
        "still falls."
    ),
    "maximum.at_bound.up": Template(
        "The point is near a maximum on the bounds, {distance:.3g} away: up to the bound of {way} the objective "
        "still rises."
    ),
    "minimum.corner": Template(
        "The point is a minimum where the curvature is not one number: it goes from {least:.4g} to "
        "{most:.4g} with the direction."
    ),
    "maximum.corner.up": Template(
        "The point is a maximum where the curvature is not one number: it goes from {least:.4g} to "
        "{most:.4g} with the direction."
    ),
    "minimum.cusp": Template(
        "The point is a minimum without a finite curvature: values rise there faster than a square does."
    ),
    "maximum.cusp.up": Template(
        "The point is a maximum without a finite curvature: values fall there faster than a square does."
    ),
    "saddle": Template("The point is a saddle, not a minimum: the objective falls along {way}."),
    "saddle.up": Template("The point is a saddle, not a maximum: the objective rises along {way}."),
    "maximum": Template("The point is a maximum, not a minimum: the objective falls along {way}."),
    "minimum.up": Template("The point is a minimum, not a maximum: the objective rises along {way}."),
    "degenerate.flat_valley": Template(
        "The point is on the floor of a flat valley: along {way} nothing changes, so it is a minimum, and "
        "not the only one."
    ),
    "degenerate.flat_valley.up": Template(
        "The point is on a level ridge: along {way} nothing changes, so it is a maximum, and not the only "
        "one."
    ),
    "degenerate.higher_order_minimum": Template(
        "The point is a minimum without curvature along {way}: values rise there more slowly than a square "
        "does."
    ),
    "degenerate.higher_order_minimum.up": Template(
        "The point is a maximum without curvature along {way}: values fall there more slowly than a square "
        "does."
    ),
    "degenerate.inflection": Template(
        "The point is not a minimum but an inflection: the objective falls along {way} and rises the other "
        "way."
    ),
    "degenerate.inflection.up": Template(
        "The point is not a maximum but an inflection: the objective rises along {way} and falls the other "
        "way."
    ),
    "degenerate.asymptote": Template(
        "There is no minimum here: the objective keeps falling along {way}, ever more slowly."
    ),
    "degenerate.asymptote.up": Template(
        "There is no maximum here: the objective keeps rising along {way}, ever more slowly."
    ),
    "degenerate.endless": Template("There is no minimum here: the objective falls along {way} without end."),
    "degenerate.endless.up": Template(
        "There is no maximum here: the objective rises along {way} without end."
    ),
    "degenerate.pole": Template(
        "There is no minimum here: along {way} the objective falls without limit, into a pole."
    ),
    "degenerate.pole.up": Template(
        "There is no maximum here: along {way} the objective rises without limit, into a pole."
    ),
    "degenerate.plateau": Template(
        "The point is on a plateau, not at a minimum: far along {way} the objective is lower."
    ),
    "degenerate.plateau.up": Template(
        "The point is on a plateau, not at a maximum: far along {way} the objective is higher."
    ),
    "degenerate.undecided": Template(
        "The point is stationary; neither its curvature nor values further out decide what it is."
    ),
    "edge_of_domain": Template("The last good point is at the edge of the domain of the objective."),
    "edge_of_domain.least": Template(
        "The point lies at the edge of the domain along {way}, and inside it the objective rises on every side that "
        "was looked at."
    ),
    "edge_of_domain.least.up": Template(
        "The point lies at the edge of the domain along {way}, and inside it the objective falls on every side that "
        "was looked at."
    ),
    "edge_of_domain.nowhere": Template(
        "There is no point to judge: the objective is not finite where the run began."
    ),
    "kink.least": Template(
        "The point is a minimum on a kink along {way}: the gradient jumps there, and the objective rises on every side."
    ),
    "kink.least.up": Template(
        "The point is a maximum on a kink along {way}: the gradient jumps there, and the objective falls on every side."
    ),
    "kink.crest": Template(
        "The point is on a kink along {way} and no minimum: the gradient jumps there, and the objective falls away "
        "from it."
    ),
    "kink.crest.up": Template(
        "The point is on a kink along {way} and no maximum: the gradient jumps there, and the objective rises away "
        "from it."
    ),
    "kink.level": Template(
        "The point is on a kink along {way}: the gradient jumps there, and the 0 that it has at the point itself "
        "says little."
    ),
    "degenerate.jump": Template(
        "The point is no minimum: the value jumps right beside it, and along {way} the objective is lower at once."
    ),
    "degenerate.jump.up": Template(
        "The point is no maximum: the value jumps right beside it, and along {way} the objective is higher at once."
    ),
    "kink": Template("The point is on a kink along {way}: the gradient jumps there and does not vanish."),
    "not_stationary": Template("The point is not stationary: the gradient does not vanish there."),
    "not_stationary.curved": Template(
        "The point is not stationary; the objective is steep along {steep}, curvature {most:.4g}, and "
        "shallow along {shallow}, {least:.4g}."
    ),
    "not_stationary.opposed": Template(
        "The point is not stationary; the objective curves as much up along {steep}, curvature {most:.4g}, as "
        "down along {shallow}, {least:.4g}."
    ),
    "not_stationary.wrong_gradient": Template(
        "The gradient that was supplied vanishes here, and the derivative of the objective does not: the "
        "point is not stationary."
    ),
    "unknown.lost_in_rounding": Template(
        "The gradient is made of differences of values, which rounding alone makes as large as {distance:.2g} here: "
        "that it is within the tolerance says nothing."
    ),
    "small_by_units": Template(
        "The gradient is small only because of the units: the stationary point itself is {distance:.4g} away."
    ),
    "small_by_units.further": Template(
        "The gradient is small only because of the units: from here the objective still falls, to a point "
        "{distance:.4g} away."
    ),
    "small_by_units.further.up": Template(
        "The gradient is small only because of the units: from here the objective still rises, to a point "
        "{distance:.4g} away."
    ),
    "unseen": Template(
        "What kind of point it ended at cannot be told: this is a record, and the function is not in it."
    ),
    "unknown": Template("What kind of point this is was not looked into."),
    "unknown.too_many": Template(
        "What kind of point this is was not looked into: with so many parameters, their second derivatives "
        "would cost more than the run."
    ),
    "unknown.not_finite": Template(
        "What kind of point this is cannot be told: its second derivatives are not finite."
    ),
    "unknown.coarse": Template(
        "What kind of point this is cannot be told: differences of float32 gradients are too coarse for "
        "second derivatives."
    ),
    "unknown.random": Template(
        "What kind of point this is cannot be told: the function draws random numbers, and differences of "
        "such values measure the draw, not a curvature."
    ),
    "unknown.too_dear": Template(
        "What kind of point this is was not looked into: that would have taken longer than the run."
    ),
    "unknown.few_directions": Template(
        "Whether the point is a minimum was looked into along {n} direction only: there the objective does not "
        "curve downward.",
        "Whether the point is a minimum was looked into along {n} directions only: the objective curves downward "
        "along none of them.",
    ),
    "unknown.few_directions.curved": Template(
        "Whether the point is a minimum was looked into along {n} direction only: the objective curves upward "
        "there, at most by {most:.4g}, along {steep}, and as little as {least:.4g} along {shallow}.",
        "Whether the point is a minimum was looked into along {n} directions only: the objective curves upward "
        "along all of them, at most by {most:.4g}, along {steep}, and as little as {least:.4g} along {shallow}.",
    ),
    "unknown.few_directions.curved.up": Template(
        "Whether the point is a maximum was looked into along {n} direction only: the objective curves downward "
        "there, at most by {most:.4g}, along {steep}, and as little as {least:.4g} along {shallow}.",
        "Whether the point is a maximum was looked into along {n} directions only: the objective curves downward "
        "along all of them, at most by {most:.4g}, along {steep}, and as little as {least:.4g} along {shallow}.",
    ),
    "unknown.few_directions.up": Template(
        "Whether the point is a maximum was looked into along {n} direction only: there the objective does not "
        "curve upward.",
        "Whether the point is a maximum was looked into along {n} directions only: the objective curves upward "
        "along none of them.",
    ),
    "unknown.curves_down": Template(
        "The point is no minimum: the objective curves downward along {way} and falls there. Whether it is a saddle "
        "or a maximum was not looked into."
    ),
    "unknown.curves_down.up": Template(
        "The point is no maximum: the objective curves upward along {way} and rises there. Whether it is a saddle "
        "or a minimum was not looked into."
    ),
    "unknown.unfinished": Template(
        "What kind of point this leads to cannot be told yet: the gradient that is left outweighs what the "
        "curvature shows."
    ),
}

HELD: Mapping[str, Template] = {
    "lower": Template("Bounds hold {names} at the end: beyond them the objective would be lower."),
    "lower.up": Template("Bounds hold {names} at the end: beyond them the objective would be higher."),
}
