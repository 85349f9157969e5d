"""Every question in one place: what the MCP server, the command line and the dashboard ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from sentry_sync.answers import names
from sentry_sync.answers.asking import PLAINLY, Answer, Ask, Pending, Question, begin
from sentry_sync.answers.capping import DEFAULT_BYTES, cap
from sentry_sync.answers.changes import Changes
from sentry_sync.answers.command import NOBODY, Command, Listener
from sentry_sync.answers.desk import DEADLINE_SECONDS, ORDINARY, Desk, Means
from sentry_sync.answers.events import EventsQuestion
from sentry_sync.answers.intake import take
from sentry_sync.answers.issue import IssueQuestion
from sentry_sync.answers.issue_rows import DETAILED
from sentry_sync.answers.issues import issues_question
from sentry_sync.answers.judging import AssessmentQuestion, HealthQuestion
from sentry_sync.answers.library import DescribeCommand, QueryCommand
from sentry_sync.answers.performance_views import performance_question
from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.answers.references import leads_to
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.answers.sql import ROWS, SqlCommand
from sentry_sync.answers.standing import standing
from sentry_sync.answers.status import StatusCommand, status_of
from sentry_sync.answers.syncing import WAIT_SECONDS, SyncCommand
from sentry_sync.answers.updating import UpdateCommand
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.records.delivery import Delivery, Taken
from sentry_sync.store.audit_trail import AuditTrail
from sentry_sync.store.reads import names as stored_names
from sentry_sync.store.reads.snapshot import TookTooLong
from sentry_sync.store.store import Store

if TYPE_CHECKING:
    from sentry_sync.answers.readiness import Readiness
    from sentry_sync.answers.report.document import Report
    from sentry_sync.sentry.client import SentryClient


LONG = (AssessmentQuestion, HealthQuestion)
"""What looks at weeks of rows: 30 ms, and 0.3 s where a project has 100,000 of them. A server's loop must not wait
for that."""


AT_ONCE = 0.005
"""Seconds that a look may keep a server's loop: five times what most take. A search through every text of 20,000
issues takes 80 ms."""


class Answers:
    """Answers from one store, and from Sentry where the store can't. Safe to share between threads.

    ``client`` is called on a miss, so a process that only reads never opens a connection; without it answers
    come from the store alone. It gives the same client each time, so that equal misses share a request.
    ``at_once`` is how many seconds a look may keep whoever begins a question.
    ``base_url`` and ``organization`` are what was configured, as ``Connection`` holds them: a store of another
    organization is refused.

    Each method returns an Answer: JSON-ready, with ``freshness``. It raises QuestionError for what can't be
    asked, StoreMismatch for another organization's store, and StoreError where the store can't be read; what goes
    wrong at Sentry is told in the answer's freshness.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock | None = None,
        client: Callable[[], SentryClient] | None = None,
        *,
        base_url: str | None = None,
        organization: str | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        means: Means = ORDINARY,
        at_once: float = AT_ONCE,
    ) -> None:
        self._at_once = at_once
        self._desk = Desk(
            store,
            clock or SystemClock(),
            client,
            base_url=base_url,
            organization=organization,
            deadline_seconds=deadline_seconds,
            means=means,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store's connections."""
        self._desk.close()

    @property
    def allow_writes(self) -> bool:
        """Whether issues may be changed at Sentry."""
        return self._desk.means.allow_writes

    @property
    def now(self) -> datetime:
        """The time that answers are told by."""
        return self._desk.clock.now()

    @property
    def trail(self) -> AuditTrail:
        """Where it is written down who asked what."""
        return self._desk.trail

    def begin(self, question: Question, ask: Ask = PLAINLY) -> Answer | Pending:
        """The answer from the store, in a millisecond or so, or a Pending that has to be waited for."""
        if not isinstance(question, LONG):
            try:
                return begin(self._desk, question, ask, within=self._at_once)
            except TookTooLong:
                pass  # and is looked at again, by a thread that may take its time
        return Pending(lambda: self._at_length(question, ask))

    def carry_out(self, command: Command, ask: Ask = PLAINLY, listener: Listener = NOBODY) -> Answer:
        """What came of ``command``; waits for it, and tells ``listener`` meanwhile."""
        return cap(command.carry_out(self._desk, listener), None, command.most or ask.max_bytes)

    def ask(self, question: Question | Command, ask: Ask = PLAINLY) -> Answer:
        """The answer, waiting for Sentry if need be."""
        if isinstance(question, Command):
            return self.carry_out(question, ask)
        return self._at_length(question, ask)

    def _at_length(self, question: Question, ask: Ask) -> Answer:
        found = begin(self._desk, question, ask)
        return found.resume() if isinstance(found, Pending) else found

    def standing(self, resource: str) -> Answer:
        """The ``freshness`` of what is held of ``resource``, for beside an error."""
        return standing(self._desk, resource)

    def complete(self, kind: names.Kind, typed: str) -> names.Completed:
        """The names that somebody may mean who has typed so much of one: from the store, at once."""
        with self._desk.moment() as (snapshot, _):
            return names.completed(snapshot, kind, typed)

    def projects_of(self, version: str, most: int) -> list[str]:
        """Slugs of the projects that a release is known to belong to."""
        with self._desk.moment() as (snapshot, _):
            return stored_names.projects_of(snapshot, version, most)

    def leads_to_sentry(self, address: str | None) -> bool:
        """Whether an address out of the copy is one of the server this is a copy of, so that it may be a link."""
        if not address:
            return False
        with self._desk.moment() as (_, origin):
            return leads_to(address, origin[0])

    def take(self, found: Sequence[Delivery]) -> list[Taken]:
        """Write webhooks down and say what became of each; whoever syncs will look at the issues they tell of."""
        return take(self._desk, found)

    @property
    def store(self) -> Store:
        """What is answered from."""
        return self._desk.store

    def readiness(self) -> Readiness:
        """Whether there is anything to answer from."""
        from sentry_sync.answers.readiness import readiness

        return readiness(self._desk)

    def holdings(self, *, counted: bool = False) -> dict[str, Any]:
        """What the copy holds and how it fares, in figures and datetimes; rows only if ``counted``.

        Raises StoreError.
        """
        return status_of(self._desk, counted=counted)

    def adopt(self, means: Means, client: Callable[[], SentryClient] | None) -> None:
        """From now on answer by other settings; what is being answered goes on by the old ones."""
        self._desk.means, self._desk.client = means, client

    def changes(self) -> Changes:
        """A watcher of the store, for the caller to close."""
        return self._desk.changes()

    def get_projects(
        self, organization: str | None = None, *, include_stats: bool = False, cursor: str | None = None
    ) -> Answer:
        """The organization's projects: ``{organization, projects, more, next_cursor, freshness}``."""
        return self.ask(ProjectsQuestion(organization, include_stats, cursor))

    def get_issues(self, project: str | None = None, **arguments: Any) -> Answer:
        """Issues of a project, or of all: ``{project, issues, more, next_cursor, freshness}``.

        ``query`` is Sentry's issue search; ``since`` and ``until`` are the window in which an issue has an event;
        ``sort`` is date, priority or frequency; ``status``, ``environment``, ``limit``, ``cursor``. With
        ``at_time`` as they were then, which the answer then repeats.
        """
        return self.ask(issues_question(project, **{"response_format": DETAILED, **arguments}))

    def get_issue(self, issue_id: str, *, response_format: str = "concise") -> Answer:
        """One issue by id, short id or address.

        ``{issue, trend, environments, releases, newest_event, freshness}``; ``detailed`` adds ``tags`` that stand
        out, ``history`` and ``similar`` issues. Each part says for itself whether it is complete.
        """
        return self.ask(IssueQuestion(issue_id, response_format))

    def get_events(
        self,
        issue_id: str | None = None,
        *,
        project: str | None = None,
        tag: Sequence[str] = (),
        environment: str | None = None,
        release: str | None = None,
        user: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        full_trace: bool = False,
        cursor: str | None = None,
        response_format: str = "concise",
    ) -> Answer:
        """An issue's newest events, or a project's newest errors, that fit all the filters.

        ``{issue, project, events, more, next_cursor, freshness}``; ``tag`` holds ``name:value``, ``user`` is
        ``id:``, ``email:``, ``username:`` or ``ip:`` with the name.
        """
        question = EventsQuestion(
            issue_id=issue_id,
            project=project,
            tag=tuple(tag),
            environment=environment,
            release=release,
            user=user,
            since=since,
            until=until,
            limit=limit,
            full_trace=full_trace,
            cursor=cursor,
            response_format=response_format,
        )
        return self.ask(question)

    def get_performance(
        self,
        project: str,
        *,
        view: str = "transactions",
        transaction: str | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        environment: str | None = None,
        cursor: str | None = None,
    ) -> Answer:
        """A project's transactions: ``{project, window, transactions, more, database, web_vitals, freshness}``.

        ``view`` queries, vitals or trend has ``queries``, ``pages`` or ``trends`` instead.
        """
        question = performance_question(
            project,
            view=view,
            transaction=transaction,
            start_time=start_time,
            end_time=end_time,
            environment=environment,
            cursor=cursor,
        )
        return self.ask(question)

    def get_releases(
        self,
        project: str,
        *,
        version: str | None = None,
        health_data: bool = False,
        query: str | None = None,
        since: str | None = None,
        cursor: str | None = None,
        response_format: str = "concise",
    ) -> Answer:
        """A project's releases: ``{project, releases, more, next_cursor, freshness}``."""
        return self.ask(ReleasesQuestion(project, version, health_data, query, since, cursor, response_format))

    def assess_release(
        self, project: str, version: str, *, baseline: str | None = None, environment: str | None = None
    ) -> Answer:
        """Whether a release made its project worse: ``{verdict, because, would_change, errors, ..., freshness}``.

        The verdict is healthy, watch, regressed, roll back or too early; None for a release nobody knows.
        """
        return self.ask(AssessmentQuestion(project, version, baseline, environment))

    def project_health(self, project: str) -> Answer:
        """How well a project is: ``{score, state, parts, trend, objectives, ..., freshness}``."""
        return self.ask(HealthQuestion(project))

    def weekly_report(self, project: str | None = None, *, week: str | None = None) -> Report:
        """The report of a week, of one project or all, from the copy alone.

        ``week`` is an ISO week (2026-W47) or its last day; without, it is the last seven whole days. Raises
        QuestionError, and StoreMissing where there is no copy.
        """
        from sentry_sync.answers.report.compose import composed
        from sentry_sync.answers.report.material import gathered
        from sentry_sync.answers.report.week import week_of

        now = self._desk.clock.now()
        return composed(gathered(self._desk, week_of(week, now), project, now))

    def sync_now(
        self,
        resource: str,
        *,
        scope: str | None = None,
        wait_seconds: int = WAIT_SECONDS,
        listener: Listener = NOBODY,
    ) -> Answer:
        """Sync now: ``{resource, scope, outcome, streams, now, ..., freshness}``; ``listener`` hears of pages."""
        return self.carry_out(SyncCommand(resource, scope, wait_seconds), listener=listener)

    def sync_status(self, *, response_format: str = "concise") -> Answer:
        """The status of the copy: ``{organization, server, resources, syncing, budget, ..., freshness}``."""
        return self.ask(StatusCommand(response_format))

    def query_sql(self, sql: str, *, limit: int = ROWS, max_bytes: int = DEFAULT_BYTES) -> Answer:
        """One SELECT: ``{columns, row_count, more, ms, untrusted: {rows}, freshness}``. Raises QueryError."""
        return self.ask(SqlCommand(sql, limit, max_bytes))

    def run_query(self, name: str, *, limit: int = ROWS, **parameters: object) -> Answer:
        """A query of the library, by its parameters: as query_sql answers. Raises QueryError."""
        return self.ask(QueryCommand(name, parameters, limit))

    def describe_data(self, table: str = "") -> Answer:
        """The tables and queries there are, ``{tables, queries}``, or one of them in full. Raises QueryError."""
        return self.ask(DescribeCommand(table))

    def update_issue(
        self,
        issue_id: str,
        *,
        status: str | None = None,
        assign_to: str | None = None,
        listener: Listener = NOBODY,
    ) -> Answer:
        """Change an issue: ``{outcome, issue, changes, copy_updated, freshness}``; ``listener`` is who did it."""
        return self.carry_out(UpdateCommand(issue_id, status, assign_to), listener=listener)
