"""Many uploads at once: none is lost, and the API's memory stays where it was.

    .venv/bin/python benchmarks/uploads.py

Starts the HTTP API in a process of its own on a new database, without Prefect: 200 uploads of
1 MiB at the same time, and one of 100 MiB among them. Prints how long that took and the largest
memory that the API ever had; fails when an upload is lost or altered.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import requests

from signoff.executions.agents import Agent
from signoff.settings import MIB, Settings
from signoff.storage import agents, executions, tokens
from signoff.storage.store import Store, open_store

MANY, LARGE = 200, 100 * MIB
START_SECONDS = 60


def main() -> int:
    """Measure and print; 1 when an upload is lost."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(home=Path(folder)))
        with store.database.transaction() as session:
            _, token = tokens.create(session, name="benchmark")
            revision, _ = agents.apply(session, _agent(), cipher=store.cipher)
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "SIGNOFF_HOME": folder,
            "SIGNOFF_API_PORT": str(port),
            "PREFECT_API_URL": "http://127.0.0.1:9/api",  # nothing is there
        }
        with (
            (Path(folder) / "api.log").open("wb") as log,
            subprocess.Popen(
                [sys.executable, "-m", "signoff.api"], env=environment, stdout=log, stderr=log
            ) as api,
        ):
            try:
                _wait_for(url)
                before = _peak_memory(api.pid)
                lost = _run(store, f"{url}/api/v1/agent-executions", revision.agent_id, token)
                print(
                    f"Memory at most: {before / MIB:.0f} MiB before, "
                    f"{_peak_memory(api.pid) / MIB:.0f} MiB after"
                )
            finally:
                api.terminate()
        store.database.close()
    return lost > 0


def _agent() -> Agent:
    schema = {"type": "object", "properties": {"number": {"type": "string"}}}
    return Agent.model_validate({"name": "benchmark", "data_schema": schema})


def _run(store: Store, url: str, agent_id: object, token: str) -> int:
    contents = [_text(number, MIB) for number in range(MANY)] + [_text(MANY, LARGE)]

    def send(content: bytes) -> tuple[float, str]:
        started = time.perf_counter()
        answer = requests.post(
            url,
            params={"agent_id": str(agent_id)},
            headers={"Authorization": f"Bearer {token}"},
            files=[("input_files", ("text.txt", content))],
            timeout=600,
        )
        answer.raise_for_status()
        return time.perf_counter() - started, answer.json()["id"]

    started = time.perf_counter()
    with ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(send, reversed(contents)))
    seconds = time.perf_counter() - started
    with store.database.reading() as session:
        stored = {
            str(found.id): found.files[0].sha256
            for found in executions.newest(session, limit=len(contents) + 1)
        }
    expected = [sha256(content).hexdigest() for content in reversed(contents)]
    lost = sum(
        stored.get(execution_id) != digest
        for (_, execution_id), digest in zip(answers, expected, strict=True)
    )
    slowest = max(taken for taken, _ in answers)
    print(
        f"{len(contents)} uploads, {sum(map(len, contents)) / MIB:.0f} MiB: {seconds:.1f} s, the"
        f" slowest {slowest:.1f} s; {lost} lost or altered, {len(stored)} on record"
    )
    return lost


def _text(number: int, size: int) -> bytes:
    line = f"upload {number:04} of the benchmark\n".encode()
    return (line * (size // len(line) + 1))[:size]


def _peak_memory(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell a process's largest memory")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/healthz", timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the API did not start")


if __name__ == "__main__":
    sys.exit(main())
