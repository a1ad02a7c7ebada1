"""Net, tax and gross: chosen together, since net plus tax is gross."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from signoff.extraction.offline.fields import typed_below, typed_right
from signoff.extraction.offline.found import Candidate, Corpus
from signoff.extraction.offline.labels import Label, labels_of
from signoff.extraction.offline.lexicon import Kind
from signoff.extraction.offline.tax_table import tax_recaps

EXTRAS = ("tip", "service_charge", "rounding", "shipping")
NAMES = ("total_net", "total_tax", "total_gross")
CENT = Decimal("0.011")
MAX_EACH = 14

Totals = dict[str, list[Candidate]]


def find_totals(corpus: Corpus, own_labels: dict[str, dict[str, float]]) -> Totals:
    """Candidates for net, tax and gross, best first.

    ``own_labels`` are the schema's labels for them. Amounts that fit together come first.
    """
    found = {name: _labelled(corpus, name, own_labels.get(name, {})) for name in NAMES}
    found["total_tax"] += _summed(found["total_tax"])
    best = _recapped(corpus, found) or _best_triple(found, _extras(corpus))
    if best is None:
        best = _completed(corpus, found)
    for name, candidate in best.items():
        found[name].insert(0, candidate)
    return found


def _labelled(corpus: Corpus, name: str, own: dict[str, float]) -> list[Candidate]:
    weights = {**labels_of(name), **own}
    candidates: list[Candidate] = []
    for label_key, weight in weights.items():
        for label in corpus.labels.get(label_key, ()):
            if _qualifies(corpus, label):
                continue
            trust = weight * label.sheet.weight * (1.0 if label.opens or label.colon else 0.8)
            candidates += typed_right(Kind.MONEY, corpus, label, trust)
            candidates += typed_below(Kind.MONEY, corpus, label, trust * 0.9)
    return _ranked(candidates)


def _qualifies(corpus: Corpus, label: Label) -> bool:
    """Whether a label only says more of the one right before it: "Total (incl. VAT)"."""
    return not label.opens and any(
        other.end == label.start for other in corpus.labels_by_line[label.line]
    )


def _ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best candidate of each value, the likeliest values first; ties go to the later page."""
    best: dict[Decimal, Candidate] = {}
    for candidate in candidates:
        other = best.get(candidate.value)
        if other is None or candidate.score > other.score:
            best[candidate.value] = candidate
    return sorted(best.values(), key=lambda each: (-round(each.score, 3), -_place(each)))[:MAX_EACH]


def _place(candidate: Candidate) -> float:
    if candidate.sheet is None or not candidate.tokens:
        return 0.0
    return candidate.sheet.order + candidate.tokens[0].top


def _summed(taxes: list[Candidate]) -> list[Candidate]:
    """The sum of two or three taxes that stand in lines of their own."""
    rows = [tax for tax in taxes if tax.value and tax.sheet is not None][:6]
    sums = []
    for i, first in enumerate(rows):
        for j, second in enumerate(rows[i + 1 :], i + 1):
            pair = _sum_of(first, second)
            sums += [pair, *(_sum_of(pair, third) for third in rows[j + 1 :])]
    return sums


def _sum_of(first: Candidate, second: Candidate) -> Candidate:
    together = first.sheet is second.sheet
    return Candidate(
        first.value + second.value,
        0.85 * min(first.score, second.score),
        "the sum of the taxes",
        first.sheet if together else None,
        first.tokens + second.tokens if together else (),
    )


