"""A ``torch.optim.Optimizer`` made of any update rule."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from downslope.errors import UsageError
from downslope.messages import Message, message
from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.registry import as_optimizer
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.wrappers.scheduled import resolve_schedule, why_without_rate
from downslope.tensors.given import as_number
from downslope.torch.clipping import ClippingTogether
from downslope.torch.groups import RULE, UPHILL, Group, GroupKeys
from downslope.torch.states import HOME, NEXT, refuse_another
from downslope.torch.stepping import Slopes, Stepper

MOST_TRIALS = 100  # evaluations in one step of a rule that searches


class TorchOptimizer(torch.optim.Optimizer):  # type: ignore[misc]  # torch is not type-checked here
    """Any of downslope's update rules, for a torch training loop.

    Args:
        params: parameters, named parameters, or dicts of parameter groups, each with hyperparameters of its own.
        rule: an ``Optimizer`` of ``downslope.optimizers``, or a name such as ``"adam"``; by default gradient descent.
        learning_rate: in the place of the rule's own; ``lr`` will do too.
        maximize: whether to climb, as in torch's own optimizers; a group may say otherwise.
        hyperparameters: of a rule given by name, or other values than those of the rule given.

    The hyperparameters are in ``param_groups``, under their names, with ``lr`` and ``betas`` as torch calls them, so
    that torch's schedulers work; whole numbers, such as a memory, are the rule's own and the same for all groups. Where
    betas change on the way (OneCycleLR, CyclicLR), zero starts are corrected by the product of those that were used,
    which is what the means lack; torch's own Adam takes a power of the last one.

    Each group has a state of its own, kept in each parameter's ``state`` under the names that the rule gives it. A
    parameter without a gradient is left alone; where a rule mixes all coordinates of a group (by inner products: AdGD,
    Barzilai-Borwein, Prodigy, ...), its gradient counts as zero. ``ClipByNorm`` clips by the norm over all groups.
    Gradients may be sparse. What a group holds besides hyperparameters is kept, as torch does it.

    Rules that look at the objective's value need ``step(closure)`` and one group. Those that search along a line
    (Armijo, LBFGS, auto, ...) call the closure until they accept a point, at most 100 times, and leave the parameters
    there: the closure must compute the same function each time.

    >>> import torch
    >>> w = torch.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = TorchOptimizer([w], "adgd2", initial_step=0.1)
    >>> for _ in range(40):
    ...     optimizer.zero_grad()
    ...     (w[0] ** 2 + 10 * w[1] ** 2).backward()
    ...     optimizer.step()
    >>> bool(w.abs().max() < 1e-3)
    True
    """

    def __init__(
        self,
        params: Any,
        rule: Any = "gradient_descent",
        learning_rate: Any = None,
        *,
        maximize: bool = False,
        **hyperparameters: Any,
    ) -> None:
        if learning_rate is not None:
            hyperparameters["learning_rate"] = learning_rate
        if not isinstance(rule, Rule):
            rate = hyperparameters.pop("lr", hyperparameters.pop("learning_rate", None))
            if "betas" in hyperparameters:
                hyperparameters["beta1"], hyperparameters["beta2"] = hyperparameters.pop("betas")
            rule = as_optimizer(rule, None if rate == 0 else rate, **hyperparameters)
            hyperparameters = {"lr": 0.0} if rate == 0 else {}  # as a scheduler may begin
        self.rule: Rule = rule
        self._prepare()
        own = {**self._names.defaults(), UPHILL: bool(maximize), **self._names.checked(hyperparameters)}
        super().__init__(params, own)

    def _prepare(self) -> None:
        """Make what follows from the rule alone, and is not saved."""
        inner = resolve_schedule(self.rule)
        self._names, self._traits = GroupKeys(inner), requirements_of(inner)
        self._clipping = ClippingTogether(inner)
        self._stepper = Stepper(self._clipping.rule)
        self._without_rate = None if "lr" in self._names.defaults() else why_without_rate(inner)
        self._averaging = self._brings_home = (
            False  # whether the average, or what was loaded, is in the parameters
        )

    # --- groups ------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters with hyperparameters of its own.

        Raises:
            HyperparameterError: a hyperparameter is unknown or outside its range.
            UsageError: a parameter is complex, or the rule takes one group only. No group is added then.
        """
        group = self._names.of_group(param_group)
        if not isinstance(group["params"], (torch.Tensor, set)):
            group["params"] = list(group["params"])  # it may be a generator
        given = group["params"] if isinstance(group["params"], list) else [group["params"]]
        tensors = [entry[1] if isinstance(entry, tuple) else entry for entry in given]
        if any(isinstance(p, torch.Tensor) and p.is_complex() for p in tensors):
            raise UsageError(
                message("a parameter is complex; descend torch.view_as_real of it, whose numbers are real.")
            )
        if self.param_groups and self._traits.needs_value:
            raise UsageError(
                message(
                    "{kind} looks at the value of the whole objective: all parameters must be in one group.",
                    kind=type(self.rule).__name__,
                )
            )
        super().add_param_group({**group, RULE: self.rule.kind()})
        self.param_groups[-1] = Group(self.param_groups[-1], self._without_rate)

    @property
    def searches(self) -> bool:
        """Whether a step may call the closure several times, and leaves the parameters where it evaluated last."""
        return self._traits.searches

    def current_rule(self) -> Rule:
        """The rule with the hyperparameters that the first group has now."""
        if self._names.rule is not self.rule:  # its learning rate is a schedule
            return self.rule
        return self.rule.with_scalars(self._names.numbers(self.param_groups[0]))

    # --- the step ----------------------------------------------------------------------------------------

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one step.

        Args:
            closure: evaluates the model, leaves gradients and returns the loss; needed by rules that look at it. Others
                do without the loss, as torch's do.

        Returns:
            The loss that the closure returned; of a rule that searches, that at the point it accepted.

        Raises:
            UsageError: the rule looks at the objective's value and there is no closure, or none that returns it; or it
                is called inside ``averaged()``.
        """
        if torch.compiler.is_compiling():
            return self._step_as_it_is(closure)
        return self._step(closure)

    def _step(self, closure: Callable[[], Any] | None) -> Any:
        if self._averaging:
            raise UsageError(
                message("step() was called inside averaged(), where the parameters are the average.")
            )
        if self._brings_home:
            self._bring_home(closure is None)
        if closure is None:
            if self._traits.needs_value:
                raise UsageError(self._without_closure())
            self._update(math.nan)
            return None
        if self._traits.searches:
            return self._search(closure)
        with torch.enable_grad():
            loss = closure()
        self._update(self._value(loss))
        return loss

    # torch's compiler leaves it alone: what it calls was compiled from the rule already
    _step_as_it_is = torch._disable_dynamo(_step)

    def _value(self, loss: Any) -> float:
        """What a closure returned as a number; NaN where there is none and nobody looks."""
        if loss is not None:
            return as_number(loss)
        if self._traits.needs_value:
            raise UsageError(
                message(
                    "the closure returned None, and {kind} looks at the objective's value: end it with return loss.",
                    kind=type(self.rule).__name__,
                )
            )
        return math.nan

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As torch's own."""
        if self._brings_home:
            self._bring_home(False)
        super().zero_grad(set_to_none)

    def _without_closure(self) -> Message:
        kind = type(self.rule).__name__
        if self._traits.searches:
            return message(
                "{kind} looks at the objective's value: give step() a closure that computes the loss and its"
                " gradients, the same function each time it is called.",
                kind=kind,
            )
        return message(
            "{kind} looks at the objective's value: give step() a closure that computes the loss and its"
            " gradients.",
            kind=kind,
        )

    def _update(self, value: float) -> bool:
        accepted = True
        if not self._clipping.clips:
            for group in self.param_groups:
                accepted = self._stepper.step(_slopes(group, value), self.state, self._names.numbers(group))
            return accepted
        given = [_slopes(group, value) for group in self.param_groups]
        numbers = self._clipping.told(given, [self._names.numbers(group) for group in self.param_groups])
        for some, named in zip(given, numbers, strict=True):
            accepted = self._stepper.step(some, self.state, named)
        return accepted

    def _search(self, closure: Callable[[], Any]) -> Any:
        """Evaluate and update until a point is accepted; the trial after it waits in the state for the next step."""
        params = self.param_groups[0]["params"]
        home, begun = _copies(params), NEXT in self.state[params[0]]
        if begun:
            torch._foreach_copy_(params, [self.state[p][NEXT] for p in params])
        for _ in range(MOST_TRIALS):
            with torch.enable_grad():
                loss = closure()
            here = _copies(params)
            accepted = self._update(self._value(loss))
            if accepted:
                home = here
                if begun:
                    break
                begun = True  # the start itself is always accepted; a step is still to be made
        else:
            accepted = False
        for p, trial in zip(params, _copies(params), strict=True):
            self.state[p][NEXT] = trial
        torch._foreach_copy_(params, home)
        if not accepted:
            with torch.enable_grad():
                loss = closure()
        return loss

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Hold the point to report in the parameters for a while: the average, where the rule averages.

        That is so for schedule-free methods and DoG; evaluate and save such models inside. What ``state_dict()`` says
        inside has the point of the training too: the model that it is loaded beside goes on from there with the next
        ``zero_grad()`` or closure.

        >>> import torch
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> optimizer = TorchOptimizer([w], "schedule_free_sgd", lr=0.5)
        >>> for gradient in (2.0, 1.0):
        ...     w.grad = torch.tensor([gradient])
        ...     optimizer.step()
        >>> with optimizer.averaged():
        ...     print(w.item())
        -0.25
        """
        if self._brings_home:
            self._bring_home(False)
        params = [p for group in self.param_groups for p in group["params"]]
        before = _copies(params)
        with torch.no_grad():
            for group in self.param_groups:
                self._stepper.answer(group["params"], self.state, self._names.numbers(group))
        begun = [(p, here) for p, here in zip(params, before, strict=True) if self.state.get(p)]
        if self._traits.averages:
            for p, here in begun:
                self.state[p][HOME] = here
        self._averaging = True
        try:
            yield
        finally:
            self._averaging = False
            for p, _ in begun:
                self.state[p].pop(HOME, None)
            with torch.no_grad():
                torch._foreach_copy_(params, before)

    def _bring_home(self, stepping: bool) -> None:
        """Put back the points of the training, of a state that was saved while the average was in their place."""
        homes = [(p, kept.pop(HOME)) for p, kept in self.state.items() if HOME in kept]
        self._brings_home = False
        away = any(not torch.equal(p, home) for p, home in homes)
        with torch.no_grad():
            for p, home in homes:
                p.copy_(home)
        if stepping and away:
            raise UsageError(
                message(
                    "the gradients were computed at the average, with which the model was loaded after the"
                    " optimizer; it is at the point of the training again. Call zero_grad() before the model,"
                    " or load the model first."
                )
            )

    # --- saving ------------------------------------------------------------------------------------------

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was taken.

        Raises:
            UsageError: it is of another rule, or of another memory of the same rule.
        """
        plan = self._stepper.plan(self.param_groups[0]["params"], self._names.numbers(self.param_groups[0]))
        refuse_another(state_dict, self.rule, self._names.defaults(), plan)
        super().load_state_dict(dict(state_dict))
        self._share_scalars()
        self._brings_home = any(HOME in kept for kept in self.state.values())
        with torch.no_grad():
            for p, kept in self.state.items():
                if HOME in kept:  # and again later, should the model be loaded after this
                    p.copy_(kept[HOME])

    def _share_scalars(self) -> None:
        """Give every parameter the scalars of the first one, where each is stepped for itself: earlier versions kept
        them there only where a rule clipped by a norm."""
        for group in self.param_groups:
            plan = self._stepper.plan(group["params"], self._names.numbers(group))
            first = self.state.get(group["params"][0])
            if plan.alone is not None and first:
                for p in group["params"][1:]:
                    if self.state.get(p):
                        for name in plan.scalars:
                            self.state[p].setdefault(name, first[name])

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "rule": self.rule}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_stepper" not in self.__dict__:
            self._prepare()
        self.param_groups = [
            Group({**group, UPHILL: group.get(UPHILL, False), RULE: self.rule.kind()}, self._without_rate)
            for group in state["param_groups"]
        ]
        self._brings_home = any(HOME in kept for kept in self.state.values())

    def __repr__(self) -> str:
        text: str = super().__repr__()
        return text.replace(type(self).__name__, f"downslope.torch.Optimizer of {self.rule!r}", 1)


def _slopes(group: Mapping[str, Any], value: float) -> Slopes:
    """A group's gradients, dense, and the value; both turned round where the group climbs."""
    live, slopes = [], []
    for p in group["params"]:
        slope = p.grad
        if slope is not None:
            live.append(p)
            slopes.append(slope.to_dense() if slope.is_sparse else slope)
    if group[UPHILL] and live:
        return group["params"], live, list(torch._foreach_neg(slopes)), -value
    return group["params"], live, slopes, value


def _copies(params: list[torch.Tensor]) -> list[torch.Tensor]:
    return [p.detach().clone() for p in params]
