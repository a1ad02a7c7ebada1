#!/usr/bin/env python3
"""A webhook receiver to try deliveries with: prints, keeps and answers each one it gets.

With SIGNOFF_WEBHOOK_SECRET set (whsec_..., the secret of the agent's destination) it verifies the
Standard Webhooks signature, says so in its answer, and refuses a wrong one with 401. It needs
nothing but Python, and knows a repeated delivery by its webhook-id.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MAX_BODY = 64 * 1024 * 1024
TOLERANCE = 5 * 60


def verify(secret: str, headers: dict[str, str], body: bytes) -> str:
    """``valid``, or what is wrong with a delivery's signature."""
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split()
    if not (identity and timestamp and signatures):
        return "missing"
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return "too old or too new"
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    signed = f"{identity}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    known = [entry.removeprefix("v1,") for entry in signatures if entry.startswith("v1,")]
    return "valid" if any(hmac.compare_digest(expected, one) for one in known) else "wrong"


class Receiver(ThreadingHTTPServer):
    """Keeps deliveries in a file, one JSON line each."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, file: Path | None, secret: str) -> None:
        self.file, self.secret = file, secret
        self.lock = threading.Lock()
        self.seen: set[str] = set()
        super().__init__(address, Handler)

    def keep(self, entry: dict[str, Any]) -> bool:
        """Record a delivery; returns whether its webhook-id came before."""
        with self.lock:
            repeated = entry["webhook_id"] in self.seen
            self.seen.add(entry["webhook_id"])
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(entry | {"repeated": repeated}) + "\n")
            mark = " (repeated)" if repeated else ""
            print(
                f"{entry['received_at']} {entry['path']} {entry['webhook_id']}"
                f" {entry['size']} bytes, signature {entry['signature']}{mark}",
                flush=True,
            )
        return repeated


class Handler(BaseHTTPRequestHandler):
    """One delivery."""

    server: Receiver
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Say that the receiver is up."""
        self._answer(200, {"ok": True})

    def do_POST(self) -> None:
        """Take a delivery."""
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return self._answer(411, {"error": "a Content-Length is needed"})
        if int(length) > MAX_BODY:
            return self._answer(413, {"error": f"at most {MAX_BODY} bytes are taken"})
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        signature = verify(self.server.secret, headers, body) if self.server.secret else "unchecked"
        try:
            data = json.loads(body)
        except ValueError:
            return self._answer(400, {"error": "the body is no JSON"})
        identity = headers.get("webhook-id", "")
        if signature not in ("valid", "unchecked"):
            print(f"refused {self.path} {identity}: signature {signature}", flush=True)
            return self._answer(401, {"error": f"signature {signature}"})
        repeated = self.server.keep(
            {
                "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "webhook_id": identity,
                "path": self.path,
                "size": len(body),
                "signature": signature,
                "data": data,
            }
        )
        self._answer(200, {"received": identity, "signature": signature, "repeated": repeated})

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The receiver prints its own lines."""


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free one (%(default)s)")
    parser.add_argument("--file", type=Path, help="append each delivery to it, as a JSON line")
    options = parser.parse_args()
    secret = os.environ.get("SIGNOFF_WEBHOOK_SECRET", "")
    try:
        base64.b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error:
        parser.error("SIGNOFF_WEBHOOK_SECRET is not base64, with or without the prefix whsec_")
    if options.file is not None:
        options.file.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = Receiver((options.host, options.port), file=options.file, secret=secret)
    except OSError as error:
        parser.error(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
    host, port = server.server_address[:2]
    print(f"Waiting for webhooks on http://{host!s}:{port}/", flush=True)
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