def _recapped(corpus: Corpus, found: Totals) -> dict[str, Candidate] | None:
    """The sums of a recap of taxes by rate, where they make a total that a label names."""
    for rows in tax_recaps(corpus):
        net = sum((row.net for row in rows), Decimal(0))
        tax = sum((row.tax for row in rows), Decimal(0))
        total = next((c for c in found["total_gross"] if abs(c.value - net - tax) < CENT), None)
        if total is None:
            continue
        larger = (c for c in found["total_gross"] if abs(c.value) > abs(total.value) + CENT)
        if any(c.score > 0.8 * total.score for c in larger):
            continue  # the recap of one rate among others
        parts = {"total_net": net, "total_tax": tax}
        best = {"total_gross": _surer(total)}
        for name, value in parts.items():
            known = next((c for c in found[name] if abs(c.value - value) < CENT), None)
            if known is None:
                tokens = tuple(token for row in rows for token in row.tokens.get(name, ()))
                known = Candidate(value, 0, "", rows[0].sheet, tokens)
            best[name] = _surer(known)
        return best
    return None


def _extras(corpus: Corpus) -> list[Decimal]:
    """What may stand between net and tax on one side and the total on the other: a tip."""
    found = {Decimal(0)}
    for name in EXTRAS:
        for candidate in _labelled(corpus, name, {})[:2]:
            found.add(candidate.value)
    return sorted(found, key=abs)


def _best_triple(found: Totals, extras: list[Decimal]) -> dict[str, Candidate] | None:
    """The net, tax and gross that fit together best, if any do."""
    largest = max([abs(c.value) for c in found["total_gross"]], default=Decimal(0)) or Decimal(1)
    best: tuple[float, dict[str, Candidate]] | None = None
    by_value: dict[Decimal, Candidate] = {}
    for each in found["total_tax"]:
        by_value.setdefault(each.value, each)
    for net in found["total_net"]:
        for gross in found["total_gross"]:
            expected = gross.value - net.value
            tax, extra = next(
                (
                    (t, extra)
                    for extra in extras
                    for v, t in by_value.items()
                    if abs(v + extra - expected) < CENT
                ),
                (None, Decimal(0)),
            )
            if tax is None or abs(tax.value) > abs(net.value):
                continue
            score = net.score + tax.score + gross.score - 0.3 * bool(extra)
            score += 0.5 * float(abs(gross.value) / largest)
            if not gross.value or not net.value:
                score -= 1.0
            if not tax.value:
                score -= 0.5
            if best is None or score > best[0]:
                best = (score, {"total_net": net, "total_tax": tax, "total_gross": gross})
    if best is None:
        return None
    return {name: _surer(candidate) for name, candidate in best[1].items()}


def _surer(candidate: Candidate) -> Candidate:
    return Candidate(
        candidate.value, 1.2, "net and tax add up to gross", candidate.sheet, candidate.tokens
    )


def _completed(corpus: Corpus, found: Totals) -> dict[str, Candidate]:
    """Two of the three labelled, the third somewhere on the page without a label we know."""
    net, tax, gross = (next(iter(found[name]), None) for name in NAMES)
    if (
        gross is not None
        and net is not None
        and 0 < abs(net.value) < abs(gross.value)
        and (hit := _on_page(corpus, gross.value - net.value))
    ):
        return {"total_tax": hit}
    for whole in found["total_gross"][:3]:
        for part in found["total_tax"][:3]:
            # without a label, only a tax of a plausible rate makes the rest a net amount
            plausible = part.value and 0.02 < float(part.value / (whole.value or 1)) < 0.3
            if plausible and (hit := _on_page(corpus, whole.value - part.value)):
                return {
                    "total_net": hit,
                    "total_tax": _surer(part),
                    "total_gross": _surer(whole),
                }
    if net is not None and tax is not None and gross is None:
        hit = _on_page(corpus, net.value + tax.value)
        return {"total_gross": hit} if hit else {}
    return {}


def _on_page(corpus: Corpus, value: Decimal) -> Candidate | None:
    for known, places in corpus.numbers_on.items():
        if abs(known - value) < CENT and known:
            sheet, run, match = places[-1]
            start, end = run.positions(match.start, match.end)
            tokens = tuple(run.line.tokens[start:end])
            return Candidate(known, 0.8, "what arithmetic leaves", sheet, tokens)
    return None
