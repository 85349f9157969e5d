"""What commands that ask share."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

from sentry_sync.cli.answering import once
from sentry_sync.cli.connect import client_of
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.store.store import Store
from tests.support.cli import SECRET
from tests.support.clock import FakeClock


def test_every_question_shares_one_client_made_by_the_first(tmp_path: Path) -> None:
    connection = Connection("https://sentry.io", SECRET, "acme")
    clock = FakeClock()
    made: list[object] = []
    had: list[object] = []

    def make() -> AbstractContextManager[SentryClient]:
        made.append(None)
        return client_of(connection, copy, clock, 100)

    with closing(Store(tmp_path / "store", clock)) as copy, ExitStack() as opened:
        client = once(make, opened)
        assert not (tmp_path / "store").exists()
        threads = [threading.Thread(target=lambda: had.append(client())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 1
    assert len(had) == 8
    assert len(set(map(id, had))) == 1
