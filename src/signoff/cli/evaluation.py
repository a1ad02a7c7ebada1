"""``signoff evaluate`` and ``signoff export``: how good an agent is on known documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from signoff.cli.console import AsJson, err, open_store, out, print_json
from signoff.storage import agents

if TYPE_CHECKING:
    from signoff.evaluation.running import Outcome
    from signoff.evaluation.scores import CaseResult

AgentName = Annotated[str, typer.Option(help="The agent's name or id.")]


def evaluate(
    folder: Annotated[
        Path, typer.Argument(help="Documents, each with its expected data beside it.")
    ],
    agent: AgentName,
    partial: Annotated[
        bool, typer.Option("--partial", help="Do not judge what the expected data does not name.")
    ] = False,
    against: Annotated[
        int | None,
        typer.Option(
            help="Number of the evaluation to compare with; the last one on this folder by default."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Where to write the report's page; in Signoff's home else.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read documents whose data is known, and say how much of it was right.

    The data of invoice.pdf lies beside it in invoice.pdf.expected.json; a subfolder with an
    expected.json is one document of several files. Nothing is delivered.
    """
    # here and not above: numpy and matplotlib take longer to load than most commands to run
    from signoff.documents.sandbox import close_sandboxes
    from signoff.evaluation.page import write_page
    from signoff.evaluation.running import evaluate as run_evaluation
    from signoff.evaluation.terminal import outcome_view, progress_line
    from signoff.extraction.readers import open_readers

    store = open_store()
    with store.database.reading() as session:
        revision = agents.find(session, agent, cipher=store.cipher)
    readers = open_readers(store.settings, database=store.database)
    try:
        with Progress(console=err, transient=True, disable=as_json) as progress:
            task = progress.add_task("Reading", total=None)

            def show(result: CaseResult, done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)
                progress.console.print(progress_line(result), markup=False, soft_wrap=True)

            outcome = run_evaluation(
                store,
                revision,
                folder,
                readers=readers,
                partial=partial,
                against=against,
                progress=(lambda result, done, total: None) if as_json else show,
            )
    finally:
        close_sandboxes()
    page = write_page(store, outcome, html)
    if as_json:
        _print(outcome)
    else:
        out.print(outcome_view(outcome))
        out.print(f"\nThe report is in {page}", soft_wrap=True)


def export(
    folder: Annotated[Path, typer.Argument(help="Where to; made if it is not there.")],
    agent: AgentName,
    as_json: AsJson = False,
) -> None:
    """Write an agent's confirmed executions as documents with expected data, for `evaluate`."""
    from signoff.evaluation.export import export as export_executions

    store = open_store()
    with store.database.reading() as session:
        agent_id = agents.find(session, agent, cipher=store.cipher).agent_id
    written = [execution.number for execution in export_executions(store, agent_id, folder)]
    if as_json:
        print_json({"folder": str(folder), "executions": written})
    else:
        out.print(f"{len(written)} confirmed executions are in {folder}.")


def _print(outcome: Outcome) -> None:
    print_json(
        {
            "number": outcome.evaluation.number,
            "report": outcome.report,
            "earlier": outcome.earlier.number if outcome.earlier else None,
            "regressions": outcome.regressions,
            "documents": outcome.results,
        }
    )
