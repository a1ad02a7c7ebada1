"""Pages that an inspection left unread, spread over the parsing processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType
from typing import Protocol

from signoff.documents.page_store import PageStore
from signoff.documents.steps import PAGES_PER_CHUNK, Limits, chunk_of

PAGES_PER_OCR = 4
"""In one call of Tesseract: most of what is to be gained, and no long wait for other files."""


class Call(Protocol):
    """Runs a function of a format's module in a child process."""

    def __call__(self, function: Callable[..., object], *args: object, slow: int = 0) -> object:
        """The function's answer; ``slow`` is on how many pages it takes seconds each."""
        ...


def read_pages(
    missing: list[int],
    call: Call,
    *,
    module: ModuleType,
    folder: Path,
    pages: PageStore,
    limits: Limits,
    workers: int,
    done: Callable[[int], None],
) -> None:
    """Read and keep pages: text layers in chunks, then the others by OCR.

    Args:
        missing: the pages, ascending.
        call: see there.
        module: the format's.
        folder: where calls write.
        pages: where pages are kept.
        limits: for the calls.
        workers: calls at a time.
        done: told how many pages more are read; from several threads.
    """

    def read_chunk(index: int) -> set[int]:
        first = index * PAGES_PER_CHUNK + 1
        call(module.read_pages, first, min(first + PAGES_PER_CHUNK - 1, missing[-1]))
        numbers = pages.keep_chunk(index, folder)
        done(len(numbers))
        return numbers

    def ocr(numbers: list[int]) -> set[int]:
        call(module.ocr_pages, numbers, limits, slow=len(numbers))
        for number in numbers:
            pages.keep_page(number, folder)
        done(len(numbers))
        return set(numbers)

    with ThreadPoolExecutor(workers, "signoff-pages") as threads:
        if hasattr(module, "read_pages") and len(missing) > PAGES_PER_CHUNK:
            chunks = range(chunk_of(missing[-1]) + 1)
            read = _results([threads.submit(read_chunk, index) for index in chunks])
            missing = [number for number in missing if number not in read]
        # OCR takes seconds a page: what a killed run has left is used again
        unread = [number for number in missing if pages.alone(number) is None]
        done(len(missing) - len(unread))
        _results([threads.submit(ocr, numbers) for numbers in _shares(unread, workers)])


def _shares(numbers: list[int], workers: int) -> Iterator[list[int]]:
    """Pages for each call of OCR, fewer towards the end, so that all workers end together."""
    while numbers:
        size = min(PAGES_PER_OCR, math.ceil(len(numbers) / (2 * workers)))
        yield numbers[:size]
        numbers = numbers[size:]


def _results(futures: list[Future[set[int]]]) -> set[int]:
    """All pages; at the first failure the calls not yet begun are dropped."""
    try:
        return set[int]().union(*(future.result() for future in as_completed(futures)))
    except BaseException:
        for future in futures:
            future.cancel()
        raise
