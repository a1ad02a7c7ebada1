"""Documents, settings and a model server for the extraction's tests."""

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from support.model_server import ModelServer

from signoff.documents.model import Document, DocumentInfo, Page, TextSource
from signoff.errors import UnreadableFileError
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.server_memory import CapabilityCache
from signoff.settings import Settings


@pytest.fixture(autouse=True)
def no_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the machine's owner is used, whatever goes wrong."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SIGNOFF_MODEL_URL", "SIGNOFF_MODEL_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


MakeDocument = Callable[..., Document]


@pytest.fixture
def make_document() -> MakeDocument:
    """Make a document from its pages' texts; pages loaded are listed in its ``loaded``."""

    def make(
        *texts: str, number: int = 1, name: str = "invoice.pdf", image: str = "", **info: Any
    ) -> Document:
        def load_page(page: int) -> Page:
            loaded.append(page)
            return Page(
                number=page,
                width=595,
                height=842,
                source=TextSource.TEXT_LAYER,
                text=texts[page - 1],
                has_image=bool(image),
            )

        def load_image(page: int, longest_side: int) -> bytes:
            if image == "broken":
                raise UnreadableFileError("no picture")
            picture = io.BytesIO()
            Image.new("RGB", (longest_side // 100, 10), "white").save(picture, image)
            return picture.getvalue()

        loaded: list[int] = []
        description = DocumentInfo(
            number=number,
            name=name,
            media_type="application/pdf",
            sha256=hashlib.sha256(repr((name, texts)).encode()).hexdigest(),
            key="key",
            page_count=len(texts),
            **info,
        )
        document = Document(description, load_page, load_image)
        object.__setattr__(document, "loaded", loaded)
        return document

    return make


MakeReader = Callable[..., ModelReader]


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that readers made instead of sleeping."""
    return []


@pytest.fixture
def make_reader(model_server: ModelServer, pauses: list[float]) -> MakeReader:
    """Make a reader for the model server that notes its pauses instead of sleeping."""

    def make(
        capabilities: CapabilityCache | None = None,
        reading: dict[str, Any] | None = None,
        **settings: Any,
    ) -> ModelReader:
        settings.setdefault("model_url", model_server.url)
        settings.setdefault("model", "stub-model")
        return ModelReader(
            Settings(**settings).models[0],
            backoff=0.001,
            sleep=pauses.append,
            capabilities=capabilities or CapabilityCache(),
            **(reading or {}),
        )

    return make
