"""``read_page``: a page's text with its layout kept, or the words in a region of it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from signoff.documents.model import Box, Document, Word
from signoff.executions.agents import JsonObject
from signoff.extraction.reader import Observation
from signoff.extraction.tools.inputs import PlaceInput, find_page, tool_spec

WIDE_GAP = 2.5
"""Widths of a character between two words that belong to different columns."""


class ReadPage:
    """Texts of pages."""

    spec = tool_spec(
        "read_page", "Read the text of a page, or of a region of it, with its layout.", PlaceInput
    )

    def __init__(self, documents: Sequence[Document]) -> None:
        """Read pages of ``documents``."""
        self._documents = documents

    def run(self, arguments: JsonObject) -> Observation:
        """The text of what ``arguments`` name."""
        place = PlaceInput.model_validate(arguments)
        _, page = find_page(self._documents, place)
        text = page.text if place.box is None else _text_within(page.words, place.box)
        return Observation(text if text.strip() else f"There is no text on {place}.")


def _text_within(words: Sequence[Word], box: Box) -> str:
    """The words whose middles lie in ``box``, line by line, columns apart."""
    inside = [word for word in words if _holds(box, word.box)]
    if not inside:
        return ""
    height = median(word.box.bottom - word.box.top for word in inside)
    widths = [(word.box.right - word.box.left) / max(len(word.text), 1) for word in inside]
    lines: list[list[Word]] = []
    for word in sorted(inside, key=lambda word: _middle(word.box)):
        # half a line's height: less than lines are apart, more than words of one line differ
        if lines and _middle(word.box) - _middle(lines[-1][0].box) <= height / 2:
            lines[-1].append(word)
        else:
            lines.append([word])
    return "\n".join(_line(line, median(widths)) for line in lines)


def _line(words: list[Word], char_width: float) -> str:
    words.sort(key=lambda word: word.box.left)
    text = words[0].text
    for before, word in zip(words, words[1:], strict=False):
        gap = word.box.left - before.box.right
        text += ("   " if gap > WIDE_GAP * char_width else " ") + word.text
    return text


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _holds(box: Box, word: Box) -> bool:
    across = (word.left + word.right) / 2
    return box.left <= across <= box.right and box.top <= _middle(word) <= box.bottom
