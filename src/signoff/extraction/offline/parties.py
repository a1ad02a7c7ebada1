"""Who sells and who buys: labelled blocks, letterhead, address field, footer."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

from signoff.extraction.offline.blocks import (
    Block,
    block_below,
    blocks_on,
    company_in,
    is_name,
    party_of,
    postal_match,
)
from signoff.extraction.offline.fields import right_of
from signoff.extraction.offline.found import Candidate, Corpus
from signoff.extraction.offline.labels import Label, concept_labels, key, phrases, role_labels
from signoff.extraction.offline.layout import PHRASE_GAP, Sheet
from signoff.extraction.offline.lexicon import Kind

Party = dict[str, list[Candidate]]

_ORDER = (
    "purchase order|order|bestellung|bon de commande|commande|encomenda|nota de encomenda|pedido"
    "|ordem de compra|pedido de compra"
)
ORDER_TITLES = frozenset(key(title) for title in phrases(_ORDER))
_FREEMAIL = frozenset({"gmail", "outlook", "hotmail", "yahoo", "example", "icloud", "localhost"})
_SEPARATOR = re.compile(r"\s+[-–—•·●|]\s+|\s*[•●|]\s*|\s{2,}|,\s")
_DOMAIN = re.compile(r"(?:@|www\.|https?://(?:www\.)?)([\w-]+(?:\.[\w-]+)*)\.[a-z]{2,}", re.I)


def find_parties(corpus: Corpus) -> dict[str, Party]:
    """Candidates by role and attribute, best first."""
    parties: dict[str, Party] = {"seller": {}, "buyer": {}, "ship_to": {}, "other": {}}
    sheets = [sheet for sheet in corpus.sheets if sheet.page == 1] or list(corpus.sheets)
    issuer, addressee = ("buyer", "seller") if _is_order(corpus) else ("seller", "buyer")
    for sheet in corpus.sheets:
        _labelled(corpus, sheet, parties)
    taken = {
        key(str(candidate.value))
        for role in ("seller", "buyer", "other")
        for candidate in parties[role].get("name", ())
    }
    for sheet in sheets:
        _letterhead(corpus, sheet, parties, issuer=issuer, addressee=addressee, taken=taken)
    _companies(corpus, parties, issuer=issuer, addressee=addressee)
    _account_holder(corpus, parties[issuer])
    for candidate in parties["ship_to"].get("name", ())[:1]:
        # goods mostly go to who pays
        weaker = Candidate(
            candidate.value, 0.3, "where the goods go", candidate.sheet, candidate.tokens
        )
        _add(parties["buyer"], {"name": weaker})
    _vat_ids(corpus, parties, issuer=issuer)
    for party in parties.values():
        for candidates in party.values():
            candidates.sort(key=lambda candidate: -candidate.score)
    return parties


def _add(party: Party, found: dict[str, Candidate]) -> None:
    for attribute, candidate in found.items():
        party.setdefault(attribute, []).append(candidate)


def _is_order(corpus: Corpus) -> bool:
    """Whether the largest title on a first page is that of a purchase order."""
    titles: list[tuple[float, str]] = []
    known = role_labels()
    for label in (label for labels in corpus.labels.values() for label in labels):
        on_top = label.sheet.page == 1 and label.opens and label.line.middle < 0.45
        if on_top and label.key not in known and not label.colon:
            titles.append((label.line.height, label.key))
    return bool(titles) and max(titles)[1] in ORDER_TITLES


def _labelled(corpus: Corpus, sheet: Sheet, parties: dict[str, Party]) -> None:
    for line in sheet.lines:
        for label in corpus.labels_by_line.get(line, ()):
            role = role_labels().get(label.key)
            if role is None or not label.opens:
                continue
            alone = label.end == label.line.phrase_at(label.start)[1]
            if not (label.colon or alone):
                continue
            found = _labelled_party(corpus, label, alone=alone)
            if found:
                _add(parties[role], found)


def _labelled_party(corpus: Corpus, label: Label, *, alone: bool) -> dict[str, Candidate]:
    run = right_of(corpus, label)
    name = re.split(r" \t |;|,\s*$", run.text.strip(" :\t"))[0].strip(" :,;")
    near = run.start < run.end and label.line.gap_before(run.start) <= PHRASE_GAP
    if name and is_name(name, corpus) and (label.colon or near):
        start, end = run.positions(0, len(name))
        block = block_below(
            corpus,
            label.sheet,
            label.line,
            left=label.line.tokens[run.start].left,
            right=label.line.tokens[run.end - 1].right,
        )
        party = party_of(block, corpus, score=0.7, how="below its party's label")
        company = company_in(name) if "," in name else None
        value = company or re.split(r"\s+[-–•·|]\s+|,\s(?=.*\d)", name)[0]
        tokens = tuple(label.line.tokens[start:end])
        party["name"] = Candidate(
            value, 0.9 * label.sheet.weight, "right of its party's label", label.sheet, tokens
        )
        return party
    if not alone:
        return {}
    block = block_below(corpus, label.sheet, label.line, left=label.left, right=label.right)
    if not block.entries:
        return {}
    return party_of(block, corpus, score=0.85, how="below its party's label")


def _letterhead(
    corpus: Corpus,
    sheet: Sheet,
    parties: dict[str, Party],
    *,
    issuer: str,
    addressee: str,
    taken: set[str],
) -> None:
    sender = _sender_line(corpus, sheet)
    if sender is not None:
        _add(parties[issuer], {"name": sender})
    domains = _domains(corpus)
    blocks = [b for b in blocks_on(sheet) if _is_address(b)]
    issuers, others = [], []
    for block in blocks:
        party = party_of(block, corpus, score=0.55, how="from an address block")
        name = party.get("name")
        if name is None or key(str(name.value)) in taken:
            continue
        same = sender is not None and key(str(sender.value)) == key(str(name.value))
        contact = "phone" in party or "email" in party or bool(corpus.find(Kind.URL, block.text))
        if (
            same
            or matches_domain(str(name.value), domains)
            or contact
            and sender is None
            and not parties[issuer].get("name")
        ):
            issuers.append(party)
        else:
            others.append(party)
    if not issuers and sender is None and others and not parties[issuer].get("name"):
        # the issuer's own address comes first: but a single block further down is the addressee
        first = others[0]["name"].tokens[0]
        if len(others) > 1 or first.top < 0.12:
            issuers.append(others.pop(0))
    for party in issuers[:1]:
        _add(parties[issuer], party)
    for party in others[:1]:
        _add(parties[addressee], party)
    if (title := _largest_text(corpus, sheet)) is not None:
        _add(parties[issuer], {"name": title})


def _is_address(block: Block) -> bool:
    if not 2 <= len(block.entries) <= 12:
        return False
    hits = [i for i, entry in enumerate(block.entries) if postal_match(entry.text)]
    return bool(hits) and hits[0] > 0


def _sender_line(corpus: Corpus, sheet: Sheet) -> Candidate | None:
    """The small line above the address: name, street and town of who sends the letter."""
    for line in sheet.lines:
        if line.middle > 0.4:
            return None
        spans = list(line.phrases)
        if len(spans) > 1 and re.search(r"[•·●|]", line.text):
            spans.append((0, len(line.tokens)))  # the marks may stand far from the words
        for start, end in spans:
            text = line.run(start, end).text
            parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
            if len(parts) < 2 or not any(postal_match(part) for part in parts[1:]):
                continue
            if is_name(parts[0], corpus) and not any(char.isdigit() for char in parts[0]):
                run = line.run(start, end)
                first, last = run.positions(0, len(parts[0]))
                tokens = tuple(line.tokens[first:last])
                return Candidate(parts[0], 0.7 * sheet.weight, "the sender's line", sheet, tokens)
    return None


def _largest_text(corpus: Corpus, sheet: Sheet) -> Candidate | None:
    """What is printed largest at the top of the page, unless it is the document's title."""
    top = [line for line in sheet.lines if line.middle < 0.25]
    if not top:
        return None
    usual = median(line.height for line in sheet.lines)
    best: Candidate | None = None
    for rank, line in enumerate(top):
        for start, end in line.phrases:
            text = " ".join(line.run(start, end).text.split()).strip(" ,;:|")
            if not is_name(text, corpus) or corpus.label_inside(line, start, end) is not None:
                continue
            tokens = tuple(line.tokens[start:end])
            height = median(token.bottom - token.top for token in tokens)
            score = 0.22 + 0.12 * min(height / max(usual, 1e-6) - 1, 1.5) - 0.01 * rank
            if best is None or score > best.score:
                best = Candidate(
                    text, score * sheet.weight, "the largest text on top", sheet, tokens
                )
    return best


