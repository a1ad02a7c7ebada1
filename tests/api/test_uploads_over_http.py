"""Uploads: streamed, checked, refused while they arrive; what breaks off leaves its trace."""

from __future__ import annotations

import os
import socket
import time
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from support.api_server import ApiServer
from support.platform import wait_until
from support.stores import apply_agent, make_agent, opened_store
from support.uploads import PATH, agent_id, upload

from signoff.executions.models import Execution
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.store import Store

MIB = 1024 * 1024
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ApiServer]:
    """An API that takes a thousand bytes an execution."""
    with opened_store(tmp_path / "home", max_input_bytes=1000) as store, ApiServer(store) as api:
        yield api


def recorded(store: Store) -> list[Execution]:
    with store.database.reading() as session:
        return executions.newest(session)


def part(name: str, content: bytes, field: str = "input_files") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def send(api: ApiServer, body: bytes, *, boundary: str = "x"):
    return api.call(
        "POST",
        f"{PATH}?agent_id={agent_id(api)}",
        data=body,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def test_all_files_are_stored_as_they_were_sent_before_the_answer_comes(api: ApiServer) -> None:
    answer = upload(api, ("b.txt", b"Number: 1\n"), ("rechnung.pdf", PDF), ("b.txt", b"more"))
    assert answer.status_code == 201
    assert answer.json()["state"] == {"status": "PENDING_DATA_EXTRACTION"}
    [execution] = recorded(api.store)
    assert str(execution.id) == answer.json()["id"]
    assert [file.name for file in execution.files] == ["b.txt", "rechnung.pdf", "b.txt"]
    assert execution.files[1].sha256 == sha256(PDF).hexdigest()
    with api.store.files.open(execution.files[1].sha256) as stream:
        assert stream.read() == PDF
    assert execution.trigger == "api"
    assert (execution.triggered_by or "").startswith("tests (token ")
    assert execution.context["request_id"] == answer.headers["X-Request-ID"]
    with api.store.database.reading() as session:
        states = [entry.to_status for entry in executions.trail(session, execution.id)]
    assert states == [Status.PENDING_INPUTS, Status.PENDING_DATA_EXTRACTION]
    assert list((api.store.settings.home / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("program.exe", b"MZ", "files of type .exe are not read"),
        ("noextension", b"text", "it has no extension"),
        ("invoice.pdf", b"MZ\x90\x00", "the name says application/pdf"),
        ("empty.txt", b"", "the file is empty"),
    ],
)
def test_a_refused_file_is_named_with_the_reason_and_nothing_is_left(
    api: ApiServer, name: str, content: bytes, reason: str
) -> None:
    answer = upload(api, ("good.txt", b"text"), (name, content))
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert problem["loc"] == ["body", "input_files"]
    assert name in problem["msg"]
    assert reason in problem["msg"]
    assert recorded(api.store) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"--x--\r\n", "Field required"),
        (part("a.txt", b"a", field="other") + b"--x--\r\n", "send it as input_files"),
        (
            part("a.txt", b"a") + part("b.txt", b"b", field="file") + b"--x--\r\n",
            "send it as input_files",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="input_files"\r\n\r\na\r\n--x--\r\n',
            "file",
        ),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", "a part has no name"),
        (part("a.txt", b"a"), "it ends before its last boundary"),
        (b"nonsense", "cannot be read|can be read"),
        (b"", "it ends before"),
    ],
)
def test_a_body_that_is_no_upload_of_files_is_told_so(
    api: ApiServer, body: bytes, reason: str
) -> None:
    answer = send(api, body)
    assert answer.status_code == 422
    assert any(word in answer.text for word in reason.split("|"))
    assert recorded(api.store) == []


def test_a_body_that_is_no_multipart_is_told_so(api: ApiServer) -> None:
    answer = api.call("POST", f"{PATH}?agent_id={agent_id(api)}", json={"input_files": []})
    assert answer.status_code == 422
    assert "multipart/form-data" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("many", ["files", "fields"])
def test_more_parts_than_anyone_needs_are_refused(api: ApiServer, many: str) -> None:
    one = part("a.txt", b"a") if many == "files" else part("a", b"a").replace(b"; filename", b"; x")
    parts = [one.replace(b'"input_files"', b'"f%d"' % number) for number in range(1001)]
    answer = send(api, b"".join(parts) + b"--x--\r\n")
    assert answer.status_code == 422
    assert f"{many} are taken" in answer.text


