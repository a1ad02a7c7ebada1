"""The artifact that shows a run's iterations: kept up to date, and never in the way."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from signoff.errors import LeaseLostError
from signoff.executions.extractions import Iteration
from tasks import artifacts
from tasks.artifacts import iterations_shown


def turn(number: int) -> Iteration:
    return Iteration(
        number=number, action="submit", observation="x", timestamp=datetime.now(UTC), model="m"
    )


class Log:
    def __init__(self, *turns: Iteration) -> None:
        self.turns = list(turns)

    def load(self) -> list[Iteration]:
        return list(self.turns)

    def append(self, iteration: Iteration) -> None:
        self.turns.append(iteration)


class Prefect:
    """Stands in for Prefect's API: what artifacts it was sent."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.shown: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def create(self, markdown: str, key: str, description: str) -> UUID:
        if self.down:
            raise ConnectionError("no server")
        self.shown.append((f"create {key}", markdown))
        return uuid4()

    def __enter__(self) -> "Prefect":
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def update_artifact(self, artifact: UUID, update: Any) -> None:
        self.shown.append(("update", update.data))

    def warning(self, message: str, *arguments: object) -> None:
        self.warnings.append(message % arguments)


@pytest.fixture
def prefect_api(monkeypatch: pytest.MonkeyPatch) -> Prefect:
    api = Prefect()
    monkeypatch.setattr(artifacts, "create_markdown_artifact", api.create)
    monkeypatch.setattr(artifacts, "get_client", lambda sync_client: api)
    monkeypatch.setattr(artifacts, "get_run_logger", lambda: api)
    return api


def test_turns_are_shown_at_once_and_all_of_them_at_the_end(prefect_api: Prefect) -> None:
    with iterations_shown(Log(), 7) as record:
        record.load()
        for number in (1, 2, 3):
            record.append(turn(number))
        assert [what for what, _ in prefect_api.shown] == ["create iterations-7"]
    (_, first), (what, last) = prefect_api.shown
    assert what == "update"
    assert "### 1\\." in first
    assert "### 3\\." not in first
    assert "### 3\\." in last


def test_turns_are_shown_when_the_extraction_fails(prefect_api: Prefect) -> None:
    def fail() -> None:
        with iterations_shown(Log(turn(1)), 7) as record:
            record.load()
            raise LeaseLostError("another attempt")

    with pytest.raises(LeaseLostError):
        fail()
    assert len(prefect_api.shown) == 1


def test_nothing_is_shown_of_nothing(prefect_api: Prefect) -> None:
    with iterations_shown(Log(), 7) as record:
        assert record.load() == []
    assert prefect_api.shown == []


def test_prefect_out_of_reach_stops_no_extraction(prefect_api: Prefect) -> None:
    prefect_api.down = True
    log = Log()
    with iterations_shown(log, 7) as record:
        record.append(turn(1))
    assert len(log.turns) == 1
    assert "no server" in prefect_api.warnings[0]
