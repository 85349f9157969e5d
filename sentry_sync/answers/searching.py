"""Which part of Sentry's issue search the store answers with the same meaning, and why not the rest. Pure.

A query is answered from the store only whole: one term whose meaning here would be another, and all of it is asked
of Sentry. What the store can tell of most issues but not of all (how many events an old issue had in the window)
is decided row by row in ``store.reads.search``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime, timedelta

from sentry_sync.records.search import Condition, Search, Term

STATUSES = {
    "unresolved": "unresolved",
    "resolved": "resolved",
    "ignored": "ignored",
    "archived": "ignored",
    "muted": "ignored",
    "reprocessing": "reprocessing",
}
SUBSTATUSES = {
    "new": "unresolved",
    "ongoing": "unresolved",
    "escalating": "unresolved",
    "regressed": "unresolved",
    "archived_until_escalating": "ignored",
    "archived_until_condition_met": "ignored",
    "archived_forever": "ignored",
}
"""Each with the status it is one of."""

LEVELS = ("fatal", "error", "warning", "info", "debug", "sample")
PRIORITIES = ("high", "medium", "low")

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_RELATIVE = re.compile(r"([+-])(\d{1,5})([mhdw])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?")
_EVENT_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F-]{36}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search is asked with beside its query."""

    now: datetime
    environment: str | None = None
    """Asked for as a parameter."""
    by_count: bool = False
    """The rows are wanted by the number of their events."""
    in_project: bool = True
    """The issues of one project are asked for."""
    project_ids: Mapping[str, str] = field(default_factory=dict)
    """By slug; what the query names of them must be here."""
    issue_ids: Mapping[str, str] = field(default_factory=dict)
    """By short id; the same."""


@dataclass(frozen=True, slots=True)
class Answerable:
    """What to ask the store."""

    conditions: tuple[Condition, ...]
    text: str
    of_events: tuple[Condition, ...] = ()
    """What one event of the issue must fit."""
    by_count: bool = False
    """The number of these events matters."""

    @property
    def environment(self) -> str | None:
        """The one environment that is asked for, where that is all that is asked of events."""
        if len(self.of_events) != 1:
            return None
        (found,) = self.of_events
        one = (
            found.field == "environment" and found.operator == "=" and not found.negated and len(found.values) == 1
        )
        return str(found.values[0]) if one else None

    @property
    def needs_events(self) -> bool:
        """Whether the events themselves have to be looked at."""
        return bool(self.of_events) and (self.by_count or self.environment is None)

    @property
    def since(self) -> datetime | None:
        """No issue that fits had its last event before this: how far back the store has to know."""
        bounds = [
            value
            for condition in self.conditions
            if condition.field in ("first_seen", "last_seen") and condition.operator in (">", ">=")
            for value in condition.values
            if isinstance(value, datetime)
        ]
        return max(bounds, default=None)


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """Why the store can't, in words for a note."""

    why: str


Read = Condition | Unanswerable
Reader = Callable[[Term, Asked], "Read | list[Condition]"]


def decide(search: Search, asked: Asked) -> Answerable | Unanswerable:
    """What to ask the store for ``search``, or why Sentry has to be asked."""
    if search.unsure:
        return Unanswerable(f"Sentry may read {search.unsure} otherwise")
    odd = _odd_text(search.text)
    if odd:
        return odd
    conditions: list[Condition] = []
    for term in search.terms:
        key = KEYS.get(term.key)
        if key is None:
            return Unanswerable(f"{_named(term)} {NOT_ANSWERED.get(term.key, A_TAG)}")
        found = key.read(term, asked)
        if isinstance(found, Unanswerable):
            return Unanswerable(f"{_named(term)} {found.why}")
        conditions += found if isinstance(found, list) else [found]
    return _together(conditions, search.text, asked)


def _together(conditions: list[Condition], text: str, asked: Asked) -> Answerable | Unanswerable:
    statuses = {str(c.values[0]) for c in conditions if c.field == "status" and not c.negated}
    if len(statuses) > 1:
        return Unanswerable("no issue has two statuses")
    fields = {c.field for c in conditions}
    if asked.environment is not None and "first_seen" in fields:
        return Unanswerable("Sentry counts an issue's age in the environment asked for")
    of_events = [c for c in conditions if c.field in OF_EVENTS]
    if asked.environment is not None:
        of_events.append(Condition("environment", "=", (asked.environment,)))
    found = Answerable(
        tuple(c for c in conditions if c.field not in OF_EVENTS),
        text,
        tuple(of_events),
        asked.by_count or "times_seen" in fields,
    )
    if found.needs_events and not asked.in_project:
        return Unanswerable("what is about single events is answered for one project")
    return found


