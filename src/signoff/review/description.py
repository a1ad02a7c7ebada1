"""What stands above the approval form: markdown for Prefect's UI.

Everything that comes from a document, a file name or a model goes through
:func:`escape_markdown`: Prefect's UI renders HTML in markdown, and follows any kind of link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from signoff.executions.models import Evidence, Execution, Extraction
from signoff.review.pictures import Picture

MAX_FIELDS = 25
MAX_LISTED = 20
MAX_TEXT = 1000
MAX_VALUE = 80

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # takes no room
_SPACE = re.compile(r"\s+")


def escape_markdown(text: str, *, limit: int = MAX_TEXT) -> str:
    """``text`` as markdown that shows it as it is, on one line.

    A backslash before every punctuation character, which CommonMark allows. Not HTML's numeric
    entities: the older of Prefect's two UIs shows those as they are written. Characters that
    control the terminal or turn the direction of writing are dropped: a file name must not be
    able to pass for another.

    Args:
        text: anything.
        limit: longer text is cut.
    """
    text = _SPACE.sub(" ", text).strip()
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    # the newer UI makes links of addresses even where their punctuation is escaped
    return _PUNCTUATION.sub(r"\\\1", _LINK.sub(_WORD_JOINER, text))


def describe(
    execution: Execution, *, problems: Sequence[str] = (), pictures: Sequence[Picture] = ()
) -> str:
    """The markdown above the form.

    Args:
        execution: what waits for review.
        problems: what was wrong with the last round's answer.
        pictures: pages to look at.
    """
    blocks = [f"### {escape_markdown(execution.agent_name)} · execution {execution.number}"]
    if problems:
        blocks.append("**The last answer was not taken.** Correct this and submit again:")
        blocks.append(_listed([escape_markdown(problem) for problem in problems]))
    if execution.failure is not None:
        code, explanation = execution.failure.code, execution.failure.explanation
        blocks.append(f"**{escape_markdown(code)}**: {escape_markdown(explanation)}")
        if execution.extraction is not None:
            blocks.append("What is shown is the best attempt: correct it, or cancel.")
    if execution.extraction is not None and execution.extraction.offline:
        blocks.append("**Read offline**, without a model: check every value.")
    if execution.files:
        blocks.append(_listed([_file(file.name, file.size) for file in execution.files]))
    blocks.extend(_picture(picture) for picture in pictures)
    if execution.extraction is not None:
        blocks.extend(_confidence(execution.extraction))
    return "\n\n".join(blocks) + "\n"


def _listed(items: Sequence[str]) -> str:
    lines = [f"- {item}" for item in items[:MAX_LISTED]]
    if len(items) > MAX_LISTED:
        lines.append(f"- … and {len(items) - MAX_LISTED} more")
    return "\n".join(lines)


def _file(name: str, size: int) -> str:
    shown = (
        f"{size / 1024 / 1024:.1f} MiB" if size >= 1024 * 1024 else f"{max(1, size // 1024)} KiB"
    )
    return f"{escape_markdown(name, limit=200)} ({shown})"


def _picture(picture: Picture) -> str:
    name = escape_markdown(picture.document, limit=200)
    return f"{name}, page {picture.page}\n\n![Page {picture.page}]({picture.data_uri})"


def _confidence(extraction: Extraction) -> Iterator[str]:
    scored = sorted(extraction.confidence.items(), key=lambda item: item[1])
    if not scored:
        return
    lines = ["| Field | Value | Confidence | Read in |", "| --- | --- | ---: | --- |"]
    for pointer, confidence in scored[:MAX_FIELDS]:
        name, value = _name_and_value(extraction.data, pointer)
        cells = (
            escape_markdown(name, limit=MAX_VALUE),
            escape_markdown(value, limit=MAX_VALUE),
            f"{confidence:.0%}",
            _place(extraction.evidence.get(pointer)),
        )
        lines.append("| " + " | ".join(cells) + " |")
    yield "Least certain first:"
    yield "\n".join(lines)
    if len(scored) > MAX_FIELDS:
        yield f"… and {len(scored) - MAX_FIELDS} fields of {scored[MAX_FIELDS][1]:.0%} or more."


def _place(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    quote = escape_markdown(evidence.quote, limit=MAX_VALUE)
    return f"file {evidence.file}, page {evidence.page}" + (f": {quote}" if quote else "")


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _name_and_value(data: Any, pointer: str) -> tuple[str, str]:
    """What a pointer points at, rows counted as people do: ``lines › 1 › amount``."""
    names = []
    for part in _parts(pointer):
        row = isinstance(data, list) and part.isdecimal() and len(part) < 10
        names.append(str(int(part) + 1) if row else part)
        try:
            data = data[int(part)] if row else data[part]
        except (LookupError, TypeError):
            data = None
    return " › ".join(names), "" if data is None else str(data)
