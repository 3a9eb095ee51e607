"""The web server as `shuzhi serve` runs it, without the job worker, and a plain client for it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from shuzhi import serve

PATIENCE = 30.0
CSRF = "b" * 32


@contextmanager
def serving(workers: int) -> Iterator[tuple[int, int]]:
    """(port, process id) of a web server on the bench's database."""
    port = _free_port()
    web = serve._children(serve.HOST, port, workers)[0]
    web.start()
    assert web.process is not None
    try:
        _wait_for(port)
        yield port, web.process.pid
    finally:
        serve._end([web])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((serve.HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((serve.HOST, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Client:
    """One browser: a connection that stays open, and the cookies that say who it is."""

    def __init__(self, port: int) -> None:
        self.held = http.client.HTTPConnection(serve.HOST, port, timeout=60)
        self.cookies = {"csrftoken": CSRF}
        self.etags: dict[str, str] = {}

    def get(self, path: str) -> bytes:
        return self._ask("GET", path, None, (200,))

    def poll(self, path: str) -> bytes:
        """Ask whether anything has changed; nothing has, from the second time on."""
        known = self.etags.get(path)
        return self._ask(
            "GET", path, None, (304,) if known else (200,), **({"If-None-Match": known} if known else {})
        )

    def post(self, path: str, data: Mapping[str, object], *, address: str = "") -> bytes:
        """Send a form that is to be accepted: by a redirect, or by a page that says so. address: of whom it is forwarded."""
        forwarded = {"X-Forwarded-For": address} if address else {}
        return self._ask("POST", path, urlencode(data, doseq=True), (200, 201, 204, 302, 303), **forwarded)

    def sign_in(self, username: str, password: str) -> None:
        self.post("/login/", {"username": username, "password": password})
        if "sessionid" not in self.cookies:
            raise RuntimeError(f"{username} could not sign in")

    def close(self) -> None:
        """Let the connection go; the next request opens another. The server drops one that is idle for half a minute."""
        self.held.close()

    def _ask(self, method: str, path: str, body: str | None, expected: tuple[int, ...], **more: str) -> bytes:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= more
        if body is not None:
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.cookies["csrftoken"],
            }
        self.held.request(method, path, body, headers)
        answer = self.held.getresponse()
        content = answer.read()
        if etag := answer.getheader("ETag"):
            self.etags[path] = etag
        for name, value in answer.getheaders():
            key, _, rest = value.partition("=")
            if name.lower() == "set-cookie" and key in ("sessionid", "csrftoken"):
                self.cookies[key] = rest.partition(";")[0]
        if answer.status not in expected:
            raise RuntimeError(
                f"{method} {path} answered {answer.status}: {content[:500].decode(errors='replace')}"
            )
        return content
