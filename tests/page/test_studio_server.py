"""The server of the studio answers the page that it has opened, and nobody else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import downslope as ds

pytest.importorskip("starlette", reason="Starlette is not installed (pip install 'downslope[studio]')")
pytest.importorskip("uvicorn", reason="uvicorn is not installed (pip install 'downslope[studio]')")

from downslope.serving.guard import LONGEST

GOOD = {"formula": "x^2", "start": {"x": 1.0}, "methods": [{"rule": "gradient_descent"}], "steps": 3}
TRIES = 5
LIMIT = 60  # seconds, of what takes one or two


class Asked:
    """One studio, asked by hand: every header is the one of its page unless another is given."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.path = parts.netloc, parts.path
        self.port = parts.port
        self.origin = f"http://{self.host}"

    def send(self, method, path=None, body=None, **headers):
        """Status, headers and body; a header that is None is left out.

        What is refused before its body was read can cut the answer off: then it is asked again, a few times.
        """
        for _ in range(TRIES):
            try:
                return self._sent(method, path, body, headers)
            except ConnectionError:
                continue
        return 400, {}, ""

    def _sent(self, method, path, body, headers):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        given = {"Host": self.host, "Content-Length": str(len(body or ""))}
        if method == "POST":
            given |= {"Origin": self.origin, "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        connection.putrequest(method, self.path if path is None else path, skip_host=True)
        for name, value in given.items():
            for one in [value] if isinstance(value, str) else value or []:
                connection.putheader(name, one)
        try:
            connection.endheaders((body or "").encode())
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def ask(self, question, **headers):
        status, _, text = self.send("POST", f"{self.path}ask", question, **headers)
        return status, text


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    run = ds.minimize("x^2/20 + y^2", {"x": -7, "y": 2}, learning_rate=0.95, steps=10, explain=False)
    server = ds.studio(run, browser=False, wait=False)
    yield Asked(server.address)
    server.close()


def test_its_page_is_served_with_a_strict_policy(asked):
    status, headers, text = asked.send("GET")
    assert status == 200
    assert text.startswith("<!doctype html>")
    policy = headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_it_listens_on_this_machine_alone(asked):
    others = {address[4][0] for address in socket.getaddrinfo(socket.gethostname(), None)}
    for address in others - {"127.0.0.1", "::1"}:
        if not address.startswith("127."):
            with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
                socket.create_connection((address, asked.port), timeout=5).close()


def test_a_setting_is_explained(asked):
    status, text = asked.ask(GOOD)
    assert status == 200
    (rule,) = json.loads(text)["rules"]
    run = ds.minimize("x^2", {"x": 1.0}, optimizer="gradient_descent", steps=3)
    assert rule["sentences"] == [run.message, *(str(said) for said in run.explain().sentences)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", "", None, ["127.0.0.1", "evil.example"]]
)
def test_another_host_is_refused(asked, method, host):
    path = asked.path + ("ask" if method == "POST" else "")
    status, _, text = asked.send(method, path, json.dumps(GOOD) if method == "POST" else None, Host=host)
    assert status in (400, 421)
    assert "sentences" not in text
    assert "<html" not in text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", None, "https://127.0.0.1:1", "http://localhost:80"]
)
def test_another_origin_is_refused(asked, origin):
    status, text = asked.ask(GOOD, Origin=origin)
    assert (status, text) == (403, "origin")
    if origin is not None:
        assert asked.send("GET", Origin=origin)[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_elsewhere_is_refused(asked, site):
    assert asked.ask(GOOD, Sec_Fetch_Site=site) == (403, "origin")
    assert asked.send("GET", Sec_Fetch_Site=site)[0] == 403


def test_a_missing_or_another_token_is_refused(asked):
    token = asked.path.strip("/")
    for path in (
        "/",
        "/ask",
        f"/{token[:-1]}/",
        f"/{token}x/",
        "//",
        f"/x/{token}/",
        "/favicon.ico",
        "/%00/",
    ):
        assert asked.send("GET", path)[::2] == (403, "token"), path
        assert asked.send("POST", f"{path}ask", GOOD)[0] == 403, path
    assert asked.send("GET", f"/?{token}")[0] == 403


def test_there_is_no_other_route(asked):
    for path in ("ask", "other", "ask/", "../", "..%2f..%2fetc/passwd", "index.html", "docs", "openapi.json"):
        assert asked.send("GET", asked.path + path)[0] in (403, 404, 405), path
    assert asked.send("GET", asked.path.rstrip("/"))[0] == 404
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        assert asked.send(method, Origin=asked.origin)[0] == 405, method
    assert asked.send("POST", body=GOOD)[0] == 405


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"x"',
        "NaN",
        "[" * 100_000,
        '{"a":' * 50_000,
        "\x00",
        {**GOOD, "formula": 7},
        {**GOOD, "formula": "x" * 3000},
        {**GOOD, "formula": "__import__('os').system('touch hit')"},
        {**GOOD, "start": [1]},
        {**GOOD, "start": {"x": "1"}},
        {**GOOD, "start": {"x": None}},
        {**GOOD, "start": {"x": True}},
        {**GOOD, "start": {f"x{k}": 1 for k in range(9)}},
        {**GOOD, "steps": 10**9},
        {**GOOD, "steps": 1.5},
        {**GOOD, "steps": True},
        {**GOOD, "tolerance": "small"},
        {**GOOD, "methods": []},
        {**GOOD, "methods": [GOOD["methods"][0]] * 7},
        {**GOOD, "methods": [{"rule": "__class__"}]},
        {**GOOD, "methods": [{"rule": {}}]},
        {**GOOD, "methods": [{"rule": "adam", "hyperparameters": {"beta1": 10**400}}]},
        {**GOOD, "methods": [{"rule": "adam", "schedule": [{"name": "custom", "values": {}}]}]},
        {**GOOD, "table": {"columns": {}, "loss": "mse"}},
        {**GOOD, "table": {"columns": {"x": [1] * 1001}, "loss": "mse"}},
        {**GOOD, "table": {"columns": {"x": [1], "y": [1, 2]}, "loss": "mse"}},
        {**GOOD, "table": {"columns": {"x": [1]}, "loss": "mse(__import__('os'))"}},
        {**GOOD, "table": {"columns": "/etc/passwd", "loss": "mse"}},
    ],
    ids=lambda body: str(body)[:60],
)
def test_a_hostile_question_is_a_sentence(asked, body):
    status, text = asked.ask(body)
    assert status in (200, 400), text
    said = json.loads(text)
    if status == 400:
        assert said["refused"]
    else:  # what is wrong with a formula is said of each rule
        assert "x" in said["rules"][0]["sentences"][0] or said["rules"][0]["sentences"]
    assert asked.ask(GOOD)[0] == 200


