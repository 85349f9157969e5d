"""The file lock between processes that write. The kernel drops them when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentry_sync.errors import StoreBusy
from sentry_sync.records.clock import Clock
from sentry_sync.store.paths import unwritable

PATIENCE_SECONDS = 30.0
"""How long to wait for another writer: a page's transaction takes milliseconds, a migration seconds."""

POLL_SECONDS = 0.005
"""Short beside a page's transaction; waiting is rare, so the polling costs nothing to speak of."""


PAUSE_SECONDS = 2 * POLL_SECONDS
"""How long whoever writes slice after slice leaves the lock alone in between: else nobody would find it free."""


@contextmanager
def held(path: Path, clock: Clock, *, patience: float, busy: str) -> Iterator[int]:
    """Hold the lock at ``path``; raises StoreBusy with ``busy`` when it is not had within ``patience`` seconds."""
    handle = _open(path)
    try:
        _acquire(handle, clock, patience, busy)
        yield handle
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path, error) from error


def _acquire(handle: int, clock: Clock, patience: float, busy: str) -> None:
    waited = 0.0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if waited >= patience:
                raise StoreBusy(busy) from error
            clock.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        else:
            return
