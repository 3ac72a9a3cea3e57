"""Saved states of torch optimizers: what is in them, and which are another rule's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from downslope.errors import UsageError
from downslope.messages import NOTHING, Message, listing, message
from downslope.optimizers.base import Optimizer as Rule
from downslope.torch.groups import RULE, TORCHS

NEXT = "next_x"  # where the state of a rule that searches keeps its next trial
HOME = "training_point"  # where the state of a rule that averages keeps its point, while the average is in its place


def refuse_another(state_dict: Mapping[str, Any], rule: Rule, needed: Mapping[str, Any], plan: Any) -> None:
    """Refuse a state that is not of this rule: by its name, or by what it is made up of.

    Args:
        state_dict: as torch saves it.
        rule: ours.
        needed: the hyperparameters that a group of ours has.
        plan: what our stepper keeps of every parameter.

    Raises:
        UsageError: it is another's.
    """
    ours = rule.kind()
    theirs = {group.get(RULE) for group in state_dict["param_groups"]} - {None}
    if theirs - {ours}:
        raise UsageError(
            message(
                "this is the state of {theirs}; this optimizer's rule is {ours}.",
                theirs=listing(sorted(theirs)),
                ours=ours,
            )
        )
    for group in state_dict["param_groups"]:
        strange = "betas" in group and "betas" not in needed
        if strange or not needed.keys() <= group.keys():
            raise UsageError(_by_its_groups(rule, needed, [key for key in group if key not in TORCHS]))
    vectors = {name for name, vector in plan.leaves if vector}
    known = {NEXT, HOME, *vectors, *plan.scalars}
    for kept in state_dict["state"].values():
        if kept and not (vectors <= kept.keys() <= known):
            raise UsageError(
                message(
                    "this is the state of another rule: it has {theirs}, and {kind} remembers {needed}.",
                    theirs=listing(kept),
                    kind=type(rule).__name__,
                    needed=listing(name for name, _ in plan.leaves) or NOTHING,
                )
            )


def _by_its_groups(rule: Rule, needed: Mapping[str, Any], theirs: list[str]) -> Message:
    kind, names = type(rule).__name__, listing(needed)
    if not theirs:
        return message(
            "this is the state of another rule: its groups have nothing, and {kind} needs {needed}.",
            kind=kind,
            needed=names,
        )
    return message(
        "this is the state of another rule: its groups have {theirs}, and {kind} needs {needed}.",
        theirs=listing(theirs),
        kind=kind,
        needed=names,
    )
