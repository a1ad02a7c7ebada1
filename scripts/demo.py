"""The demo: every sample through the pipeline, on a Prefect server and a webhook of its own."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_inputs"
HOME = ROOT / ".signoff" / "demo"
PREFECT_PORT, WEBHOOK_PORT, API_PORT = 4200, 4280, 4290
START_SECONDS = 180
# The demo's own key: it signs deliveries to the demo's own receiver.
SECRET = "whsec_c2lnbm9mZi1kZW1vLXdlYmhvb2stc2VjcmV0"
out = Console(highlight=False)


class FormRefusedError(Exception):
    """What was read does not meet the agent's schema: it needs a person."""


def main() -> int:
    """Run the demo; 0 only if every sample went where it should."""
    options = _options()
    _prepare_home()
    prefect_url = f"http://127.0.0.1:{_port(PREFECT_PORT)}"
    webhook = f"127.0.0.1:{_port(WEBHOOK_PORT)}"
    _environment(prefect_url, webhook)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _receiver(webhook), _serving(prefect_url):
            return _run(prefect_url, once=options.once, seconds=options.seconds)
    except KeyboardInterrupt:
        out.print("Stopped.")
        return 0 if not options.once else 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description=(
            "Starts Prefect's server, a worker and a webhook receiver, and puts every file of"
            " sample_inputs/ through the pipeline. Approve in Prefect's UI, whose address is"
            " printed; Ctrl-C stops everything. No API key is needed: the offline reader reads."
            " With OPENAI_API_KEY or SIGNOFF_MODEL_URL set, that model does."
        ),
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="approve everything over Prefect's API, wait for the deliveries, stop everything",
    )
    parser.add_argument(
        "--seconds", type=float, default=600, help="give up after this long (%(default)s)"
    )
    return parser.parse_args()


def _prepare_home() -> None:
    # Each demo begins anew; the last one's record is kept beside until the next.
    if HOME.exists():
        before = HOME.with_name("demo.before")
        shutil.rmtree(before, ignore_errors=True)
        HOME.rename(before)
    HOME.mkdir(parents=True)


