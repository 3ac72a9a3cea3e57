"""What is said of settings that were tried; ``.own`` where a test of the run's own was met."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

ADVICE: Mapping[str, Template] = {
    "limit": Template("That needs a limit of {allowed:,} steps."),
    "limit_of_evaluations": Template("That needs a limit of {calls:,} evaluations."),
    "evaluations": Template(
        "With more evaluations it converges: it takes {n:,} step, to a gradient norm of {tolerance:.3g} (run and "
        "confirmed).",
        "With more evaluations it converges: it takes {n:,} steps, to a gradient norm of {tolerance:.3g} (run and "
        "confirmed).",
    ),
    "evaluations.own": Template(
        "With more evaluations it converges: it takes {n:,} step, by the run's own test (run and confirmed).",
        "With more evaluations it converges: it takes {n:,} steps, by the run's own test (run and confirmed).",
    ),
    "least_value": Template(
        "Told {minimum:.10g}, it converges in {steps:,} step, to a gradient norm of {tolerance:.3g} "
        "(run and confirmed).",
        "Told {minimum:.10g}, it converges in {steps:,} steps, to a gradient norm of {tolerance:.3g} "
        "(run and confirmed).",
    ),
    "least_value.own": Template(
        "Told {minimum:.10g}, it meets its test in {steps:,} step (run and confirmed).",
        "Told {minimum:.10g}, it meets its test in {steps:,} steps (run and confirmed).",
    ),
    "multiply": Template(
        "Of the function times {times:.0e} the same method converges in {n:,} step, to a gradient norm of "
        "{tolerance:.3g} (run and confirmed).",
        "Of the function times {times:.0e} the same method converges in {n:,} steps, to a gradient norm of "
        "{tolerance:.3g} (run and confirmed).",
    ),
    "multiply.own": Template(
        "Of the function times {times:.0e} the same method converges in {n:,} step, by the run's own test "
        "(run and confirmed).",
        "Of the function times {times:.0e} the same method converges in {n:,} steps, by the run's own test "
        "(run and confirmed).",
    ),
    "weight_decay": Template(
        "Without weight decay it converges in {n:,} step, to a gradient norm of {tolerance:.3g} (run and confirmed).",
        "Without weight decay it converges in {n:,} steps, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    ),
    "weight_decay.own": Template(
        "Without weight decay it converges in {n:,} step, by the run's own test (run and confirmed).",
        "Without weight decay it converges in {n:,} steps, by the run's own test (run and confirmed).",
    ),
    "learning_rate": Template(
        "A learning rate of {rate:.6g} converges in {n:,} step, to a gradient norm of {tolerance:.3g} (run "
        "and confirmed).",
        "A learning rate of {rate:.6g} converges in {n:,} steps, to a gradient norm of {tolerance:.3g} "
        "(run and confirmed).",
    ),
    "learning_rate.own": Template(
        "A learning rate of {rate:.6g} converges in {n:,} step, by the run's own test (run and confirmed).",
        "A learning rate of {rate:.6g} converges in {n:,} steps, by the run's own test (run and confirmed).",
    ),
    "momentum": Template(
        "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of {momentum:.4g} "
        "converges in {n:,} step, to a gradient norm of {tolerance:.3g} (run and confirmed).",
        "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of {momentum:.4g} "
        "converges in {n:,} steps, to a gradient norm of {tolerance:.3g} (run and confirmed).",
    ),
    "momentum.own": Template(
        "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of {momentum:.4g} "
        "converges in {n:,} step, by the run's own test (run and confirmed).",
        "The method {optimizer} with a learning rate of {rate:.6g} and a momentum of {momentum:.4g} "
        "converges in {n:,} steps, by the run's own test (run and confirmed).",
    ),
    "method": Template(
        "The method {optimizer} converges in {n:,} step, to a gradient norm of {tolerance:.3g} (run and "
        "confirmed).",
        "The method {optimizer} converges in {n:,} steps, to a gradient norm of {tolerance:.3g} (run and "
        "confirmed).",
    ),
    "method.own": Template(
        "The method {optimizer} converges in {n:,} step, by the run's own test (run and confirmed).",
        "The method {optimizer} converges in {n:,} steps, by the run's own test (run and confirmed).",
    ),
    "method_rate": Template(
        "The method {optimizer} with a learning rate of {rate:.6g} converges in {n:,} step, to a gradient "
        "norm of {tolerance:.3g} (run and confirmed).",
        "The method {optimizer} with a learning rate of {rate:.6g} converges in {n:,} steps, to a gradient "
        "norm of {tolerance:.3g} (run and confirmed).",
    ),
    "method_rate.own": Template(
        "The method {optimizer} with a learning rate of {rate:.6g} converges in {n:,} step, by the run's "
        "own test (run and confirmed).",
        "The method {optimizer} with a learning rate of {rate:.6g} converges in {n:,} steps, by the run's "
        "own test (run and confirmed).",
    ),
    "leave_out": Template(
        "Without optimizer and learning rate, a method that finds its own steps converges in {n:,} step, "
        "to a gradient norm of {tolerance:.3g} (run and confirmed).",
        "Without optimizer and learning rate, a method that finds its own steps converges in {n:,} steps, "
        "to a gradient norm of {tolerance:.3g} (run and confirmed).",
    ),
    "leave_out.own": Template(
        "Without optimizer and learning rate, a method that finds its own steps converges in {n:,} step, "
        "by the run's own test (run and confirmed).",
        "Without optimizer and learning rate, a method that finds its own steps converges in {n:,} steps, "
        "by the run's own test (run and confirmed).",
    ),
    "no_schedule": Template(
        "The learning rate {rate:.6g} without the schedule converges in {n:,} step, to a gradient norm of "
        "{tolerance:.3g} (run and confirmed).",
        "The learning rate {rate:.6g} without the schedule converges in {n:,} steps, to a gradient norm of "
        "{tolerance:.3g} (run and confirmed).",
    ),
    "no_schedule.own": Template(
        "The learning rate {rate:.6g} without the schedule converges in {n:,} step, by the run's own test "
        "(run and confirmed).",
        "The learning rate {rate:.6g} without the schedule converges in {n:,} steps, by the run's own test "
        "(run and confirmed).",
    ),
    "steps": Template(
        "With more steps it converges: it takes {steps:,}, to a gradient norm of {tolerance:.3g} (run and "
        "confirmed)."
    ),
    "steps.own": Template(
        "With more steps it converges: it takes {steps:,}, by the run's own test (run and confirmed)."
    ),
    "gradient": Template(
        "With the derivative itself the same run converges in {n:,} step, to a gradient norm of "
        "{tolerance:.3g} (run and confirmed).",
        "With the derivative itself the same run converges in {n:,} steps, to a gradient norm of "
        "{tolerance:.3g} (run and confirmed).",
    ),
    "gradient.own": Template(
        "With the derivative itself the same run converges in {n:,} step, by the run's own test (run and "
        "confirmed).",
        "With the derivative itself the same run converges in {n:,} steps, by the run's own test (run and "
        "confirmed).",
    ),
    "start": Template(
        "From {start} the same method converges in {n:,} step, to the value {value:.6g}, to a gradient "
        "norm of {tolerance:.3g} (run and confirmed).",
        "From {start} the same method converges in {n:,} steps, to the value {value:.6g}, to a gradient "
        "norm of {tolerance:.3g} (run and confirmed).",
    ),
    "start.own": Template(
        "From {start} the same method converges in {n:,} step, to the value {value:.6g}, by the run's own "
        "test (run and confirmed).",
        "From {start} the same method converges in {n:,} steps, to the value {value:.6g}, by the run's own "
        "test (run and confirmed).",
    ),
    "bounds": Template(
        "With the bounds {bounds} it converges in {n:,} step, to a gradient norm of {tolerance:.3g} (run "
        "and confirmed).",
        "With the bounds {bounds} it converges in {n:,} steps, to a gradient norm of {tolerance:.3g} (run "
        "and confirmed).",
    ),
    "bounds.own": Template(
        "With the bounds {bounds} it converges in {n:,} step, by the run's own test (run and confirmed).",
        "With the bounds {bounds} it converges in {n:,} steps, by the run's own test (run and confirmed).",
    ),
    "bounds_alone": Template(
        "With the bounds {bounds}, and without optimizer and learning rate, it converges in {n:,} step, "
        "to a gradient norm of {tolerance:.3g} (run and confirmed).",
        "With the bounds {bounds}, and without optimizer and learning rate, it converges in {n:,} steps, "
        "to a gradient norm of {tolerance:.3g} (run and confirmed).",
    ),
    "bounds_alone.own": Template(
        "With the bounds {bounds}, and without optimizer and learning rate, it converges in {n:,} step, "
        "by the run's own test (run and confirmed).",
        "With the bounds {bounds}, and without optimizer and learning rate, it converges in {n:,} steps, "
        "by the run's own test (run and confirmed).",
    ),
    "tolerance": Template(
        "A tolerance of {tolerance:.3g} is met in {n:,} step (run and confirmed).",
        "A tolerance of {tolerance:.3g} is met in {n:,} steps (run and confirmed).",
    ),
    "tolerance_and_rate": Template(
        "A tolerance of {tolerance:.3g} with a learning rate of {rate:.4g} is met in {n:,} step (run and "
        "confirmed).",
        "A tolerance of {tolerance:.3g} with a learning rate of {rate:.4g} is met in {n:,} steps (run and "
        "confirmed).",
    ),
    "square": Template(
        "Its square, descended with a learning rate of {rate:.4g}, converges in {n:,} step to the same "
        "minimum (run and confirmed).",
        "Its square, descended with a learning rate of {rate:.4g}, converges in {n:,} steps to the same "
        "minimum (run and confirmed).",
    ),
    "schedule": Template(
        "The same learning rate with the schedule {schedule} reaches the value {value:.6g} in {n:,} step "
        "(run and confirmed).",
        "The same learning rate with the schedule {schedule} reaches the value {value:.6g} in {n:,} steps "
        "(run and confirmed).",
    ),
}
