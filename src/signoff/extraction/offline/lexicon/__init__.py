"""What business documents call things, in English, German, French and Portuguese: data only.

One entry per concept: the kind of its values, the labels that mean it and nothing else
(``strong``), and labels that may mean it (``weak``). Phrases are separated by ``|`` and
compared through :func:`signoff.extraction.offline.labels.key`, which drops accents, case,
punctuation and articles, and takes nummer, number, numéro, no. and n° for the same word.
"""

from signoff.extraction.offline.lexicon.concepts import Concept, Kind
from signoff.extraction.offline.lexicon.lines import LINE_CONCEPTS
from signoff.extraction.offline.lexicon.money import MONEY_AND_TERMS
from signoff.extraction.offline.lexicon.names import (
    CHOICE_SYNONYMS,
    COUNTRIES,
    DOCUMENT_TITLES,
    FALSE_WORDS,
    LANGUAGE_WORDS,
    LEGAL_FORMS,
    NAME_NOISE,
    NUMBER_WORDS,
    PARTY_ATTRIBUTES,
    ROLE_NAMES,
    ROLES,
    ROW_NOISE,
    STOP_WORDS,
    TRUE_WORDS,
)
from signoff.extraction.offline.lexicon.references import NUMBERS_AND_DATES

CONCEPTS = (*NUMBERS_AND_DATES, *MONEY_AND_TERMS)

__all__ = [
    "CONCEPTS",
    "CHOICE_SYNONYMS",
    "COUNTRIES",
    "DOCUMENT_TITLES",
    "Concept",
    "FALSE_WORDS",
    "Kind",
    "LANGUAGE_WORDS",
    "LEGAL_FORMS",
    "LINE_CONCEPTS",
    "NAME_NOISE",
    "NUMBER_WORDS",
    "PARTY_ATTRIBUTES",
    "ROLES",
    "ROLE_NAMES",
    "ROW_NOISE",
    "STOP_WORDS",
    "TRUE_WORDS",
]
