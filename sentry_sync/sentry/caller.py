"""What the endpoint methods stand on: a session, a lane and a deadline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sentry_sync.records.budget import Lane
from sentry_sync.sentry.page import Page
from sentry_sync.sentry.parameters import Value, parameters, path_of
from sentry_sync.sentry.session import Call, Session

Pairs = Iterable[tuple[str, Value | Sequence[str]]]


class Caller:
    """Asks in one lane. Every method below it returns a Page and raises SentryError or BudgetExhausted."""

    def __init__(self, session: Session, lane: Lane, deadline_seconds: float | None) -> None:
        self._session = session
        self._lane = lane
        self._deadline_seconds = deadline_seconds

    def _in_organization(self, endpoint: str, segments: Sequence[str], pairs: Pairs = ()) -> Page:
        """`GET /organizations/{org}/…`."""
        allowed = self._session.allowed
        if allowed is not None:
            pairs = allowed.named(endpoint, pairs, self._listed)
        page = self._session.page(self._call(endpoint, ("organizations", self._organization, *segments), pairs))
        return page if allowed is None else allowed.kept(endpoint, page)

    def _listed(self, cursor: str | None) -> Page:
        """A page of the organization's projects, of all that there are."""
        segments = ("organizations", self._organization, "projects")
        return self._session.page(self._call("projects", segments, [("per_page", 100), ("cursor", cursor)]))

    def _in_project(self, endpoint: str, project: str, segments: Sequence[str], pairs: Pairs = ()) -> Page:
        """`GET /projects/{org}/{project}/…`."""
        if self._session.allowed is not None:
            self._session.allowed.check(project)
        segments = ("projects", self._organization, project, *segments)
        return self._session.page(self._call(endpoint, segments, pairs))

    def _of_issue(
        self, endpoint: str, segments: Sequence[str], pairs: Pairs = (), change: Mapping[str, Any] | None = None
    ) -> Page:
        """`GET /organizations/{org}/issues/…`, on servers without it `GET /issues/…`; PUT to ``change`` it."""
        call = self._call(endpoint, ("organizations", self._organization, "issues", *segments), pairs)
        page = self._session.either(replace(call, change=change), path_of("issues", *segments))
        return page if self._session.allowed is None else self._session.allowed.kept(endpoint, page)

    def _at_root(self, endpoint: str) -> Page:
        """`GET /`, always on the configured server."""
        deadline = self._session.deadline(self._deadline_seconds)
        return self._session.page(Call(endpoint, "/", [], self._lane, deadline, on_control=True))

    @property
    def _organization(self) -> str:
        return self._session.connection.organization

    def _call(self, endpoint: str, segments: Sequence[str], pairs: Pairs) -> Call:
        deadline = self._session.deadline(self._deadline_seconds)
        return Call(endpoint, path_of(*segments), parameters(pairs), self._lane, deadline)
