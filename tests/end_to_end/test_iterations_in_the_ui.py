"""The flow run shows what the extraction did, in Prefect's UI."""

from collections.abc import Callable
from pathlib import Path

from support.platform import Platform


def test_the_run_shows_its_iterations_and_so_does_the_command_line(
    worker: Platform, make_agent: Callable[..., str], note: Path
) -> None:
    execution = worker.run_to_review(make_agent(), note)
    of_run = {"artifacts": {"flow_run_id": {"any_": [str(execution.flow_run_id)]}}}
    shown = {found["key"]: found["data"] for found in worker.api("artifacts/filter", of_run)}
    text = shown[f"iterations-{execution.number}"]
    assert text.startswith("**1 turn, 0 + 0 tokens")
    assert "### 1\\. submit\\, passed · offline" in text
    assert "LS\\-2041" in text

    printed = worker.cli("show", str(execution.number)).stdout
    assert "1. submit, passed · offline" in printed
