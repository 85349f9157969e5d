"""sync-now: what is due of one resource, or one issue, is read now and waited for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import NOT_CONFIGURED, Ask, Pending, begin
from sentry_sync.answers.command import Command, Listener
from sentry_sync.answers.events import EventsQuestion
from sentry_sync.answers.freshness import Facts, Refusal, freshness
from sentry_sync.answers.locating import SLUG
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.references import IssueReference, issue_reference
from sentry_sync.answers.refusals import refusal_of
from sentry_sync.answers.status import resource as described
from sentry_sync.answers.status import status_of
from sentry_sync.answers.warnings import REASON
from sentry_sync.errors import (
    BudgetExhausted,
    QuestionError,
    SentryError,
    SettingsError,
    StoreError,
    StoreMismatch,
)
from sentry_sync.records.budget import Lane
from sentry_sync.store.reads import projects
from sentry_sync.sync.plan import stale_after

if TYPE_CHECKING:
    from sentry_sync.answers.asking import Answer
    from sentry_sync.answers.desk import Desk
    from sentry_sync.store.lease import Lease
    from sentry_sync.sync.engine import Progress
    from sentry_sync.sync.now import Brought
    from sentry_sync.sync.run import StreamResult

WAIT_SECONDS = 45
"""How long a sync is waited for: MCP clients give a call up after a minute."""

LONGEST_WAIT = 300

PATIENCE = 20.0
"""Seconds that one request waits for room in the budget before the sync stops there."""

OF_ISSUES = ("issues", "events")
"""Resources that can be synced for one issue."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a sync came to."""

    results: Sequence[StreamResult] = ()
    whole: bool = False
    rows: int = 0
    holder: Lease | None = None
    """The process that was asked to, where another one syncs."""
    as_of: datetime | None = None
    """When the one issue that was asked for was read."""
    told: dict[str, Any] | None = None
    """The freshness of an answer that brought it."""
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """``done``, ``partial``, ``failed``, or ``not_done`` where nothing was begun."""
        if self.whole:
            return "done"
        if self.rows or any(result.pages for result in self.results):
            return "partial"
        return "failed" if any(result.state == "failed" for result in self.results) else "not_done"


@dataclass(slots=True)
class _Pages:
    """Tells a listener of each page."""

    listener: Listener
    read: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    def report(self, step: Progress) -> None:
        if step.state == "page":
            self.read += 1
            self.rows[step.stream] = step.rows
            self.listener.tell(self.read, f"{step.stream}: {step.rows} rows")


