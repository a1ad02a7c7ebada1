"""A sheet of paper to print on: fpdf2 with placed text, in the standard fonts of PDF."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from fpdf import FPDF

Colour = tuple[int, int, int]
Align = Literal["L", "R", "C"]

BLACK: Colour = (25, 25, 28)
GREY: Colour = (110, 112, 118)
WHITE: Colour = (255, 255, 255)


class Sheet(FPDF):
    """Pages of ``size`` millimetres (width, height); A4 unless said otherwise.

    ``made`` is the creation date in the file: with it fixed, the same content is the same bytes.
    """

    def __init__(
        self,
        made: datetime,
        *,
        title: str = "",
        size: tuple[float, float] = (210, 297),
        family: str = "Helvetica",
    ) -> None:
        super().__init__(format=size)
        self.core_fonts_encoding = "windows-1252"
        self.family = family
        self.set_margin(0)
        self.set_auto_page_break(False)
        self.set_creation_date(made.replace(tzinfo=UTC))
        if title:
            self.set_title(title)
        self.set_font(family, size=9)

    def put(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        style: str = "",
        align: Align = "L",
        colour: Colour = BLACK,
        family: str = "",
        spacing: float = 0,
    ) -> None:
        """Write ``text`` with its baseline at ``y``; ``x`` is its left, right or middle."""
        self.set_font(family or self.family, style=style, size=size)
        self.set_text_color(*colour)
        self.set_char_spacing(spacing)
        width = self.get_string_width(text)
        shift = {"L": 0.0, "R": width, "C": width / 2}[align]
        self.text(x - shift, y, text)
        self.set_char_spacing(0)

    def lines(
        self,
        x: float,
        y: float,
        texts: list[str],
        *,
        leading: float = 4.4,
        size: float = 9,
        align: Align = "L",
        colour: Colour = BLACK,
    ) -> float:
        """Write ``texts`` under one another and return the next line's baseline."""
        for text in texts:
            self.put(x, y, text, size=size, align=align, colour=colour)
            y += leading
        return y

    def rule(
        self, x1: float, x2: float, y: float, *, width: float = 0.2, colour: Colour = BLACK
    ) -> None:
        """A horizontal line."""
        self.set_draw_color(*colour)
        self.set_line_width(width)
        self.line(x1, y, x2, y)

    def block(
        self, x: float, y: float, width: float, height: float, *, colour: Colour, radius: float = 0
    ) -> None:
        """A filled rectangle, with round corners if ``radius`` is given."""
        self.set_fill_color(*colour)
        if radius:
            self.rect(x, y, width, height, style="F", round_corners=True, corner_radius=radius)
        else:
            self.rect(x, y, width, height, style="F")

    def pdf(self) -> bytes:
        """The file."""
        return bytes(self.output())


def date_of(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment to make a file at."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
