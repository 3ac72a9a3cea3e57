"""Which of our methods torch.optim, keras.optimizers and optax have too, and how they are called there.

Only where it is the same method, hyperparameter by hyperparameter: the parity tests of the optimizers say where it
is. Keras adds epsilon elsewhere than the papers do, so most of its methods are ours only where epsilon is 0; where a
method is another one, the rule is written out instead.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from downslope.export.python import fill, text
from downslope.messages import Message, message, sentences
from downslope.optimizers import Optimizer
from downslope.optimizers.hyperparameters import HyperparameterRecord
from downslope.optimizers.schedule import Schedule

Condition = Callable[[HyperparameterRecord], bool]
Difference = Callable[[str, str], Message]


def _no_epsilon(rule: HyperparameterRecord) -> bool:
    return bool(rule.hyperparameters()["epsilon"] == 0)


def _moving(rule: HyperparameterRecord) -> bool:
    return bool(rule.hyperparameters()["momentum"] > 0)


def _adds_epsilon_elsewhere(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but adds epsilon at another place (the two are one method where epsilon is 0).",
        library=library,
        method=method,
    )


def _adds_epsilon_later(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but adds epsilon after the correction, not before (one method where epsilon is 0).",
        library=library,
        method=method,
    )


def _not_without_momentum(library: str, method: str) -> Message:
    return message("{library} has {method}, but not without momentum.", library=library, method=method)


def _one_momentum_decay(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but with a momentum_decay of 1 and no other.", library=library, method=method
    )


def _no_warmup(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but takes no warm-up as a number of steps.", library=library, method=method
    )


def _weighs_otherwise(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but gives its look ahead the weight 1 - beta2.",
        library=library,
        method=method,
    )


def _measures_from_before(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but measures the distance from the mean before the gradient.",
        library=library,
        method=method,
    )


def _adds_epsilon_to_the_rate(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but adds epsilon to the learning rate.", library=library, method=method
    )


def _stops_early(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but makes no step where the mean gradient is below 1e-8.",
        library=library,
        method=method,
    )


def _decays_otherwise(library: str, method: str) -> Message:
    return message(
        "{library} has {method}, but its decay is another one (one method where weight_decay is 0).",
        library=library,
        method=method,
    )


def _no_decay(rule: HyperparameterRecord) -> bool:
    return bool(rule.hyperparameters()["weight_decay"] == 0)


def _never(rule: HyperparameterRecord) -> bool:
    return False


@dataclass(frozen=True)
class FrameworkOptimizers:
    """The optimizers of a framework.

    Attributes:
        title: what it is called.
        calls: the call that makes each of our methods (by class name), with our names of hyperparameters, and ``_x``
            for the point.
        only: conditions under which it is the same method, and what to say (of library and method) where it is not.
        averages: where the method reports an average, the expression of it.
        steady: methods that take no schedule there (or mean something else by it).
        rounded: methods whose hyperparameters it rounds to float32, whatever the parameters are.
        compiled: whether it takes a schedule as a function of the step.
    """

    title: str
    calls: Mapping[str, str]
    only: Mapping[str, tuple[Condition, Difference]] = field(default_factory=dict)
    averages: Mapping[str, str] = field(default_factory=dict)
    steady: frozenset[str] = frozenset()
    rounded: frozenset[str] = frozenset()
    compiled: bool = False

    def call(self, rule: Optimizer, schedule: Schedule | None, single: bool) -> str:
        """The template of the call for this rule; empty where it has no such method."""
        name = type(rule).__name__
        if name not in self.calls or (schedule is not None and name in self.steady):
            return ""
        if not single and name in self.rounded:
            return ""
        if schedule is not None and self.compiled and schedule.init() not in ((), ((), ())):
            return ""  # a schedule that looks at values cannot be one of their functions of the step
        if name in self.only and not self.only[name][0](rule):
            return ""
        return self.calls[name]

    def absence(self, rule: Optimizer, single: bool, own: bool = False) -> Message:
        """Why the rule is written out, as one of its own optimizers or not."""
        name = type(rule).__name__
        out = message("So the rule is written out.")
        if own:
            out = message("So the rule is written out as one of its optimizers.")
        if name in self.only and not self.only[name][0](rule):
            return sentences(self.only[name][1](self.title, name), out)
        if name in self.calls and name in self.rounded and not single:
            rounds = message(
                "{library} has {method}, but rounds its hyperparameters to float32.",
                library=self.title,
                method=name,
            )
            return sentences(rounds, out)
        if own:
            return message(
                "{library} has no {method}, so the rule is written out as one of its optimizers.",
                library=self.title,
                method=name,
            )
        return message(
            "{library} has no {method}, so the rule is written out.", library=self.title, method=name
        )


def filled(template: str, constants: Mapping[str, ast.expr]) -> str:
    """The call with our constants in it."""
    return text(fill(template, **constants))


TORCH = FrameworkOptimizers(
    "torch.optim",
    {
        "GradientDescent": "torch.optim.SGD([_x], lr=learning_rate)",
        "Momentum": "torch.optim.SGD([_x], lr=learning_rate, momentum=momentum)",
        "Nesterov": "torch.optim.SGD([_x], lr=learning_rate, momentum=momentum, nesterov=True)",
        "AdaGrad": "torch.optim.Adagrad([_x], lr=learning_rate, eps=epsilon)",
        "AdaDelta": "torch.optim.Adadelta([_x], lr=learning_rate, rho=decay, eps=epsilon)",
        "RMSProp": "torch.optim.RMSprop([_x], lr=learning_rate, alpha=decay, eps=epsilon)",
        "CentredRMSProp": "torch.optim.RMSprop([_x], lr=learning_rate, alpha=decay, eps=epsilon, centered=True)",
        "MomentumRMSProp": (
            "torch.optim.RMSprop([_x], lr=learning_rate, alpha=decay, eps=epsilon, momentum=momentum)"
        ),
        "CentredMomentumRMSProp": (
            "torch.optim.RMSprop([_x], lr=learning_rate, alpha=decay, eps=epsilon, momentum=momentum, centered=True)"
        ),
        "Adam": "torch.optim.Adam([_x], lr=learning_rate, betas=(beta1, beta2), eps=epsilon)",
        "AMSGrad": "torch.optim.Adam([_x], lr=learning_rate, betas=(beta1, beta2), eps=epsilon, amsgrad=True)",
        "AdamW": (
            "torch.optim.AdamW([_x], lr=learning_rate, betas=(beta1, beta2), eps=epsilon, weight_decay=weight_decay)"
        ),
        "AdaMax": "torch.optim.Adamax([_x], lr=learning_rate, betas=(beta1, beta2), eps=epsilon)",
        "NAdam": (
            "torch.optim.NAdam([_x], lr=learning_rate, betas=(beta1, beta2), eps=epsilon,"
            " momentum_decay=momentum_decay)"
        ),
        "RAdam": "torch.optim.RAdam([_x], lr=learning_rate, betas=(beta1, beta2), eps=epsilon)",
        "Rprop": (
            "torch.optim.Rprop([_x], lr=learning_rate, etas=(shrink, grow), step_sizes=(min_step, max_step))"
        ),
    },
    only={"Nesterov": (_moving, _not_without_momentum)},
)

_INSIDE = (_no_epsilon, _adds_epsilon_elsewhere)

KERAS = FrameworkOptimizers(
    "keras.optimizers",
    {
        "GradientDescent": "keras.optimizers.SGD(learning_rate=learning_rate)",
        "Momentum": "keras.optimizers.SGD(learning_rate=learning_rate, momentum=momentum)",
        "Nesterov": "keras.optimizers.SGD(learning_rate=learning_rate, momentum=momentum, nesterov=True)",
        "AdaGrad": (
            "keras.optimizers.Adagrad(learning_rate=learning_rate, initial_accumulator_value=0.0, epsilon=epsilon)"
        ),
        "AdaDelta": "keras.optimizers.Adadelta(learning_rate=learning_rate, rho=decay, epsilon=epsilon)",
        "RMSProp": "keras.optimizers.RMSprop(learning_rate=learning_rate, rho=decay, epsilon=epsilon)",
        "CentredRMSProp": (
            "keras.optimizers.RMSprop(learning_rate=learning_rate, rho=decay, epsilon=epsilon, centered=True)"
        ),
        "MomentumRMSProp": (
            "keras.optimizers.RMSprop(learning_rate=learning_rate, rho=decay, epsilon=epsilon, momentum=momentum)"
        ),
        "Adam": (
            "keras.optimizers.Adam(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon)"
        ),
        "AMSGrad": (
            "keras.optimizers.Adam(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon,"
            " amsgrad=True)"
        ),
        "AdamW": (
            "keras.optimizers.AdamW(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon,"
            " weight_decay=weight_decay)"
        ),
        "AdaMax": (
            "keras.optimizers.Adamax(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon)"
        ),
        "NAdam": (
            "keras.optimizers.Nadam(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon)"
        ),
        "Lion": (
            "keras.optimizers.Lion(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, weight_decay=weight_decay)"
        ),
        "LAMB": (
            "keras.optimizers.Lamb(learning_rate=learning_rate, beta_1=beta1, beta_2=beta2, epsilon=epsilon)"
        ),
    },
    only={
        **dict.fromkeys(("AdaGrad", "RMSProp", "CentredRMSProp", "MomentumRMSProp"), _INSIDE),
        **dict.fromkeys(("Adam", "AMSGrad", "AdamW", "AdaMax"), _INSIDE),
        "NAdam": (
            lambda rule: rule.hyperparameters()["momentum_decay"] == 1,
            _one_momentum_decay,
        ),
        "LAMB": (_no_decay, _decays_otherwise),
    },
    steady=frozenset(("Momentum", "Nesterov", "MomentumRMSProp", "NAdam")),
    rounded=frozenset(("Momentum", "Nesterov", "AdaGrad", "RMSProp", "CentredRMSProp", "MomentumRMSProp"))
    | frozenset(("Adam", "AMSGrad", "AdamW", "AdaMax", "NAdam", "LAMB")),
)

OPTAX = FrameworkOptimizers(
    "optax",
    {
        "GradientDescent": "optax.sgd(learning_rate)",
        "Momentum": "optax.sgd(learning_rate, momentum=momentum)",
        "Nesterov": "optax.sgd(learning_rate, momentum=momentum, nesterov=True)",
        "AdaDelta": "optax.adadelta(learning_rate, rho=decay, eps=epsilon)",
        "RMSProp": "optax.rmsprop(learning_rate, decay=decay, eps=epsilon, eps_in_sqrt=False)",
        "Adam": "optax.adam(learning_rate, b1=beta1, b2=beta2, eps=epsilon)",
        "AdamW": "optax.adamw(learning_rate, b1=beta1, b2=beta2, eps=epsilon, weight_decay=weight_decay)",
        "AdaMax": "optax.adamax(learning_rate, b1=beta1, b2=beta2, eps=epsilon)",
        "AdaBelief": "optax.adabelief(learning_rate, b1=beta1, b2=beta2, eps=epsilon, eps_root=epsilon)",
        "Lion": "optax.lion(learning_rate, b1=beta1, b2=beta2, weight_decay=weight_decay)",
        "RAdam": "optax.radam(learning_rate, b1=beta1, b2=beta2, eps=epsilon)",
        "SignDescent": "optax.sign_sgd(learning_rate)",
        "Signum": "optax.signum(learning_rate, beta=beta)",
        "ADOPT": "optax.contrib.adopt(learning_rate, b1=beta1, b2=beta2, eps=epsilon)",
        "AdEMAMix": (
            "optax.contrib.ademamix(learning_rate, b1=beta1, b2=beta2, b3=beta3, alpha=alpha, eps=epsilon,"
            " weight_decay=weight_decay)"
        ),
        "LAMB": "optax.lamb(learning_rate, b1=beta1, b2=beta2, eps=epsilon, weight_decay=weight_decay)",
        "LARS": "optax.lars(learning_rate, trust_coefficient=trust, momentum=momentum)",
        "NovoGrad": "optax.novograd(learning_rate, b1=beta1, b2=beta2, eps=epsilon, weight_decay=weight_decay)",
        "COCOB": "optax.contrib.cocob(alpha=alpha, eps=epsilon)",
        "DoWG": "optax.contrib.dowg(init_estim_sq_dist=initial_distance**2, eps=epsilon)",
        "Prodigy": "optax.contrib.prodigy(learning_rate, (beta1, beta2), eps=epsilon, estim_lr0=initial_distance)",
        "DAdaptAdam": (
            "optax.contrib.dadapt_adamw(learning_rate, (beta1, beta2), eps=epsilon, estim_lr0=initial_distance)"
        ),
        "ScheduleFreeSGD": "optax.contrib.schedule_free_sgd(learning_rate, b1=momentum)",
        "ScheduleFreeAdamW": (
            "optax.contrib.schedule_free_adamw(learning_rate, b1=beta1, b2=beta2, eps=epsilon,"
            " weight_decay=weight_decay)"
        ),
    },
    only={
        "RAdam": (
            _no_epsilon,
            _adds_epsilon_later,
        ),
        "Nesterov": (_moving, _not_without_momentum),
        "AdEMAMix": (lambda rule: rule.hyperparameters()["warmup"] == 1, _no_warmup),
        "Adan": (_never, _weighs_otherwise),
        "ACProp": (_never, _measures_from_before),
        "MADGRAD": (_never, _adds_epsilon_to_the_rate),
        **dict.fromkeys(("MoMo", "MoMoAdam"), (_never, _stops_early)),
        "LARS": (_no_decay, _decays_otherwise),
    },
    averages=dict.fromkeys(
        ("ScheduleFreeSGD", "ScheduleFreeAdamW"), "optax.contrib.schedule_free_eval_params(state, _x)"
    ),
    steady=frozenset(("Prodigy", "DAdaptAdam", "ScheduleFreeSGD", "ScheduleFreeAdamW")),
    compiled=True,
)
