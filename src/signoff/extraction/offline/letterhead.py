"""Who issued a document and to whom, where no label says so: letterhead, address, footer."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

from signoff.extraction.offline.addresses import party_of
from signoff.extraction.offline.blocks import (
    Block,
    blocks_on,
    company_in,
    heads_party,
    is_name,
    postal_match,
)
from signoff.extraction.offline.found import Candidate, Corpus
from signoff.extraction.offline.labels import key
from signoff.extraction.offline.layout import Sheet, union_box
from signoff.extraction.offline.lexicon import Kind

Party = dict[str, list[Candidate]]

_FREEMAIL = frozenset({"gmail", "outlook", "hotmail", "yahoo", "example", "icloud", "localhost"})
_PARTS = re.compile(r"\s+[-–—•·●|]\s+|\s*[•●|]\s*")
_SEPARATOR = re.compile(rf"{_PARTS.pattern}|\s{{2,}}|,\s")
_DOMAIN = re.compile(
    r"(?:@|www\.|https?://(?:www\.)?)([\w-]+(?:\.[\w-]+)*)\.[a-z]{2,}", re.IGNORECASE
)


def add_party(party: Party, found: dict[str, Candidate]) -> None:
    """Add candidates to a party's."""
    for attribute, candidate in found.items():
        party.setdefault(attribute, []).append(candidate)


def read_letterhead(
    corpus: Corpus, sheet: Sheet, parties: dict[str, Party], *, issuer: str, addressee: str
) -> None:
    """Add what a first page's head and address field say of issuer and addressee."""
    taken = {
        key(str(candidate.value))
        for role in ("seller", "buyer", "other")
        for candidate in parties[role].get("name", ())
    }
    senders = _sender_line(corpus, sheet)
    sender = senders.get("name")
    add_party(parties[issuer], senders)
    domains = web_names(corpus)
    issuers, others = [], []
    for block in blocks_on(corpus, sheet):
        if not _is_address(block) or any(heads_party(corpus, entry) for entry in block.entries):
            continue
        party = party_of(block, corpus, score=0.55, how="from an address block")
        name = party.get("name")
        if name is None or key(str(name.value)) in taken:
            continue
        same = sender is not None and key(str(sender.value)) == key(str(name.value))
        contact = "phone" in party or "email" in party or bool(corpus.find(Kind.URL, block.text))
        known = sender is not None or bool(parties[issuer].get("name"))
        if same or matches_web(str(name.value), domains) or (contact and not known):
            issuers.append(party)
        else:
            others.append(party)
    # the issuer's own address comes first; but one further down, alone, is the addressee's
    if not issuers and sender is None and others and not parties[issuer].get("name"):
        head = others[0]["name"].tokens[0].top
        box = union_box(others[0]["name"].tokens)
        on_top = head < 0.12 or sheet.lines[0].top > head - 0.01
        # at the top right stands the addressee where windows of envelopes are on the right
        if len(others) > 1 or (on_top and box[0] < 0.55):
            issuers.append(others.pop(0))
    for party in issuers[:1]:
        add_party(parties[issuer], party)
    for party in others[:1]:
        add_party(parties[addressee], party)
    if (title := _largest_text(corpus, sheet)) is not None:
        add_party(parties[issuer], {"name": title})


def _is_address(block: Block) -> bool:
    if not 2 <= len(block.entries) <= 12:
        return False
    hits = [i for i, entry in enumerate(block.entries) if postal_match(entry.text)]
    return bool(hits) and hits[0] > 0


def _sender_line(corpus: Corpus, sheet: Sheet) -> dict[str, Candidate]:
    """The small line above the address: name, street and town of who sends the letter."""
    for line in sheet.lines:
        if line.middle > 0.4:
            break
        spans = list(line.phrases)
        if len(spans) > 1 and re.search(r"[•·●|]", line.text):
            spans.append((0, len(line.tokens)))  # the marks may stand far from the words
        for start, end in spans:
            text = line.run(start, end).text
            parts = [part.strip() for part in _PARTS.split(text) if part.strip()]
            if len(parts) < 3:
                parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
            if len(parts) < 3 or not postal_match(", ".join(parts[2:])):
                continue
            if not any(char.isalpha() for char in parts[1]):
                continue  # a street with its number behind a comma
            if is_name(parts[0], corpus) and not any(char.isdigit() for char in parts[0]):
                run = line.run(start, end)
                first, last = run.positions(0, len(parts[0]))
                name, rest = tuple(line.tokens[first:last]), tuple(line.tokens[last:end])
                score, how = 0.7 * sheet.weight, "the sender's line"
                town = next((i for i in range(2, len(parts)) if postal_match(parts[i])), 0)
                text = ", ".join(parts[1 : town + 1] if town else parts[1:])
                address = Candidate(text, score, how, sheet, rest)
                return {"name": Candidate(parts[0], score, how, sheet, name), "address": address}
    return {}


