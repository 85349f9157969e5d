"""From settings to a client."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentry_sync.cli.connect import client_of
from sentry_sync.records.organization import Organization
from sentry_sync.sentry.connection import Connection
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW

CONNECTION = Connection("https://sentry.io", "sntryu_test", "acme")


def regional(store: Store) -> str:
    with client_of(CONNECTION, store, FakeClock(NOW), 100) as client:
        return client._session.origins.regional


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    return store


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("https://de.sentry.io", "https://de.sentry.io"),
        ("https://sentry.io.evil.example", "https://sentry.io"),
        (None, "https://sentry.io"),
    ],
)
def test_requests_go_to_the_region_the_organization_named_if_it_is_the_same_owners(
    store: Store, named: str | None, asked: str
) -> None:
    with store.write() as uow:
        uow.upsert([Organization("1", "acme", "Acme", named, None, NOW)])
    store.close()
    assert regional(store) == asked


def test_without_a_store_requests_go_where_the_settings_say(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.paths.create()
    assert regional(store) == "https://sentry.io"
