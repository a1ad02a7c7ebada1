"""Crashes, hangs and memory hogs in a child fail only their own call."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from signoff.documents.sandbox import Sandbox, close_sandboxes, get_sandbox
from signoff.documents.validation import media_type_of
from signoff.errors import SignoffError, UnreadableFileError, UnsupportedFileError
from signoff.settings import MIB, Settings

Ended = list[SignoffError]


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox(workers=2, memory=512 * MIB, timeout=20)
    yield sandbox
    sandbox.close()


def test_an_answer_comes_back(sandbox):
    assert sandbox.run("a.txt", divmod, 7, 2) == [3, 1]


def test_a_crash_names_the_file_and_the_signal(sandbox):
    with pytest.raises(UnreadableFileError, match=r"bad\.pdf.*crashed \(SIGABRT\), 3 times"):
        sandbox.run("bad.pdf", os.abort)
    assert sandbox.run("good.pdf", len, "abc") == 3


def test_a_call_that_eats_memory_names_the_limit(sandbox):
    with pytest.raises(UnreadableFileError, match=r"big\.png.*more than 512 MiB"):
        sandbox.run("big.png", bytearray, 600 * MIB)
    assert sandbox.run("good.pdf", len, "abc") == 3


def test_a_hang_ends_after_the_time_limit():
    sandbox = Sandbox(workers=1, memory=512 * MIB, timeout=0.3)
    try:
        with pytest.raises(UnreadableFileError, match=r"slow\.pdf.*longer than 0\.3 s"):
            sandbox.run("slow.pdf", time.sleep, 600)
    finally:
        sandbox.close()


def _commands():
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            yield line.read_bytes().decode(errors="replace")


def test_a_hang_takes_the_programs_it_started_along():
    sandbox = Sandbox(workers=1, memory=512 * MIB, timeout=1)
    marker = f"signoff-hang-{os.getpid()}"
    try:
        with pytest.raises(UnreadableFileError):
            sandbox.run("a.png", subprocess.run, ["sh", "-c", f"sleep 600; : {marker}"])
        assert not any(marker in command for command in _commands())
    finally:
        sandbox.close()


def test_a_crash_leaves_other_calls_alone(sandbox):
    def crash():
        with pytest.raises(UnreadableFileError):
            sandbox.run("bad.pdf", os.abort)

    def work():
        return [sandbox.run("good.pdf", len, "x" * n) for n in range(20)]

    with ThreadPoolExecutor(4) as threads:
        crashes = [threads.submit(crash) for _ in range(2)]
        works = [threads.submit(work) for _ in range(2)]
        assert all(future.result() == list(range(20)) for future in works)
        for future in crashes:
            future.result()


def test_quick_calls_need_not_wait_for_slow_ones(tmp_path):
    sandbox = Sandbox(workers=1, memory=512 * MIB, timeout=30)
    go = tmp_path / "go"
    until = ["sh", "-c", f"until [ -e {go} ]; do sleep 0.02; done"]
    try:
        with ThreadPoolExecutor(2) as threads:
            slow = [
                threads.submit(sandbox.run_slow, 1, "scan.pdf", subprocess.call, until)
                for _ in range(2)
            ]
            assert sandbox.run("text.pdf", len, "abc") == 3
            go.touch()
            assert [future.result() for future in slow] == [0, 0]
    finally:
        sandbox.close()


def test_our_errors_reach_the_caller_as_they_are(sandbox):
    with pytest.raises(UnsupportedFileError, match=r"x\.docx"):
        sandbox.run("x.docx", media_type_of, "x.docx", "nowhere")


def test_other_errors_become_unreadable_file_without_a_second_try(sandbox):
    with pytest.raises(UnreadableFileError, match=r"x\.pdf.*ZeroDivisionError"):
        sandbox.run("x.pdf", divmod, 1, 0)


def test_a_child_knows_no_secrets(monkeypatch):
    for secret in ("SIGNOFF_MODEL_API_KEY", "OPENAI_API_KEY", "SIGNOFF_DATABASE_URL", "MY_TOKEN"):
        monkeypatch.setenv(secret, "top-secret")
    sandbox = Sandbox(workers=1, memory=512 * MIB, timeout=20)
    try:
        pid = sandbox.run("x", os.getpid)
        environment = sandbox.run("x", subprocess.getoutput, f"cat /proc/{pid}/environ; env")
    finally:
        sandbox.close()
    assert "PATH=" in environment
    assert "top-secret" not in environment


def test_a_child_ends_with_its_parent():
    program = """
        import os, tempfile, threading, time
        from signoff.documents.sandbox import Sandbox
        sandbox = Sandbox(workers=1, memory=512 * 2**20, timeout=600)
        print(sandbox.run("x", os.getpid), sandbox.run("x", tempfile.gettempdir), flush=True)
        threading.Thread(target=sandbox.run, args=("x", time.sleep, 600), daemon=True).start()
        os.kill(os.getpid(), 9)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    pid, scratch = ended.stdout.split()
    child = int(pid)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        if ") Z " in Path(f"/proc/{child}/stat").read_text():
            break
        time.sleep(0.01)
    else:
        pytest.fail("the child outlived its parent")
    assert "signoff-parse-" in scratch
    assert not Path(scratch).exists()


def test_closing_ends_a_call_under_way():
    sandbox = Sandbox(workers=1, memory=512 * MIB, timeout=600)
    sandbox.run("x", len, "")
    raised = []

    def call():
        try:
            sandbox.run("slow.pdf", time.sleep, 600)
        except SignoffError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    sandbox.close()
    thread.join(20)
    assert not thread.is_alive()
    assert len(raised) == 1


@pytest.mark.parametrize("workers", [1, 3])
def test_closing_ends_every_call_whenever_it_comes(workers):
    for pause in (0.0, 0.001, 0.01, 0.05):
        sandbox = Sandbox(workers=workers, memory=512 * MIB, timeout=600)
        sandbox.run("x", len, "")
        ended: Ended = []

        def call(number: int, sandbox: Sandbox = sandbox, ended: Ended = ended) -> None:
            try:
                if number % 2:
                    sandbox.run("slow.pdf", time.sleep, 600)
                else:
                    sandbox.run_slow(1, "scan.pdf", time.sleep, 600)
            except SignoffError as error:
                ended.append(error)

        threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(pause)
        sandbox.close()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)
        assert len(ended) == 4


def test_the_process_has_one_sandbox_for_the_same_limits(tmp_path):
    settings = Settings(home=tmp_path, parse_workers=1)
    try:
        assert get_sandbox(settings) is get_sandbox(settings)
    finally:
        close_sandboxes()


def test_the_main_program_is_not_run_again_in_the_child(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "print('started', flush=True)\n"
        "from signoff.documents.sandbox import Sandbox\n"
        "sandbox = Sandbox(workers=1, memory=512 * 2**20, timeout=60)\n"
        "print(sandbox.run('x', len, 'abc'))\n"
    )
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["started", "3"]