def _largest_text(corpus: Corpus, sheet: Sheet) -> Candidate | None:
    """What is printed largest at the top of the page, unless it is the document's title."""
    top = [line for line in sheet.lines if line.middle < 0.25]
    if not top:
        return None
    usual = median(line.height for line in sheet.lines)
    best: Candidate | None = None
    for rank, line in enumerate(top):
        for start, end in line.phrases:
            text = " ".join(line.run(start, end).text.split()).strip(" ,;:|*")
            if not is_name(text, corpus) or corpus.label_inside(line, start, end) is not None:
                continue
            tokens = tuple(line.tokens[start:end])
            if sum(char.isalpha() for char in text) < 4 or min(t.confidence for t in tokens) < 0.3:
                continue  # a logo that OCR took for letters
            height = median(token.bottom - token.top for token in tokens)
            score = 0.22 + 0.12 * min(height / max(usual, 1e-6) - 1, 1.5) - 0.01 * rank
            score = score * sheet.weight
            if best is None or score > best.score:
                best = Candidate(text, score, "the largest text on top", sheet, tokens)
    return best


def web_names(corpus: Corpus) -> set[str]:
    """The names in the pages' web and e-mail addresses, but for the mail's recipients'."""
    names: set[str] = set()
    for sheet in corpus.sheets:
        for line in sheet.lines:
            names |= _names_in(line.text)
    return names - _names_in(corpus.headers.get("to", ""))


def _names_in(text: str) -> set[str]:
    found = (
        re.sub(r"[^a-z0-9]", "", match[1].rsplit(".", 1)[-1].casefold())
        for match in _DOMAIN.finditer(text)
    )
    return {name for name in found if len(name) > 3 and name not in _FREEMAIL}


def matches_web(name: str, domains: set[str]) -> bool:
    """Whether a name and one of the web addresses name the same."""
    squeezed = key(name)
    return len(squeezed) > 3 and any(
        domain in squeezed or (len(squeezed) > 5 and squeezed in domain) for domain in domains
    )


def companies(corpus: Corpus, parties: dict[str, Party], *, issuer: str, addressee: str) -> None:
    """Names with a legal form: said often, in the footer or like the web address, the issuer's."""
    others = {
        key(str(candidate.value))
        for role in (addressee, "other", "ship_to")
        for candidate in parties[role].get("name", ())
    }
    counts: Counter[str] = Counter()
    places: dict[str, Candidate] = {}
    domains = web_names(corpus)
    for sheet in corpus.sheets:
        for line in sheet.lines:
            for start, end in line.phrases:
                run = line.run(start, end)
                for part in _PARTS.split(run.text):
                    name = company_in(part)
                    own = name is not None and matches_web(name, domains)
                    if name is None or (key(name) in others and not own):
                        continue
                    counts[key(name)] += 1
                    score = 0.33 + (0.08 if line.middle < 0.15 or line.middle > 0.85 else 0)
                    score = (score + 0.2 * own) * sheet.weight
                    offset = run.text.find(name)
                    first, last = run.positions(offset, offset + len(name))
                    tokens = tuple(line.tokens[first:last])
                    found = Candidate(name, score, "a company's name", sheet, tokens)
                    best = places.get(key(name), found)
                    places[key(name)] = max(best, found, key=lambda each: each.score)
    for name_key, best in places.items():
        score = best.score + 0.05 * min(counts[name_key] - 1, 3)
        named = Candidate(best.value, score, best.how, best.sheet, best.tokens)
        add_party(parties[issuer], {"name": named})
