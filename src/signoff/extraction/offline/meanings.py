"""What a property's name means: a concept of the lexicon, or a party's attribute."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from signoff.extraction.offline.labels import concepts_by_name, key, phrases, role_labels, words_of
from signoff.extraction.offline.lexicon import (
    CONCEPTS,
    LINE_CONCEPTS,
    NAME_NOISE,
    PARTY_ATTRIBUTES,
    ROLE_NAMES,
    ROLES,
    ROW_NOISE,
    Concept,
    Kind,
)

MIN_COVER = 0.6
_RANKS = ("name", "names", "strong", "weak")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\-./]+")
_DIGRAPH = re.compile(r"ae|oe|ue")
# words of a name that leave no doubt about what its values look like
_TELLING = {
    Kind.CURRENCY: "currency waehrung wahrung devise moeda monnaie",
    Kind.DATE: "date datum data dt",
    Kind.IBAN: "iban",
    Kind.BIC: "bic swift",
    Kind.PERCENT: "rate percent percentage prozent taux taxa satz",
    Kind.TIME: "time uhrzeit heure hora",
}


@dataclass(frozen=True)
class Meaning:
    """A concept, or a party's role and which of its attributes; nothing where unknown."""

    concept: Concept | None = None
    role: str | None = None
    attribute: str | None = None


def spaced(name: str) -> str:
    """A property's name in words: invoiceNumber, invoice_number and invoicenumber alike."""
    words = " ".join(_CAMEL.split(name)).split()
    return " ".join(part for word in words for part in _parts(word))


def unfolded(word: str) -> str:
    """A word or a key with ae, oe, ue as keys write the umlauts that they may stand for."""
    return _DIGRAPH.sub(lambda match: match.group()[0], word)


def _parts(word: str) -> Sequence[str]:
    """A word as the two known words that it is put together of: cashprice."""
    plain = word.casefold()
    if not plain.isascii() or len(plain) < 7 or key(plain) in _whole_words():
        return (word,)
    for cut in range(3, len(plain) - 2):
        if plain[:cut] in _known_words() and plain[cut:] in _known_words():
            return (word[:cut], word[cut:])
    return (word,)


def meaning_of(
    name: str,
    own: Iterable[str],
    title: str,
    *,
    role: str | None,
    in_table: bool,
    numeric: bool | None,
) -> Meaning:
    """What a property means.

    Args:
        name: in words.
        own: the label keys that its schema gives, its name's first.
        title: the schema's title.
        role: the party of the object that the property is in.
        in_table: whether it is a property of a table's rows.
        numeric: whether its values are numbers; ``None`` where they may be text and number.
    """
    own = list(own)
    if in_table:
        return Meaning(_exact(own, numeric, lines=True) or _by_words(name, numeric, lines=True))
    words = words_of(name)
    if role_of(words) is None and role_of([unfolded(word) for word in words]) is not None:
        words = [unfolded(word) for word in words]
    if role is not None and (attribute := attribute_of(words)):
        return Meaning(role=role, attribute=attribute)
    named = None if numeric else role_of(words)
    if named is not None and attribute_of(_without_roles(words)) == "name":
        return Meaning(role=named, attribute="name")
    if concept := _exact([key(name), unfolded(key(name))], numeric):
        return Meaning(concept)
    if role is None and attribute_of(words) in ("address", "street", "postal_code", "city"):
        return Meaning(role="seller", attribute=attribute_of(words))
    if named is not None:
        rest = _without_roles(words)
        if not rest or attribute_of(words) == "name" or "".join(words) in role_labels():
            return Meaning(role=named, attribute="name")
        if attribute := attribute_of(rest):
            return Meaning(role=named, attribute=attribute)
        if concept := _exact(["".join(rest)], numeric):
            return Meaning(concept)
    if concept := _exact(own, numeric):
        return Meaning(concept)
    titled = words_of(title)
    if len(titled) <= 2 and not numeric and (named := role_of(titled)):
        return Meaning(role=named, attribute="name")
    return Meaning(_by_words(name, numeric))


