"""What was found of runs that climbed, where the sentence for a descent would not do."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

FINDINGS_OF_CLIMBS: Mapping[str, Template] = {
    "learning_rate_above_limit.thrown.up": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, over the higher ground, from the value {before:.4g} down to {after:.4g}. "
        "There the gradient is small, {slope:.3g} at the end, and the point has moved {since:.3g} since."
    ),
    "learning_rate_above_limit.thrown.last.up": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, over the higher ground, from the value {before:.4g} down to {after:.4g}. "
        "There the run ended, where the gradient is small, {slope:.3g}."
    ),
    "learning_rate_above_limit.thrown.over.up": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, from the value {before:.4g} to {after:.4g}, over ground as high as "
        "{lowest:.4g}. There the gradient is small, {slope:.3g} at the end, and the point has moved {since:.3g} since."
    ),
    "learning_rate_above_limit.thrown.over.last.up": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, from the value {before:.4g} to {after:.4g}, over ground as high as "
        "{lowest:.4g}. There the run ended, where the gradient is small, {slope:.3g}."
    ),
    "pole.falling.up": Template(
        "After step {step} the run jumped over a pole of the objective, where {expression} is 0: {place}. On "
        "the side that it came from the objective rises towards it without limit."
    ),
    "pole.onto.up": Template(
        "Step {step} led onto a pole of the objective, where {expression} is 0: {place}. Towards it the value rises "
        "without limit."
    ),
    "pole.into.up": Template(
        "The run rose into a pole of the objective, where {expression} is 0: {place}. Towards it the value rises "
        "without limit, and after {step} steps it is {value:.3g}."
    ),
    "pole.into.opaque.up": Template(
        "The run rose into a pole of the objective, near {place}: towards it the value rises without limit, and "
        "after {step} steps it is {value:.3g}."
    ),
    "unbounded_below.negative_curvature.up": Template(
        "The objective has no maximum: along {along} its curvature is {curvature:.4g}, so it rises without "
        "end; {far:.3g} away it is {value_there:.3g}."
    ),
    "unbounded_below.slope.up": Template(
        "The objective has no maximum: along {along} it rises in a straight line without end; {far:.3g} "
        "away it is {value_there:.3g}."
    ),
    "unbounded_below.seen.up": Template(
        "The value rises without end, as far as was seen: after {n:,} step it is {value:.3g}.",
        "The value rises without end, as far as was seen: after {n:,} steps it is {value:.3g}.",
    ),
    "learning_rate_above_limit.close.up": Template(
        "The learning rate {learning_rate:.10g} is just above the limit {limit:.10g} that the downward curvature "
        "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.10g} at every step."
    ),
    "unbounded_below.values.up": Template(
        "The objective has no maximum as far as can be seen: along {along} it rises on and on; {far:.3g} "
        "away it is {value_there:.3g}."
    ),
    "flat.asymptote.up": Template(
        "The objective keeps rising along {along} and has no maximum there: the gradient fades while the "
        "point runs off, {moved:.4g} so far."
    ),
    "kink.cone.up": Template(
        "The objective is minus a square root that can fall to 0: there, at {place}, it has the tip of a cone, where "
        "the gradient jumps. It does not fade towards it: no tolerance on the gradient is met, and steps lead past it."
    ),
    "rmse_rate.up": Template(
        "The objective is minus a square root, whose slope does not fade towards its maximum, so that a learning rate "
        "acts on the square as if divided by twice the root: near the least root {least_value:.4g} the rate "
        "{learning_rate:.4g} is above the limit {limit:.4g}, and no step settles."
    ),
    "rmse_chatter.up": Template(
        "The objective is minus a square root that can fall to 0, and there its slope does not fade: with a constant "
        "learning rate of {learning_rate:.4g} it chatters for ever around values of {value:.3g}."
    ),
    "flat.asymptote.start.up": Template(
        "The objective keeps rising along {along} and has no maximum there: where the run began the gradient has "
        "faded to {gradient_norm:.3g} already."
    ),
    "zigzag.at.up": Template(
        "The path zig-zags: the learning rate {learning_rate:.4g} is all but the limit {limit:.4g} that the downward "
        "curvature {curvature:.4g} along {along} sets at the maximum, and every step leads to the other side and "
        "hardly nearer."
    ),
    "learning_rate_above_limit.bounded.up": Template(
        "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the downward curvature "
        "{curvature:.4g} along {along} sets: every step leads further to the other side, until a bound stops it."
    ),
    "wrong_least_value.high.up": Template(
        "{rule}, which sees a climb upside down, was told that the least value is {told:.6g}, and at the maximum, "
        "{place}, what it sees is {value:.6g}: it stops where that is what it was told."
    ),
    "wrong_least_value.low.up": Template(
        "{rule}, which sees a climb upside down, was told that the least value is {told:.6g}, and at the maximum near "
        "by, {place}, what it sees is {value:.6g}: the steps are too long, and do not fade there."
    ),
    "flat.endless.up": Template(
        "The objective rises along {along} without end and has no maximum there: the gradient "
        "{gradient_norm:.3g} is small only because of the units."
    ),
    "flat.plateau.up": Template(
        "The ground is so flat here that the gradient is {gradient_norm:.3g}; far along {along} the "
        "objective is higher."
    ),
    "flat.flat_valley.up": Template(
        "Along {along} nothing changes: the maximum is not one point but a whole ridge, and where on it a "
        "run ends depends on its start."
    ),
    "flat.higher_order_minimum.up": Template(
        "At the maximum there is no curvature along {along}: the gradient fades long before the point "
        "arrives, and steps get ever shorter."
    ),
    "flat.higher_order_minimum.order.up": Template(
        "At the maximum there is no curvature along {along}: values fall with the power {order:.3g} of the "
        "distance, so the gradient fades long before the point arrives."
    ),
    "flat.jump.up": Template(
        "The value jumps right beside the point: along {along} it is higher at once, which no gradient shows."
    ),
    "flat.undecided.up": Template(
        "The ground is so flat along {along} that rounding hides whether it rises or falls."
    ),
    "flat.small_by_units.up": Template(
        "The gradient {gradient_norm:.3g} is within the tolerance only because of the units: the curvature "
        "is {curvature:.3g}, and the maximum is {distance:.4g} away."
    ),
    "flat.further.up": Template(
        "The gradient {gradient_norm:.3g} is within the tolerance only because of the units: beside a value of "
        "{value:.3g} it is no small one, and from here the objective still rises, to a point {distance:.4g} away."
    ),
    "saddle.maximum.up": Template(
        "The run stands at a maximum: every way leads down, most steeply along {along}."
    ),
    "saddle.curves_down.up": Template(
        "The run stands where the objective curves upward along {along}, curvature {curvature:.4g}: a nudge that "
        "way leads on."
    ),
    "saddle.minimum.up": Template(
        "The run stands at a minimum, and a maximum was asked for: every way leads up, most steeply along "
        "{along}."
    ),
    "saddle.inflection.start.up": Template(
        "The run began on an inflection: the objective rises beyond it along {along}."
    ),
    "saddle.inflection.up": Template(
        "The run creeps up to an inflection: the objective goes on rising beyond it along {along}, with "
        "the power {order:.3g} of the distance."
    ),
    "saddle.inflection.unmeasured.up": Template(
        "The run creeps up to an inflection: the objective goes on rising beyond it along {along}."
    ),
    "learning_rate_above_limit.up": Template(
        "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the downward curvature "
        "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.4g} at every step, "
        "and the value fell from step {began} on."
    ),
    "learning_rate_above_limit.unseen.up": Template(
        "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the downward curvature "
        "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.4g} at every step, "
        "which the value does not show yet."
    ),
    "learning_rate_above_limit.onset.up": Template(
        "From step {began} on the learning rate {learning_rate:.4g} was above the limit {limit:.4g} that "
        "the downward curvature {curvature:.4g} met there along {along} sets."
    ),
    "learning_rate_above_limit.at.up": Template(
        "The learning rate {learning_rate:.4g} is the limit {limit:.4g} itself that the downward curvature "
        "{curvature:.4g} along {along} sets: there the error keeps its size at every step."
    ),
    "learning_rate_above_limit.local.up": Template(
        "From step {began} on the learning rate {learning_rate:.4g} was above the limit {limit:.4g} that "
        "the downward curvature {curvature:.4g} met there along {along} sets: every step was about "
        "{factor:.4g} times the last."
    ),
    "learning_rate_above_limit.bouncing.at.up": Template(
        "Around the maximum near by the learning rate {learning_rate:.4g} is all but the limit {limit:.4g} that the "
        "downward curvature {curvature:.4g} along {along} sets: there every step leads to the other side and hardly "
        "nearer."
    ),
    "learning_rate_above_limit.bouncing.up": Template(
        "Around the maximum near by the learning rate {learning_rate:.4g} is above the limit {limit:.4g} "
        "that the downward curvature {curvature:.4g} along {along} sets, so the steps bounce about it and "
        "never settle."
    ),
    "momentum_too_large.up": Template(
        "The momentum {momentum:.4g} is too large: the point swings about the maximum with a period of "
        "{period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; it will take "
        "{steps_needed:,.0f} steps. For this objective {best_momentum:.3g} is best."
    ),
    "momentum_too_large.local.up": Template(
        "Near the maximum the momentum {momentum:.4g} is too large: the point swings with a period of "
        "{period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; it would "
        "take about {steps_needed:,.0f} steps. There {best_momentum:.3g} is best."
    ),
    "zigzag.up": Template(
        "The path zig-zags: along {along}, where the downward curvature is {curvature:.4g}, every step "
        "multiplies the error by {factor:.4g}, while along {slow_along} it is {slow_factor:.4g}."
    ),
    "zigzag.single.up": Template(
        "The path zig-zags: the downward curvature is {curvature:.4g}, and every step multiplies the error "
        "by {factor:.4g}."
    ),
    "zigzag.local.up": Template(
        "The path zig-zags: near by, every step along {along}, where the downward curvature is "
        "{curvature:.4g}, multiplies the error by about {factor:.4g}."
    ),
    "zigzag.single.local.up": Template(
        "The path zig-zags: near by the downward curvature is {curvature:.4g}, and every step multiplies "
        "the error by about {factor:.4g}."
    ),
    "learning_rate_too_small.local.up": Template(
        "The learning rate {learning_rate:.4g} is {below:,.0f} times below the limit {limit:.4g} of the "
        "curvature on the way: near the maximum alone it would take {steps_needed:,.0f} steps."
    ),
    "target_out_of_reach.up": Template(
        "The target {target:.6g} is above what the objective has near by: {value:.6g} at its maximum, {place}."
    ),
    "chatter.up": Template(
        "The steps of {rule} do not fade with the gradient: with a learning rate of {learning_rate:.4g} "
        "they stay about {length:.2g} long, and the point goes round the maximum at a distance of about "
        "{distance:.2g}."
    ),
    "ill_conditioned.up": Template(
        "The downward curvatures lie {condition:,.4g} times apart, from {largest:.4g} along {steep} to "
        "{smallest:.4g} along {shallow}: even the best constant learning rate {best_rate:.4g} takes "
        "{steps_at_best_rate:,.0f} steps."
    ),
    "ill_conditioned.local.up": Template(
        "Near the maximum the downward curvatures lie {condition:,.4g} times apart, from {largest:.4g} "
        "along {steep} to {smallest:.4g} along {shallow}: even the best constant learning rate there, "
        "{best_rate:.4g}, takes about {steps_at_best_rate:,.0f} steps."
    ),
}
