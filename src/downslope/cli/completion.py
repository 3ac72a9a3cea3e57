"""``downslope completion``: teaches the shell to complete commands, options and names."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from downslope.cli import terminal
from downslope.cli.arguments import WordType
from downslope.cli.words import Command
from downslope.errors import UsageError
from downslope.messages import listing, message

# Click has none. Of files PowerShell completes the names itself, where nothing else is said.
_POWERSHELL = """
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:%(complete_var)s = "powershell_complete"
    $env:COMP_WORDS = $commandAst.ToString().Substring(0, [Math]::Min($commandAst.ToString().Length, $cursorPosition))
    $env:COMP_CWORD = $wordToComplete
    %(prog_name)s | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        [System.Management.Automation.CompletionResult]::new($value, $value, "ParameterValue", $help)
    }
    Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_CWORD
}
"""
_INSTALL = {
    "bash": "downslope completion bash > ~/.local/share/bash-completion/completions/downslope",
    "zsh": "downslope completion zsh > ~/.zfunc/_downslope   (with fpath+=~/.zfunc before compinit in ~/.zshrc)",
    "fish": "downslope completion fish > ~/.config/fish/completions/downslope.fish",
    "powershell": "downslope completion powershell >> $PROFILE",
}


class PowerShellComplete(ShellComplete):
    """Completion for PowerShell 5 and later, on every system that it runs on."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one."""
        written = os.environ["COMP_WORDS"].replace("\\", "\\\\")  # of paths, where they are no escapes
        words, begun = split_arg_string(written)[1:], os.environ.get("COMP_CWORD", "")
        if begun and words and words[-1] == begun.strip("\"'"):
            words.pop()
        return words, begun

    def format_completion(self, item: CompletionItem) -> str:
        """A line with the word and its help, which PowerShell wants to be something."""
        return f"{item.value}\t{' '.join((item.help or item.value).split())}" if item.type == "plain" else ""


add_completion_class(PowerShellComplete)


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
    own = "powershell" if sys.platform == "win32" else ""
    shell = shell or os.path.basename(os.environ.get("SHELL", own))
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
