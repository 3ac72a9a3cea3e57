"""A ``torch.optim.Optimizer`` made of any update rule."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from downslope.errors import UsageError
from downslope.messages import Message, listing, message
from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.registry import as_optimizer
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.wrappers.scheduled import resolve_schedule
from downslope.tensors.given import as_number
from downslope.torch.groups import Group, GroupKeys
from downslope.torch.stepping import Stepper

MOST_TRIALS = 100  # evaluations in one step of a rule that searches
NEXT = "next_x"  # where the state of such a rule keeps its next trial


class TorchOptimizer(torch.optim.Optimizer):  # type: ignore[misc]  # torch is not type-checked here
    """Any of downslope's update rules, for a torch training loop.

    Args:
        params: parameters, named parameters, or dicts of parameter groups, each with hyperparameters of its own.
        rule: an ``Optimizer`` of ``downslope.optimizers``, or a name such as ``"adam"``; by default gradient descent.
        learning_rate: in the place of the rule's own; ``lr`` will do too.
        hyperparameters: of a rule given by name, or other values than those of the rule given.

    The hyperparameters are in ``param_groups``, under their names, with ``lr`` and ``betas`` as torch calls them, so
    that torch's schedulers work; whole numbers, such as a memory, are the rule's own and the same for all groups. Where
    betas change on the way (OneCycleLR, CyclicLR), zero starts are corrected by the product of those that were used,
    which is what the means lack; torch's own Adam takes a power of the last one.

    Each group has a state of its own, kept in each parameter's ``state`` under the names that the rule gives it. A
    parameter without a gradient is left alone; where a rule mixes all coordinates (by inner products: AdGD,
    Barzilai-Borwein, Prodigy, clipping by norm, ...), its gradient counts as zero.

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
        self, params: Any, rule: Any = "gradient_descent", learning_rate: Any = None, **hyperparameters: Any
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
        super().__init__(params, {**self._names.defaults(), **self._names.checked(hyperparameters)})

    def _prepare(self) -> None:
        """Make what follows from the rule alone, and is not saved."""
        inner = resolve_schedule(self.rule)
        self._names, self._traits, self._stepper = GroupKeys(inner), requirements_of(inner), Stepper(inner)

    # --- groups ------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters with hyperparameters of its own.

        Raises:
            HyperparameterError: a hyperparameter is unknown or outside its range.
            UsageError: a parameter is complex, or the rule takes one group only.
        """
        torchs = ("params", "param_names", "initial_lr")
        own = self._names.checked({k: v for k, v in param_group.items() if k not in torchs})
        super().add_param_group({**{k: v for k, v in param_group.items() if k in torchs}, **own})
        self.param_groups[-1] = Group(self.param_groups[-1])
        if any(p.is_complex() for p in self.param_groups[-1]["params"]):
            raise UsageError(
                message("a parameter is complex; descend torch.view_as_real of it, whose numbers are real.")
            )
        if len(self.param_groups) > 1 and self._traits.needs_value:
            raise UsageError(
                message(
                    "{kind} looks at the value of the whole objective: all parameters must be in one group.",
                    kind=type(self.rule).__name__,
                )
            )

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
            closure: evaluates the model, leaves gradients and returns the loss; needed by rules that look at it.

        Returns:
            The loss that the closure returned; of a rule that searches, that at the point it accepted.

        Raises:
            UsageError: the rule looks at the objective's value and there is no closure.
        """
        if closure is None:
            if self._traits.needs_value:
                raise UsageError(self._without_closure())
            self._update(math.nan)
            return None
        if self._traits.searches:
            return self._search(closure)
        with torch.enable_grad():
            loss = closure()
        self._update(as_number(loss))
        return loss

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
        for group in self.param_groups:
            accepted = self._stepper.step(group["params"], self.state, value, self._names.numbers(group))
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
            accepted = self._update(as_number(loss))
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

        That is so for schedule-free methods and DoG; evaluate and save such models inside.

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
        params = [p for group in self.param_groups for p in group["params"]]
        before = _copies(params)
        with torch.no_grad():
            for group in self.param_groups:
                self._stepper.answer(group["params"], self.state, self._names.numbers(group))
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(params, before)

    # --- saving ------------------------------------------------------------------------------------------

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was taken.

        Raises:
            UsageError: it is of another rule.
        """
        needed = self._names.defaults()
        for group in state_dict["param_groups"]:
            if not needed.keys() <= group.keys():
                raise UsageError(self._state_of_another([key for key in group if key != "params"]))
        super().load_state_dict(dict(state_dict))

    def _state_of_another(self, theirs: list[str]) -> Message:
        kind, needed = type(self.rule).__name__, listing(self._names.defaults())
        if not theirs:
            return message(
                "this is the state of another rule: its groups have nothing, and {kind} needs {needed}.",
                kind=kind,
                needed=needed,
            )
        return message(
            "this is the state of another rule: its groups have {theirs}, and {kind} needs {needed}.",
            theirs=listing(theirs),
            kind=kind,
            needed=needed,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "rule": self.rule}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.param_groups = [Group(group) for group in state["param_groups"]]
        if "_stepper" not in self.__dict__:
            self._prepare()

    def __repr__(self) -> str:
        text: str = super().__repr__()
        return text.replace(type(self).__name__, f"downslope.torch.Optimizer of {self.rule!r}", 1)


def _copies(params: list[torch.Tensor]) -> list[torch.Tensor]:
    return [p.detach().clone() for p in params]