@pytest.mark.parametrize(
    "method",
    [
        {"rule": "adam", "hyperparameters": {"__class__": 1}},
        {"rule": "adam", "hyperparameters": {"beta1": 7}},
        {"rule": "gradient_descent", "schedule": [{"name": "cosine", "values": {"steps": -1}}]},
        {"rule": "gradient_descent", "before": [{"rule": "adam", "until": 2}]},
    ],
)
def test_a_rule_that_cannot_be_run_says_why(asked, method):
    status, text = asked.ask({**GOOD, "methods": [method]})
    assert status == 200
    assert len(json.loads(text)["rules"][0]["sentences"]) == 1


def test_a_table_is_fitted_and_explained(asked):
    table = {"columns": {"x": [1, 2, 3], "y": [1, 2, 4]}, "loss": "huber", "number": 1.5}
    question = {**GOOD, "formula": "y = a*x + b", "start": {"a": 0, "b": 0}, "table": table}
    status, text = asked.ask(question)
    assert status == 200
    assert "a" in " ".join(json.loads(text)["rules"][0]["sentences"])


@pytest.mark.parametrize("size", ["99999999999999999999999", str(LONGEST + 1), "-1", "x", ["5", "6"]])
def test_a_huge_question_is_refused_before_it_is_read(asked, size):
    status, text = asked.ask(GOOD, Content_Length=size)
    assert status in (400, 413), text


def test_a_question_that_does_not_end_is_cut_off(asked):
    with socket.create_connection(("127.0.0.1", asked.port), timeout=LIMIT) as line:
        head = f"POST {asked.path}ask HTTP/1.1\r\nHost: {asked.host}\r\nOrigin: {asked.origin}\r\n"
        line.sendall(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        sent, answer = 0, b""
        line.settimeout(0.01)
        while not answer and sent < 4 * LONGEST:
            line.settimeout(LIMIT)
            try:
                line.sendall(chunk)
            except OSError:
                break
            sent += 0x10000
            line.settimeout(0.01)
            try:
                answer = line.recv(1000)
            except TimeoutError:
                continue
        assert sent < 4 * LONGEST
        assert not answer or b" 400 " in answer.split(b"\r\n")[0]
    assert asked.ask(GOOD)[0] == 200


def test_it_wants_json(asked):
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        assert asked.ask(GOOD, Content_Type=kind)[0] == 400


def test_what_is_no_run_is_refused():
    for what in (7, "x^2", [], [7]):
        with pytest.raises(ds.errors.UsageError, match="a studio shows"):
            ds.studio(what, browser=False, wait=False)


def test_a_fit_has_a_studio():
    fit = ds.fit({"x": [1, 2, 3], "y": [1, 2, 4]}, "y ~ W*x")
    server = ds.studio(fit, browser=False, wait=False)
    try:
        assert Asked(server.address).send("GET")[0] == 200
    finally:
        server.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", Asked(server.address).port), timeout=5).close()


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command(number, code):
    words = [sys.executable, "-m", "downslope", "studio", "x^2", "--start", "x=3", "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        assert Asked(address).send("GET")[0] == 200
        assert Asked(address).ask(GOOD)[0] == 200
        begun = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT)
        assert time.monotonic() - begun < LIMIT
    finally:
        process.kill()
    assert process.returncode == code, err
    assert "Traceback" not in err
