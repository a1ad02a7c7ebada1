"""Flow runs that are created beside the answers."""

from __future__ import annotations

import asyncio
import threading

import pytest
from support.stores import with_inputs

from signoff import lifecycle
from signoff.api.starting import AT_ONCE, Starter
from signoff.storage import executions
from signoff.storage.store import Store


def test_who_closes_waits_for_what_has_begun_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    all_begun, go_on = threading.Event(), threading.Event()

    def slow(_: Store, execution: object) -> None:
        begun.append(execution)
        if len(begun) == AT_ONCE:
            all_begun.set()
        assert go_on.wait(30)

    monkeypatch.setattr(lifecycle, "start", slow)
    execution_id = with_inputs(store)
    with store.database.reading() as session:
        execution = executions.get(session, execution_id)

    async def many() -> None:
        starter = Starter(store)
        for _ in range(5 * AT_ONCE):
            await starter.start(execution)
        await asyncio.to_thread(all_begun.wait, 30)
        closing = asyncio.create_task(starter.close())
        await asyncio.sleep(0)
        go_on.set()
        await closing

    asyncio.run(many())
    assert len(begun) == AT_ONCE
