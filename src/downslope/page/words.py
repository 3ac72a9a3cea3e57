"""Every word that a page shows: messages, whose fields the page fills in itself."""

from __future__ import annotations

from downslope.descent.status_words import in_words as ending
from downslope.descent.stopping import Status
from downslope.messages import Message, message
from downslope.messages.languages import current_audience
from downslope.page.refusals import refusals

MANY = 5  # a number whose plural is the usual one in every language of ours

_WORDS: dict[str, Message] = {
    "title": message("Descend a formula", context="page"),
    "noscript": message("This page computes in the browser, and scripts are switched off there."),
    "examples": message("Examples", context="page"),
    "preset": message("Example", context="page"),
    "problem": message("Classic problem", context="page"),
    "choose": message("choose …", context="page"),
    "formula": message("Formula of one or two variables", context="page"),
    "table_paste": message("Table of rows, for a hypothesis", context="page"),
    "table_hint": message(
        "Up to {most} rows of numbers, with or without names above them. The formula is then a hypothesis such as"
        " {example}; what is no column is a parameter.",
        context="page",
        most="{most}",
        example="{example}",
    ),
    "table_rows": message("Rows", context="page"),
    "table_use": message("Take the table", context="page"),
    "table_drop": message("Without a table", context="page"),
    "table_short": message("A table has at least two lines.", context="page"),
    "table_wide": message(
        "A table has at most {most} columns here, not {number}.",
        context="page",
        most="{most}",
        number="{number}",
    ),
    "table_long": message(
        "A table has at most {most} rows here, not {number}.",
        context="page",
        most="{most}",
        number="{number}",
    ),
    "table_cell": message(
        "Line {line}: {text} is not a number.", context="page", line="{line}", text="{text}"
    ),
    "table_row": message(
        "Line {line} has {number} cells, the first has {width}.",
        context="page",
        line="{line}",
        number="{number}",
        width="{width}",
    ),
    "table_weights": message("The rows count by weights.", context="page"),
    "table_penalty_l1": message(
        "Added is a penalty: {l1} times the absolute values of {names}.",
        context="page",
        l1="{l1}",
        names="{names}",
    ),
    "table_penalty": message(
        "Added is a penalty: {l2} times the squares of {names}.", context="page", l2="{l2}", names="{names}"
    ),
    "loss": message("Loss", context="page"),
    "hypothesis": message(
        "With a table the formula says what a column is: {example}. The columns are {columns}.",
        context="page",
        example="{example}",
        columns="{columns}",
    ),
    "rows_label": message(
        "Rows, what the hypothesis says of them, and the residuals; dotted: at the start", context="page"
    ),
    "row": message("Row", context="page"),
    "direction": message("Direction", context="page"),
    "down": message("down, to a minimum", context="page"),
    "up": message("up, to a maximum", context="page"),
    "start": message("Start", context="page"),
    "start_of": message("Start {name}", context="page", name="{name}"),
    "steps": message("Steps", context="page"),
    "most_steps": message("Most steps", context="page"),
    "tolerance": message("Stop where the gradient norm is at most", context="page"),
    "rules": message("Rules", context="page"),
    "rule": message("Rule {number}", context="page", number="{number}"),
    "rule_name": message("Rule", context="page"),
    "add": message("Add a rule", context="page"),
    "remove": message("Remove {rule}", context="page", rule="{rule}"),
    "rate": message("Learning rate", context="page"),
    "rate_slider": message("Learning rate, logarithmic", context="page"),
    "settings": message("Further settings", context="page"),
    "schedule": message("Schedule of the learning rate", context="page"),
    "no_schedule": message("none", context="page"),
    "change_here": message("Change from step {step} on", context="page", step="{step}"),
    "change_here_first": message("Change from the step shown on", context="page"),
    "branch_here": message("Branch at step {step}, keep both", context="page", step="{step}"),
    "branch_here_first": message("Branch at the step shown", context="page"),
    "until": message("until step {step}: {setting}", context="page", step="{step}", setting="{setting}"),
    "join": message("Undo the change at step {step}", context="page", step="{step}"),
    "arrow_slope": message("The thin arrow goes against the gradient.", context="page"),
    "arrow_arrow": message(
        "Thick arrow: −{symbol} of {rules}.", context="page", symbol="{symbol}", rules="{rules}"
    ),
    "arrow_root": message(
        "Dotted cross: the roots of {symbol} of {rules}.", context="page", symbol="{symbol}", rules="{rules}"
    ),
    "limit_everywhere": message("limit 2/L = {limit}", context="page", limit="{limit}"),
    "limit_here": message("2/L at step {step} = {limit}", context="page", step="{step}", limit="{limit}"),
    "map": message("Map", context="page"),
    "picture": message("Picture", context="page"),
    "picture_lines": message("Level lines", context="page"),
    "picture_surface": message("Surface", context="page"),
    "surface_hint": message(
        "Drag to turn the surface; its height is on the scale of the level lines.", context="page"
    ),
    "surface_label": message(
        "Surface of {formula} with the paths. The arrow keys turn it, with Shift five times as far.",
        context="page",
        formula="{formula}",
    ),
    "picture_ends": message("Where each start ends", context="page"),
    "picture_rates": message("Learning rate against start", context="page"),
    "of": message("Runs of", context="page"),
    "cells": message(
        "{across} × {upwards} runs of {rule}, one a cell, nothing between them: each of at most {steps} steps, or until"
        " the gradient norm is at most {tolerance}.",
        context="page",
        across="{across}",
        upwards="{upwards}",
        rule="{rule}",
        steps="{steps}",
        tolerance="{tolerance}",
    ),
    "cells_none": message(
        "No run came to rest: in {steps} steps none got to a gradient norm of {tolerance}. More steps, another rate, or"
        " a larger norm to stop at show where they end.",
        context="page",
        steps="{steps}",
        tolerance="{tolerance}",
    ),
    "shade_ends": message(
        "The hue is the point, the darker the more steps ({fewest} to {most}).",
        context="page",
        fewest="{fewest}",
        most="{most}",
    ),
    "shade_rates": message(
        "The darker, the more steps until it converged ({fewest} to {most}).",
        context="page",
        fewest="{fewest}",
        most="{most}",
    ),
    "runs_point": message("{point}: {runs} runs", context="page", point="{point}", runs="{runs}"),
    "runs_saddle": message("saddle at {point}: {runs} runs", context="page", point="{point}", runs="{runs}"),
    "runs_status": message("{status}: {runs} runs", context="page", status="{status}", runs="{runs}"),
    "lines_label": message(
        "Map of {formula} with the paths. The arrow keys move the start, with Shift ten times as far; plus and minus"
        " zoom, 0 shows all.",
        context="page",
        formula="{formula}",
    ),
    "ends_label": message(
        "Where runs on {formula} end, by their start, with the paths. The arrow keys move the start, with Shift ten"
        " times as far; plus and minus zoom, 0 shows all.",
        context="page",
        formula="{formula}",
    ),
    "rates_label": message(
        "How runs on {formula} end, by start and learning rate. The arrow keys move both, with Shift ten times as far;"
        " plus and minus zoom, 0 shows all.",
        context="page",
        formula="{formula}",
    ),
    "map_hint": message("Drag the start, or click where it is to be.", context="page"),
    "draggable": message("start, to be dragged", context="page"),
    "curve": message("Curve", context="page"),
    "secant": message("Secant, whose slope becomes the derivative", context="page"),
    "secant_h": message("h of the secant, logarithmic", context="page"),
    "secant_shrink": message("Let h shrink", context="page"),
    "secant_says": message(
        "h = {h}: (f({name} + h) − f({name}))/h = {slope}, and f′({name}) = {derivative}",
        context="page",
        h="{h}",
        name="{name}",
        slope="{slope}",
        derivative="{derivative}",
    ),
    "zeros": message("f′({name}) = 0 at {name} = {places}", context="page", name="{name}", places="{places}"),
    "no_zeros": message("f′({name}) is nowhere 0 in this window.", context="page", name="{name}"),
    "show_all": message("Show all", context="page"),
    "zoom_in": message("Zoom in", context="page"),
    "zoom_out": message("Zoom out", context="page"),
    "step": message("Step", context="page"),
    "step_of": message("Step {step} of {steps}", context="page", step="{step}", steps="{steps}"),
    "first": message("To the start", context="page"),
    "back": message("One step back", context="page"),
    "forward": message("One step forward", context="page"),
    "last": message("To the end", context="page"),
    "play": message("Play", context="page"),
    "pause": message("Pause", context="page"),
    "progress": message("Progress", context="page"),
    "value": message("Value", context="page"),
    "value_against": message("Value against steps", context="page"),
    "norm": message("Gradient norm", context="page"),
    "norm_against": message("Gradient norm against steps", context="page"),
    "curvature": message("Curvature", context="page"),
    "curvature_against": message("Curvature against steps; dotted: 2/η", context="page"),
    "update": message("One update, step {step} to {next}", context="page", step="{step}", next="{next}"),
    "update_none": message(
        "No step leaves here: the path ends at step {step}.", context="page", step="{step}"
    ),
    "update_long": message("The update of {rule} is too long to be printed.", context="page", rule="{rule}"),
    "for_coordinate": message("for {name}", context="page", name="{name}"),
    "result": message("next point: {point}", context="page", point="{point}"),
    "trials": message("{number} evaluations for this step", context="page", number="{number}"),
    "table": message("Table of the steps", context="page"),
    "copy": message("Copy", context="page"),
    "copied": message("copied", context="page"),
    "not_copied": message("The browser does not let this page copy: save it as CSV.", context="page"),
    "csv": message("Save as CSV", context="page"),
    "png": message("Picture as PNG", context="page"),
    "svg": message("Picture as SVG", context="page"),
    "link": message("Copy the link", context="page"),
    "summary": message("What happened", context="page"),
    "summary_rule": message(
        "{rule}: {status} after {steps} steps at {point}; value {value}, gradient norm {norm}.",
        context="page",
        rule="{rule}",
        status="{status}",
        steps="{steps}",
        point="{point}",
        value="{value}",
        norm="{norm}",
    ),
    "summary_start": message("From {point}.", context="page", point="{point}"),
    "outlook": message(
        "{rule} at step {step}: curvatures {curvatures}, limit of the rate {limit}, factors of the error in"
        " a step {factors}.",
        context="page",
        rule="{rule}",
        step="{step}",
        curvatures="{curvatures}",
        limit="{limit}",
        factors="{factors}",
    ),
    "outlook_none": message("A factor is not below 1: it does not come to rest here.", context="page"),
    "outlook_steps": message(
        "About {steps} more steps to a gradient norm of {tolerance}.",
        context="page",
        steps="{steps}",
        tolerance="{tolerance}",
    ),
    "identical": message(
        "{rule}: ends like the run it was written from, after {steps} steps; the points differ by at most {gap}.",
        context="page",
        rule="{rule}",
        steps="{steps}",
        gap="{gap}",
    ),
    "same_point": message(
        "{rule}: ends like the run it was written from, after {steps} steps at the same point.",
        context="page",
        rule="{rule}",
        steps="{steps}",
    ),
    "different": message(
        "{rule}: the run it was written from ended otherwise: {status} after {steps} steps at {point}.",
        context="page",
        rule="{rule}",
        status="{status}",
        steps="{steps}",
        point="{point}",
    ),
    "points_identical": message(
        "{rule}: {same} of {rows} points identical to the run.",
        context="page",
        rule="{rule}",
        same="{same}",
        rows="{rows}",
    ),
    "points_part": message(
        "{rule}: {same} of {rows} points identical to the run; from step {step} the digits part, by at most {gap}.",
        context="page",
        rule="{rule}",
        same="{same}",
        rows="{rows}",
        step="{step}",
        gap="{gap}",
    ),
    "digits_differ": message(
        "exp, sin, log and powers that are not whole differ between machines by less than a unit in the last place.",
        context="page",
    ),
    "explained": message("What was found of the run by {rule}", context="page", rule="{rule}"),
    "asking": message("Python explains this setting …", context="page"),
    "no_answer": message(
        "Python does not answer: it may have been ended. The page goes on without it.", context="page"
    ),
    "script": message("As a script: the run that this page was written from", context="page"),
    "dialect": message("Dialect", context="page"),
    "too_many": message(
        "A page shows functions of one or two variables, and these are {number}: {names}.",
        context="page",
        number="{number}",
        names="{names}",
    ),
    "none": message(
        "The formula has no variable. For example: {example}", context="page", example="x^2/20 + y^2"
    ),
    "undefined_here": message(
        "The function is not defined at the start {point}.", context="page", point="{point}"
    ),
    "not_number": message("{text} is not a number.", context="page", text="{text}"),
    "out_of_range": message("{name} has to be {range}.", context="page", name="{name}", range="{range}"),
    "above": message("> {least}", context="page", least="{least}"),
    "at_least": message(">= {least}", context="page", least="{least}"),
    "below": message("< {most}", context="page", most="{most}"),
    "between": message("{first} and {second}", context="page", first="{first}", second="{second}"),
    "steps_range": message("a whole number from 1 to {most}", context="page", most="{most}"),
    "bad_link": message("The link cannot be read, so the page shows its own example.", context="page"),
    "internal": message("The page cannot compute this: {reason}", context="page", reason="{reason}"),
    "place": message("at character {place}", context="page", place="{place}"),
}


def in_words() -> dict[str, str]:
    """The words in the reader's language; ``{name}`` is where the page fills something in."""
    endings = {f"status_{status}": str(ending(status)) for status in Status}
    return {key: str(said) for key, said in _WORDS.items()} | endings


def refusals_in_words() -> dict[str, list[str]]:
    """The sentences of the reader of formulas as templates: that for one, and where it counts that for many."""
    reader = current_audience()
    found = {}
    for key, said in refusals().items():
        if said.many:
            found[key] = [reader.translate_plural("", said.one, said.many, n) for n in (1, MANY)]
        else:
            found[key] = [reader.translate("", said.one)]
    return found
