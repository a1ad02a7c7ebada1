"""The child's side of :mod:`signoff.documents.sandbox`: set the limits, then serve calls.

Imports stay light here: every child pays for them at its start.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import queue
import resource
import shutil
import signal
import struct
import sys
import threading
from typing import IO, Any, NotRequired, TypedDict

from signoff.errors import SignoffError

LENGTH = struct.Struct("!Q")
MAX_MESSAGE = 500


class Answer(TypedDict):
    """What goes back, as JSON: ``status`` is ``ok``, ``error`` or ``memory``."""

    status: str
    peak_memory: int
    result: NotRequired[Any]
    error: NotRequired[str]
    message: NotRequired[str]


def main() -> None:
    """Serve calls from standard input until it ends."""
    memory, output = int(sys.argv[1]), int(sys.argv[2])
    # C libraries and the programs they start may write to standard output: keep ours apart
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, output)
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_DATA, memory)

    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.stack_size(256 * 1024)
    threading.Thread(target=_receive, args=(requests, calls), daemon=True).start()
    while True:
        answer = _answer(calls.get())
        encoded = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        answers.write(LENGTH.pack(len(encoded)) + encoded)
        answers.flush()


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (allowed, allowed))


def _receive(requests: IO[bytes], calls: queue.SimpleQueue[bytes]) -> None:
    """Hand calls to the main thread; when the parent is gone, end whatever is going on."""
    try:
        while len(header := requests.read(LENGTH.size)) == LENGTH.size:
            (size,) = LENGTH.unpack(header)
            calls.put(requests.read(size))
    finally:
        if folder := os.environ.get("TMPDIR"):  # ours alone; who would have removed it is gone
            shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def _answer(call: bytes) -> Answer:
    try:
        function, args, kwargs = pickle.loads(call)
        result = function(*args, **kwargs)
        json.dumps(result)
        return {"status": "ok", "peak_memory": _peak_memory(), "result": result}
    except MemoryError:
        return {"status": "memory", "peak_memory": _peak_memory()}
    except SignoffError as error:
        return _error(error, str(error))
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return {"status": "memory", "peak_memory": _peak_memory()}
        return _error(error, str(error)[:MAX_MESSAGE])


def _error(error: Exception, message: str) -> Answer:
    return {
        "status": "error",
        "peak_memory": _peak_memory(),
        "error": type(error).__name__,
        "message": message,
    }


def _peak_memory() -> int:
    # not getrusage: its maximum starts with that of the process which started this one
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
