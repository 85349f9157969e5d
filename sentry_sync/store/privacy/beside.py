"""The names that stand beside a person's in the events that are held."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from sentry_sync.records.event import Event, EventBody
from sentry_sync.store.privacy import held
from sentry_sync.store.privacy.erased import Identity, of_body, of_key, of_tags
from sentry_sync.store.privacy.finding import Names

ROUNDS = 5
"""How often names are looked for that stand beside those found last: each person has three kinds."""


def look(reading: Connection, names: Names) -> None:
    """Learn the person's other names from the rows that have one of these."""
    for _ in range(ROUNDS):
        found = [names.learn(identities) for identities in _identities(reading)]
        if not any(found):
            return


def _identities(reading: Connection) -> Iterator[list[Identity]]:
    for row in held.every(reading, EventBody):
        yield of_body(row.row.body)
    for row in held.every(reading, Event):
        if any(name.startswith("user.") for name in row.row.tags):
            yield [*of_key(row.row.user_key), *of_tags(row.row.tags)]
