"""The whole pipeline on a real Prefect server, a real worker and a real webhook."""

from __future__ import annotations

import json
from pathlib import Path

from support.platform import Platform, wait_until
from support.receiver import Answer, Receiver

from signoff import prefect_runs
from signoff.executions.states import Status
from signoff.prefect_runs import RunState


def run_state(execution) -> RunState:
    run = prefect_runs.read(execution.flow_run_id)
    assert run is not None
    return run.state


def test_a_file_is_read_approved_and_delivered(
    worker: Platform, make_agent, receiver, note
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
    wait_until(lambda: run_state(delivered) is RunState.COMPLETED)
    shown = worker.cli_json("show", started["id"])
    assert shown["deliveries"][0]["attempts"][0]["status_code"] == 200


def test_corrections_on_the_command_line_reach_the_webhook_and_the_record(
    worker: Platform, make_agent, receiver: Receiver, note: Path, tmp_path: Path
) -> None:
    started = worker.cli_json("run", str(note), "--agent", make_agent(), "--wait")[0]
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"number": 7, "total": "many"}')
    refused = worker.cli("approve", started["id"], "--data", str(wrong))
    assert refused.returncode == 1
    assert "/number" in refused.stderr
    assert "/total" in refused.stderr
    assert worker.execution(started["id"]).status is Status.PENDING_REVIEW

    right = tmp_path / "right.json"
    right.write_text('{"number": "LS-2041", "total": 60.0}')
    worker.cli_json("approve", started["id"], "--data", str(right), "--comment", "seen")

    worker.wait_for(started["id"], "DELIVERED_TO_DESTINATION")
    assert json.loads(receiver.requests[0].body)["total"] == 60.0
    shown = worker.cli_json("show", started["id"])
    assert [(c["pointer"], c["before"], c["after"]) for c in shown["changes"]] == [
        ("/total", 55.2, 60.0)
    ]
    assert shown["answers"][0]["comment"] == "seen"


def test_an_agent_with_auto_confirm_signs_off_by_itself(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    agent = make_agent(review={"auto_confirm": True})
    done = worker.cli_json("run", str(note), "--agent", agent, "--wait")[0]
    assert done["state"]["status"] == "DELIVERED_TO_DESTINATION"
    assert len(receiver.requests) == 1


def test_without_destinations_an_execution_ends_at_confirmed(
    worker: Platform, make_agent, note: Path
) -> None:
    agent = make_agent(review={"auto_confirm": True}, destinations=[])
    done = worker.cli_json("run", str(note), "--agent", agent, "--wait")[0]
    execution = worker.wait_for(done["id"], "CONFIRMED")
    wait_until(lambda: run_state(execution) is RunState.COMPLETED)


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
        failed = worker.cli("run", str(note), "--agent", agent, "--wait", "--json")
        assert failed.returncode == 1
        execution = json.loads(failed.stdout)[0]
        assert execution["state"]["status"] == "CONFIRMED"
        assert execution["failure"]["code"] == "delivery_failed"
        assert len(broken.requests) == 3
        assert len(receiver.requests) == 1
        wait_until(lambda: run_state(worker.execution(execution["id"])) is RunState.FAILED)

        worker.cli_json("retry", execution["id"])

        worker.wait_for(execution["id"], "DELIVERED_TO_DESTINATION")
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
    listed = wait_until(lambda: worker.cli_json("list", "--agent", agent), seconds=30)
    execution = wait_until(
        lambda: (found := worker.execution(listed[0]["id"])).failure and found, seconds=30
    )
    assert execution.status is Status.PENDING_INPUTS
    assert execution.failure.code == "unsupported_file"
    assert "invoice.pdf" in execution.failure.explanation
    wait_until(lambda: run_state(execution) is RunState.FAILED)
    assert worker.cli("retry", str(execution.number)).returncode == 0


def test_canceling_on_the_command_line_ends_execution_and_run(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    started = worker.cli_json("run", str(note), "--agent", make_agent(), "--wait")[0]
    canceled = worker.cli_json("cancel", started["id"])[0]
    assert canceled["state"]["status"] == "CANCELED"
    execution = worker.execution(started["id"])
    wait_until(lambda: run_state(execution) is RunState.CANCELLED)
    assert receiver.requests == []
    again = worker.cli("approve", started["id"])
    assert again.returncode == 1
    assert "CANCELED" in again.stderr


def test_canceling_a_suspended_run_in_prefect_cancels_the_execution(
    worker: Platform, make_agent, note: Path
) -> None:
    started = worker.cli_json("run", str(note), "--agent", make_agent(), "--wait")[0]
    execution = worker.execution(started["id"])
    wait_until(lambda: run_state(execution) is RunState.PAUSED)
    # what the button in Prefect's UI does
    prefect_runs.cancel(execution.flow_run_id, at_work=True)
    worker.wait_for(started["id"], "CANCELED", seconds=30)


def test_an_approval_works_after_restarts_of_server_and_worker(
    worker: Platform, make_agent, receiver: Receiver, note: Path
) -> None:
    started = worker.cli_json("run", str(note), "--agent", make_agent(), "--wait")[0]
    execution = worker.execution(started["id"])
    wait_until(lambda: run_state(execution) is RunState.PAUSED)
    worker.stop_workers()
    worker.stop_server()
    worker.start_server()
    worker.start_worker()
    worker.cli_json("approve", started["id"])
    worker.wait_for(started["id"], "DELIVERED_TO_DESTINATION")
    shown = worker.cli_json("show", started["id"])
    assert len(shown["iterations"]) == 1
    assert len(receiver.requests) == 1
