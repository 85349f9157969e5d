"""One look at events: the rows that the store has, whether they are all, and how Sentry is asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import event_evidence, event_pages, event_rows
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.capping import Paging, size
from sentry_sync.answers.event_evidence import Subject, evidence
from sentry_sync.answers.event_misses import newest_events
from sentry_sync.answers.event_pages import SECOND, Listing, Page, Position, position
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.misses import Miss, Reach
from sentry_sync.answers.times import shown
from sentry_sync.answers.trace import Traces
from sentry_sync.answers.warnings import warnings
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads import events
from sentry_sync.store.reads.events import FOREVER, LOOKED_THROUGH, EventFilter, Window
from sentry_sync.sync.plan import stale_after

SPARE = 1
"""Rows read beyond those wanted: the last second of these is over, if no other event was in it."""

_STEPS = ("issue", "projects", "events", "event", "bodies")

UNSPEAKABLE = Refusal(
    "not_supported", "Sentry's search cannot say a value with a backslash or a line break: these are our own rows"
)
SEARCHES_NOTHING = Refusal("not_supported", "this server does not search events: these are our own rows")


@dataclass(frozen=True, slots=True)
class Request:
    """A question about events, its words read."""

    listing: Listing
    cursor: Callable[[Position], str]
    """What goes on behind an event."""
    detailed: bool
    event_id: str | None
    """The one event that an address pointed at."""
    named: str | None
    """The issue's id as it was asked for."""


