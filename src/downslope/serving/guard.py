"""Who may ask the server of a page: that page alone, opened by its address with the token in it.

Any page in any browser of this machine can send requests to 127.0.0.1, also under another name that leads there. So the
host has to be ours to the letter, the origin too, and the path begins with a token that nobody can guess.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

LONGEST = 2_000_000  # bytes of a question: a table of 1,000 rows and 8 columns in full digits takes 200,000
_OWN = ("same-origin", "none")  # where a browser says that a request comes from: the page itself, or a person

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refusal(NamedTuple):
    """Why a request is refused: the status of the answer and a word for it."""

    status: int
    reason: str


class Guard:
    """Lets those requests through to ``app`` that the page itself makes, and answers all others with a refusal.

    Args:
        app: what answers.
        host: the one name and port that we have.
        token: the first part of every path.
        headers: that every answer has.
    """

    def __init__(self, app: App, host: str, token: str, headers: dict[str, str]) -> None:
        self.app = app
        self.host = host
        self.token = token
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                own = {name for name, _ in self.headers}
                kept = [pair for pair in event.get("headers", ()) if pair[0].lower() not in own]
                event = {**event, "headers": [*kept, *self.headers]}
            await send(event)

        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, answer)
            return
        await answer(
            {
                "type": "http.response.start",
                "status": refusal.status,
                "headers": [(b"content-type", b"text/plain"), (b"connection", b"close")],
            }
        )
        await answer({"type": "http.response.body", "body": refusal.reason.encode()})

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why this request is none of the page's own; None where it is one."""
        given: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            given.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        if given.get("host") != [self.host]:
            return Refusal(421, "host")
        origins = given.get("origin", [])
        if origins != [f"http://{self.host}"] and (origins or scope["method"] == "POST"):
            return Refusal(403, "origin")
        if any(site not in _OWN for site in given.get("sec-fetch-site", [])):
            return Refusal(403, "origin")
        first = scope["path"].lstrip("/").partition("/")[0]
        if not secrets.compare_digest(first.encode(), self.token.encode()):
            return Refusal(403, "token")
        sizes = given.get("content-length", ["0"])
        if (
            len(sizes) != 1
            or not sizes[0].isascii()
            or not sizes[0].isdigit()
            or int(sizes[0][:20]) > LONGEST
        ):
            return Refusal(413, "size")
        return None