@dataclass(frozen=True, slots=True)
class SyncCommand(Command):
    """Sync ``resource``; of an issue, or with a project's slug as the word that it is meant."""

    resource: str
    scope: str | None = None
    wait_seconds: int = WAIT_SECONDS

    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """Sync and say what came of it, whatever did."""
        desk.check_origin()
        began = desk.clock.now()
        scope = self._scope(desk)
        refusal = NOT_CONFIGURED if desk.client is None else desk.unreachable(began)
        if refusal:
            done = Done(refusal=refusal)
        else:
            try:
                done = self._one(desk, scope) if isinstance(scope, IssueReference) else self._all(desk, listener)
            except StoreMismatch:
                raise
            except (SentryError, BudgetExhausted, SettingsError, StoreError) as error:
                done = Done(refusal=desk.refused(refusal_of(error)))
        return self._answer(desk, scope, done, began)

    def _scope(self, desk: Desk) -> dict[str, Any] | IssueReference | None:
        """The project or the issue that was named; a project's slug goes before an issue's short id."""
        if self.scope is None:
            return None
        with desk.moment() as (snapshot, origin):
            row = projects.find(snapshot, self.scope)
        if row is not None and row.slug == self.scope:
            return {"id": row.id, "slug": untrusted.line(row.slug, SLUG)}
        try:
            reference = issue_reference(self.scope, *origin)
        except QuestionError:
            raise QuestionError(
                "scope is neither a project's slug nor an issue: leave it out to sync all of the resource"
            ) from None
        if self.resource not in OF_ISSUES:
            raise QuestionError(
                f"{self.resource} are not synced for one issue: only {' and '.join(OF_ISSUES)} are"
            )
        return reference

    def _all(self, desk: Desk, listener: Listener) -> Done:
        from sentry_sync.sync.now import Wait, bring
        from sentry_sync.sync.run import Syncer

        if desk.client is None:
            raise RuntimeError("nobody is to be asked")
        client = desk.client().lane(Lane.HOT, min(PATIENCE, self.wait_seconds))
        pages = _Pages(listener)
        wait = Wait(desk.clock, desk.clock.now() + timedelta(seconds=self.wait_seconds), listener.gone)
        # A store of its own: who syncs holds the lease for all that he writes, and an answer's writes need none.
        with closing(desk.store.another()) as store:
            syncer = Syncer(store, client, desk.clock, desk.means.policy, pages.report)
            brought = bring(store, syncer, self.resource, wait, pages.report)
        rows = sum(result.rows for result in brought.results)
        refusal = None if brought.whole else desk.refused(self._why_not(brought))
        return Done(brought.results, brought.whole, rows, brought.holder, refusal=refusal, notes=brought.notes)

    def _why_not(self, brought: Brought) -> Refusal:
        failed = next((result for result in brought.results if result.error), None)
        if failed and failed.failure:
            return refusal_of(failed.failure)
        if failed:
            return Refusal("sync_failed", f"{failed.stream}: {untrusted.line(failed.error or '', REASON)}")
        if brought.pending and brought.holder:
            left = f"{len(brought.pending)} of its streams: {', '.join(brought.pending)}"
            return Refusal(
                "busy",
                f"process {brought.holder.process} syncs this copy and was asked to go on with {left}; "
                f"after {self.wait_seconds} s it was not through: ask sync-status later",
            )
        return Refusal(
            "out_of_time",
            f"the {self.wait_seconds} s to wait were over first: call again to go on where it stopped",
        )

    def _one(self, desk: Desk, reference: IssueReference) -> Done:
        """The issue as Sentry has it now, or its newest events."""
        if self.resource == "events":
            question = EventsQuestion(self.scope or "")
            found = begin(desk, question, Ask(fresh=True))
            found = found.resume() if isinstance(found, Pending) else found
            told = found["freshness"]
            brought = told["could_not_fall_through_because"] is None
            return Done(whole=brought, rows=len(found["events"]) if brought else 0, told=told)
        from sentry_sync.answers.fetching.events import find_issue

        learned = find_issue(desk.live(), reference)
        return Done(whole=True, rows=1, as_of=learned.at, notes=learned.notes)

    def _answer(
        self, desk: Desk, scope: dict[str, Any] | IssueReference | None, done: Done, began: datetime
    ) -> Answer:
        status = status_of(desk)
        entry = next(entry for entry in status["resources"] if entry["resource"] == self.resource)
        return {
            "resource": self.resource,
            "scope": _named(scope),
            "outcome": done.outcome,
            "done_by": f"process {done.holder.process}" if done.holder else "this server",
            "rows": done.rows,
            "requests": sum(result.pages for result in done.results) if done.results else None,
            "seconds": round((desk.clock.now() - began).total_seconds(), 1),
            "streams": [_shown(result) for result in done.results],
            "now": described(entry, status, detailed=False),
            "freshness": done.told or self._freshness(desk, done, entry["as_of"], scope),
        }

    def _freshness(
        self, desk: Desk, done: Done, as_of: datetime | None, scope: dict[str, Any] | IssueReference | None
    ) -> dict[str, Any]:
        notes = [untrusted.line(note, REASON) for note in done.notes]
        if isinstance(scope, dict):
            notes.append("streams read the whole organization, this project with it")
        facts = Facts(
            as_of=done.as_of or as_of,
            complete=done.whole,
            stale_after=stale_after(self.resource),
            source="live" if done.rows or any(result.pages for result in done.results) else "local",
            notes=tuple(notes),
        )
        now = desk.clock.now()
        return freshness(
            facts,
            now=now,
            next_sync_at=desk.next_sync_at(self.resource, facts.as_of, now),
            asked=Miss.ASKED_FRESH if facts.source == "live" else None,
            missed=Miss.ASKED_FRESH if done.refusal else None,
            refusal=done.refusal,
        )


def _named(scope: dict[str, Any] | IssueReference | None) -> dict[str, Any] | None:
    if isinstance(scope, IssueReference):
        return {"issue": scope.issue_id or scope.short_id}
    return {"project": scope} if scope else None


def _shown(result: StreamResult) -> dict[str, Any]:
    found: dict[str, Any] = {
        "stream": result.stream,
        "state": result.state,
        "pages": result.pages,
        "rows": result.rows,
        "rejected": result.rejected,
    }
    return found | ({"error": untrusted.line(result.error, REASON)} if result.error else {})
