"""Counts what a process asks of databases; Python loads this where it is first on PYTHONPATH.

What was counted so far is written to ``$SIGNOFF_COUNTS/<pid>.json``, twice a second.
"""

import json
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import Engine, event

_COUNTS: Counter[str] = Counter()
_NAME = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.I)


def _statement(*arguments: object) -> None:
    text = str(arguments[2])
    found = _NAME.search(text)
    _COUNTS[f"{text.split()[0]} {found[1] if found else ''}".strip()] += 1


def _keep(path: Path) -> None:
    while True:
        time.sleep(0.5)
        written = path.with_suffix(".new")
        written.write_text(json.dumps(dict(_COUNTS)), encoding="utf-8")
        written.replace(path)


if folder := os.environ.get("SIGNOFF_COUNTS"):
    event.listen(Engine, "before_cursor_execute", _statement)
    event.listen(Engine, "commit", lambda _: _COUNTS.update(["COMMIT"]))
    event.listen(Engine, "rollback", lambda _: _COUNTS.update(["ROLLBACK"]))
    kept = Path(folder) / f"{os.getpid()}.json"
    threading.Thread(target=_keep, args=(kept,), daemon=True).start()
