"""Turns a JSON Schema into what to look for: kinds, labels and meanings of its properties."""

from __future__ import annotations

import re
from typing import Any

from signoff.executions.agents import JsonObject
from signoff.extraction.offline.dates import find_dates
from signoff.extraction.offline.labels import (
    STRONG,
    WEAK,
    concepts_by_name,
    key,
    phrases,
    words_of,
)
from signoff.extraction.offline.lexicon import CHOICE_SYNONYMS, Concept, Kind
from signoff.extraction.offline.meanings import meaning_of, role_of, spaced, unfolded
from signoff.extraction.offline.targets import Group, Listing, Node, Path, Table, Target

MAX_DEPTH = 12
MAX_PROPERTIES = 2_000
_BRACKETS = re.compile(r"[(（]([^()（）]{2,300})[)）]")
_LEAD_WORDS = 4


class Planner:
    """Turns one schema into what to look for."""

    def __init__(self, schema: JsonObject) -> None:
        self._root = schema
        self._count = 0

    def plan(self) -> Group:
        """The root object's plan."""
        return self._group((), self._root, required=True, role=None, in_table=False)

    def resolve(self, schema: Any) -> JsonObject:
        """``schema`` with local references, nullable unions and allOf taken apart."""
        merged: JsonObject = {}
        pending = [schema]
        for _ in range(50):
            if not pending:
                break
            part = pending.pop()
            if not isinstance(part, dict):
                continue
            for name, value in part.items():
                if name not in merged:
                    merged[name] = value
                elif name == "properties" and isinstance(value, dict):
                    merged[name] = {**value, **merged[name]}
            reference = part.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                pending.append(self._pointed(reference))
            if isinstance(part.get("allOf"), list):
                pending += part["allOf"]
            for union in ("anyOf", "oneOf"):
                branches = [b for b in part.get(union, ()) if isinstance(b, dict)]
                solid = [b for b in branches if b.get("type") != "null"]
                if solid and "type" not in part and "properties" not in part:
                    pending.append(solid[0])
        return merged

    def _pointed(self, reference: str) -> Any:
        place: Any = self._root
        for step in reference[1:].split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(place, dict) or step not in place:
                return None
            place = place[step]
        return place

    def _node(
        self, path: Path, raw: Any, *, required: bool, role: str | None, in_table: bool
    ) -> Node | None:
        self._count += 1
        if len(path) > MAX_DEPTH or self._count > MAX_PROPERTIES:
            return None
        schema = self.resolve(raw)
        types = _types(schema)
        node: Node | None
        if "object" in types or ("properties" in schema and not types):
            named = words_of(spaced(str(path[-1]))) + words_of(_text(schema, "title"))
            role = role_of(named) or role
            node = self._group(path, schema, required=required, role=role, in_table=in_table)
        elif "array" in types:
            node = self._array(path, schema, required=required, role=role)
        else:
            node = self._target(
                path, schema, types, required=required, role=role, in_table=in_table
            )
        if node is not None:
            node.rule = raw
        return node

    def _group(
        self, path: Path, schema: JsonObject, *, required: bool, role: str | None, in_table: bool
    ) -> Group:
        group = Group(path, schema, required)
        properties = schema.get("properties")
        needed = schema.get("required")
        needed = needed if isinstance(needed, list) else []
        for name, raw in (properties if isinstance(properties, dict) else {}).items():
            node = self._node(
                (*path, name), raw, required=name in needed, role=role, in_table=in_table
            )
            if node is not None:
                group.children[name] = node
        return group

    def _array(
        self, path: Path, schema: JsonObject, *, required: bool, role: str | None
    ) -> Node | None:
        item = self.resolve(schema.get("items"))
        if "object" in _types(item) or "properties" in item:
            row = self._group((*path, 0), item, required=True, role=None, in_table=True)
            return Table(path, schema, required, row) if row.children else None
        node = self._node(
            path, item or {"type": "string"}, required=False, role=role, in_table=False
        )
        return Listing(path, schema, required, node) if isinstance(node, Target) else None

    def _target(
        self,
        path: Path,
        schema: JsonObject,
        types: frozenset[str],
        *,
        required: bool,
        role: str | None,
        in_table: bool,
    ) -> Target | None:
        if types == {"null"}:
            return None
        name = spaced(str(path[-1]))
        own = own_labels(name, schema)
        numbers = types & {"number", "integer"}
        meaning = meaning_of(
            name,
            own,
            _text(schema, "title"),
            role=role,
            in_table=in_table,
            numeric=bool(numbers) and "string" not in types,
        )
        concept = meaning.concept
        if meaning.role == "seller" and meaning.attribute in _ATTRIBUTE_KINDS:
            # the seller's bank and contact details stand anywhere, under labels of their own
            concept = concepts_by_name().get(meaning.attribute)
        target = Target(
            path=path,
            schema=schema,
            kind=Kind.TEXT,
            json_types=types or frozenset({"string"}),
            required=required,
            labels=own,
            concept=concept.name if concept else None,
            role=meaning.role,
            attribute=meaning.attribute,
            choices=choices_of(schema),
            examples=_examples(schema),
        )
        if concept is not None:
            for text, weight in ((concept.strong, STRONG), (concept.weak, WEAK)):
                for phrase in phrases(text):
                    target.labels.setdefault(key(phrase), weight)
        target.labels.pop("", None)
        target.kind = kind_of(target, name, concept)
        return target


