"""Pages of downslope within the site's own: ``{living} FORMULA`` and ``{living-fit} HYPOTHESIS``.

Each is one file beside the site's, in its language, shown in a frame with a link to a whole window. It asks for nothing
elsewhere.
"""

from __future__ import annotations

import hashlib
import html
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives

import downslope as ds

FOLDER = "_living"
HEIGHT = 760  # pixels


class _Framed(Directive):
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {
        "start": directives.unchanged_required,
        "optimizer": directives.unchanged,
        "learning-rate": float,
        "steps": directives.positive_int,
        "title": directives.unchanged_required,
        "table": directives.unchanged,
    }

    def descended(self, asked: dict[str, Any]) -> ds.Run | ds.Fit:
        """What the page is of."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """The frame, and a link to a window of its own."""
        environment = self.state.document.settings.env
        asked = {name.replace("-", "_"): value for name, value in self.options.items()}
        for name in ("title", "table"):
            asked.pop(name, None)
        told = repr((self.name, self.arguments, sorted(self.options.items())))
        path = (
            Path(environment.app.outdir) / FOLDER / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.html"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        spoken = ds.language()
        ds.language(environment.config.language)
        try:
            path.write_text(self.descended(asked).to_html(), encoding="utf-8")
        finally:
            ds.language(spoken)
        address = "../" * environment.docname.count("/") + f"{FOLDER}/{path.name}"
        title = html.escape(self.options["title"])
        frame = f'<iframe class="living" src="{address}" title="{title}" height="{HEIGHT}" loading="lazy"></iframe>'
        return [nodes.raw("", f'{frame}<p><a href="{address}">{title}</a></p>', format="html")]


class Living(_Framed):
    """Of a formula; ``:start:``, ``:optimizer:``, ``:learning-rate:``, ``:steps:`` are those of ``ds.minimize``."""

    def descended(self, asked: dict[str, Any]) -> ds.Run:
        return ds.minimize(self.arguments[0], **asked)


class LivingFit(_Framed):
    """The same of a fit; ``:table:`` is ``x=1,2,3; y=2,4,5``."""

    def descended(self, asked: dict[str, Any]) -> ds.Fit:
        columns = (column.split("=") for column in self.options["table"].split(";"))
        table = {name.strip(): [float(number) for number in numbers.split(",")] for name, numbers in columns}
        return ds.fit(table, self.arguments[0], **asked)


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's hook."""
    app.add_directive("living", Living)
    app.add_directive("living-fit", LivingFit)
    return {"version": ds.__version__, "parallel_read_safe": False, "env_version": 1}
