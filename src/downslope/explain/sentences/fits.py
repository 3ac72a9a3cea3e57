"""What is said of a fit: of its data, of how it ended, and of a rate among standardised features."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

# What only a fit can have, the gravest first; they are told behind what its descent can have too.
CODES_OF_FITS = (
    "undetermined",
    "few_digits",
    "worse_than_mean",
    "several_minima",
    "final_pass_differs",
    "conditioning",
)

FITS: Mapping[str, Template] = {
    "separation.complete": Template(
        "The classes can be separated perfectly, so without a penalty no finite parameters are best: the cost"
        " falls towards zero as they grow for ever along {along}. Add a penalty (l2=0.01, --l2 0.01), or take"
        " the direction alone."
    ),
    "separation.quasi": Template(
        "The classes can be separated but for rows on the border between them, so without a penalty no finite"
        " parameters are best: the cost falls on and on as they grow for ever along {along}. Add a penalty "
        "(l2=0.01, --l2 0.01)."
    ),
    "separation.counts": Template(
        "Some counts of 0 can be told apart from all other counts, so without a penalty no finite parameters "
        "are best: their rates fall towards 0 for ever along {along}. Add a penalty (l2=0.01, --l2 0.01)."
    ),
    "grows_without_bound": Template(
        "Some parameters grow without bound ({listed}) while the cost hardly falls any more: there is no "
        "minimum that way but the limit at infinity. Start elsewhere, or add a penalty (l2=0.01, --l2 0.01)."
    ),
    "grows_without_bound.elsewhere": Template(
        "Some parameters grow without bound ({listed}) while the cost hardly falls any more: there is no "
        "minimum that way but the limit at infinity. Begin elsewhere: from the start {start} it converges, with "
        "R² = {better:.4g} (run and confirmed)."
    ),
    "grows_without_bound.penalty": Template(
        "Some parameters grow without bound ({listed}) while the cost hardly falls any more: there is no "
        "minimum that way but the limit at infinity. With a penalty (l2={l2:g}, --l2 {l2:g}) it converges (run "
        "and confirmed)."
    ),
    "undetermined.single": Template("The data do not determine {last}: the predictions do not depend on it."),
    "undetermined.apart": Template(
        "The data do not determine {others} and {last} apart: the predictions depend on a combination only."
    ),
    "undetermined.rows": Template(
        "The data hardly determine {listed}: where the fit stands only {rows} of {of} rows feel them, as the curve "
        "makes all of its change between the others."
    ),
    "undetermined.constant": Template(
        "The feature of {names} is constant, so the data cannot tell it from the intercept."
    ),
    "undetermined.twins": Template(
        "The features of {first} and {second} are the same in every row: only the sum of the two parameters "
        "is determined (rank {rank} of {features})."
    ),
    "few_digits": Template(
        "With a condition number of {condition:.2g} about {digits} digits of the parameters can be trusted in"
        " float64, the rounding of the features included."
    ),
    "worse_than_mean.start": Template(
        "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}). Begin elsewhere: give "
        "another start (start=, --start), or another hypothesis."
    ),
    "worse_than_mean.start.level": Template(
        "The fit is worse than the mean of {target} alone would be ({target} is the same in every row). Begin"
        " elsewhere: give another start (start=, --start), or another hypothesis."
    ),
    "worse_than_mean.constant": Template(
        "The fit is worse than the mean of {target} alone would be. The hypothesis has no constant term to say "
        "that mean with: add one, '{target} ~ ... + b'."
    ),
    "worse_than_mean.constant.level": Template(
        "The fit is worse than the mean of {target} alone would be ({target} is the same in every row). The "
        "hypothesis has no constant term to say that mean with: add one, '{target} ~ ... + b'."
    ),
    "worse_than_mean.steps": Template(
        "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}). The descent has not gone "
        "far enough."
    ),
    "worse_than_mean.steps.level": Template(
        "The fit is worse than the mean of {target} alone would be ({target} is the same in every row). The "
        "descent has not gone far enough."
    ),
    "worse_than_mean.start.elsewhere": Template(
        "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}). Begin elsewhere: from the "
        "start {start} it converges, with R² = {better:.4g} (run and confirmed)."
    ),
    "worse_than_mean.without_effect": Template(
        "The fit is no better than the mean of {target} alone would be (R² = {r2:.2g}): at the point reached "
        "the predictions do not depend on {without_effect}, so nothing leads away from it. Begin elsewhere: "
        "give another start (start=, --start)."
    ),
    "worse_than_mean.without_effect.elsewhere": Template(
        "The fit is no better than the mean of {target} alone would be (R² = {r2:.2g}): at the point reached "
        "the predictions do not depend on {without_effect}, so nothing leads away from it. Begin elsewhere: "
        "from the start {start} it converges, with R² = {better:.4g} (run and confirmed)."
    ),
    "worse_than_mean.worse_without_effect": Template(
        "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}): at the point reached "
        "the predictions do not depend on {without_effect}, so nothing leads away from it. Begin elsewhere: "
        "give another start (start=, --start)."
    ),
    "worse_than_mean.worse_without_effect.elsewhere": Template(
        "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g}): at the point reached "
        "the predictions do not depend on {without_effect}, so nothing leads away from it. Begin elsewhere: "
        "from the start {start} it converges, with R² = {better:.4g} (run and confirmed)."
    ),
    "several_minima": Template(
        "It is one of several minima, and not the lowest: the cost is {cost:.6g} here, and {lower:.6g} at the start "
        "{start} already. Begin there, or leave the method and the limits to downslope."
    ),
    "final_pass_differs": Template(
        "The loss descended was {descended:.10g}, and one pass over the rows at the end gives {loss:.10g}; "
        "the latter is reported."
    ),
    "conditioning.dependent": Template(
        "The condition number of the standardised features is {condition:.3g}, set by {names}, which nearly "
        "depend on each other."
    ),
    "conditioning.units": Template(
        "As the columns stand, the condition number is {condition:.3g} ({strongest} acts {times:.3g} times as"
        " strongly as {weakest}); standardised it is {standardised:.3g} (standardize=True, --standardize), "
        "which takes descent with a constant rate some {fewer_steps:.2g} times fewer steps."
    ),
    "conditioning.far": Template(
        "As the columns stand, the condition number is {condition:.3g} (the features are far from their "
        "mean); standardised it is {standardised:.3g} (standardize=True, --standardize), which takes descent "
        "with a constant rate some {fewer_steps:.2g} times fewer steps."
    ),
    "rmse_rate.standardised": Template(
        "The learning rate {learning_rate:g} is above the limit 4 RMSE*/L = {limit:.3g} of the standardised "
        "features (largest curvature L = {curvature:.3g})."
    ),
    "rmse_rate.standardised.best": Template(
        "The learning rate {learning_rate:g} is above the limit 4 RMSE*/L = {limit:.3g} of the standardised "
        "features (largest curvature L = {curvature:.3g}); {best_rate:.3g} is the best constant rate."
    ),
    "learning_rate_above_limit.standardised": Template(
        "The learning rate {learning_rate:g} is above the limit {critical:.3g}/L = {limit:.3g} of the "
        "standardised features (largest curvature L = {curvature:.3g})."
    ),
    "learning_rate_above_limit.standardised.best": Template(
        "The learning rate {learning_rate:g} is above the limit {critical:.3g}/L = {limit:.3g} of the "
        "standardised features (largest curvature L = {curvature:.3g}); {best_rate:.3g} is the best constant "
        "rate."
    ),
    "learning_rate_above_limit.standardised.start": Template(
        "The learning rate {learning_rate:g} is above the limit {critical:.3g}/L = {limit:.3g} of the "
        "standardised features (largest curvature L = {curvature:.3g} at the start)."
    ),
    "learning_rate_above_limit.batches.whole": Template(
        "The learning rate {learning_rate:g} is above the limit {limit:.4g} that the curvature of the cost of "
        "all rows sets where the run began; batches do not raise it."
    ),
    "learning_rate_above_limit.batches.whole.advice": Template(
        "The learning rate {learning_rate:g} is above the limit {limit:.4g} that the curvature of the cost of "
        "all rows sets where the run began; batches do not raise it. A learning rate of {better:g} ends at a "
        "cost of {cost:.6g}, after {n:,} epoch (run and confirmed).",
        "The learning rate {learning_rate:g} is above the limit {limit:.4g} that the curvature of the cost of "
        "all rows sets where the run began; batches do not raise it. A learning rate of {better:g} ends at a "
        "cost of {cost:.6g}, after {n:,} epochs (run and confirmed).",
    ),
    "learning_rate_above_limit.batches.steepest": Template(
        "The learning rate {learning_rate:g} is below the limit {whole:.4g} of all rows together and above "
        "{limit:.4g}, that of the steepest batch: steps on batches such as this overshoot."
    ),
    "learning_rate_above_limit.batches.steepest.advice": Template(
        "The learning rate {learning_rate:g} is below the limit {whole:.4g} of all rows together and above "
        "{limit:.4g}, that of the steepest batch: steps on batches such as this overshoot. A learning rate of "
        "{better:g} ends at a cost of {cost:.6g}, after {n:,} epoch (run and confirmed).",
        "The learning rate {learning_rate:g} is below the limit {whole:.4g} of all rows together and above "
        "{limit:.4g}, that of the steepest batch: steps on batches such as this overshoot. A learning rate of "
        "{better:g} ends at a cost of {cost:.6g}, after {n:,} epochs (run and confirmed).",
    ),
    "learning_rate_above_limit.batches.unknown.advice": Template(
        "The learning rate {learning_rate:g} is too large for {rule} on these batches: {better:g} ends at a "
        "cost of {cost:.6g}, after {n:,} epoch (run and confirmed).",
        "The learning rate {learning_rate:g} is too large for {rule} on these batches: {better:g} ends at a "
        "cost of {cost:.6g}, after {n:,} epochs (run and confirmed).",
    ),
    "worse_than_mean.off": Template(
        "The fit is worse than the mean of {target} alone would be (R² = {r2:.4g})."
    ),
    "worse_than_mean.off.level": Template(
        "The fit is worse than the mean of {target} alone would be ({target} is the same in every row)."
    ),
    "too_few_steps.fit": Template(
        "The descent was still on its way when it ended, after {n:,} step: the cost was {cost:.6g}, and no "
        "test on it had passed.",
        "The descent was still on its way when it ended, after {n:,} steps: the cost was {cost:.6g}, and no "
        "test on it had passed.",
    ),
}
