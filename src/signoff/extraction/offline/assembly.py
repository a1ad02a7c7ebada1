"""The answer put together: each property's best candidate that its schema takes."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from jsonschema.validators import Draft202012Validator

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Evidence
from signoff.executions.validation import json_pointer
from signoff.extraction.offline.fields import candidates_for, choose, from_form_fields
from signoff.extraction.offline.found import Candidate, Corpus, as_json
from signoff.extraction.offline.letterhead import Party
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.open_rows import Row
from signoff.extraction.offline.parties import find_parties
from signoff.extraction.offline.rating import rated, row_fit
from signoff.extraction.offline.receipts import receipt_rows
from signoff.extraction.offline.tables import TableReader, flat_row
from signoff.extraction.offline.targets import Group, Listing, Node, Path, Table, Target, targets_of
from signoff.extraction.offline.totals import NAMES as TOTALS
from signoff.extraction.offline.totals import Totals, find_totals

logger = logging.getLogger(__name__)

MIN_SCORE = 0.18
MAX_LISTED = 50


class Assembler:
    """Builds the data of one reading, with confidence and evidence by JSON pointer."""

    def __init__(self, schema: JsonObject, plan: Group) -> None:
        self._plan = plan
        self._validator = Draft202012Validator(
            schema, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        self.confidence: dict[str, float] = {}
        self.evidence: dict[str, Evidence] = {}
        self.how: dict[str, str] = {}
        self.rows_left_out = 0
        self._totals: Totals = {}
        self._parties: dict[str, Party] = {}
        self._tables: dict[Path, TableReader] = {}

    def accept(self, target: Target, value: Any) -> Any:
        """``value`` as JSON if the property's own schema takes it, else ``None``."""
        for variant in _variants(target, value):
            converted = as_json(variant, target.json_types, str(target.schema.get("format", "")))
            if converted is not None and self._is_valid(target.rule, converted):
                return converted
        return None

    def _is_valid(self, schema: Any, value: Any) -> bool:
        try:
            return bool(self._validator.evolve(schema=schema).is_valid(value))
        except Exception as error:  # a regular expression or reference that does not compile
            logger.debug("a property's schema cannot be applied: %s", error)
            return False

    def _may_be_null(self, node: Node) -> bool:
        required = isinstance(node, Target) and node.required
        return required and self._is_valid(node.rule, None)

    def assemble(self, corpus: Corpus, tables: Sequence[TableReader]) -> JsonObject:
        """The data found; an empty object when there is none."""
        self._tables = {table.table.path: table for table in tables}
        wanted = list(targets_of(self._plan))
        own = {t.concept: t.labels for t in wanted if t.concept in TOTALS}
        if own:
            self._totals = find_totals(corpus, {str(k): v for k, v in own.items()})
        if any(target.role for target in wanted) or any(t.concept == "vat_id" for t in wanted):
            self._parties = find_parties(corpus)
        data = self._group(self._plan, corpus)
        return data or {}

    def _group(self, group: Group, corpus: Corpus) -> JsonObject | None:
        data: JsonObject = {}
        for name, child in group.children.items():
            value = self._value(child, corpus)
            if value is not None:
                data[name] = value
        if not data:
            return None
        for name, child in group.children.items():
            # "not stated" is a valid answer where the schema says so
            if name not in data and self._may_be_null(child):
                data[name] = None
        if not group.required and not self._is_valid(group.rule, data):
            self._forget(group.path)
            return None
        return data

    def _forget(self, path: Path) -> None:
        prefix = json_pointer(path)
        for table in (self.confidence, self.evidence, self.how):
            for pointer in [p for p in table if p == prefix or p.startswith(prefix + "/")]:
                del table[pointer]

    def _value(self, node: Node, corpus: Corpus) -> Any:
        if isinstance(node, Group):
            return self._group(node, corpus)
        if isinstance(node, Table):
            return self._table(node, corpus)
        if isinstance(node, Listing):
            return self._listing(node, corpus)
        candidates = self._candidates(node, corpus)
        for candidate in candidates:
            if candidate.score < MIN_SCORE:
                break
            value = self.accept(node, candidate.value)
            if value is not None:
                self._record(node.path, candidate, rated(candidate, candidates))
                return value
        return None

    def _candidates(self, target: Target, corpus: Corpus) -> list[Candidate]:
        if target.concept in self._totals:
            filled_in = list(from_form_fields(target, corpus))
            return [*filled_in, *self._with_net_of_untaxed(str(target.concept))]
        if target.role is not None and target.attribute is not None:
            found = self._of_party(target.role, target.attribute)
            if target.concept is not None and target.concept != "vat_id":
                found = [*found, *candidates_for(target, corpus)]
            return found
        if target.concept == "vat_id":
            found = self._parties.get("seller", {}).get("vat_id", [])
            return [*found, *candidates_for(target, corpus)]
        return candidates_for(target, corpus)

    def _with_net_of_untaxed(self, name: str) -> list[Candidate]:
        found = self._totals[name]
        taxes = self._totals["total_tax"]
        taxed = any(tax.value and tax.how == "right of its label" for tax in taxes)
        if name == "total_net" and not found and not taxed:
            return [
                Candidate(c.value, 0.3, "the total, as no tax is named", c.sheet, c.tokens)
                for c in self._totals["total_gross"][:1]
            ]
        return found

    def _of_party(self, role: str, attribute: str) -> list[Candidate]:
        party = self._parties.get(role, {})
        found = party.get(attribute, [])
        names = party.get("name", [])
        if attribute not in ("name", "vat_id") and len(names) > 1:
            # the address belongs to the name that was chosen
            top = names[0]
            same = [c for c in found if c.how == top.how]
            return same + [c for c in found if c not in same]
        return found

    def _record(self, path: Path, candidate: Candidate, confidence: float) -> None:
        pointer = json_pointer(path)
        self.confidence[pointer] = confidence
        self.how[pointer] = candidate.how
        evidence = candidate.evidence()
        if evidence is not None:
            self.evidence[pointer] = evidence

    def _listing(self, node: Listing, corpus: Corpus) -> list[Any] | None:
        values: list[Any] = []
        for candidate in candidates_for(node.item, corpus)[: MAX_LISTED * 4]:
            value = self.accept(node.item, candidate.value)
            if value is None or value in values or candidate.score < 0.35:
                continue
            self._record((*node.path, len(values)), candidate, rated(candidate))
            values.append(value)
            if len(values) == MAX_LISTED:
                break
        if not values:
            return None
        if not self._is_valid(node.rule, values):
            self._forget(node.path)
            return None
        return values

    def _table(self, node: Table, corpus: Corpus) -> list[JsonObject] | None:
        reader = self._tables.get(node.path)
        rows = reader.rows() if reader is not None else []
        if not rows:
            rows = receipt_rows(corpus, node, self.accept)
        needed = {n for n, child in node.row.children.items() if getattr(child, "required", False)}
        complete = [row for row in rows if needed <= {name.split("/")[0] for name in row}]
        # a heading or a remark read as a row lacks what every row must have
        kept = complete if len(complete) * 2 >= len(rows) else rows
        self.rows_left_out += len(rows) - len(kept)
        data: list[JsonObject] = []
        for row in kept:
            item = self._row(node, row, len(data))
            if item:
                data.append(item)
        if not data:
            return None
        return data

    def _row(self, node: Table, row: Row, index: int) -> JsonObject:
        item: JsonObject = {}
        numbers = {
            target.concept: row[name].value
            for name, target in flat_row(node.row).items()
            if name in row
        }
        fit = row_fit(*(_number(numbers.get(c)) for c in ("quantity", "unit_price", "amount")))
        for name, candidate in row.items():
            place = item
            steps = name.split("/") if name not in node.row.children else [name]
            for step in steps[:-1]:
                place = place.setdefault(step, {})
            place[steps[-1]] = candidate.value
            self._record((*node.path, index, *steps), candidate, rated(candidate, fit=fit))
        for name, child in node.row.children.items():
            if name not in item and self._may_be_null(child):
                item[name] = None
        return item


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _variants(target: Target, value: Any) -> list[Any]:
    """The forms in which a value may meet the property's schema."""
    if not isinstance(value, str):
        if target.kind is Kind.CHOICE:
            return [value, str(value)]
        return [value]
    if target.choices:
        chosen = value if value in target.choices.values() else choose(target, value)
        return [] if chosen is None else [chosen]
    if target.schema.get("format") == "time":
        return [value, f"{value}Z", f"{value}:00Z"]
    variants = [value, value.upper(), re.sub(r"\s+", "", value), re.sub(r"[\s.\-]", "", value)]
    return list(dict.fromkeys(variants))
