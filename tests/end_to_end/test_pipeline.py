"""The whole pipeline on a real Prefect server, a real worker and a real webhook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.platform import Platform, wait_until
from support.receiver import Answer, Receiver

from signoff import approval, lifecycle, prefect_runs
from signoff.errors import AnswerRefusedError
from signoff.executions.models import AnswerOutcome, Decision
from signoff.executions.states import Status
from signoff.prefect_runs import RunState
from signoff.storage import executions, reviews


def test_a_file_is_read_approved_and_delivered_from_the_command_line(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    started = worker.cli_json("run", str(note), "--agent", make_agent(), "--wait")[0]
    assert started["state"]["status"] == "PENDING_REVIEW"
    assert started["extraction"]["data"] == {"number": "LS-2041", "total": 55.2}
    assert started["extraction"]["offline"] is True

    worker.cli_json("approve", started["id"])

    delivered = worker.wait_for(started["id"], "DELIVERED_TO_DESTINATION")
    assert [json.loads(request.body) for request in receiver.requests] == [
        {"number": "LS-2041", "total": 55.2}
    ]
    wait_until(lambda: worker.run_state(delivered) is RunState.COMPLETED)
    shown = worker.cli_json("show", started["id"])
    assert shown["deliveries"][0]["attempts"][0]["status_code"] == 200


def test_corrections_on_the_command_line_reach_the_webhook_and_the_record(
    worker: Platform, make_agent, receiver: Receiver, note: Path, tmp_path: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"number": 7, "total": "many"}')
    refused = worker.cli("approve", str(execution.number), "--data", str(wrong))
    assert refused.returncode == 1
    assert "/number" in refused.stderr
    assert "/total" in refused.stderr
    assert worker.execution(execution.number).status is Status.PENDING_REVIEW

    right = tmp_path / "right.json"
    right.write_text('{"number": "LS-2041", "total": 60.0}')
    worker.cli_json("approve", str(execution.number), "--data", str(right), "--comment", "seen")

    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
    assert json.loads(receiver.requests[0].body)["total"] == 60.0
    shown = worker.cli_json("show", str(execution.number))
    assert [(c["pointer"], c["before"], c["after"]) for c in shown["changes"]] == [
        ("/total", 55.2, 60.0)
    ]
    assert shown["answers"][0]["comment"] == "seen"


def test_an_answer_in_the_form_is_delivered_and_its_changes_are_kept(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    answer = worker.answer_form(execution, data={"number": "LS-2042", "date": "2026-01-31"})
    assert answer["status"] == "ACCEPT"
    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
    assert json.loads(receiver.requests[0].body) == {"number": "LS-2042", "date": "2026-01-31"}
    with worker.store.database.reading() as session:
        changed = {change.pointer for change in reviews.changes(session, execution.id)}
    assert changed == {"/number", "/total", "/date"}


def test_a_form_answer_that_the_server_let_pass_is_refused_in_a_new_round(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    typed = {"number": "LS-2041", "date": "not a date"}
    assert worker.answer_form(execution, data=typed)["status"] == "ACCEPT"

    again = wait_until(
        lambda: (found := worker.execution(execution.number)).review_round == 2 and found
    )
    wait_until(lambda: worker.form_is_open(again))
    assert again.status is Status.PENDING_REVIEW
    form = worker.read_form(again)
    assert "/date" in form["description"]
    assert json.dumps("not a date") in json.dumps(form["schema"])
    assert worker.answer_form(again)["status"] == "ACCEPT"
    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")


def test_the_server_refuses_what_does_not_fit_the_form_and_the_run_stays_suspended(
    worker: Platform, make_agent, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    answer = worker.answer_form(execution, data={"number": ["no", "text"]})
    assert answer["status"] == "REJECT"
    assert "number" in answer["details"]["reason"]
    assert worker.form_is_open(worker.execution(execution.number))


def test_a_form_that_was_opened_before_an_edit_is_refused(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    approval.edit(worker.store, execution.id, {"number": "EDITED"}, by="tests")
    assert worker.answer_form(execution)["status"] == "REJECT"
    edited = worker.execution(execution.number)
    assert worker.answer_form(edited)["status"] == "ACCEPT"
    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
    assert json.loads(receiver.requests[0].body) == {"number": "EDITED"}


def test_canceling_in_the_form_cancels_execution_and_run(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    worker.answer_form(execution, decision="cancel")
    worker.wait_for(execution.number, "CANCELED")
    wait_until(lambda: worker.run_state(execution) is RunState.CANCELLED)
    assert receiver.requests == []


def test_resuming_the_run_without_any_input_signs_nothing_off(
    worker: Platform, make_agent, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    prefect_runs.resume(execution.flow_run_id, answer_id=None)
    again = wait_until(
        lambda: (found := worker.execution(execution.number)).review_round == 2 and found
    )
    assert again.status is Status.PENDING_REVIEW


def test_an_agent_with_auto_confirm_signs_off_by_itself(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run(make_agent(review={"auto_confirm": True}), note)
    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
    assert len(receiver.requests) == 1


def test_without_destinations_an_execution_ends_at_confirmed(
    worker: Platform, make_agent, note: Path
) -> None:
    execution = worker.run(make_agent(review={"auto_confirm": True}, destinations=[]), note)
    wait_until(lambda: worker.run_state(execution) is RunState.COMPLETED)
    assert worker.execution(execution.number).status is Status.CONFIRMED


def test_a_destination_that_is_down_leaves_the_data_confirmed_and_a_retry_sends_what_is_missing(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    with Receiver() as broken:
        broken.answers[:] = [Answer(500), Answer(500), Answer(500), Answer()]
        agent = make_agent(
            review={"auto_confirm": True},
            destinations=[
                {"type": "WEBHOOK", "url": broken.url()},
                {"type": "WEBHOOK", "url": receiver.url()},
            ],
        )
        execution = worker.run(agent, note)
        wait_until(lambda: worker.run_state(execution) is RunState.FAILED)
        failed = worker.execution(execution.number)
        assert failed.status is Status.CONFIRMED
        assert failed.failure is not None
        assert failed.failure.code == "delivery_failed"
        assert len(broken.requests) == 3
        assert len(receiver.requests) == 1

        lifecycle.retry(worker.store, execution.id)

        worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
        assert len(broken.requests) == 4
        assert len({request.headers["webhook-id"] for request in broken.requests}) == 1
        assert len(receiver.requests) == 1


def test_a_run_started_in_prefect_with_a_refused_file_names_file_and_reason(
    worker: Platform, make_agent, tmp_path: Path
) -> None:
    program = tmp_path / "invoice.pdf"
    program.write_bytes(b"MZ\x90\x00\x03")
    agent = make_agent()
    parameters = json.dumps({"agent": agent, "files": [str(program)]})
    done = worker.python(
        "-m", "prefect", "deployment", "run", "extract/any", "--params", parameters
    )
    assert done.returncode == 0, done.stderr

    def refused():
        with worker.store.database.reading() as session:
            newest = executions.newest(session, limit=1)[0]
        return newest if newest.agent_name == agent and newest.failure else None

    execution = wait_until(refused)
    assert execution.status is Status.PENDING_INPUTS
    assert execution.failure.code == "unsupported_file"
    assert "invoice.pdf" in execution.failure.explanation
    wait_until(lambda: worker.run_state(execution) is RunState.FAILED)


def test_canceling_on_the_command_line_ends_execution_and_run(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    canceled = worker.cli_json("cancel", str(execution.number))[0]
    assert canceled["state"]["status"] == "CANCELED"
    wait_until(lambda: worker.run_state(execution) is RunState.CANCELLED)
    assert receiver.requests == []
    with pytest.raises(AnswerRefusedError, match="CANCELED"):
        approval.answer(worker.store, execution.id, decision=Decision.CONFIRM, source="cli")


def test_canceling_a_suspended_run_in_prefect_cancels_the_execution(
    worker: Platform, make_agent, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    # what the button in Prefect's UI does
    prefect_runs.cancel(execution.flow_run_id, at_work=True)
    worker.wait_for(execution.number, "CANCELED", seconds=30)


def test_an_approval_works_after_restarts_of_server_and_worker(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    worker.stop_workers()
    worker.stop_server()
    worker.start_server()
    given = approval.answer(
        worker.store, execution.id, decision=Decision.CONFIRM, source="cli", wait=5
    )
    assert given.outcome is AnswerOutcome.ACCEPTED
    worker.ensure_worker()
    worker.wait_for(execution.number, "DELIVERED_TO_DESTINATION")
    with worker.store.database.reading() as session:
        assert len(executions.iterations(session, execution.id)) == 1
    assert len(receiver.requests) == 1
