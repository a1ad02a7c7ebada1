"""``signoff serve`` and ``signoff reconcile``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signoff import prefect_runs
from signoff.cli.agents import apply_file
from signoff.cli.console import AsJson, open_store, out, print_json
from signoff.prefect_runs import LOCAL_PORT
from signoff.reconciler import reconcile
from signoff.serve import api_url
from signoff.serve import serve as run_services
from signoff.storage.store import get_store


def serve(
    agent_files: Annotated[
        list[Path] | None,
        typer.Option("--agents", help="Agent file or folder to apply at start; may be repeated."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port of Prefect's server, if this starts one.")
    ] = LOCAL_PORT,
) -> None:
    """Run everything: Prefect's server (if none is configured), deployments, a worker, the API.

    Stop it with Ctrl-C. Whatever is under way goes on at the next start.
    """
    store = get_store()
    for path in agent_files or []:
        apply_file(store, path)

    def ready() -> None:
        url = (prefect_runs.configured_url() or "").removesuffix("/api")
        out.print(f"[bold green]Ready.[/bold green] Approve at {url} – stop with Ctrl-C.")
        out.print(f"The HTTP API is at {api_url(store.settings)}; its description under /docs.")
        out.print(f"Logs are in {store.settings.home / 'logs'}.")

    run_services(store, port=port, say=out.print, ready=ready)


def reconcile_once(as_json: AsJson = False) -> None:
    """Bring executions and flow runs back in step, once. The signoff worker does it all the time.

    With stock Prefect workers, run it every minute.
    """
    done = {str(execution): action for execution, action in reconcile(open_store()).items()}
    if as_json:
        print_json(done)
    for execution, action in done.items() if not as_json else ():
        out.print(f"{execution}: {action}")
