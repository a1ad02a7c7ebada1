"""Single values: right of their label, below it, or known by their shape alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from signoff.extraction.offline.found import Candidate, Corpus, Match
from signoff.extraction.offline.labels import Label, concept_labels, key, labels_of, words_of
from signoff.extraction.offline.layout import PHRASE_GAP, Line, Run
from signoff.extraction.offline.lexicon import CONCEPTS, FALSE_WORDS, TRUE_WORDS, Kind
from signoff.extraction.offline.targets import Target

TYPED = frozenset(Kind) - {Kind.TEXT, Kind.NAME, Kind.BOOLEAN, Kind.CHOICE}
SHAPED = frozenset({Kind.IBAN, Kind.VAT_ID, Kind.EMAIL, Kind.URL})
BELOW_STEPS = 3.4
_TRIM = " \t:;,|·•●–-=*_"


def candidates_for(target: Target, corpus: Corpus) -> list[Candidate]:
    """Everything that may be the property's value, best first."""
    found = [*from_form_fields(target, corpus)]
    for label_key, weight in target.labels.items():
        for label in corpus.labels.get(label_key, ()):
            found += _near(target, corpus, label, weight)
    found += _unlabelled(target, corpus)
    return sorted(found, key=lambda candidate: -candidate.score)


def from_form_fields(target: Target, corpus: Corpus) -> Iterator[Candidate]:
    """What a PDF's form says, where a field is called like the property."""
    for name, text in corpus.form_fields.items():
        weight = target.labels.get(key(re.sub(r"[_\-.]+", " ", name)))
        if weight is None or not text.strip():
            continue
        if target.kind in TYPED:
            for match in corpus.find(target.kind, text):
                yield Candidate(match.value, weight * match.quality, "form field")
                break
        else:
            value = choose(target, text)
            if value is not None:
                yield Candidate(value, weight, "form field")


def _near(target: Target, corpus: Corpus, label: Label, weight: float) -> Iterator[Candidate]:
    weight = _in_context(target, corpus, label, weight) * label.sheet.weight
    # a document's number and date stand on its first page, its totals on the last
    if target.kind is not Kind.MONEY and label.sheet.page > 1:
        weight *= 0.9
    if target.kind in TYPED:
        yield from typed_right(target.kind, corpus, label, weight)
        yield from typed_below(target.kind, corpus, label, weight)
    else:
        yield from _text_near(target, corpus, label, weight)


def _in_context(target: Target, corpus: Corpus, label: Label, weight: float) -> float:
    """A label's weight where it stands: a title's number and date are sure, a sentence's not."""
    following = label.line.tokens[label.end : label.end + 2]
    if target.kind is Kind.IDENTIFIER and any(words_of(t.text)[:1] == ["nr"] for t in following):
        return max(weight, 0.9)
    if target.kind is Kind.DATE and weight < 0.9:
        on_line = corpus.labels_by_line[label.line]
        before = [other for other in on_line if other.start < label.start]
        if any(is_concept(other, "invoice_number") for other in before):
            return 0.9
    if label.opens or label.colon:
        return weight
    if target.kind is Kind.IDENTIFIER:
        return weight * (0.7 if label.key.endswith("nr") else 0.55)
    return weight * 0.75


def is_concept(label: Label, name: str) -> bool:
    """Whether a label on the page may mean a concept of the lexicon."""
    return any(concept == name for concept, _ in concept_labels().get(label.key, ()))


def right_of(corpus: Corpus, label: Label, *, any_label: bool = True) -> Run:
    """What stands right of a label, up to the next one."""
    line, start = label.line, label.end
    while start < len(line.tokens) and not line.tokens[start].text.strip(_TRIM):
        start += 1
    end = len(line.tokens)
    following = corpus.next_label(line, start)
    while following is not None:
        if any_label or following.colon or line.gap_before(following.start) > PHRASE_GAP:
            end = following.start
            break
        following = corpus.next_label(line, following.end)
    return line.run(start, max(start, end))


