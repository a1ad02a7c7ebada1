"""Child processes: started, stopped, and what they cost in CPU seconds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Poll until the condition holds; its value.

    Raises:
        SystemExit: it does not in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise SystemExit(f"It did not happen within {seconds:g} s: {what}")


def answers(url: str) -> bool:
    """Whether something answers there with a 2xx."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def running(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process (``command`` are its arguments) for the length of a ``with`` block."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            cwd=ROOT,
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
            process.wait(150)  # `signoff serve` gives each of its own children 45 s
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def python(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run Python to its end; what it printed.

    Raises:
        SystemExit: it failed; its output is the message.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """The environment without settings of Prefect, Signoff or a model's vendor."""
    foreign = ("PREFECT_", "SIGNOFF_", "OPENAI_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def descendants(pid: int) -> list[int]:
    """``pid`` and the processes below it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue  # it ended meanwhile
    return found


def find(pid: int, words: str) -> int:
    """The process at or below ``pid`` whose command line holds ``words``.

    Raises:
        LookupError: there is none.
    """
    for each in descendants(pid):
        try:
            line = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if words in line:
            return each
    raise LookupError(words)


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and all below it, ended children included."""
    ticks = 0
    for each in descendants(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS
