"""Signoff: documents in, signed-off data out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # only when asked for: parsing processes never ask, and start faster without
        from importlib.metadata import version

        return version("signoff")
