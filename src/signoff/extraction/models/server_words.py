"""What a model server says of itself when something is wrong, and what an operator can do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import openai

MAX_EXPLANATION = 500

REMEDIES = {
    401: "Check the key: SIGNOFF_MODEL_API_KEY (OPENAI_API_KEY where no URL is set).",
    403: "Check what the key may do: SIGNOFF_MODEL_API_KEY, SIGNOFF_MODEL.",
    404: "Check SIGNOFF_MODEL_URL (it usually ends in /v1) and SIGNOFF_MODEL.",
    413: "Lower SIGNOFF_MODEL_CONTEXT_TOKENS or SIGNOFF_MODEL_MAX_IMAGES.",
    429: "The account's quota is used up: raise it, or set another SIGNOFF_MODEL_API_KEY.",
}
OTHER_REMEDY = "Check SIGNOFF_MODEL and the server behind SIGNOFF_MODEL_URL."
CONTEXT_REMEDY = "Set SIGNOFF_MODEL_CONTEXT_TOKENS to the context that the server really has."


def retry_after(value: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return seconds if 0 < seconds < float("inf") else None


def message_of(error: openai.APIStatusError) -> str:
    """The server's explanation of an error status."""
    # the server's own words only: some servers echo the whole request beside them
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("message") or body.get("detail") or error.message
    return shown(said)


def sentence(message: str) -> str:
    """The server's message as another sentence can follow it."""
    return message if message.endswith((".", "!", "?", "…")) else f"{message}."


def shown(said: Any) -> str:
    """What a server said, as text of bearable length."""
    text = said if isinstance(said, str) else json.dumps(said)
    return text if len(text) <= MAX_EXPLANATION else text[: MAX_EXPLANATION - 1] + "…"
