"""Explore's `errors` dataset (and `discover`'s errors): rows of events, or counts grouped by their fields."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, overload

from sentry_sync.simulator import moments
from sentry_sync.simulator.moments import DAY, HOUR
from sentry_sync.simulator.search import Term
from sentry_sync.simulator.world import event_tags
from sentry_sync.simulator.world.event_index import EventIndex
from sentry_sync.simulator.world.world import World

from . import issue_search
from .call import Call, bad_request
from .explore import Question, Table, comparable

Reader = Callable[[int], Any]
_FUNCTION = re.compile(r"(\w+)\((.*)\)")
_TYPES = {
    "timestamp": "date", "timestamp.to_hour": "date", "timestamp.to_day": "date",
    "issue.id": "integer", "project.id": "integer",
}  # fmt: skip
_AGGREGATES = {
    "count": "integer", "count_unique": "integer", "last_seen": "date", "first_seen": "date",
    "min": "date", "max": "date", "epm": "rate", "eps": "rate",
}  # fmt: skip


def answer(call: Call, question: Question) -> Table:
    """Rows of single events if no function is asked for, else one row per group."""
    functions = {name: _function(name) for name in question.fields if "(" in name}
    plain = [name for name in question.fields if name not in functions]
    events = _events(call, question)
    types = {name: _TYPES.get(name, "string") for name in plain}
    types |= {name: _AGGREGATES[function] for name, (function, _) in functions.items()}
    if not functions:
        # Sentry adds these two to every row that is a single event.
        names = list(dict.fromkeys((*plain, "id", "project.name")))
        readers = {name: _reader(call.world, name) for name in names}
        return Table(EventRows(events[::-1], readers), types | {"id": "string", "project.name": "string"})
    return Table(_grouped(call, question, plain, functions, events), types)


class EventRows(Sequence[dict[str, Any]]):
    """Rows made when they are looked at: 200,000 of them at once would fill the memory."""

    def __init__(self, events: array[int], readers: dict[str, Reader]) -> None:
        self._events = events
        self._readers = readers

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        event = self._events[place]
        return {name: read(event) for name, read in self._readers.items()}

    def ordered(self, orders: list[str]) -> EventRows:
        """The rows in the order of these fields, `-` for falling."""
        events = list(self._events)
        for order in reversed(orders):
            key = partial(_key, self._readers[order.removeprefix("-")])
            events.sort(key=key, reverse=order.startswith("-"))
        return EventRows(array("i", events), self._readers)


def _key(read: Reader, event: int) -> tuple[int, Any]:
    return comparable(read(event))


def _function(field: str) -> tuple[str, str]:
    match = _FUNCTION.fullmatch(field)
    if not match or match[1] not in _AGGREGATES:
        raise bad_request(f"{field.split('(', maxsplit=1)[0]} is not a valid function")
    if match[1] in ("min", "max") and match[2] != "timestamp":
        raise bad_request(f"{match[1]}: only timestamp is kept by this server")
    if match[1] == "count_unique" and match[2] not in ("user", "issue", "issue.id", "id"):
        raise bad_request("count_unique: column argument invalid")
    return match[1], match[2]


def _events(call: Call, question: Question) -> array[int]:
    world = call.world
    projects = set(question.projects)
    wanted = {issue.number for issue in world.issues.values() if issue.project.number in projects}
    rest: list[Term] = []
    for term in question.search.terms:
        # An issue is looked up by its events' issue numbers, not by making every event's fields.
        if term.key in ("issue.id", "issue") and term.operator == "=":
            named = {issue.number for issue in map(world.issue, term.values) if issue is not None}
            wanted = wanted - named if term.negated else wanted & named
        else:
            rest.append(term)
    column = world.index.issue
    events = array("i", (e for e in world.index.within(world.index.order, question.span) if column[e] in wanted))
    events = issue_search.in_environments(world, events, question.environments)
    for term in rest:
        events = array("i", (event for event in events if issue_search.event_fits(world, event, term)))
    if question.search.text:
        words = question.search.text.lower()
        says = {number for number in wanted if words in world.by_number[number].kind.title.lower()}
        events = array("i", (event for event in events if column[event] in says))
    return events


def _reader(world: World, name: str) -> Reader:
    index, times = world.index, world.index.timestamp
    if name == "timestamp":
        return lambda event: moments.offset(times[event])
    if name in ("timestamp.to_hour", "timestamp.to_day"):
        step = HOUR if name.endswith("hour") else DAY
        return lambda event: moments.offset(times[event] - times[event] % step)
    if name not in event_tags.ISSUE_FIELDS:
        return lambda event: event_tags.field(world, event, name)
    # Read once for each issue: groups over 200,000 events would take seconds otherwise.
    kept: dict[int, Any] = {}
    numeric = name in ("issue.id", "project.id")

    def read(event: int) -> Any:
        issue = index.issue[event]
        if issue not in kept:
            value = event_tags.field(world, event, name)
            kept[issue] = int(value) if numeric and value is not None else value
        return kept[issue]

    return read


def _grouped(
    call: Call, question: Question, plain: list[str], functions: dict[str, tuple[str, str]], events: array[int]
) -> list[dict[str, Any]]:
    readers = [_reader(call.world, name) for name in plain]
    groups: dict[tuple[Any, ...], array[int]] = {}
    for event in events:
        key = tuple([read(event) for read in readers])
        found = groups.get(key)
        if found is None:
            groups[key] = array("i", (event,))
        else:
            found.append(event)
    if not plain and not groups:
        groups[()] = array("i")
    minutes = max((question.span.end - question.span.start) / 60, 1)
    rows = []
    for key, members in groups.items():
        row = dict(zip(plain, key, strict=True))
        for name, (function, column) in functions.items():
            row[name] = _aggregate(call.world.index, function, column, members, minutes)
        rows.append(row)
    return rows


def _aggregate(index: EventIndex, function: str, column: str, members: array[int], minutes: float) -> Any:
    if function == "count":
        return len(members)
    if function == "count_unique":
        if column == "id":
            return len(members)
        values = index.user if column == "user" else index.issue
        return len({values[event] for event in members} - {-1})
    if function in ("epm", "eps"):
        return len(members) / minutes / (60 if function == "eps" else 1)
    if not members:
        return None
    # The events are in the order of time.
    newest = function in ("last_seen", "max")
    return moments.offset(index.timestamp[members[-1 if newest else 0]])
