"""What all commands share: the two consoles, common options, and how things are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import BaseModel
from rich.console import Console

from signoff import prefect_runs, presentation
from signoff.executions.models import Execution
from signoff.storage import executions
from signoff.storage.store import Store, get_store

out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Reference = Annotated[str, typer.Argument(help="The execution's number or id.", metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def open_store() -> Store:
    """The store, for commands that may also talk to Prefect."""
    prefect_runs.use_local_server_by_default()
    return get_store()


def print_json(value: Any) -> None:
    """Print records as JSON."""

    def plain(entry: Any) -> Any:
        if isinstance(entry, BaseModel):
            return entry.model_dump(mode="json")
        raise TypeError(type(entry).__name__)

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def show_executions(found: Sequence[Execution], *, as_json: bool) -> None:
    """Print a table of executions, or JSON."""
    if as_json:
        print_json(found)
    elif found:
        out.print(presentation.executions_table(found))
    else:
        out.print("No executions yet. Start one with: signoff run FILE --agent NAME")


def find_execution(store: Store, reference: str) -> Execution:
    """The execution with this number or id."""
    with store.database.reading() as session:
        return executions.find(session, reference)


def stop(message: str) -> NoReturn:
    """End with a message about wrong arguments."""
    raise typer.BadParameter(message)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that the user named."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        stop(f"{path}: {error}")
    if not isinstance(value, dict):
        stop(f"{path}: holds no JSON object")
    return value
