"""``python -m signoff.garbage MODULE ARGUMENTS``: a module run, its garbage collected in a thread.

Prefect's server on SQLite stood still for 60 s now and then. Its event loop, in the midst of
whatever it did, collected garbage, and with it an old cursor of a connection; resetting that waits
while the connection executes something, which waited for the database's lock, whose holder waited
for the event loop: until SQLite's busy timeout. A thread that collects may wait without harm.
"""

from __future__ import annotations

import gc
import itertools
import runpy
import sys
import threading
import time

SECONDS_BETWEEN_COLLECTIONS = 2.0
SECONDS_UNTIL_STARTED = 15.0
TURNS_FOR_ALL = 15
"""What is young is looked through each time, what is old each so many times."""


def collect_in_thread() -> None:
    """Collect garbage in a thread from now on, and nowhere else."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    time.sleep(SECONDS_UNTIL_STARTED)
    gc.collect()
    gc.freeze()  # what was loaded at the start stays: it need not be looked through again
    for turn in itertools.count(1):
        time.sleep(SECONDS_BETWEEN_COLLECTIONS)
        gc.collect(1 if turn % TURNS_FOR_ALL else 2)


if __name__ == "__main__":
    del sys.argv[0]
    collect_in_thread()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
