"""Flow runs are created beside the answers, which do not wait for Prefect."""

from __future__ import annotations

import threading

import pytest
from support.api_server import ApiServer
from support.platform import wait_until
from support.uploads import agent_id, upload

from signoff import lifecycle
from signoff.executions.models import Execution
from signoff.storage.store import Store
from signoff.storage.unsettled import unsettled


def test_answers_do_not_wait_for_prefect_and_the_end_waits_for_no_queue(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, asked = threading.Event(), []

    def start(_: Store, execution: Execution) -> None:
        asked.append(execution.id)
        slow.wait(60)

    monkeypatch.setattr(lifecycle, "start", start)
    with ApiServer(store) as api:
        agent = agent_id(api)
        answers = [upload(api, ("a.txt", b"Number: 1"), agent=agent) for _ in range(6)]
        assert {answer.status_code for answer in answers} == {201}
        wait_until(lambda: len(asked) == 4, seconds=20)
        threading.Timer(0.5, slow.set).start()
    assert len(asked) == 4
    with store.database.reading() as session:
        assert len(unsettled(session)) == 6


def test_an_unexpected_failure_to_create_a_run_is_logged(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def start(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(lifecycle, "start", start)
    assert upload(api, ("a.txt", b"Number: 1")).status_code == 201
    wait_until(lambda: "was not created" in caplog.text, seconds=20)
