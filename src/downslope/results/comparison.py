"""``RunComparison``: several runs side by side, with what people do with them."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from downslope.attachments import attached
from downslope.descent.columns import NamedColumns
from downslope.errors import DataError
from downslope.messages import argument, message
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.schedule_text import spelled
from downslope.plots.draw import plot
from downslope.results import saving
from downslope.results.run import Run, as_run
from downslope.results.run_loading import run_of_file
from downslope.sweeping.comparison import check_comparable, settings_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from downslope.descent import Descent


@dataclass(frozen=True, eq=False)
class RunComparison(NamedColumns):
    """Runs side by side; a sequence of them.

    Attributes:
        runs: the runs, in the order of their settings.
        asked: how many runs there were to be; more than there are where somebody interrupted it.
        seed: with which the starts were drawn, where they were.

    >>> import downslope as ds
    >>> both = ds.compare("x^2", {"x": 1.0}, learning_rate=[0.1, 0.25], steps=3)
    >>> both.columns["learning_rate"], [round(value, 6) for value in both.columns["value"]]
    ([0.1, 0.25], [0.262144, 0.015625])
    """

    runs: tuple[Run, ...]
    asked: int = 0
    seed: int | None = None

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __getitem__(self, i: int) -> Run:
        return self.runs[i]

    @property
    def interrupted(self) -> bool:
        """Whether runs are missing, or one was broken off."""
        return len(self.runs) < self.asked or any(run.status == "interrupted" for run in self.runs)

    @property
    def success(self) -> bool:
        """Whether each of the runs ended as it was asked to."""
        return all(run.success for run in self.runs) and not self.interrupted

    @property
    def notes(self) -> tuple[str, ...]:
        """What is noted of any of the runs, once; and the seed."""
        drawn = message("the starts were drawn with {seed}.", seed=argument("seed", self.seed))
        noted = [note for run in self.runs for note in run.notes]
        return tuple(dict.fromkeys([*noted, *([] if self.seed is None else [str(drawn)])]))

    @cached_property
    def settings(self) -> list[dict[str, Any]]:
        """For each run what tells it apart: its rule, the hyperparameters in which they differ, its start."""
        return settings_of(self.runs)

    @cached_property
    def columns(self) -> dict[str, list[Any]]:
        """The table: the settings that differ, status, steps, evaluations, value, gradient norm and point."""
        names = list(
            dict.fromkeys(name for settings in self.settings for name in settings if name != "start")
        )
        out: dict[str, list[Any]] = {
            name: [_plain(settings.get(name)) for settings in self.settings] for name in names
        }
        coordinates = self.runs[0].history.coordinates
        alike = all(run.history.coordinates == coordinates for run in self.runs)
        if alike and any("start" in settings for settings in self.settings):
            for i, name in enumerate(coordinates):
                out[f"start:{name}"] = [float(run.start[i]) for run in self.runs]
        out["status"] = [run.status for run in self.runs]
        out["success"] = [run.success for run in self.runs]
        out["steps"] = [run.nit for run in self.runs]
        out["evaluations"] = [run.nfev for run in self.runs]
        out["value"] = [run.fun for run in self.runs]
        out["gradient_norm"] = [run.gradient_norm for run in self.runs]
        for i, name in enumerate(coordinates if alike else ()):
            out[f"parameter:{name}" if name in out else name] = [float(run.final[i]) for run in self.runs]
        return out

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the table as columns, and each run whole."""
        return {
            "schema": saving.SCHEMA,
            "command": "compare",
            "asked": max(self.asked, len(self.runs)),
            "seed": self.seed,
            "columns": saving.encoded(self.columns),
            "runs": [run.to_dict() for run in self.runs],
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all runs as JSON, atomically; ``downslope.load`` reads it back.

        Raises:
            DataError: the file cannot be written; what was there before is untouched.
        """
        saving.save(self.to_dict(), path)

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        """One picture of all runs: the map with every path, their curves, the table; see ``downslope.plots.plot``."""
        return plot(self.runs, path, **options)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(_cell(cell))}</td>' for cell in row)}</tr>"
            for row in zip(*self.columns.values(), strict=True)
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = attached("mimebundle")(self, include, exclude)
        return found

    def __repr__(self) -> str:
        return f"RunComparison(runs={len(self.runs)}, columns=[{', '.join(self.columns)}])"


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """A setting as JSON and CSV have it: a schedule is spelt as it is typed."""
    if isinstance(value, Schedule):
        return spelled(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def comparison_of(runs: Sequence[Descent], asked: int = 0, seed: int | None = None) -> RunComparison:
    """The runs as people get them.

    Raises:
        UsageError: there are none, or one of them is no run.
    """
    check_comparable(runs)
    return RunComparison(tuple(map(as_run, runs)), asked, seed)


def comparison_of_file(data: dict[str, Any], path: str | os.PathLike[str]) -> RunComparison:
    """The comparison in the plain data that was read from ``path``.

    Raises:
        DataError: it is not whole.
    """
    runs, asked, seed = data.get("runs"), data.get("asked"), data.get("seed")
    whole = isinstance(runs, list) and bool(runs) and all(isinstance(run, dict) for run in runs)
    if not (whole and isinstance(asked, int) and (seed is None or isinstance(seed, int))):
        raise DataError(message("{path} is not a whole saved comparison.", path=path))
    return RunComparison(tuple(run_of_file(run, path) for run in runs or ()), asked, seed)