class EventsLook:
    """One look at the events of an issue or a project."""

    def __init__(self, request: Request, view: View, subject: Subject) -> None:
        self.request = request
        self.listing = request.listing
        self.view = view
        self.subject = subject
        self.issue = subject.issue
        self.known = event_evidence.read(view.snapshot, subject)
        self.unlike = self.listing.wanted.unlike or self.listing.wanted.scrubbed(view.rules)
        """Why the store's rows would not be Sentry's; None where they would."""
        self.looked_through: datetime | None = None
        """Where looking through events for a filter ended, if it did before the wanted time."""

    def found(self) -> Found:
        """The answer as far as the store knows it."""
        page, miss, covered = self._rows()
        bodies = self._bodies(page.rows) if self.listing.full else {}
        lacking = [row for row in page.rows if self.listing.full and row.event_id not in bodies]
        missing = miss or (Miss.NEEDS_BODIES if lacking else None)
        refusal = self._refusal()
        return Found(
            self._answer(page, bodies),
            self._facts(covered, page.rows, miss, complete=missing is None),
            missing,
            self._step(miss, lacking) if missing and not (miss and refusal) else None,
            refusal if miss else None,
            refresh=None if refusal else self._step(Miss.ASKED_FRESH, ()),
            paging=Paging("events", lambda kept: self.request.cursor(position(page.rows[kept - 1]))),
        )

    def _rows(self) -> tuple[Page, Miss | None, Reach | None]:
        if self.request.event_id:
            return self._one(self.request.event_id)
        learned = self.view.learned.get("events")
        if learned:
            rows = events.by_ids(self.view.snapshot, self.subject.place.project_id, learned.ids)
            # More than were wanted are not among them, nor what lies before the place to go on from.
            page = event_pages.page(rows, None, self.listing.limit, exhausted=True)
            return Page(page.rows, learned.more), None, Reach(learned.at, learned.at)
        return self._local()

    def _one(self, event_id: str) -> tuple[Page, Miss | None, Reach | None]:
        row = events.one(self.view.snapshot, self.subject.place.project_id, event_id)
        as_of = event_evidence.issues_as_of(self.known) or self.issue.verified_at
        if row is None:
            return Page((), None), Miss.UNKNOWN_ID, None
        return Page([row], more=False), None, Reach(as_of, as_of)

    def _local(self) -> tuple[Page, Miss | None, Reach | None]:
        listing = self.listing
        window = self._window()
        page = self._page(window)
        last = position(page.rows[-1])[0] if page.more and page.rows else None
        newest = page.rows[0].timestamp if page.rows else None
        if self.issue is not None and not (listing.from_the_top and listing.wanted.anything):
            newest = self._newest()
        miss, found = newest_events(evidence(self.known, self.subject, listing.since), last, newest, self.view.now)
        if miss is None and last is None and self.looked_through is not None:
            miss = Miss.OUTSIDE_COVERAGE
        if miss is None and listing.wanted.tags and self._untagged((last or window[0], window[1])):
            miss = Miss.NEEDS_BODIES
        if self.unlike:
            miss = Miss.UNSUPPORTED_FILTER
        return (page if miss is None else Page(page.rows, None)), miss, found

    def _window(self) -> Window:
        """The time to look through; a filter is not given all of a busy issue's events."""
        listing, after = self.listing, self.listing.after
        end = min(listing.until or FOREVER[1], after[0] + SECOND if after else FOREVER[1])
        start = listing.since or FOREVER[0]
        if not listing.wanted.anything:
            edge = events.edge(self.view.snapshot, self.subject.place, (start, end), LOOKED_THROUGH)
            if edge is not None:
                self.looked_through = start = edge.replace(microsecond=0) + SECOND
        return start, end

    def _page(self, window: Window) -> Page:
        most = self.listing.limit + SPARE
        while True:
            rows = events.page(self.view.snapshot, self.subject.place, self.listing.wanted.held, window, most)
            found = event_pages.page(rows, self.listing.after, self.listing.limit, exhausted=len(rows) < most)
            if found.settled:
                return found
            most *= 4  # many events of one second

    def _newest(self) -> datetime | None:
        rows = events.page(self.view.snapshot, self.subject.place, EventFilter(), FOREVER, 1)
        return rows[0].timestamp if rows else None

    def _untagged(self, window: Window) -> bool:
        return events.untagged(self.view.snapshot, self.subject.place, window)

    def _refusal(self) -> Refusal | None:
        """Why Sentry can't be asked for these events."""
        wanted, sentry = self.listing.wanted, self.known.capabilities.get("issues.sentry")
        if wanted.unlike and (sentry is False or (self.issue is None and self._explores() is False)):
            return SEARCHES_NOTHING
        return UNSPEAKABLE if wanted.query is None else None

    def _explores(self) -> bool | None:
        return self.known.capabilities.get("explore.errors")

    def _bodies(self, rows: Sequence[Any]) -> dict[str, bytes]:
        packed = {
            row.event_id: events.packed_body(self.view.snapshot, row.project_id, row.event_id) for row in rows
        }
        return {key: body for key, body in packed.items() if body is not None}

    def _answer(self, page: Page, bodies: Mapping[str, bytes]) -> dict[str, Any]:
        of_project, detailed = self.issue is None, self.request.detailed
        rows = [event_rows.shown_event(row, of_project=of_project, with_tags=detailed) for row in page.rows]
        found: dict[str, Any] = {
            "issue": None if self.issue is None else event_rows.shown_issue(self.issue),
            "project": self.subject.project.shown() if self.subject.project else None,
            "events": rows,
            "more": page.more,
        }
        if self.listing.full:
            traces = Traces.within(self.view.max_bytes, size(found))
            for row, shown_row in zip(page.rows, rows, strict=True):
                body = bodies.get(row.event_id)
                shown_already = ("tags",) if "tags" in shown_row["untrusted"] else ()
                shown_row["untrusted"]["trace"] = (
                    traces.of(events.unpacked(body), without=shown_already) if body else None
                )
        return found

    def _step(self, miss: Miss | None, lacking: Sequence[Any]) -> Step:
        from sentry_sync.answers.fetching.event_lists import list_issue_events, list_project_events
        from sentry_sync.answers.fetching.events import MOST_BODIES, ONE_BY_ONE, IssueKey, get_bodies, get_event

        listing, project = self.listing, self.subject.project
        wanted = [(IssueKey(row.issue_id, row.project_id), row.event_id) for row in lacking]
        if project is not None:
            if miss is None:
                return Step("bodies", lambda live: get_bodies(live, wanted[:MOST_BODIES]))
            explores = self._explores()
            return Step("events", lambda live: list_project_events(live, project, listing, explores=explores))
        key = IssueKey(self.issue.id, self.issue.project_id)
        if self.request.event_id:
            pointed_at = self.request.event_id
            return Step("event", lambda live: get_event(live, key, pointed_at))
        if miss is None and len(wanted) <= ONE_BY_ONE:
            return Step("bodies", lambda live: get_bodies(live, wanted))
        sentry = self.known.capabilities.get("issues.sentry")
        name = "bodies" if miss is None else "events"
        return Step(name, lambda live: list_issue_events(live, key, listing, filters=sentry))

    def _facts(self, covered: Reach | None, rows: Sequence[Any], miss: Miss | None, *, complete: bool) -> Facts:
        learned = self.view.learned.get("events")
        return Facts(
            as_of=covered.as_of if covered else None,
            complete=complete and (learned is None or learned.complete),
            stale_after=stale_after("events"),
            coverage=Interval(covered.since, covered.as_of) if covered and covered.since < covered.as_of else None,
            source=self._source(),
            rung=learned.rung if learned else self.known.rung("events", *self.subject.scopes),
            notes=tuple(self._notes(covered, rows, miss)),
        )

    def _source(self) -> str:
        asked = self.view.learned.keys() & {"events", "event", "bodies"}
        if not asked:
            return "local"
        return "mixed" if asked == {"bodies"} else "live"

    def _notes(self, covered: Reach | None, rows: Sequence[Any], miss: Miss | None) -> list[str]:
        notes = [*warnings(self.known, self.view), *self.view.notes(*_STEPS)]
        if self.issue is not None:
            notes += self._issue_notes(covered)
        elif self.subject.project:
            notes += self.subject.project.notes
        if miss is Miss.UNSUPPORTED_FILTER and self.unlike:
            notes.append(f"{self.unlike}, so some of its events may not be here")
        if miss is Miss.NEEDS_BODIES:
            notes.append("some of the events are held without their tags: they may belong here too")
        if miss and self.looked_through:
            notes.append(f"only the newest {LOOKED_THROUGH} events held were looked through for the filter")
        if self.known.capabilities.get("explore.errors") is False and rows and self._source() == "local":
            notes.append("this server counts no errors by the hour: events that reached it late may be missing")
        served = self.known.retention.get("events")
        if served and any(row.timestamp < served for row in rows):
            notes.append(f"events from before {shown(served)} are held here only: Sentry no longer lists them")
        if covered and rows and rows[0].timestamp > covered.as_of and not self.request.event_id:
            notes.append("of the events after as_of there may be more than these")
        return notes

    def _issue_notes(self, covered: Reach | None) -> list[str]:
        notes, issue, named = [], self.issue, self.request.named
        if named != issue.id:
            notes.append(f"issue {named} was merged into {issue.id}, whose events these are")
        if issue.removed_at and not issue.merged_into:
            dropped = ", so its events are no longer held here either" if issue.removed_as == "deleted" else ""
            notes.append(f"Sentry no longer has this issue (seen {shown(issue.removed_at)}){dropped}")
        if covered and issue.last_seen and issue.last_seen > covered.as_of:
            notes.append(f"the issue was last seen {shown(issue.last_seen)}, after as_of: it has newer events")
        return notes
