"""Data files inside PDFs and mails (an e-invoice's XML) as text. Runs in a child process."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import PurePosixPath

from signoff.documents.encoding import decode

MAX_BYTES = 2 * 1024 * 1024
MAX_CHARACTERS = 20_000
MAX_FILES = 5
MAX_DEPTH = 60

_CUT = "\n[the rest of the file was left out]"


def embedded_text(name: str, content: bytes) -> str | None:
    """The file as text; ``None`` when it is none of the kinds read, or cannot be.

    XML comes as an outline without namespaces: a line per element that has a text.
    """
    suffix = PurePosixPath(name.lower()).suffix
    if suffix not in (".xml", ".csv") or not content.strip() or len(content) > MAX_BYTES:
        return None
    if suffix == ".csv":
        text = decode(content).replace("\r\n", "\n")
    else:
        try:
            root = ET.fromstring(content, parser=ET.XMLParser(target=_Plain()))
        except (ET.ParseError, ValueError, LookupError):  # LookupError: an unknown encoding
            return None
        text = "\n".join(_outline(root, ()))
    text = text.replace("\x00", " ").strip()
    if not text:
        return None
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + _CUT


class _Plain(ET.TreeBuilder):
    """Builds a tree of elements; a document type could declare entities that grow without end."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse it."""
        raise ValueError("XML with a document type is not read")


def _outline(element: ET.Element, above: tuple[str, ...]) -> Iterator[str]:
    """Lines ``Name: text``, indented; an element that only wraps another shares its line."""
    name = element.tag.rpartition("}")[2]
    text = " ".join((element.text or "").split())
    names = (*above, name)
    # what units and currencies an amount has; where schemas lie says nothing
    notes = [value for key, value in element.attrib.items() if "}" not in key]
    if notes and text:
        text = f"{text} ({', '.join(notes)})"
    children = list(element) if len(names) < MAX_DEPTH else []
    if len(children) == 1 and not text:
        yield from _outline(children[0], names)
        return
    if text or children:
        yield f"{'/'.join(names)}: {text}".rstrip()
    for child in children:
        yield from (f" {line}" for line in _outline(child, ()))
