"""Where a run or a fit goes: standard output, a saved file, a picture. One failing does not lose the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from downslope import interruption
from downslope.cli import terminal
from downslope.cli.report import ReportOptions, report
from downslope.errors import DataError, DownslopeError, UsageError
from downslope.messages import message

if TYPE_CHECKING:
    from downslope import Run, RunComparison
    from downslope.results.fit import Fit

Result: TypeAlias = "Run | Fit | RunComparison"
ASKED = (
    "form",
    "every",
    "quiet",
    "explain",
    "plot",
    "view",
    "save",
)  # the options that ``Outputs`` begins with


def deliver(actions: Iterable[Callable[[], Any]]) -> None:
    """Do each, whatever becomes of the others; the last failure is raised, those before it are told."""
    failures: list[BaseException] = []
    for action in actions:
        try:
            action()
        except (DownslopeError, OSError, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt):
                interruption.caught()
            failures.append(error)
    for failure in failures[:-1]:
        terminal.error(str(failure) or message("interrupted."))
    if failures:
        raise failures[-1]


def write_asked(given: Mapping[str, Any], name: str, write: Callable[[str], Any]) -> None:
    """Write the file that an option names, and say so."""
    write(given[name])
    if not given["quiet"]:
        terminal.note(message("wrote {file}", file=given[name]))


def view_of_run(text: str) -> dict[str, Any]:
    """``--view`` as what ``Run.plot`` takes: a kind of picture by its name, or ranges."""
    from downslope.plots.view import KINDS, parse_view

    if text.strip() in KINDS:
        return {"kind": text.strip()}
    return {"view": parse_view(text)}


@dataclass(frozen=True)
class Outputs(ReportOptions):
    """What was asked for, see the options of the same names.

    Attributes:
        report: writes the result to standard output.
        read_view: reads ``view`` for the picture.
        reads: a file that is read, and so must not be written.
    """

    plot: str | None
    view: str | None
    save: str | None
    report: Callable[[Any, ReportOptions], None] = report
    read_view: Callable[[str], dict[str, Any]] = view_of_run
    reads: Collection[str] = ()

    def check(self) -> None:
        """Find out before the run what would go wrong after it.

        Raises:
            UsageError: an ending that is no kind of picture, a view without a picture, one file for both.
            DataError: a folder that does not exist or may not be written to.
        """
        if self.view is not None and self.plot is None:
            raise UsageError(
                message(
                    "{view} says what the picture shows; give {plot} too.", view="--view", plot="--plot FILE"
                )
            )
        if self.plot is not None and self.plot == self.save:
            raise UsageError(
                message(
                    "{plot} and {save} are the same file, {file}.",
                    plot="--plot",
                    save="--save",
                    file=self.plot,
                )
            )
        for option, path in (("--plot", self.plot), ("--save", self.save)):
            if path is not None:
                check_writable(option, path, self.reads)
        if self.plot is not None:
            from downslope.plots.output import checked_suffix

            checked_suffix(self.plot)
            self._plot_options()

    def _plot_options(self) -> dict[str, Any]:
        return {} if self.view is None else self.read_view(self.view)

    def deliver(self, result: Result) -> None:
        """Report, save and draw, each whatever becomes of the others.

        Raises:
            DownslopeError, OSError, KeyboardInterrupt: the last thing that went wrong, after the rest is done.
        """
        if not self.quiet:
            warnings = getattr(result, "warnings", ())
            for text in result.notes:
                terminal.note(text, terminal.WARNING if text in warnings else terminal.NOTE)
        actions: list[Callable[[], None]] = [lambda: self.report(result, self)]
        if self.save is not None:
            actions.append(lambda: self._save(result))
        if self.plot is not None:
            actions.append(lambda: self._plot(result))
        deliver(actions)

    def _save(self, result: Result) -> None:
        assert self.save is not None
        result.save(self.save)
        self._wrote(self.save)

    def _plot(self, result: Result) -> None:
        result.plot(self.plot, **self._plot_options())
        self._wrote(str(self.plot))

    def _wrote(self, path: str) -> None:
        if not self.quiet:
            terminal.note(message("wrote {file}", file=path))


def check_writable(option: str, path: str, reads: Collection[str] = ()) -> None:
    """Find out whether a file can be written there.

    Raises:
        UsageError: it has no name, or is one of those that are read.
        DataError: the folder does not exist or may not be written to.
    """
    if path == "":
        raise UsageError(message("{option} needs the name of a file.", option=option))
    if os.path.realpath(path) in map(os.path.realpath, reads):
        raise UsageError(message("{option} would overwrite {file}, which is read.", option=option, file=path))
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise DataError(
            message("{file} cannot be written: it is a folder; give the name of a file.", file=path)
        )
    if os.path.exists(path) and not os.path.isfile(path):
        raise DataError(message("{file} cannot be written: it is not an ordinary file.", file=path))
    if not os.path.isdir(folder):
        raise DataError(
            message("{file} cannot be written: there is no folder '{folder}'.", file=path, folder=folder)
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(
            message(
                "{file} cannot be written: the folder '{folder}' is read-only for you.",
                file=path,
                folder=folder,
            )
        )
