"""What a review says of each value that was read: left as it was, or not."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from signoff.executions.agents import JsonObject
from signoff.executions.extractions import Extraction
from signoff.executions.scalars import same
from signoff.extraction.alignment import align
from signoff.extraction.confidence.fitting import Label


def labels_of(extraction: Extraction, confirmed: JsonObject, *, group: Hashable) -> Iterator[Label]:
    """One label for each value that was scored.

    Rows are matched first: a row that only moved is left, every value of one that was removed is
    not. What the reviewer added was never read, so that there is nothing to learn from.
    """
    read = extraction.data if extraction.as_read is None else extraction.as_read
    for pointer, value, after in align(read, confirmed):
        signals = extraction.signals.get(pointer)
        if value is not None and signals is not None:
            yield Label(group, signals, value, same(value, after))
