"""A proxy before Prefect's server that counts what is asked of it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_REQUEST = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1\r\n")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass
class Counted:
    """Requests by method and path, ids left out; bytes in both directions; connections."""

    port: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)

    def copy(self) -> Counted:
        """What was counted so far."""
        return Counted(self.port, self.requests.copy(), self.totals.copy())

    def since(self, before: Counted) -> Counted:
        """What came after ``before``."""
        return Counted(self.port, self.requests - before.requests, self.totals - before.totals)


@contextmanager
def counting_proxy(server_port: int) -> Iterator[Counted]:
    """A proxy to a server on this machine for the length of a ``with`` block."""
    counted, loop = Counted(), asyncio.new_event_loop()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str) -> None:
        while chunk := await reader.read(65536):
            counted.totals[f"bytes {kind}"] += len(chunk)
            if kind == "sent" and (found := _REQUEST.match(chunk)):
                path = _ID.sub("{id}", found[2].decode().partition("?")[0])
                counted.requests[f"{found[1].decode()} {path}"] += 1
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counted.totals["connections"] += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server_port)
        await asyncio.gather(
            pipe(reader, far_writer, "sent"),
            pipe(far_reader, writer, "received"),
            return_exceptions=True,
        )
        far_writer.close()
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(connection, "127.0.0.1", 0))
    counted.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield counted
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
