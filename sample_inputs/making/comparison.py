"""Whether a file says the same as another, though another zlib or libjpeg packed it."""

from __future__ import annotations

import io
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import PurePosixPath

import pypdfium2
from PIL import Image, ImageChops

TOLERANCE = 16
"""How much, of 255, spots of 4 x 4 pixels differ at most in pictures that look the same."""


def is_same(name: str, before: bytes, after: bytes) -> bool:
    """Whether two contents of the file ``name`` are equal, or look and read alike."""
    if before == after:
        return True
    match PurePosixPath(name).suffix:
        case ".png" | ".jpg" | ".gif" | ".webp":
            pictures = [Image.open(io.BytesIO(content)) for content in (before, after)]
            return dict(pictures[0].getexif()) == dict(pictures[1].getexif()) and _look_alike(
                *pictures
            )
        case ".pdf":
            return _same_pages(before, after)
        case ".eml":
            return _same_mails(_mail(before), _mail(after))
    return False


def _look_alike(before: Image.Image, after: Image.Image) -> bool:
    if before.size != after.size:
        return False
    spots = [picture.convert("L").reduce(4) for picture in (before, after)]
    _, most = ImageChops.difference(*spots).getextrema()
    return isinstance(most, int) and most < TOLERANCE


def _same_pages(before: bytes, after: bytes) -> bool:
    documents = [pypdfium2.PdfDocument(content) for content in (before, after)]
    try:
        if len(documents[0]) != len(documents[1]):
            return False
        return all(
            first.get_textpage().get_text_bounded() == second.get_textpage().get_text_bounded()
            and _look_alike(first.render(scale=2).to_pil(), second.render(scale=2).to_pil())
            for first, second in zip(*documents, strict=True)
        )
    finally:
        for document in documents:
            document.close()


def _mail(content: bytes) -> EmailMessage:
    return message_from_bytes(content, _class=EmailMessage, policy=default)


def _same_mails(before: EmailMessage, after: EmailMessage) -> bool:
    parts = [list(mail.walk()) for mail in (before, after)]
    if len(parts[0]) != len(parts[1]):
        return False
    for first, second in zip(*parts, strict=True):
        if first.items() != second.items():
            return False
        if not first.is_multipart():
            contents = [part.get_payload(decode=True) or b"" for part in (first, second)]
            if not is_same(first.get_filename() or "", *contents):
                return False
    return True
