"""Documents as fenced text and pictures, cut to what a model's context takes.

Short documents are kept whole; long ones share what is left. Where one must be cut, the first
pages and the last stay: headings and totals stand there. Pages are loaded one at a time and only
as many as fit, so a document of a thousand pages costs no more memory than the prompt itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signoff.documents.model import Document, Page
from signoff.errors import UnreadableFileError
from signoff.extraction.prompts.page_text import compact, estimate_tokens
from signoff.extraction.prompts.pictures import DEFAULT_TILING, Picture, Tiling, page_size

PAGE_TOKENS = 25
"""A page's fence."""

FILES_SHARE = 0.3
"""Of a document's budget, what one data file inside it may take."""

MIN_TOKENS = 300
CUT_PAGE_TOKENS = 50
"""A page of which less fits is left out."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Pages = tuple[int, int, int]
"""A document's number, first page, last page."""


@dataclass(frozen=True)
class Budget:
    """How much of the documents fits into one call; a picture costs tokens too."""

    tokens: int
    images: int
    tiling: Tiling = DEFAULT_TILING

    @classmethod
    def within(cls, *, tokens: int, max_images: int, tiling: Tiling = DEFAULT_TILING) -> Budget:
        """All of ``tokens``; pictures may take half of it at the most."""
        tokens = max(tokens, MIN_TOKENS)
        images = min(max_images, tokens // 2 // tiling.most_tokens)
        return cls(tokens=tokens, images=images, tiling=tiling)


@dataclass(frozen=True)
class Rendered:
    """The documents as parts of a message, and what is missing from them."""

    parts: list[str | Picture]
    tokens: int
    left_out: list[str]


def page_text(page: Page) -> str:
    """A page's text as a model gets it."""
    return compact(_CONTROL.sub(" ", page.text))


def render_documents(
    documents: Sequence[Document], *, nonce: str, budget: Budget, pages: Pages | None = None
) -> Rendered:
    """All documents in order, each in a fence that its content cannot forge.

    Args:
        documents: what to show.
        nonce: what the fences' names end in.
        budget: how much of it.
        pages: the only pages to show; other documents are named only.
    """
    done: dict[int, Rendered] = {}
    tokens, images = budget.tokens, budget.images
    # the shortest first, so that what they do not need goes to the longer ones
    order = sorted(range(len(documents)), key=lambda index: documents[index].info.page_count)
    for position, index in enumerate(order):
        waiting = len(order) - position
        writer = _Writer(
            documents[index],
            nonce=nonce,
            tokens=tokens // waiting,
            images=-(-images // waiting),
            tiling=budget.tiling,
            pages=pages,
        )
        done[index] = writer.render()
        tokens -= writer.used
        images -= writer.pictures
    ordered = [done[index] for index in range(len(documents))]
    return Rendered(
        parts=[part for rendered in ordered for part in rendered.parts],
        tokens=sum(rendered.tokens for rendered in ordered),
        left_out=[text for rendered in ordered for text in rendered.left_out],
    )


class _Writer:
    """Writes one document until its share of the budget is used up."""

    def __init__(
        self,
        document: Document,
        *,
        nonce: str,
        tokens: int,
        images: int,
        tiling: Tiling,
        pages: Pages | None,
    ) -> None:
        self._document = document
        self._info = document.info
        self._nonce = nonce
        self._tokens = tokens
        self._images = images
        self._tiling = tiling
        self._shown = range(1, self._info.page_count + 1)
        if pages is not None:
            mine = pages[0] == self._info.number
            self._shown = range(pages[1], pages[2] + 1) if mine else range(0)
        self._whole = len(self._shown) == self._info.page_count
        self._left_out: list[str] = []
        self.used = 0
        self.pictures = 0

    def render(self) -> Rendered:
        head, pages, files = self._head(), self._pages(), self._files()
        left_out = [f"[left-out-{self._nonce}: {text}]\n" for text in self._left_out]
        end = f"</document-{self._nonce}>\n\n"
        return Rendered([head, *pages, *files, *left_out, end], self.used, self._left_out)

    def _head(self) -> str:
        info, shown = self._info, self._shown
        parent = f' attached-to="{info.parent}"' if info.parent else ""
        lines = [
            f'<document-{self._nonce} number="{info.number}" name="{self._attribute(info.name)}"'
            f' type="{self._attribute(info.media_type)}" pages="{info.page_count}"{parent}>\n'
        ]
        if not shown:
            lines.append("[note: no page of this document is shown here]\n")
        elif len(shown) < info.page_count:
            lines.append(
                f"[note: of its {info.page_count} pages, {_pages_text(shown)} shown here; the"
                " others are read apart]\n"
            )
        if shown:
            lines += self._pairs("headers", info.headers)
            lines += self._pairs("form fields", info.fields)
        lines += [f"[note: {self._line(note)}]\n" for note in info.notes]
        head = "".join(lines)
        if (cost := estimate_tokens(head)) > self._tokens:
            self._leave_out(f"the rest of headers and form fields of document {info.number}")
            head = _cut(head, self._tokens)
            cost = min(cost, self._tokens)
        self.used += cost
        return head

    def _pages(self) -> list[str | Picture]:
        """The pages in order; where not all fit, taken from both ends.

        Pictures come when the text of all pages has its place.
        """
        texts: dict[int, tuple[Page, str]] = {}
        for number in _from_both_ends(self._shown):
            left = self._tokens - self.used
            if left < CUT_PAGE_TOKENS:
                break
            page = self._document.load_page(number)
            text = self._safe(page_text(page))
            self.used += PAGE_TOKENS
            cost = estimate_tokens(text)
            if cost > left:
                self._leave_out(f"the rest of page {number} of document {self._info.number}")
                text = _cut(text, left)
            self.used += min(cost, left)
            texts[number] = page.model_copy(update={"words": []}), text
        missing = [number for number in self._shown if number not in texts]
        for first, last in _runs(missing):
            pages = f"page {first}" if first == last else f"pages {first} to {last}"
            self._leave_out(f"{pages} of document {self._info.number}")
        # a page without text has nothing but its picture
        order = sorted(texts, key=lambda number: bool(texts[number][1].strip()))
        pictures = {number: self._picture(texts[number][0]) for number in order}
        parts: list[str | Picture] = []
        for number, (_, text) in sorted(texts.items()):
            picture = pictures[number]
            if not text.strip() and not any(isinstance(part, Picture) for part in picture):
                text = "[note: no text was found on this page]"
            parts += [f'<page-{self._nonce} number="{number}">\n{text}\n', *picture]
            parts.append(f"</page-{self._nonce}>\n")
        return parts

    def _files(self) -> list[str]:
        """Data files inside the document, each whole or not at all, and last: pages come first."""
        written: list[str] = []
        for name, content in self._info.embedded.items() if self._whole else ():
            tag = f"embedded-file-{self._nonce}"
            text = self._safe(_CONTROL.sub(" ", content))
            text = f'<{tag} name="{self._attribute(name)}">\n{text}\n</{tag}>\n'
            cost = estimate_tokens(text)
            if cost > min(self._tokens - self.used, self._tokens * FILES_SHARE):
                self._leave_out(f"the file {self._line(name)} inside document {self._info.number}")
                continue
            self.used += cost
            written.append(text)
        return written

    def _picture(self, page: Page) -> list[str | Picture]:
        if not page.has_image or self.pictures >= self._images:
            return []
        drawn = self._info.media_type == "application/pdf"
        size = page_size(page.width, page.height, drawn=drawn, tiling=self._tiling)
        if size.tokens > self._tokens - self.used:
            return []
        try:
            if not self._document.needs_picture(page.number):
                return []
            data = self._document.load_image(page.number, size.longest_side)
        except UnreadableFileError:
            return ["[note: no picture of this page could be made]\n"]
        self.pictures += 1
        self.used += size.tokens
        return [Picture(data, size.tokens)]

    def _pairs(self, title: str, pairs: dict[str, str]) -> list[str]:
        lines = [f"{self._line(name)}: {self._line(value)}\n" for name, value in pairs.items()]
        return [f"[{title}]\n", *lines] if lines else []

    def _leave_out(self, what: str) -> None:
        self._left_out.append(f"{what}: did not fit into the model's context")

    def _safe(self, text: str) -> str:
        """Without what could close the fence."""
        return text.replace(self._nonce, "*")

    def _line(self, text: str) -> str:
        return " ".join(self._safe(_CONTROL.sub(" ", text)).split())

    def _attribute(self, text: str) -> str:
        return self._line(text).replace('"', "'").replace("<", "(").replace(">", ")")[:200]


def _from_both_ends(pages: range) -> Iterator[int]:
    """Two from the front, one from the back, until they meet."""
    first, last = pages.start, pages.stop - 1
    while first <= last:
        yield first
        if first + 1 <= last:
            yield last
            if first + 1 < last:
                yield first + 1
        first, last = first + 2, last - 1


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers, as first and last."""
    start = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield numbers[start], number
            start = index + 1


def _pages_text(shown: range) -> str:
    if len(shown) == 1:
        return f"page {shown[0]} is"
    return f"pages {shown[0]} to {shown[-1]} are"


def _cut(text: str, tokens: int) -> str:
    """As many whole lines as fit; of a single long line, as many characters."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if estimate_tokens(text[:middle]) <= tokens else (low, middle - 1)
        )
    line_end = text.rfind("\n", 0, low)
    return text[:line_end] if line_end > low // 2 else text[:low]
