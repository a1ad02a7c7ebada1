"""Documents as fenced text and pictures, cut to what a model's context takes.

Short documents are kept whole; long ones share what is left. Pages are loaded one at a time and
no further than the budget reaches, so a document of a thousand pages costs no more memory than
the prompt itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from signoff.documents.model import Document, Page
from signoff.errors import UnreadableFileError

CHARACTERS_PER_TOKEN = 3
"""Cautious for text with many numbers, in several languages; tokenizers differ."""

IMAGE_CHARACTERS = 1500 * CHARACTERS_PER_TOKEN
"""What a picture costs: about 1,500 tokens with most models."""

LONGEST_SIDE = 2048
MIN_CHARACTERS = 1000

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r" {9,}")


@dataclass(frozen=True)
class Picture:
    """A page's picture."""

    data: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """By the content's first bytes: page pictures are PNG or JPEG."""
        return "image/png" if self.data.startswith(b"\x89PNG") else "image/jpeg"


@dataclass(frozen=True)
class Budget:
    """How much of the documents fits into one call; a picture costs characters too."""

    characters: int
    images: int

    @classmethod
    def within(cls, *, characters: int, max_images: int) -> Budget:
        """All of ``characters``; pictures may take half of it at the most."""
        characters = max(characters, MIN_CHARACTERS)
        return cls(
            characters=characters, images=min(max_images, characters // 2 // IMAGE_CHARACTERS)
        )


@dataclass(frozen=True)
class Rendered:
    """The documents as parts of a message, and what is missing from them."""

    parts: list[str | Picture]
    left_out: list[str]


def render_documents(documents: Sequence[Document], *, nonce: str, budget: Budget) -> Rendered:
    """All documents in order, each in a fence that its content cannot forge."""
    done: dict[int, Rendered] = {}
    characters, images = budget.characters, budget.images
    # the shortest first, so that what they do not need goes to the longer ones
    order = sorted(range(len(documents)), key=lambda index: documents[index].info.page_count)
    for position, index in enumerate(order):
        waiting = len(order) - position
        writer = _Writer(
            documents[index],
            nonce=nonce,
            characters=characters // waiting,
            images=-(-images // waiting),
        )
        done[index] = writer.render()
        characters -= writer.used
        images -= writer.pictures
    ordered = [done[index] for index in range(len(documents))]
    return Rendered(
        parts=[part for rendered in ordered for part in rendered.parts],
        left_out=[text for rendered in ordered for text in rendered.left_out],
    )


class _Writer:
    """Writes one document until its share of the budget is used up."""

    def __init__(self, document: Document, *, nonce: str, characters: int, images: int) -> None:
        self._document = document
        self._info = document.info
        self._nonce = nonce
        self._characters = characters
        self._images = images
        self._parts: list[str | Picture] = []
        self._left_out: list[str] = []
        self.used = 0
        self.pictures = 0

    def render(self) -> Rendered:
        info = self._info
        parent = f' attached-to="{info.parent}"' if info.parent else ""
        self._write(
            f'<document-{self._nonce} number="{info.number}" name="{self._attribute(info.name)}"'
            f' type="{self._attribute(info.media_type)}" pages="{info.page_count}"{parent}>\n'
        )
        self._pairs("headers", info.headers)
        self._pairs("form fields", info.fields)
        for note in info.notes:
            self._write(f"[note: {self._line(note)}]\n")
        self._pages()
        for text in self._left_out:
            self._parts.append(f"[left-out-{self._nonce}: {text}]\n")
        self._parts.append(f"</document-{self._nonce}>\n\n")
        return Rendered(self._parts, self._left_out)

    def _pages(self) -> None:
        count = self._info.page_count
        for number in range(1, count + 1):
            if self._left <= 0:
                pages = f"page {number}" if number == count else f"pages {number} to {count}"
                self._leave_out(f"{pages} of document {self._info.number}")
                return
            page = self._document.load_page(number)
            self._write(f'<page-{self._nonce} number="{number}">\n')
            self._text(self._clean(page.text), f"page {number} of document {self._info.number}")
            if not self._picture(page) and not page.text.strip():
                self._write("[note: no text was found on this page]\n")
            self._parts.append(f"</page-{self._nonce}>\n")

    def _picture(self, page: Page) -> bool:
        if not page.has_image or self.pictures >= self._images or self._left < IMAGE_CHARACTERS:
            return False
        try:
            data = self._document.load_image(page.number, LONGEST_SIDE)
        except UnreadableFileError:
            self._write("[note: no picture of this page could be made]\n")
            return False
        self._parts.append(Picture(data))
        self.pictures += 1
        self.used += IMAGE_CHARACTERS
        return True

    def _pairs(self, title: str, pairs: dict[str, str]) -> None:
        if pairs:
            lines = (f"{self._line(name)}: {self._line(value)}\n" for name, value in pairs.items())
            self._text(f"[{title}]\n{''.join(lines)}", f"{title} of document {self._info.number}")

    def _text(self, text: str, what: str) -> None:
        if len(text) > self._left:
            self._leave_out(f"the rest of {what}")
            text = text[: max(self._left, 0)]
        self._write(text if text.endswith("\n") or not text else f"{text}\n")

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self.used += len(text)

    @property
    def _left(self) -> int:
        return self._characters - self.used

    def _leave_out(self, what: str) -> None:
        self._left_out.append(f"{what}: did not fit into the model's context")

    def _clean(self, text: str) -> str:
        """Without what could close the fence, and without control characters and wide gaps."""
        text = _CONTROL.sub(" ", text).replace(self._nonce, "*")
        return _SPACES.sub(" " * 8, text)

    def _line(self, text: str) -> str:
        return " ".join(self._clean(text).split())

    def _attribute(self, text: str) -> str:
        return self._line(text).replace('"', "'").replace("<", "(").replace(">", ")")[:200]
