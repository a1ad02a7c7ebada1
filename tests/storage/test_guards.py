"""Guards: named leases that one process at a time holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier
from uuid import UUID, uuid4

from signoff.storage.leases import drop_guard, try_guard
from signoff.storage.store import Store


def take(store: Store, owner: UUID, *, seconds: float = 60) -> bool:
    with store.database.transaction() as session:
        return try_guard(session, "reconcile", owner, seconds=seconds)


def test_the_first_owner_takes_the_guard_and_keeps_it(store: Store) -> None:
    first, second = uuid4(), uuid4()
    assert take(store, first)
    assert not take(store, second)
    assert take(store, first)
    assert not take(store, second)


def test_an_expired_guard_is_taken_over(store: Store) -> None:
    first, second = uuid4(), uuid4()
    assert take(store, first, seconds=-1)
    assert take(store, second)
    assert not take(store, first)


def test_a_dropped_guard_is_free(store: Store) -> None:
    first, second = uuid4(), uuid4()
    take(store, first)
    with store.database.transaction() as session:
        drop_guard(session, "reconcile", first)
    assert take(store, second)


def test_a_guard_is_dropped_only_by_its_owner(store: Store) -> None:
    first, second = uuid4(), uuid4()
    take(store, first)
    with store.database.transaction() as session:
        drop_guard(session, "reconcile", second)
    assert not take(store, second)


def test_guards_of_different_names_do_not_touch_each_other(store: Store) -> None:
    take(store, uuid4())
    with store.database.transaction() as session:
        assert try_guard(session, "inbox", uuid4(), seconds=60)


def test_of_two_that_insert_at_once_the_second_is_told_no(store: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with store.database.transaction() as session:
            assert try_guard(session, "reconcile", uuid4(), seconds=60)
            # not committed yet: the second one finds no row, and waits
            second = pool.submit(take, store, uuid4())
            wait([second], timeout=0.3)
        assert second.result(timeout=30) is False


def test_one_of_many_at_once_takes_the_guard(store: Store) -> None:
    start = Barrier(16)

    def attempt(owner: UUID) -> bool:
        start.wait()
        return take(store, owner)

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, [uuid4() for _ in range(16)])) == 1
