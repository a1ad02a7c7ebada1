"""What a server says of its models (``GET /models``), where it says more than their names.

llama.cpp tells the context it runs with, vLLM and several gateways the model's, some which kinds
of input it takes. It is asked, never guessed from a name; a server that tells nothing is no worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signoff.executions.agents import JsonObject

_CONTEXT_KEYS = ("max_model_len", "context_length", "context_window", "max_context_length")
LEAST_CONTEXT = 256


@dataclass(frozen=True)
class Told:
    """What was said; ``None`` where nothing was."""

    context_tokens: int | None = None
    images: bool | None = None


def told_of(model: str, listing: JsonObject) -> Told:
    """What ``listing`` says of ``model``, or of the only one there is."""
    entries = [entry for entry in _list(listing.get("data")) if isinstance(entry, dict)]
    named = [entry for entry in entries if model in (entry.get("id"), *_list(entry.get("aliases")))]
    if not named and len(entries) == 1:
        named = entries  # such servers answer with the one they have, whatever is asked for
    if not named:
        return Told()
    entry = named[0]
    meta, architecture = _dict(entry.get("meta")), _dict(entry.get("architecture"))
    contexts = [meta.get("n_ctx"), *(entry.get(key) for key in _CONTEXT_KEYS)]
    numbers = [
        number
        for number in contexts
        if isinstance(number, int) and not isinstance(number, bool) and number >= LEAST_CONTEXT
    ]
    kinds = _list(architecture.get("input_modalities", entry.get("input_modalities")))
    return Told(
        context_tokens=min(numbers, default=None),
        images="image" in kinds if kinds else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
