"""``downslope check-loop``: a learner's script -> which of its updates is not that of its rule, and why."""

from __future__ import annotations

import click

from downslope.cli import terminal
from downslope.cli.arguments import WordType
from downslope.cli.options import FILE, NUMBER
from downslope.cli.report import document, wrapped
from downslope.cli.words import Command, option
from downslope.errors import UsageError
from downslope.messages import message

EXAMPLE = "downslope check-loop student.py"


@click.command(
    cls=Command,
    name="check-loop",
    short_help=message("Check the updates of a loop of your own."),
    help=message(
        "Run SCRIPT and hold each update of its loop against the rule that it claims to be: by the name of a class with"
        " update(params, gradients), by torch's or Keras's optimizer, or as {option} says; else the rule whose updates"
        " they are, or gradient descent.\n\nSeen are such classes, functions of (params, gradients, ...), torch's"
        " backward(), TensorFlow's GradientTape, and loops that are written out, x = x - lr*gradient. Exit code"
        " 1 where something is wrong.",
        option="--optimizer",
    ),
    examples=(EXAMPLE, f"{EXAMPLE} --optimizer momentum"),
)
@option("--optimizer", metavar="NAME", help=message("The rule that the loop claims to be."))
@option(
    "--learning-rate",
    type=NUMBER,
    metavar="R",
    help=message("Default: what the script calls lr, learning_rate or eta, else that of its first step."),
)
@option("--maximize", is_flag=True, help=message("The loop climbs."))
@option("--format", "form", type=WordType(["text", "json"]), help=message("Default: text."))
@click.argument("words", nargs=-1, metavar="SCRIPT", type=FILE)
def check_loop(
    words: tuple[str, ...],
    *,
    optimizer: str | None,
    learning_rate: float | None,
    maximize: bool,
    form: str | None,
) -> int:
    """``downslope check-loop``."""
    if len(words) != 1:
        raise UsageError(message("give one script: {example}", example=EXAMPLE))
    from downslope.recording import check_loop as check

    found = check(words[0], optimizer=optimizer, learning_rate=learning_rate, maximize=maximize)
    if form == "json":
        slips = [
            {"code": slip.code, "step": slip.step, **slip.numbers, "sentence": str(slip.sentence)}
            for slip in found.slips
        ]
        rule = None if found.rule is None else found.rule.to_dict()
        terminal.emit(document({"ok": found.ok, "steps": found.steps, "rule": rule, "slips": slips}))
    else:
        terminal.emit("\n".join(wrapped(found.sentences)))
    return 0 if found.ok else 1
