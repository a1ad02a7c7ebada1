"""docs/http.md, as a reader follows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from prefect.automations import Automation
from support.api_server import ApiServer
from support.platform import ROOT, Platform

from signoff.executions.agent_files import read_agent_files
from signoff.storage import agents

PAGE = (ROOT / "docs" / "http.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_commands_on_the_page_work_as_printed(platform: Platform) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    [invoice] = [
        agent
        for agent in read_agent_files(ROOT / "sample_inputs" / "agents", {})
        if agent.name == "invoice"
    ]
    with platform.store.database.transaction() as session:
        revision, _ = agents.apply(session, invoice, cipher=platform.store.cipher)
    known = {"AGENT": str(revision.agent_id), "EXECUTION": ""}
    answers: list[dict[str, Any]] = []
    with ApiServer(platform.store) as api:
        environment = platform.environment | {
            "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
            "SIGNOFF_API": api.url,
        }
        for block in blocks("bash")[:5]:  # the other dialects number their agents
            script = re.sub(r"^export SIGNOFF_API=.*$", "", block, flags=re.MULTILINE)
            script = re.sub(
                r"^(\w+)=\.\.\.$",
                lambda match: f"{match[1]}={known[match[1]]}",
                script,
                flags=re.MULTILINE,
            )
            names = "".join(f"{name}={value}\n" for name, value in known.items() if value)
            done = subprocess.run(
                ["bash", "-ec", names + script + '\necho; echo "token=$SIGNOFF_TOKEN"'],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
            lines = done.stdout.splitlines()
            environment["SIGNOFF_TOKEN"] = lines[-1].removeprefix("token=")
            decoder, text = json.JSONDecoder(), "".join(lines[:-1])
            while text.startswith("{"):
                answer, end = decoder.raw_decode(text)
                answers.append(answer)
                text = text[end:]
            if answers and "state" in answers[-1]:
                known["EXECUTION"] = answers[-1]["id"]
    listed, created, shown, found, canceled = answers
    assert known["AGENT"] in [agent["id"] for agent in listed["data"]]
    assert created["state"]["status"] == "PENDING_DATA_EXTRACTION"
    assert shown["id"] == created["id"]
    assert found["totalCount"] >= 0
    assert canceled["state"]["status"] == "CANCELED"


def test_the_automation_on_the_page_is_one_that_prefect_takes() -> None:
    [text] = blocks("yaml")
    automation = Automation.model_validate(yaml.safe_load(text))
    assert automation.actions[0].type == "send-notification"
