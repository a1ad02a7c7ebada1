"""Flow runs are created beside the answers, which do not wait for Prefect."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.api_server import ApiServer
from support.platform import wait_until
from support.stores import apply_agent, make_agent
from support.uploads import agent_id, upload

from signoff import lifecycle
from signoff.api import starting
from signoff.executions.models import Execution
from signoff.storage.leases import locked
from signoff.storage.store import Store
from signoff.storage.unsettled import unsettled

GIVEN = {"input": {"order": 17}}


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


def test_an_agentic_answer_names_its_flow_run_however_many_are_created_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: Store, execution: Execution) -> None:
        time.sleep(0.05)
        with store.database.transaction() as session:
            locked(session, execution.id).flow_run_id = execution.id

    monkeypatch.setattr(lifecycle, "start", start)
    monkeypatch.setattr(starting, "AT_ONCE", 1)
    agent = apply_agent(store, make_agent())
    path = f"/api/agents/{agent.agent_number}/agentic-executions/"
    with ApiServer(store) as api, ThreadPoolExecutor(20) as pool:
        answers = pool.map(
            lambda _: api.call("POST", path, authorization=f"Token {api.token}", json=GIVEN),
            range(20),
        )
        bodies = [answer.json() for answer in answers]
    assert None not in [body["celery_task_id"] for body in bodies], bodies
