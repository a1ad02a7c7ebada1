"""What all runs know of model servers, on both databases."""

from datetime import UTC, datetime, timedelta

from signoff.storage import model_servers
from signoff.storage.model_servers import ModelServer
from signoff.storage.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY = {"base_url": "http://127.0.0.1:8080/v1", "model": "qwen"}


def test_finds_and_pauses_are_kept_apart(store: Store) -> None:
    with store.database.transaction() as session:
        assert model_servers.get(session, **KEY) == ModelServer()
        model_servers.pause(session, **KEY, until=NOW)
        model_servers.learn(session, **KEY, capabilities={"tools": False}, at=NOW)
        model_servers.learn(session, **KEY, capabilities={"tools": True}, at=NOW)
    with store.database.reading() as session:
        found = model_servers.get(session, **KEY)
        assert found == ModelServer({"tools": True}, NOW, NOW)
        assert model_servers.get(session, base_url="x", model="qwen") == ModelServer()


def test_pause_is_only_ever_made_longer(store: Store) -> None:
    later = NOW + timedelta(minutes=5)
    with store.database.transaction() as session:
        model_servers.learn(session, **KEY, capabilities={}, at=NOW)
        for until in (NOW, later, NOW):
            model_servers.pause(session, **KEY, until=until)
    with store.database.reading() as session:
        assert model_servers.get(session, **KEY).paused_until == later