def typed_right(kind: Kind, corpus: Corpus, label: Label, weight: float) -> Iterator[Candidate]:
    """Values of a kind on the label's line, or half a line off to its right."""
    run = right_of(corpus, label)
    matches = corpus.find(kind, run.text)
    if kind in (Kind.MONEY, Kind.DATE) and not matches:
        # "Total (incl. VAT)  119.00": a label behind a label only qualifies it
        run = right_of(corpus, label, any_label=False)
        matches = corpus.find(kind, run.text)
    if kind is Kind.MONEY:
        # "VAT 19 % on 100.00   19.00", "Total  3  278.61  319.00": the last one counts
        matches.reverse()
    for rank, match in enumerate(matches[:3]):
        start, end = run.positions(match.start, match.end)
        if start == end:
            continue
        between = run.text[: match.start]
        penalty = 0.02 * min(len(words_of(between)), 10) if kind is not Kind.MONEY else 0.0
        if kind is Kind.IDENTIFIER:
            penalty += 0.05 * len(words_of(between)) + (0.25 if "\t" in between and rank else 0)
        if kind is Kind.NUMBER and rank:
            penalty += 0.1
        score = weight * match.quality * (1 - 0.12 * rank) - penalty
        score += 0.04 * label.colon
        yield _candidate(match, score, "right of its label", label, label.line, start, end)
    if not matches and kind in (Kind.MONEY, Kind.DATE):
        yield from _beside(kind, corpus, label, weight * 0.75)


def _beside(kind: Kind, corpus: Corpus, label: Label, weight: float) -> Iterator[Candidate]:
    middle = label.line.middle
    for line in label.sheet.lines:
        if line is label.line or abs(line.middle - middle) > 0.75 * label.sheet.pitch:
            continue
        run = line.run()
        for match in corpus.find(kind, run.text):
            start, end = run.positions(match.start, match.end)
            if start == end or line.tokens[start].left < label.right:
                continue
            if corpus.label_inside(line, 0, start) is None:
                yield _candidate(
                    match, weight * match.quality, "beside its label", label, line, start, end
                )


def typed_below(kind: Kind, corpus: Corpus, label: Label, weight: float) -> Iterator[Candidate]:
    """Values of a kind in the label's column, below it."""
    sheet = label.sheet
    start, end = label.line.phrase_at(label.start)
    tokens = label.line.tokens
    left, right = label.left, max(label.right, tokens[end - 1].right if end > start else 0)
    column = 6.0 if kind is Kind.MONEY else BELOW_STEPS
    for count, line in enumerate(sheet.after(label.line, steps=column)):
        run = line.run()
        for match in corpus.find(kind, run.text):
            first, last = run.positions(match.start, match.end)
            if first == last:
                continue
            a, b = line.tokens[first].left, line.tokens[last - 1].right
            overlap = min(b, right) - max(a, left)
            if overlap < 0.3 * min(b - a, right - left):
                continue
            if label_of_its_own(corpus, line, first, money=kind is Kind.MONEY):
                continue
            # sums by tax rate stand above their total, which counts as much
            distance = 0.75 if kind is Kind.MONEY else max(0.82 - 0.05 * count, 0.5)
            score = weight * match.quality * distance
            yield _candidate(match, score, "below its label", label, line, first, last)
            break


def label_of_its_own(corpus: Corpus, line: Line, position: int, *, money: bool) -> bool:
    """Whether the value at ``position`` has another label before it in its phrase.

    A sum's label heads a whole row of sums below their headings.
    """
    phrase_start, _ = line.phrase_at(position)
    label = corpus.label_inside(line, phrase_start, position)
    return label is not None and not (money and is_concept(label, "total_gross"))


def _candidate(
    match: Match, score: float, how: str, label: Label, line: Line, start: int, end: int
) -> Candidate:
    return Candidate(match.value, score, how, label.sheet, tuple(line.tokens[start:end]))


