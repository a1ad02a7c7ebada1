"""The server that the contract is held against: llama.cpp here, or a live one elsewhere.

``SIGNOFF_TEST_MODEL_URL`` names a live server, ``SIGNOFF_TEST_MODEL`` its model and
``SIGNOFF_TEST_MODEL_KEY`` the key; the calls cost what they cost there.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from support.llama_server import LlamaUnavailableError, running_llama
from support.stores import store as store

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
from signoff.extraction.models.capabilities import Capabilities
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.server_memory import CapabilityCache
from signoff.settings import ModelSettings


@pytest.fixture(scope="session")
def live() -> bool:
    """Whether the server is somebody's own, of which less is known."""
    return bool(os.environ.get("SIGNOFF_TEST_MODEL_URL"))


@pytest.fixture(scope="session")
def model_settings(live: bool) -> Iterator[dict[str, Any]]:
    if live:
        yield {
            "url": os.environ["SIGNOFF_TEST_MODEL_URL"],
            "model": os.environ.get("SIGNOFF_TEST_MODEL", "default"),
            "api_key": os.environ.get("SIGNOFF_TEST_MODEL_KEY"),
        }
        return
    try:
        with running_llama() as url:
            yield {"url": url, "model": "smollm2"}
    except LlamaUnavailableError as reason:
        pytest.skip(str(reason))


MakeReader = Callable[..., ModelReader]


@pytest.fixture
def make_reader(model_settings: dict[str, Any]) -> MakeReader:
    """Make a reader that knows nothing of the server yet, or what is given."""

    def make(known: Capabilities | None = None, **settings: Any) -> ModelReader:
        model = ModelSettings(**{"max_output_tokens": 64, **model_settings, **settings})
        cache = CapabilityCache()
        reader = ModelReader(model, capabilities=cache)
        if known is not None:
            cache.put(reader._chat.base_url, model.model, known)
        return reader

    return make


@pytest.fixture
def make_document() -> Callable[..., Document]:
    def make(*texts: str, image: bool = False) -> Document:
        def load_page(page: int) -> Page:
            return Page(
                number=page,
                width=595,
                height=842,
                source=TextSource.TEXT_LAYER,
                text=texts[page - 1],
                has_image=image,
            )

        def load_image(page: int, longest_side: int) -> bytes:
            picture = io.BytesIO()
            Image.new("RGB", (64, 64), "white").save(picture, "PNG")
            return picture.getvalue()

        info = DocumentInfo(
            number=1,
            name="invoice.pdf",
            media_type="application/pdf",
            sha256=hashlib.sha256("".join(texts).encode()).hexdigest(),
            key="key",
            page_count=len(texts),
        )
        return Document(info, load_page, load_image)

    return make
