"""The examples of docs/checks.md are taken as they stand there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import yaml

from signoff.executions.agent_files import validate_agent
from signoff.executions.checks import Check
from signoff.settings import get_settings

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"


def examples() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        content = yaml.safe_load(block)
        found += content["checks"] if isinstance(content, dict) else content
    return found


@pytest.fixture
def our_checks(monkeypatch: pytest.MonkeyPatch):
    module = ModuleType("our_checks")
    exec("def known_supplier(data): return True", module.__dict__)
    monkeypatch.setitem(sys.modules, "our_checks", module)
    monkeypatch.setenv("SIGNOFF_CHECK_MODULES", '["our_checks"]')
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_every_type_has_an_example():
    types = {model.model_fields["type"].default for model in get_args(get_args(Check)[0])}
    assert {check["type"] for check in examples()} == types


@pytest.mark.usefixtures("our_checks")
def test_the_examples_are_an_agents_checks():
    row = {name: {"type": "number"} for name in ("quantity", "unit_price", "amount")}
    rows = {
        "type": "array",
        "items": {"type": "object", "properties": {**row, "article": {"type": "string"}}},
    }
    numbers = ["total_net", "total_tax", "total_gross", "discount", "total", "tax"]
    texts = ["order_date", "delivery_date", "due_date", "currency", "payment_method", "kind"]
    seller = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("name", "iban", "vat_id")},
    }
    schema = {
        "type": "object",
        "properties": {
            **{name: {"type": "number"} for name in numbers},
            **{name: {"type": "string"} for name in texts},
            "lines": rows,
            "items": rows,
            "seller": seller,
        },
    }
    agent = validate_agent(
        {"name": "a", "data_schema": schema, "checks": examples()}, source="the page"
    )
    assert len(agent.checks) == len(examples())
