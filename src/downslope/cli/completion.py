"""``downslope completion``: teaches the shell to complete commands, options and names."""

from __future__ import annotations

import os
from typing import Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import WordType
from downslope.cli.words import Command
from downslope.errors import UsageError
from downslope.messages import listing, message

_INSTALL = {
    "bash": "downslope completion bash > ~/.local/share/bash-completion/completions/downslope",
    "zsh": "downslope completion zsh > ~/.zfunc/_downslope   (with fpath+=~/.zfunc before compinit in ~/.zshrc)",
    "fish": "downslope completion fish > ~/.config/fish/completions/downslope.fish",
}


class Shell(WordType):
    """The name of a shell."""

    def __init__(self) -> None:
        super().__init__(list(_INSTALL))


@click.command(
    cls=Command,
    help=message("Print the completion script of a shell: {shells}.", shells=listing(_INSTALL, "or")),
    short_help=message("Print the completion script of a shell."),
    epilog=message(
        "To try it here and now, in bash: {command}. To keep it: the script's first line says where it goes.",
        command="source <(downslope completion bash)",
    ),
)
@click.argument("shell", required=False, type=Shell())
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """``downslope completion``."""
    from click.shell_completion import get_completion_class

    shell = shell or os.path.basename(os.environ.get("SHELL", ""))
    kind: Any = get_completion_class(shell) if shell in _INSTALL else None
    if kind is None:
        raise UsageError(message("which shell? Give one of {shells}.", shells=listing(_INSTALL)))
    script = kind(ctx.find_root().command, {}, "downslope", "_DOWNSLOPE_COMPLETE").source()
    first, rest = "", script.lstrip("\n")
    if rest.startswith("#compdef"):  # zsh wants this line to be the first
        first, rest = rest.split("\n", 1)
        first += "\n"
    how = message("To install: {command}", command=_INSTALL[shell])
    terminal.emit(f"{first}# {how}\n{rest.rstrip()}\n")
