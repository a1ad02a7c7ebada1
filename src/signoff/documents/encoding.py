"""How the bytes of a text are to be read."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

SAMPLE = 256 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its first two bytes are that one's BOM
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# UTF-8 that was read as cp1252 or Latin-1 and saved so: "Ã¼" for "ü", "â‚¬" for "€"
_MOJIBAKE = re.compile("[\u00c2-\u00df\u00e2\u00e3][\u0080-\u00bf\u20ac\u201a-\u203a\u0152-\u0178]")

_SYMBOL_IN_WORD = re.compile("[a-z][\u0080-\u00bf\u00d7\u00f7\u0153\u201a-\u203a][a-z]")


def looks_like_text(sample: bytes) -> bool:
    """Whether the beginning of a file is text in whatever encoding."""
    if _bom(sample) or _wide(sample):
        return True
    if b"\x00" in sample:
        return False
    controls = sum(sample.count(code) for code in range(32) if code not in b"\t\n\v\f\r\b\x1a\x1b")
    return controls <= len(sample) // 100


def detect_encoding(path: Path) -> str:
    """The encoding of a text file: BOM, UTF-8, then what is likeliest; never fails."""
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE)
        certain = _bom(sample) or _wide(sample)
        if certain:
            return certain
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(sample)
            while chunk := stream.read(SAMPLE):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _likeliest(sample)
    return "utf-8"


def decode(data: bytes, *, declared: str | None = None) -> str:
    """Bytes as text; ``declared`` is tried first. Never fails."""
    for encoding in filter(None, (declared, _bom(data) or _wide(data), "utf-8")):
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
    return data.decode(_likeliest(data[:SAMPLE]), errors="replace")


def mojibake_note(text: str) -> str | None:
    """What to tell the reader when the text was damaged before it came to us."""
    damaged = len(_MOJIBAKE.findall(text))
    lost = text.count("\ufffd")
    if damaged >= 2 or (damaged and damaged * 200 > len(text)):
        return (
            "The text looks as if it had been decoded wrongly before it was sent (such as Ã¼"
            " for ü); it is shown as received."
        )
    if lost:
        plural = "s" if lost > 1 else ""
        return f"{lost} character{plural} could not be decoded (shown as \ufffd)."
    return None


def _bom(sample: bytes) -> str | None:
    return next((encoding for bom, encoding in _BOMS if sample.startswith(bom)), None)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a BOM: half of the bytes of Western text are zero, all on one side."""
    sample = sample[: 4096 // 2 * 2]
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > half * 0.7 and others == 0:
            try:
                text = sample[: half * 2].decode(encoding, errors="strict")
            except UnicodeDecodeError:
                return None
            return encoding if all(char.isprintable() or char.isspace() for char in text) else None
    return None


def _likeliest(sample: bytes) -> str:
    """Business text in one byte per character is Western unless that makes no sense.

    charset-normalizer alone often takes a short Western text for an exotic code page.
    """
    try:
        western = sample.decode("cp1252")
    except UnicodeDecodeError:
        western = sample.decode("latin-1")
        encoding = "latin-1"
    else:
        encoding = "cp1252"
    foreign = sum(char > "\x7f" for char in western)
    letters = sum(char.isalpha() for char in western)
    makes_sense = len(_SYMBOL_IN_WORD.findall(western)) * 20 <= foreign
    if makes_sense and (foreign < 10 or foreign * 2 < letters):
        return encoding
    from charset_normalizer import from_bytes

    guess = from_bytes(sample).best()
    return guess.encoding if guess is not None else encoding
