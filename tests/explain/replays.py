"""Advice that is followed, and explanations that are asked for again."""

from __future__ import annotations

import json
from typing import Any

from calls import Ran

from downslope.explain import explain


def advice_faults(r: Ran) -> list[str]:
    """What is wrong with advice: it does not succeed, is scolded itself, or takes another number of steps."""
    faults = []
    for finding in r.told.findings:
        advice = finding.advice
        if advice is None:
            continue
        named = r.call.options.get("optimizer")
        if "square" in str(advice.key) or not (named is None or isinstance(named, str)):
            continue
        again = Ran.of(r.call.changed(advice.setting))
        told = f"{finding.code} advises {advice.setting}, which"
        if not again.run.success:
            faults.append(f"{told} ends {again.run.status} without success: {again.run.message}")
        elif set(again.codes) - {"conditioning"} - _of_minima(again):
            faults.append(f"{told} is itself told {again.codes}")
        counted = _tried(r, advice) or again.run
        if counted.nit != advice.steps:
            faults.append(f"{told} was said to take {advice.steps} steps and takes {counted.nit}")
    return faults


def _of_minima(r: Ran) -> set[str]:
    """That a minimum is flat is worth knowing, and no fault of a run's."""
    kinds = [finding.evidence.get("kind") for finding in r.told.findings if finding.code == "flat"]
    return {"flat"} if kinds and set(kinds) <= {"flat_valley", "higher_order_minimum"} else set()


def _tried(r: Ran, advice: Any) -> Any:
    """The run that the number of steps is of, where the call has no test and the advice names the tolerance it met."""
    tolerance = getattr(advice, "tolerance", None)
    if tolerance is None or r.run.stopping.asks_for_a_test:
        return None
    return r.call.changed({"steps": 1_000_000, **advice.setting, "tolerance": tolerance}).run()


def repetition_faults(r: Ran) -> list[str]:
    """Where the same run, or the same call, is explained in two ways."""
    first = plain(r.told)
    others = {
        "asked again": r.run.explain(),
        "explained anew": explain(r.run),
        "run anew": r.call.run().explain(),
    }
    return [
        f"{how}: {_difference(first, plain(other))}" for how, other in others.items() if plain(other) != first
    ]


def plain(told: Any) -> str:
    """An explanation as text in which every number counts."""
    return json.dumps(told.to_dict(), sort_keys=True, default=str)


def _difference(one: str, other: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return f"...{one[max(0, at - 60) : at + 60]}... and ...{other[max(0, at - 60) : at + 60]}..."
