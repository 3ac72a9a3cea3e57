"""The docstring of a script: what it does, by which method, and from where to where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from downslope.descent.status_words import in_words
from downslope.export import rule_source
from downslope.export.formatter import docstring
from downslope.export.script_model import joined
from downslope.messages import NOTHING, Message, message, plural

if TYPE_CHECKING:
    from downslope.export.script import ScriptWriter

# How methods are called in a sentence, where that is not the name of their class.
_SPOKEN = {
    "GradientDescent": message("gradient descent", context="method"),
    "Momentum": message("gradient descent with momentum", context="method"),
    "Nesterov": message("Nesterov's accelerated gradient", context="method"),
    "Auto": message("quasi-Newton steps (downslope's auto)", context="method"),
    "ConjugateGradientPR": message("conjugate gradients (Polak-Ribière)", context="method"),
    "ConjugateGradientHZ": message("conjugate gradients (Hager-Zhang)", context="method"),
    "Armijo": message("steepest descent with Armijo's line search", context="method"),
}


def docstring_of(writer: ScriptWriter) -> list[str]:
    """What the script does, the method's summary and source, and how the run went."""
    model, rule = writer.model, writer.model.method.rule
    summary, source = rule_source.summary_and_source(type(rule))
    absence: Message = NOTHING
    if writer.library is not None and model.method.around:
        absence = message(
            "What is around the rule is written out with it, not taken of {library}.",
            library=writer.library.title,
        )
    elif writer.library is not None and not writer.made_by:
        absence = writer.library.absence(rule, model.single, bool(writer.own) or writer.transformed)
    paper = message("Source: {source}", source=source) if source else NOTHING
    around = [
        part for wrapper in model.method.around for part in rule_source.summary_and_source(type(wrapper))
    ]
    papers = [
        message("Source: {source}", source=part) if i % 2 and part else part for i, part in enumerate(around)
    ]
    return docstring([_aim(writer), *papers, summary, paper, absence, _course(writer)])


def _aim(writer: ScriptWriter) -> Message:
    """What the script does, how and with what."""
    model, kind = writer.model, writer.model.method.called
    method: Message | str = _SPOKEN.get(kind, kind)
    if model.unasked:
        method = message("{method} (auto's choice)", method=method)
    where = writer.title
    if writer.library is not None and (writer.made_by or writer.own or writer.transformed):
        where = message("{framework}, with {library}", framework=where, library=writer.library.title)
    if writer.costs is not None:
        return message(
            "Fit {hypothesis}: minimise {cost} by {method}, in {place}.",
            hypothesis=model.fitted,
            cost=writer.costs.about(),
            method=method,
            place=where,
        )
    if model.uphill:
        return message(
            "Maximise {function} by {method}, in {place}.",
            function=model.function,
            method=method,
            place=where,
        )
    return message(
        "Minimise {function} by {method}, in {place}.",
        function=model.function,
        method=method,
        place=where,
    )


def _course(writer: ScriptWriter) -> Message:
    """From where to where it goes, and in how many steps."""
    run, names = writer.model.run, writer.model.coordinates
    start, point = joined(names, writer.model.start), joined(names, run.final.tolist())
    value = f"{writer.f} = {run.fun:.10g}"
    if run.status != "step_limit":
        return plural(
            "From {start} it takes {n:,} step to {value} at {point} ({ending}).",
            "From {start} it takes {n:,} steps to {value} at {point} ({ending}).",
            n=run.nit,
            start=start,
            value=value,
            point=point,
            ending=in_words(run.status),
        )
    if point.endswith("..."):
        return plural(
            "From {start} it takes {n:,} step to {value} at {point}",
            "From {start} it takes {n:,} steps to {value} at {point}",
            n=run.nit,
            start=start,
            value=value,
            point=point,
        )
    return plural(
        "From {start} it takes {n:,} step to {value} at {point}.",
        "From {start} it takes {n:,} steps to {value} at {point}.",
        n=run.nit,
        start=start,
        value=value,
        point=point,
    )
