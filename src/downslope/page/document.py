"""The page of runs as one file of HTML: program, view, words and what the runs were asked.

Program and words are packed, which makes a third of them; a few lines unpack the program and have it run. The
Content-Security-Policy names these lines, the program and the style by their hashes and forbids any request, so that
nothing but that very text runs. What a person has written is in a block of data, where no markup can be: every ``<`` is
written as an escape.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from downslope.descent.result import Descent
from downslope.errors import ObjectiveError, UsageError
from downslope.messages import argument, current_language, message
from downslope.optimizers import all_optimizers
from downslope.optimizers.block_rules import why_not_numbers, works_on_blocks
from downslope.optimizers.curvature import CurvedRule, refusal
from downslope.optimizers.registry import all_schedules
from downslope.optimizers.schedule import Constant, Product, Schedule
from downslope.page.bundle import bundle
from downslope.page.contents import colours, losses, presets, problems, rules
from downslope.page.evidence import MOST_POINTS, evidence_of, scripts_of
from downslope.page.lesson import lesson_of
from downslope.page.shorten import shortened
from downslope.page.words import in_words, refusals_in_words

FOLDER = Path(__file__).parent
BRACKET = "\\u003c"  # how JSON writes the sign that would begin markup
NO_MAPS = "const MAPS=[];"  # in the script, where the step maps of runs go
MOST_VARIABLES = 2
MOST_METHODS = 6  # that can be told apart
MOST_STEPS = 20_000  # that the page makes while the start is dragged


@dataclass(frozen=True)
class PageContent:
    """What a page has of its own.

    Attributes:
        setting: what it begins with.
        runs: that it is written from, and makes again.
        scripts: dialect -> the first of them, or the fit, as a script.
        lesson: a text to stand beside it.
        function: text and names of a function that only Python computes, which the page then asks for.
    """

    setting: dict[str, Any]
    runs: Sequence[Descent] = ()
    scripts: dict[str, str] = field(default_factory=dict)
    lesson: str | None = None
    function: dict[str, Any] | None = None


def page_of(runs: Sequence[Descent], lesson: str | None = None) -> str:
    """The page on which these runs are made again; see ``content_of``."""
    return document(content_of(runs, lesson))


def content_of(runs: Sequence[Descent], lesson: str | None = None) -> PageContent:
    """What a page has of these runs, of one objective from one start; beside them the text of a lesson.

    Raises:
        ObjectiveError: the function is no formula of one or two variables.
        UsageError: there are too many runs, or a rule is none that the page has.
    """
    check_content(runs)
    first = runs[0]
    setting = {
        "formula": first.objective.formula.text,
        "start": {name: float(value) for name, value in zip(_names(first), first.start, strict=True)},
        "methods": [method_of(run) for run in runs],
        "steps": min(MOST_STEPS, steps_of(runs)),
        "tolerance": first.stopping.with_defaults().tolerance or 0,
        "maximize": first.maximize,
    }
    return PageContent(setting, runs, scripts_of(first), lesson)


def check_content(runs: Sequence[Descent]) -> None:
    """Raises what ``content_of`` raises, without making what a page has of the runs."""
    if not 1 <= len(runs) <= MOST_METHODS:
        raise UsageError(message("a page shows 1 to {most} rules, not {n}.", most=MOST_METHODS, n=len(runs)))
    _check_drawable(runs[0])
    for run in runs:
        method_of(run)


def _check_drawable(run: Descent) -> None:
    names = _names(run)
    if run.objective.formula is None or not all(name.isidentifier() for name in names):
        raise ObjectiveError(message("a page descends a formula, and this function is none."))
    if run.objective.differentiation == "supplied":
        raise ObjectiveError(message("a page derives the gradient itself, and this run was given another."))
    if len(names) > MOST_VARIABLES:
        raise ObjectiveError(
            message("a page shows functions of one or two variables, and this one has {n}.", n=len(names))
        )
    if not all(map(math.isfinite, run.start)):
        raise ObjectiveError(message("a page begins at a finite point."))


def _names(run: Descent) -> tuple[str, ...]:
    return tuple(run.objective.parameters.coordinates)


def steps_of(runs: Sequence[Descent]) -> int:
    """As many as were asked for, else as many as were needed."""
    asked = runs[0].stopping.steps
    return max(1, asked if asked is not None else max(int(run.history.step[-1]) for run in runs))


def method_of(run: Descent) -> dict[str, Any]:
    """The rule of a run with its numbers and schedules.

    Raises:
        UsageError: it is none that a page has.
    """
    rule = run.optimizer
    if isinstance(rule, CurvedRule):
        raise UsageError(refusal(rule))
    if works_on_blocks(rule):
        raise UsageError(why_not_numbers(rule.layers()[-1]))
    values = dict(rule.hyperparameters())
    base, schedules = _factors(values.get("learning_rate", 0.0))
    if base is not None and schedules:
        values["learning_rate"] = base
    known = type(rule) in all_optimizers() and all(_is_page_schedule(one) for one in schedules)
    if not known or not all(isinstance(value, (int, float)) for value in values.values()):
        raise UsageError(
            message(
                "a page has the rules that know only value and gradient, with numbers for {settings}, and not {rule}.",
                settings=argument("hyperparameters"),
                rule=type(rule).name(),
            )
        )
    said = [{"name": one.name(), "values": one.hyperparameters()} for one in schedules]
    return {"rule": rule.name(), "hyperparameters": values, "schedule": said}


def _factors(rate: Any) -> tuple[float | None, list[Schedule]]:
    """A learning rate as a number and the schedules that it is multiplied by."""
    match rate:
        case Constant(value=value):
            return value, []
        case Product(first=first, second=second):
            base, schedules = _factors(first)
            number, others = _factors(second)
            both = None if base is not None and number is not None else base if number is None else number
            return both, [*schedules, *others]
        case Schedule():
            return None, [rate]
    return rate, []


def _is_page_schedule(schedule: Schedule) -> bool:
    """A list of steps and a function of a person's own are no numbers."""
    numbers = all(isinstance(value, (int, float)) for value in schedule.hyperparameters().values())
    return type(schedule) in all_schedules() and numbers