OF_EVENTS = frozenset({"environment", "release"})
"""Fields of events; all conditions on them must be met by the same event."""


def _odd_text(text: str) -> Unanswerable | None:
    if _EVENT_ID.fullmatch(text):
        return Unanswerable("free text that is an event's id finds that event's issue")
    if not text.isascii():
        return Unanswerable("free text beyond ASCII: which letters are equal but for their case is not agreed on")
    return None


def _named(term: Term) -> str:
    return f"{'!' if term.negated else ''}{term.key[:LONGEST_KEY]}:"


LONGEST_KEY = 60
"""Characters of a key that a note repeats."""


# -- one reader for each kind of key --------------------------------------------------------


def _is(term: Term, _asked: Asked) -> Read | list[Condition]:
    if term.listed or term.operator:
        return Unanswerable("takes one word at a time")
    (value,) = term.values
    if value in STATUSES:
        return Condition("status", "=", (STATUSES[value],), term.negated)
    if value in SUBSTATUSES:
        if term.negated:
            return Unanswerable("with a substatus negated may leave out other statuses as well")
        status = Condition("status", "=", (SUBSTATUSES[value],))
        return [Condition("substatus", "=", (value,)), status]
    if value in ("assigned", "unassigned"):
        return Condition("assignee", "=", (None,), negated=(value == "assigned") != term.negated)
    return Unanswerable("with this word asks for what no list of issues tells")


def _assigned(term: Term, _asked: Asked) -> Read:
    if term.operator or any(value != "none" and not value.startswith("#") for value in term.values) or term.wild:
        return Unanswerable("is known for none and for #team: who me is, and people's e-mail addresses, is not")
    values = tuple(None if value == "none" else value.removeprefix("#") for value in term.values)
    return Condition("assignee", "=", values, term.negated)


def _choice(of: str, choices: tuple[str, ...], *, wild: bool = False) -> Reader:
    def read(term: Term, _asked: Asked) -> Read:
        if term.operator:
            return Unanswerable("is not compared")
        if term.wild and wild:
            return _like(of, term)
        if any(value not in choices for value in term.values):
            return Unanswerable("takes words that only Sentry knows all of")
        return Condition(of, "=", term.values, term.negated)

    return read


def _text(of: str) -> Reader:
    def read(term: Term, _asked: Asked) -> Read:
        if term.operator or "" in term.values:
            return Unanswerable("is not compared, and nobody tells issues without one")
        return _like(of, term) if term.wild else Condition(of, "=", term.values, term.negated)

    return read


def _like(of: str, term: Term) -> Read:
    if term.listed or not term.values[0].isascii():
        return Unanswerable("takes wildcards one at a time, and in ASCII")
    return Condition(of, "like", term.values, term.negated)


def _first_release(term: Term, _asked: Asked) -> Read:
    if term.operator or term.wild or "latest" in term.values or "" in term.values:
        return Unanswerable("is answered for exact versions")
    return Condition("first_release", "=", term.values, term.negated)


def _of_event(of: str) -> Reader:
    def read(term: Term, _asked: Asked) -> Read:
        if term.operator or (of == "release" and "latest" in term.values):
            return Unanswerable("is answered for names, exact or with one *")
        return _like(of, term) if term.wild else Condition(of, "=", term.values, term.negated)

    return read


def _number(of: str) -> Reader:
    def read(term: Term, _asked: Asked) -> Read:
        if any(
            not value.isascii() or not value.isdecimal() or len(value) > LONGEST_NUMBER for value in term.values
        ):
            return Unanswerable("takes whole numbers")
        if term.negated and term.operator not in ("", "="):
            return Unanswerable("compared and negated may be read in two ways")
        return Condition(of, term.operator or "=", tuple(map(int, term.values)), term.negated)

    return read


LONGEST_NUMBER = 15
"""Digits: what SQLite's integers hold with room to spare."""


