"""The inbox as people run it: its deployment on a real Prefect server, a real worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.inboxes import Tray, mail
from support.platform import Platform, wait_until
from support.stores import apply_agent, make_agent

OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def _deployment(platform: Platform) -> dict[str, Any]:
    found: dict[str, Any] = platform.api("deployments/name/inbox/default")
    return found


def _run(platform: Platform, **parameters: Any) -> dict[str, Any]:
    """Run the deployment to its end, as ``prefect deployment run`` does."""
    path = f"deployments/{_deployment(platform)['id']}/create_flow_run"
    body = {"parameters": {"settle": 0, **parameters}, "state": {"type": "SCHEDULED"}}
    run_id = platform.api(path, body)["id"]
    run: dict[str, Any] = wait_until(
        lambda: (found := platform.api(f"flow_runs/{run_id}"))["state_type"] in OVER and found,
        what="the inbox's run is over",
    )
    return run


def _artifacts(platform: Platform, run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    of_run = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    return {found["type"]: found for found in platform.api("artifacts/filter", of_run)}


@pytest.fixture
def watched(worker: Platform, tmp_path: Path) -> Tray:
    """An inbox folder of the platform's, with an agent for files and one for mails."""
    name = tmp_path.name.replace("_", "-")[-40:].strip("-")
    address = {"active": True, "address": f"{name}@example.com"}
    apply_agent(worker.store, make_agent(name))
    apply_agent(worker.store, make_agent(f"{name}-mails", email_trigger=address))
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Tray(worker.store, folder, {"agent": name})


def test_the_deployment_has_a_schedule_and_a_form_that_explains_itself(platform: Platform) -> None:
    deployment = _deployment(platform)
    (schedule,) = deployment["schedules"]
    assert (schedule["active"], schedule["schedule"]["interval"]) == (True, 60)
    assert deployment["pull_steps"] in (None, [])
    fields = deployment["parameter_openapi_schema"]["properties"]
    assert list(fields) == ["folder", "agent", "rerun_duplicates", "settle", "workspace"]
    assert all(field["description"] for field in fields.values())
    assert fields["settle"]["maximum"] == 300


def test_prefect_schedules_runs_of_it(platform: Platform) -> None:
    deployment = _deployment(platform)
    platform.api(f"deployments/{deployment['id']}/schedule", {"min_runs": 2})
    of_deployment = {"deployments": {"id": {"any_": [deployment["id"]]}}}
    runs = platform.api("flow_runs/filter", of_deployment)
    assert any(run["auto_scheduled"] for run in runs)


def test_a_run_takes_files_and_mails_and_shows_what_it_did(watched: Tray, worker: Platform) -> None:
    agent = watched.options["agent"]
    watched.put("note.txt", "Number: 1\nTotal: 2.50\n")
    watched.put("copy [x](y).txt", "Number: 1\nTotal: 2.50\n")
    watched.put("mail.eml", mail(f"{agent}@example.com"))
    watched.put("sheet.xlsx", "no")
    run = _run(worker, folder=str(watched.path), agent=agent)
    message = "2 taken, 1 duplicate, 1 refused"
    assert (run["state_type"], run["state"]["message"]) == ("COMPLETED", message)

    assert watched.done == {"note.txt", "copy [x](y).txt", "mail.eml"}
    assert watched.failed == {"sheet.xlsx"}
    shown = _artifacts(worker, run)
    assert shown["progress"]["data"] == 100
    assert shown["progress"]["description"] == f"4 of 4 items: {message}"
    assert '"file": "note.txt"' in shown["table"]["data"]
    assert "[x](y)" not in shown["table"]["data"]

    numbers = {line["execution"] for line in watched.report() if line["execution"]}
    for number in numbers:
        worker.wait_for(number, "PENDING_REVIEW")
    again = _run(worker, folder=str(watched.path), agent=agent)
    assert again["state"]["message"] == "nothing new"
    assert _artifacts(worker, again) == {}
    followed = {line["file"]: line for line in watched.report()}
    assert followed["note.txt"]["state"] == "PENDING_REVIEW"
    assert followed["mail.eml"]["approve"].startswith(worker.url)


def test_a_run_for_an_agent_that_is_not_there_fails_and_leaves_all(
    watched: Tray, worker: Platform
) -> None:
    watched.put("note.txt")
    run = _run(worker, folder=str(watched.path), agent="nobody")
    assert run["state_type"] == "FAILED"
    assert "no agent 'nobody'" in run["state"]["message"]
    assert watched.waiting == {"note.txt"}


def test_a_relative_folder_lies_in_signoffs_home(worker: Platform) -> None:
    run = _run(worker, folder="another inbox", agent="")
    assert run["state_type"] == "COMPLETED"
    assert (worker.store.settings.home / "another inbox" / "done").is_dir()
