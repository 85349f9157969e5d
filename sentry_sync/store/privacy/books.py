"""What the store remembers of erasures, and its rows written again, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from sentry_sync.store import tables
from sentry_sync.store.moments import to_micros
from sentry_sync.store.presence import this_process
from sentry_sync.store.privacy import held, sweeping
from sentry_sync.store.privacy.erased import Erased, Identity
from sentry_sync.store.privacy.held import Held
from sentry_sync.store.privacy.pseudonyms import Pseudonyms
from sentry_sync.store.privacy.scrub import Fields

ERASE, BEGUN, DONE = "erase", "begun", "done"
"""An erasure in the audit log, and its outcomes."""

_READ = "SELECT memory FROM erasures"
_WRITE = "INSERT INTO erasures (memory, erased_at) VALUES (?, ?) ON CONFLICT DO NOTHING"
_log = tables.audit_log


def unfinished(connection: Connection) -> bool:
    """Whether an erasure was begun that nobody saw to its end."""
    begun = select(_log.c.id).where(_log.c.action == ERASE, _log.c.outcome == BEGUN)
    return connection.execute(begun).first() is not None


class PersonBooks:
    """Reads and writes what is known of persons."""

    def __init__(self, connection: Connection, pseudonyms: Pseudonyms) -> None:
        self._connection = connection
        self._pseudonyms = pseudonyms

    def erased(self) -> Erased:
        """Everybody erased so far. Read with each page: another process may just have erased somebody."""
        return Erased(self._pseudonyms, frozenset(self._connection.exec_driver_sql(_READ).scalars()))

    def remember(self, identities: Iterable[Identity], at: datetime) -> None:
        """Remember that a person is erased who has these names; the audit log tells that, and not who it is."""
        memories = [self._pseudonyms.memory(kind, value) for kind, value in identities]
        new = sum(
            self._connection.exec_driver_sql(_WRITE, (memory, to_micros(at))).rowcount for memory in memories
        )
        # One that is gone on with is the same erasure still.
        if new or (memories and not self.unfinished()):
            entry = {"at": at, "actor": this_process(), "source": "cli", "action": ERASE, "outcome": BEGUN}
            self._connection.execute(insert(_log).values(**entry, target=f"person:{memories[0][:12]}"))

    def unfinished(self) -> bool:
        """Whether an erasure was begun that nobody saw to its end."""
        return unfinished(self._connection)

    def conclude(self, rows: int) -> None:
        """Every erasure begun is done."""
        begun = update(_log).where(_log.c.action == ERASE, _log.c.outcome == BEGUN)
        self._connection.execute(begun.values(outcome=DONE, rows=rows))

    def batch(self, kind: type, after: int) -> list[Held]:
        """The next rows of ``kind``, by key."""
        return held.batch(self._connection, kind, after)

    def rewrite(self, kind: type, rows: Sequence[Held], change: Callable[[type, Any], Fields]) -> int:
        """Write those of ``rows`` again that ``change`` says have other fields; how many."""
        return held.rewrite(self._connection, kind, rows, change)

    def sweep(self, table: str, after: int, without: Callable[[str], str]) -> tuple[int | None, int]:
        """Take out of the texts of a table's next rows what ``without`` takes out; see ``sweeping.sweep``."""
        return sweeping.sweep(self._connection, table, after, without)
