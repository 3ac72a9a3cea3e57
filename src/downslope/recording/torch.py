"""Watches a torch training loop through the hooks that torch has for the steps of its optimizers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from downslope.errors import DownslopeError, UsageError
from downslope.messages import message
from downslope.objectives.recorded import LoopFault
from downslope.optimizers import Optimizer
from downslope.optimizers.external import ExternalOptimizer
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.rules.gradient_descent import GradientDescent
from downslope.optimizers.rules.momentum import Momentum
from downslope.optimizers.rules.nesterov import Nesterov
from downslope.optimizers.wrappers.weight_decay import WeightDecay
from downslope.recording.recorder import Recorder
from downslope.recording.torch_faults import GradientWatch
from downslope.tensors.given import as_number


def watch_of(source: Any) -> TorchWatch:
    """A watch of a torch optimizer, or of whatever optimizer steps the parameters of a module.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(source, torch.optim.Optimizer):
        return TorchWatch(source, None)
    if isinstance(source, torch.nn.Module):
        return TorchWatch(None, source)
    raise UsageError(
        message("a torch {kind} cannot be watched; give its optimizer or module.", kind=type(source).__name__)
    )


class TorchWatch:
    """Sees parameters and gradients before each step; where the loop has a closure, when that was called."""

    def __init__(self, optimizer: Any, module: Any) -> None:
        self.title = message("a loop with torch's {kind}", kind=type(module or optimizer).__name__)
        self._optimizer, self._module = optimizer, module
        self._rates: list[float] = []
        self._seen_first = self._under_way = False
        self._gradients: GradientWatch | None = None
        self._stepped: dict[int, Any] = {}  # optimizers that moved something of it

    @property
    def climbs(self) -> bool:
        """Whether all of its groups go up."""
        return self._optimizer is not None and all(
            group.get("maximize", False) for group in self._optimizer.param_groups
        )

    @property
    def faults(self) -> tuple[LoopFault, ...]:
        """Gradients never set to zero, parameters that nothing moves."""
        return () if self._gradients is None else self._gradients.faults

    def begin(self, recorder: Recorder) -> None:
        """Register the hooks."""
        self._recorder = recorder
        self._gradients = GradientWatch(*self._parameters())
        if self._module is None:
            before = self._optimizer.register_step_pre_hook
            after = self._optimizer.register_step_post_hook
        else:
            before, after = register_optimizer_step_pre_hook, register_optimizer_step_post_hook
        self._handles = [before(self._before), after(self._after)]

    def end(self) -> None:
        """Remove the hooks."""
        if self._gradients is not None:
            self._gradients.end()
        for handle in self._handles:
            handle.remove()

    def final(self) -> tuple[Sequence[str], ParamTree] | None:
        """The parameters now; None in the middle of a step, or where a rule that searches has told of them."""
        if self._under_way or self._optimizer is None or getattr(self._optimizer, "searches", False):
            return None
        return self._point()

    # --- a step --------------------------------------------------------------------------------------------

    def _concerns(self, optimizer: Any) -> bool:
        if self._module is None:
            return True
        mine = {id(p) for p in self._module.parameters()}
        if not any(id(p) in mine for group in optimizer.param_groups for p in group["params"]):
            return False
        self._optimizer = optimizer
        return True

    def _before(self, optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._concerns(optimizer):
            return None
        self._stepped[id(optimizer)] = optimizer
        if "lr" in optimizer.param_groups[0]:
            self._rates.append(float(optimizer.param_groups[0]["lr"]))
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if closure is None:
            self._see(None)
            return None
        self._first_call = True
        watched = self._watched(closure, getattr(optimizer, "searches", False))
        if "closure" in kwargs:
            return args, {**kwargs, "closure": watched}
        return (args[0], watched, *args[2:]), kwargs

    def _watched(self, closure: Callable[[], Any], searches: bool) -> Callable[[], Any]:
        """The closure, telling what it returned the first time in a step; of a rule that searches, the last time."""

        def watched() -> Any:
            loss = closure()
            self._loss = None if loss is None else as_number(loss)
            if self._first_call and not (searches and self._seen_first):
                self._see(self._loss)
            else:
                self._recorder.evaluations += 1
            self._first_call = False
            return loss

        return watched

    def _after(self, optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A rule that searches stands where it evaluated last, and that evaluation has been counted."""
        if not self._concerns(optimizer):
            return
        if getattr(optimizer, "searches", False):
            self._recorder.evaluations -= 1
            self._see(self._loss)
        self._under_way = False

    def _see(self, value: float | None) -> None:
        self._seen_first = self._under_way = True
        names, x = self._point()
        _, params = self._parameters()
        slopes = [torch.zeros_like(p) if p.grad is None else p.grad.detach() for p in params]
        g = ParamTree(slope.to_dense() if slope.is_sparse else slope for slope in slopes)
        self._recorder.see(names, x, g, value)
        if self._gradients is not None:
            self._gradients.step(list(self._stepped.values()))

    def _point(self) -> tuple[list[str], ParamTree]:
        names, params = self._parameters()
        return self._recorder.names_of(params, names), ParamTree(p.detach() for p in params)

    def _parameters(self) -> tuple[list[str], Sequence[Any]]:
        if self._module is not None:
            named = [(name, p) for name, p in self._module.named_parameters() if p.requires_grad]
            return [name for name, _ in named], [p for _, p in named]
        groups = self._optimizer.param_groups
        params = [p for group in groups for p in group["params"]]
        names = [name for group in groups for name in group.get("param_names", ())]
        return (names if len(names) == len(params) else [f"p{i}" for i in range(len(params))]), params

    # --- the optimizer ---------------------------------------------------------------------------------------

    def optimizer(self) -> Optimizer:
        """Ours where the rule is ours or known to be the same; else its name and settings."""
        theirs = self._optimizer
        if theirs is None:
            return ExternalOptimizer(library="torch", title="optimizer")
        group, constant = theirs.param_groups[0], len(set(self._rates)) <= 1
        if constant and len(theirs.param_groups) == 1:
            same = _same(theirs, group, self._rates[0] if self._rates else group.get("lr"))
            if same is not None:
                return same
        rates = f"lr={min(self._rates):g} to {max(self._rates):g}" if self._rates and not constant else ""
        usual = inspect.signature(type(theirs)).parameters
        shown = [
            f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in group.items()
            if isinstance(value, (int, float, tuple))
            and (key == "lr" or (key in usual and value != usual[key].default))
            and not (key == "lr" and rates)
        ]
        return ExternalOptimizer(
            library="torch", title=type(theirs).__name__, settings=tuple([rates] * bool(rates) + shown)
        )


def _same(theirs: Any, group: Any, rate: Any) -> Optimizer | None:
    """The rule of an optimizer of ours, or that which torch's SGD is."""
    if isinstance(getattr(theirs, "rule", None), Optimizer):
        rule: Optimizer = theirs.current_rule()
        return rule
    if type(theirs) is not torch.optim.SGD or group["dampening"]:
        return None
    try:
        if not group["momentum"]:
            made: Optimizer = GradientDescent(learning_rate=float(rate))
        else:
            cls = Nesterov if group["nesterov"] else Momentum
            made = cls(learning_rate=float(rate), momentum=float(group["momentum"]))
        return (
            WeightDecay(optimizer=made, rate=float(group["weight_decay"])) if group["weight_decay"] else made
        )
    except DownslopeError:
        return None  # a rate of 0, say
