"""Where what parsing makes of a file lies in the file store: by content, for all executions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from signoff.documents.steps import alone, chunk, chunk_of, pages_of
from signoff.storage.files import FileStore


class PageStore:
    """One file's parsed pages and rendered pictures.

    Pages with a text layer lie in chunks, others one by one, so that OCR goes on where a killed
    run left off. The chunk read last stays in memory, for who reads page after page.
    """

    def __init__(self, store: FileStore, key: str) -> None:
        """For the file whose pages are found by ``key``."""
        self._store = store
        self._root = f"parsed/{key}"
        self._last: tuple[int, dict[int, bytes]] | None = None

    def keep_chunk(self, index: int, folder: Path) -> set[int]:
        """Keep the pages of a chunk that a step wrote to ``folder``, if any; returns which."""
        try:
            written = (folder / chunk(index)).read_bytes()
        except FileNotFoundError:
            return set()
        numbers = set(pages_of(written.splitlines()))
        if numbers:
            self._store.put_derived(self._chunk(index), written)
        return numbers

    def keep_page(self, number: int, folder: Path) -> None:
        """Keep a page that a step wrote to ``folder`` on its own."""
        self._store.put_derived(self._page(number), (folder / alone(number)).read_bytes())

    def alone(self, number: int) -> bytes | None:
        """A page that was kept on its own, as JSON."""
        return self._store.get_derived(self._page(number))

    def page(self, number: int) -> bytes | None:
        """A page, as JSON; ``None`` when it is not there."""
        index = chunk_of(number)
        last = self._last
        if last is None or last[0] != index:
            lines = (self._store.get_derived(self._chunk(index)) or b"").splitlines()
            self._last = last = (index, pages_of(lines))
        return last[1].get(number) or self.alone(number)

    def keep_picture(self, number: int, size: int, picture: bytes) -> None:
        """Keep a page's picture of at most ``size`` pixels a side."""
        self._store.put_derived(self._picture(number, size), picture)

    def picture(self, number: int, size: int) -> bytes | None:
        """A picture that was rendered before."""
        return self._store.get_derived(self._picture(number, size))

    def keep_beyond_text(self, index: int, numbers: list[int]) -> None:
        """Keep which of a chunk's pages show more than their text says."""
        self._store.put_derived(self._beyond_text(index), json.dumps(numbers).encode())

    def beyond_text(self, index: int) -> list[int] | None:
        """Those pages, where that was looked at before."""
        kept = self._store.get_derived(self._beyond_text(index))
        return None if kept is None else cast("list[int]", json.loads(kept))

    def _chunk(self, index: int) -> str:
        return f"{self._root}/{chunk(index)}"

    def _page(self, number: int) -> str:
        return f"{self._root}/pages/{alone(number)}"

    def _picture(self, number: int, size: int) -> str:
        return f"{self._root}/pictures/{number}-{size}"

    def _beyond_text(self, index: int) -> str:
        return f"{self._root}/beyond-text/{index}.json"
