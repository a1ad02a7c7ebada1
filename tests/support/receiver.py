"""A small HTTP server whose answers a test lists beforehand, and which remembers its callers."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal


@dataclass(frozen=True)
class Answer:
    """One answer. Without a Content-Length among the headers the right one is added.

    ``disconnect`` breaks the connection: before any byte of the answer, or within its body.
    ``trickle`` sends status and headers, then one byte at a time for as long as anyone listens
    (with ``trickle="headers"`` the headers themselves never end). ``delay`` is in seconds; a
    server that stops does not wait for it.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    disconnect: Literal["", "at once", "within body"] = ""
    trickle: Literal["", "headers", "body"] = ""

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> Answer:
        """An answer with a JSON body."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(
            status, {"Content-Type": "application/json", **named}, json.dumps(value).encode()
        )


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names compare without case."""

    method: str
    path: str
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Receiver:
    """Answers requests on 127.0.0.1 in the order of ``answers``; the last one repeats.

    Use it as a context manager. ``answers_by_path`` goes first: always the same answer for a
    path (compared without its query).
    """

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        *,
        answers_by_path: Mapping[str, Answer] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = list(answers) or [Answer()]
        self.answers_by_path = dict(answers_by_path or {})
        self.requests: list[Received] = []
        self._lock = threading.Lock()
        self._next = 0
        self.stopping = threading.Event()
        receiver = self

        class Handler(_Handler):
            owner = receiver

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """Its entry for ``allowed_hosts``."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        """The URL of ``path`` on this server."""
        return f"{self._scheme}://{self.host}{path}"

    def take(self, received: Received) -> Answer:
        """Remember a request and say how to answer it."""
        with self._lock:
            self.requests.append(received)
            fixed = self.answers_by_path.get(received.path.partition("?")[0])
            if fixed is not None:
                return fixed
            answer = self.answers[min(self._next, len(self.answers) - 1)]
            self._next += 1
            return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up or distrust a certificate are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    owner: Receiver
    protocol_version = "HTTP/1.1"
    # a connection that is kept alive and silent must not hold up the server's end
    timeout = 5
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        received = Received(self.command, self.path, self.headers, self.rfile.read(length))
        answer = self.owner.take(received)
        self.close_connection = True
        if answer.delay and self.owner.stopping.wait(answer.delay):
            return
        if answer.disconnect == "at once":
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.trickle == "headers":
            self.flush_headers()
            self._trickle(b"X-More: a\r\n")
            return
        if "content-length" not in {name.lower() for name in answer.headers}:
            missing = answer.disconnect == "within body" or answer.trickle == "body"
            self.send_header("Content-Length", str(len(answer.body) + (1000 if missing else 0)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        if answer.trickle == "body":
            self._trickle(b".")

    def _trickle(self, piece: bytes) -> None:
        while not self.owner.stopping.wait(0.02):
            self.wfile.write(piece)
            self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
