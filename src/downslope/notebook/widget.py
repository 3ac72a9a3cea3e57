"""The page of a run or a fit in a notebook, by anywidget."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from downslope.api.settled import explain_setting
from downslope.errors import DownslopeError
from downslope.messages import message
from downslope.page.document import PageContent, framed

HEIGHT = 760  # pixels, which a person can change


class PageWidget(anywidget.AnyWidget):
    """A page in a frame of its own. It is written when a browser first shows it, and once for all its views.

    Attributes:
        page: the page as HTML; empty until it is asked for.
        title: what the frame is called for those who do not see it.
        height: of the frame, in pixels.
    """

    _esm = Path(__file__).with_name("widget.js")
    page = traitlets.Unicode("").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(HEIGHT).tag(sync=True)

    def __init__(self, content: Callable[[], PageContent]) -> None:
        super().__init__(title=str(message("Descend a formula", context="page")))
        self._content = content
        self._context = contextvars.copy_context()  # the language of the cell that shows it
        self.on_msg(lambda _, said, __: self._context.run(self._hear, said))

    def _hear(self, said: Any) -> None:
        """A view wants its page, or the page asks what it asks a studio."""
        if not isinstance(said, dict):
            return
        if said.get("wants") == "page" and not self.page:
            self.page = framed(self._content())
        elif "question" in said:
            self.send({"id": said.get("id"), "answer": _answer(said["question"])})


def _answer(question: Any) -> dict[str, Any]:
    try:
        return explain_setting(question)
    except DownslopeError as error:
        return {"refused": str(error)}
    except Exception as error:  # a bug of ours: the page says it and goes on
        said = message(
            "this cannot be worked out: {kind}: {reason:.200}", kind=type(error).__name__, reason=error
        )
        return {"refused": str(said)}


def widget_of(content: Callable[[], PageContent]) -> PageWidget:
    """The widget of a page that is not yet written."""
    return PageWidget(content)
