"""The only place that commits: rows, cursor, coverage and mark of a page together, or none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from sentry_sync.errors import StoreMismatch
from sentry_sync.records.audit import Doubt
from sentry_sync.records.delivery import HintsSeen
from sentry_sync.records.event import Event, EventGone, environments_of
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.records.issue import Issue, IssueEnvironment, IssueGone
from sentry_sync.records.release import Deploy, Release, ReleaseGone
from sentry_sync.records.schedule import Entry, Rest
from sentry_sync.records.windows import Size
from sentry_sync.store import (
    changes,
    history,
    lease,
    only,
    projects,
    releases,
    removals,
    tables,
    take_back,
    vanished,
    wishes,
)
from sentry_sync.store.alerts import AlertBooks
from sentry_sync.store.coverage_books import CoverageBooks, How
from sentry_sync.store.deliveries import Deliveries
from sentry_sync.store.lake_books import LakeBooks
from sentry_sync.store.old_rows import OldRows
from sentry_sync.store.reads.looks import OLDEST
from sentry_sync.store.reads.prepared import Change, Prepared, below
from sentry_sync.store.reads.windows import window_size
from sentry_sync.store.types import MICROSECOND
from sentry_sync.store.upserts import Record, upsert_for

if TYPE_CHECKING:
    from sentry_sync.store.privacy.books import PersonBooks
    from sentry_sync.store.privacy.scrub import Scrubber

_passes, _known = tables.passes.c, tables.coverage.c

OF_ISSUES = ("events", "error_counts", "issue_environments")
"""Resources whose rows belong to an issue, and go with it."""

# Built once: these run with every page, and building them would cost as much as the page's own rows.
_TURN_PAGE = Change(
    update(tables.passes)
    .where(_passes.id == bindparam("key"))
    .values(
        state="running",
        error=None,
        cursor=bindparam("to"),
        pages=_passes.pages + 1,
        rows=_passes.rows + bindparam("more_rows"),
        rejected=_passes.rejected + bindparam("more_rejected"),
        reject_reason=func.coalesce(bindparam("reason"), _passes.reject_reason),
        updated_at=bindparam("at"),
    )
)
_GIVE_UP = (
    update(tables.passes)
    .where(
        _passes.stream == bindparam("of"),
        _passes.scope == bindparam("within"),
        or_(_passes.state == "running", _passes.state == "failed"),
    )
    .values(state="abandoned")
)
_GIVE_UP_ANY = Change(_GIVE_UP.where(or_(_passes.start.is_(None), _passes.cursor.is_(None))))
_GIVE_UP_INSIDE = Change(
    _GIVE_UP.where(
        or_(and_(_passes.start >= bindparam("since"), _passes.end <= bindparam("until")), _passes.cursor.is_(None))
    )
)
_BEGIN_PASS = Change(
    insert(tables.passes).values(
        stream=bindparam("stream"),
        scope=bindparam("scope"),
        start=bindparam("start"),
        end=bindparam("end"),
        state="running",
        pages=0,
        rows=0,
        rejected=0,
        started_at=bindparam("started_at"),
        updated_at=bindparam("updated_at"),
    )
)
_END_PASS = Change(
    update(tables.passes)
    .where(_passes.id == bindparam("key"))
    .values(state=bindparam("to"), error=bindparam("why"), updated_at=bindparam("at"))
)
_SET_MARK = upsert(tables.marks)
_MARK = Change(
    _SET_MARK.on_conflict_do_update(
        index_elements=["stream", "scope"],
        set_={"mark": _SET_MARK.excluded.mark, "as_of": _SET_MARK.excluded.as_of},
        where=(_SET_MARK.excluded.mark >= tables.marks.c.mark),
    ),
    *tables.marks.c.keys(),
)
_SET_DOUBT = upsert(tables.doubts)
_DOUBT = _SET_DOUBT.on_conflict_do_update(
    index_elements=["resource", "hour"],
    set_={name: _SET_DOUBT.excluded[name] for name in ("served", "held", "doubted_at")},
)
_ORIGIN = Prepared(select(tables.origin))


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of one stream over one scope, as far as it has come."""

    id: int
    stream: str
    scope: str
    window: Interval | None
    cursor: str | None
    pages: int
    rows: int
    started_at: datetime
    rejected: int = 0
    updated_at: datetime | None = None
    """When an unfinished one last came on; None of one that this process makes."""


def check_origin(held: tuple[str, str] | None, asked: tuple[str, str]) -> None:
    """Raise StoreMismatch unless a store of ``held`` (base URL, organization) may take rows of ``asked``."""
    if held is not None and held != asked:
        raise StoreMismatch(
            f"this store is a copy of {held[1]} at {held[0]}, not of {asked[1]} at {asked[0]}: "
            "choose another directory with SENTRY_SYNC_STORE"
        )


