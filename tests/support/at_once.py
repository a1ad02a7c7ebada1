"""Many processes that do the same at the same moment."""

from __future__ import annotations

import subprocess
import sys

# Forked from one process that has imported everything: cheap, and they start closer together.
SCRIPT = """
import multiprocessing, sys

{prepare}

def run(start, arguments, results):
    try:
        start.wait()
        results.put((True, str(work(*arguments))))
    except BaseException as error:
        results.put((False, repr(error)))

context = multiprocessing.get_context("fork")
start, results = context.Barrier({count}), context.Queue()
processes = [
    context.Process(target=run, args=(start, sys.argv[1:], results)) for _ in range({count})
]
for process in processes:
    process.start()
found = [results.get() for _ in processes]
for process in processes:
    process.join()
for well, what in found:
    print(what, file=sys.stdout if well else sys.stderr)
sys.exit(not all(well for well, _ in found))
"""


def in_processes_at_once(prepare: str, *arguments: str, count: int = 8) -> list[str]:
    """Let ``count`` processes call the function ``work`` that the code ``prepare`` defines.

    Returns:
        What each of them returned, as text.
    """
    script = SCRIPT.format(prepare=prepare, count=count)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
