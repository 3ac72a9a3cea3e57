"""A folder served as a bucket of S3 on loopback: as much of its protocol as reading takes."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@contextmanager
def bucket(folder, refused=None):
    """The query that an address needs to be read from ``folder``, whose bucket is ``table``.

    Args:
        refused: the status with which everything is refused, such as 403.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *about):
            pass

        def _send(self, status, content=b"", size=None, **headers):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content) if size is None else size))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def _fault(self, status):
            code = {403: "AccessDenied", 404: "NoSuchKey"}.get(status, "Fault")
            text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
            self._send(status, text.encode(), Content_Type="application/xml")

        def do_GET(self):
            asked = urlsplit(self.path)
            _, _, key = unquote(asked.path).lstrip("/").partition("/")
            if refused is not None:
                self._fault(refused)
            elif "list-type" in parse_qs(asked.query):
                self._list(parse_qs(asked.query, keep_blank_values=True))
            elif not key or not (folder / key).is_file():
                self._fault(404)
            else:
                self._file((folder / key).read_bytes())

        def do_HEAD(self):
            self.do_GET()

        def _file(self, content):
            first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
            about = {"Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "ETag": '"x"'}
            if not first:
                self._send(200, content if self.command != "HEAD" else b"", len(content), **about)
                return
            begin, end = int(first), min(int(last or len(content)), len(content) - 1)
            about["Content_Range"] = f"bytes {begin}-{end}/{len(content)}"
            self._send(206, content[begin : end + 1], **about)

        def _list(self, asked):
            prefix = asked.get("prefix", [""])[0]
            names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
            found = "".join(
                f"<Contents><Key>{escape(name)}</Key><Size>{(folder / name).stat().st_size}</Size>"
                "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                for name in names
                if name.startswith(prefix)
            )
            text = (
                "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
                f"<Name>table</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>{found}"
                "</ListBucketResult>"
            )
            self._send(200, text.encode(), Content_Type="application/xml")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
