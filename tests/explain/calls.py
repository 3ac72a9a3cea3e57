"""A call of ``minimize`` that can be made again, and its run with numbers of our own beside it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

import downslope as ds

MOST_CURVED = 30  # coordinates: the Hessian of more is not differenced here


@dataclass(frozen=True, eq=False)
class Call:
    """A call of ``minimize`` or ``maximize``, which can be made again with other options.

    ``facts`` is what is known of the function: ``bounded`` (below; above when climbing), ``hessian`` of a quadratic.
    """

    function: Any
    start: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    up: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> ds.Run:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (ds.maximize if self.up else ds.minimize)(self.function, self.start, **self.options)

    def changed(self, setting: Mapping[str, Any]) -> Call:
        """The same call with a setting that was advised."""
        options, start = dict(self.options), self.start
        if "optimizer" in setting or "schedule" in setting:
            options.pop("schedule", None)
        if "optimizer" in setting:
            options.pop("hyperparameters", None)
            options.pop("learning_rate", None)
        for name, value in setting.items():
            if name == "start":
                named = isinstance(start, Mapping) or start is None or isinstance(value, (str, float, int))
                start = value if named else np.array(list(dict(value).values()), float)
            elif name == "gradient":
                options.pop("gradient", None)
            elif name == "square":
                raise KeyError("a square is another function")
            elif name in _OPTIONS:
                options[name] = value
            else:
                options["hyperparameters"] = {**options.get("hyperparameters", {}), name: value}
        options = {name: value for name, value in options.items() if value is not None}
        return dataclasses.replace(self, start=start, options=options)


_OPTIONS = [
    "learning_rate",
    "optimizer",
    "steps",
    "tolerance",
    "relative_tolerance",
    "value_tolerance",
    "x_tolerance",
    "target",
    "evaluations",
    "bounds",
    "schedule",
    "dtype",
    "hyperparameters",
]


@dataclass(frozen=True, eq=False)
class Ran:
    """A run with what was said of it, and numbers of our own beside it."""

    call: Call
    run: Any

    @classmethod
    def of(cls, call: Call) -> Ran:
        return cls(call, call.run())

    @cached_property
    def told(self) -> Any:
        return self.run.explain()

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(finding.code for finding in self.told.findings)

    @property
    def sign(self) -> float:
        return -1.0 if self.call.up else 1.0

    @property
    def kind(self) -> str:
        return str(getattr(self.told.point, "kind", ""))

    @property
    def detail(self) -> str:
        return str(getattr(self.told.point, "detail", "") or "")

    @cached_property
    def text(self) -> str:
        return f"{self.run.message} {self.told}"

    @property
    def wanted(self) -> str:
        """The kind of point that was asked for."""
        return "maximum" if self.call.up else "minimum"

    @property
    def passed(self) -> bool:
        """Whether it ended by a test that was asked for."""
        return self.run.status in ("converged", "target_reached")

    @property
    def by_gradient(self) -> bool:
        """Whether the only tests asked for are of the gradient."""
        asked = self.run.stopping
        others = (asked.value_tolerance, asked.x_tolerance, asked.target)
        return all(other is None for other in others)

    @cached_property
    def slope(self) -> np.ndarray:
        """The gradient where it ended, as descent sees it, evaluated anew, of the coordinates that no bound holds."""
        x = self.run.final
        with np.errstate(all="ignore"):
            gradient = self.sign * np.asarray(self.run.objective.gradient(x), float)
        low, high = self.box
        digits = 2.0**-22 if self.call.options.get("dtype") == "float32" else 1e-12
        hair = digits * np.maximum(1.0, np.abs(x))
        held = ((x <= low + hair) & (gradient > 0)) | ((x >= high - hair) & (gradient < 0))
        return np.where(held, 0.0, gradient)

    @cached_property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """The bounds of the call, as two vectors."""
        n, given = len(self.run.final), self.call.options.get("bounds")
        low, high = np.full(n, -np.inf), np.full(n, np.inf)
        if isinstance(given, Mapping):
            for name, (a, b) in given.items():
                i = self.run.history.coordinates.index(name)
                low[i], high[i] = -np.inf if a is None else a, np.inf if b is None else b
        return low, high

    @cached_property
    def hessian(self) -> np.ndarray | None:
        """Second derivatives where it ended, as descent sees them: known, or by central differences of the gradient."""
        known = self.call.facts.get("hessian")
        if known is not None:
            return self.sign * np.asarray(known, float)
        x = self.run.final
        if len(x) > MOST_CURVED or not np.all(np.isfinite(x)):
            return None
        rows = []
        with np.errstate(all="ignore"):
            for i in range(len(x)):
                h = 1e-5 * max(1.0, abs(x[i]))
                e = np.zeros_like(x)
                e[i] = h
                up, down = (np.asarray(self.run.objective.gradient(x + s * e), float) for s in (1, -1))
                rows.append((up - down) / (2 * h))
        out = self.sign * np.array(rows)
        return (out + out.T) / 2 if np.all(np.isfinite(out)) else None

    @cached_property
    def away(self) -> float | None:
        """How far the stationary point lies by one step of Newton's method, which ends at the bounds; None where
        curvature does not tell."""
        H = self.hessian
        if H is None or not len(H):
            return None
        free = self.slope != 0
        if not free.any():
            return 0.0
        H, g = H[np.ix_(free, free)], self.slope[free]
        values = np.linalg.eigvalsh(H)
        if values[0] <= 1e-13 * abs(values[-1]):
            return None
        here, (low, high) = self.run.final[free], self.box
        there = np.clip(here - np.linalg.solve(H, g), low[free], high[free])
        return float(np.linalg.norm(there - here))

    def evidence(self, key: str) -> Iterator[tuple[str, Any]]:
        for finding in self.told.findings:
            value = finding.evidence.get(key)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                yield finding.code, float(value)


def length(vector: np.ndarray) -> float:
    """A norm that neither overflows nor underflows."""
    size = float(np.max(np.abs(vector), initial=0.0))
    return size * float(np.linalg.norm(vector / size)) if 0 < size < np.inf else size
