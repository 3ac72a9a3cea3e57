"""How far a loop ends from where it ends with the framework's own optimizer: trials x rules x frameworks.

Each number is the largest difference of a parameter, relative to the largest parameter, in float64. A dash: the loop
gives groups learning rates, and the rule has none. Rules that a framework lacks are only asked for numbers, which is
the last line.

    python benchmarks/trajectories.py              # torch, then optax; a few minutes
    python benchmarks/trajectories.py torch
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "updates"))  # the loops are those of the tests


def table(title: str, trials: list[str], rules: list[str], cell: Callable[[str, str], str]) -> None:
    """A line for each rule, a column for each trial."""
    wide = max(map(len, rules)) + 2
    print(f"\n{title}\n" + " " * wide + "".join(f"{trial[:14]:>16}" for trial in trials))
    for rule in rules:
        print(f"{rule:{wide}}" + "".join(f"{cell(rule, trial):>16}" for trial in trials), flush=True)


def away(mine: Any, theirs: Any) -> str:
    """The largest difference."""
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    return f"{np.max(np.abs(mine - theirs)) / np.max(np.abs(theirs)):.0e}"


def of_torch() -> None:
    """All loops of tests/updates/test_torch_loops.py."""
    import test_torch_loops as loops
    import torch

    torch.set_default_dtype(torch.float64)
    trials = {loop.__name__: loop for loop in loops.LOOPS}

    def cell(name: str, trial: str) -> str:
        rule, theirs = loops.SAME[name]
        if "learning_rate" not in str(rule) and trial in ("groups", "freezing"):
            return "-"
        return away(trials[trial](lambda p, **more: loops.ours(p, rule, **more)), trials[trial](theirs))

    def finite(_: str, trial: str) -> str:
        ends = [
            trials[trial](lambda p, cls=cls, **more: loops.ours(p, cls(), **more))
            for cls in loops.PLAIN
            if "learning_rate" in cls.__dataclass_fields__ or trial not in ("groups", "freezing")
        ]
        return f"{sum(bool(torch.isfinite(end).all()) for end in ends)} of {len(ends)}"

    table("torch", list(trials), list(loops.SAME), cell)
    table("rules of torch's loops that end at numbers", list(trials), ["all rules"], finite)


def of_optax() -> None:
    """All loops of tests/updates/test_optax_loops.py."""
    import jax
    import test_optax_loops as loops

    def cell(name: str, trial: str) -> str:
        rule, theirs = loops.SAME[name]
        make = loops.LOOPS[trial]
        return away(
            loops.walked(make(lambda rate: rule(learning_rate=rate).to_optax())), loops.walked(make(theirs))
        )

    def finite(_: str, trial: str) -> str:
        make = loops.LOOPS[trial]
        ends = [
            loops.walked(make(lambda rate, cls=cls: cls(learning_rate=rate).to_optax()), 8)
            for cls in loops.RATED
        ]
        return f"{sum(bool(np.isfinite(end).all()) for end in ends)} of {len(ends)}"

    with jax.enable_x64(True):
        table("optax", list(loops.LOOPS), list(loops.SAME), cell)
        table("rules of optax's loops that end at numbers", ["inject a schedule"], ["all rules"], finite)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name, print_table in {"torch": of_torch, "optax": of_optax}.items():
        if name in (sys.argv[1:] or ["torch", "optax"]):
            print_table()
