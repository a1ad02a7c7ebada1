"""Moving without ever overwriting, notes, and names that get too long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.inbox.filing import DUPLICATE, REASON, free_place, move, note_beside, write_note


@pytest.fixture(params=["with links", "without links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems with hard links, and those without."""
    if request.param == "without links":

        def link(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("links")
def test_a_file_is_moved_and_replaces_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("new")
    target.write_text("old")
    assert not move(source, target)
    assert (source.read_text(), target.read_text()) == ("new", "old")
    target.unlink()
    assert move(source, target)
    assert (source.exists(), target.read_text()) == (False, "new")


@pytest.mark.usefixtures("links")
def test_moving_what_is_gone_is_another_runs_success(tmp_path: Path) -> None:
    assert move(tmp_path / "gone", tmp_path / "b")
    assert not (tmp_path / "b").exists()


@pytest.mark.usefixtures("links")
def test_a_place_that_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    with pytest.raises(FileNotFoundError):
        move(tmp_path / "a", tmp_path / "gone" / "a")
    assert (tmp_path / "a").exists()


def test_a_move_that_died_half_way_is_finished(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    os.link(tmp_path / "a", tmp_path / "b")
    assert move(tmp_path / "a", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_replaces_neither_file_nor_folder(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inside").mkdir(parents=True)
    (tmp_path / "file").write_text("old")
    (tmp_path / "empty").mkdir()
    assert not move(source, tmp_path / "file")
    assert not move(source, tmp_path / "empty")
    assert move(source, tmp_path / "free")
    assert (tmp_path / "free" / "inside").is_dir()


@pytest.mark.usefixtures("links")
def test_links_are_moved_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert move(tmp_path / "link", tmp_path / "moved")
    assert (tmp_path / "moved").is_symlink()
    assert (tmp_path / "file").read_text() == "kept"


@given(
    st.binary(min_size=1, max_size=255).filter(
        lambda name: name not in (b".", b"..") and not set(name) & {0, 47}
    ),
    st.sampled_from([REASON, DUPLICATE]),
)
def test_every_name_finds_a_place_and_a_note(
    tmp_path_factory: pytest.TempPathFactory, name: bytes, note: str
) -> None:
    folder = tmp_path_factory.mktemp("place")
    for number in range(3):
        (folder / "source").mkdir()
        source = folder / "source" / os.fsdecode(name)
        source.write_text(str(number))
        (folder / "done").mkdir(exist_ok=True)
        place = free_place(folder / "done", source, note=note)
        assert move(source, place)
        write_note(note_beside(place, note), f"note {number}", staging=folder)
        (folder / "source").rmdir()
    files = list((folder / "done").iterdir())
    assert sorted(path.read_text() for path in files) == [
        "0", "1", "2", "note 0\n", "note 1\n", "note 2\n",
    ]  # fmt: skip
    assert (folder / "done" / os.fsdecode(name)).read_text() == "0"


def test_a_note_is_written_once_and_replaces_nothing(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    note = tmp_path / "a.txt.reason.txt"
    note.write_text("somebody's")
    for _ in range(2):
        write_note(note, "ours", staging=staging)
    assert note.read_text() == "somebody's"
    assert (tmp_path / "a.txt.reason (2).txt").read_text() == "ours\n"
    assert list(staging.iterdir()) == []
    assert len(list(tmp_path.iterdir())) == 3
