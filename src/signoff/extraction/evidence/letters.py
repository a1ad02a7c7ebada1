"""What remains of a text when only its letters and digits are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Chinese and Japanese write words without spaces: there each character stands for itself
_ATOM = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff]+|%")
_DROPPED = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff'’`´"))
_MARKS = re.compile("[\u0300-\u036f]+")
_CONFUSED = str.maketrans("01i|5826", "olllsbzb")


def atoms(text: str) -> list[str]:
    """The runs of letters and digits in ``text``, in one case and form, without accents."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        text = unicodedata.normalize("NFC", _MARKS.sub("", text))
    return _ATOM.findall(text.translate(_DROPPED).casefold())


def key(text: str) -> str:
    """The atoms of ``text`` run together: what texts are compared by."""
    return "".join(atoms(text))


def boundaries(parts: Sequence[str]) -> set[int]:
    """Where in the joined ``parts`` one ends and the next begins."""
    places, length = set(), 0
    for part in parts:
        length += len(part)
        places.add(length)
    return places


def folded(text: str) -> str:
    """A key in which the characters are alike that OCR takes for each other."""
    return text.translate(_CONFUSED)
