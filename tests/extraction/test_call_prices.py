"""Costs come from the shipped price list, without network or threads."""

import socket
import threading
from decimal import Decimal
from typing import Any

import pytest

from signoff.extraction.models.prices import call_cost

VENDOR = "https://api.openai.com/v1/"


def cost(**changes: Any) -> Decimal | None:
    call = {"model": "gpt-4.1-mini", "base_url": VENDOR, "prompt_tokens": 1_000_000}
    return call_cost(**{**call, "completion_tokens": 0, **changes})


def test_known_model_has_its_price() -> None:
    assert cost() == Decimal("0.4")
    assert cost(model="gpt-4.1-mini-2025-04-14", completion_tokens=1_000_000) == Decimal("2.0")


def test_cached_tokens_are_cheaper() -> None:
    full, cached, absurd = cost(), cost(cached_tokens=1_000_000), cost(cached_tokens=9_000_000)
    assert full is not None
    assert cached is not None
    assert cached < full
    assert absurd == cached


@pytest.mark.parametrize(
    "unknown", [{"model": "no-such-model"}, {"base_url": "http://127.0.0.1:8080/v1/"}]
)
def test_unknown_model_or_server_has_none(unknown: dict[str, str]) -> None:
    assert cost(**unknown) is None


def test_no_network_and_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    before = threading.active_count()
    assert cost() == Decimal("0.4")
    assert threading.active_count() == before
