"""get-events: the newest events of an issue, with stack traces if asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.event_misses import Evidence, newest_events
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.misses import Miss, Reach, reach
from sentry_sync.answers.references import IssueReference, issue_reference
from sentry_sync.answers.times import shown
from sentry_sync.answers.trace import Traces
from sentry_sync.answers.warnings import warnings
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads import events, issues, knowledge
from sentry_sync.sync.plan import stale_after

_STREAMS = ("events", "issues.hot")
_RESOURCES = ("events", "issues")

LIMIT = 10
LIMIT_WITH_TRACES = 1
"""One trace is what most questions need, and ten fill an assistant's context."""

TAGS = 50
"""Tags a row shows at most."""


@dataclass(frozen=True, slots=True)
class EventsQuestion:
    """The newest events of one issue; of an address that points at one event, that one."""

    issue_id: str
    limit: int | None = None
    full_trace: bool = False

    resource = "events"

    @property
    def rows_wanted(self) -> int:
        """How many events to show."""
        return self.limit or (LIMIT_WITH_TRACES if self.full_trace else LIMIT)

    def look(self, view: View) -> Found:
        """The events as the store knows them."""
        reference = issue_reference(self.issue_id, *view.origin)
        row = _issue(view, reference)
        if row is None:
            return self._unknown(view, reference)
        return _Look(self, view, reference, row).found()

    def _unknown(self, view: View, reference: IssueReference) -> Found:
        from sentry_sync.answers.fetching.events import find_issue

        known = knowledge.read(view.snapshot, ("issues.hot",), ("issues",))
        ever = known.as_of("issues.hot") is not None or bool(known.covered("issues"))
        return Found(
            {"issue": None, "events": [], "more": None},
            Facts(None, complete=False, stale_after=stale_after(self.resource), notes=warnings(known)),
            Miss.UNKNOWN_ID if ever else Miss.NEVER_SYNCED,
            Step("issue", lambda live: find_issue(live, reference)),
        )


def _issue(view: View, reference: IssueReference) -> Any | None:
    row = None
    if reference.issue_id:
        row = issues.by_id(view.snapshot, reference.issue_id)
    elif reference.short_id:
        row = issues.by_short_id(view.snapshot, reference.short_id)
    if row is None and "issue" in view.learned:
        # Asked by the id of an issue that was merged, Sentry answers with the one it went into.
        row = issues.by_id(view.snapshot, view.learned["issue"].ids[0])
    return row


