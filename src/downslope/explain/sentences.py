"""Every sentence of an explanation: whole templates with named fields, to be translated as they stand.

Nothing here decides anything, and no sentence is put together from pieces. A language is one mapping like
``ENGLISH``. A key that ends in ``.one`` is the same sentence for a count of exactly 1; one that ends in ``.up`` is for
an ascent, ``.local`` for what holds near a point only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POINTS: Mapping[str, str] = {
    "minimum": "The point is a strict minimum: steep along {steep}, curvature {most:.4g}; shallow along "
    "{shallow}, {least:.4g}.",
    "minimum.single": "The point is a strict minimum, with curvature {most:.4g}.",
    "maximum.up.single": "The point is a strict maximum, with curvature {most:.4g}.",
    "maximum.up": "The point is a strict maximum: steep along {steep}, curvature {most:.4g}; shallow along "
    "{shallow}, {least:.4g}.",
    "minimum.round": "The point is a strict minimum, with curvature {most:.4g} in every direction.",
    "maximum.up.round": "The point is a strict maximum, with curvature {most:.4g} in every direction.",
    "minimum.near": "The point is near a strict minimum, {distance:.3g} away: steep along {steep}, curvature "
    "{most:.4g}; shallow along {shallow}, {least:.4g}.",
    "minimum.single.near": "The point is near a strict minimum, {distance:.3g} away, with curvature {most:.4g}.",
    "minimum.round.near": "The point is near a strict minimum, {distance:.3g} away, with curvature "
    "{most:.4g} in every direction.",
    "maximum.up.near": "The point is near a strict maximum, {distance:.3g} away: steep along {steep}, curvature "
    "{most:.4g}; shallow along {shallow}, {least:.4g}.",
    "maximum.up.single.near": "The point is near a strict maximum, {distance:.3g} away, with curvature "
    "{most:.4g}.",
    "maximum.up.round.near": "The point is near a strict maximum, {distance:.3g} away, with curvature "
    "{most:.4g} in every direction.",
    "minimum.bare": "The point is a minimum within the bounds: no coordinate is free to move.",
    "maximum.bare": "The point is a maximum within the bounds: no coordinate is free to move.",
    "saddle": "The point is a saddle, not a minimum: the objective falls along {way}.",
    "saddle.up": "The point is a saddle, not a maximum: the objective rises along {way}.",
    "maximum": "The point is a maximum, not a minimum: the objective falls along {way}.",
    "minimum.up": "The point is a minimum, not a maximum: the objective rises along {way}.",
    "degenerate.flat_valley": "The point is on the floor of a flat valley: along {way} nothing changes, so it is "
    "a minimum, and not the only one.",
    "degenerate.flat_valley.up": "The point is on a level ridge: along {way} nothing changes, so it is a "
    "maximum, and not the only one.",
    "degenerate.higher_order_minimum": "The point is a minimum without curvature along {way}: values rise there "
    "more slowly than a square does.",
    "degenerate.higher_order_minimum.up": "The point is a maximum without curvature along {way}: values fall "
    "there more slowly than a square does.",
    "degenerate.inflection": "The point is not a minimum but an inflection: the objective falls along {way} and "
    "rises the other way.",
    "degenerate.inflection.up": "The point is not a maximum but an inflection: the objective rises along {way} "
    "and falls the other way.",
    "degenerate.asymptote": "There is no minimum here: the objective keeps falling along {way}, ever more "
    "slowly.",
    "degenerate.asymptote.up": "There is no maximum here: the objective keeps rising along {way}, ever more "
    "slowly.",
    "degenerate.plateau": "The point is on a plateau, not at a minimum: far along {way} the objective is lower.",
    "degenerate.plateau.up": "The point is on a plateau, not at a maximum: far along {way} the objective is "
    "higher.",
    "degenerate.undecided": "The point is stationary; neither its curvature nor values further out decide what "
    "it is.",
    "edge_of_domain": "The last good point is at the edge of the domain of the objective.",
    "kink": "The point is on a kink along {way}: the gradient jumps there and does not vanish.",
    "not_stationary": "The point is not stationary: the objective is still changing.",
    "not_stationary.curved": "The point is not stationary; the objective is steep along {steep}, curvature "
    "{most:.4g}, and shallow along {shallow}, {least:.4g}.",
    "not_stationary.wrong_gradient": "The gradient that was supplied vanishes here, and the derivative of "
    "the objective does not: the point is not stationary.",
    "small_by_units": "The gradient is small only because of the units: the stationary point itself is "
    "{distance:.4g} away.",
    "unseen": "What kind of point it ended at cannot be told: this is a record, and the function is not in it.",
    "unknown": "What kind of point this is was not looked into.",
    "unknown.too_many": "What kind of point this is was not looked into: with so many parameters, their second "
    "derivatives would cost more than the run.",
    "unknown.not_finite": "What kind of point this is cannot be told: its second derivatives are not finite.",
    "unknown.coarse": "What kind of point this is cannot be told: differences of float32 gradients are too "
    "coarse for second derivatives.",
    "unknown.random": "What kind of point this is cannot be told: the function draws random numbers, and "
    "differences of such values measure the draw, not a curvature.",
    "unknown.too_dear": "What kind of point this is was not looked into: that would have taken longer than "
    "the run.",
    "unknown.unfinished": "What kind of point this leads to cannot be told yet: the gradient that is left "
    "outweighs what the curvature shows.",
}

ABOVE = "learning_rate_above_limit"
FINDINGS: Mapping[str, str] = {
    "gradient_mismatch.sign": "The gradient supplied has the wrong sign: it is minus the derivative of the "
    "objective.",
    "gradient_mismatch.factor_two": "The gradient supplied is 2 times the derivative of the objective.",
    "gradient_mismatch.half": "The gradient supplied is half the derivative of the objective: a factor 2 is "
    "missing.",
    "gradient_mismatch.sum_for_mean": "The gradient supplied is {ratio:.6g} times the derivative of the "
    "objective, which is n/2 for n = {n}: a sum without its factor 2, where the derivative is 2 times the mean.",
    "gradient_mismatch.sum": "The gradient supplied is {ratio:.6g} times the derivative of the objective, which "
    "is n: a sum over the {n} data where the derivative has their mean.",
    "gradient_mismatch.mean": "The gradient supplied is {ratio:.6g} times the derivative of the objective, which "
    "is 1/n for n = {n}: a mean over the data where the derivative has their sum.",
    "gradient_mismatch.mean_for_sum": "The gradient supplied is {ratio:.6g} times the derivative of the "
    "objective, which is 2/n for n = {n}: a mean, with a factor 2, where the derivative has half the sum.",
    "gradient_mismatch.zero": "The gradient supplied has nothing of the derivative in it.",
    "gradient_mismatch.constant": "The gradient supplied is {ratio:.6g} times the derivative of the objective, "
    "everywhere: it points the right way, with the wrong length. A sum taken for a mean, or a factor 2, does "
    "that.",
    "gradient_mismatch.one_coordinate": "The gradient supplied for {coordinate} is not the derivative of the "
    "objective; the other coordinates are right.",
    "gradient_mismatch.one_coordinate.sign": "The gradient supplied for {coordinate} has the wrong sign; the "
    "other coordinates are right.",
    "gradient_mismatch.one_coordinate.factor_two": "The gradient supplied for {coordinate} is 2 times the "
    "derivative; the other coordinates are right.",
    "gradient_mismatch.one_coordinate.half": "The gradient supplied for {coordinate} is half the derivative: a "
    "factor 2 is missing; the other coordinates are right.",
    "gradient_mismatch.permuted": "The gradient supplied has the right numbers in the wrong order.",
    "gradient_mismatch.transposed": "The gradient supplied is the derivative transposed.",
    "gradient_mismatch.different": "The gradient supplied is not the derivative of the objective, most of all in "
    "{coordinate}.",
    "left_domain": "Step {step} left the domain: {expression} with {argument} = {value:.6g}.",
    "left_domain.start": "The start is outside the domain: {expression} with {argument} = {value:.6g}.",
    "left_domain.slope": "Step {step} went where the objective has no slope along {of}: {expression} with "
    "{argument} = {value:.6g}.",
    "left_domain.slope.start": "At the start the objective has no slope along {of}: {expression} with {argument} "
    "= {value:.6g}.",
    "left_domain.opaque": "Step {step} left the domain: the function gives no finite number there.",
    "left_domain.opaque.start": "The start is outside the domain: the function gives no finite number there.",
    "overflow": "At step {step} a number overflowed: {expression} with {argument} = {value:.6g}.",
    "overflow.start": "A number overflows at the start: {expression} with {argument} = {value:.6g}.",
    "overflow.slope": "At step {step} the slope along {of} overflowed: {expression} with {argument} = "
    "{value:.6g}.",
    "overflow.slope.start": "The slope along {of} overflows at the start: {expression} with {argument} = "
    "{value:.6g}.",
    "unbounded_below.negative_curvature": "The objective has no minimum: along {along} its curvature is "
    "{curvature:.4g}, so it falls without end; {far:.3g} away it is {value_there:.3g}.",
    "unbounded_below.negative_curvature.up": "The objective has no maximum: along {along} its curvature is "
    "{curvature:.4g}, so it rises without end; {far:.3g} away it is {value_there:.3g}.",
    "unbounded_below.slope": "The objective has no minimum: along {along} it falls in a straight line without "
    "end; {far:.3g} away it is {value_there:.3g}.",
    "unbounded_below.slope.up": "The objective has no maximum: along {along} it rises in a straight line without "
    "end; {far:.3g} away it is {value_there:.3g}.",
    "unbounded_below.values": "The objective has no minimum as far as can be seen: along {along} it falls on and "
    "on; {far:.3g} away it is {value_there:.3g}.",
    "unbounded_below.values.up": "The objective has no maximum as far as can be seen: along {along} it rises on "
    "and on; {far:.3g} away it is {value_there:.3g}.",
    "rmse_rate": "The objective is a square root, whose slope does not fade towards its minimum, so that a "
    "learning rate acts on the square as if divided by twice the root: near the least value {least_value:.4g} the "
    "rate {learning_rate:.4g} is above the limit {limit:.4g}, and no step settles.",
    "rmse_chatter": "The objective is a square root that can fall to 0, and there its slope does not fade: with "
    "a constant learning rate of {learning_rate:.4g} it chatters for ever around values of {value:.3g}.",
    ABOVE: "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the curvature "
    "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.4g} at every step, and the "
    "value rose from step {began} on.",
    f"{ABOVE}.unseen": "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the "
    "curvature {curvature:.4g} along {along} sets: there the error is multiplied by {factor:.4g} at every "
    "step, which the value does not show yet.",
    f"{ABOVE}.onset": "From step {began} on the learning rate {learning_rate:.4g} was above the limit "
    "{limit:.4g} that the curvature {curvature:.4g} met there along {along} sets.",
    f"{ABOVE}.at": "The learning rate {learning_rate:.4g} is the limit {limit:.4g} itself that the curvature "
    "{curvature:.4g} along {along} sets: there the error keeps its size at every step.",
    f"{ABOVE}.local": "From step {began} on the learning rate {learning_rate:.4g} was above the limit "
    "{limit:.4g} that the curvature {curvature:.4g} met there along {along} sets: every step was about "
    "{factor:.4g} times the last.",
    f"{ABOVE}.bouncing": "Around the minimum near by the learning rate {learning_rate:.4g} is above the limit "
    "{limit:.4g} that the curvature {curvature:.4g} along {along} sets, so the steps bounce about it and never "
    "settle.",
    f"{ABOVE}.measured": "The value got worse from step {began} on. What the largest learning rate of {rule} is "
    "on this objective no formula says; with a smaller one it does not.",
    f"{ABOVE}.measured.alone": "The value got worse from step {began} on, with {rule} and a learning rate of "
    "{learning_rate:.4g}.",
    "momentum_too_large": "The momentum {momentum:.4g} is too large: the point swings about the minimum with a "
    "period of {period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; it will take "
    "{steps_needed:,.0f} steps. For this objective {best_momentum:.3g} is best.",
    "momentum_too_large.local": "Near the minimum the momentum {momentum:.4g} is too large: the point swings "
    "with a period of {period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; it "
    "would take about {steps_needed:,.0f} steps. There {best_momentum:.3g} is best.",
    "zigzag": "The path zig-zags: along {along}, where the curvature is {curvature:.4g}, every step multiplies "
    "the error by {factor:.4g}, while along {slow_along} it is {slow_factor:.4g}.",
    "zigzag.one": "The path zig-zags: the curvature is {curvature:.4g}, and every step multiplies the error by "
    "{factor:.4g}.",
    "zigzag.local": "The path zig-zags: near by, every step along {along}, where the curvature is "
    "{curvature:.4g}, multiplies the error by about {factor:.4g}.",
    "zigzag.one.local": "The path zig-zags: near by the curvature is {curvature:.4g}, and every step multiplies "
    "the error by about {factor:.4g}.",
    "learning_rate_too_small": "The learning rate {learning_rate:.4g} is {below:,.0f} times below the limit "
    "{limit:.4g}: with it the way takes {steps_needed:,.0f} steps, with {best_rate:.4g} it takes "
    "{steps_possible:,.0f}.",
    "learning_rate_too_small.local": "The learning rate {learning_rate:.4g} is {below:,.0f} times below the "
    "limit {limit:.4g} of the curvature on the way: near the minimum alone it would take {steps_needed:,.0f} "
    "steps.",
    "learning_rate_too_small.measured": "The point is still walking straight on, {per_step:.3g} at each step: "
    "the learning rate {learning_rate:.4g}, which sets the length of the steps, is too small for the way.",
    "kink": "The gradient jumps at a kink, where {expression} has its corner: it does not fade there, so steps "
    "of a constant learning rate never settle and no tolerance on the gradient is met.",
    "kink.opaque": "The gradient jumps at a kink along {along}: it does not fade there, so steps of a constant "
    "learning rate never settle and no tolerance on the gradient is met.",
    "kink.standing": "The run stands on a kink along {along}: the gradient has no value there but that of a "
    "convention, so that a test on it says little.",
    "saddle.saddle": "The run stands at a saddle: the curvature is {curvature:.4g} along {along}, and a nudge "
    "that way leads on.",
    "saddle.maximum": "The run stands at a maximum: every way leads down, most steeply along {along}.",
    "saddle.minimum": "The run stands at a minimum: every way leads up, most steeply along {along}.",
    "saddle.inflection": "The run creeps up to an inflection: the objective goes on falling beyond it along "
    "{along}, with the power {order:.3g} of the distance.",
    "saddle.inflection.unmeasured": "The run creeps up to an inflection: the objective goes on falling beyond it "
    "along {along}.",
    "saddle.plateau": "The run stands on a plateau: far along {along} the objective is better.",
    "flat.flat_valley": "Along {along} nothing changes: the minimum is not one point but a whole valley, and "
    "where on it a run ends depends on its start.",
    "flat.higher_order_minimum": "At the minimum there is no curvature along {along}: the gradient fades long "
    "before the point arrives, and steps get ever shorter.",
    "flat.higher_order_minimum.order": "At the minimum there is no curvature along {along}: values rise with the "
    "power {order:.3g} of the distance, so the gradient fades long before the point arrives.",
    "flat.asymptote": "The objective keeps falling along {along} and has no minimum there: the gradient fades "
    "while the point runs off, {moved:.4g} so far.",
    "flat.asymptote.up": "The objective keeps rising along {along} and has no maximum there: the gradient "
    "fades while the point runs off, {moved:.4g} so far.",
    "flat.plateau.up": "The ground is so flat here that the gradient is {gradient_norm:.3g}; far along "
    "{along} the objective is higher.",
    "flat.flat_valley.up": "Along {along} nothing changes: the maximum is not one point but a whole ridge, "
    "and where on it a run ends depends on its start.",
    "flat.higher_order_minimum.up": "At the maximum there is no curvature along {along}: the gradient fades "
    "long before the point arrives, and steps get ever shorter.",
    "flat.higher_order_minimum.order.up": "At the maximum there is no curvature along {along}: values fall "
    "with the power {order:.3g} of the distance, so the gradient fades long before the point arrives.",
    "flat.undecided.up": "The ground is so flat along {along} that rounding hides whether it rises or falls.",
    "flat.small_by_units.up": "The gradient {gradient_norm:.3g} is within the tolerance only because of the "
    "units: the curvature is {curvature:.3g}, and the maximum is {distance:.4g} away.",
    "saddle.maximum.up": "The run stands at a maximum: every way leads down, most steeply along {along}.",
    "saddle.minimum.up": "The run stands at a minimum, and a maximum was asked for: every way leads up, "
    "most steeply along {along}.",
    "saddle.inflection.up": "The run creeps up to an inflection: the objective goes on rising beyond it "
    "along {along}, with the power {order:.3g} of the distance.",
    "saddle.inflection.unmeasured.up": "The run creeps up to an inflection: the objective goes on rising "
    "beyond it along {along}.",
    "flat.plateau": "The ground is so flat here that the gradient is {gradient_norm:.3g}; far along {along} the "
    "objective is lower.",
    "flat.undecided": "The ground is so flat along {along} that rounding hides whether it rises or falls.",
    "flat.small_by_units": "The gradient {gradient_norm:.3g} is within the tolerance only because of the units: "
    "the curvature is {curvature:.3g}, and the minimum is {distance:.4g} away.",
    "rounding_floor": "The tolerance {tolerance:.3g} is not met in {precision}: on this way rounding alone "
    "keeps the gradient at about {floor:.2g}.",
    "stalled": "The run stalled at step {step}: the point no longer moves though the gradient is "
    "{gradient_norm:.3g}.",
    "stalled.short": "The run stalled at step {step}: a step is {step_length:.2g} long, and numbers of this size "
    "lie {spacing:.2g} apart.",
    "cycle": "The points repeat themselves, with a period of {period} steps and a width of {width:.4g}, while the "
    "gradient stays at {gradient_norm:.3g}: the run has settled into a cycle, and more steps change nothing.",
    "cycle.unknown": "The points repeat themselves while the gradient stays at {gradient_norm:.3g}: the run "
    "has settled into a cycle, and more steps change nothing.",
    "chatter": "The steps of {rule} do not fade with the gradient: with a learning rate of "
    "{learning_rate:.4g} they stay about {length:.2g} long, and the point goes round the minimum at a "
    "distance of about {distance:.2g}.",
    "step_size_bounds.min_step": "Every step of {rule} has the least length that it allows, {bound:.3g}, "
    "which is too long to meet the tolerance.",
    "step_size_bounds.max_step": "Every step of {rule} has the greatest length that it allows, {bound:.3g}: "
    "the way is longer than that.",
    "loose_tolerance.value": "The test was loose: the last step changed the value by no more than "
    "{tolerance:.3g}, yet the gradient is still {gradient_norm:.3g}, {left:.2g} times that at the start.",
    "loose_tolerance.step": "The test was loose: the last step was no longer than {tolerance:.3g}, yet the "
    "gradient is still {gradient_norm:.3g}, {left:.2g} times that at the start.",
    "loose_tolerance.gradient": "The tolerance {tolerance:.3g} is loose: the gradient is still {left:.2g} "
    "times that at the start, and the part {part:.2g} of the way is still to go.",
    "schedule_too_fast": "The schedule has brought the learning rate from {first_rate:.4g} to "
    "{last_rate:.2g} by step {step}: the steps that are left are too short to arrive.",
    "too_few_steps.fit": "The descent was still on its way when it ended, after {steps:,} steps: the cost was "
    "{cost:.6g}, and no test on it had passed.",
    "too_few_steps.fit.one": "The descent was still on its way when it ended, after {steps:,} step: the cost was "
    "{cost:.6g}, and no test on it had passed.",
    "separation.reached": "The classes can be separated perfectly, so without a penalty no finite parameters are "
    "best: the cost falls towards zero as they grow for ever. Add a penalty (l2=0.01, --l2 0.01), or take the "
    "direction alone.",
    "separation.complete": "The classes can be separated perfectly, so without a penalty no finite parameters are "
    "best: the cost falls towards zero as they grow for ever along {along}. Add a penalty (l2=0.01, --l2 0.01), or "
    "take the direction alone.",
    "separation.quasi": "The classes can be separated but for rows on the border between them, so without a penalty "
    "no finite parameters are best: the cost falls on and on as they grow for ever along {along}. Add a penalty "
    "(l2=0.01, --l2 0.01).",
    "separation.counts": "Some counts of 0 can be told apart from all other counts, so without a penalty no finite "
    "parameters are best: their rates fall towards 0 for ever along {along}. Add a penalty (l2=0.01, --l2 0.01).",
    "grows_without_bound": "Some parameters grow without bound ({listed}) while the cost hardly falls any more: "
    "there is no minimum that way but the limit at infinity. Start elsewhere, or add a penalty (l2=0.01, --l2 0.01).",
    "undetermined.single": "The data do not determine {last}: the predictions do not depend on it.",
    "undetermined.apart": "The data do not determine {others} and {last} apart: the predictions depend on a "
    "combination only.",
    "undetermined.constant": "The feature of {names} is constant, so the data cannot tell it from the intercept.",
    "undetermined.twins": "The features of {first} and {second} are the same in every row: only the sum of the two "
    "parameters is determined (rank {rank} of {features}).",
    "few_digits": "With a condition number of {condition:.2g} about {digits} digits of the parameters can be trusted "
    "in float64, the rounding of the features included.",
    "worse_than_mean.start": "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}). Begin "
    "elsewhere: give another start (start=, --start), or another hypothesis.",
    "worse_than_mean.start.level": "The fit is worse than the mean of {target} alone would be ({target} is the same "
    "in every row). Begin elsewhere: give another start (start=, --start), or another hypothesis.",
    "worse_than_mean.constant": "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}). The "
    "hypothesis has no constant term to say that mean with: add one, '{target} ~ ... + b'.",
    "worse_than_mean.constant.level": "The fit is worse than the mean of {target} alone would be ({target} is the "
    "same in every row). The hypothesis has no constant term to say that mean with: add one, '{target} ~ ... + b'.",
    "worse_than_mean.steps": "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}). The descent "
    "has not gone far enough.",
    "worse_than_mean.steps.level": "The fit is worse than the mean of {target} alone would be ({target} is the same "
    "in every row). The descent has not gone far enough.",
    "worse_than_mean.no_better": "The fit is no better than the mean of {target} alone would be (R² = {r2:.2g}): some "
    "parameters have no effect at the point reached. Begin elsewhere: give another start (start=, --start).",
    "final_pass_differs": "The loss descended was {descended:.10g}, and one pass over the rows at the end gives "
    "{loss:.10g}; the latter is reported.",
    "conditioning.dependent": "The condition number of the standardised features is {condition:.3g}, set by {names}, "
    "which nearly depend on each other.",
    "conditioning.units": "As the columns stand, the condition number is {condition:.3g} ({strongest} acts "
    "{times:.3g} times as strongly as {weakest}); standardised it is {standardised:.3g} (standardize=True, "
    "--standardize), which takes descent with a constant rate some {fewer_steps:.2g} times fewer steps.",
    "conditioning.far": "As the columns stand, the condition number is {condition:.3g} (the features are far from "
    "their mean); standardised it is {standardised:.3g} (standardize=True, --standardize), which takes descent with a "
    "constant rate some {fewer_steps:.2g} times fewer steps.",
    "rmse_rate.standardised": "The learning rate {learning_rate:g} is above the limit 4 RMSE*/L = {limit:.3g} of the "
    "standardised features (largest curvature L = {curvature:.3g}).",
    "rmse_rate.standardised.best": "The learning rate {learning_rate:g} is above the limit 4 RMSE*/L = {limit:.3g} of "
    "the standardised features (largest curvature L = {curvature:.3g}); {best_rate:.3g} is the best constant rate.",
    f"{ABOVE}.standardised": "The learning rate {learning_rate:g} is above the limit {critical:.3g}/L = {limit:.3g} "
    "of the standardised features (largest curvature L = {curvature:.3g}).",
    f"{ABOVE}.standardised.best": "The learning rate {learning_rate:g} is above the limit {critical:.3g}/L = "
    "{limit:.3g} of the standardised features (largest curvature L = {curvature:.3g}); {best_rate:.3g} is the best "
    "constant rate.",
    f"{ABOVE}.standardised.start": "The learning rate {learning_rate:g} is above the limit {critical:.3g}/L = "
    "{limit:.3g} of the standardised features (largest curvature L = {curvature:.3g} at the start).",
    "too_few_steps": "The run was still on its way: after {steps} steps the gradient norm is "
    "{gradient_norm:.3g}, and {wanted:.3g} was asked for.",
    "active_bounds": "Bounds hold {names}: beyond them the objective would be better.",
    "pole": "After step {step} the run jumped over a pole of the objective, where {expression} is 0: {place}.",
    "ill_conditioned": "The curvatures lie {condition:,.4g} times apart, from {largest:.4g} along {steep} to "
    "{smallest:.4g} along {shallow}: even the best constant learning rate {best_rate:.4g} takes "
    "{steps_at_best_rate:,.0f} steps.",
    "ill_conditioned.local": "Near the minimum the curvatures lie {condition:,.4g} times apart, from "
    "{largest:.4g} along {steep} to {smallest:.4g} along {shallow}: even the best constant learning rate there, "
    "{best_rate:.4g}, takes about {steps_at_best_rate:,.0f} steps.",
    "learning_rate_above_limit.up": "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} "
    "that the downward curvature {curvature:.4g} along {along} sets: there the error is multiplied by "
    "{factor:.4g} at every step, and the value fell from step {began} on.",
    "learning_rate_above_limit.unseen.up": "The learning rate {learning_rate:.4g} is above the limit "
    "{limit:.4g} that the downward curvature {curvature:.4g} along {along} sets: there the error is "
    "multiplied by {factor:.4g} at every step, which the value does not show yet.",
    "learning_rate_above_limit.onset.up": "From step {began} on the learning rate {learning_rate:.4g} was "
    "above the limit {limit:.4g} that the downward curvature {curvature:.4g} met there along {along} sets.",
    "learning_rate_above_limit.at.up": "The learning rate {learning_rate:.4g} is the limit {limit:.4g} "
    "itself that the downward curvature {curvature:.4g} along {along} sets: there the error keeps its size "
    "at every step.",
    "learning_rate_above_limit.local.up": "From step {began} on the learning rate {learning_rate:.4g} was "
    "above the limit {limit:.4g} that the downward curvature {curvature:.4g} met there along {along} sets: "
    "every step was about {factor:.4g} times the last.",
    "learning_rate_above_limit.bouncing.up": "Around the maximum near by the learning rate "
    "{learning_rate:.4g} is above the limit {limit:.4g} that the downward curvature {curvature:.4g} along "
    "{along} sets, so the steps bounce about it and never settle.",
    "momentum_too_large.up": "The momentum {momentum:.4g} is too large: the point swings about the maximum "
    "with a period of {period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; "
    "it will take {steps_needed:,.0f} steps. For this objective {best_momentum:.3g} is best.",
    "momentum_too_large.local.up": "Near the maximum the momentum {momentum:.4g} is too large: the point "
    "swings with a period of {period:.3g} steps, and only the part {modulus:.4g} of the swing is left after "
    "each; it would take about {steps_needed:,.0f} steps. There {best_momentum:.3g} is best.",
    "zigzag.up": "The path zig-zags: along {along}, where the downward curvature is {curvature:.4g}, every "
    "step multiplies the error by {factor:.4g}, while along {slow_along} it is {slow_factor:.4g}.",
    "zigzag.up.one": "The path zig-zags: the downward curvature is {curvature:.4g}, and every step "
    "multiplies the error by {factor:.4g}.",
    "zigzag.local.up": "The path zig-zags: near by, every step along {along}, where the downward curvature "
    "is {curvature:.4g}, multiplies the error by about {factor:.4g}.",
    "zigzag.one.local.up": "The path zig-zags: near by the downward curvature is {curvature:.4g}, and every "
    "step multiplies the error by about {factor:.4g}.",
    "learning_rate_too_small.local.up": "The learning rate {learning_rate:.4g} is {below:,.0f} times below "
    "the limit {limit:.4g} of the curvature on the way: near the maximum alone it would take "
    "{steps_needed:,.0f} steps.",
    "chatter.up": "The steps of {rule} do not fade with the gradient: with a learning rate of "
    "{learning_rate:.4g} they stay about {length:.2g} long, and the point goes round the maximum at a "
    "distance of about {distance:.2g}.",
    "ill_conditioned.up": "The downward curvatures lie {condition:,.4g} times apart, from {largest:.4g} "
    "along {steep} to {smallest:.4g} along {shallow}: even the best constant learning rate {best_rate:.4g} "
    "takes {steps_at_best_rate:,.0f} steps.",
    "ill_conditioned.local.up": "Near the maximum the downward curvatures lie {condition:,.4g} times apart, "
    "from {largest:.4g} along {steep} to {smallest:.4g} along {shallow}: even the best constant learning "
    "rate there, {best_rate:.4g}, takes about {steps_at_best_rate:,.0f} steps.",
}

ADVICE: Mapping[str, str] = {
    "learning_rate": "A learning rate of {rate:.6g} converges in {steps:,} steps, to a gradient norm of "
    "{tolerance:.3g} (run and confirmed).",
    "learning_rate.one": "A learning rate of {rate:.6g} converges in {steps:,} step, to a gradient norm of "
    "{tolerance:.3g} (run and confirmed).",
    "learning_rate.own": "A learning rate of {rate:.6g} converges in {steps:,} steps, by the run's own test "
    "(run and confirmed).",
    "learning_rate.own.one": "A learning rate of {rate:.6g} converges in {steps:,} step, by the run's own "
    "test (run and confirmed).",
    "momentum": "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of {momentum:.4g} "
    "converges in {steps:,} steps, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    "momentum.one": "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of "
    "{momentum:.4g} converges in {steps:,} step, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    "momentum.own": "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of "
    "{momentum:.4g} converges in {steps:,} steps, by the run's own test (run and confirmed).",
    "momentum.own.one": "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of "
    "{momentum:.4g} converges in {steps:,} step, by the run's own test (run and confirmed).",
    "method": "The method {optimizer} converges in {steps:,} steps, to a gradient norm of {tolerance:.3g} "
    "(run and confirmed).",
    "method.one": "The method {optimizer} converges in {steps:,} step, to a gradient norm of "
    "{tolerance:.3g} (run and confirmed).",
    "method.own": "The method {optimizer} converges in {steps:,} steps, by the run's own test (run and "
    "confirmed).",
    "method.own.one": "The method {optimizer} converges in {steps:,} step, by the run's own test (run and "
    "confirmed).",
    "method_rate": "The method {optimizer} with a learning rate of {rate:.6g} converges in {steps:,} steps, "
    "to a gradient norm of {tolerance:.3g} (run and confirmed).",
    "method_rate.one": "The method {optimizer} with a learning rate of {rate:.6g} converges in {steps:,} "
    "step, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    "method_rate.own": "The method {optimizer} with a learning rate of {rate:.6g} converges in {steps:,} "
    "steps, by the run's own test (run and confirmed).",
    "method_rate.own.one": "The method {optimizer} with a learning rate of {rate:.6g} converges in "
    "{steps:,} step, by the run's own test (run and confirmed).",
    "leave_out": "Without optimizer and learning rate, a method that finds its own steps converges in "
    "{steps:,} steps, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    "leave_out.one": "Without optimizer and learning rate, a method that finds its own steps converges in "
    "{steps:,} step, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    "leave_out.own": "Without optimizer and learning rate, a method that finds its own steps converges in "
    "{steps:,} steps, by the run's own test (run and confirmed).",
    "leave_out.own.one": "Without optimizer and learning rate, a method that finds its own steps converges "
    "in {steps:,} step, by the run's own test (run and confirmed).",
    "no_schedule": "The learning rate {rate:.6g} without the schedule converges in {steps:,} steps, to a "
    "gradient norm of {tolerance:.3g} (run and confirmed).",
    "no_schedule.one": "The learning rate {rate:.6g} without the schedule converges in {steps:,} step, to a "
    "gradient norm of {tolerance:.3g} (run and confirmed).",
    "no_schedule.own": "The learning rate {rate:.6g} without the schedule converges in {steps:,} steps, by "
    "the run's own test (run and confirmed).",
    "no_schedule.own.one": "The learning rate {rate:.6g} without the schedule converges in {steps:,} step, "
    "by the run's own test (run and confirmed).",
    "steps": "With more steps it converges: it takes {steps:,}, to a gradient norm of {tolerance:.3g} (run "
    "and confirmed).",
    "steps.one": "With more steps it converges: it takes {steps:,}, to a gradient norm of {tolerance:.3g} "
    "(run and confirmed).",
    "steps.own": "With more steps it converges: it takes {steps:,}, by the run's own test (run and confirmed).",
    "steps.own.one": "With more steps it converges: it takes {steps:,}, by the run's own test (run and "
    "confirmed).",
    "gradient": "With the derivative itself the same run converges in {steps:,} steps, to a gradient norm "
    "of {tolerance:.3g} (run and confirmed).",
    "gradient.one": "With the derivative itself the same run converges in {steps:,} step, to a gradient "
    "norm of {tolerance:.3g} (run and confirmed).",
    "gradient.own": "With the derivative itself the same run converges in {steps:,} steps, by the run's own "
    "test (run and confirmed).",
    "gradient.own.one": "With the derivative itself the same run converges in {steps:,} step, by the run's "
    "own test (run and confirmed).",
    "start": "From {start} the same method converges in {steps:,} steps, to the value {value:.6g}, to a "
    "gradient norm of {tolerance:.3g} (run and confirmed).",
    "start.one": "From {start} the same method converges in {steps:,} step, to the value {value:.6g}, to a "
    "gradient norm of {tolerance:.3g} (run and confirmed).",
    "start.own": "From {start} the same method converges in {steps:,} steps, to the value {value:.6g}, by "
    "the run's own test (run and confirmed).",
    "start.own.one": "From {start} the same method converges in {steps:,} step, to the value {value:.6g}, "
    "by the run's own test (run and confirmed).",
    "bounds": "With the bounds {bounds} it converges in {steps:,} steps, to a gradient norm of "
    "{tolerance:.3g} (run and confirmed).",
    "bounds.one": "With the bounds {bounds} it converges in {steps:,} step, to a gradient norm of "
    "{tolerance:.3g} (run and confirmed).",
    "bounds.own": "With the bounds {bounds} it converges in {steps:,} steps, by the run's own test (run and "
    "confirmed).",
    "bounds.own.one": "With the bounds {bounds} it converges in {steps:,} step, by the run's own test (run "
    "and confirmed).",
    "tolerance": "A tolerance of {tolerance:.3g} is met in {steps:,} steps (run and confirmed).",
    "tolerance.one": "A tolerance of {tolerance:.3g} is met in {steps:,} step (run and confirmed).",
    "tolerance_and_rate": "A tolerance of {tolerance:.3g} with a learning rate of {rate:.4g} is met in "
    "{steps:,} steps (run and confirmed).",
    "tolerance_and_rate.one": "A tolerance of {tolerance:.3g} with a learning rate of {rate:.4g} is met in "
    "{steps:,} step (run and confirmed).",
    "square": "Its square, descended with a learning rate of {rate:.4g}, converges in {steps:,} steps to "
    "the same minimum (run and confirmed).",
    "square.one": "Its square, descended with a learning rate of {rate:.4g}, converges in {steps:,} step to "
    "the same minimum (run and confirmed).",
    "schedule": "The same learning rate with the schedule {schedule} reaches the value {value:.6g} in "
    "{steps:,} steps (run and confirmed).",
    "schedule.one": "The same learning rate with the schedule {schedule} reaches the value {value:.6g} in "
    "{steps:,} step (run and confirmed).",
}

FORECASTS: Mapping[str, str] = {
    "steps": "Curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow learning rates below "
    "{limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in {steps:,.0f} steps.",
    "steps.one": "Curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow learning rates "
    "below {limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in {steps:,.0f} step.",
    "steps.local": "Near the minimum curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow "
    "learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to {tolerance:.3g} in about "
    "{steps:,.0f} steps.",
    "steps.local.one": "Near the minimum curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) "
    "allow learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to {tolerance:.3g} in "
    "about {steps:,.0f} step.",
    "diverges": "The largest curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} it "
    "will not converge.",
    "diverges.local": "Near the minimum the largest curvature {largest:.4g} allows learning rates below "
    "{limit:.4g}; with {rate:.4g} it will not settle there.",
    "limit": "The largest curvature {largest:.4g} allows learning rates below {limit:.4g}.",
    "limit.local": "Near the minimum the largest curvature {largest:.4g} allows learning rates below "
    "{limit:.4g}.",
    "curvature": "The curvatures go from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}).",
    "curvature.local": "Near the minimum the curvatures go from {smallest:.4g} to {largest:.4g} (κ = "
    "{condition:.4g}).",
    "nowhere": "There is nothing to arrive at: the objective falls without end.",
    "nowhere.up": "There is nothing to arrive at: the objective rises without end.",
    "steps.up": "Downward curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow "
    "learning rates below {limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in "
    "{steps:,.0f} steps.",
    "steps.up.one": "Downward curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow "
    "learning rates below {limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in "
    "{steps:,.0f} step.",
    "steps.local.up": "Near the maximum downward curvatures from {smallest:.4g} to {largest:.4g} (κ = "
    "{condition:.4g}) allow learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to "
    "{tolerance:.3g} in about {steps:,.0f} steps.",
    "steps.local.up.one": "Near the maximum downward curvatures from {smallest:.4g} to {largest:.4g} (κ = "
    "{condition:.4g}) allow learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to "
    "{tolerance:.3g} in about {steps:,.0f} step.",
    "diverges.up": "The largest downward curvature {largest:.4g} allows learning rates below {limit:.4g}; "
    "with {rate:.4g} it will not converge.",
    "diverges.local.up": "Near the maximum the largest downward curvature {largest:.4g} allows learning "
    "rates below {limit:.4g}; with {rate:.4g} it will not settle there.",
    "limit.up": "The largest downward curvature {largest:.4g} allows learning rates below {limit:.4g}.",
    "limit.local.up": "Near the maximum the largest downward curvature {largest:.4g} allows learning rates "
    "below {limit:.4g}.",
    "curvature.up": "The downward curvatures go from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}).",
    "curvature.local.up": "Near the maximum the downward curvatures go from {smallest:.4g} to {largest:.4g} "
    "(κ = {condition:.4g}).",
}

GRADIENTS: Mapping[str, str] = {
    "none": "The gradient is the derivative of its cost.",
    "sign": "The gradient has the wrong sign: it is minus the derivative of its cost.",
    "factor_two": "The gradient is 2 times the derivative of its cost: is there a 1/2 in the cost, or a 2 too "
    "many?",
    "half": "The gradient is half the derivative of its cost: is a factor 2 missing, or a 1/2 in the cost?",
    "sum_for_mean": "The gradient is {ratio:.6g} times the derivative of its cost, which is n/2 for n = {n}: the "
    "sum of (Wx-y)x where the cost's derivative is 2·mean of it.",
    "sum": "The gradient is {ratio:.6g} times the derivative of its cost, which is n for n = {n}: a sum over the "
    "data where the cost has their mean.",
    "mean": "The gradient is {ratio:.6g} times the derivative of its cost, which is 1/n for n = {n}: a mean over "
    "the data where the cost has their sum.",
    "mean_for_sum": "The gradient is {ratio:.6g} times the derivative of its cost, which is 2/n for n = {n}: a "
    "mean with a factor 2 where the cost has half the sum.",
    "zero": "The gradient has nothing of the derivative in it: where {coordinate} should have {derivative:.6g} "
    "it has {supplied:.6g}.",
    "constant": "The gradient is {ratio:.6g} times the derivative of its cost everywhere: the right direction, "
    "the wrong length. A sum where the cost has a mean gives n, or n/2 without the factor 2.",
    "one_coordinate": "The gradient for {coordinate} is {supplied:.6g} where the derivative is {derivative:.6g}; "
    "the other coordinates are right.",
    "one_coordinate.sign": "The gradient for {coordinate} has the wrong sign: {supplied:.6g} where the "
    "derivative is {derivative:.6g}; the other coordinates are right.",
    "one_coordinate.factor_two": "The gradient for {coordinate} is 2 times the derivative: {supplied:.6g} "
    "instead of {derivative:.6g}; the other coordinates are right.",
    "one_coordinate.half": "The gradient for {coordinate} is half the derivative: {supplied:.6g} instead of "
    "{derivative:.6g}; is a factor 2 missing? The other coordinates are right.",
    "permuted": "The gradient has the right numbers in the wrong order of coordinates.",
    "transposed": "The gradient is the derivative transposed.",
    "different": "The gradient is not the derivative of its cost in {wrong}: for {coordinate} it is "
    "{supplied:.6g} where the derivative is {derivative:.6g}.",
}

RECORDS: Mapping[str, str] = {
    "not_finite": "The {what} at step {step}; the record ends before it.",
    "learning_rate_above_limit": "The value rose from step {step} on. The gradients measure a curvature of "
    "{curvature:.4g} along the last steps, along {along}; for that, {rule} is stable up to a learning rate of "
    "{limit:.4g}, and it was {learning_rate:.4g}.",
    "learning_rate_above_limit.nowhere": "The value rose from step {step} on. The gradients measure a "
    "curvature of {curvature:.4g} along the last steps; for that, {rule} is stable up to a learning rate of "
    "{limit:.4g}, and it was {learning_rate:.4g}.",
    "diverging": "The value rose at every step from step {step} on, from {before:.4g} to {after:.4g}.",
    "diverging.norm": "The gradient's norm rose at every step from step {step} on, from {before:.4g} to "
    "{after:.4g}; values were not recorded.",
    "not_moving": "The parameters did not move in the last {steps} steps, though the gradient's norm is "
    "{gradient_norm:.3g}: is the learning rate 0, or does the optimizer hold other parameters than the model?",
    "not_moving.no_gradient": "The parameters did not move in the last {steps} steps: their gradient is "
    "exactly 0. Does the cost depend on them?",
    "zigzag": "{along} goes to and fro: its step changed its sign {steps} times in a row up to the end, "
    "where it is {size:.3g} long.",
    "noisy": "In the last {steps} steps the value has no trend: it swings by {spread:.3g} (one standard "
    "deviation) around {level:.4g}.",
    "plateau": "The value has been level for {steps} steps, at {value:.4g} within {spread:.2g}, with "
    "{left:.0%} of the first gradient's norm still there.",
    "unfinished": "The value was still falling at the end: by {part:.1%} of its whole fall in the last "
    "{steps} steps.",
    "learning_rate_above_limit.up": "The value fell from step {step} on. The gradients measure a downward "
    "curvature of {curvature:.4g} along the last steps, along {along}; for that, {rule} is stable up to a "
    "learning rate of {limit:.4g}, and it was {learning_rate:.4g}.",
    "learning_rate_above_limit.nowhere.up": "The value fell from step {step} on. The gradients measure a "
    "downward curvature of {curvature:.4g} along the last steps; for that, {rule} is stable up to a "
    "learning rate of {limit:.4g}, and it was {learning_rate:.4g}.",
    "diverging.up": "The value fell at every step from step {step} on, from {before:.4g} to {after:.4g}.",
}
ENDINGS: Mapping[str, str] = {
    "no_minimum": "That is no minimum: the cost falls on and on as the parameters grow.",
    "poor_fit": "That is a minimum near by at best, and a poor fit.",
}

LEFT_OUT: Mapping[str, str] = {
    "clock": "Looking took far longer than was counted, so nothing of it is told, and no advice is given.",
    "time": "The rest was not looked into: it would have taken longer than the run, and than a second.",
    "evaluations": "The rest was not looked into: it would have taken more evaluations than the run.",
}

COURSES: Mapping[str, str] = {
    "both": "In {steps} steps the value went from {value:.4g} to {value_end:.4g}, and the gradient's norm from "
    "{norm:.3g} to {norm_end:.3g}.",
    "both.one": "In one step the value went from {value:.4g} to {value_end:.4g}, and the gradient's norm from "
    "{norm:.3g} to {norm_end:.3g}.",
    "both.open": "In {steps} steps the value went from {value:.4g} to {value_end:.4g}, and the gradient's "
    "norm from {norm:.3g} to {norm_end:.3g}, as seen before the last of them.",
    "both.open.one": "One step was made, where the value was {value:.4g} and the gradient's norm {norm:.3g}.",
    "value": "In {steps} steps the value went from {value:.4g} to {value_end:.4g}; gradients were not recorded.",
    "value.one": "In one step the value went from {value:.4g} to {value_end:.4g}; gradients were not recorded.",
    "value.open": "In {steps} steps the value went from {value:.4g} to {value_end:.4g}, as seen before the "
    "last of them; gradients were not recorded.",
    "value.open.one": "One step was made, where the value was {value:.4g}; gradients were not recorded.",
    "norm": "In {steps} steps the gradient's norm went from {norm:.3g} to {norm_end:.3g}; values were not "
    "recorded: run.log(loss) would tell them.",
    "norm.one": "In one step the gradient's norm went from {norm:.3g} to {norm_end:.3g}; values were not "
    "recorded: run.log(loss) would tell them.",
    "norm.open": "In {steps} steps the gradient's norm went from {norm:.3g} to {norm_end:.3g}, as seen "
    "before the last of them; values were not recorded: run.log(loss) would tell them.",
    "norm.open.one": "One step was made, where the gradient's norm was {norm:.3g}; values were not recorded: "
    "run.log(loss) would tell them.",
    "nothing": "{steps} steps were recorded, without values or gradients.",
    "nothing.one": "One step was recorded, without values or gradients.",
}

ENGLISH: Mapping[str, str] = {
    f"{family}.{key}": template
    for family, templates in (
        ("point", POINTS),
        ("finding", FINDINGS),
        ("advice", ADVICE),
        ("forecast", FORECASTS),
        ("gradient", GRADIENTS),
        ("finding.record", RECORDS),
        ("course", COURSES),
        ("left_out", LEFT_OUT),
        ("ending", ENDINGS),
    )
    for key, template in templates.items()
}


def say(key: str, language: Mapping[str, str] = ENGLISH, **fields: Any) -> str:
    """The sentence of that key with its fields filled in.

    >>> say("advice.learning_rate", rate=0.25, steps=31)
    'A learning rate of 0.25 converges in 31 steps (run and confirmed).'
    >>> say("advice.learning_rate", rate=0.5, steps=1)
    'A learning rate of 0.5 converges in 1 step (run and confirmed).'
    """
    for ending in (".up", ".local"):
        if key not in language:
            key = key.replace(ending, "")
    if fields.get("steps") == 1 and f"{key}.one" in language:
        key = f"{key}.one"
    return language[key].format(**fields)
