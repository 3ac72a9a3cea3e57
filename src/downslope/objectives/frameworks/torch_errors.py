"""What PyTorch's errors mean for a person who wrote a cost."""

from __future__ import annotations

from collections.abc import Callable

from downslope.errors import ObjectiveError
from downslope.messages import Message, message


def _cut_off(text: str) -> Message:
    return message(
        "{text} does not depend on its parameters: .item(), .detach(), float(), torch.no_grad() or"
        " torch.tensor(...) inside it cut them off.",
        text=text,
    )


def other_tensors(text: str) -> Message:
    """That a cost depends on tensors that it was not given."""
    return message(
        "{text} does not depend on its parameters, but on other tensors that require a gradient, such as a"
        " model's own: use those that it is given, for a model by torch.func.functional_call(model,"
        " parameters, inputs).",
        text=text,
    )


# What PyTorch says, in part, and what it means for a person who wrote a cost.
_MEANINGS: tuple[tuple[str, Callable[[str], Message]], ...] = (
    (
        "used in an in-place operation",
        lambda text: message(
            "{text} changes its argument in place, which PyTorch forbids; write x = x + 1 instead of x += 1.",
            text=text,
        ),
    ),
    (
        "modified by an inplace operation",
        lambda text: message(
            "{text} changes in place a tensor that the gradient needs; write x = x + 1 instead of x += 1.",
            text=text,
        ),
    ),
    (
        "Can't call numpy() on Tensor that requires grad",
        lambda text: message(
            "{text} calls numpy() on its parameters, which cuts the gradient; use PyTorch's functions"
            " (torch.sin for np.sin).",
            text=text,
        ),
    ),
    (
        "Inference tensors cannot be saved",
        lambda text: message(
            "{text} uses tensors that were made under torch.inference_mode(), which have no gradients; make"
            " them outside of it.",
            text=text,
        ),
    ),
    (
        "backward through the graph a second time",
        lambda text: message(
            "{text} calls backward() itself, or uses a graph from outside, which PyTorch frees after one"
            " gradient; leave backward() to downslope, and compute all of the cost inside of it.",
            text=text,
        ),
    ),
    ("does not require grad and does not have a grad_fn", _cut_off),
    (
        "same dtype",
        lambda text: message(
            "{text} mixes precisions; give its data the precision of the start, as in data.to(start.dtype).",
            text=text,
        ),
    ),
    (
        "expected scalar type",
        lambda text: message(
            "{text} mixes precisions; give its data the precision of the start: data.to(start.dtype).",
            text=text,
        ),
    ),
    (
        "same device",
        lambda text: message(
            "{text} mixes devices; move its data to the start's, as in data.to(start.device).", text=text
        ),
    ),
)


def meaning(error: RuntimeError, text: str) -> Exception:
    """PyTorch's error as one sentence about the cost; the error itself where it is none of the usual ones."""
    for fragment, told in _MEANINGS:
        if fragment in str(error):
            return ObjectiveError(told(text))
    return error
