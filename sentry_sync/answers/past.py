"""get-issues at a past time, from the looks that were had at the issues: Sentry does not tell it afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Found, View
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.locating import locate, not_located
from sentry_sync.answers.misses import Reach, reach, search_edge
from sentry_sync.answers.times import parse, shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads import history, issues, knowledge, past
from sentry_sync.store.reads.history import IssueThen, Then
from sentry_sync.store.reads.past import Census, PastFilter
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.streams.issues import HOT_NAME, SWEEP_NAME

FIELDS = {
    "status": "status",
    "substatus": "substatus",
    "priority": "priority",
    "level": "level",
    "assigned_to": "assigned_to",
    "count": "events",
    "removed_as": "removed_as",
}
"""What a row tells of the time asked about: the column whose past is kept, and its name in an answer."""

NO_PAST = Refusal("not_supported", "Sentry does not tell how issues were: this is what our own looks at them saw")

_BETWEEN_LOOKS = "what changed and changed back between two looks, or came and went, is not known"
_ORDER = "the order is that of the last events known now: when an issue had been last seen by then is not kept"


@dataclass(frozen=True, slots=True)
class PastIssuesQuestion:
    """Which issues there were at a time, and how they were then."""

    project: str
    at_time: str
    status: str | None = None
    limit: int = 25
    sort: str = "date"

    resource = "issues"

    def look(self, view: View) -> Found:
        """The issues as they were, from the store alone. Raises QuestionError for a time that has not come."""
        moment = parse(self.at_time, view.now, "at_time")
        if moment > view.now:
            raise QuestionError("at_time lies in the future: nothing is known of it yet")
        project = locate(view, self.project)
        if project is None:
            return not_located(view, self.resource, {"project": None, "at_time": None, "issues": [], "more": None})
        known = knowledge.read(view.snapshot, (HOT_NAME, SWEEP_NAME), ("issues",))
        synced = reach(known.as_of(HOT_NAME), [p.interval for p in known.covered("issues") if not p.approximate])
        counted = past.census(view.snapshot, project.id, moment, self.status)
        ids = past.page(
            view.snapshot, PastFilter(project.id, moment, status=self.status, sort=self.sort, limit=self.limit + 1)
        )
        then = history.at(view.snapshot, ids[: self.limit], moment)
        rows = [_shown(row, then[row.id]) for row in issues.by_ids(view.snapshot, ids[: self.limit])]
        doubts = list(_doubts(moment, synced, counted, self.status))
        notes = [*project.notes, *doubts, *self._notes(then.values()), *warnings(known, view)]
        return Found(
            {
                "project": project.shown(),
                "at_time": shown(moment),
                "issues": rows,
                "more": True if len(ids) > self.limit else None if doubts else False,
            },
            _facts(view, moment, synced, counted, notes, complete=not doubts),
            refusal=NO_PAST if doubts else None,
        )

    def _notes(self, then: Iterable[IssueThen]) -> list[str]:
        before = sum(not issue.looked_at_since for issue in then)
        return [
            *([f"{before} of these rows were last looked at before at_time: see verified_at"] if before else []),
            _BETWEEN_LOOKS,
            *([_ORDER] if self.sort == "date" else []),
        ]


def known_since(counted: Census) -> datetime | None:
    """From when on anything is known of a project's issues."""
    return counted.project_since or counted.issues_since


def _doubts(moment: datetime, synced: Reach | None, counted: Census, status: str | None) -> Iterable[str]:
    """Why issues may be missing that were there at the moment."""
    since = known_since(counted)
    if synced is None or since is None:
        yield "nothing is known: issues were never read completely"
        return
    if moment < since:
        yield f"nothing is known of this project's issues before {shown(since)}, our first look at it"
    elif synced.since > search_edge(moment):
        yield f"issues without an event since {shown(synced.since)} were not all read"
    if moment > synced.as_of:
        yield f"issues were last read at {shown(synced.as_of)}, before at_time: what came since is missing"
    if counted.later:
        yield (
            f"{counted.later} issues that may have been there at at_time were first looked at after it: how they "
            "were is not known, so they are missing"
        )
    if counted.elsewhere:
        yield (
            f"{counted.elsewhere} issues that were not {status} when last looked at, before at_time, are missing: "
            "they may have become so by then"
        )


def _facts(
    view: View, moment: datetime, synced: Reach | None, counted: Census, notes: list[str], *, complete: bool
) -> Facts:
    """The past does not grow stale; what was last read before it does, from then on."""
    as_of = min(moment, synced.as_of) if synced else None
    since = known_since(counted)
    return Facts(
        as_of=as_of,
        complete=complete,
        stale_after=view.now - moment + stale_after("issues"),
        coverage=Interval(since, synced.as_of) if synced and since and since < synced.as_of else None,
        notes=tuple(notes),
    )


def _shown(row: Any, then: IssueThen) -> dict[str, Any]:
    """A row: what was so then, and what does not change or is known from now alone."""
    told = {FIELDS[name]: _told(name, field) for name, field in then.fields.items() if name in FIELDS}
    unsure = {name: values for name, values in told.items() if len(values) > 1}
    return {
        "id": row.id,
        "short_id": row.short_id,
        **{name: told[name][0] for name in ("status", "substatus", "priority", "level", "assigned_to")},
        "category": row.category,
        "platform": untrusted.word(row.platform),
        "frequency": {"events": told["events"][0]},
        "first_seen": shown(row.first_seen),
        "last_seen": shown(row.last_seen) if row.last_seen and row.last_seen <= then.moment else None,
        "certain": then.looked_at_since and not unsure,
        "uncertain": unsure,
        "removed_since": row.removed_as if told["removed_as"][0] is None else None,
        "known_since": shown(then.known_since),
        "verified_at": shown(then.verified_at),
        "permalink": row.permalink,
        "untrusted": {
            "title": untrusted.line(row.title),
            "culprit": untrusted.line(row.culprit or ""),
            "first_release": untrusted.line(row.first_release) if row.first_release else None,
        },
    }


def _told(name: str, field: Then) -> list[Any]:
    """What the look before saw, and what the one after did where that differs."""
    return [_value(name, value) for value in ([field.value] if field.certain else [field.value, field.or_else])]


def _value(name: str, value: str | None) -> Any:
    if value is None:
        return None
    if name == "count":
        return int(value)
    if name == "assigned_to":
        return untrusted.line(value)
    return untrusted.word(value) if name == "level" else value
