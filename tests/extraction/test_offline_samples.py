"""The offline reader on the project's samples, through the parser and the benchmark script."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "offline_accuracy.py"
# those with a text of their own: OCR takes longer and differs between its versions
SAMPLES = ("invoice/rechnung.pdf", "delivery-note/lieferschein.txt")


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=120
    )


def test_the_samples_with_text_are_read_in_full(tmp_path: Path) -> None:
    for name in SAMPLES:
        for suffix in ("", ".expected.json"):
            source = ROOT / "sample_inputs" / (name + suffix)
            shutil.copy(source, tmp_path / source.name)
    result = run_script("--misses", str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "2 documents" in result.stdout
    shares = re.findall(r"^  all .* ([\d.]+)%$", result.stdout, re.MULTILINE)
    assert [float(share) for share in shares] == [100.0, 100.0], result.stdout


def test_a_folder_without_expected_data_is_reported(tmp_path: Path) -> None:
    result = run_script(str(tmp_path))
    assert result.returncode == 1
    assert "0 documents" in result.stdout
