"""How large a picture a model really looks at, and what it costs: no more is sent.

Models cut a picture into squares, and scale down first what would be too many. Whatever is sent
beyond that takes time, on some servers tokens, and shows the model nothing. Which squares is a
setting, ``SIGNOFF_MODEL_IMAGE_TILING``: names do not tell, and servers do not say.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import Protocol

from PIL import Image

from signoff import settings

LONGEST_SIDE = 4096
"""In pixels, of any picture; pages are rendered no larger."""

_QUALITY = 85


@dataclass(frozen=True)
class PictureSize:
    """What of a picture is sent: its longest side in pixels, and what it then costs."""

    longest_side: int
    tokens: int


class Tiling(Protocol):
    """How a model cuts up pictures; ``most_tokens`` is what one costs at the most."""

    @property
    def most_tokens(self) -> int:
        """What one picture costs at the most."""
        ...

    def fit(self, width: float, height: float) -> PictureSize:
        """What the model looks at of a picture of this size, in pixels."""
        ...


@dataclass(frozen=True)
class Patches:
    """One token for each square of ``side`` pixels, ``most`` of them for a picture."""

    side: int
    most: int

    @property
    def most_tokens(self) -> int:
        """What one picture costs at the most."""
        return self.most

    def fit(self, width: float, height: float) -> PictureSize:
        """Scaled so that whole squares cover it."""
        if self._count(width, height) > self.most:
            scale = self.side * math.sqrt(self.most / (width * height))
            across, down = width * scale / self.side, height * scale / self.side
            # the last column and the last row must not be begun only
            scale *= min(max(1, int(across)) / across, max(1, int(down)) / down)
            # a strip thinner than a square is covered by one row of them
            scale = min(scale, self.most * self.side / max(width, height))
            width, height = width * scale, height * scale
        return PictureSize(
            max(1, math.floor(max(width, height) + 1e-6)),
            min(self.most, self._count(width - 1e-6, height - 1e-6)),
        )

    def _count(self, width: float, height: float) -> int:
        return max(1, math.ceil(width / self.side)) * max(1, math.ceil(height / self.side))


@dataclass(frozen=True)
class Tiles:
    """Tiles of 512 pixels after scaling to 2048 x 2048 and the shorter side to 768."""

    @property
    def most_tokens(self) -> int:
        """What one picture costs at the most: two by four tiles."""
        return _tile_tokens(768, 2048)

    def fit(self, width: float, height: float) -> PictureSize:
        """Scaled down as the model does."""
        scale = min(1.0, 2048 / max(width, height))
        scale = min(scale, 768 / min(width, height))
        width, height = width * scale, height * scale
        return PictureSize(
            max(1, math.floor(max(width, height) + 1e-6)),
            _tile_tokens(width - 1e-6, height - 1e-6),
        )


def _tile_tokens(width: float, height: float) -> int:
    return 85 + 170 * math.ceil(width / 512) * math.ceil(height / 512)


def tiling_of(setting: str) -> Tiling:
    """What ``SIGNOFF_MODEL_IMAGE_TILING`` says: ``tiles``, or ``patches:SIDE:MOST``."""
    if setting == "tiles":
        return Tiles()
    _, side, most = setting.split(":")
    return Patches(int(side), int(most))


DEFAULT_TILING = tiling_of(settings.DEFAULT_TILING)


@dataclass(frozen=True)
class Picture:
    """A picture to send, and what it costs."""

    data: bytes = field(repr=False)
    tokens: int = 0

    @property
    def media_type(self) -> str:
        """By the content's first bytes: pictures are PNG or JPEG."""
        return "image/png" if self.data.startswith(b"\x89PNG") else "image/jpeg"


def page_size(width: float, height: float, *, drawn: bool, tiling: Tiling) -> PictureSize:
    """What a model is shown of a page of this size.

    Args:
        width: of the page, in whatever unit.
        height: of the page.
        drawn: whether it can be rendered at any size, as a PDF's page can; a photo has its own.
        tiling: the model's.
    """
    width, height = max(width, 1.0), max(height, 1.0)
    scale = LONGEST_SIDE / max(width, height)
    scale = scale if drawn else min(1.0, scale)
    return tiling.fit(width * scale, height * scale)


def fitted(data: bytes, tiling: Tiling) -> Picture:
    """A picture that a tool gave, no larger than the model looks at."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            size = tiling.fit(*picture.size)
            if size.longest_side >= max(picture.size):
                return Picture(data, size.tokens)
            smaller = picture.convert("L" if picture.mode == "L" else "RGB")
    except OSError:  # the server says what it thinks of it
        return Picture(data, tiling.most_tokens)
    smaller.thumbnail((size.longest_side, size.longest_side))
    encoded = io.BytesIO()
    smaller.save(encoded, "JPEG", quality=_QUALITY)
    return Picture(encoded.getvalue(), size.tokens)
