"""``signoff agents``: what to extract, and what to do with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table

from signoff import prefect_runs
from signoff.cli.console import AsJson, err, open_store, out, print_json
from signoff.errors import SignoffError
from signoff.executions.agent_files import read_agent_files
from signoff.serve import deploy_agent
from signoff.storage import agents
from signoff.storage.store import Store

app = typer.Typer(help="Agents: what to extract, and what to do with it.", no_args_is_help=True)


@app.command("apply")
def apply_agents(
    paths: Annotated[
        list[Path], typer.Argument(help="Agent files (YAML or JSON), or folders of them.")
    ],
    as_json: AsJson = False,
) -> None:
    """Store agents: new ones, and new revisions of those that changed."""
    store = open_store()
    applied = [entry for path in paths for entry in apply_file(store, path, quiet=as_json)]
    if as_json:
        print_json(applied)


def apply_file(store: Store, path: Path, *, quiet: bool = False) -> Iterable[dict[str, Any]]:
    """Store the agents of one file or folder, and make or renew their deployments."""
    applied = []
    for agent in read_agent_files(path, os.environ):
        with store.database.transaction() as session:
            revision, new = agents.apply(session, agent, cipher=store.cipher)
        applied.append({"name": agent.name, "revision": revision.revision, "changed": new})
        if not quiet:
            what = "stored as" if new else "unchanged at"
            out.print(f"Agent {agent.name}: {what} revision {revision.revision}.")
        if prefect_runs.configured_url() is not None:
            try:
                deploy_agent(revision)
            except SignoffError as error:
                err.print(f"Its own deployment comes with the next `signoff serve`: {error}")
    return applied


@app.command("list")
def list_agents(as_json: AsJson = False) -> None:
    """List the agents."""
    store = open_store()
    with store.database.reading() as session:
        found = agents.every(session, cipher=store.cipher)
    if as_json:
        print_json(found)
        return
    table = Table("#", "name", "status", "revision", "description", box=None, pad_edge=False)
    for entry in found:
        agent = entry.agent
        table.add_row(
            str(entry.agent_number),
            agent.name,
            agent.status,
            str(entry.revision),
            agent.description,
        )
    out.print(table if found else "No agents yet. Add some with: signoff agents apply FILE")


@app.command("show")
def show_agent(
    name: Annotated[str, typer.Argument(help="The agent's name or id.")], as_json: AsJson = False
) -> None:
    """Show an agent's newest revision; secrets stay hidden."""
    store = open_store()
    with store.database.reading() as session:
        revision = agents.find(session, name, cipher=store.cipher)
    if as_json:
        print_json(revision)
        return
    out.print(f"# agent {revision.agent_number}, revision {revision.revision}")
    definition = revision.agent.model_dump(mode="json")
    typer.echo(yaml.safe_dump(definition, sort_keys=False, allow_unicode=True), nl=False)
