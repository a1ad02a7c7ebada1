"""How long the first pages of each list of executions take with 1,000 and with 100,000 in it.

    .venv/bin/python benchmarks/execution_lists.py [POSTGRESQL_URL POSTGRESQL_URL]

PostgreSQL is measured too if the URLs of two empty databases are given, one for each size. What is
promised: at most 1.5 times the time, counts included.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from signoff.executions.agents import Agent
from signoff.executions.models import Execution
from signoff.executions.states import Status
from signoff.settings import Settings
from signoff.storage import agents, listing
from signoff.storage.listing import Wanted
from signoff.storage.store import Store, open_store
from signoff.storage.tables import ExecutionRow

SIZES = (1_000, 100_000)
AGENTS = 20
WORKSPACES = 2
PAGES = (0, 100, 200)
ROWS, ROUNDS = 10, 40
PROMISED = 1.5

# few wait for a person, most are long delivered
SHARES = {
    Status.PENDING_INPUTS: 1,
    Status.PENDING_DATA_EXTRACTION: 2,
    Status.PENDING_REVIEW: 5,
    Status.CANCELED: 4,
    Status.CONFIRMED: 3,
    Status.DELIVERED_TO_DESTINATION: 85,
}
DATA = {"number": "2024-17", "total": 12.5}


def main() -> int:
    """Measure and print; 1 when a list grows more than promised."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"SQLite": ["", ""]} | ({"PostgreSQL": sys.argv[1:3]} if sys.argv[1:] else {})
        for kind, urls in kinds.items():
            stores = [
                open_store(Settings(home=Path(folder) / kind / str(size), database_url=url))
                for size, url in zip(SIZES, urls, strict=True)
            ]
            worst = max(worst, _measure(kind, stores))
            for store in stores:
                store.database.close()
    print(f"\nThe worst of all: {worst:.2f} times (promised: at most {PROMISED})")
    return worst > PROMISED


def _measure(kind: str, stores: list[Store]) -> float:
    queries = []
    for store, size in zip(stores, SIZES, strict=True):
        owners = _agents(store)
        _fill(store, owners, size)
        queries.append(_queries(store, owners))
    print(f"\n{kind}\n{'':44}" + "".join(f"{size:>12,}" for size in SIZES) + f"{'ratio':>8}")
    worst = 0.0
    # pages that few executions do not fill are no measure for many
    for what in [name for name in queries[0] if name in queries[1]]:
        few, many = _quickest([found[what] for found in queries])
        worst = max(worst, many / few)
        print(f"{what:44}{few * 1000:>9.2f} ms{many * 1000:>9.2f} ms{many / few:>8.2f}")
    return worst


def _agents(store: Store) -> list[tuple[UUID, UUID]]:
    """(workspace, agent) for agents in several workspaces."""
    found = []
    for number in range(AGENTS):
        agent = Agent.model_validate(
            {
                "name": f"agent-{number}",
                "workspace": f"workspace-{number % WORKSPACES}",
                "data_schema": {"type": "object", "properties": {"number": {"type": "string"}}},
            }
        )
        with store.database.transaction() as session:
            revision, _ = agents.apply(session, agent, cipher=store.cipher)
        found.append((revision.workspace_id, revision.agent_id))
    return found


def _fill(store: Store, owners: list[tuple[UUID, UUID]], count: int) -> None:
    chance = random.Random(count)
    statuses = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    started = datetime.now(UTC) - timedelta(days=365)
    extraction = {"data": DATA, "confidence": {"/number": 0.9}, "model": "test"}

    def rows() -> Iterator[dict[str, object]]:
        for number, status in enumerate(statuses):
            workspace_id, agent_id = chance.choice(owners)
            read = status not in (Status.PENDING_INPUTS, Status.PENDING_DATA_EXTRACTION)
            # people answer within two days or so: updates come nearly in the order of creation
            updated = started + timedelta(days=363 * number / count + chance.expovariate(1))
            yield {
                "id": uuid4(),
                "workspace_id": workspace_id,
                "agent_id": agent_id,
                "agent_revision": 1,
                "status": status,
                "trigger": "api",
                "context": {},
                "extraction": extraction if read else None,
                "confirmed": DATA if status.is_signed_off else None,
                "created_at": updated - timedelta(minutes=5),
                "updated_at": updated,
            }

    with store.database.transaction() as session:
        session.execute(insert(ExecutionRow), list(rows()))
    with store.database.engine.connect() as connection, connection.begin():
        connection.execute(text("ANALYZE"))


def _queries(store: Store, owners: list[tuple[UUID, UUID]]) -> dict[str, Callable[[], object]]:
    """The counts, and those of the first pages that are full."""
    workspace_id = owners[0][0]
    mine = [agent_id for place, agent_id in owners if place == workspace_id]
    filters = {
        "all": Wanted(workspace_id),
        "one status, rare": Wanted(workspace_id, statuses=[Status.PENDING_REVIEW]),
        "one status, common": Wanted(workspace_id, statuses=[Status.DELIVERED_TO_DESTINATION]),
        "two statuses": Wanted(
            workspace_id, statuses=[Status.PENDING_REVIEW, Status.PENDING_INPUTS]
        ),
        "one agent": Wanted(workspace_id, agent_ids=mine[:1]),
        "three agents": Wanted(workspace_id, agent_ids=mine[:3]),
        "three agents, two statuses": Wanted(
            workspace_id,
            agent_ids=mine[:3],
            statuses=[Status.PENDING_REVIEW, Status.DELIVERED_TO_DESTINATION],
        ),
    }
    found: dict[str, Callable[[], object]] = {}
    for name, wanted in filters.items():
        for skip in PAGES:
            page = _page(store, wanted, skip)
            if len(page()) == ROWS:
                found[f"{name}, from {skip}"] = page
        found[f"{name}, count"] = _count(store, wanted)
    return found


def _page(store: Store, wanted: Wanted, skip: int) -> Callable[[], list[Execution]]:
    def call() -> list[Execution]:
        with store.database.reading() as session:
            return listing.page(session, wanted, skip=skip, limit=ROWS)

    return call


def _count(store: Store, wanted: Wanted) -> Callable[[], object]:
    def call() -> object:
        with store.database.reading() as session:
            return listing.count(session, wanted)

    return call


def _quickest(calls: list[Callable[[], object]]) -> list[float]:
    """The shortest time of each call, made in turns: whatever else the machine does only adds."""
    taken = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for index, call in enumerate(calls):
            started = time.perf_counter()
            call()
            taken[index] = min(taken[index], time.perf_counter() - started)
    return taken


if __name__ == "__main__":
    sys.exit(main())
