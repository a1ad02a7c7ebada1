"""The project as a stranger meets it: README, deployments, help."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import Flow, load_flow_from_entrypoint
from support.platform import ROOT, Platform, wait_until
from typer.testing import CliRunner

from signoff.cli import app
from signoff.executions.agent_files import read_agent_file, read_agent_files
from signoff.settings import Settings
from signoff.storage import agents, executions

README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def commands(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the command line, subcommands included."""
    shown = CliRunner().invoke(app, [*path, "--help"]).output
    _, _, listed = shown.partition("Commands")
    for name in re.findall(r"^│ ([a-z]+) ", listed, flags=re.MULTILINE):
        yield (*path, name)
        yield from commands((*path, name))


def test_every_command_has_help_that_says_what_it_does() -> None:
    found = list(commands())
    assert ("agents", "apply") in found
    assert ("approve",) in found
    for path in found:
        result = CliRunner().invoke(app, [*path, "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda entry: entry["name"])
def test_every_entrypoint_loads_without_a_placeholder(deployment: dict[str, str]) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(
        deployment["entrypoint"], use_placeholder_flow=False
    )
    assert flow.name in ("calibrate", "evaluate", "extract", "inbox")


def test_every_sample_agent_has_a_deployment() -> None:
    samples = {agent.name for agent in read_agent_files(ROOT / "sample_inputs" / "agents", {})}
    assert samples <= {entry["name"] for entry in DEPLOYMENTS}


PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), target


def test_the_agent_in_the_readme_can_be_applied(tmp_path: Path) -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "agent.yaml"
    path.write_text(block)
    secret = {"ERP_TOKEN": "t", "ERP_WEBHOOK_SECRET": "whsec_c2lnbm9mZg=="}
    agent = read_agent_file(path, secret)
    assert agent.checks
    assert agent.review.sample == 0.05


def test_the_commands_in_the_readme_work_as_printed(worker: Platform) -> None:
    [block] = (b for b in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) if "run samp" in b)
    for agent in read_agent_files(ROOT / "sample_inputs" / "agents", {}):
        with worker.store.database.transaction() as session:
            agents.apply(session, agent, cipher=worker.store.cipher)
    environment = worker.environment | {
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
    }
    number = 0
    for line in block.strip().splitlines():
        if line.startswith("export "):
            continue  # the platform's own server is configured already
        command = re.sub(r"^(signoff (?:show|approve)) 1$", rf"\1 {number}", line)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if line.startswith("signoff run"):
            with worker.store.database.reading() as session:
                number = executions.newest(session, limit=1)[0].number
            execution = worker.execution(number)
            wait_until(lambda execution=execution: worker.form_is_open(execution))


def test_no_registry_host_and_no_path_of_one_machine_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    hosts = re.compile(r"files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs|/home/\w+/")
    for name in listed.stdout.split():
        path = ROOT / name
        if path == Path(__file__) or not path.exists():
            continue
        assert not hosts.search(path.read_bytes().decode("utf-8", "ignore")), name


@pytest.mark.parametrize("profile", ["one-machine.env", "many-machines.env"])
def test_the_profiles_name_settings_that_exist(profile: str) -> None:
    known = {f"SIGNOFF_{name.upper()}" for name in Settings.model_fields}
    text = (ROOT / "deployments" / profile).read_text()
    named = set(re.findall(r"^(?:# )?(SIGNOFF_\w+)=", text, re.MULTILINE))
    assert named
    assert named <= known
