"""The key that secrets are encrypted with."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from support.at_once import in_processes_at_once

from signoff.errors import ConfigurationError
from signoff.settings import Settings
from signoff.storage.secrets import Cipher, cipher_from
from signoff.storage.store import open_store

MAKE = """
from pathlib import Path
from signoff.settings import Settings
from signoff.storage.secrets import cipher_from

def work(home):
    cipher_from(Settings(home=Path(home)))
    return Path(home, "secret.key").read_text()
"""


def test_the_key_is_made_once_by_processes_that_start_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    keys = set(in_processes_at_once(MAKE, str(home)))
    assert keys == {(home / "secret.key").read_text()}
    assert [path.name for path in home.iterdir()] == ["secret.key"]


def test_the_key_is_made_once_by_threads_that_start_at_once(tmp_path: Path) -> None:
    for number in range(20):
        home = tmp_path / str(number)
        start = Barrier(8)

        def make(_: int, home: Path = home, start: Barrier = start) -> str:
            start.wait()
            cipher_from(Settings(home=home))
            return (home / "secret.key").read_text()

        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(make, range(8)))
        assert len(keys) == 1
        Cipher(keys.pop())
        assert [path.name for path in home.iterdir()] == ["secret.key"]


def test_only_its_owner_reads_the_key_and_enters_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_store(Settings(home=home)).database.close()
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_key_from_the_settings_makes_no_file(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    cipher_from(Settings(home=tmp_path / "home", secret_key=SecretStr(key)))
    assert not (tmp_path / "home" / "secret.key").exists()


@pytest.mark.parametrize("key", ["", "short", "ü" * 44, "b'" + "A" * 44 + "'"])
def test_a_key_of_another_kind_is_refused_and_not_shown(key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SIGNOFF_SECRET_KEY") as caught:
        cipher_from(Settings(home=tmp_path, secret_key=SecretStr(key)))
    assert not key or key not in str(caught.value)


def test_a_broken_key_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=str(path)):
        cipher_from(Settings(home=tmp_path))


def test_the_command_in_the_message_prints_a_key_that_is_taken() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Cipher("short")
    command = str(caught.value).partition("python -c '")[2].rpartition("'")[0]
    made = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    Cipher(made.stdout.strip())
