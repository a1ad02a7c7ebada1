"""Mails (.eml) to pages, headers and attachments. Runs in a child process.

Structure is read under the compat32 policy: the newer one raises on a good part of the broken
headers that real mails have. Headers are decoded one by one with the newer, and plainly where
that fails.
"""

from __future__ import annotations

import contextlib
import email.header
import email.parser
import email.policy
import re
from email.message import Message
from pathlib import Path
from typing import TypeAlias

from signoff.documents.embedded import MAX_FILES, embedded_text
from signoff.documents.encoding import decode, mojibake_note
from signoff.documents.steps import Attachment, Inspection, Limits, PageWriter, inspection
from signoff.documents.text import check_pages, paginate, write_text_page
from signoff.errors import UnreadableFileError

HEADERS = ("from", "to", "cc", "date", "subject")
MAX_HEADER = 10_000
MAX_PARTS = 1000

_EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "text/plain": ".txt",
}
_BLANK_LINES = re.compile(r"\n\s*\n\s*\n+")
_GAP = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_HEAD = 64 * 1024

Part: TypeAlias = "Message[str, str]"


def inspect(path: Path, folder: Path, name: str, limits: Limits) -> Inspection:
    """Write a mail's pages and attachments."""
    message = _parsed(path)
    reading = _Reading(folder)
    try:
        bodies = reading.bodies(message)
    except RecursionError as error:
        raise UnreadableFileError(
            f"{name}: the mail's parts are nested too deeply; supply what matters on its own."
        ) from error
    headers = {key: value for key in HEADERS if (value := header(message, key))}
    top = [f"{key.capitalize()}: {value}" for key, value in headers.items()]
    notes = reading.notes
    body = "\n\n".join(filter(None, (text.strip("\n") for text in bodies)))
    if not body.strip():
        notes.append("The mail has no text of its own; its headers stand for it.")
    if note := mojibake_note(body):
        notes.append(note)
    lines = (line + "\n" for line in [*top, "", *body.split("\n")])
    count = 0
    with PageWriter(folder) as pages:
        for page in paginate(lines):
            count += 1
            check_pages(name, count, limits)
            write_text_page(pages, count, page)
    return inspection(
        count,
        headers=headers,
        notes=notes,
        attachments=reading.attachments,
        embedded=reading.embedded,
    )


def repair_headers(head: bytes) -> bytes:
    """Close the gaps of ``From : a@example.com``, once legal, which the parser takes for text."""
    return _GAP.sub(rb"\1:", head)


