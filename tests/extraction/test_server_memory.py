"""What readers share through the database: capabilities, and pauses that servers ask for."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from support import model_server as stub
from support.model_server import ModelServer
from support.reading import DATA, request
from support.stores import migrated_sqlite

from signoff.errors import ExecutionCanceledError, ModelUnavailableError
from signoff.extraction.models.capabilities import Capabilities, Mode
from signoff.extraction.models.model_reader import ModelReader
from signoff.extraction.models.server_memory import (
    LONGEST_PAUSE,
    REMEMBERED_SECONDS,
    CapabilityCache,
    ServerMemory,
)
from signoff.storage import model_servers
from signoff.storage.database import Database

MakeReader = Callable[..., ModelReader]
URL = "http://127.0.0.1:1/v1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "signoff.db").write_bytes(migrated_sqlite())
    database = Database(f"sqlite:///{tmp_path}/signoff.db")
    yield database
    database.close()


def memory(database: Database) -> ServerMemory:
    """As another process has it."""
    return ServerMemory(base_url=URL, model="m", database=database, cache=CapabilityCache())


def test_what_one_process_learnt_another_knows(database: Database) -> None:
    learnt = Capabilities(mode=Mode.JSON_OBJECT, tools=False, context_tokens=4096)
    memory(database).learn(learnt, since=Capabilities())
    assert memory(database).capabilities() == learnt
    other = ServerMemory(base_url=URL, model="n", database=database, cache=CapabilityCache())
    assert other.capabilities() == Capabilities()


def test_two_finds_at_once_are_both_kept(database: Database) -> None:
    one, other = memory(database), memory(database)
    before = one.capabilities()
    one.learn(Capabilities(tools=False), since=before)
    other.learn(Capabilities(images=False), since=before)
    assert memory(database).capabilities() == Capabilities(tools=False, images=False)


@pytest.mark.parametrize(
    ("record", "age"),
    [
        ({"mode": "json_object"}, REMEMBERED_SECONDS + 1),
        ({"mode": "telepathy"}, 0),
    ],
)
def test_old_and_foreign_knowledge_is_not_relied_on(
    database: Database, record: dict[str, object], age: float
) -> None:
    with database.transaction() as session:
        model_servers.learn(
            session,
            base_url=URL,
            model="m",
            capabilities=record,
            at=datetime.now(UTC) - timedelta(seconds=age),
        )
    assert memory(database).capabilities() == Capabilities()


def test_capabilities_are_found_out_once_for_all_processes(
    model_server: ModelServer, make_reader: MakeReader, database: Database
) -> None:
    model_server.json_schema = False
    model_server.script(stub.ok(DATA), stub.ok(DATA))
    for _ in range(2):
        assert make_reader(reading={"database": database}).read(request()).data == DATA
    kinds = [asked.body["response_format"]["type"] for asked in model_server.journal]
    assert kinds == ["json_schema", "json_object", "json_object"]
    assert model_server.asked_for_models == 1


def test_pause_asked_of_one_run_is_honoured_by_another(
    model_server: ModelServer, make_reader: MakeReader, database: Database
) -> None:
    model_server.script(stub.rate_limited(600))
    first = make_reader(reading={"database": database})
    with pytest.raises(ModelUnavailableError, match="wait 600 s"):
        first.read(request(seconds_left=60))

    second = make_reader(reading={"database": database})
    with pytest.raises(ModelUnavailableError, match="left alone"):
        second.read(request(seconds_left=60))
    assert len(model_server.journal) == 1


def test_short_pause_is_waited_for(
    model_server: ModelServer,
    make_reader: MakeReader,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = iter([3.0, 0.0])
    monkeypatch.setattr(ServerMemory, "paused", lambda self: next(pauses))
    model_server.script(stub.ok(DATA))
    slept: list[float] = []
    reader = make_reader(reading={"database": database})
    monkeypatch.setattr(reader._chat, "_sleep", slept.append)
    assert reader.read(request()).data == DATA
    assert sum(slept) == 3


def test_cancellation_is_noticed_in_a_pause(make_reader: MakeReader, database: Database) -> None:
    reader = make_reader(reading={"database": database})
    reader._memory.pause(50)

    def cancel() -> None:
        raise ExecutionCanceledError("canceled")

    with pytest.raises(ExecutionCanceledError):
        reader.read(request(seconds_left=60, should_stop=cancel))


def test_later_end_of_a_pause_counts_and_absurd_ones_are_cut(database: Database) -> None:
    known = memory(database)
    assert known.paused() == 0
    known.pause(100)
    known.pause(10)
    assert 90 < known.paused() <= 100
    known.pause(10**9)
    assert known.paused() <= LONGEST_PAUSE


def test_answer_survives_a_database_that_is_away(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(model_servers, "learn", away)
    known = memory(database)
    known.learn(Capabilities(tools=False), since=Capabilities())
    assert known.capabilities() == Capabilities(tools=False)
    assert "could not be recorded" in caplog.text
