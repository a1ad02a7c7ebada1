"""Signoff: documents in, signed-off data out."""

from importlib.metadata import version

__version__ = version("signoff")
