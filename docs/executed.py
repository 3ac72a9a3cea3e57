"""``{executed}``: code that is run when the page is built, shown with what it prints and the pictures that it writes.

All blocks of a page share their names, one after another, as in a notebook, but in the process of the build, so that a
page of ten short runs takes no kernel of its own. Files are written in a folder that is gone afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import importlib.util
import io
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives

import downslope as ds

FOLDER = "_made"
PICTURES = (".png", ".gif", ".svg")
BLOCK = re.compile(r"^```\{executed\}\n(.*?)^```$", re.S | re.M)


@contextlib.contextmanager
def within(folder: str) -> Iterator[dict[str, bytes]]:
    """Work in that folder for the time of a ``with``; afterwards the pictures written meanwhile, by name."""
    before, written = Path.cwd(), {}
    there = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.suffix in PICTURES}
    os.chdir(folder)
    try:
        yield written
    finally:
        os.chdir(before)
        for path in sorted(Path(folder).iterdir()):
            if path.suffix in PICTURES and path.read_bytes() != there.get(path.name):
                written[path.name] = path.read_bytes()


def execute(code: str, names: dict[str, Any]) -> str:
    """What code prints, run with these names, which it may add to; a warning of others is an error."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ds.GradientWarning)  # which the page on wrong gradients is about
        exec(compile(code, "<page>", "exec"), names)
    return said.getvalue()


def is_there(library: str) -> bool:
    """Whether a library can be imported."""
    return importlib.util.find_spec(library) is not None


def blocks_of(page: str) -> list[tuple[str, str]]:
    """The code of a page, block after block, each with the library that it needs.

    >>> blocks_of("```{executed}\\n:needs: torch\\nprint(1)\\n```\\n")
    [('print(1)\\n', 'torch')]
    """
    found = []
    for block in BLOCK.findall(page):
        needs = re.search(r"^:needs: (\w+)$", block, re.M)
        found.append((re.sub(r"\A(:\w+:.*\n)*\n?", "", block), needs[1] if needs else "downslope"))
    return found


class Executed(Directive):
    """``:alt:`` says what a picture shows; code that ``:needs:`` a library which is not there is only shown."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "alt": directives.unchanged,
        "needs": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """The code, then what it printed and drew."""
        environment = self.state.document.settings.env
        code = "\n".join(self.content)
        folder, names = environment.temp_data.setdefault(
            "executed", (tempfile.mkdtemp(dir=self._files()), {})
        )
        shown: list[nodes.Node] = [nodes.literal_block(code, code, language="python")]
        if not is_there(self.options.get("needs", "downslope")):
            return shown
        spoken = ds.language()
        ds.language(environment.config.language)
        try:
            with within(folder) as pictures:
                said = execute(code, names)
        except Exception as error:
            raise self.error(f"{environment.docname}: {type(error).__name__}: {error}") from error
        finally:
            ds.language(spoken)
        if said:
            shown.append(nodes.literal_block(said, said.rstrip("\n"), language="none"))
        return shown + [self._kept(Path(name).suffix, data) for name, data in pictures.items()]

    def _files(self) -> str:
        """Where the pages of this build write; ``setup`` has it removed at the end."""
        return str(self.state.document.settings.env.app.executed_files.name)

    def _kept(self, suffix: str, data: bytes) -> nodes.Node:
        environment = self.state.document.settings.env
        name = hashlib.sha256(data).hexdigest()[:16] + suffix
        path = Path(environment.app.outdir) / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        address = "../" * environment.docname.count("/") + f"{FOLDER}/{name}"
        alt = html.escape(self.options.get("alt", "the picture that this code draws"))
        return nodes.raw("", f'<p><img src="{address}" alt="{alt}" loading="lazy"></p>', format="html")


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's hook."""
    app.add_directive("executed", Executed)
    app.executed_files = tempfile.TemporaryDirectory()
    app.connect("build-finished", lambda app, error: app.executed_files.cleanup())
    return {"version": ds.__version__, "parallel_read_safe": False}
