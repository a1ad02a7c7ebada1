"""Requests that schemathesis makes up from the API's own description."""

import re
import subprocess
import sys
from pathlib import Path

from support.api_server import ApiServer


def try_made_up_requests(
    api: ApiServer, folder: Path, *, scheme: str, paths: str, seconds: int, unsuitable: str
) -> int:
    """Fail on a 500 or an answer that is not described; returns how many operations were tried.

    Args:
        api: the server.
        folder: where schemathesis may write.
        scheme: of the Authorization header.
        paths: a pattern; operations of other paths are left alone.
        seconds: how long it goes on.
        unsuitable: checks that are not made.
    """
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{api.url}/openapi.json",
            "--header",
            f"Authorization: {scheme} {api.token}",
            "--include-path-regex",
            paths,
            "--exclude-checks",
            unsuitable,
            # always the same requests: what CI says must not depend on luck
            "--seed",
            "20261122",
            "--max-time",
            str(seconds),
            "--generation-database",
            "none",
            "--no-color",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: +(\d+)", done.stdout)
    assert tested is not None
    return int(tested[1])
