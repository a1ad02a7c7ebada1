"""Lines that end a table, or are no rows of it: sums, labels with their values, the letterhead."""

from __future__ import annotations

from signoff.extraction.offline.fields import right_of
from signoff.extraction.offline.found import Corpus
from signoff.extraction.offline.labels import STRONG, Label, concept_labels
from signoff.extraction.offline.layout import Line
from signoff.extraction.offline.lexicon import CONCEPTS

TOTALS = frozenset({"total_net", "total_tax", "total_gross", "carried_forward"})
CARRIED = frozenset({"carried_forward"})
CHARGES = frozenset({"discount", "shipping", "service_charge", "rounding", "tip"})
LETTERHEAD = frozenset({"iban", "bic", "vat_id", "tax_number", "phone", "email", "website"})


def opens_with(line: Line, corpus: Corpus, concepts: frozenset[str]) -> bool:
    """Whether one of a line's phrases opens with a label of these concepts."""
    table = concept_labels()
    labels = corpus.labels_by_line.get(line, ())
    return any(
        label.opens
        and any(
            name in concepts
            and (name not in LETTERHEAD or label.colon or _has_own_value(label, name, corpus))
            for name, _ in table.get(label.key, ())
        )
        for label in labels
    )


def _has_own_value(label: Label, name: str, corpus: Corpus) -> bool:
    """Whether what a label names follows it: an article may be called "Web design"."""
    kind = next(concept.kind for concept in CONCEPTS if concept.name == name)
    return bool(corpus.find(kind, right_of(corpus, label, any_label=False).text, labelled=False))


def is_field(line: Line, corpus: Corpus) -> bool:
    """Whether a line is a label with its value, not a row."""
    first = next(iter(corpus.labels_by_line.get(line, ())), None)
    if first is None or first.start > 0 or not first.colon:
        return False
    return first.key in concept_labels()


def ends_table(line: Line, corpus: Corpus) -> bool:
    """Whether the sums begin for good: tax and gross, or a line that heads several sums."""
    table = concept_labels()
    labels = [label for label in corpus.labels_by_line.get(line, ()) if label.key in table]
    sums = [dict(table[label.key]) for label in labels]
    if sum(bool(TOTALS & uses.keys()) for uses in sums) >= 3:
        return True
    first = sums[0] if labels and labels[0].start == 0 else {}
    return first.get("total_gross", 0) >= STRONG or first.get("total_tax", 0) >= STRONG
