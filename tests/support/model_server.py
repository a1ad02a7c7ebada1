"""A real HTTP server that speaks chat completions from a script, faults included.

    with ModelServer() as server:
        server.script(rate_limited(retry_after=2), ok({"total": 1.0}))
        ... Settings(model_url=server.url) ...
        assert len(server.journal) == 2

What is scripted is answered in order; after that, ``server.fallback`` (by default an error that
fails the test) answers. What the server does not know of the protocol (``json_schema=False``,
``images=False``, ...) it refuses before the script is asked.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
PROMPT_TOKENS, COMPLETION_TOKENS = 100, 20


@dataclass(frozen=True)
class Reply:
    """One answer. ``manner`` is how the body is sent: whole, dripped, broken off or never.

    A completion is streamed when the request asks for it; ``events`` then replaces its stream's.
    """

    status: int = 200
    body: Body | bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "whole"
    events: Iterable[bytes] | None = None


@dataclass(frozen=True)
class Request:
    """One request as it came in, its headers' names in lower case."""

    path: str
    headers: dict[str, str]
    body: Body

    @property
    def text(self) -> str:
        """All text of all messages."""
        return "\n".join(
            part if isinstance(part, str) else part.get("text", "")
            for message in self.body["messages"]
            for part in (
                [message["content"]] if isinstance(message["content"], str) else message["content"]
            )
        )

    @property
    def images(self) -> list[str]:
        """The URLs of all pictures."""
        return [
            part["image_url"]["url"]
            for message in self.body["messages"]
            if isinstance(message["content"], list)
            for part in message["content"]
            if part["type"] == "image_url"
        ]


def completion(message: Body, *, finish_reason: str = "stop", **more: Any) -> Reply:
    """A whole chat completion around ``message``."""
    return Reply(
        body={
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "stub-model",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", **message},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": PROMPT_TOKENS,
                "completion_tokens": COMPLETION_TOKENS,
                "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
            },
            **more,
        }
    )


def ok(data: Body, **more: Any) -> Reply:
    """The data as JSON."""
    return completion({"content": json.dumps(data)}, **more)


def text(content: str | None) -> Reply:
    """Any text, or none."""
    return completion({"content": content})


def tool_call(data: Body, *, name: str = "submit") -> Reply:
    """The data as a tool call's arguments."""
    function = {"name": name, "arguments": json.dumps(data)}
    call = {"id": "call_1", "type": "function", "function": function}
    return completion({"content": None, "tool_calls": [call]}, finish_reason="tool_calls")


def refusal(words: str = "I cannot help with that.") -> Reply:
    """The model declines."""
    return completion({"content": None, "refusal": words})


def content_filter() -> Reply:
    """The vendor's filter stopped the answer."""
    return completion({"content": None}, finish_reason="content_filter")


def cut_off(content: str = '{"total": 1') -> Reply:
    """The answer hit the limit of its length."""
    return completion({"content": content}, finish_reason="length")


def error(status: int, message: str = "out of order", *, code: str | None = None) -> Reply:
    """An error in the protocol's shape."""
    return Reply(status=status, body={"error": {"message": message, "code": code}})


