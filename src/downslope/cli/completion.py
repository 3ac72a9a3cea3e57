"""``downslope completion``: teaches the shell to complete commands, options and names."""

from __future__ import annotations

import os
from typing import Any

import click

from downslope.cli import terminal
from downslope.cli.arguments import WordType
from downslope.errors import UsageError

_INSTALL = {
    "bash": "downslope completion bash > ~/.local/share/bash-completion/completions/downslope",
    "zsh": "downslope completion zsh > ~/.zfunc/_downslope   (with fpath+=~/.zfunc before compinit in ~/.zshrc)",
    "fish": "downslope completion fish > ~/.config/fish/completions/downslope.fish",
}


class Shell(WordType):
    """The name of a shell."""

    def __init__(self) -> None:
        super().__init__(list(_INSTALL))


@click.command()
@click.argument("shell", required=False, type=Shell())
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script of a shell: bash, zsh or fish.

    \b
    To try it here and now, in bash:  source <(downslope completion bash)
    To keep it: the script's first line says where it goes.
    """
    from click.shell_completion import get_completion_class

    shell = shell or os.path.basename(os.environ.get("SHELL", ""))
    kind: Any = get_completion_class(shell) if shell in _INSTALL else None
    if kind is None:
        raise UsageError(f"which shell? Give one of {', '.join(_INSTALL)}.")
    script = kind(ctx.find_root().command, {}, "downslope", "_DOWNSLOPE_COMPLETE").source()
    first, rest = "", script.lstrip("\n")
    if rest.startswith("#compdef"):  # zsh wants this line to be the first
        first, rest = rest.split("\n", 1)
        first += "\n"
    terminal.emit(f"{first}# To install: {_INSTALL[shell]}\n{rest.rstrip()}\n")
