"""Reading a stream's pages for one question: the sync's own requests and parsing, without its plan."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.store.reads.snapshot import empty
from sentry_sync.store.reads.state import State
from sentry_sync.sync.stream import Look, Policy, Stream, Work

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live


@dataclass(frozen=True, slots=True)
class Reading:
    """What some pages of a stream gave."""

    records: list[Any]
    rejects: list[str]
    at: datetime
    """The server's time of the first page."""
    whole: bool
    """The server had no further page."""
    approximate: bool

    def notes(self, what: str) -> tuple[str, ...]:
        """What an answer has to say about rows that are not in it."""
        unread = (f"{len(self.rejects)} {what} could not be read ({self.rejects[0]})",) if self.rejects else ()
        return unread if self.whole else (*unread, f"Sentry has more {what} than were read")


def read(live: Live, stream: Stream, work: Work, projects: Mapping[str, str], most_pages: int) -> Reading:
    """The first ``most_pages`` pages of ``stream`` for ``work``; ``projects`` maps slugs to ids."""
    records: list[Any] = []
    rejects: list[str] = []
    at: datetime | None = None
    approximate = False
    cursor: str | None = None
    with closing(empty()) as nothing:
        look = Look(State(nothing), Policy(), live.now(), projects)
        for _ in range(most_pages):
            page = stream.fetch(live.client, work, cursor, look)
            harvest = stream.harvest(page, work, look)
            records += harvest.records
            rejects += harvest.rejects
            approximate = approximate or harvest.approximate
            at = at or page.server_time
            cursor = page.next_cursor
            if cursor is None:
                break
    return Reading(records, rejects, at or live.now(), cursor is None, approximate)
