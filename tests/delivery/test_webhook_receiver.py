from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from pydantic import SecretStr
from support.attempts import ListedAttempts

from signoff.delivery.webhook import send_webhook
from signoff.executions.agents import WebhookDestination
from signoff.settings import Settings

SCRIPT = Path(__file__).parents[2] / "scripts" / "webhook_receiver.py"
SECRET = "whsec_" + "c2lnbm9mZi1zaWduaW5nLXNlY3JldA=="

Start = Callable[..., str]


@contextmanager
def running(file: Path, secret: str) -> Iterator[str]:
    environment = {**os.environ, "SIGNOFF_WEBHOOK_SECRET": secret}
    command = [sys.executable, str(SCRIPT), "--port", "0", "--file", str(file)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            yield found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda secret="": stack.enter_context(running(tmp_path / "in" / "got.jsonl", secret))


def deliver(url: str, *, secret: str | None, id_: UUID | None = None) -> Any:
    log = ListedAttempts()
    send_webhook(
        id_ or uuid4(),
        WebhookDestination(url=f"{url}hook", secret=SecretStr(secret) if secret else None),
        {"supplier": "Müller"},
        log=log,
        settings=Settings(home=Path("unused"), allowed_hosts=["127.0.0.1"]),
    )
    return log.attempts[0]


def test_a_signed_delivery_is_verified_kept_and_answered(start: Start, tmp_path: Path) -> None:
    url, identity = start(SECRET), uuid4()
    attempt = deliver(url, secret=SECRET, id_=identity)
    assert attempt.status_code == 200
    assert json.loads(attempt.body) == {
        "received": str(identity),
        "signature": "valid",
        "repeated": False,
    }
    assert json.loads(deliver(url, secret=SECRET, id_=identity).body)["repeated"] is True
    lines = (tmp_path / "in" / "got.jsonl").read_text(encoding="utf-8").splitlines()
    first, second = map(json.loads, lines)
    assert first["data"] == {"supplier": "Müller"}
    assert (first["webhook_id"], second["repeated"]) == (str(identity), True)


def test_a_wrong_or_missing_signature_is_refused(start: Start, tmp_path: Path) -> None:
    url = start(SECRET)
    for secret in (None, "whsec_b3RoZXItc2VjcmV0LW90aGVy"):
        assert deliver(url, secret=secret).status_code == 401
    assert not (tmp_path / "in" / "got.jsonl").exists()


def test_without_a_secret_any_json_is_taken(start: Start) -> None:
    url = start()
    assert json.loads(deliver(url, secret=None).body)["signature"] == "unchecked"
    assert requests.post(url, data=b"no json", timeout=5).status_code == 400
    assert requests.get(url, timeout=5).json() == {"ok": True}
