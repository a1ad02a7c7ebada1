"""What a model server says of itself when something is wrong, and what an operator can do."""

from __future__ import annotations

import json
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
