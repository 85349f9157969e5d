"""Who was erased, as the store remembers it: keyed hashes of their names, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from sentry_sync.store.moments import to_micros
from sentry_sync.store.privacy.erased import Erased, Identity
from sentry_sync.store.privacy.pseudonyms import Pseudonyms

_READ = "SELECT memory FROM erasures"
_WRITE = "INSERT INTO erasures (memory, erased_at) VALUES (?, ?) ON CONFLICT DO NOTHING"


def read(connection: Connection, pseudonyms: Pseudonyms) -> Erased:
    """Everybody erased so far. Read with each page: another process may just have erased somebody."""
    return Erased(pseudonyms, frozenset(connection.exec_driver_sql(_READ).scalars()))


def remember(connection: Connection, pseudonyms: Pseudonyms, identities: Iterable[Identity], at: datetime) -> None:
    """Remember that a person was erased who has these names."""
    for kind, value in identities:
        connection.exec_driver_sql(_WRITE, (pseudonyms.memory(kind, value), to_micros(at)))
