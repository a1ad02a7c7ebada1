"""Make the sample documents and their expected data; ``--check`` only says what is not current."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from making import (  # noqa: E402
    bon_de_livraison,
    fatura,
    lieferschein,
    order,
    receipt,
    rechnung,
    scanned_invoice,
    ticket,
)
from making.comparison import is_same  # noqa: E402

SAMPLES = (
    rechnung,
    scanned_invoice,
    fatura,
    ticket,
    receipt,
    lieferschein,
    bon_de_livraison,
    order,
)


def contents() -> Iterator[tuple[str, bytes]]:
    """Every file, by its path in this folder."""
    for sample in SAMPLES:
        yield sample.NAME, sample.make()
        expected = json.dumps(sample.expected(), ensure_ascii=False, indent=2) + "\n"
        yield f"{sample.NAME}.expected.json", expected.encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what is not current; with ``--check``, exit 1 instead if there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    stale = []
    for name, content in contents():
        path = FOLDER / name
        before = path.read_bytes() if path.exists() else b""
        if before == content or (check and before and is_same(name, before, content)):
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    for name in stale:
        print(f"{name}: {'is not what make_samples.py makes' if check else 'made'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