def _text_near(target: Target, corpus: Corpus, label: Label, weight: float) -> Iterator[Candidate]:
    if not (label.opens or label.colon):
        return  # a word in a sentence introduces nothing
    run = right_of(corpus, label, any_label=False)
    value, start, end = _phrase(run)
    if value:
        chosen = choose(target, value)
        if chosen is not None:
            tokens = tuple(label.line.tokens[start:end])
            score = weight * (1.0 if label.colon else 0.85)
            yield Candidate(chosen, score, "right of its label", label.sheet, tokens)
        return
    for line in label.sheet.after(label.line, steps=2.2):
        for start, end in line.phrases:
            if abs(line.tokens[start].left - label.left) > 0.03:
                continue
            if corpus.label_inside(line, start, end) is not None:
                return
            chosen = choose(target, line.run(start, end).text)
            if chosen is not None:
                tokens = tuple(line.tokens[start:end])
                yield Candidate(chosen, weight * 0.75, "below its label", label.sheet, tokens)
            return


def _phrase(run: Run) -> tuple[str, int, int]:
    """The first phrase of a run without the marks around it."""
    if run.start >= run.end:
        return "", run.start, run.start
    end = run.start + 1
    while end < run.end and run.line.gap_before(end) <= PHRASE_GAP:
        end += 1
    return run.line.run(run.start, end).text.strip(_TRIM), run.start, end


def choose(target: Target, text: str) -> Any:
    """The text as the property takes it: one of its choices, a yes or no, or itself."""
    text = re.sub(r"\s+", " ", text).strip(_TRIM)
    if target.kind is Kind.CHOICE:
        return _choice(target, text)
    if target.kind is Kind.BOOLEAN:
        words = set(text.casefold().split()[:1]) or {""}
        if words & TRUE_WORDS:
            return True
        return False if words & FALSE_WORDS else None
    return text if any(char.isalnum() for char in text) else None


def _choice(target: Target, text: str) -> Any:
    wanted = key(text)
    if wanted in target.choices:
        return target.choices[wanted]
    words = set(words_of(text))
    inside = [k for k in target.choices if k in words or (len(k) > 4 and k in wanted)]
    return target.choices[max(inside, key=len)] if inside else None


def _unlabelled(target: Target, corpus: Corpus) -> Iterator[Candidate]:
    if target.kind is Kind.CURRENCY:
        yield from _currency(corpus)
    elif target.kind is Kind.CHOICE:
        yield from _choice_anywhere(target, corpus)
    elif target.kind in SHAPED:
        if target.kind is Kind.EMAIL and (sender := parseaddr(corpus.headers.get("from", ""))[1]):
            yield Candidate(sender, 0.42, "the mail's sender")
        yield from _by_shape(target.kind, corpus, 0.4)
    elif target.kind is Kind.DATE and target.concept in ("date", "order_date"):
        yield from _first_dates(corpus)
        if target.concept == "date":
            yield from _dates_behind_numbers(corpus)
    elif target.kind is Kind.TIME and target.concept == "time":
        yield from _by_shape(Kind.TIME, corpus, 0.25)
    elif target.concept == "contact" and (name := parseaddr(corpus.headers.get("from", ""))[0]):
        yield Candidate(name, 0.3, "the mail's sender")
    pattern = target.schema.get("pattern")
    if isinstance(pattern, str) and target.kind in (Kind.TEXT, Kind.IDENTIFIER):
        yield from _by_pattern(pattern, corpus)


def _currency(corpus: Corpus) -> Iterator[Candidate]:
    total = sum(corpus.currencies.values())
    for code, count in corpus.currencies.most_common(3):
        found = _where(corpus, code)
        score = 0.3 + 0.4 * count / total
        yield Candidate(code, score, "the amounts' currency", *found)
    if not total:
        countries = [c.value[:2] for c in _by_shape(Kind.VAT_ID, corpus, 0.3)]
        by_country = {"GB": "GBP", "CH": "CHF", "PL": "PLN", "SE": "SEK", "DK": "DKK", "CZ": "CZK"}
        for country in countries[:1]:
            if country.isalpha():
                yield Candidate(by_country.get(country, "EUR"), 0.2, "the VAT id's country")


