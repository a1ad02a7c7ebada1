"""The pages that a parsing step, called without a child process, wrote to its folder."""

from __future__ import annotations

from pathlib import Path

from signoff.documents.steps import chunk, pages_of


def written_pages(folder: Path) -> dict[int, bytes]:
    """The chunks' pages by their number, as JSON."""
    pages: dict[int, bytes] = {}
    index = 0
    while (path := folder / chunk(index)).exists():
        pages |= pages_of(path.read_bytes().splitlines())
        index += 1
    return pages
