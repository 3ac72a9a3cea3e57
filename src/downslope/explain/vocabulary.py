"""What the words of a report and an explanation mean, for whoever meets them for the first time."""

from __future__ import annotations

from downslope.messages import Message, message

# A term and what it means, in the order in which a beginner needs them.
VOCABULARY: tuple[tuple[Message, Message], ...] = (
    (
        message("objective", context="term"),
        message("The function that is to be made as small (or, in an ascent, as large) as possible."),
    ),
    (
        message("gradient", context="term"),
        message(
            "The slopes of the function along each variable, at one point. It points where the function rises most"
            " steeply; descent goes the other way."
        ),
    ),
    (
        message("gradient norm", context="term"),
        message(
            "The length of the gradient: the square root of the sum of its squares. It is 0 where the ground is level,"
            " as at the bottom of a bowl; how small it is tells how near to level ground a run has come."
        ),
    ),
    (
        message("step", context="term"),
        message("One move from a point to the next. Step 0 is the start."),
    ),
    (
        message("learning rate", context="term"),
        message(
            "The number that the gradient is multiplied by to make a step. Too small, and the way takes long; too"
            " large, and every step leads to higher ground."
        ),
    ),
    (
        message("evaluation", context="term"),
        message("One computation of the function's value and gradient. A step may need several of them."),
    ),
    (
        message("tolerance", context="term"),
        message(
            "How small is small enough. A run ends as converged when the gradient norm is at most the tolerance."
        ),
    ),
    (
        message("converged", context="term"),
        message("Ended by a test that was asked for, as that the gradient norm is within the tolerance."),
    ),
    (
        message("diverged", context="term"),
        message("Ended because the values grow and grow instead of falling."),
    ),
    (
        message("step limit", context="term"),
        message("The largest number of steps that a run may take. It ended there before its test was met."),
    ),
    (
        message("stalled", context="term"),
        message("Ended because no step could be found any more that makes the value better."),
    ),
    (
        message("unbounded", context="term"),
        message("Ended because the function has no least value: it falls without end along some direction."),
    ),
    (
        message("left domain", context="term"),
        message("Ended where the function has no value, such as log(x) at a negative x."),
    ),
    (
        message("curvature", context="term"),
        message(
            "How fast the slope changes along a direction: the second derivative. Large in a narrow valley across it,"
            " small along its floor, negative where the ground bends downwards."
        ),
    ),
    (
        message("limit of the learning rate", context="term"),
        message(
            "2/L, where L is the largest curvature. With a larger constant rate steepest descent overshoots further at"
            " every step and cannot settle there."
        ),
    ),
    (
        message("κ, the condition number", context="term"),
        message(
            "The largest curvature divided by the smallest. At κ = 1 the bowl is round and the gradient points at its"
            " bottom; the larger κ is, the longer and narrower is the valley, and the more steps are needed."
        ),
    ),
    (
        message("error", context="term"),
        message(
            "Of a step: how far the point still is from the minimum. Multiplied by 0.9 at every step it is a tenth"
            " after 22 of them; by -0.9 the point changes sides each time."
        ),
    ),
    (
        message("zig-zag", context="term"),
        message(
            "A path that changes sides at every step, because the rate is large for the steepest direction, while it"
            " goes slowly along the shallow one."
        ),
    ),
    (
        message("stationary point", context="term"),
        message("A point where the gradient is 0: a minimum, a maximum, a saddle, or none of them."),
    ),
    (
        message("minimum", context="term"),
        message(
            "A point around which the function is nowhere lower. It is strict where the function rises in every"
            " direction. Elsewhere there may be a lower one: descent does not look there."
        ),
    ),
    (
        message("saddle point", context="term"),
        message(
            "A stationary point from which the function rises along one direction and falls along another."
        ),
    ),
    (
        message("plateau", context="term"),
        message(
            "Ground so level that the gradient is nearly 0, without being a minimum: far away it is lower."
        ),
    ),
    (
        message("momentum", context="term"),
        message(
            "The part of the last step that is added to the next one, as a heavy ball keeps rolling. It helps along a"
            " valley, and too much of it makes the point swing."
        ),
    ),
    (
        message("line search", context="term"),
        message("Trying several lengths of one step, and taking one that makes the value enough better."),
    ),
    (
        message("mse, R²", context="term"),
        message(
            "Of a fit: the mean of the squared differences between targets and predictions, and the part of the"
            " targets' variance that the predictions explain. R² = 1 is exact, 0 is no better than the mean."
        ),
    ),
    (
        message("standard error (±)", context="term"),
        message(
            "Of a fitted parameter: by how much it would typically differ in another table of the same kind and size."
        ),
    ),
    (
        message("standardised", context="term"),
        message(
            "Descended with features shifted to mean 0 and scaled to spread 1, where the valley is rounder; the"
            " parameters are told in their own units."
        ),
    ),
    (
        message("mini-batch, epoch", context="term"),
        message(
            "Some rows of the table of which one step takes its gradient, and one pass over all of them."
        ),
    ),
    (
        message("run and confirmed", context="term"),
        message("The advice was tried: a run with these settings was made, and it ended as is said."),
    ),
)
