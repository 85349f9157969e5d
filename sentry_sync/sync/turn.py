"""A whole reconcile turn, asked for: when it began, and whether it is one that was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentry_sync.records.intervals import floor
from sentry_sync.store.reads.state import Mark, State
from sentry_sync.store.unit_of_work import UnitOfWork
from sentry_sync.sync.plan import OVERLAP
from sentry_sync.sync.server_clock import TOLERANCE, ServerClock

STREAM = "issues.turn"
"""Its marks: under ``begun`` and ``done``, when the last turn that was begun, or came through, began."""

SECOND = timedelta(seconds=1)
"""The grain of the server's ``Date``: a look dated in the second a turn began belongs to it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn in progress. Looks since it began need no other."""

    asked: datetime
    """When it was asked for, by our clock."""
    resumed: datetime | None
    """When the interrupted one that it continues began, by the server's clock."""

    def began(self, clock: ServerClock) -> datetime:
        """When the turn began, by the server's clock as we know it by now."""
        return self.resumed or floor(clock.told(self.asked) - TOLERANCE, SECOND)


def begin(state: State, asked: datetime, clock: ServerClock) -> Turn:
    """A new turn, or the one that was interrupted just before."""
    begun, done = state.mark(STREAM, "begun"), state.mark(STREAM, "done")
    return Turn(asked, interrupted(begun, done, clock.told(asked)))


def interrupted(begun: Mark | None, done: Mark | None, now: datetime) -> datetime | None:
    """When the last turn began, if it did not come through and is so young that it's worth going on with."""
    if begun is None or (done is not None and done.mark >= begun.mark) or now - begun.mark > OVERLAP:
        return None
    return begun.mark


def note(uow: UnitOfWork, turn: Turn, clock: ServerClock, *, done: bool) -> None:
    """Remember that the turn is under way, or that it came through."""
    began = turn.began(clock)
    uow.mark(STREAM, "done" if done else "begun", began, began)
