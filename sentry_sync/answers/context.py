"""Every question in one place: what the MCP server, the command line and the dashboard ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from sentry_sync.answers.asking import PLAINLY, Answer, Ask, Pending, Question, begin
from sentry_sync.answers.desk import DEADLINE_SECONDS, Desk
from sentry_sync.answers.events import EventsQuestion
from sentry_sync.answers.issue_rows import DETAILED
from sentry_sync.answers.issues import issues_question
from sentry_sync.answers.performance import PerformanceQuestion
from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.store import Store

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


class Answers:
    """Answers from one store, and from Sentry where the store can't. Safe to share between threads.

    ``client`` is called on a miss, so a process that only reads never opens a connection; without it answers
    come from the store alone. It gives the same client each time, so that equal misses share a request.
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
    ) -> None:
        self._desk = Desk(
            store,
            clock or SystemClock(),
            client,
            base_url=base_url,
            organization=organization,
            deadline_seconds=deadline_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store's connections."""
        self._desk.close()

    def begin(self, question: Question, ask: Ask = PLAINLY) -> Answer | Pending:
        """The answer from the store, in a millisecond or so, or a Pending that must wait for Sentry."""
        return begin(self._desk, question, ask)

    def ask(self, question: Question, ask: Ask = PLAINLY) -> Answer:
        """The answer, waiting for Sentry if need be."""
        found = self.begin(question, ask)
        return found.resume() if isinstance(found, Pending) else found

    def get_projects(self, organization: str | None = None, *, include_stats: bool = False) -> Answer:
        """The organization's projects: ``{organization, projects, freshness}``."""
        return self.ask(ProjectsQuestion(organization, include_stats))

    def get_issues(self, project: str | None = None, **arguments: Any) -> Answer:
        """Issues of a project, or of all: ``{project, issues, more, next_cursor, freshness}``.

        ``query`` is Sentry's issue search; ``since`` and ``until`` are the window in which an issue has an event;
        ``sort`` is date, priority or frequency; ``status``, ``environment``, ``limit``, ``cursor``. With
        ``at_time`` as they were then, which the answer then repeats.
        """
        return self.ask(issues_question(project, **{"response_format": DETAILED, **arguments}))

    def get_events(self, issue_id: str, *, limit: int | None = None, full_trace: bool = False) -> Answer:
        """An issue's newest events: ``{issue, events, more, freshness}``."""
        return self.ask(EventsQuestion(issue_id, limit, full_trace))

    def get_performance(
        self,
        project: str,
        *,
        transaction: str | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        environment: str | None = None,
    ) -> Answer:
        """A project's transactions: ``{project, window, transactions, more, database, web_vitals, freshness}``."""
        return self.ask(PerformanceQuestion(project, transaction, start_time, end_time, environment))

    def get_releases(self, project: str, *, version: str | None = None, health_data: bool = False) -> Answer:
        """A project's releases: ``{project, releases, more, freshness}``."""
        return self.ask(ReleasesQuestion(project, version, health_data))
