"""What stands above the approval form: markdown for Prefect's UI.

Everything that comes from a document, a file name or a model goes through
:func:`escape_markdown`: Prefect's UI renders HTML in markdown, and follows any kind of link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from signoff.executions.extractions import Evidence
from signoff.executions.models import Execution
from signoff.review.attention import SURE, Attention, Doubt, attention_for
from signoff.review.pictures import Picture

MAX_FIELDS = 15
MAX_LISTED = 20
MAX_TEXT = 1000
MAX_VALUE = 80
MAX_REASON = 160

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # takes no room
_SPACE = re.compile(r"\s+")


def one_line(text: str, *, limit: int = MAX_TEXT) -> str:
    """``text`` on one line, cut to ``limit``.

    Characters that control the terminal or turn the direction of writing are dropped: a file name
    must not be able to pass for another.
    """
    text = _SPACE.sub(" ", text).strip()
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def escape_markdown(text: str, *, limit: int = MAX_TEXT) -> str:
    """``text`` as markdown that shows it as it is, on one line.

    A backslash before every punctuation character, which CommonMark allows. Not HTML's numeric
    entities: the older of Prefect's two UIs shows those as they are written.

    Args:
        text: anything.
        limit: longer text is cut.
    """
    # the newer UI makes links of addresses even where their punctuation is escaped
    return _PUNCTUATION.sub(r"\\\1", _LINK.sub(_WORD_JOINER, one_line(text, limit=limit)))


def describe(
    execution: Execution,
    *,
    problems: Sequence[str] = (),
    reason: str = "",
    pictures: Sequence[Picture] = (),
) -> str:
    """The markdown above the form: what needs eyes first.

    Args:
        execution: what waits for review.
        problems: what was wrong with the last round's answer.
        reason: why the review policy did not sign it off.
        pictures: pages to look at.
    """
    extraction = execution.extraction
    blocks = [f"### {escape_markdown(execution.agent_name)} · execution {execution.number}"]
    if problems:
        blocks.append("**The last answer was not taken.** Correct this and submit again:")
        blocks.append(_listed([escape_markdown(problem) for problem in problems]))
    if execution.failure is not None:
        code, explanation = execution.failure.code, execution.failure.explanation
        blocks.append(f"**{escape_markdown(code)}**: {escape_markdown(explanation)}")
        if extraction is not None:
            blocks.append("What is shown is the best attempt: correct it, or cancel.")
    if extraction is not None and extraction.offline:
        blocks.append("**Read offline**, without a model: check every value.")
    attention = attention_for(extraction) if extraction is not None else Attention()
    blocks.extend(_checks_and_notes(attention))
    if reason:
        blocks.append(escape_markdown(reason))
    blocks.extend(_doubts(attention, files=len(execution.files)))
    if execution.files:
        blocks.append(_listed([_file(file.name, file.size) for file in execution.files]))
    blocks.extend(_picture(picture) for picture in pictures)
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


def _checks_and_notes(attention: Attention) -> Iterator[str]:
    if attention.failed_checks:
        yield "**Failed checks:**"
        yield _listed(
            [
                f"**{escape_markdown(check.name)}**: {escape_markdown(check.message)}"
                for check in attention.failed_checks
            ]
        )
    if attention.notes:
        yield "**About the whole:**"
        yield _listed([escape_markdown(note) for note in attention.notes])


def _doubts(attention: Attention, *, files: int) -> Iterator[str]:
    doubts = attention.doubts
    if doubts:
        lines = ["| Look at | Value | Sure | Why, and where |", "| --- | --- | ---: | --- |"]
        for doubt in doubts[:MAX_FIELDS]:
            cells = (
                escape_markdown(doubt.name, limit=MAX_VALUE),
                escape_markdown(doubt.value, limit=MAX_VALUE),
                "–" if doubt.confidence is None else f"{doubt.confidence:.0%}",
                _why(doubt, files=files),
            )
            lines.append("| " + " | ".join(cells) + " |")
        yield "\n".join(lines)
    if len(doubts) > MAX_FIELDS:
        least = doubts[MAX_FIELDS].confidence or 0.0
        yield f"… and {len(doubts) - MAX_FIELDS} more values, of {least:.0%} or more."
    if attention.only_checks:
        yield f"{_count(attention.only_checks)} with nothing against but a failed check over many."
    if attention.sure:
        yield f"**{_values(attention.sure)}** sure: {SURE:.0%} or more, and nothing against."
    if attention.edited:
        yield f"{_values(attention.edited)} edited by a person since."


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count} values are"


def _count(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _why(doubt: Doubt, *, files: int) -> str:
    parts = [f"**{escape_markdown(reason, limit=MAX_REASON)}**" for reason in doubt.against]
    if doubt.evidence is not None:
        parts.append(_place(doubt.evidence, files=files))
    return "; ".join(parts)


def _place(evidence: Evidence, *, files: int) -> str:
    file = f"file {evidence.file}, " if files > 1 or evidence.file > 1 else ""
    quote = escape_markdown(evidence.quote, limit=MAX_VALUE)
    return f"{file}page {evidence.page}" + (f": {quote}" if quote else "")
