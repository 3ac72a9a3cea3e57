"""What is said of rates and momenta that are too large or too small, by code; see ``causes``."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

ABOVE = "learning_rate_above_limit"

FINDINGS: Mapping[str, Template] = {
    "rmse_rate": Template(
        "The objective is a square root, whose slope does not fade towards its minimum, so that a learning "
        "rate acts on the square as if divided by twice the root: near the least value {least_value:.4g} "
        "the rate {learning_rate:.4g} is above the limit {limit:.4g}, and no step settles."
    ),
    "rmse_chatter": Template(
        "The objective is a square root that can fall to 0, and there its slope does not fade: with a "
        "constant learning rate of {learning_rate:.4g} it chatters for ever around values of {value:.3g}."
    ),
    ABOVE: Template(
        "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the curvature "
        "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.4g} at every step, "
        "and the value rose from step {began} on."
    ),
    f"{ABOVE}.unseen": Template(
        "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the curvature "
        "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.4g} at every step, "
        "which the value does not show yet."
    ),
    f"{ABOVE}.onset": Template(
        "From step {began} on the learning rate {learning_rate:.4g} was above the limit {limit:.4g} that "
        "the curvature {curvature:.4g} met there along {along} sets."
    ),
    f"{ABOVE}.bounded": Template(
        "The learning rate {learning_rate:.4g} is above the limit {limit:.4g} that the curvature "
        "{curvature:.4g} along {along} sets: every step leads further to the other side, until a bound stops it."
    ),
    f"{ABOVE}.close": Template(
        "The learning rate {learning_rate:.10g} is just above the limit {limit:.10g} that the curvature "
        "{curvature:.4g} along {along} sets: there the error is multiplied by {factor:.10g} at every step."
    ),
    f"{ABOVE}.at": Template(
        "The learning rate {learning_rate:.4g} is the limit {limit:.4g} itself that the curvature "
        "{curvature:.4g} along {along} sets: there the error keeps its size at every step."
    ),
    f"{ABOVE}.local": Template(
        "From step {began} on the learning rate {learning_rate:.4g} was above the limit {limit:.4g} that "
        "the curvature {curvature:.4g} met there along {along} sets: every step was about {factor:.4g} "
        "times the last."
    ),
    f"{ABOVE}.bouncing": Template(
        "Around the minimum near by the learning rate {learning_rate:.4g} is above the limit {limit:.4g} "
        "that the curvature {curvature:.4g} along {along} sets, so the steps bounce about it and never "
        "settle."
    ),
    f"{ABOVE}.bouncing.at": Template(
        "Around the minimum near by the learning rate {learning_rate:.4g} is all but the limit {limit:.4g} that the "
        "curvature {curvature:.4g} along {along} sets: there every step leads to the other side and hardly nearer."
    ),
    f"{ABOVE}.thrown": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, over the lower ground, from the value {before:.4g} up to {after:.4g}. "
        "There the gradient is small, {slope:.3g} at the end, and the point has moved {since:.3g} since."
    ),
    f"{ABOVE}.thrown.last": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, over the lower ground, from the value {before:.4g} up to {after:.4g}. "
        "There the run ended, where the gradient is small, {slope:.3g}."
    ),
    f"{ABOVE}.thrown.over": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, from the value {before:.4g} to {after:.4g}, over ground as low as "
        "{lowest:.4g}. There the gradient is small, {slope:.3g} at the end, and the point has moved {since:.3g} since."
    ),
    f"{ABOVE}.thrown.over.last": Template(
        "Step {step} was too long: with the learning rate {learning_rate:.4g} and the gradient {slope_before:.3g} it "
        "threw the point {length:.4g} far, from the value {before:.4g} to {after:.4g}, over ground as low as "
        "{lowest:.4g}. There the run ended, where the gradient is small, {slope:.3g}."
    ),
    f"{ABOVE}.measured": Template(
        "The value got worse from step {began} on. What the largest learning rate of {rule} is on this "
        "objective no formula says; with a smaller one it does not."
    ),
    f"{ABOVE}.measured.alone": Template(
        "The value got worse from step {began} on, with {rule} and a learning rate of {learning_rate:.4g}."
    ),
    "momentum_too_large": Template(
        "The momentum {momentum:.4g} is too large: the point swings about the minimum with a period of "
        "{period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; it will take "
        "{steps_needed:,.0f} steps. For this objective {best_momentum:.3g} is best."
    ),
    "momentum_too_large.local": Template(
        "Near the minimum the momentum {momentum:.4g} is too large: the point swings with a period of "
        "{period:.3g} steps, and only the part {modulus:.4g} of the swing is left after each; it would "
        "take about {steps_needed:,.0f} steps. There {best_momentum:.3g} is best."
    ),
    "zigzag": Template(
        "The path zig-zags: along {along}, where the curvature is {curvature:.4g}, every step multiplies "
        "the error by {factor:.4g}, while along {slow_along} it is {slow_factor:.4g}."
    ),
    "zigzag.single": Template(
        "The path zig-zags: the curvature is {curvature:.4g}, and every step multiplies the error by "
        "{factor:.4g}."
    ),
    "zigzag.local": Template(
        "The path zig-zags: near by, every step along {along}, where the curvature is {curvature:.4g}, "
        "multiplies the error by about {factor:.4g}."
    ),
    "zigzag.single.local": Template(
        "The path zig-zags: near by the curvature is {curvature:.4g}, and every step multiplies the error "
        "by about {factor:.4g}."
    ),
    "zigzag.at": Template(
        "The path zig-zags: the learning rate {learning_rate:.4g} is all but the limit {limit:.4g} that the curvature "
        "{curvature:.4g} along {along} sets at the minimum, and every step leads to the other side and hardly nearer."
    ),
    "learning_rate_too_small": Template(
        "The learning rate {learning_rate:.4g} is {below:,.0f} times below the limit {limit:.4g}: with it "
        "the way takes {steps_needed:,.0f} steps, with {best_rate:.4g} it takes {steps_possible:,.0f}."
    ),
    "learning_rate_too_small.local": Template(
        "The learning rate {learning_rate:.4g} is {below:,.0f} times below the limit {limit:.4g} of the "
        "curvature on the way: near the minimum alone it would take {steps_needed:,.0f} steps."
    ),
    "learning_rate_too_small.measured": Template(
        "The point is still walking straight on, {per_step:.3g} at each step: the learning rate "
        "{learning_rate:.4g}, which sets the length of the steps, is too small for the way."
    ),
    "learning_rate_too_small.tried": Template(
        "The learning rate {learning_rate:.4g} of {rule} is too small for so many steps: a larger one arrives "
        "within them."
    ),
    "learning_rate_above_limit.tried": Template(
        "The learning rate {learning_rate:.4g} of {rule} is too large here: a smaller one arrives, all else "
        "being the same."
    ),
    "schedule_too_fast": Template(
        "The schedule has brought the learning rate from {first_rate:.4g} to {last_rate:.2g} by step "
        "{step}: the steps that are left are too short to arrive."
    ),
}
