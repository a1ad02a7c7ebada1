"""Loaded by a worker whose PYTHONPATH names this folder: kills it at the points named.

SIGNOFF_TEST_FAULTS lists points, comma-separated: ``module:attribute:before`` or ``:after``.
Each kills the process once, with SIGKILL; a file in SIGNOFF_TEST_FAULTS_DONE remembers it.
"""

import importlib
import os
import signal
from functools import wraps
from pathlib import Path


def _install(point: str, done: Path) -> None:
    module_name, attribute, when = point.split(":")
    owner = importlib.import_module(module_name)
    *parents, name = attribute.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)

    def die() -> None:
        mark = done / point.replace(":", "__")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    @wraps(original)
    def faulty(*args: object, **kwargs: object) -> object:
        if when == "before":
            die()
        result = original(*args, **kwargs)
        if when == "after":
            die()
        return result

    setattr(owner, name, faulty)


if "worker" in os.environ.get("SIGNOFF_TEST_FAULTS_IN", ""):
    for _point in os.environ["SIGNOFF_TEST_FAULTS"].split(","):
        _install(_point, Path(os.environ["SIGNOFF_TEST_FAULTS_DONE"]))
