"""Releases and their deploys."""

from __future__ import annotations

from collections.abc import Sequence

from sentry_sync.sentry.caller import Caller
from sentry_sync.sentry.endpoints.issues import ALL_PROJECTS
from sentry_sync.sentry.page import Page

MOST_WITH_HEALTH = 25
"""Releases per page with health; more answer zeroes (getsentry/sentry issue 30471)."""


class ReleaseEndpoints(Caller):
    """A version is unique in the organization and spans projects."""

    def releases(
        self,
        *,
        per_page: int = 100,
        query: str | None = None,
        cursor: str | None = None,
        health: bool = False,
        project_ids: Sequence[str] = ALL_PROJECTS,
        status: str | None = None,
    ) -> Page:
        """`GET /organizations/{org}/releases/`: newest ``dateCreated`` first, at most 100, 25 with ``health``.

        Releases first seen through sessions appear late with an earlier date, so read with an overlap. Without a
        ``status`` Sentry leaves archived ones out; ``""`` is all of them.
        """
        pairs = [
            ("project", project_ids),
            ("query", query),
            ("status", status),
            ("health", health),
            ("adoptionStages", health),
            ("summaryStatsPeriod", "24h" if health else None),
            ("per_page", min(per_page, MOST_WITH_HEALTH) if health else per_page),
            ("cursor", cursor),
        ]
        return self._in_organization("releases", ("releases",), pairs)

    def release(self, version: str, *, project_id: str | None = None, health: bool = False) -> Page:
        """`GET /organizations/{org}/releases/{version}/`: one release; ``health`` adds each project's."""
        pairs = [("project", project_id), ("health", health), ("adoptionStages", health)]
        return self._in_organization("release", ("releases", version), pairs)

    def deploys(self, version: str, cursor: str | None = None) -> Page:
        """`GET …/releases/{version}/deploys/`: newest first; Sentry keeps the last per project and environment."""
        pairs = [("per_page", 100), ("cursor", cursor)]
        return self._in_organization("deploys", ("releases", version, "deploys"), pairs)
