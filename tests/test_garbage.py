"""A module whose garbage is collected in a thread of its own."""

import subprocess
import sys
from pathlib import Path

ASKING = """
import gc, sys, threading
print(sys.argv[1:], gc.isenabled(), "garbage" in [each.name for each in threading.enumerate()])
"""


def test_a_module_runs_with_its_arguments_and_collects_in_a_thread(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(ASKING, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "signoff.garbage", "asking", "--port", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['--port', '1'] False True"
