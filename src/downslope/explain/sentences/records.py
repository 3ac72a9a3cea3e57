"""What is said of a record, of what happened, and of what was left out."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

RECORDS: Mapping[str, Template] = {
    "gradient_not_zeroed": Template(
        "Gradients add up over the steps: in each of {steps} steps but the first, the gradient of the step "
        "before was still in {names} (of shape {shapes}), and the new one was added to it. Call zero_grad() in "
        "each step, before backward()."
    ),
    "replaced_parameter.no_gradient": Template(
        "In {steps} steps there was no gradient for {count} of the optimizer's parameters, which it therefore "
        "never moved: {names} (of shape {shapes}). The cost does not depend on them. Was one detached "
        "(detach(), .data, no_grad()), or replaced by a new tensor after the optimizer was made?"
    ),
    "replaced_parameter.left_out": Template(
        "In {steps} steps there was a gradient for {count} of the model's parameters that no optimizer moves: "
        "{names} (of shape {shapes}). Was one replaced by a new tensor after the optimizer was made? Change it "
        "in place, or make the optimizer anew; requires_grad_(False) says that it is to stay."
    ),
    "replaced_parameter.level": Template(
        "In {steps} steps every number of the gradient of {names} (of shape {shapes}) was exactly 0, while others had "
        "one. Was it detached (stop_gradient, detach(), a copy in its place), does it lead only to units that are "
        "off, as of a ReLU, or was it at its best from the start?"
    ),
    "replaced_parameter.still": Template(
        "In {steps} steps there was a gradient for {names} (of shape {shapes}), which never moved while others did. Is "
        "another array updated in its place, or is it left out of the update?"
    ),
    "broadcast.cost": Template(
        "The differences that the cost is made of have the two shapes {shapes}: each prediction is held against every "
        "target. Give predictions and targets one shape, by reshape()."
    ),
    "broadcast.gradient": Template(
        "At step {steps} {names} and its gradient have the two shapes {shapes}: numbers of two shapes were combined "
        "into more than there are, each with every other. Give predictions and targets one shape, by reshape(). The "
        "record ends there."
    ),
    "broadcast.parameter": Template(
        "At step {steps} {names} has changed its shape (before and now: {shapes}): numbers of two shapes were combined "
        "in its update. Give predictions and targets one shape, by reshape(). The record ends there."
    ),
    "not_finite.value.nan": Template("The value is not a number at step {step}; the record ends before it."),
    "not_finite.value.infinite": Template("The value is infinite at step {step}; the record ends before it."),
    "not_finite.gradient.nan": Template(
        "The gradient is not a number at step {step}; the record ends before it."
    ),
    "not_finite.gradient.infinite": Template(
        "The gradient is infinite at step {step}; the record ends before it."
    ),
    "not_finite.point": Template("The point is not finite at step {step}; the record ends before it."),
    "learning_rate_above_limit": Template(
        "The value rose from step {step} on. The gradients measure a curvature of {curvature:.4g} along "
        "the last steps, along {along}; for that, {rule} is stable up to a learning rate of {limit:.4g}, "
        "and it was {learning_rate:.4g}."
    ),
    "learning_rate_above_limit.nowhere": Template(
        "The value rose from step {step} on. The gradients measure a curvature of {curvature:.4g} along "
        "the last steps; for that, {rule} is stable up to a learning rate of {limit:.4g}, and it was "
        "{learning_rate:.4g}."
    ),
    "diverging": Template(
        "The value rose at every step from step {step} on, from {before:.4g} to {after:.4g}."
    ),
    "diverging.norm": Template(
        "The gradient's norm rose at every step from step {step} on, from {before:.4g} to {after:.4g}; "
        "values were not recorded."
    ),
    "unbounded_below": Template(
        "The value runs off: from step {step} on it fell by more at every step, from {before:.4g} to {after:.4g}. "
        "Has the cost a least value at all, and the right sign?"
    ),
    "unbounded_below.up": Template(
        "The value runs off: from step {step} on it rose by more at every step, from {before:.4g} to {after:.4g}. "
        "Has it a greatest value at all, and the right sign?"
    ),
    "not_moving": Template(
        "The parameters did not move in the last {steps} steps, though the gradient's norm is "
        "{gradient_norm:.3g}: is the learning rate 0, or does the optimizer hold other parameters than the "
        "model?"
    ),
    "not_moving.no_gradient": Template(
        "The parameters did not move in the last {steps} steps: their gradient is exactly 0. Does the cost "
        "depend on them?"
    ),
    "zigzag": Template(
        "{along} goes to and fro: its step changed its sign {steps} times in a row up to the end, where it "
        "is {size:.3g} long."
    ),
    "noisy": Template(
        "In the last {steps} steps the value has no trend: it swings by {spread:.3g} (one standard "
        "deviation) around {level:.4g}."
    ),
    "plateau": Template(
        "The value has been level for {steps} steps, at {value:.4g} within {spread:.2g}, with {left:.0%} "
        "of the first gradient's norm still there."
    ),
    "unfinished": Template(
        "The value was still falling at the end: by {part:.1%} of its whole fall in the last {steps} steps."
    ),
    "unfinished.up": Template(
        "The value was still rising at the end: by {part:.1%} of its whole rise in the last {steps} steps."
    ),
    "learning_rate_above_limit.up": Template(
        "The value fell from step {step} on. The gradients measure a downward curvature of {curvature:.4g} "
        "along the last steps, along {along}; for that, {rule} is stable up to a learning rate of "
        "{limit:.4g}, and it was {learning_rate:.4g}."
    ),
    "learning_rate_above_limit.nowhere.up": Template(
        "The value fell from step {step} on. The gradients measure a downward curvature of {curvature:.4g} "
        "along the last steps; for that, {rule} is stable up to a learning rate of {limit:.4g}, and it was "
        "{learning_rate:.4g}."
    ),
    "diverging.up": Template(
        "The value fell at every step from step {step} on, from {before:.4g} to {after:.4g}."
    ),
}

COURSES: Mapping[str, Template] = {
    "both": Template(
        "In one step the value went from {value:.4g} to {value_end:.4g}, and the gradient's norm from "
        "{norm:.3g} to {norm_end:.3g}.",
        "In {n:,} steps the value went from {value:.4g} to {value_end:.4g}, and the gradient's norm from "
        "{norm:.3g} to {norm_end:.3g}.",
    ),
    "both.open": Template(
        "One step was made, where the value was {value:.4g} and the gradient's norm {norm:.3g}.",
        "In {n:,} steps the value went from {value:.4g} to {value_end:.4g}, and the gradient's norm from "
        "{norm:.3g} to {norm_end:.3g}, as seen before the last of them.",
    ),
    "value": Template(
        "In one step the value went from {value:.4g} to {value_end:.4g}; gradients were not recorded.",
        "In {n:,} steps the value went from {value:.4g} to {value_end:.4g}; gradients were not recorded.",
    ),
    "value.open": Template(
        "One step was made, where the value was {value:.4g}; gradients were not recorded.",
        "In {n:,} steps the value went from {value:.4g} to {value_end:.4g}, as seen before the last of "
        "them; gradients were not recorded.",
    ),
    "norm": Template(
        "In one step the gradient's norm went from {norm:.3g} to {norm_end:.3g}; values were not recorded: "
        "run.log(loss) would tell them.",
        "In {n:,} steps the gradient's norm went from {norm:.3g} to {norm_end:.3g}; values were not "
        "recorded: run.log(loss) would tell them.",
    ),
    "norm.open": Template(
        "One step was made, where the gradient's norm was {norm:.3g}; values were not recorded: "
        "run.log(loss) would tell them.",
        "In {n:,} steps the gradient's norm went from {norm:.3g} to {norm_end:.3g}, as seen before the "
        "last of them; values were not recorded: run.log(loss) would tell them.",
    ),
    "nothing": Template(
        "One step was recorded, without values or gradients.",
        "{n:,} steps were recorded, without values or gradients.",
    ),
}

LEFT_OUT: Mapping[str, Template] = {
    "clock": Template(
        "Looking took far longer than was counted, so nothing of it is told, and no advice is given."
    ),
    "time": Template("The rest was not looked into: it would have taken longer than the run."),
    "evaluations": Template(
        "The rest was not looked into: it would have taken more evaluations than the run and 200 more."
    ),
}