class ServedPage(NamedTuple):
    """A page for a server to hand out, and the Content-Security-Policy that its answer names."""

    html: str
    policy: str


def document(content: PageContent) -> str:
    """The file of a page, which asks nobody for anything."""
    return _written(content).html


def served(content: PageContent) -> ServedPage:
    """The page of a server, which may ask that server alone."""
    return _written(content, asks="server")


def framed(content: PageContent) -> str:
    """The page within a notebook, which asks what is around its frame, and sends no requests."""
    return _written(content, asks="notebook").html


def _written(content: PageContent, asks: str | None = None) -> ServedPage:
    share = MOST_POINTS // max(1, len(content.runs) + ("table" in content.setting))
    evidence = [evidence_of(run, share) for run in content.runs]
    setting = content.setting | ({"lesson": lesson_of(content.lesson)} if content.lesson else {})
    own = {
        "setting": setting,
        "runs": [one.record for one in evidence],
        "asks": asks,
        "function": content.function,
    }
    program = _program().replace(
        NO_MAPS, NO_MAPS[:-2] + ",\n".join(one.step_map for one in evidence) + NO_MAPS[-2:]
    )
    loader, style = _loader(), (FOLDER / "view" / "style.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hashed(loader)}' '{_hashed(program)}'; "
        f"style-src '{_hashed(style)}'; img-src data: blob:; worker-src blob:; "
        f"connect-src '{'self' if asks == 'server' else 'none'}'; base-uri 'none'; form-action 'none'"
    )
    words, reference = in_words(), _json(_reference() | {"scripts": content.scripts})
    text = (
        f'<!doctype html>\n<html lang="{html.escape(current_language())}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy, quote=True)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(words['title'])}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<noscript>{html.escape(words['noscript'])}</noscript>\n"
        f'<script type="application/json" id="data">{_json(own).replace("<", BRACKET)}</script>\n'
        f'<script type="application/gzip" id="packed">{_packed(reference)}</script>\n'
        f'<script type="application/gzip" id="program">{_packed(program)}</script>\n'
        f"<script>{loader}</script>\n</body>\n</html>\n"
    )
    return ServedPage(text, policy)


def _reference() -> dict[str, Any]:
    """What every page of this language offers and says."""
    return {
        "language": current_language(),
        "words": in_words(),
        "refusals": refusals_in_words(),
        "problems": problems(),
        "presets": presets(),
        "rules": rules(),
        "losses": losses(),
        "colours": colours(),
    }


def _json(data: Any) -> str:
    return json.dumps(_plain(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _packed(text: str) -> str:
    """Compressed, and then letters and digits: a third of its length."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


@cache
def _program() -> str:
    return bundle(FOLDER / "view" / "main.js", FOLDER / "program" / "worker.js", FOLDER / "view" / "start.js")


@cache
def _loader() -> str:
    return shortened((FOLDER / "view" / "unpack.js").read_text(encoding="utf-8"))


def _hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _plain(value: Any) -> Any:
    """JSON knows no infinity and no NaN: these are null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