def rate_limited(retry_after: float | str | None = None) -> Reply:
    """Too many requests."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Reply(429, {"error": {"message": "Rate limit reached"}}, headers)


def data(event: Body | str) -> bytes:
    """One event of a stream."""
    payload = event if isinstance(event, str) else json.dumps(event)
    return f"data: {payload}\n\n".encode()


def delta(finish_reason: str | None = None, **message: Any) -> bytes:
    """An event that carries a piece of the answer."""
    choice = {"index": 0, "delta": message, "finish_reason": finish_reason}
    return data({"choices": [choice]})


DONE = data("[DONE]")
USAGE = data(
    {
        "choices": [],
        "usage": {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS},
    }
)


def stream(*events: bytes) -> Reply:
    """A stream of just these events; the connection is closed after the last one."""
    return Reply(events=events)


def stalled(*events: bytes) -> Reply:
    """A stream that sends these, and then only comments that keep the connection alive."""
    return Reply(events=events, manner="stall")


def written_slowly(events: Iterable[bytes]) -> Reply:
    """A stream that sends an event every 20 ms, for as long as there are any."""
    return Reply(events=events, manner="slow")


def as_events(completion: Body) -> tuple[bytes, ...]:
    """A whole completion as a stream, three characters at a time."""
    choice = completion["choices"][0]
    message, finish = choice.get("message", {}), choice.get("finish_reason", "stop")
    pieces = [delta(role="assistant", content=None)]
    for name in ("reasoning_content", "refusal", "content"):
        text = message.get(name) or ""
        pieces += [delta(**{name: text[at : at + 3]}) for at in range(0, len(text), 3)]
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        opening = {"name": function["name"], "arguments": ""}
        pieces.append(delta(tool_calls=[{**call, "index": index, "function": opening}]))
        arguments = function["arguments"]
        pieces += [
            delta(tool_calls=[{"index": index, "function": {"arguments": arguments[at : at + 3]}}])
            for at in range(0, len(arguments), 3)
        ]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if "logprobs" in choice:
        last["choices"][0]["logprobs"] = choice["logprobs"]
    known = {key: completion[key] for key in ("model",) if key in completion}
    usage = [data({"choices": [], "usage": completion["usage"]})] if "usage" in completion else []
    return (*pieces, data({**known, **last}), *usage, DONE)


def disconnect() -> Reply:
    """The connection is closed without a word."""
    return Reply(manner="disconnect")


def broken_off() -> Reply:
    """The connection is closed in the middle of the body."""
    return Reply(body=b'{"choices": [', manner="broken_off")


def drip() -> Reply:
    """A body that never ends, a byte at a time."""
    return Reply(manner="drip")


def hang() -> Reply:
    """No answer until the server stops."""
    return Reply(manner="hang")


class ModelServer:
    """The server: a context manager, listening on a free port of 127.0.0.1."""

    def __init__(
        self,
        *,
        json_schema: bool = True,
        json_object: bool = True,
        tools: bool = True,
        forced_tools: bool = True,
        images: bool = True,
        streaming: bool = True,
        stream_options: bool = True,
        logprobs: bool = True,
        required_tools: bool = True,
        models: Body | None = None,
        fallback: Callable[[Request], Reply] | None = None,
    ) -> None:
        self.json_schema, self.json_object = json_schema, json_object
        self.tools, self.forced_tools, self.images = tools, forced_tools, images
        self.streaming, self.stream_options = streaming, stream_options
        self.logprobs, self.required_tools = logprobs, required_tools
        self.models = models
        self.asked_for_models = 0
        self.disconnected = threading.Event()
        self.fallback = fallback or (lambda request: error(418, "the test's script is over"))
        self.journal: list[Request] = []
        self._script: deque[Reply] = deque()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._http = _HTTPServer(("127.0.0.1", 0), _Handler)
        self._http.model = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}
        )

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def script(self, *replies: Reply) -> None:
        """Answer with ``replies``, in order, after what was scripted before."""
        with self._lock:
            self._script.extend(replies)

    def reply(self, request: Request) -> Reply:
        """What to answer; the request is in the journal from now on."""
        with self._lock:
            self.journal.append(request)
            refused = self._refused(request)
            if refused is not None:
                return refused
            if self._script:
                return self._script.popleft()
        return self.fallback(request)

    def _refused(self, request: Request) -> Reply | None:
        kind = request.body.get("response_format", {}).get("type")
        if request.images and not self.images:
            return error(500, "image input is not supported - hint: provide the mmproj")
        if kind == "json_schema" and not self.json_schema:
            return error(400, "This response_format type is unavailable now")
        if kind == "json_object" and not self.json_object:
            return error(422, "json_object response format is not supported for this model")
        if "logprobs" in request.body and not self.logprobs:
            return error(400, "logprobs are not supported with this model")
        if "stream_options" in request.body and not self.stream_options:
            return error(400, "Unrecognized request argument supplied: stream_options")
        if request.body.get("stream") and not self.streaming:
            return error(400, "Streaming is not supported")
        if "tools" in request.body and not self.tools:
            return error(400, "this model does not support tools")
        if request.body.get("tool_choice") == "required" and not self.required_tools:
            return error(400, "tool_choice 'required' is not supported")
        if isinstance(request.body.get("tool_choice"), dict) and not self.forced_tools:
            return error(400, "tool_choice is not supported")
        return None


def _is_completion(reply: Reply) -> bool:
    return reply.status == 200 and isinstance(reply.body, dict) and bool(reply.body.get("choices"))


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = False  # joined by server_close: nothing is left running
    model: ModelServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _HTTPServer)
        server.model.asked_for_models += 1
        told = server.model.models
        if self.path == "/v1/models" and told is not None:
            self._send(Reply(body=told))
        else:
            self._send(error(404, f"no such path: {self.path}"))

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        server = self.server
        assert isinstance(server, _HTTPServer)
        if self.path != "/v1/chat/completions":
            self._send(error(404, f"no such path: {self.path}"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = server.model.reply(Request(self.path, headers, body))
        stopping = server.model.stopping
        match reply.manner:
            case "whole" if reply.events is not None:
                self._stream(reply.events)
            case "whole" if body.get("stream") and _is_completion(reply):
                assert isinstance(reply.body, dict)
                self._stream(as_events(reply.body))
            case "whole":
                self._send(reply)
            case "stall":
                self._stream(reply.events or ())
                self._write_slowly(itertools.repeat(b": still thinking\n\n"), pause=0.005)
            case "slow":
                self._stream(())
                self._write_slowly(reply.events or (), pause=0.02)
            case "hang":
                self.connection.settimeout(0.01)
                while not stopping.is_set():
                    try:
                        gone = self.connection.recv(1) == b""
                    except TimeoutError:
                        continue
                    except OSError:
                        gone = True
                    if gone:
                        server.model.disconnected.set()
                        return
            case "disconnect":
                pass
            case "broken_off":
                self._head(reply, length=1000)
                self.wfile.write(reply.body if isinstance(reply.body, bytes) else b"")
            case "drip":
                self._head(reply, length=10**9)
                while not stopping.wait(0.005):
                    try:
                        self.wfile.write(b" ")
                    except OSError:
                        return

    def _write_slowly(self, events: Iterable[bytes], *, pause: float) -> None:
        server = self.server
        assert isinstance(server, _HTTPServer)
        for event in events:
            if server.model.stopping.wait(pause):
                return
            try:
                self.wfile.write(event)
            except OSError:
                server.model.disconnected.set()
                return

    def _stream(self, events: Iterable[bytes]) -> None:
        # no length: the end of the connection is the end of the stream
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self._write_slowly(events, pause=0)

    def _send(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self._head(reply, length=len(body))
        self.wfile.write(body)

    def _head(self, reply: Reply, *, length: int) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the journal has it all."""
