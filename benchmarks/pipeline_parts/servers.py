"""The model and the receiver of webhooks: each one process, cheap for hundreds of calls at once.

    python -m benchmarks.pipeline_parts.servers model|receiver PORT [SECONDS]

The model reads the invoice's number in the prompt and answers with its data, streamed when asked
for it, after SECONDS. ``GET /kept`` tells either one's record: the first request's messages and
how many came; the deliveries by webhook-id and when the last one came (CLOCK_MONOTONIC, which all
processes of a machine share).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from benchmarks.pipeline_parts.documents import data, number_in

PIECES = 16
"""Of a streamed answer."""

Headers = dict[str, str]
Answer = tuple[str, bytes]
"""Content type and body."""


class Model:
    """Answers chat completions."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.kept: dict[str, Any] = {"calls": 0}

    async def answer(self, path: str, _headers: Headers, body: bytes) -> Answer:
        """What one request gets."""
        if path.endswith("/kept"):
            return _json(self.kept)
        if path.endswith("/models"):
            return _json({"object": "list", "data": [{"id": "benchmark", "object": "model"}]})
        asked = json.loads(body)
        self.kept["calls"] += 1
        self.kept.setdefault("messages", asked["messages"])
        self.kept.setdefault("bytes", len(body))
        content = json.dumps(data(number_in(json.dumps(asked["messages"]))))
        await asyncio.sleep(self.seconds)
        return _streamed(content) if asked.get("stream") else _json(_completion(content))


class Receiver:
    """Takes webhooks."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.last = 0.0
        self.numbers: Counter[str] = Counter()

    async def answer(self, path: str, headers: Headers, body: bytes) -> Answer:
        """What one request gets."""
        if path.endswith("/kept"):
            return _json({"seen": self.seen, "last": self.last, "numbers": self.numbers})
        if path.endswith("/forget"):
            self.seen.clear()
            self.numbers.clear()
            return _json({})
        self.seen[headers["webhook-id"]] += 1
        self.numbers[json.loads(body)["invoice_number"]] += 1
        self.last = monotonic()
        return _json({"ok": True})


def _completion(content: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _common("chat.completion") | {"choices": [choice], "usage": _USAGE}


def _streamed(content: str) -> Answer:
    size = -(-len(content) // PIECES)
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant"}, None)]
    deltas += [({"content": content[at : at + size]}, None) for at in range(0, len(content), size)]
    deltas.append(({}, "stop"))
    events = [
        _common("chat.completion.chunk")
        | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    events.append(_common("chat.completion.chunk") | {"choices": [], "usage": _USAGE})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "text/event-stream", ("".join(lines) + "data: [DONE]\n\n").encode()


_USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}


def _common(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "benchmark"}


def _json(value: Any) -> Answer:
    return "application/json", json.dumps(value).encode()


async def _serve(port: int, answer: Callable[[str, Headers, bytes], Awaitable[Answer]]) -> None:
    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode("latin-1").splitlines()
                pairs = (line.partition(":") for line in lines if line)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                kind, content = await answer(request.split()[1], headers, body)
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller hung up
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    kind, port, *rest = sys.argv[1:]
    served = Model(float(rest[0])) if kind == "model" else Receiver()
    asyncio.run(_serve(int(port), served.answer))


if __name__ == "__main__":
    main()
