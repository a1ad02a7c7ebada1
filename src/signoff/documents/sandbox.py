"""Child processes for parsing: limits on memory, time and output, and nothing to steal.

A C library that meets a hostile file may crash, hang or eat memory; here it takes only its own
process along. The children are plain ``python -m signoff.documents.sandbox_child`` processes:
unlike a multiprocessing pool's they start from a clean environment (no keys in it, not even in
``/proc``), do not import the program's ``__main__`` again, answer in JSON (a taken-over child
cannot make its parent unpickle anything), share no pipe with each other, and lead a process
group of their own, so that a hung Tesseract ends with the child that started it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import queue
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, cast

from signoff import errors
from signoff.documents.sandbox_child import LENGTH, Answer
from signoff.errors import SignoffError, UnreadableFileError
from signoff.settings import MIB, Settings

ATTEMPTS = 3
MAX_TASKS = 500
"""Tasks after which a child is replaced: C libraries leak."""

MAX_ANSWER = 64 * MIB
MAX_OUTPUT_FILE = 512 * MIB

_INHERITED = frozenset(
    {
        "PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH",
        "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TESSDATA_PREFIX",
    }
)  # fmt: skip

P = ParamSpec("P")


class _ChildLostError(Exception):
    """The child crashed, hung or ran out of memory; the message completes "the process ..."."""


class _Child:
    """One warm child process. Used by one thread at a time."""

    def __init__(self, memory: int) -> None:
        self.tasks = 0
        self.peak_memory = 0
        self._memory = memory
        self._scratch = tempfile.TemporaryDirectory(prefix="signoff-parse-")
        environment = {name: os.environ[name] for name in _INHERITED & os.environ.keys()}
        environment |= {
            "TMPDIR": self._scratch.name,
            "OMP_THREAD_LIMIT": "1",
            # pytesseract imports numpy where it is installed
            "OPENBLAS_NUM_THREADS": "1",
            # glibc reserves 64 MiB of address space per arena, which the limit would count
            "MALLOC_ARENA_MAX": "1",
        }
        # -P: the current folder must not shadow modules
        command = [sys.executable, "-P", "-m", "signoff.documents.sandbox_child"]
        self._process = subprocess.Popen(
            [*command, str(memory), str(MAX_OUTPUT_FILE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def call(self, payload: bytes, timeout: float) -> Answer:
        deadline = time.monotonic() + timeout
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(LENGTH.pack(len(payload)) + payload)
            self._process.stdin.flush()
        except OSError as error:
            raise self._lost() from error
        (size,) = struct.unpack(LENGTH.format, self._receive(LENGTH.size, deadline, timeout))
        if size > MAX_ANSWER:
            raise _ChildLostError(f"answered with more than {MAX_ANSWER // MIB} MiB")
        try:
            answer = cast("Answer", json.loads(self._receive(size, deadline, timeout)))
        except ValueError as error:
            raise _ChildLostError("gave no readable answer") from error
        self.tasks += 1
        self.peak_memory = answer["peak_memory"]
        if answer["status"] == "memory":
            raise _ChildLostError(f"needed more than {self._memory // MIB} MiB of memory")
        return answer

    @property
    def worn(self) -> bool:
        """Whether it should be replaced before the next task."""
        return self.tasks >= MAX_TASKS or self.peak_memory > self._memory // 2

    def end(self) -> None:
        """End the child and whatever it started; a call under way sees that it is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End the child, and remove its temporary files; not while a call is under way."""
        self.end()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        with contextlib.suppress(OSError):
            self._scratch.cleanup()

    def _receive(self, size: int, deadline: float, timeout: float) -> bytes:
        assert self._process.stdout is not None
        descriptor, received = self._process.stdout.fileno(), bytearray()
        ready = select.poll()  # select() fails from descriptor 1,024 on
        ready.register(descriptor, select.POLLIN | select.POLLHUP)
        while len(received) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not ready.poll(left * 1000):
                raise _ChildLostError(f"took longer than {timeout:g} s")
            if not (chunk := os.read(descriptor, min(size - len(received), MIB))):
                raise self._lost()
            received += chunk
        return bytes(received)

    def _lost(self) -> _ChildLostError:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return _ChildLostError("stopped answering")
        try:
            cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        except ValueError:
            cause = f"signal {-code}"
        return _ChildLostError(f"crashed ({cause})")


class Sandbox:
    """Child processes, their number limited; usable from many threads."""

    def __init__(self, *, workers: int, memory: int, timeout: float) -> None:
        """Children start when first needed.

        Args:
            workers: slow calls at a time, and one more that is not; callers beyond that wait.
            memory: bytes of address space of a child, and of each program that it starts.
            timeout: seconds of wall time that one step may take.
        """
        self.peak_memory = 0
        self._memory = memory
        self._timeout = timeout
        self._closed = False
        self._lock = threading.Lock()
        self._children: set[_Child] = set()
        # last in, first out: the child that worked last has its libraries loaded
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(workers + 1):
            self._slots.put(None)
        self._slow = threading.BoundedSemaphore(workers)

    def run(self, name: str, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call ``function`` in a child process and return its answer, which must be JSON.

        A call that crashes, hangs or runs out of memory is tried again, three times in all.

        Args:
            name: the file being read, for messages.
            function: importable by its module and name.
            args: pickled, as are ``kwargs``.
            kwargs: see ``args``.

        Raises:
            UnreadableFileError: the calls failed; the message names the file and what happened.
            SignoffError: the function raised it.
        """
        return self._run(name, pickle.dumps((function, args, kwargs)), self._timeout)

    def run_slow(
        self, steps: int, name: str, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        """As ``run``, for what takes seconds: so many steps' work, and as many times as long.

        What is quick need not wait until it is done: one child is kept from such calls.
        """
        with self._slow:
            payload = pickle.dumps((function, args, kwargs))
            return self._run(name, payload, self._timeout * steps)

    def _run(self, name: str, payload: bytes, timeout: float) -> Any:
        happened = ""
        for _ in range(ATTEMPTS):
            try:
                answer = self._attempt(payload, timeout)
            except _ChildLostError as error:
                if self._closed:
                    raise SignoffError(f"{name}: reading stopped: shutting down.") from error
                happened = str(error)
                continue
            if answer["status"] == "ok":
                return answer["result"]
            raise _error_of(answer, name)
        raise UnreadableFileError(
            f"{name}: the process that read it {happened}, {ATTEMPTS} times in a row. Supply a"
            " smaller or newly saved copy, or raise SIGNOFF_PARSE_MEMORY or SIGNOFF_PARSE_TIMEOUT."
        )

    def close(self) -> None:
        """End all children; calls under way fail."""
        with self._lock:
            self._closed = True
            children, self._children = self._children, set()
        for child in children:
            child.end()
        # Those at work are cleared away by their callers: a pipe that is closed under a call could
        # be another file's by the time the call reads from it.
        idle: list[_Child | None] = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._slots.get_nowait())
        for resting in idle:
            if resting is not None:
                resting.kill()
            self._slots.put(None)  # who waits for a slot must not wait for ever

    def _attempt(self, payload: bytes, timeout: float) -> Answer:
        with self._child() as child:
            answer = child.call(payload, timeout)
            self.peak_memory = max(self.peak_memory, child.peak_memory)
            return answer

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        child = self._slots.get()
        try:
            if child is not None and child.worn:
                self._discard(child)
                child = None
            if child is None:
                child = self._start()
            yield child
        except BaseException:
            # also after KeyboardInterrupt: an answer that nobody reads must not meet the next call
            if child is not None:
                self._discard(child)
                child = None
            raise
        finally:
            self._slots.put(child)

    def _start(self) -> _Child:
        try:
            child = _Child(self._memory)
        except OSError as error:
            raise _ChildLostError(f"could not be started ({error.strerror})") from error
        with self._lock:
            if not self._closed:
                self._children.add(child)
                return child
        child.kill()
        raise _ChildLostError("was stopped")

    def _discard(self, child: _Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.kill()


def _error_of(answer: Answer, name: str) -> SignoffError:
    known = getattr(errors, answer["error"], None)
    if isinstance(known, type) and issubclass(known, SignoffError):
        return known(answer["message"])
    return UnreadableFileError(
        f"{name}: it could not be read: {answer['error']}: {answer['message']}. The file is"
        " probably damaged; supply a newly saved copy."
    )


_sandboxes: dict[tuple[int, int, float], Sandbox] = {}
_sandboxes_lock = threading.Lock()


def get_sandbox(settings: Settings) -> Sandbox:
    """The process's sandbox for these limits, made when first asked for."""
    limits = (settings.parse_workers, settings.parse_memory, settings.parse_timeout)
    with _sandboxes_lock:
        if limits not in _sandboxes:
            workers, memory, timeout = limits
            _sandboxes[limits] = Sandbox(workers=workers, memory=memory, timeout=timeout)
        return _sandboxes[limits]


@atexit.register
def close_sandboxes() -> None:
    """End all parsing processes; the next call starts new ones."""
    with _sandboxes_lock:
        sandboxes = list(_sandboxes.values())
        _sandboxes.clear()
    for sandbox in sandboxes:
        sandbox.close()
