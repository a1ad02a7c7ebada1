"""What is taken in: extensions, contents that agree with them, sizes, names.

Every refusal names the file, the reason and what would be accepted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path, PurePosixPath

import magic

from signoff.documents.eml import repair_headers
from signoff.documents.encoding import looks_like_text
from signoff.errors import InputsTooLargeError, InvalidInputError, UnsupportedFileError
from signoff.settings import MIB

MEDIA_TYPES: dict[str, str] = {
    ".eml": "message/rfc822",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".txt": "text/plain",
    ".pdf": "application/pdf",
    ".png": "image/png",
}
"""The extensions that are taken, and the media type of each."""

MAX_NAME = 200
SAMPLE = 64 * 1024

_ACCEPTED = ", ".join(MEDIA_TYPES)


@dataclass(frozen=True)
class CheckedFile:
    """A local file that passed: ``name`` is safe to show and to use as a file's name."""

    name: str
    path: Path
    media_type: str
    size: int


def check_files(
    files: Sequence[tuple[str, Path]], *, max_bytes: int, has_input_data: bool = False
) -> list[CheckedFile]:
    """Check an execution's input files, given as (name as the sender wrote it, local path).

    Raises:
        InvalidInputError: there is neither a file nor input data, or a file is empty.
        UnsupportedFileError: an extension is not taken, or a content contradicts it.
        InputsTooLargeError: the files together exceed ``max_bytes``.
    """
    if not files and not has_input_data:
        raise InvalidInputError(
            f"There is nothing to read: supply at least one file ({_ACCEPTED}) or input data."
        )
    sizes = [(name, path.stat().st_size) for name, path in files]
    check_total(sizes, limit=max_bytes)
    return [
        CheckedFile(safe_name(name), path, media_type_of(name, path), size)
        for (name, path), (_, size) in zip(files, sizes, strict=True)
    ]


def check_total(sizes: Iterable[tuple[str, int]], *, limit: int) -> int:
    """Add up the sizes of an execution's files, given as (name, bytes).

    Raises:
        InvalidInputError: a file is empty.
        InputsTooLargeError: the sum exceeds ``limit``; the message names the file it broke at.
    """
    total = 0
    for name, size in sizes:
        if size == 0:
            raise InvalidInputError(
                f"{safe_name(name)}: the file is empty; supply one with content, or leave it out."
            )
        total += size
        if total > limit:
            raise InputsTooLargeError(
                f"{safe_name(name)}: with this file the inputs come to {total:,} bytes; at most"
                f" {limit:,} bytes ({limit / MIB:g} MiB) are taken in one execution. Split them"
                " over several executions, or supply smaller files."
            )
    return total


def safe_name(name: str) -> str:
    """The last part of a name or path, without anything that could mislead or do harm."""
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    # category C: control and format characters (right-to-left override), surrogates, unassigned
    kept = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in base)
    kept = " ".join(kept.split()).lstrip(". ")
    if not kept.strip(". "):
        return "unnamed"
    stem, suffix = _split(kept)
    # most file systems take 255 bytes
    while len(stem) + len(suffix) > MAX_NAME or len((stem + suffix).encode()) > MAX_NAME:
        stem = stem[:-1]
    return stem + suffix


def _split(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix
    return (name[: -len(suffix)], suffix) if 1 < len(suffix) <= 10 else (name, "")


def media_type_of(name: str, path: Path) -> str:
    """The media type that both the name's extension and the content stand for.

    Raises:
        UnsupportedFileError: the extension is not taken, or the content contradicts it.
    """
    shown = safe_name(name)
    extension = PurePosixPath(shown).suffix.lower()
    expected = MEDIA_TYPES.get(extension)
    if expected is None:
        reason = f"files of type {extension} are not read" if extension else "it has no extension"
        raise UnsupportedFileError(f"{shown}: {reason}; accepted are {_ACCEPTED}.")
    with Path(path).open("rb") as stream:
        sample = stream.read(SAMPLE)
    found = _detect(sample)
    if expected == "text/plain":
        agrees = found != "application/pdf" and looks_like_text(sample)
    elif expected == "message/rfc822":
        agrees = _is_mail(sample)
    elif expected == "application/pdf":
        # readers accept what comes before the header; so do senders' mail gateways
        agrees = found == expected or b"%PDF-" in sample[:1024]
    else:
        agrees = found == expected
    if not agrees:
        raise UnsupportedFileError(
            f"{shown}: the name says {expected}, the content is {found}; supply the file under"
            f" its right extension, or in one of the accepted formats ({_ACCEPTED})."
        )
    return expected


def _detect(sample: bytes) -> str:
    try:
        return str(magic.from_buffer(sample, mime=True))
    except magic.MagicException:  # libmagic gives up on some malformed contents
        return "application/octet-stream"


def _is_mail(sample: bytes) -> bool:
    """Whether it starts with a header field: RFC 822 asks for no more, broken mails have less."""
    sample = sample.lstrip(b"\r\n\t \xef\xbb\xbf")
    headers = BytesHeaderParser(policy=compat32).parsebytes(repair_headers(sample))
    return any(name.replace("-", "").isalnum() for name in headers)