class UnitOfWork:
    """One write transaction. It commits when its ``with`` block ends and vanishes when that raises."""

    def __init__(
        self, connection: Connection, scrubber: Scrubber | None = None, projects: tuple[str, ...] = ()
    ) -> None:
        self._connection = connection
        self._projects = projects
        self._scrubber = scrubber
        self._covered = CoverageBooks(connection)
        self.lake = LakeBooks(connection)
        self.old_rows = OldRows(connection)
        self.alerts = AlertBooks(connection)
        self.deliveries = Deliveries(connection)

    def claim(self, base_url: str, organization: str) -> None:
        """Say whose copy this store is; raises StoreMismatch when it is another's already."""
        row = _ORIGIN.first(below(self._connection))
        held = (row.base_url, row.organization) if row else None
        check_origin(held, (base_url, organization))
        if held is None:
            self._connection.execute(insert(tables.origin).values(base_url=base_url, organization=organization))

    def upsert(self, records: Iterable[Record], *, seen_by: str = "live") -> int:
        """Write ``records`` of any mix of kinds; returns how many.

        What they show to have changed of an issue goes into its history, on the word of ``seen_by``: a stream's
        name, or ``live`` for an answer's own look.
        """
        kinds: dict[type, list[Record]] = {}
        for record in self.scrubbed(records):
            kinds.setdefault(type(record), []).append(record)
        history.observe(self._connection, kinds.get(Issue, ()), seen_by)
        self._doubt_around(kinds.get(Issue, ()))
        gone: list[IssueGone] = kinds.pop(IssueGone, [])
        lost: list[EventGone] = kinds.pop(EventGone, [])
        withdrawn: list[ReleaseGone] = kinds.pop(ReleaseGone, [])
        hints: list[HintsSeen] = kinds.pop(HintsSeen, [])
        releases.renew(self._connection, kinds.get(Release, ()), kinds.get(Deploy, ()))
        for kind, group in kinds.items():
            statement = upsert_for(kind)
            self._connection.exec_driver_sql(statement.sql, statement.rows(group))
        # An event may be seen before anybody counts it, by an answer or with its body: then no count would differ.
        if pairs := environments_of(kinds.get(Event, ())):
            statement = upsert_for(IssueEnvironment)
            self._connection.exec_driver_sql(statement.sql, statement.rows(pairs))
        self._bury(gone, seen_by)
        for seen in hints:
            self.deliveries.acted_on(seen)
        vanished.remove(self._connection, lost, self.uncover)
        releases.withdraw(self._connection, withdrawn)
        return sum(map(len, kinds.values())) + len(gone) + len(lost) + len(withdrawn)

    def scrubbed(self, records: Iterable[Record]) -> Sequence[Record]:
        """The records as they may be stored, and shown."""
        given = self._of_allowed(records)
        if self._scrubber is None:
            return given
        return self._scrubber.records(given, self.persons.erased())

    def _of_allowed(self, records: Iterable[Record]) -> Sequence[Record]:
        """The records of the projects that this store keeps to."""
        if not self._projects:
            return list(records)
        slugs = tables.projects.c.slug
        known = self._connection.execute(select(tables.projects.c.id).where(slugs.in_(self._projects))).scalars()
        return only.allowed(records, self._projects, set(known))

    @property
    def persons(self) -> PersonBooks:
        """Who was erased, and rows to be written again."""
        from sentry_sync.store.privacy.books import PersonBooks  # here as in the store, which made the scrubber

        if self._scrubber is None:
            raise RuntimeError("only a store's own unit of work has its key")
        return PersonBooks(self._connection, self._scrubber.pseudonyms)

    def _bury(self, gone: Iterable[IssueGone], seen_by: str) -> None:
        for issue in gone:
            held = removals.events_of(self._connection, issue.issue_id)
            if not removals.bury(self._connection, issue, seen_by):
                continue
            if issue.merged_into:
                self._join_coverage(issue.issue_id, issue.merged_into)
            elif issue.removed_as == "deleted":
                self._covered.write("events", f"issue:{issue.issue_id}", [])
                self._forget_reading("events", f"issue:{issue.issue_id}")
                self._forget_reading("event_bodies", issue.issue_id)
                if held:
                    # Only Sentry tells merged from deleted. Where events are read project by project it may be
                    # GlitchTip, where those of a merged issue are another's now.
                    project, span = held
                    self.uncover("events", f"project:{project}", span)

    def _doubt_around(self, issues: Sequence[Issue]) -> None:
        """Of issues that were taken for deleted and are seen again, the events must be read again."""
        since = removals.back_since(self._connection, issues) if issues else None
        if since is None:
            return
        until = max(issue.verified_at for issue in issues)
        known = self._connection.execute(
            select(_known.resource, _known.scope).where(_known.resource.in_(OF_ISSUES)).distinct()
        )
        for row in known.all():
            self.uncover(row.resource, row.scope, Interval(since, max(until, since + MICROSECOND)))

    def _join_coverage(self, child: str, parent: str) -> None:
        """Of an issue that took in another's events, only the time that both were read for is known complete."""
        from_child, into = f"issue:{child}", f"issue:{parent}"
        held = self._covered.intervals("events", from_child)
        for known in self._covered.intervals("events", into):
            for missing in gaps(known, held):
                self.uncover("events", into, missing)
        self._covered.write("events", from_child, [])
        self._forget_reading("events", from_child, into)

    def _forget_reading(self, stream: str, *scopes: str) -> None:
        marks = tables.marks.c
        self._connection.execute(delete(tables.marks).where(marks.stream == stream, marks.scope.in_(scopes)))

    def clear(self, table: str, column: str, window: Interval) -> None:
        """Delete a table's rows whose ``column`` lies within ``window``: its pages bring what is true now."""
        found = tables.metadata.tables[table]
        when = found.c[column]
        self._connection.execute(delete(found).where(when >= window.start, when < window.end))

    def begin_pass(self, stream: str, scope: str, window: Interval | None, at: datetime) -> Pass:
        """Write down that a pass starts.

        Unfinished ones of the same stream and scope end as abandoned if their window lies within this one's, or if
        they have no cursor to go on from.
        """
        of: dict[str, object] = {"of": stream, "within": scope}
        if window:
            _GIVE_UP_INSIDE.run(self._connection, {**of, "since": window.start, "until": window.end})
        else:
            _GIVE_UP_ANY.run(self._connection, of)
        start, end = (window.start, window.end) if window else (None, None)
        given = {"stream": stream, "scope": scope, "start": start, "end": end, "started_at": at, "updated_at": at}
        key = _BEGIN_PASS.run(self._connection, given).lastrowid
        assert key is not None  # noqa: S101 (for the type checker: an INSERT always has one)
        return Pass(key, stream, scope, window, None, 0, 0, at)

    def turn_page(self, run: Pass, cursor: str | None, rows: int, rejects: list[str], at: datetime) -> Pass:
        """Move the pass to ``cursor``; the rows of the page it leaves are part of this transaction."""
        _TURN_PAGE.run(
            self._connection,
            {
                "key": run.id,
                "to": cursor,
                "more_rows": rows,
                "more_rejected": len(rejects),
                "reason": rejects[0] if rejects else None,
                "at": at,
            },
        )
        return replace(
            run,
            cursor=cursor,
            pages=run.pages + 1,
            rows=run.rows + rows,
            rejected=run.rejected + len(rejects),
        )

    def end_pass(self, run: Pass, state: str, at: datetime, error: str | None = None) -> None:
        """Close the pass: ``done``, ``failed`` (its cursor stays for the next run) or ``abandoned``."""
        _END_PASS.run(self._connection, {"key": run.id, "to": state, "why": error, "at": at})

    def mark(self, stream: str, scope: str, mark: datetime, as_of: datetime) -> None:
        """Set a stream's high-water mark and when that was known; neither ever moves back."""
        _MARK.run(self._connection, {"stream": stream, "scope": scope, "mark": mark, "as_of": as_of})

    def mark_first(self, stream: str, scope: str, at: datetime) -> None:
        """Set a stream's mark unless it has one."""
        values = {"stream": stream, "scope": scope, "mark": at, "as_of": at}
        self._connection.execute(upsert(tables.marks).values(values).on_conflict_do_nothing())

    def cover(
        self,
        resource: str,
        scope: str,
        interval: Interval,
        *,
        source: str,
        approximate: bool = False,
        resolution: timedelta | None = None,
    ) -> None:
        """Say that ``interval`` is known complete for the resource and scope, from ``source``.

        ``resolution`` is the smallest time that its rows tell apart, where they are of a time at all.
        """
        how = How(source, approximate, None if resolution is None else int(resolution.total_seconds()))
        self._covered.cover(resource, scope, interval, how)

    def uncover(self, resource: str, scope: str, interval: Interval, *, by: int | None = None) -> None:
        """Take back that ``interval`` is known: it is to be read again; ``by`` is the pass that is about to."""
        self._covered.uncover(resource, scope, interval, by=by)

    def scopes_of(self, resource: str) -> set[str]:
        """The scopes that any time of the resource is known for."""
        return self._covered.scopes_of(resource)

    def doubt(self, doubts: Sequence[tuple[Doubt, Iterable[str]]]) -> None:
        """Remember what was seen to differ, and have that time read again of the resources beside each."""
        if not doubts:
            return
        names = ("resource", "hour", "served", "held", "doubted_at")
        self._connection.execute(_DOUBT, [{name: getattr(doubt, name) for name in names} for doubt, _ in doubts])
        for doubt, resources in doubts:
            for resource in resources:
                self.uncover(resource, "", doubt.span)

    def window_size(self, stream: str) -> Size | None:
        """How long a window the stream may ask for at once; None for no limit."""
        return window_size(below(self._connection), stream)

    def resize(self, stream: str, size: timedelta | None, at: datetime) -> None:
        """Remember how long a window the stream may ask for at once; None for no limit."""
        sizes = tables.window_sizes
        known = self.window_size(stream)
        if size == (known.length if known else None):
            return
        self._connection.execute(delete(sizes).where(sizes.c.stream == stream))
        if size is not None:
            seconds = int(size.total_seconds())
            self._connection.execute(insert(sizes).values(stream=stream, seconds=seconds, learned_at=at))

    def take_back(self, server_time: datetime) -> str | None:
        """Believe no claim to know beyond the server's time; a line on what was taken back, if any was."""
        return take_back.take_back(self._connection, server_time)

    def learn(self, capability: str, at: datetime, *, available: bool) -> None:
        """Remember whether the server can do something, and when we learned it."""
        statement = upsert(tables.capabilities).values(name=capability, available=available, learned_at=at)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"available": available, "learned_at": at}
            )
        )

    def keep_schedule(self, entry: Entry, at: datetime) -> None:
        """Remember when a stream's ladder is due next; one that is not through yet is due now."""
        values = {
            "every_seconds": round(entry.every.total_seconds()),
            "due_at": min(entry.due_at, at) if entry.open else entry.due_at,
            "failures": entry.failures,
            "error": entry.error,
            "requests": entry.requests,
            "updated_at": at,
        }
        statement = upsert(tables.schedule).values(stream=entry.stream, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["stream"], set_=values))

    def rest(self, found: Rest | None) -> None:
        """Tell readers that whoever syncs, this process, rests; None once it does no longer."""
        lease.rest(self._connection, found)

    def wish(self, streams: Iterable[str], at: datetime) -> None:
        """Ask whoever syncs to take a turn of ``streams`` before it is due."""
        wishes.make(self._connection, streams, at)

    def grant(self, streams: Iterable[str], until: datetime) -> None:
        """End the wishes for ``streams`` that were made up to then."""
        wishes.grant(self._connection, streams, until)

    def note_changes(self, about: Sequence[changes.Change]) -> list[int]:
        """Write into the audit log what is about to be sent to Sentry; the keys to conclude it by."""
        return changes.note(self._connection, about)

    def conclude_changes(self, keys: Sequence[int], outcomes: Sequence[str]) -> None:
        """Write into the audit log what became of each."""
        changes.conclude(self._connection, keys, outcomes)

    def unlearn(self, capability: str) -> None:
        """Forget what was learned of it."""
        found = tables.capabilities
        self._connection.execute(delete(found).where(found.c.name == capability))

    def forget_lacking(self) -> None:
        """Forget everything the server was found to lack."""
        found = tables.capabilities
        self._connection.execute(delete(found).where(found.c.available.is_(False)))

    def abandon(self, stream: str | None) -> None:
        """End the unfinished passes of a stream, or of all: nobody can go on with them."""
        passes = tables.passes.c
        statement = update(tables.passes).where(passes.state.in_(("running", "failed")))
        self._connection.execute(
            (statement.where(passes.stream == stream) if stream else statement).values(
                state="abandoned", error="it was begun in a way that is no longer used"
            )
        )

    def forgive(self, stream: str) -> None:
        """Forget that a stream's passes failed before their first page: the server has no such thing."""
        passes = tables.passes
        self._connection.execute(
            delete(passes).where(passes.c.stream == stream, passes.c.state == "failed", passes.c.pages == 0)
        )

    def oldest_look(self) -> datetime | None:
        """When the issue that was looked at longest ago was last looked at; removed ones aside."""
        return self._connection.execute(OLDEST).scalar()

    def doubt_new_projects(self, since: datetime) -> None:
        """Take back what is covered of the lifetime of projects first listed since ``since``.

        The token may have been given sight of a project that is older than our copy: what was read of the whole
        organization before then was read without it.
        """
        span = projects.unseen_before(self._connection, since)
        if span:
            resources = self._connection.execute(select(_known.resource).where(_known.scope == "").distinct())
            for resource in list(resources.scalars()):
                self.uncover(resource, "", span)

    def remove_unseen_projects(self, since: datetime) -> None:
        """Mark projects that a complete list, begun at ``since``, no longer named as removed."""
        projects.remove_unseen(self._connection, since)

    def settle_releases(self, since: datetime) -> None:
        """Take the releases of a complete list, begun at ``since``, out of the projects it no longer names."""
        releases.leave_projects(self._connection, since)
