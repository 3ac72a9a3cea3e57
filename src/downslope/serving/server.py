"""The server of one page: on 127.0.0.1 alone, on a free port, until it is closed.

uvicorn answers in a thread of its own; what is asked is worked out one after the other in the thread that serves, where
Ctrl-C ends it, and where frameworks are that want to stay in one thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from downslope.errors import DownslopeError, MissingExtraError, UsageError
from downslope.messages import message
from downslope.serving.guard import LONGEST, Guard

HERE = "127.0.0.1"
MOST_WAITING = 8  # questions; a page asks one after the other
PATIENCE = 0.5  # seconds between two looks at whether it was closed
CLOSING = 5.0  # seconds that open connections have
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address has the token in it
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Answer = Callable[[Any], Any]


class _Job(NamedTuple):
    question: Any
    answer: Future[Any]


class PageServer:
    """One page at ``address``, which may ask ``answer`` for what it shows.

    Args:
        html: the page.
        policy: its Content-Security-Policy.
        answer: from what a page has sent, as JSON, to what it gets back; raises DownslopeError where that is wrong.

    Raises:
        MissingExtraError: Starlette or uvicorn is not installed.
    """

    def __init__(self, html: str, policy: str, answer: Answer) -> None:
        self._answer = answer
        self._jobs: queue.Queue[_Job] = queue.Queue(MOST_WAITING)
        self._closed = threading.Event()
        self._socket = socket.create_server((HERE, 0))
        host, token = f"{HERE}:{self._socket.getsockname()[1]}", secrets.token_urlsafe(24)
        self.address = f"http://{host}/{token}/"
        try:
            app = self._app(html)
            policy = f"{policy}; frame-ancestors 'none'"
            guarded = Guard(app, host, token, HEADERS | {"Content-Security-Policy": policy})
            self._uvicorn = _uvicorn_of(guarded)
        except BaseException:
            self._socket.close()
            raise
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [self._socket]}, name="downslope-studio", daemon=True
        )
        self._thread.start()

    def serve(self) -> None:
        """Work out what is asked, until it is closed or interrupted."""
        try:
            while not self._closed.is_set():
                with contextlib.suppress(queue.Empty):
                    self._work_out(self._jobs.get(timeout=PATIENCE))
        finally:
            self.close()

    def close(self) -> None:
        """Give the port back; what is still asked gets no answer."""
        self._closed.set()
        self._uvicorn.should_exit = True
        self._thread.join(CLOSING)

    def _work_out(self, job: _Job) -> None:
        if not job.answer.set_running_or_notify_cancel():
            return
        try:
            job.answer.set_result(self._answer(job.question))
        except Exception as error:
            job.answer.set_exception(error)
        except BaseException as error:
            job.answer.set_exception(RuntimeError(type(error).__name__))
            raise

    def _app(self, html: str) -> Any:
        try:
            from starlette.applications import Starlette
            from starlette.requests import ClientDisconnect, Request
            from starlette.responses import HTMLResponse, JSONResponse, Response
            from starlette.routing import Route
        except ImportError as error:
            raise _missing() from error

        async def show(_: Request) -> Response:
            return HTMLResponse(html)

        async def ask(request: Request) -> Response:
            try:
                question = await _question_of(request)
                answer: Future[Any] = Future()
                self._jobs.put_nowait(_Job(question, answer))
                return JSONResponse(await asyncio.wrap_future(answer))
            except ClientDisconnect:
                return Response(status_code=400)
            except queue.Full:
                return JSONResponse({"refused": str(message("too much is asked at once."))}, 503)
            except DownslopeError as error:
                return JSONResponse({"refused": str(error)}, 400)
            except (
                Exception
            ) as error:  # a bug of ours, or of a function that a person has given: the page goes on
                said = message(
                    "this cannot be worked out: {kind}: {reason:.200}",
                    kind=type(error).__name__,
                    reason=error,
                )
                return JSONResponse({"refused": str(said)}, 500)

        routes = [Route("/{token}/", show, methods=["GET"]), Route("/{token}/ask", ask, methods=["POST"])]
        app = Starlette(routes=routes)
        app.router.redirect_slashes = False
        return app


async def _question_of(request: Any) -> Any:
    """What was sent, read with a limit.

    Raises:
        UsageError: it is too long, or no JSON.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UsageError(message("a question is JSON."))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise UsageError(message("a question has at most {most:,} bytes.", most=LONGEST))
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise UsageError(message("a question is JSON.")) from error


def _uvicorn_of(app: Any) -> Any:
    try:
        import uvicorn
    except ImportError as error:
        raise _missing() from error
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=32,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(settings)


def _missing() -> MissingExtraError:
    return MissingExtraError(
        message("the studio needs Starlette and uvicorn: pip install 'downslope[studio]'")
    )