def header(message: Part, name: str) -> str:
    """A header's decoded value on one line, whatever is wrong with it; empty without one."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name), None)
    if raw is None:
        return ""
    text = str(raw)
    if re.search("[\udc80-\udcff]", text):  # bytes that should have been encoded
        text = decode(text.encode("utf-8", "surrogateescape"))
    text = " ".join(text[:MAX_HEADER].split())
    decoded = text
    try:
        decoded = str(email.policy.default.header_factory(name, text))
    except Exception:  # the parser has its own ideas of what broken headers may raise
        with contextlib.suppress(Exception):
            decoded = str(email.header.make_header(email.header.decode_header(text)))
    if name == "date" and not decoded:
        decoded = text
    return " ".join(decoded.encode("utf-8", "replace").decode().split())


def _parsed(path: Path) -> Part:
    parser = email.parser.BytesFeedParser()
    with path.open("rb") as stream:
        start = stream.read(_HEAD)
        end = blank.end() if (blank := _BLANK_LINE.search(start)) else len(start)
        parser.feed(repair_headers(start[:end]) + start[end:])
        while chunk := stream.read(_HEAD):
            parser.feed(chunk)
    return parser.close()


class _Reading:
    """One pass over a mail's parts."""

    def __init__(self, folder: Path) -> None:
        self.notes: list[str] = []
        self.attachments: list[Attachment] = []
        self.embedded: dict[str, str] = {}
        self._folder = folder
        self._parts = 0

    def bodies(self, part: Part) -> list[str]:
        """The texts to show, in order; attachments are written out along the way."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            if self._parts == MAX_PARTS + 1:
                self.notes.append(f"Only the first {MAX_PARTS} parts of the mail were read.")
            return []
        kind = part.get_content_type()
        if kind == "message/rfc822" and self._parts > 1:
            self._attach_mail(part)
            return []
        if part.is_multipart():
            children = [child for child in _children(part) if isinstance(child, Message)]
            if kind == "multipart/alternative":
                return self._alternative(children)
            return [text for child in children for text in self.bodies(child)]
        if _is_body(part):
            return [_text(part)]
        self._attach(part)
        return []

    def _alternative(self, children: list[Part]) -> list[str]:
        """The plain text, or the HTML where it says much more ("please view as HTML")."""
        plain: list[str] = []
        rich: list[str] = []
        for child in children:
            is_plain = child.get_content_type() == "text/plain"
            (plain if is_plain else rich).extend(self.bodies(child))
        plain_size = sum(map(_weight, plain))
        rich_size = sum(map(_weight, rich))
        return rich if rich_size > 2 * plain_size + 100 or not plain_size else plain

    def _attach(self, part: Part) -> None:
        data = _payload(part)
        name = _filename(part)
        kind = part.get_content_type()
        if not name or "." not in name:
            extension = _EXTENSIONS.get(kind, "." + kind.rpartition("/")[2])
            name = (name or f"part-{self._parts}") + extension
        self._write(name, data)

    def _attach_mail(self, part: Part) -> None:
        inner = next((child for child in _children(part) if isinstance(child, Message)), None)
        if inner is None:
            return
        name = header(inner, "subject")[:80] or f"mail-{self._parts}"
        try:
            data = inner.as_bytes()
        except RecursionError:
            raise
        except Exception as error:  # the generator fails on mails that the parser took
            self.notes.append(f"The attached mail {name} was not read: {type(error).__name__}.")
            return
        self._write(f"{name.replace('/', '-')}.eml", data)

    def _write(self, name: str, data: bytes) -> None:
        text = embedded_text(name, data) if len(self.embedded) < MAX_FILES else None
        if text is not None:
            self.embedded[name] = text
            return
        target = self._folder / f"attachment-{len(self.attachments)}"
        target.write_bytes(data)
        self.attachments.append({"name": name, "file": target.name})


def _children(part: Part) -> list[object]:
    payload = part.get_payload()
    return list(payload) if isinstance(payload, list) else []


def _is_body(part: Part) -> bool:
    if part.get_content_maintype() == "multipart":
        return True  # in name only: a broken boundary left all of it in one piece
    if part.get_content_type() not in ("text/plain", "text/html"):
        return False
    try:
        disposition = part.get_content_disposition()
    except Exception:  # broken parameters
        disposition = None
    return disposition != "attachment" and not _filename(part)


def _filename(part: Part) -> str:
    try:
        name = part.get_filename()
    except Exception:  # broken parameters
        return ""
    if not name:
        return ""
    name = re.sub("[\udc80-\udcff]", "\ufffd", name)
    with contextlib.suppress(Exception):
        name = str(email.header.make_header(email.header.decode_header(name)))
    return name


def _payload(part: Part) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except Exception:  # an unknown or broken transfer encoding
        data = None
    if isinstance(data, bytes):
        return data
    return str(part.get_payload()).encode("utf-8", "surrogateescape")


def _text(part: Part) -> str:
    try:
        declared = part.get_content_charset()
    except Exception:  # broken parameters
        declared = None
    text = decode(_payload(part), declared=declared).replace("\r\n", "\n").replace("\r", "\n")
    return _from_html(text) if part.get_content_type() == "text/html" else text


def _from_html(html: str) -> str:
    from inscriptis import get_text
    from lxml.etree import LxmlError  # type: ignore[import-untyped]

    try:
        text = str(get_text(html))
    except (LxmlError, ValueError, RecursionError, AttributeError, TypeError, IndexError):
        # hostile markup: better the words without their layout than nothing
        text = re.sub(r"<[^>]{0,2000}>", " ", html)
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n")))


def _weight(text: str) -> int:
    return sum(len(word) for word in text.split())
