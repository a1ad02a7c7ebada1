"""Who sells and who buys: labelled blocks first, then what the letterhead tells."""

from __future__ import annotations

import re
from email.utils import parseaddr

from signoff.extraction.offline.addresses import party_of
from signoff.extraction.offline.blocks import (
    block_below,
    company_in,
    ends_phrase,
    is_name,
)
from signoff.extraction.offline.fields import is_concept, right_of
from signoff.extraction.offline.found import Candidate, Corpus
from signoff.extraction.offline.labels import Label, concept_labels, key, phrases, role_labels
from signoff.extraction.offline.layout import PHRASE_GAP, Sheet
from signoff.extraction.offline.letterhead import Party, add_party, companies, read_letterhead
from signoff.extraction.offline.lexicon import DOCUMENT_TITLES, Kind

_ORDERS = frozenset(key(title) for title in phrases(DOCUMENT_TITLES["order"]))
_OTHERS = frozenset(
    {key(title) for title in phrases(DOCUMENT_TITLES["other"])}
    | {label for label, uses in concept_labels().items() if dict(uses).get("invoice_number")}
)
_HOLDERS = frozenset(
    key(label)
    for label in phrases(
        "kontoinhaber|kontoname|account holder|account name|titulaire|titulaire du compte"
        "|titular da conta|titular|bénéficiaire|beneficiary"
    )
)
_OF_THE_BUYER = re.compile(r"client|customer|kunde|ihre|your|buyer|votre|destinat", re.IGNORECASE)


def find_parties(corpus: Corpus) -> dict[str, Party]:
    """Candidates by role and attribute, best first."""
    parties: dict[str, Party] = {"seller": {}, "buyer": {}, "ship_to": {}, "other": {}}
    issuer, addressee = ("buyer", "seller") if is_order(corpus) else ("seller", "buyer")
    for sheet in corpus.sheets:
        _labelled(corpus, sheet, parties)
    first_pages = [sheet for sheet in corpus.sheets if sheet.page == 1] or list(corpus.sheets)
    for sheet in first_pages:
        read_letterhead(corpus, sheet, parties, issuer=issuer, addressee=addressee)
    companies(corpus, parties, issuer=issuer, addressee=addressee)
    _account_holder(corpus, parties["seller"])
    _mail_sender(corpus, parties[issuer])
    for candidate in parties["ship_to"].get("name", ())[:1]:
        # goods mostly go to who pays
        weaker = Candidate(
            candidate.value, 0.3, "where the goods go", candidate.sheet, candidate.tokens
        )
        add_party(parties["buyer"], {"name": weaker})
    _vat_ids(corpus, parties, issuer=issuer)
    for party in parties.values():
        for candidates in party.values():
            candidates.sort(key=lambda candidate: -candidate.score)
    return parties


def is_order(corpus: Corpus) -> bool:
    """Whether the first page's title, its largest or else its first, is a purchase order's."""
    ranks = {
        (round(label.line.height, 3), -label.line.middle, label_key)
        for label_key in _ORDERS | _OTHERS
        for label in corpus.labels.get(label_key, ())
        if label.sheet.page == 1 and label.opens and label.line.middle <= 0.5
    }
    # an invoice names its order's number, too
    if any(label_key in _OTHERS for _, _, label_key in ranks):
        ranks = {rank for rank in ranks if not (rank[2] in _ORDERS and rank[2].endswith("nr"))}
    return bool(ranks) and max(ranks)[2] in _ORDERS


def _labelled(corpus: Corpus, sheet: Sheet, parties: dict[str, Party]) -> None:
    for line in sheet.lines:
        for label in corpus.labels_by_line.get(line, ()):
            role = role_labels().get(label.key)
            if role is None or not label.opens:
                continue
            alone = ends_phrase(label)
            if (label.colon or alone) and (found := _labelled_party(corpus, label, alone=alone)):
                add_party(parties[role], found)


def _labelled_party(corpus: Corpus, label: Label, *, alone: bool) -> dict[str, Candidate]:
    run = right_of(corpus, label)
    name = re.split(r" \t |;|,\s*$", run.text.strip(" :\t"))[0].strip(" :,;")
    near = run.start < run.end and label.line.gap_before(run.start) <= PHRASE_GAP
    if name and is_name(name, corpus) and (label.colon or near):
        offset = run.text.find(name)
        start, end = run.positions(offset, offset + len(name))
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


def _account_holder(corpus: Corpus, seller: Party) -> None:
    for label_key in _HOLDERS:
        for label in corpus.labels.get(label_key, ()):
            run = right_of(corpus, label, any_label=False)
            name = run.text.split(" \t ")[0].strip(" :;,-")
            if is_name(name, corpus):
                start, end = run.positions(run.text.find(name), run.text.find(name) + len(name))
                tokens = tuple(label.line.tokens[start:end])
                found = Candidate(name, 0.36, "the account's holder", label.sheet, tokens)
                add_party(seller, {"name": found})


def _mail_sender(corpus: Corpus, issuer: Party) -> None:
    name, address = parseaddr(corpus.headers.get("from", ""))
    found: dict[str, Candidate] = {}
    if address:
        found["email"] = Candidate(address, 0.4, "the mail's sender")
    if name:
        found["contact"] = Candidate(name, 0.35, "the mail's sender")
        if is_name(name, corpus):
            found["name"] = Candidate(name, 0.25, "the mail's sender")
    add_party(issuer, found)


def _vat_ids(corpus: Corpus, parties: dict[str, Party], *, issuer: str) -> None:
    """VAT ids outside the parties' blocks: the issuer's, most of all those in the footer."""
    known = {
        str(candidate.value)
        for role, party in parties.items()
        if role != issuer
        for candidate in party.get("vat_id", ())
    }
    for sheet in corpus.sheets:
        for line in sheet.lines:
            run = line.run()
            labels = corpus.labels_by_line.get(line, ())
            label = next((each for each in labels if is_concept(each, "vat_id")), None)
            labelled = label is not None
            if label is not None and not corpus.find(Kind.VAT_ID, run.text, labelled=False):
                run = line.run(label.end)
            for match in corpus.find(Kind.VAT_ID, run.text, labelled=labelled):
                if match.value in known:
                    continue
                start, end = run.positions(match.start, match.end)
                tokens = tuple(line.tokens[start:end])
                score = 0.45 * match.quality * sheet.weight
                score += 0.12 if line.middle > 0.85 or line.middle < 0.12 else 0.0
                score += 0.08 if labelled else 0.0
                score -= 0.02 * sheet.page
                role = issuer
                if _OF_THE_BUYER.search(run.text[: match.start]):
                    role = "buyer" if issuer == "seller" else "seller"
                found = Candidate(match.value, score, "by its shape", sheet, tokens)
                add_party(parties[role], {"vat_id": found})