def _moment(of: str) -> Reader:
    def read(term: Term, asked: Asked) -> Read | list[Condition]:
        if term.negated or term.listed:
            return Unanswerable("negated or with a list may be read in two ways")
        (value,) = term.values
        relative = _RELATIVE.fullmatch(value)
        if relative and not term.operator:
            border = asked.now - int(relative[2]) * _UNITS[relative[3]]
            return Condition(of, ">=" if relative[1] == "-" else "<=", (border,))
        if term.operator in ("", "=") and _DATE.fullmatch(value):
            return _day(of, value)
        if term.operator in ("", "=") or not (_DATE.fullmatch(value) or _INSTANT.fullmatch(value)):
            return Unanswerable("takes an age such as -24h, a day, or > or < with a time in ISO 8601")
        border_or_none = _instant(value)
        if border_or_none is None:
            return Unanswerable("takes a time that exists")
        return Condition(of, term.operator, (border_or_none,))

    return read


def _day(of: str, value: str) -> list[Condition] | Unanswerable:
    start = _instant(value)
    if start is None or start.year == MAXYEAR:
        return Unanswerable("takes a day that exists")
    return [Condition(of, ">=", (start,)), Condition(of, "<", (start + timedelta(days=1),))]


def _instant(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _project(term: Term, asked: Asked) -> Read:
    ids = tuple(asked.project_ids.get(value) for value in term.values)
    if term.operator or None in ids:
        return Unanswerable("names a project that the copy has not")
    return Condition("project", "=", ids, term.negated)


def _issue(term: Term, asked: Asked) -> Read:
    ids = tuple(asked.issue_ids.get(value) for value in term.values)
    if term.operator or None in ids:
        return Unanswerable("names an issue that the copy has not")
    return Condition("issue", "=", ids, term.negated)


def _id(of: str) -> Reader:
    def read(term: Term, _asked: Asked) -> Read:
        if term.operator or any(not value.isascii() or not value.isdecimal() for value in term.values):
            return Unanswerable("takes numbers")
        return Condition(of, "=", term.values, term.negated)

    return read


@dataclass(frozen=True, slots=True)
class Key:
    """A key the store answers, and how far."""

    read: Reader
    about: str


KEYS: dict[str, Key] = {
    "is": Key(
        _is,
        "`unresolved`, `resolved`, `ignored` (`archived`, `muted`), `reprocessing`, `assigned`, `unassigned`, and "
        "the substatuses (not negated). `for_review`, `linked`, `unlinked` and lists go to Sentry.",
    ),
    "assigned": Key(_assigned, "`none` and `#team`; people and `me` go to Sentry."),
    "level": Key(_choice("level", LEVELS, wild=True), "The issue's level, also with `*`."),
    "environment": Key(
        _of_event("environment"),
        'Names, lists, `*`, `""` for none. One exact name as far back as environments are known; all else within '
        "one project, as far back as events are held.",
    ),
    "release": Key(
        _of_event("release"),
        'Versions, lists, `*`, `""` for none; not `latest`. Within one project, as far back as events are held.',
    ),
    "firstRelease": Key(
        _first_release, "Exact versions, where the first release of every issue in question is known."
    ),
    "timesSeen": Key(
        _number("times_seen"),
        "Numbers, `>`, `>=`, `<`, `<=`, lists. Exact for issues begun in the window; where an older one could "
        "matter, and the events held do not reach back to the window's start, Sentry is asked.",
    ),
    "age": Key(_moment("first_seen"), "Ages (`-24h`: younger, `+24h`: older), days, times with `>` and `<`."),
    "firstSeen": Key(_moment("first_seen"), "The same. Not together with the argument `environment`."),
    "lastSeen": Key(_moment("last_seen"), "The same, in the environment asked for."),
    "issue.priority": Key(_choice("priority", PRIORITIES), "`high`, `medium`, `low`."),
    "issue.type": Key(_choice("issue_type", ("error",)), "`error`."),
    "issue.category": Key(_choice("category", ("error",)), "`error`."),
    "issue": Key(_issue, "Short ids of issues that are in the copy."),
    "issue.id": Key(_id("issue"), "Ids."),
    "platform.name": Key(_text("platform"), "The issue's platform, also with `*`."),
    "project": Key(_project, "Slugs of projects that are in the copy."),
    "project.name": Key(_project, "The same."),
    "project.id": Key(_id("project"), "Ids."),
}
"""What is answered from the store."""

A_TAG = "is about tags or fields of events that their lists don't carry"
"""Why a key that nobody knows is not answered."""

NOT_ANSWERED: dict[str, str] = {
    "assigned_or_suggested": "needs the suggestions of owners, which no list of issues tells",
    "bookmarks": "is somebody's own list, which no other token sees",
    "event.timestamp": "is about single events",
    "timestamp": "is about single events",
    "has": "is about the tags of events, which their lists don't carry",
    "users_seen": "counts people in the window, and people of two windows don't add up",
}
"""Why others are not."""
