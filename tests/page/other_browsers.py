"""Debian's Firefox and WebKit, driven by their own protocols, as Playwright drives only builds of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds until a browser has to be there, or to answer
_ASYNC = """
const done = arguments[arguments.length - 1], given = arguments[0];
(async () => { %s })().then(done, (error) => done(`${error}`));
"""
_PREFERENCES = """
user_pref("marionette.port", %d);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
"""


class BrowserMissingError(Exception):
    """It is not installed."""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as line:
        return int(line.getsockname()[1])


class Firefox:
    """Firefox by Marionette: lengths and JSON over a socket."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if program is None:
            raise BrowserMissingError("Firefox is not installed (apt-get install firefox-esr)")
        port = _free_port()
        (folder / "user.js").write_text(_PREFERENCES % port, encoding="utf-8")
        words = [program, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.line = _connected(port)
        self.read, self.number = b"", 0
        self._message()
        self._call("WebDriver:NewSession", capabilities={})
        self._call("WebDriver:SetTimeouts", script=int(1000 * PATIENCE))

    def open(self, address: str) -> None:
        self._call("WebDriver:Navigate", url=address)

    def run(self, body: str, given: Any = None) -> Any:
        """What the body of an asynchronous function returns, with ``given`` in scope."""
        answer = self._call("WebDriver:ExecuteAsyncScript", script=_ASYNC % body, args=[given], sandbox=None)
        return answer["value"]

    def close(self) -> None:
        self.line.close()
        self.process.terminate()
        self.process.wait(PATIENCE)

    def _call(self, name: str, **parameters: Any) -> Any:
        self.number += 1
        text = json.dumps([0, self.number, name, parameters]).encode()
        self.line.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._message()
        assert error is None, error
        return result

    def _message(self) -> Any:
        while b":" not in self.read:
            self.read += self.line.recv(65536)
        length, _, rest = self.read.partition(b":")
        while len(rest) < int(length):
            rest += self.line.recv(1 << 20)
        self.read = rest[int(length) :]
        return json.loads(rest[: int(length)])


class WebKit:
    """WebKitGTK's MiniBrowser by WebDriver, on a screen that nobody sees."""

    def __init__(self, folder: Path) -> None:
        found = [place for place in Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser") if place.is_file()]
        driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
        if not found or driver is None or screen is None:
            raise BrowserMissingError("WebKit is not installed (apt-get install webkit2gtk-driver xvfb)")
        hidden, port = folder / "screen", _free_port()
        with hidden.open("w") as shown:
            words = [screen, "-displayfd", str(shown.fileno()), "-screen", "0", "1280x1024x24"]
            self.screen = subprocess.Popen(words, pass_fds=[shown.fileno()], stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE
        while not hidden.read_text().strip() and time.monotonic() < until:
            time.sleep(0.1)
        own = {
            "DISPLAY": f":{hidden.read_text().strip()}",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # of containers, which cannot make another within them
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "HOME": str(folder),
        }
        self.process = subprocess.Popen(
            [driver, f"--port={port}"],
            env=os.environ | own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _connected(port).close()
        self.root = f"http://127.0.0.1:{port}/session"
        options = {"binary": str(found[0]), "args": ["--automation"]}
        asked = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self.root += "/" + self._call("", asked)["sessionId"]
        self._call("/timeouts", {"script": int(1000 * PATIENCE)})

    def open(self, address: str) -> None:
        self._call("/url", {"url": address})

    def run(self, body: str, given: Any = None) -> Any:
        """What the body of an asynchronous function returns, with ``given`` in scope."""
        return self._call("/execute/async", {"script": _ASYNC % body, "args": [given]})

    def close(self) -> None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(urllib.request.Request(self.root, method="DELETE"), timeout=PATIENCE)
        for process in (self.process, self.screen):
            process.terminate()
            process.wait(PATIENCE)

    def _call(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            self.root + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=2 * PATIENCE) as answer:
            return json.load(answer)["value"]


def _connected(port: int) -> socket.socket:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


BROWSERS = {"firefox": Firefox, "webkit": WebKit}