def _text(schema: JsonObject, name: str) -> str:
    value = schema.get(name)
    return value if isinstance(value, str) else ""


def _types(schema: JsonObject) -> frozenset[str]:
    value = schema.get("type")
    values = value if isinstance(value, list) else [value]
    types = frozenset(v for v in values if isinstance(v, str))
    return types - {"null"} or types


def _examples(schema: JsonObject) -> tuple[Any, ...]:
    value = schema.get("examples")
    examples = list(value) if isinstance(value, list) else []
    if "example" in schema:
        examples.append(schema["example"])
    return tuple(examples)


def own_labels(name: str, schema: JsonObject) -> dict[str, float]:
    """Label keys that the schema itself gives: name, title, synonyms in brackets."""
    labels: dict[str, float] = {key(name): 1.0}
    labels.setdefault(unfolded(key(name)), 1.0)
    description = _text(schema, "description")
    title = _text(schema, "title")
    texts = [(title, 1.0)]
    for source in (title, description):
        for bracketed in _BRACKETS.findall(source):
            texts += [(part, 1.0) for part in re.split(r"[,;/|]|\bor\b|\boder\b", bracketed)]
    lead = re.split(r"[(,.;:]", description, maxsplit=1)[0]
    texts.append((lead, 0.85))
    for text, weight in texts:
        text = re.sub(r"^\s*(?:e\.g\.|i\.e\.|z\.b\.|for example|such as)\s*", "", text, flags=re.I)
        words = words_of(text.strip(" \"'“”„«»"))
        if 0 < len(words) <= _LEAD_WORDS and len("".join(words)) > 1:
            labels.setdefault("".join(words), weight)
    labels.pop("", None)
    return labels


def choices_of(schema: JsonObject) -> dict[str, Any]:
    """What may stand in a document for each value of an enum, as a key: itself, its synonyms.

    A description may give them in brackets: "cash (bar, espèces) or card (Karte, carte)".
    """
    values = schema.get("enum")
    found: dict[str, Any] = {}
    for value in values if isinstance(values, list) else ():
        if not isinstance(value, str | int | float):
            continue
        named = re.compile(rf"(?<!\w){re.escape(str(value))}\s*\(([^()]{{1,200}})\)", re.IGNORECASE)
        texts = [str(value), spaced(str(value))]
        for match in named.finditer(_text(schema, "description")):
            texts += re.split(r"[,;/|]", match[1])
        texts += CHOICE_SYNONYMS.get(key(str(value)), "").split("|")
        for text in texts:
            if label := key(text):
                found.setdefault(label, value)
    return found


_ATTRIBUTE_KINDS = {
    "vat_id": Kind.VAT_ID,
    "country": Kind.COUNTRY,
    "iban": Kind.IBAN,
    "email": Kind.EMAIL,
    "phone": Kind.PHONE,
}


def kind_of(target: Target, name: str, concept: Concept | None) -> Kind:
    """What the values of a property look like, from type, format, meaning and name."""
    schema, types = target.schema, target.json_types
    if target.concept == "currency":
        return Kind.CURRENCY
    if "enum" in schema:
        return Kind.CHOICE
    if types & {"number", "integer"} and "string" not in types:
        if concept is not None and concept.kind in (Kind.MONEY, Kind.NUMBER, Kind.PERCENT):
            return concept.kind
        words = set(words_of(name))
        if words & {"total", "amount", "price", "cost", "sum", "fee", "betrag", "preis", "montant"}:
            return Kind.MONEY
        return Kind.PERCENT if words & {"percent", "rate", "percentage"} else Kind.NUMBER
    if "boolean" in types:
        return Kind.BOOLEAN
    by_format = {
        "date": Kind.DATE,
        "date-time": Kind.DATE,
        "email": Kind.EMAIL,
        "idn-email": Kind.EMAIL,
        "uri": Kind.URL,
        "iri": Kind.URL,
    }.get(_text(schema, "format"))
    if by_format is not None:
        return by_format
    if target.attribute is not None:
        return _ATTRIBUTE_KINDS.get(target.attribute, Kind.NAME)
    if concept is not None:
        return concept.kind
    return _kind_by_name(target, words_of(name))


def _kind_by_name(target: Target, words: list[str]) -> Kind:
    last = words[-1] if words else ""
    if last in ("date", "datum", "data") or words[:1] == ["date"]:
        return Kind.DATE
    if last in ("nr", "id", "code", "reference", "ref", "sku") or last.endswith("nr"):
        return Kind.IDENTIFIER
    samples = [example for example in target.examples if isinstance(example, str)]
    if samples and all(any(found) for found in (list(find_dates(s)) for s in samples)):
        return Kind.DATE
    if samples and all(" " not in s and any(c.isdigit() for c in s) for s in samples):
        return Kind.IDENTIFIER
    return Kind.TEXT
