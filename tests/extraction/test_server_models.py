"""What servers say of their models, as they really say it."""

from collections.abc import Callable
from typing import Any

import pytest
from support import model_server as stub
from support.model_server import ModelServer
from support.reading import DATA, request

from signoff.documents.model import Document
from signoff.extraction.models.model_reader import NO_IMAGES, ModelReader
from signoff.extraction.models.server_memory import CapabilityCache
from signoff.extraction.models.server_models import Told, told_of

MakeReader = Callable[..., ModelReader]
LLAMA = {
    "object": "list",
    "data": [
        {
            "id": "/models/qwen.gguf",
            "aliases": ["qwen"],
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
            "meta": {"n_ctx": 8192, "n_ctx_train": 32768},
        }
    ],
}
VLLM = {"data": [{"id": "Qwen/Qwen2.5", "max_model_len": 16384}, {"id": "other"}]}
GATEWAY = {
    "data": [
        {"id": "a", "context_length": 128000},
        {
            "id": "b",
            "context_length": 32000,
            "architecture": {"input_modalities": ["image", "text"]},
        },
    ]
}


@pytest.mark.parametrize(
    ("model", "listing", "told"),
    [
        ("qwen", LLAMA, Told(8192, False)),
        ("whatever it is called", LLAMA, Told(8192, False)),
        ("Qwen/Qwen2.5", VLLM, Told(16384)),
        ("b", GATEWAY, Told(32000, True)),
        ("unknown", GATEWAY, Told()),
        ("m", {"data": [{"id": "m"}]}, Told()),
        ("m", {"data": [{"id": "m", "meta": {"n_ctx": "much"}, "max_model_len": True}]}, Told()),
        ("m", {"data": [{"id": "m", "meta": {"n_ctx": 0}}]}, Told()),
        ("m", {"data": [None, "m"]}, Told()),
        ("m", {"data": {"id": "m"}}, Told()),
        ("m", {}, Told()),
    ],
)
def test_listing_is_read(model: str, listing: dict[str, Any], told: Told) -> None:
    assert told_of(model, listing) == told


def test_reader_takes_what_the_server_says_and_asks_once(
    model_server: ModelServer, make_reader: MakeReader, make_document: Callable[..., Document]
) -> None:
    model_server.models = LLAMA
    model_server.script(stub.ok(DATA))
    known = CapabilityCache()
    reader = make_reader(known)
    assert reader.limits.context_tokens == 8192
    reading = reader.read(request(make_document("Total 12.50", image="PNG")))
    assert NO_IMAGES in reading.thought
    assert model_server.journal[0].images == []
    assert make_reader(known, model_context_tokens=2000).limits.context_tokens == 2000
    assert model_server.asked_for_models == 1


def test_context_that_a_refusal_names_is_learnt(
    model_server: ModelServer, make_reader: MakeReader, make_document: Callable[..., Document]
) -> None:
    refusal = "request (9031 tokens) exceeds the available context size (2048 tokens), try more"
    model_server.script(stub.error(400, refusal), stub.ok(DATA))
    reader = make_reader()
    reading = reader.read(request(make_document(*["word " * 400] * 30)))
    assert reading.data == DATA
    assert "did not fit" in reading.thought
    assert reader.limits.context_tokens == 2048
    assert len(model_server.journal) == 2