def _domains(corpus: Corpus) -> set[str]:
    """The names in the page's web and e-mail addresses."""
    names: set[str] = set()
    for sheet in corpus.sheets:
        for line in sheet.lines:
            for match in _DOMAIN.finditer(line.text):
                name = re.sub(r"[^a-z0-9]", "", match[1].rsplit(".", 1)[-1].casefold())
                if len(name) > 3 and name not in _FREEMAIL:
                    names.add(name)
    return names


def matches_domain(name: str, domains: set[str]) -> bool:
    """Whether a name and one of the web addresses name the same."""
    squeezed = re.sub(r"[^a-z0-9]", "", key(name))
    return len(squeezed) > 3 and any(
        domain in squeezed or (len(squeezed) > 5 and squeezed in domain) for domain in domains
    )


def _companies(corpus: Corpus, parties: dict[str, Party], *, issuer: str, addressee: str) -> None:
    """Names with a legal form: said often, in the footer or like the web address, the issuer's."""
    others = {key(str(c.value)) for c in parties[addressee].get("name", ())}
    others |= {key(str(c.value)) for c in parties["other"].get("name", ())}
    others |= {key(str(c.value)) for c in parties["ship_to"].get("name", ())}
    counts: Counter[str] = Counter()
    places: dict[str, list[Candidate]] = {}
    domains = _domains(corpus)
    for sheet in corpus.sheets:
        for line in sheet.lines:
            for start, end in line.phrases:
                text = line.run(start, end).text
                for part in re.split(r"\s+[-–—•·●|]\s+|\s*[•●|]\s*", text):
                    name = company_in(part)
                    if name is None or key(name) in others:
                        continue
                    counts[key(name)] += 1
                    score = 0.33 + (0.08 if line.middle < 0.15 or line.middle > 0.85 else 0)
                    offset = text.find(name)
                    first, last = line.run(start, end).positions(offset, offset + len(name))
                    tokens = tuple(line.tokens[first:last])
                    places.setdefault(key(name), []).append(
                        Candidate(name, score * sheet.weight, "a company's name", sheet, tokens)
                    )
    for name_key, found in places.items():
        best = max(found, key=lambda candidate: candidate.score)
        bonus = 0.05 * min(counts[name_key] - 1, 3)
        bonus += 0.2 if matches_domain(str(best.value), domains) else 0
        _add(
            parties[issuer],
            {"name": Candidate(best.value, best.score + bonus, best.how, best.sheet, best.tokens)},
        )


