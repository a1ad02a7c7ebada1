"""The command line: ``signoff --help``."""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from signoff import approval, cli_tokens, intake, lifecycle, prefect_runs, presentation
from signoff.errors import SignoffError
from signoff.executions.agent_files import read_agent_files
from signoff.executions.models import AnswerOutcome, Decision, Execution
from signoff.executions.states import Status
from signoff.intake import Request
from signoff.prefect_runs import LOCAL_PORT
from signoff.reconciler import reconcile
from signoff.serve import deploy_agent
from signoff.serve import serve as run_services
from signoff.storage import agents, executions, reviews
from signoff.storage.store import Store, get_store

app = typer.Typer(
    help="Documents in, signed-off data out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
agents_app = typer.Typer(
    help="Agents: what to extract, and what to do with it.", no_args_is_help=True
)
app.add_typer(agents_app, name="agents")
app.add_typer(cli_tokens.app, name="tokens")
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Reference = Annotated[str, typer.Argument(help="The execution's number or id.", metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main() -> None:
    """Run the command line; what goes wrong on purpose is one clear message and exit code 1."""
    try:
        app()
    except SignoffError as error:
        err.print(f"[red]Error:[/red] {error}", markup=True, soft_wrap=True)
        raise SystemExit(1) from error
    except BrokenPipeError:
        # somebody closed the pipe (head, less): that is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _store() -> Store:
    prefect_runs.use_local_server_by_default()
    return get_store()


def _print_json(value: Any) -> None:
    def plain(entry: Any) -> Any:
        if isinstance(entry, BaseModel):
            return entry.model_dump(mode="json")
        raise TypeError(type(entry).__name__)

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def _show_executions(found: list[Execution], *, as_json: bool) -> None:
    if as_json:
        _print_json(found)
    elif found:
        out.print(presentation.executions_table(found))
    else:
        out.print("No executions yet. Start one with: signoff run FILE --agent NAME")


def _find(store: Store, reference: str) -> Execution:
    with store.database.reading() as session:
        return executions.find(session, reference)


def _stop(message: str) -> NoReturn:
    raise typer.BadParameter(message)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        _stop(f"{path}: {error}")
    if not isinstance(value, dict):
        _stop(f"{path}: holds no JSON object")
    return value


# -- running ------------------------------------------------------------------------------------


@app.command()
def serve(
    agent_files: Annotated[
        list[Path] | None,
        typer.Option("--agents", help="Agent file or folder to apply at start; may be repeated."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port of Prefect's server, if this starts one.")
    ] = LOCAL_PORT,
) -> None:
    """Run everything: Prefect's server (if none is configured), deployments, a worker.

    Stop it with Ctrl-C. Whatever is under way goes on at the next start.
    """
    store = get_store()
    for path in agent_files or []:
        _apply(store, path)

    def ready() -> None:
        url = (prefect_runs.configured_url() or "").removesuffix("/api")
        out.print(f"[bold green]Ready.[/bold green] Approve at {url} – stop with Ctrl-C.")
        out.print(f"Logs are in {store.settings.home / 'logs'}.")

    run_services(store, port=port, say=out.print, ready=ready)


@app.command("reconcile")
def reconcile_once(as_json: AsJson = False) -> None:
    """Bring executions and flow runs back in step, once. The signoff worker does it all the time.

    With stock Prefect workers, run it every minute.
    """
    done = {str(execution): action for execution, action in reconcile(_store()).items()}
    if as_json:
        _print_json(done)
    for execution, action in done.items() if not as_json else ():
        out.print(f"{execution}: {action}")


# -- executions -----------------------------------------------------------------------------------


@app.command()
def run(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Paths or URLs; together they are one execution.", metavar="FILE..."),
    ] = None,
    agent: Annotated[str, typer.Option(help="The agent's name or id.")] = "",
    input_data: Annotated[
        Path | None, typer.Option("--input", help="JSON file with input data.")
    ] = None,
    execution_type: Annotated[
        str | None, typer.Option("--type", help="The agent's execution type, by key.")
    ] = None,
    instructions: Annotated[str, typer.Option(help="For this execution only.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it is delivered, failed, or in review.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start an execution over files and/or input data."""
    if not agent:
        _stop("--agent is missing; signoff agents list shows the agents there are")
    store = _store()
    execution = intake.take_in(
        store,
        Request(
            agent=agent,
            input_data=_read_json(input_data) if input_data else None,
            additional_instructions=instructions,
            execution_type=execution_type,
            triggered_by=getpass.getuser(),
        ),
        files or [],
    )
    lifecycle.start(store, execution)
    if wait:
        with err.status(f"Execution {execution.number} is being worked on …"):
            while not _at_rest(execution := _find(store, str(execution.id))):
                time.sleep(0.5)
    else:
        execution = _find(store, str(execution.id))
    _show_executions([execution], as_json=as_json)
    if wait and execution.failure is not None:
        raise typer.Exit(1)


def _at_rest(execution: Execution) -> bool:
    if execution.failure is not None or execution.status.is_final:
        return True
    if execution.status is Status.CONFIRMED:
        with get_store().database.reading() as session:
            return executions.destination_count(session, execution.id) == 0
    return execution.status is Status.PENDING_REVIEW


@app.command("list")
def list_executions(
    status: Annotated[
        list[Status] | None, typer.Option(help="Only this state; may be repeated.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List executions, the last changed first."""
    store = _store()
    with store.database.reading() as session:
        agent_id = agents.find(session, agent, cipher=store.cipher).agent_id if agent else None
        found = executions.newest(session, statuses=status or (), agent_id=agent_id, limit=limit)
    _show_executions(found, as_json=as_json)


@app.command()
def show(reference: Reference, as_json: AsJson = False) -> None:
    """Show everything on record about an execution."""
    store = _store()
    execution = _find(store, reference)
    with store.database.reading() as session:
        record: dict[str, Any] = {
            "deliveries": executions.deliveries(session, execution.id),
            "iterations": executions.iterations(session, execution.id),
            "answers": reviews.answers(session, execution.id),
            "changes": reviews.changes(session, execution.id),
            "trail": executions.trail(session, execution.id),
        }
    if as_json:
        _print_json(execution.model_dump(mode="json") | record)
    else:
        out.print(presentation.execution_details(execution, **record))


@app.command()
def approve(
    reference: Reference,
    data: Annotated[
        Path | None,
        typer.Option(help="JSON file with the corrected data; without it, as extracted."),
    ] = None,
    comment: Annotated[str, typer.Option(help="Kept with the answer.")] = "",
    as_json: AsJson = False,
) -> None:
    """Sign an execution's data off."""
    store = _store()
    execution = _find(store, reference)
    answer = approval.answer(
        store,
        execution.id,
        decision=Decision.CONFIRM,
        data=_read_json(data) if data else None,
        comment=comment,
        source="cli",
        by=getpass.getuser(),
    )
    if answer.outcome is AnswerOutcome.PENDING:
        err.print(
            "Recorded. It counts as soon as the run goes on: are Prefect's server and a worker"
            " running?"
        )
    _show_executions([_find(store, reference)], as_json=as_json)


@app.command()
def cancel(reference: Reference, as_json: AsJson = False) -> None:
    """Cancel an execution; after sign-off, stop further deliveries."""
    store = _store()
    execution = lifecycle.cancel(
        store, _find(store, reference).id, source="cli", by=getpass.getuser()
    )
    _show_executions([execution], as_json=as_json)


@app.command()
def retry(reference: Reference, as_json: AsJson = False) -> None:
    """Go on from where an execution failed; only what is missing is done."""
    store = _store()
    execution = lifecycle.retry(store, _find(store, reference).id, by=getpass.getuser())
    _show_executions([execution], as_json=as_json)


# -- agents ---------------------------------------------------------------------------------------


@agents_app.command("apply")
def apply_agents(
    paths: Annotated[
        list[Path], typer.Argument(help="Agent files (YAML or JSON), or folders of them.")
    ],
    as_json: AsJson = False,
) -> None:
    """Store agents: new ones, and new revisions of those that changed."""
    prefect_runs.use_local_server_by_default()
    store = get_store()
    applied = [entry for path in paths for entry in _apply(store, path, quiet=as_json)]
    if as_json:
        _print_json(applied)


def _apply(store: Store, path: Path, *, quiet: bool = False) -> Iterable[dict[str, Any]]:
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


@agents_app.command("list")
def list_agents(as_json: AsJson = False) -> None:
    """List the agents."""
    store = _store()
    with store.database.reading() as session:
        found = agents.every(session, cipher=store.cipher)
    if as_json:
        _print_json(found)
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


@agents_app.command("show")
def show_agent(
    name: Annotated[str, typer.Argument(help="The agent's name or id.")], as_json: AsJson = False
) -> None:
    """Show an agent's newest revision; secrets stay hidden."""
    store = _store()
    with store.database.reading() as session:
        revision = agents.find(session, name, cipher=store.cipher)
    if as_json:
        _print_json(revision)
        return
    out.print(f"# agent {revision.agent_number}, revision {revision.revision}")
    definition = revision.agent.model_dump(mode="json")
    typer.echo(yaml.safe_dump(definition, sort_keys=False, allow_unicode=True), nl=False)
