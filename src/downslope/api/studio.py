"""``studio``: the page of a run from a server on this machine, where Python explains what is shown."""

from __future__ import annotations

import contextvars
import threading
import webbrowser
from collections.abc import Sequence
from typing import Any

from downslope.api.settled import PythonFunction, answer_page
from downslope.descent.result import Descent
from downslope.errors import ObjectiveError, UsageError
from downslope.fitting.result import FitResult
from downslope.interruption import caught
from downslope.messages import message
from downslope.page.contents import presets
from downslope.page.document import (
    MOST_STEPS,
    MOST_VARIABLES,
    PageContent,
    content_of,
    method_of,
    served,
    steps_of,
)
from downslope.page.fits import content_of_fit
from downslope.serving.server import PageServer


def studio(what: Any = None, *, browser: bool = True, wait: bool = True) -> PageServer:
    """Open the page of a run, of several or of a fit, from a server on this machine, until Ctrl-C.

    It is the page of ``to_html``, on which Python explains in full each setting that comes to rest: what kind of point
    it ended at, what went wrong, and what would go better. The server listens on 127.0.0.1 alone, on a free port, and
    answers only the page that was opened by its address, which holds a token.

    Args:
        what: a ``Run``, a list of runs of one function, or a ``Fit``; None begins with an example.
        browser: whether to open it in the browser.
        wait: False returns at once, and the server ends by ``close()`` or with the program.

    Returns:
        The server: ``address``, ``close()``.

    Raises:
        MissingExtraError: Starlette or uvicorn is not installed.
        ObjectiveError, UsageError: there is no page of it, as for ``to_html``.

    >>> import downslope as ds
    >>> run = ds.minimize("x^2", start={"x": 3.0}, learning_rate=0.1, steps=2)
    >>> server = ds.studio(run, browser=False, wait=False)  # doctest: +SKIP
    >>> server.close()  # doctest: +SKIP
    """
    server = serve_content(_content(what))
    if browser:
        webbrowser.open(server.address)
    if wait:
        try:
            server.serve()
        except KeyboardInterrupt:
            caught()
    else:
        context = contextvars.copy_context()  # the language of who asks
        threading.Thread(target=context.run, args=(server.serve,), daemon=True).start()
    return server


def serve_content(content: PageContent, function: PythonFunction | None = None) -> PageServer:
    """The server of a page; nothing is answered until it serves."""
    page = served(content)
    return PageServer(page.html, page.policy, lambda question: answer_page(question, function))


def content_of_function(function: PythonFunction, runs: Sequence[Descent]) -> PageContent:
    """What a page has of a function that is no formula: the settings of runs on it."""
    if len(function.names) > MOST_VARIABLES:
        raise ObjectiveError(
            message(
                "a page shows functions of one or two variables, and this one has {n}.", n=len(function.names)
            )
        )
    first = runs[0]
    setting = {
        "formula": function.text,
        "start": dict(zip(function.names, map(float, first.start), strict=True)),
        "methods": [method_of(run) for run in runs],
        "steps": min(MOST_STEPS, steps_of(runs)),
        "tolerance": first.stopping.with_defaults().tolerance or 0,
        "maximize": first.maximize,
    }
    return PageContent(setting, function={"text": function.text, "names": function.names})


def example(lesson: str | None = None) -> PageContent:
    """What a page begins with that has nothing of its own."""
    return PageContent(presets()[1]["setting"], lesson=lesson)


def _content(what: Any) -> PageContent:
    if what is None:
        return example()
    if isinstance(what, FitResult):
        return content_of_fit(what)
    runs = list(what) if isinstance(what, Sequence) else [what]
    if not runs or not all(isinstance(run, Descent) for run in runs):
        raise UsageError(message("a studio shows a run, runs of one function, or a fit."))
    return content_of(runs)
