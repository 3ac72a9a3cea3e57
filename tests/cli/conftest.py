"""The command line, called in this process as a person would call it."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from downslope.cli.main import cli


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(word: str) -> None:
            raise ValueError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)

    @property
    def words(self) -> str:
        """What went to standard error, its line breaks undone."""
        return " ".join(self.err.split())


Downslope = Callable[..., Answer]


@pytest.fixture
def downslope() -> Downslope:
    """``downslope("minimize x^2", "--start", "x=1")``: the first text is split, the rest is taken as it is."""

    def call(line: str, *more: str, stdin: bytes | None = None, **environment: str) -> Answer:
        result = CliRunner().invoke(cli, [*shlex.split(line), *more], input=stdin, env=environment or None)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return call
