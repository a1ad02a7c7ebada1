"""The sample agents' checks: silent on right data, loud on wrong amounts, dates and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from signoff.executions.agent_files import read_agent_file
from signoff.executions.extractions import CheckResult, CheckStatus
from signoff.extraction.checks import run_checks

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "sample_inputs"
SHARED = ROOT.parent / "shared" / "data" / "manifest.json"
SUFFIX = ".expected.json"
NAMES = sorted(
    str(path.relative_to(SAMPLES)).removesuffix(SUFFIX) for path in SAMPLES.glob(f"*/*{SUFFIX}")
)


def failed(agent: str, data: dict[str, Any]) -> list[CheckResult]:
    checks = read_agent_file(SAMPLES / "agents" / f"{agent}.yaml", {}).checks
    return [r for r in run_checks(checks, data) if r.status is CheckStatus.FAILED]


def sample(name: str) -> tuple[str, dict[str, Any]]:
    text = (SAMPLES / f"{name}{SUFFIX}").read_text("utf-8")
    return Path(name).parent.name, json.loads(text)


def numbers_in(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, int | float):
        yield path
    for key, value in data.items() if isinstance(data, dict) else []:
        yield from numbers_in(value, (*path, key))
    for index, value in enumerate(data) if isinstance(data, list) else []:
        yield from numbers_in(value, (*path, index))


@pytest.mark.parametrize("name", NAMES)
def test_right_data_of_a_sample_fails_no_check(name: str):
    assert failed(*sample(name)) == []


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("delivery-note/")])
def test_wrong_amounts_and_totals_fail_a_check(name: str):
    agent, right = sample(name)
    amounts = [
        path
        for path in numbers_in(right)
        if path[-1] in ("amount", "total", "total_net", "total_tax", "total_gross")
    ]
    assert amounts
    for path in amounts:
        data = deepcopy(right)
        place: Any = data
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = round(place[path[-1]] + 0.1, 2)
        assert failed(agent, data), path


@pytest.mark.parametrize(
    ("place", "key", "value", "check"),
    [
        ("seller", "iban", "PT50000201231234567890155", "IBAN"),
        ("seller", "vat_id", "PT512345679", "VAT id"),
        (None, "due_date", "2026-04-11", "due after issue"),
    ],
)
def test_a_wrong_digit_or_month_fails_its_check(place: str, key: str, value: str, check: str):
    agent, data = sample("invoice/fatura.png")
    (data[place] if place else data)[key] = value
    [result] = failed(agent, data)
    assert result.name == check
    assert value in result.message


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here")
def test_other_peoples_right_totals_and_dates_send_no_model_back():
    for entry in json.loads(SHARED.read_text("utf-8")):
        if (expected := entry.get("expected")) is None:
            continue
        data = {key: value for key, value in expected.items() if value is not None}
        data["invoice_date"] = data["date"]
        again = [result for result in failed("invoice", data) if result.on_failure != "flag"]
        assert again == [], entry["file"]