def _account_holder(corpus: Corpus, issuer: Party) -> None:
    for label_key in (
        "kontoinhaber",
        "kontoname",
        "accountholder",
        "titulaire",
        "titulaircompte",
        "titulairecompte",
        "titularconta",
        "titular",
    ):
        for label in corpus.labels.get(label_key, ()):
            run = right_of(corpus, label, any_label=False)
            name = run.text.split(" \t ")[0].strip(" :;,-")
            if is_name(name, corpus):
                start, end = run.positions(run.text.find(name), run.text.find(name) + len(name))
                tokens = tuple(label.line.tokens[start:end])
                _add(
                    issuer,
                    {"name": Candidate(name, 0.36, "the account's holder", label.sheet, tokens)},
                )


def _vat_ids(corpus: Corpus, parties: dict[str, Party], *, issuer: str) -> None:
    """VAT ids outside the parties' blocks: the issuer's, most of all those in the footer."""
    known = {
        str(c.value)
        for role, party in parties.items()
        if role != issuer
        for c in party.get("vat_id", ())
    }
    for sheet in corpus.sheets:
        for line in sheet.lines:
            run = line.run()
            labels = corpus.labels_by_line.get(line, ())
            labelled = any(
                concept == "vat_id"
                for label in labels
                for concept, _ in concept_labels().get(label.key, ())
            )
            for match in corpus.find(Kind.VAT_ID, run.text, labelled=labelled):
                if match.value in known:
                    continue
                start, end = run.positions(match.start, match.end)
                tokens = tuple(line.tokens[start:end])
                before = run.text[: match.start]
                score = 0.45 * match.quality * sheet.weight
                score += 0.12 if line.middle > 0.85 or line.middle < 0.12 else 0.0
                score += 0.08 if labelled else 0.0
                score -= 0.02 * sheet.page
                role = issuer
                if re.search(r"client|customer|kunde|ihre|your|buyer|votre|destinat", before, re.I):
                    role = "buyer" if issuer == "seller" else "seller"
                _add(
                    parties[role],
                    {"vat_id": Candidate(match.value, score, "by its shape", sheet, tokens)},
                )
