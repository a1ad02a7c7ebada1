"""Names of input files, as others give them: shown and recorded, never trusted as paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from email.utils import collapse_rfc2231_value
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

MAX_NAME = 255
FALLBACK = "file"

_SUFFIXES = {
    "application/pdf": ".pdf",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "message/rfc822": ".eml",
    "text/plain": ".txt",
}


def clean_name(name: str) -> str:
    """``name`` as one printable path component of at most 255 characters, never empty."""
    # names of local files that are no UTF-8 arrive with lone surrogates, which no database takes
    name = name.encode("utf-8", "surrogateescape" if _only_escapes(name) else "replace").decode(
        "utf-8", "replace"
    )
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(" " if letter.isspace() else letter for letter in name)
    name = "".join(letter for letter in name if letter.isprintable()).strip(" .")
    if not name:
        return FALLBACK
    if len(name) > MAX_NAME:
        suffix = PurePosixPath(name).suffix[:20]
        name = name[: MAX_NAME - len(suffix)] + suffix
    return name


def _only_escapes(name: str) -> bool:
    return not re.search("[\ud800-\udc7f\udd00-\udfff]", name)


def name_from_response(headers: Mapping[str, str], *, asked: str, answered: str) -> str:
    """What a downloaded file is called.

    The Content-Disposition header goes first, then the last part of the URL that answered, then
    of the one that was asked for; a name without extension gets the one of the Content-Type.
    """
    names = [
        _disposition_name(headers.get("Content-Disposition", "")),
        *(_url_name(url) for url in (answered, asked)),
    ]
    found = [clean_name(name) for name in names if name]
    with_suffix = [name for name in found if PurePosixPath(name).suffix]
    if with_suffix:
        return with_suffix[0]
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return clean_name((found or [FALLBACK])[0] + _SUFFIXES.get(media_type, ""))


def _disposition_name(header: str) -> str:
    # http.client reads headers as Latin-1; browsers and servers long agree on UTF-8
    with suppress(UnicodeError):
        header = header.encode("latin-1").decode("utf-8")
    # the email package knows RFC 2231 (filename*=UTF-8''...), which RFC 6266 borrows
    message = Message()
    try:
        message["Content-Disposition"] = re.sub(r"[\r\n]+", " ", header)
        found = [
            value
            for name, value in message.get_params([], "Content-Disposition")
            if name.lower() == "filename"
        ]
        # a tuple was encoded, and goes before the plain name for old browsers beside it
        found.sort(key=lambda value: not isinstance(value, tuple))
        return collapse_rfc2231_value(found[0]) if found else ""
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def _url_name(url: str) -> str:
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""