def _without_roles(words: list[str]) -> list[str]:
    return [word for word in words if word not in _role_words()]


def _exact(labels: Iterable[str], numeric: bool | None, *, lines: bool = False) -> Concept | None:
    table = concepts_by_name(lines=lines, numeric=bool(numeric))
    return next((table[label] for label in labels if label in table), None)


def _by_words(name: str, numeric: bool | None, *, lines: bool = False) -> Concept | None:
    """The concept one of whose phrases is made of the name's words, whatever their order.

    What is left of the name must tell nothing, or little: date_due, line_item_amount_net.
    """
    words = [_singular(word) for word in words_of(name)]
    kind = next((kind for kind, telling in _TELLING.items() if set(words) & _set(telling)), None)
    best: tuple[float, int, float, Concept] | None = None
    for bag, rank, concept in _bags(lines=lines):
        if not bag <= set(words) or (numeric and not concept.numeric):
            continue
        if kind is not None and concept.kind is not kind:
            continue
        covered = sum(len(word) for word in bag)
        rest = [word for word in words if word not in bag and word not in _noise(lines=lines)]
        if rest and (rank == 3 or rank == 1 and len(bag) == 1):
            continue  # a word that may mean it is not enough beside others
        left = sum(len(word) for word in rest)
        cover = covered / (covered + left)
        # of equally long phrases the one that begins first: names go from the whole to the part
        first = min(words.index(word) for word in bag)
        score = (cover, covered, -first - 0.1 * rank, concept)
        if cover >= MIN_COVER and (best is None or score[:3] > best[:3]):
            best = score
    return best[3] if best is not None else None


def role_of(words: list[str]) -> str | None:
    """The party that a name in words speaks of."""
    joined = "".join(words)
    for role, text in ROLES.items():
        if role != "other" and joined in _keys(text):
            return role
    named = [role for role in ("ship_to", "seller", "buyer") if set(words) & _set(ROLE_NAMES[role])]
    # a customer's company is the customer
    return named[-1] if "company" in words and named else next(iter(named), None)


def attribute_of(words: list[str]) -> str | None:
    """What of a party a name in words speaks of."""
    for joined in ("".join(words), "".join(w for w in words if w not in _set(_FILLERS))):
        for attribute, text in PARTY_ATTRIBUTES.items():
            if joined in _keys(text):
                return attribute
    return None


_FILLERS = "to full legal registered main official complete text value field primary business raw"


@cache
def _keys(text: str) -> frozenset[str]:
    """The keys of one of the lexicon's lists."""
    return frozenset(key(phrase) for phrase in phrases(text))


@cache
def _set(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


@cache
def _noise(*, lines: bool) -> frozenset[str]:
    text = f"{NAME_NOISE} {ROW_NOISE}" if lines else NAME_NOISE
    return frozenset(_singular(word) for word in words_of(text))


@cache
def _role_words() -> frozenset[str]:
    return frozenset(word for text in ROLE_NAMES.values() for word in words_of(text))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@cache
def _bags(*, lines: bool) -> tuple[tuple[frozenset[str], int, Concept], ...]:
    """Each phrase of each concept as its words, what schemas call it first."""
    found = []
    for concept in LINE_CONCEPTS if lines else CONCEPTS:
        for rank, field in enumerate(_RANKS):
            text = str(getattr(concept, field)).replace("_", " ")
            for phrase in phrases(text):
                bag = frozenset(_singular(word) for word in words_of(phrase))
                if bag:
                    found.append((bag, rank, concept))
    return tuple(found)


@cache
def _known_words() -> frozenset[str]:
    bags = (*_bags(lines=False), *_bags(lines=True))
    words = {word for bag, _, _ in bags for word in bag} | _noise(lines=True) | _role_words()
    words |= {word for text in PARTY_ATTRIBUTES.values() for word in words_of(text)}
    words |= {"number", "date", "name"}
    return frozenset(word for word in words if len(word) > 2)


@cache
def _whole_words() -> frozenset[str]:
    return _known_words() | concepts_by_name().keys() | concepts_by_name(lines=True).keys()
