"""Whether the code that this process has loaded is still the code that is installed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

PACKAGES = ("signoff", "flows", "tasks")

_loaded_at = time.time()


def changed_files() -> list[str]:
    """Files of our packages that were written after this process had started."""
    changed = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] not in PACKAGES or file is None:
            continue
        path = Path(file)
        if not path.exists() or path.stat().st_mtime > _loaded_at:
            changed.append(file)
    return sorted(changed)
