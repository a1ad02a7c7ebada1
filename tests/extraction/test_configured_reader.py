"""Which reader the settings ask for."""

import pytest

from signoff.extraction.readers import open_readers
from signoff.settings import Settings


def test_without_a_model_it_is_the_offline_reader() -> None:
    assert open_readers(Settings()).reader.offline


@pytest.mark.parametrize("name", ["SIGNOFF_MODEL_URL", "SIGNOFF_MODEL_API_KEY", "OPENAI_API_KEY"])
def test_with_a_server_or_a_key_it_is_the_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9/v1")
    assert not open_readers(Settings()).reader.offline