def _environment(prefect_url: str, webhook: str) -> None:
    os.environ.update(
        {
            "SIGNOFF_HOME": str(HOME),
            "SIGNOFF_API_PORT": str(_port(API_PORT)),
            "SIGNOFF_WEBHOOK_URL": f"http://{webhook}/webhook",
            "SIGNOFF_WEBHOOK_SECRET": SECRET,
            # The receiver is on this machine, where no webhook may go unless allowed.
            "SIGNOFF_ALLOWED_HOSTS": f'["{webhook}"]',
            "PREFECT_HOME": str(HOME / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
    )
    os.environ.pop("PREFECT_API_URL", None)


def _port(wanted: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _child(name: str, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    log = HOME / f"{name}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _receiver(address: str) -> Iterator[None]:
    command = [
        sys.executable,
        str(ROOT / "scripts" / "webhook_receiver.py"),
        "--port",
        address.rpartition(":")[2],
        "--file",
        str(HOME / "received.jsonl"),
    ]
    with _child("receiver", command):
        yield


@contextmanager
def _serving(prefect_url: str) -> Iterator[None]:
    port = prefect_url.rpartition(":")[2]
    command = [sys.executable, "-c", "from signoff.cli import main; main()", "serve"]
    command += ["--port", port, "--agents", str(SAMPLES / "agents")]
    with _child("signoff", command) as process:
        log = HOME / "signoff.log"
        with out.status("Starting Prefect's server, the deployments and a worker …"):
            deadline = time.monotonic() + START_SECONDS
            while b"Ready." not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    out.print(log.read_text(errors="replace"), markup=False)
                    raise SystemExit("signoff serve did not start; its output is above")
                time.sleep(0.2)
        os.environ["PREFECT_API_URL"] = f"{prefect_url}/api"
        try:
            yield
        finally:
            out.print("Stopping …")


def _run(prefect_url: str, *, once: bool, seconds: float) -> int:
    # Prefect reads its settings when it is imported: not before its address is known.
    from signoff import approval, intake, lifecycle, presentation
    from signoff.errors import SignoffError
    from signoff.executions.models import Execution
    from signoff.executions.states import Status
    from signoff.settings import get_settings
    from signoff.storage import executions
    from signoff.storage.store import get_store

    store = get_store()
    reader = get_settings().model if _has_model() else "the offline reader (no API key is set)"
    samples = _samples()
    out.print(f"Reading {len(samples)} samples with {reader}.")
    started: list[Execution] = []
    for agent, path in samples:
        execution = intake.take_in(store, intake.Request(agent=agent, triggered_by="demo"), [path])
        lifecycle.start(store, execution)
        started.append(execution)

    def current() -> list[Execution]:
        with store.database.reading() as session:
            return [executions.get(session, execution.id) for execution in started]

    def over(execution: Execution) -> bool:
        return execution.status.is_final or (
            execution.failure is not None and execution.status is not Status.PENDING_REVIEW
        )

    def at_rest(execution: Execution) -> bool:
        return over(execution) or execution.status is Status.PENDING_REVIEW

    deadline = time.monotonic() + seconds
    _progress("Reading", len(started), lambda: sum(map(at_rest, current())), deadline)
    out.print(presentation.executions_table(current()))
    waiting = [entry for entry in current() if entry.status is Status.PENDING_REVIEW]
    refused = 0
    if once:
        out.print(f"\nApproving {len(waiting)} executions over Prefect's API …")
        for execution in waiting:
            try:
                _approve(prefect_url, execution, approval.shown_data(store, execution), deadline)
            except (SignoffError, requests.RequestException, FormRefusedError) as error:
                refused += 1
                out.print(f"[red]Execution {execution.number}: {error}[/red]")
    else:
        out.print(f"\n[bold]Approve in Prefect's UI: {prefect_url}/runs[/bold]")
        out.print(f"The webhook's post is in {HOME / 'received.jsonl'}. Stop with Ctrl-C.\n")
        deadline = float("inf")
    _progress("Delivered", len(started) - refused, lambda: sum(map(over, current())), deadline)
    final = current()
    out.print(presentation.executions_table(final))
    missing = [entry for entry in final if entry.status is not Status.DELIVERED_TO_DESTINATION]
    if missing:
        out.print(f"[red]{len(missing)} of {len(final)} samples were not delivered.[/red]")
    else:
        out.print(f"[green]All {len(final)} samples were delivered.[/green]")
    if not once:
        out.print("Everything goes on running: look around in Prefect's UI. Stop with Ctrl-C.")
        while True:
            time.sleep(1)
    return 1 if missing else 0


def _has_model() -> bool:
    names = ("OPENAI_API_KEY", "SIGNOFF_MODEL_URL", "SIGNOFF_MODEL_API_KEY")
    return any(os.environ.get(name) for name in names)


def _samples() -> list[tuple[str, str]]:
    """Agent and path of each sample: every file that has its expected data beside it."""
    expected = sorted(SAMPLES.glob("*/*.expected.json"))
    return [
        (path.parent.name, str(path.with_name(path.name.removesuffix(".expected.json"))))
        for path in expected
    ]


def _progress(what: str, total: int, count: Callable[[], int], deadline: float) -> None:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(what, total=total)
        while (done := count()) < total and time.monotonic() < deadline:
            progress.update(task, completed=done)
            time.sleep(0.5)
        progress.update(task, completed=done)


def _approve(prefect_url: str, execution: object, data: object, deadline: float) -> None:
    """Submit the approval form as Prefect's UI does."""
    from signoff.executions.models import Execution

    assert isinstance(execution, Execution)
    form = {"decision": "confirm", "data": data, "data_revision": execution.data_revision}
    url = f"{prefect_url}/api/flow_runs/{execution.flow_run_id}/resume"
    while True:
        response = requests.post(url, json={"run_input": form}, timeout=30)
        answer = response.json()
        if answer.get("status") == "ACCEPT":
            return
        reason = (answer.get("details") or {}).get("reason") or str(answer)
        # Prefect on SQLite says 503 when two write at once
        busy = response.status_code == requests.codes.unavailable
        soon = busy or answer.get("status") == "ABORT" or "schema not found" in reason
        if not soon or time.monotonic() > deadline:
            raise FormRefusedError(f"Prefect did not take the form: {reason}")
        # the run is a moment away from its suspension, or its form from being written
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