class _Look:
    """One look at one issue's events."""

    def __init__(self, question: EventsQuestion, view: View, reference: IssueReference, named: Any) -> None:
        self.question = question
        self.view = view
        self.event_id = reference.event_id
        self.named = reference.issue_id or named.id
        self.issue = issues.merged_into(view.snapshot, named)
        self.scopes = ("", f"project:{self.issue.project_id}", f"issue:{self.issue.id}")
        self.known = knowledge.read(view.snapshot, _STREAMS, _RESOURCES, self.scopes)

    def found(self) -> Found:
        wanted = self.question.rows_wanted
        rows, miss, covered = self._one() if self.event_id else self._newest(wanted)
        shown_rows = rows[:wanted]
        bodies = self._bodies(shown_rows) if self.question.full_trace else {}
        lacking = [row.event_id for row in shown_rows if self.question.full_trace and row.event_id not in bodies]
        missing = miss or (Miss.NEEDS_BODIES if lacking else None)
        return Found(
            {
                "issue": _shown_issue(self.issue),
                "events": self._events(shown_rows, bodies),
                "more": None if miss else len(rows) > wanted,
            },
            self._facts(covered, shown_rows, complete=missing is None),
            missing,
            self._step(miss, lacking) if missing else None,
        )

    def _one(self) -> tuple[list[Any], Miss | None, Reach | None]:
        row = events.one(self.view.snapshot, self.issue.project_id, self.event_id or "")
        as_of = self._issues_as_of() or self.issue.verified_at
        return ([row], None, Reach(as_of, as_of)) if row else ([], Miss.UNKNOWN_ID, None)

    def _newest(self, wanted: int) -> tuple[list[Any], Miss | None, Reach | None]:
        ids = [self.issue.id, *issues.merged_from(self.view.snapshot, self.issue.id)]
        rows = events.newest(self.view.snapshot, ids, wanted + 1)
        edge: datetime | None = rows[wanted - 1].timestamp if len(rows) >= wanted else None
        miss, found = newest_events(self._evidence(), edge, rows[0].timestamp if rows else None, self.view.now)
        return rows, miss, found

    def _evidence(self) -> Evidence:
        """What is known of this issue's events."""
        known, issue = self.known, self.issue
        parts = [part for part in known.covered("events", *self.scopes) if not part.approximate]
        return Evidence(
            known=[part.interval for part in parts],
            synced_at=known.as_of("events", *self.scopes[:2]),
            read_alone_at=max(
                (part.interval.end for part in known.covered("events", self.scopes[2])), default=None
            ),
            issues_as_of=self._issues_as_of(),
            first_seen=issue.first_seen,
            # GlitchTip tells when the last event was received, which tells nothing of when it happened.
            last_seen=None if known.capabilities.get("issues.sentry") is False else issue.last_seen,
        )

    def _issues_as_of(self) -> datetime | None:
        found = reach(self.known.as_of("issues.hot"), [part.interval for part in self.known.covered("issues")])
        return found.as_of if found else None

    def _bodies(self, rows: Sequence[Any]) -> dict[str, bytes]:
        packed = {
            row.event_id: events.packed_body(self.view.snapshot, row.project_id, row.event_id) for row in rows
        }
        return {key: body for key, body in packed.items() if body is not None}

    def _events(self, rows: Sequence[Any], bodies: Mapping[str, bytes]) -> list[dict[str, Any]]:
        traces = Traces(self.view.max_bytes * 3 // 4) if self.question.full_trace else None
        return [_shown_event(row, traces, bodies.get(row.event_id)) for row in rows]

    def _step(self, miss: Miss | None, lacking: Sequence[str]) -> Step:
        from sentry_sync.answers.fetching.events import ONE_BY_ONE, IssueKey, get_bodies, get_event, list_events

        key = IssueKey(self.issue.id, self.issue.project_id)
        wanted, full = self.question.rows_wanted, self.question.full_trace
        if self.event_id:
            pointed_at = self.event_id
            return Step("event", lambda live: get_event(live, key, pointed_at))
        if miss is None and len(lacking) <= ONE_BY_ONE:
            return Step("bodies", lambda live: get_bodies(live, key, lacking))
        return Step("bodies" if miss is None else "events", lambda live: list_events(live, key, wanted, full=full))

    def _facts(self, covered: Reach | None, rows: Sequence[Any], *, complete: bool) -> Facts:
        return Facts(
            as_of=covered.as_of if covered else None,
            complete=complete,
            stale_after=stale_after("events"),
            coverage=Interval(covered.since, covered.as_of) if covered and covered.since < covered.as_of else None,
            source=self._source(),
            rung=self.known.rung("events", *self.scopes),
            notes=tuple(self._notes(covered, rows)),
        )

    def _source(self) -> str:
        asked = self.view.learned.keys() & {"events", "event", "bodies"}
        if not asked:
            return "local"
        return "mixed" if asked == {"bodies"} else "live"

    def _notes(self, covered: Reach | None, rows: Sequence[Any]) -> list[str]:
        notes = [*warnings(self.known), *self.view.notes("issue", "events", "event", "bodies")]
        issue = self.issue
        if self.named != issue.id:
            notes.append(f"issue {self.named} was merged into {issue.id}, whose events these are")
        if issue.removed_at and not issue.merged_into:
            dropped = ", so its events are no longer held here either" if issue.removed_as == "deleted" else ""
            notes.append(f"Sentry no longer has this issue (seen {shown(issue.removed_at)}){dropped}")
        if covered and issue.last_seen and issue.last_seen > covered.as_of:
            notes.append(f"the issue was last seen {shown(issue.last_seen)}, after as_of: it has newer events")
        if self.known.capabilities.get("explore.errors") is False and rows and self._source() == "local":
            notes.append("this server counts no errors by the hour: events that reached it late may be missing")
        served = self.known.retention.get("events")
        if served and any(row.timestamp < served for row in rows):
            notes.append(f"events from before {shown(served)} are held here only: Sentry no longer lists them")
        if covered and rows and rows[0].timestamp > covered.as_of and not self.event_id:
            notes.append("of the events after as_of there may be more than these")
        return notes


def _shown_issue(issue: Any) -> dict[str, Any]:
    return {
        "id": issue.id,
        "short_id": issue.short_id,
        "project_id": issue.project_id,
        "status": issue.status,
        "level": untrusted.word(issue.level),
        "last_seen": shown(issue.last_seen),
        "verified_at": shown(issue.verified_at),
        "permalink": issue.permalink,
        "untrusted": {"title": untrusted.line(issue.title)},
    }


def _shown_event(row: Any, traces: Traces | None, body: bytes | None) -> dict[str, Any]:
    said = untrusted.fields(
        {
            "title": row.title,
            "environment": row.environment,
            "release": row.release,
            "transaction": row.transaction,
            "user": row.user_key,
        }
    )
    if row.tags:
        said["tags"] = {
            untrusted.line(name): untrusted.line(value) for name, value in list(row.tags.items())[:TAGS]
        }
    if traces is not None:
        shown_already = ("tags",) if row.tags else ()
        said["trace"] = traces.of(events.unpacked(body), without=shown_already) if body else None
    return {
        "id": row.event_id,
        "timestamp": shown(row.timestamp),
        "level": untrusted.word(row.level),
        "platform": untrusted.word(row.platform),
        "untrusted": said,
    }
