"""One large parameter on the CPU, stepped piece by piece: what a rule makes on its way stays in the cache.

A rule that steps every coordinate for itself may step some before others. The vectors that it makes on the way would
be as large as the parameter, and their memory new at every step; of a piece they are small.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from downslope.torch.calls import Tensors
from downslope.torch.program import Program, StepInputs

ALONE = 65_536  # numbers from which a tensor on the CPU is stepped by itself, in pieces
SHARE = 131_072  # numbers of a piece for each of torch's threads, which meet after every operation
TEMPORARIES = 2  # from which cutting is worth its calls (measured: with one, RMSProp and AdaGrad lose by it)


def is_large(p: torch.Tensor) -> bool:
    """Whether a parameter is worth being cut."""
    return bool(p.numel() >= ALONE and p.device.type == "cpu")


def run_one(program: Program, at: StepInputs, state: Sequence[Any], named: Mapping[str, float]) -> list[Any]:
    """Step one parameter in place by a rule that mixes no coordinates.

    Args:
        program: the rule's.
        at: the parameter and its gradient.
        state: its leaves in order: tensors, which are changed in place, and numbers.
        named: the hyperparameters by their paths.

    Returns:
        The state's leaves after the step, where tensors are those of ``state``, or new ones of a small parameter.
    """
    small = program.fresh and not is_large(at[0])
    if small or (program.still and program.temporaries < TEMPORARIES):
        return program.run_one(at, state, named)
    after = list(state)
    vectors = [i for i, leaf in enumerate(state) if isinstance(leaf, torch.Tensor)]
    for here, slope, *parts in _pieces([at[0], at[1], *[state[i] for i in vectors]]):
        before = list(state)
        for i, part in zip(vectors, parts, strict=True):
            before[i] = part
        run = program.run_one if program.still else functools.partial(_moved, program)
        new = run((here, slope, at[2]), before, named)
        for i, leaf in enumerate(new):
            if not isinstance(leaf, torch.Tensor):
                after[i] = leaf
    return after


def _moved(program: Program, at: StepInputs, state: Sequence[Any], named: Mapping[str, float]) -> list[Any]:
    """One piece of a rule that leaves its state in other tensors than those it found: brought back to their places."""
    lists = [[leaf] if isinstance(leaf, torch.Tensor) else leaf for leaf in state]
    made = program.run(([at[0]], [at[1]], at[2]), lists, named).state
    after = [leaf[0] if isinstance(leaf, list) else leaf for leaf in made]
    olds = {id(leaf) for leaf in state if isinstance(leaf, torch.Tensor)}
    news = [
        new.clone() if isinstance(new, torch.Tensor) and new is not old and id(new) in olds else new
        for new, old in zip(after, state, strict=True)
    ]
    for new, old in zip(news, state, strict=True):
        if isinstance(old, torch.Tensor) and new is not old:
            old.copy_(new)
    return news


def _pieces(tensors: Tensors) -> Iterator[tuple[torch.Tensor, ...]]:
    """The same stretch of every tensor, one stretch after the other; the whole at once where memory is not in order."""
    if not is_large(tensors[0]) or not all(tensor.is_contiguous() for tensor in tensors):
        return iter([tuple(tensors)])
    length = SHARE * torch.get_num_threads()
    return zip(*[tensor.view(-1).split(length) for tensor in tensors], strict=True)
