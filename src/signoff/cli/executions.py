"""Commands about executions: run, list, show, approve, cancel, retry."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from signoff import approval, intake, lifecycle, presentation
from signoff.cli.console import (
    AsJson,
    Reference,
    err,
    find_execution,
    open_store,
    out,
    print_json,
    read_json,
    show_executions,
    stop,
)
from signoff.executions.models import AnswerOutcome, Decision, Execution
from signoff.executions.states import Status
from signoff.intake import Request
from signoff.storage import agents, executions, reviews
from signoff.storage.store import get_store


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
        stop("--agent is missing; signoff agents list shows the agents there are")
    store = open_store()
    execution = intake.take_in(
        store,
        Request(
            agent=agent,
            input_data=read_json(input_data) if input_data else None,
            additional_instructions=instructions,
            execution_type=execution_type,
            triggered_by=getpass.getuser(),
        ),
        files or [],
    )
    lifecycle.start(store, execution)
    if wait:
        with err.status(f"Execution {execution.number} is being worked on …"):
            while not _at_rest(execution := find_execution(store, str(execution.id))):
                time.sleep(0.5)
    else:
        execution = find_execution(store, str(execution.id))
    show_executions([execution], as_json=as_json)
    if wait and execution.failure is not None:
        raise typer.Exit(1)


def _at_rest(execution: Execution) -> bool:
    if execution.failure is not None or execution.status.is_final:
        return True
    if execution.status is Status.CONFIRMED:
        with get_store().database.reading() as session:
            return executions.destination_count(session, execution.id) == 0
    return execution.status is Status.PENDING_REVIEW


def list_executions(
    status: Annotated[
        list[Status] | None, typer.Option(help="Only this state; may be repeated.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List executions, the last changed first."""
    store = open_store()
    with store.database.reading() as session:
        agent_id = agents.find(session, agent, cipher=store.cipher).agent_id if agent else None
        found = executions.newest(session, statuses=status or (), agent_id=agent_id, limit=limit)
    show_executions(found, as_json=as_json)


def show(reference: Reference, as_json: AsJson = False) -> None:
    """Show everything on record about an execution."""
    store = open_store()
    execution = find_execution(store, reference)
    with store.database.reading() as session:
        record: dict[str, Any] = {
            "deliveries": executions.deliveries(session, execution.id),
            "iterations": executions.iterations(session, execution.id),
            "answers": reviews.answers(session, execution.id),
            "changes": reviews.changes(session, execution.id),
            "trail": executions.trail(session, execution.id),
        }
    if as_json:
        print_json(execution.model_dump(mode="json") | record)
    else:
        out.print(presentation.execution_details(execution, **record))


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
    store = open_store()
    execution = find_execution(store, reference)
    answer = approval.answer(
        store,
        execution.id,
        decision=Decision.CONFIRM,
        data=read_json(data) if data else None,
        comment=comment,
        source="cli",
        by=getpass.getuser(),
    )
    if answer.outcome is AnswerOutcome.PENDING:
        err.print(
            "Recorded. It counts as soon as the run goes on: are Prefect's server and a worker"
            " running?"
        )
    show_executions([find_execution(store, reference)], as_json=as_json)


def cancel(reference: Reference, as_json: AsJson = False) -> None:
    """Cancel an execution; after sign-off, stop further deliveries."""
    store = open_store()
    execution = lifecycle.cancel(
        store, find_execution(store, reference).id, source="cli", by=getpass.getuser()
    )
    show_executions([execution], as_json=as_json)


def retry(reference: Reference, as_json: AsJson = False) -> None:
    """Go on from where an execution failed; only what is missing is done."""
    store = open_store()
    execution = lifecycle.retry(store, find_execution(store, reference).id, by=getpass.getuser())
    show_executions([execution], as_json=as_json)
