"""Plain text (.txt) to pages. The steps run in a child process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from signoff.documents.encoding import detect_encoding, mojibake_note
from signoff.documents.steps import Inspection, Limits, PageWriter, WordData, inspection
from signoff.errors import UnreadableFileError

PAGE_LINES = 80
PAGE_CHARS = 20_000
MIN_COLUMNS = 80

_WORD = re.compile(r"\S+")
_CONTROLS = dict.fromkeys([*range(9), 0x0B, *range(0x0E, 0x20), 0x7F], " ")


def inspect(path: Path, folder: Path, name: str, limits: Limits) -> Inspection:
    """Write all pages of a text file; memory does not grow with it."""
    encoding = detect_encoding(path)
    notes: list[str] = []
    count = 0
    with (
        path.open(encoding=encoding, errors="replace", newline=None) as stream,
        PageWriter(folder) as pages,
    ):
        lines = iter(lambda: stream.readline(PAGE_CHARS), "")
        for page in paginate(lines):
            count += 1
            check_pages(name, count, limits)
            write_text_page(pages, count, page)
            if len(notes) == 0 and (note := mojibake_note(page)):
                notes.append(note)
    return inspection(count, notes=notes)


def check_pages(name: str, count: int, limits: Limits) -> None:
    """Refuse a file with more pages than the operator allows."""
    if count > limits.max_pages:
        raise UnreadableFileError(
            f"{name}: it has more than {limits.max_pages:,} pages; split it, or raise"
            " SIGNOFF_MAX_PAGES."
        )


def paginate(lines: Iterable[str]) -> Iterator[str]:
    """Lines (with their line ends) as pages: at form feeds, and where a page is full.

    At least one page comes back, if only an empty one.
    """
    page: list[str] = []
    size = pages = 0
    for line in lines:
        *closed, rest = line.split("\f")
        for part in closed:
            yield _page_text([*page, part])
            page, size, pages = [], 0, pages + 1
        if page and (len(page) >= PAGE_LINES or size + len(rest) > PAGE_CHARS):
            yield _page_text(page)
            page, size, pages = [], 0, pages + 1
        if rest or not closed:
            page.append(rest)
            size += len(rest)
    if page or not pages:
        yield _page_text(page)


def write_text_page(pages: PageWriter, number: int, text: str) -> None:
    """Write a page of plain text, its words with boxes by line and column."""
    pages.write(
        number,
        width=0,
        height=0,
        source="text",
        text=text,
        words=words_of(text),
        has_image=False,
    )


def words_of(text: str) -> list[WordData]:
    """The words of a page of plain text; their boxes follow from line and column."""
    lines = text.split("\n")
    columns = max(MIN_COLUMNS, max(map(len, lines)))
    height = 1 / len(lines)
    return [
        (
            match[0],
            (
                round(match.start() / columns, 5),
                round(row * height, 5),
                round(match.end() / columns, 5),
                round(min((row + 1) * height, 1.0), 5),
            ),
            1.0,
        )
        for row, line in enumerate(lines)
        for match in _WORD.finditer(line)
    ]


def _page_text(lines: list[str]) -> str:
    text = "".join(lines).translate(_CONTROLS).expandtabs()
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
