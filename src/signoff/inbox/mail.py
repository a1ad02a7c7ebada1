"""The head of a mail: to whom it went, and from whom it says it came."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from pathlib import Path

MAX_HEAD = 1024 * 1024
MAX_ADDRESSES = 1000

# Where the mail was delivered says more than to whom it was written: that may be a list.
RECIPIENT_HEADERS = (
    "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc",
)  # fmt: skip

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+")


@dataclass(frozen=True)
class Head:
    """Addresses in lower case: recipients in the order they count in, and senders."""

    recipients: tuple[str, ...]
    senders: tuple[str, ...]


def read_head(path: Path) -> Head:
    """Read the head of the mail at ``path``; whatever is wrong with it, nothing is raised for it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        text = stream.read(MAX_HEAD)
    # the parser takes an empty line at the start for the head's end
    message = BytesHeaderParser(policy=compat32).parsebytes(text.lstrip(b"\r\n\t \xef\xbb\xbf"))
    recipients = [address for name in RECIPIENT_HEADERS for address in _addresses(message, name)]
    return Head(tuple(dict.fromkeys(recipients)), tuple(dict.fromkeys(_addresses(message, "From"))))


def without_tag(address: str) -> str:
    """``orders+acme@example.com`` reaches the mailbox ``orders@example.com``."""
    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox.partition('+')[0] or mailbox}@{domain}"


def _addresses(message: Message, name: str) -> list[str]:
    # Parsed as it is written, not decoded: an encoded name must not turn into an address.
    values = [str(value) for value in message.get_all(name, [])]
    found = []
    for _, address in getaddresses(values)[:MAX_ADDRESSES]:
        address = address.strip().casefold()
        if _ADDRESS.fullmatch(address):
            found.append(address)
    return found
