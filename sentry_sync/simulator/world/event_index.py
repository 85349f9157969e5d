"""The one index of events: every count, date and row a simulated Sentry tells comes from here."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, MutableSequence
from dataclasses import dataclass
from typing import NamedTuple

NONE = -1


class Happening(NamedTuple):
    """One event as it enters the index. Numbers refer to the world's tables; -1 is none."""

    timestamp: int
    received: int
    issue: int
    environment: int
    release: int
    user: int


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time in epoch seconds: start <= t < end."""

    start: int
    end: int


class EventIndex:
    """Columns of events by number, and their order in time.

    An event's number is its place of arrival and never changes; what happened in the event
    (`timestamp`) may be earlier than events that arrived before it.
    """

    def __init__(self) -> None:
        self.timestamp = array("q")
        self.received = array("q")
        self.issue = array("q")
        self.environment = array("h")
        self.release = array("i")
        self.user = array("i")
        self.order: array[int] = array("i")

    def __len__(self) -> int:
        return len(self.order)

    @property
    def ever(self) -> int:
        """How many events ever arrived, the deleted ones included."""
        return len(self.timestamp)

    def add(self, happening: Happening, issue_events: MutableSequence[int]) -> int:
        """Take in one event and put it into its issue's list; returns its number."""
        number = self.ever
        self._append(happening)
        moment = happening.timestamp
        for events in (self.order, issue_events):
            if not events or self.timestamp[events[-1]] <= moment:
                events.append(number)
            else:
                insort(events, number, key=self._key)
        return number

    def load(self, history: Iterable[Happening]) -> None:
        """Take in a whole history, already sorted by time."""
        first = self.ever
        for happening in history:
            self._append(happening)
        self.order.extend(range(first, self.ever))

    def _append(self, happening: Happening) -> None:
        self.timestamp.append(happening.timestamp)
        self.received.append(happening.received)
        self.issue.append(happening.issue)
        self.environment.append(happening.environment)
        self.release.append(happening.release)
        self.user.append(happening.user)

    def _key(self, number: int) -> tuple[int, int]:
        return (self.timestamp[number], number)

    def within(self, events: array[int], span: Span) -> array[int]:
        """The part of a time-ordered list of events that lies in the span."""
        times = self.timestamp
        low = bisect_left(events, span.start, key=times.__getitem__)
        high = bisect_left(events, span.end, key=times.__getitem__)
        return events if low == 0 and high == len(events) else events[low:high]

    def has(self, number: int) -> bool:
        """Whether an event arrived and was not deleted."""
        return 0 <= number < self.ever and self.issue[number] != NONE

    def move(self, events: array[int], into: array[int], issue: int) -> array[int]:
        """Give events to another issue; returns that issue's new list."""
        for number in events:
            self.issue[number] = issue
        return array("i", sorted((*events, *into), key=self._key))

    def forget(self, events: array[int]) -> None:
        """Delete events."""
        gone = set(events)
        for number in gone:
            self.issue[number] = NONE
        self.order = array("i", (number for number in self.order if number not in gone))

    def newest(self) -> int | None:
        """When the latest event happened."""
        return self.timestamp[self.order[-1]] if self.order else None

    def oldest(self) -> int | None:
        """When the earliest event happened."""
        return self.timestamp[self.order[0]] if self.order else None
