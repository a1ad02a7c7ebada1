"""Messages of a chat as the protocol has them, and fences around what is data."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

from signoff.extraction.prompts.pictures import Picture

Message = dict[str, Any]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def message_content(parts: Sequence[str | Picture]) -> str | list[Message]:
    """Plain text where there is nothing else: some text-only servers take no list of parts."""
    if not any(isinstance(part, Picture) for part in parts):
        return "".join(str(part) for part in parts)
    content: list[Message] = []
    for part in parts:
        if isinstance(part, Picture):
            url = f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"
            content.append({"type": "image_url", "image_url": {"url": url}})
        elif content and content[-1]["type"] == "text":
            content[-1]["text"] += part
        elif part:
            content.append({"type": "text", "text": part})
    return content


def sendable(text: str) -> str:
    """Without lone surrogates, which JSON may carry but UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def fence(name: str, text: str, *, nonce: str) -> str:
    """``text`` as data that cannot close what is around it."""
    clean = _CONTROL.sub(" ", sendable(text)).replace(nonce, "*")
    return f"<{name}-{nonce}>\n{clean}\n</{name}-{nonce}>"
