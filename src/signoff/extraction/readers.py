"""Which reader the settings ask for."""

from __future__ import annotations

import os

from signoff.extraction.reader import Reader
from signoff.settings import Settings


def reader_from_settings(settings: Settings) -> Reader:
    """The model that is configured, or the offline reader where none is.

    A model is configured by ``SIGNOFF_MODEL_URL``, or by a key alone (``SIGNOFF_MODEL_API_KEY``
    or ``OPENAI_API_KEY``), which means the vendor's own server.
    """
    if settings.model_url or settings.model_api_key or os.environ.get("OPENAI_API_KEY"):
        # here and not above: the client libraries take longer to load than reading offline
        from signoff.extraction.model_reader import ModelReader

        return ModelReader(settings)
    from signoff.extraction.offline import OfflineReader

    return OfflineReader()
