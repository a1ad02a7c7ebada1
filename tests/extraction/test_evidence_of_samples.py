"""The samples' own values are found in the samples, and wrong ones are not."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.offline_accuracy import MemoryRecord, parse, schema_for, schemas
from benchmarks.planted_errors import changed, values
from signoff.executions.pointers import json_pointer
from signoff.extraction.evidence import ground
from signoff.storage.files import FileStore

SAMPLES = Path(__file__).parents[2] / "sample_inputs"


@pytest.mark.parametrize(
    "name", ["invoice/rechnung.pdf", "delivery-note/lieferschein.txt", "purchase-order/order.eml"]
)
def test_every_value_of_a_sample_is_found_and_no_wrong_one(name: str, tmp_path: Path) -> None:
    path = SAMPLES / name
    expected: dict[str, Any] = json.loads(Path(f"{path}.expected.json").read_text(encoding="utf-8"))
    schema = schema_for(expected, schemas())
    documents = parse(path, FileStore(str(tmp_path)), MemoryRecord())
    grounding = ground(expected, schema, documents)
    assert grounding.ungrounded == []
    assert set(grounding.evidence) == {json_pointer(place) for place, _ in values(expected)}
    boxes = [(e.file, e.page, e.box) for e in grounding.evidence.values() if e.box is not None]
    assert len(boxes) > 0.9 * len(grounding.evidence)
    for place, value in list(values(expected))[:12]:
        wrong = value + 0.07 if isinstance(value, int | float) else f"{value[:-1]}{9}"
        if wrong != value:
            data = changed(expected, place, wrong)
            assert json_pointer(place) in ground(data, schema, documents).ungrounded


def test_the_benchmark_counts_who_notices_what(tmp_path: Path) -> None:
    for suffix in ("", ".expected.json"):
        shutil.copy(SAMPLES / f"delivery-note/lieferschein.txt{suffix}", tmp_path)
    script = SAMPLES.parent / "benchmarks" / "planted_errors.py"
    result = subprocess.run(
        [sys.executable, str(script), "--count", "20", "--misses", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    noticed = re.search(r"^all +20 .* (\d+)%$", result.stdout, re.MULTILINE)
    assert noticed is not None, result.stdout
    assert int(noticed[1]) >= 90, result.stdout
    assert re.search(r"ungrounded +0 values", result.stdout), result.stdout