def test_the_limit_is_exact_over_all_files(small: ApiServer) -> None:
    assert upload(small, ("a.txt", b"a" * 400), ("b.txt", b"b" * 600)).status_code == 201
    answer = upload(small, ("a.txt", b"a" * 400), ("b.txt", b"b" * 601))
    assert answer.status_code == 422
    assert "b.txt: with this file the inputs exceed 1,000 bytes" in answer.text
    assert len(recorded(small.store)) == 1


def test_too_much_is_refused_while_it_arrives_and_the_sender_sees_the_answer(
    small: ApiServer,
) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield part("a.txt", b"a" * 2000)
        for _ in range(64):
            sent += 1
            yield b"a" * MIB

    answer = small.call(
        "POST",
        f"{PATH}?agent_id={agent_id(small)}",
        data=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 422
    assert recorded(small.store) == []


def test_an_upload_that_breaks_off_leaves_an_execution_that_waits_for_its_inputs(
    api: ApiServer,
) -> None:
    head = (
        f"POST {PATH}?agent_id={agent_id(api)} HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: Bearer {api.token}\r\nContent-Length: 5000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(head.encode() + part("a.txt", b"the beginning"))
        wait_until(lambda: recorded(api.store), seconds=20)
    [execution] = recorded(api.store)
    assert execution.status is Status.PENDING_INPUTS
    assert execution.files == []
    # and it can be canceled
    answer = api.call("PATCH", f"{PATH}/{execution.id}", json={"state": {"status": "CANCELED"}})
    assert answer.json()["state"]["status"] == "CANCELED"


def test_a_sender_that_falls_silent_leaves_it_so_too(tmp_path: Path) -> None:
    with (
        opened_store(tmp_path / "home", api_body_seconds=0.3) as store,
        ApiServer(store) as api,
        socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection,
    ):
        head = (
            f"POST {PATH}?agent_id={agent_id(api)} HTTP/1.1\r\nHost: a\r\n"
            f"Authorization: Bearer {api.token}\r\nContent-Length: 5000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        connection.sendall(head.encode() + part("a.txt", b"the beginning"))
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
        assert [execution.status for execution in recorded(store)] == [Status.PENDING_INPUTS]


def test_memory_does_not_grow_with_the_upload(api: ApiServer) -> None:
    def body() -> Iterator[bytes]:
        yield part("a.txt", b"")[:-2]
        for _ in range(48):
            yield b"0123456789abcde\n" * (MIB // 16)
        yield b"\r\n--x--\r\n"

    agent = agent_id(api)
    tracemalloc.start()
    try:
        answer = api.call(
            "POST",
            f"{PATH}?agent_id={agent}",
            data=body(),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 201
    assert peak < 12 * MIB
    assert recorded(api.store)[0].files[0].size == 48 * MIB


def test_what_a_killed_process_left_is_taken_away_after_a_day(store: Store) -> None:
    folder = store.settings.home / "uploads"
    for name, age in (("old", 2 * 86_400), ("new", 0)):
        (folder / name).mkdir(parents=True)
        (folder / name / "0").write_bytes(b"a")
        then = time.time() - age
        os.utime(folder / name, (then, then))
    with ApiServer(store):
        assert [left.name for left in folder.iterdir()] == ["new"]


def test_names_are_never_paths(api: ApiServer) -> None:
    answer = upload(api, ("../../etc/passwd.txt", b"text"), ("C:\\a\\b.txt", b"text"))
    assert answer.status_code == 201
    assert [file.name for file in recorded(api.store)[0].files] == ["passwd.txt", "b.txt"]


def test_of_two_agents_none_is_guessed(api: ApiServer) -> None:
    agent = agent_id(api)
    answer = upload(api, ("a.txt", b"a"), agent=f"{agent}&agent_id={agent}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "agent_id"]
    assert recorded(api.store) == []


def test_agents_that_cannot_run_are_422(api: ApiServer) -> None:
    archived = apply_agent(api.store, make_agent("archived", status="ARCHIVED"))
    without = apply_agent(api.store, make_agent("without", data_schema=None))
    elsewhere = apply_agent(api.store, make_agent("elsewhere", workspace="other"))
    silent = apply_agent(api.store, make_agent("silent", file_uploads=False))
    for revision, reason in (
        (archived, "is archived"),
        (without, "no data schema"),
        (elsewhere, "There is no agent"),
        (silent, "takes no files"),
    ):
        answer = upload(api, ("a.txt", b"text"), agent=str(revision.agent_id))
        assert answer.status_code == 422
        assert reason in answer.text
    for wrong in ("17", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", ""):
        answer = upload(api, ("a.txt", b"text"), agent=wrong or None)
        assert answer.status_code == (201 if not wrong else 422)
    assert len(recorded(api.store)) == 1