def _where(corpus: Corpus, code: str) -> tuple[Any, ...]:
    for sheet in corpus.sheets:
        for line in sheet.lines:
            run = line.run()
            for match in corpus.find(Kind.CURRENCY, run.text):
                if match.value == code:
                    start, end = run.positions(match.start, match.end)
                    return (sheet, tuple(line.tokens[start:end]))
    return ()


def _choice_anywhere(target: Target, corpus: Corpus) -> Iterator[Candidate]:
    longest = 3
    for sheet in corpus.sheets:
        for line in sheet.lines:
            words = ["".join(words_of(token.text)) for token in line.tokens]
            paid = any(match.quality == 1.0 for match in corpus.find(Kind.MONEY, line.text))
            for start in range(len(words)):
                for end in range(start + 1, min(start + longest, len(words)) + 1):
                    option = target.choices.get("".join(words[start:end]))
                    if option is None or isinstance(option, bool) or len(words[start]) < 2:
                        continue
                    score = (0.35 if paid else 0.25) * sheet.weight
                    tokens = tuple(line.tokens[start:end])
                    yield Candidate(option, score, "named somewhere", sheet, tokens)


def _by_shape(kind: Kind, corpus: Corpus, score: float) -> Iterator[Candidate]:
    for sheet in corpus.sheets:
        for line in sheet.lines:
            run = line.run()
            for match in corpus.find(kind, run.text, labelled=False):
                start, end = run.positions(match.start, match.end)
                tokens = tuple(line.tokens[start:end])
                yield Candidate(match.value, score * sheet.weight, "by its shape", sheet, tokens)


def _first_dates(corpus: Corpus) -> Iterator[Candidate]:
    for sheet in corpus.sheets:
        if sheet.page > 1:
            continue
        for line in sheet.lines:
            run = line.run()
            for match in corpus.find(Kind.DATE, run.text):
                start, end = run.positions(match.start, match.end)
                if start == end or _is_labelled(corpus, line, start):
                    continue
                score = (0.34 - 0.1 * line.middle) * sheet.weight
                yield Candidate(
                    match.value, score, "a date near the top", sheet, tuple(line.tokens[start:end])
                )


def _dates_behind_numbers(corpus: Corpus) -> Iterator[Candidate]:
    """The date that goes with a document's number: "Facture n° 12 du 03/04/2026"."""
    for label_key in labels_of("invoice_number"):
        for label in corpus.labels.get(label_key, ()):
            run = right_of(corpus, label)
            numbers = corpus.find(Kind.IDENTIFIER, run.text)
            if not label.opens or not numbers or "\t" in run.text[: numbers[0].end]:
                continue
            for match in corpus.find(Kind.DATE, run.text):
                start, end = run.positions(match.start, match.end)
                if match.start > numbers[0].end and "\t" not in run.text[: match.start]:
                    yield _candidate(match, 0.6, "behind a number", label, label.line, start, end)
                    break


def _is_labelled(corpus: Corpus, line: Line, position: int) -> bool:
    """Whether what stands at ``position`` may belong to a date's label on its line."""
    kinds = {concept.name for concept in CONCEPTS if concept.kind is Kind.DATE}
    return any(
        label.start < position and (label.colon or any(is_concept(label, name) for name in kinds))
        for label in corpus.labels_by_line.get(line, ())
    )


def _by_pattern(pattern: str, corpus: Corpus) -> Iterator[Candidate]:
    try:
        expression = re.compile(pattern)
    except re.error:
        return
    if expression.search("word") or expression.search("") or expression.search("1"):
        return  # anything would do: the pattern tells nothing
    for sheet in corpus.sheets:
        for line in sheet.lines:
            for token in line.tokens:
                text = token.text.strip(_TRIM + ".()")
                if len(text) <= 100 and text and expression.search(text):
                    yield Candidate(text, 0.35 * sheet.weight, "by its pattern", sheet, (token,))
