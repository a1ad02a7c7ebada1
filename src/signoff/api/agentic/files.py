"""``/media/conversations/...``: the files of executions, to be saved and never to be run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from signoff.api.agentic.dialect import MISSING, NOT_FOUND, Number, new_router
from signoff.api.auth import CurrentStore, CurrentToken
from signoff.api.problems import ApiError
from signoff.errors import NotFoundError
from signoff.storage import numbered
from signoff.storage.files import FileStore, read_chunks

router = new_router()
BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/media/conversations/{conversation}/{file_id}/{filename}",
    summary="Read a File",
    response_class=StreamingResponse,
    responses={
        **MISSING,
        200: {
            "description": "The file as it was sent",
            "content": {"application/octet-stream": BINARY},
        },
    },
)
def read_file(
    conversation: Number, file_id: Number, filename: str, store: CurrentStore, token: CurrentToken
) -> StreamingResponse:
    """Give a file back as it was sent. The address is an execution's `file_url`."""
    try:
        with store.database.reading() as session:
            file = numbered.file(
                session, token.workspace_id, execution_number=conversation, file_number=file_id
            )
        chunks = _chunks(store.files, file.sha256)
        first = next(chunks, b"")  # whether the store has it shows here
    except NotFoundError as error:
        raise ApiError(404, NOT_FOUND) from error
    return StreamingResponse(
        chain([first], chunks),
        media_type=file.media_type,
        headers={
            "Content-Length": str(file.size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


def _chunks(files: FileStore, sha256: str) -> Iterator[bytes]:
    with files.open(sha256) as stream:
        yield from read_chunks(stream)
