"""kill -9 of the worker at any moment: after a restart everything ends as it would have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.platform import FAULTS, Platform, wait_until
from support.receiver import Receiver

from signoff.storage import executions

BEFORE_REVIEW = [
    "signoff.storage.executions:record_documents:after",
    "signoff.storage.progress:IterationLog.append:before",
    "signoff.storage.progress:IterationLog.append:after",
    "signoff.storage.executions:record_extraction:after",
    # between suspending and writing the form
    "signoff.approval:write_form:before",
]
AFTER_REVIEW = [
    # between recording an answer and the resumption
    "signoff.storage.reviews:submit:after",
    "signoff.storage.reviews:accept:after",
    "signoff.storage.deliveries:prepare:after",
    "signoff.storage.deliveries:DeliveryLog.start:after",
    "signoff.storage.deliveries:DeliveryLog.finish:before",
    "signoff.storage.deliveries:DeliveryLog.finish:after",
    "signoff.storage.deliveries:record_outcome:after",
    "signoff.storage.deliveries:finish:after",
]


@pytest.mark.timeout(600)
def test_a_worker_killed_at_every_step_loses_and_doubles_nothing(
    platform: Platform, make_agent, receiver: Receiver, note: Path, tmp_path: Path
) -> None:
    platform.stop_workers()
    done = tmp_path / "done"
    done.mkdir()
    faults = {
        "PYTHONPATH": str(FAULTS),
        "SIGNOFF_TEST_FAULTS_IN": "worker",
        "SIGNOFF_TEST_FAULTS": ",".join(BEFORE_REVIEW + AFTER_REVIEW),
        "SIGNOFF_TEST_FAULTS_DONE": str(done),
        "SIGNOFF_MAX_ATTEMPTS": "100",
        "SIGNOFF_LEASE_SECONDS": "2",
        "SIGNOFF_RECONCILE_SECONDS": "0.5",
    }
    # two at a time: while one starts again, the other takes over
    workers = [platform.start_worker(**faults) for _ in range(2)]

    def restarting_until(condition: Callable[[], bool]) -> bool:
        for index, worker in enumerate(workers):
            if worker.died:
                workers[index] = platform.start_worker(**faults)
        return condition()

    number = platform.run(make_agent(), note).number

    def form_is_there() -> bool:
        execution = platform.execution(number)
        return (
            execution.status == "PENDING_REVIEW"
            and execution.flow_run_id is not None
            and platform.form_is_open(execution)
        )

    wait_until(lambda: restarting_until(form_is_there), seconds=240, what="the form is there")
    platform.answer_form(platform.execution(number))
    wait_until(
        lambda: restarting_until(
            lambda: (
                platform.execution(number).status == "DELIVERED_TO_DESTINATION"
                and platform.run_is_over(platform.execution(number))
            )
        ),
        seconds=240,
        what="delivered, and the run completed",
    )

    fired = {path.name.replace("__", ":") for path in done.iterdir()}
    assert fired == set(BEFORE_REVIEW + AFTER_REVIEW)
    execution = platform.execution(number)
    with platform.store.database.reading() as session:
        iterations = executions.iterations(session, execution.id)
    # one reading was lost before it was recorded; what is recorded is never done again
    assert [turn.number for turn in iterations] == [1]
    ids = {request.headers["webhook-id"] for request in receiver.requests}
    assert len(ids) == 1
    # at least once: a kill between sending and recording repeats the call under the same id
    assert len(receiver.requests) <= 2
    platform.stop_workers()
