"""What an address block says of a party: its name, street, town, contacts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.extraction.offline.blocks import (
    KEY_VALUE,
    Block,
    Entry,
    has_legal_form,
    is_name,
    postal_match,
)
from signoff.extraction.offline.found import Candidate, Corpus
from signoff.extraction.offline.labels import words_of
from signoff.extraction.offline.layout import Token
from signoff.extraction.offline.lexicon import COUNTRIES, Kind
from signoff.extraction.offline.meanings import attribute_of

_COUNTRY_PREFIX = {"D": "DE", "A": "AT", "F": "FR", "P": "PT", "E": "ES", "I": "IT", "B": "BE"}
_SALUTATION = re.compile(
    r"^(?:herrn?|frau|firma|fa\.|an|mr\.?|mrs\.?|ms\.?|m\.|mme\.?|monsieur|madame|messrs\.?"
    r"|exmos?\.? ?srs?\.?|attn\.?:?|attention:?|to:?|à:?|an:|z\. ?hd\.?)\s*(?=\s|$)",
    re.IGNORECASE,
)
_REMARK = re.compile(r"\(.*\)$|[\W\d]*$")
_PLACES = frozenset({"street", "postal_code", "country"})


def party_of(block: Block, corpus: Corpus, *, score: float, how: str) -> dict[str, Candidate]:
    """What a block says of a party, by attribute."""
    party: dict[str, Candidate] = {}
    plain: list[int] = []
    places: list[int] = []
    name_at: int | None = None

    def take(attribute: str, value: str, tokens: tuple[Token, ...]) -> None:
        weight = score * block.sheet.weight
        party.setdefault(attribute, Candidate(value, weight, how, block.sheet, tokens))

    for position, entry in enumerate(block.entries):
        for attribute, value in _attributes(entry, corpus):
            if attribute in _PLACES:
                places.append(position)
            if attribute != "plain":
                take(attribute, value, entry.tokens)
            elif name_at is None:
                if is_name(value, corpus) and not _is_street(block, position, value):
                    name_at = position
                    take("name", value, entry.tokens)
            elif position == name_at + 1 and _continues(str(party["name"].value), value):
                before = party.pop("name")
                take("name", f"{before.value} {value}", before.tokens + entry.tokens)
            elif not _REMARK.match(value) and not corpus.find(Kind.DATE, value):
                plain.append(position)
                if any(char.isdigit() for char in value) and not places:
                    take("street", value, entry.tokens)
    lines = _address_lines(block, plain, places)
    if lines:
        text = ", ".join(_plain(entry.text) for entry in lines)
        take("address", text, tuple(token for entry in lines for token in entry.tokens))
    return party


def _is_street(block: Block, position: int, text: str) -> bool:
    """Whether a line ends in a house number, right above the town."""
    below = block.entries[position + 1 : position + 2]
    numbered = re.search(r"\d+\s?[A-Za-z]?$", text) is not None and not has_legal_form(text)
    return numbered and any(postal_match(entry.text) for entry in below)


def _address_lines(block: Block, plain: list[int], places: list[int]) -> list[Entry]:
    """The lines from the street to the last that names a place."""
    if not places:
        return []
    lines = sorted({*places, *(p for p in plain if p < places[-1])})
    # a person or a department before the street is no part of it
    while lines and lines[0] in plain and not _opens_address(block.entries[lines[0]].text):
        lines.pop(0)
    return [block.entries[position] for position in lines]


def _opens_address(text: str) -> bool:
    return any(char.isdigit() for char in text) or text.rstrip().endswith(",")


def _continues(name: str, value: str) -> bool:
    return (
        has_legal_form(value)
        and not has_legal_form(name)
        and not any(char.isdigit() for char in value)
    )


def _plain(text: str) -> str:
    match = KEY_VALUE.match(text)
    return " ".join((match[2] if match and match[2] else text).split()).strip(" ,;")


def _attributes(entry: Entry, corpus: Corpus) -> Iterator[tuple[str, str]]:
    text = " ".join(entry.text.split())
    found = False
    for attribute, kind in (
        ("vat_id", Kind.VAT_ID),
        ("email", Kind.EMAIL),
        ("iban", Kind.IBAN),
    ):
        for match in corpus.find(kind, text, labelled=False):
            found = True
            yield attribute, match.value
            break
    if found:
        return
    if pair := KEY_VALUE.match(text):
        named = attribute_of(words_of(pair[1]))
        value = pair[2].strip()
        if named in ("name", "contact") and value:
            yield ("plain" if named == "name" else named), value
            return
        if named not in ("address", "street", "city", "postal_code") or not value:
            for match in corpus.find(Kind.PHONE, value):
                yield "phone", match.value
                break
            return
        text = value
    text = _SALUTATION.sub("", text).strip()
    if not text:
        return
    if place := postal_match(text):
        yield from _place(place, text)
        return
    if (code := COUNTRIES.get(text.casefold().strip(" ,."))) is not None:
        yield "country", code
        return
    for phone in corpus.find(Kind.PHONE, text):
        yield "phone", phone.value
        return
    if corpus.find(Kind.URL, text):
        return
    yield "plain", text.strip(" ,;|•·●–-")


def _place(match: re.Match[str], text: str) -> Iterator[tuple[str, str]]:
    groups = match.groupdict()
    code = groups["code"]
    country = groups.get("country")
    if country:
        code = code[len(country) :].lstrip("- ")
        country = _COUNTRY_PREFIX.get(country, country)
        if len(country) == 2:
            yield "country", country
    before = text[: match.start()].strip(" ,;-–")
    if before and any(char.isdigit() for char in before):
        yield "street", before
    yield "postal_code", code
    if groups.get("city"):
        yield "city", groups["city"].strip(" ,")
