"""What is said of each cause, by its code; ``.local`` where it holds near a point only, ``.up`` for an ascent."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.explain.sentences import causes_of_rates
from downslope.explain.sentences.fits import CODES_OF_FITS
from downslope.messages import Template

# Every code, the gravest first: in this order causes are told.
CODES = (
    "gradient_mismatch",
    "target_out_of_reach",
    "wrong_least_value",
    "left_domain",
    "edge_of_domain",
    "pole",
    "overflow",
    "unbounded_below",
    "separation",
    "grows_without_bound",
    "rmse_rate",
    "rmse_chatter",
    "learning_rate_above_limit",
    "momentum_too_large",
    "zigzag",
    "learning_rate_too_small",
    "kink",
    "saddle",
    "flat",
    "rounding_floor",
    "stalled",
    "ill_conditioned",
    "schedule_too_fast",
    "weight_decay",
    "cycle",
    "chatter",
    "step_size_bounds",
    "loose_tolerance",
    "active_bounds",
    "too_few_steps",
    *CODES_OF_FITS,
    "unexplained",
)

FINDINGS: Mapping[str, Template] = {
    **causes_of_rates.FINDINGS,
    "gradient_mismatch.sign": Template(
        "The gradient supplied has the wrong sign: it is minus the derivative of the objective."
    ),
    "gradient_mismatch.factor_two": Template(
        "The gradient supplied is 2 times the derivative of the objective."
    ),
    "gradient_mismatch.half": Template(
        "The gradient supplied is half the derivative of the objective: a factor 2 is missing."
    ),
    "gradient_mismatch.sum_for_mean": Template(
        "The gradient supplied is {ratio:.6g} times the derivative of the objective, which is n/2 for n = "
        "{n}: a sum without its factor 2, where the derivative is 2 times the mean."
    ),
    "gradient_mismatch.sum": Template(
        "The gradient supplied is {ratio:.6g} times the derivative of the objective, which is n: a sum "
        "over the {n} data where the derivative has their mean."
    ),
    "gradient_mismatch.mean": Template(
        "The gradient supplied is {ratio:.6g} times the derivative of the objective, which is 1/n for n = "
        "{n}: a mean over the data where the derivative has their sum."
    ),
    "gradient_mismatch.mean_for_sum": Template(
        "The gradient supplied is {ratio:.6g} times the derivative of the objective, which is 2/n for n = "
        "{n}: a mean, with a factor 2, where the derivative has half the sum."
    ),
    "gradient_mismatch.zero": Template("The gradient supplied has nothing of the derivative in it."),
    "gradient_mismatch.constant": Template(
        "The gradient supplied is {ratio:.6g} times the derivative of the objective, everywhere: it points "
        "the right way, with the wrong length. A sum taken for a mean, or a factor 2, does that."
    ),
    "gradient_mismatch.one_coordinate": Template(
        "The gradient supplied for {coordinate} is not the derivative of the objective; the other "
        "coordinates are right."
    ),
    "gradient_mismatch.one_coordinate.sign": Template(
        "The gradient supplied for {coordinate} has the wrong sign; the other coordinates are right."
    ),
    "gradient_mismatch.one_coordinate.factor_two": Template(
        "The gradient supplied for {coordinate} is 2 times the derivative; the other coordinates are right."
    ),
    "gradient_mismatch.one_coordinate.half": Template(
        "The gradient supplied for {coordinate} is half the derivative: a factor 2 is missing; the other "
        "coordinates are right."
    ),
    "gradient_mismatch.permuted": Template("The gradient supplied has the right numbers in the wrong order."),
    "gradient_mismatch.transposed": Template("The gradient supplied is the derivative transposed."),
    "gradient_mismatch.different": Template(
        "The gradient supplied is not the derivative of the objective, most of all in {coordinate}."
    ),
    "left_domain": Template("Step {step} left the domain: {expression} with {argument} = {value:.6g}."),
    "left_domain.pole": Template(
        "Step {step} left the domain: {expression} with {argument} = {value:.6g}. On its way lies a pole, "
        "{place}, towards which the value falls without limit."
    ),
    "left_domain.pole.up": Template(
        "Step {step} left the domain: {expression} with {argument} = {value:.6g}. On its way lies a pole, "
        "{place}, towards which the value rises without limit."
    ),
    "left_domain.start": Template(
        "The start is outside the domain: {expression} with {argument} = {value:.6g}."
    ),
    "left_domain.slope": Template(
        "Step {step} went where the objective has no slope along {of}: {expression} with {argument} = "
        "{value:.6g}."
    ),
    "left_domain.slope.start": Template(
        "At the start the objective has no slope along {of}: {expression} with {argument} = {value:.6g}."
    ),
    "left_domain.opaque": Template("Step {step} left the domain: the function gives no finite number there."),
    "left_domain.opaque.start": Template(
        "The start is outside the domain: the function gives no finite number there."
    ),
    "edge_of_domain": Template(
        "The run stands at the edge of the domain, {place}, towards which the objective falls: beyond it "
        "{expression} with {argument} = {value:.6g} is not a number, so no step leads on."
    ),
    "edge_of_domain.up": Template(
        "The run stands at the edge of the domain, {place}, towards which the objective rises: beyond it "
        "{expression} with {argument} = {value:.6g} is not a number, so no step leads on."
    ),
    "edge_of_domain.opaque": Template(
        "The run stands at the edge of the domain, {place}, towards which the objective falls: beyond it the "
        "function gives no finite number, so no step leads on."
    ),
    "edge_of_domain.opaque.up": Template(
        "The run stands at the edge of the domain, {place}, towards which the objective rises: beyond it the "
        "function gives no finite number, so no step leads on."
    ),
    "overflow": Template("At step {step} a number overflowed: {expression} with {argument} = {value:.6g}."),
    "overflow.start": Template(
        "A number overflows at the start: {expression} with {argument} = {value:.6g}."
    ),
    "overflow.slope": Template(
        "At step {step} the slope along {of} overflowed: {expression} with {argument} = {value:.6g}."
    ),
    "overflow.slope.start": Template(
        "The slope along {of} overflows at the start: {expression} with {argument} = {value:.6g}."
    ),
    "unbounded_below.negative_curvature": Template(
        "The objective has no minimum: along {along} its curvature is {curvature:.4g}, so it falls without "
        "end; {far:.3g} away it is {value_there:.3g}."
    ),
    "unbounded_below.slope": Template(
        "The objective has no minimum: along {along} it falls in a straight line without end; {far:.3g} "
        "away it is {value_there:.3g}."
    ),
    "unbounded_below.seen": Template(
        "The value falls without end, as far as was seen: after {n:,} step it is {value:.3g}.",
        "The value falls without end, as far as was seen: after {n:,} steps it is {value:.3g}.",
    ),
    "unbounded_below.values": Template(
        "The objective has no minimum as far as can be seen: along {along} it falls on and on; {far:.3g} "
        "away it is {value_there:.3g}."
    ),
    "weight_decay": Template(
        "The weight decay {decay:.4g} of {rule} pulls the point away from where the gradient vanishes, at every step."
    ),
    "too_few_steps.tried": Template(
        "{n:,} step was too few: the gradient norm is {gradient_norm:.3g}, and {wanted:.3g} was asked for.",
        "{n:,} steps were too few: the gradient norm is {gradient_norm:.3g}, and {wanted:.3g} was asked for.",
    ),
    "unexplained": Template("None of the causes that are known here explains how the run ended."),
    "unexplained.test": Template(
        "After {n:,} step no test has passed, and none of the causes that are known here explains why: the "
        "gradient norm is {gradient_norm:.3g}.",
        "After {n:,} steps no test has passed, and none of the causes that are known here explains why: the "
        "gradient norm is {gradient_norm:.3g}.",
    ),
    "kink": Template(
        "The gradient jumps at a kink, where {expression} has its corner: it does not fade there, so steps "
        "of a constant learning rate never settle and no tolerance on the gradient is met."
    ),
    "kink.opaque": Template(
        "The gradient jumps at a kink along {along}: it does not fade there, so steps of a constant "
        "learning rate never settle and no tolerance on the gradient is met."
    ),
    "kink.adaptive": Template(
        "The gradient jumps at a kink, where {expression} has its corner: it does not fade there, so no "
        "tolerance on the gradient is met."
    ),
    "kink.opaque.adaptive": Template(
        "The gradient jumps at a kink along {along}: it does not fade there, so no tolerance on the gradient is "
        "met."
    ),
    "kink.start": Template(
        "The run began on a kink, where {expression} has its corner: the gradient jumps there, and has no value but "
        "that of a convention, so that no step leads away from it."
    ),
    "kink.cone": Template(
        "The objective is a square root that can fall to 0: there, at {place}, it has the tip of a cone, where the "
        "gradient jumps. It does not fade towards it: no tolerance on the gradient is met, and steps lead past it."
    ),
    "kink.standing": Template(
        "The run stands on a kink along {along}: the gradient has no value there but that of a convention, "
        "so that a test on it says little."
    ),
    "saddle.saddle": Template(
        "The run stands at a saddle: the curvature is {curvature:.4g} along {along}, and a nudge that way "
        "leads on."
    ),
    "saddle.maximum": Template(
        "The run stands at a maximum: every way leads down, most steeply along {along}."
    ),
    "saddle.curves_down": Template(
        "The run stands where the objective curves downward along {along}, curvature {curvature:.4g}: a nudge that "
        "way leads on."
    ),
    "saddle.minimum": Template(
        "The run stands at a minimum: every way leads up, most steeply along {along}."
    ),
    "saddle.inflection.start": Template(
        "The run began on an inflection: the objective falls beyond it along {along}."
    ),
    "saddle.inflection": Template(
        "The run creeps up to an inflection: the objective goes on falling beyond it along {along}, with "
        "the power {order:.3g} of the distance."
    ),
    "saddle.inflection.unmeasured": Template(
        "The run creeps up to an inflection: the objective goes on falling beyond it along {along}."
    ),
    "saddle.plateau": Template("The run stands on a plateau: far along {along} the objective is better."),
    "flat.flat_valley": Template(
        "Along {along} nothing changes: the minimum is not one point but a whole valley, and where on it a "
        "run ends depends on its start."
    ),
    "flat.higher_order_minimum": Template(
        "At the minimum there is no curvature along {along}: the gradient fades long before the point "
        "arrives, and steps get ever shorter."
    ),
    "flat.higher_order_minimum.order": Template(
        "At the minimum there is no curvature along {along}: values rise with the power {order:.3g} of the "
        "distance, so the gradient fades long before the point arrives."
    ),
    "flat.asymptote": Template(
        "The objective keeps falling along {along} and has no minimum there: the gradient fades while the "
        "point runs off, {moved:.4g} so far."
    ),
    "flat.asymptote.start": Template(
        "The objective keeps falling along {along} and has no minimum there: where the run began the gradient has "
        "faded to {gradient_norm:.3g} already."
    ),
    "flat.endless": Template(
        "The objective falls along {along} without end and has no minimum there: the gradient "
        "{gradient_norm:.3g} is small only because of the units."
    ),
    "flat.plateau": Template(
        "The ground is so flat here that the gradient is {gradient_norm:.3g}; far along {along} the "
        "objective is lower."
    ),
    "flat.jump": Template(
        "The value jumps right beside the point: along {along} it is lower at once, which no gradient shows."
    ),
    "flat.undecided": Template(
        "The ground is so flat along {along} that rounding hides whether it rises or falls."
    ),
    "flat.small_by_units": Template(
        "The gradient {gradient_norm:.3g} is within the tolerance only because of the units: the curvature "
        "is {curvature:.3g}, and the minimum is {distance:.4g} away."
    ),
    "flat.further": Template(
        "The gradient {gradient_norm:.3g} is within the tolerance only because of the units: beside a value of "
        "{value:.3g} it is no small one, and from here the objective still falls, to a point {distance:.4g} away."
    ),
    "rounding_floor": Template(
        "The tolerance {tolerance:.3g} is not met in {precision}: on this way rounding alone keeps the "
        "gradient at about {floor:.2g}."
    ),
    "rounding_floor.differences": Template(
        "Beside values of {value:.3g} their changes are lost in rounding: leave out what is constant in them, or give "
        "the gradient."
    ),
    "stalled": Template(
        "The run stalled at step {step}: the point no longer moves though the gradient is "
        "{gradient_norm:.3g}."
    ),
    "stalled.nothing_left": Template(
        "The run stands still since step {step}: the gradient is 0, and the test that was asked for has not passed."
    ),
    "stalled.squares": Template(
        "The run stalled at step {step}: the gradient is {gradient_norm:.3g}, and its square, which the method "
        "works with, is beyond the largest number of {precision}."
    ),
    "stalled.short": Template(
        "The run stalled at step {step}: a step is {step_length:.2g} long, and numbers of this size lie "
        "{spacing:.2g} apart."
    ),
    "target_out_of_reach": Template(
        "The target {target:.6g} is below what the objective has near by: {value:.6g} at its minimum, {place}."
    ),
    "wrong_least_value.high": Template(
        "{rule} was told that the least value is {told:.6g}, and the objective goes down to {value:.6g} at its "
        "minimum, {place}: it stops where the value is what it was told."
    ),
    "wrong_least_value.low": Template(
        "{rule} was told that the least value is {told:.6g}, and at its minimum near by, {place}, the objective has "
        "{value:.6g}: the steps are too long, and do not fade there."
    ),
    "cycle": Template(
        "The points repeat themselves, with a period of {period} steps and a width of {width:.4g}, while "
        "the gradient stays at {gradient_norm:.3g}: the run has settled into a cycle, and more steps "
        "change nothing."
    ),
    "cycle.unknown": Template(
        "The points repeat themselves while the gradient stays at {gradient_norm:.3g}: the run has settled "
        "into a cycle, and more steps change nothing."
    ),
    "chatter": Template(
        "The steps of {rule} do not fade with the gradient: with a learning rate of {learning_rate:.4g} "
        "they stay about {length:.2g} long, and the point goes round the minimum at a distance of about "
        "{distance:.2g}."
    ),
    "step_size_bounds.min_step": Template(
        "Every step of {rule} has the least length that it allows, {bound:.3g}, which is too long to meet "
        "the tolerance."
    ),
    "step_size_bounds.max_step": Template(
        "Every step of {rule} has the greatest length that it allows, {bound:.3g}: the way is longer than "
        "that."
    ),
    "loose_tolerance.value": Template(
        "The test was loose: the last step changed the value by no more than {tolerance:.3g}, yet the "
        "gradient is still {gradient_norm:.3g}, {left:.2g} times that at the start."
    ),
    "loose_tolerance.step": Template(
        "The test was loose: the last step was no longer than {tolerance:.3g}, yet the gradient is still "
        "{gradient_norm:.3g}, {left:.2g} times that at the start."
    ),
    "loose_tolerance.gradient": Template(
        "The tolerance {tolerance:.3g} is loose: the gradient is still {left:.2g} times that at the start, "
        "and the part {part:.2g} of the way is still to go."
    ),
    "too_few_steps": Template(
        "The run was still on its way: after {n:,} step the gradient norm is {gradient_norm:.3g}, and "
        "{wanted:.3g} was asked for.",
        "The run was still on its way: after {n:,} steps the gradient norm is {gradient_norm:.3g}, and "
        "{wanted:.3g} was asked for.",
    ),
    "too_few_steps.other_test": Template(
        "The run was still on its way: after {n:,} step no test that was asked for had passed.",
        "The run was still on its way: after {n:,} steps no test that was asked for had passed.",
    ),
    "active_bounds": Template("Bounds hold {names}: beyond them the objective would be better."),
    "pole": Template(
        "After step {step} the run jumped over a pole of the objective, where {expression} is 0: {place}."
    ),
    "pole.falling": Template(
        "After step {step} the run jumped over a pole of the objective, where {expression} is 0: {place}. On "
        "the side that it came from the objective falls towards it without limit."
    ),
    "pole.onto": Template(
        "Step {step} led onto a pole of the objective, where {expression} is 0: {place}. Towards it the value falls "
        "without limit."
    ),
    "pole.onto.function": Template(
        "Step {step} led onto a pole of {expression}: {place}. Towards it the value falls without limit."
    ),
    "pole.onto.function.up": Template(
        "Step {step} led onto a pole of {expression}: {place}. Towards it the value rises without limit."
    ),
    "pole.into": Template(
        "The run fell into a pole of the objective, where {expression} is 0: {place}. Towards it the value falls "
        "without limit, and after {step} steps it is {value:.3g}."
    ),
    "pole.into.opaque": Template(
        "The run fell into a pole of the objective, near {place}: towards it the value falls without limit, and "
        "after {step} steps it is {value:.3g}."
    ),
    "ill_conditioned": Template(
        "The curvatures lie {condition:,.4g} times apart, from {largest:.4g} along {steep} to "
        "{smallest:.4g} along {shallow}: steepest descent at the constant learning rate that is best in the long "
        "run, {best_rate:.4g}, takes {steps_at_best_rate:,.0f} steps."
    ),
    "ill_conditioned.local": Template(
        "Near the minimum the curvatures lie {condition:,.4g} times apart, from {largest:.4g} along "
        "{steep} to {smallest:.4g} along {shallow}: there steepest descent at the constant learning rate that is "
        "best in the long run, {best_rate:.4g}, takes about {steps_at_best_rate:,.0f} steps."
    ),
}
