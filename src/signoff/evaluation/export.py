"""Confirmed executions as a folder that an evaluation reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from signoff.errors import InvalidInputError
from signoff.evaluation.cases import EXPECTED, INPUT
from signoff.executions.agents import JsonObject
from signoff.executions.models import Confirmed, DeliveredToDestination, Execution
from signoff.executions.states import Status
from signoff.storage import executions
from signoff.storage.store import Store

CONFIRMED = (Status.CONFIRMED, Status.DELIVERED_TO_DESTINATION)
BATCH = 100


def export(store: Store, agent_id: UUID, folder: Path) -> Iterator[Execution]:
    """Write the files and the confirmed data of an agent's executions; yields each one written.

    One file becomes ``NUMBER-NAME`` with ``NUMBER-NAME.expected.json`` beside it; several files,
    or files with input data, a subfolder ``NUMBER``. Executions without files are left out.
    Written again, a folder keeps what it has and gets what is new.

    Raises:
        InvalidInputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for execution in _confirmed(store, agent_id):
            _write(store, execution, folder)
            yield execution
    except OSError as error:
        raise InvalidInputError(f"{folder}: cannot be written: {error}") from error


def _confirmed(store: Store, agent_id: UUID) -> Iterator[Execution]:
    skip = 0
    while True:
        with store.database.reading() as session:
            found = executions.newest(
                session, statuses=CONFIRMED, agent_id=agent_id, limit=BATCH, skip=skip
            )
        yield from (execution for execution in found if execution.files)
        if len(found) < BATCH:
            return
        skip += BATCH


def _write(store: Store, execution: Execution, folder: Path) -> None:
    state = execution.state
    assert isinstance(state, Confirmed | DeliveredToDestination)  # what was asked for
    number = f"{execution.number:05}"
    alone = len(execution.files) == 1 and not execution.input_data
    place = folder if alone else folder / number
    place.mkdir(exist_ok=True)
    for position, file in enumerate(execution.files):
        # of files with one name each needs a name of its own
        name = f"{number if alone else position + 1}-{file.name}"
        with store.files.open(file.sha256) as source, (place / name).open("wb") as target:
            shutil.copyfileobj(source, target)
    if alone:
        _write_json(place / f"{number}-{execution.files[0].name}.{EXPECTED}", state.data_confirmed)
        return
    if execution.input_data:
        _write_json(place / INPUT, execution.input_data)
    # last, since it makes the subfolder a case
    _write_json(place / EXPECTED, state.data_confirmed)


def _write_json(path: Path, data: JsonObject) -> None:
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
