"""Keeping to some projects: what is asked names them, and what comes of another is as if it were not there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sentry_sync.errors import NotFound, SettingsError
from sentry_sync.sentry.page import Page
from sentry_sync.sentry.parameters import Value

Pairs = Iterable[tuple[str, Value | Sequence[str]]]

OTHERS = "it belongs to a project that SENTRY_SYNC_PROJECTS leaves out"

_OF_PROJECTS = frozenset({"issues", "explore", "sessions", "stats_v2", "releases", "release", "environments"})
"""Endpoints that take ``project``."""

ListProjects = Callable[[str | None], Page]


class Allowed:
    """The projects that a client keeps to. Safe to share between threads.

    Sentry's parameter takes ids, so the projects are listed once, when an id is first needed.
    """

    def __init__(self, slugs: Sequence[str]) -> None:
        self._slugs = frozenset(slugs)
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def named(self, endpoint: str, pairs: Pairs, listed: ListProjects) -> Pairs:
        """The parameters with ``project`` naming none but these; raises NotFound where it names others alone."""
        if endpoint not in _OF_PROJECTS:
            return pairs
        ids = self._known(listed)
        given = list(pairs)
        asked = next((value for name, value in given if name == "project"), None)
        wanted = [asked] if isinstance(asked, str) else list(asked) if isinstance(asked, list | tuple) else []
        chosen = [key for key in wanted if key in ids] if wanted and wanted != ["-1"] else list(ids)
        if not chosen:
            raise NotFound(OTHERS)
        return [*((name, value) for name, value in given if name != "project"), ("project", chosen)]

    def check(self, project: str) -> None:
        """Raise NotFound for a project, by slug or id, that is none of these."""
        if project not in self._slugs and project not in self._ids:
            raise NotFound(OTHERS)

    def kept(self, endpoint: str, page: Page) -> Page:
        """The page without what is another project's; raises NotFound if that is all it is about."""
        body = page.body
        if endpoint == "projects" and isinstance(body, list):
            return replace(page, body=[row for row in body if _slug(row) in self._slugs])
        if isinstance(body, list):
            return replace(page, body=[row for row in body if not self._is_others(row)])
        if self._is_others(body):
            raise NotFound(OTHERS)
        return page

    def _is_others(self, row: Any) -> bool:
        if not isinstance(row, dict):
            return False
        project = row.get("project")
        slug = project.get("slug") if isinstance(project, dict) else row.get("projectSlug")
        if isinstance(slug, str):
            return slug not in self._slugs
        key = row.get("projectID") or row.get("project_id")
        return bool(self._ids) and key is not None and str(key) not in self._ids

    def _known(self, listed: ListProjects) -> dict[str, str]:
        with self._lock:
            if not self._ids:
                cursor: str | None = None
                while True:
                    page = listed(cursor)
                    rows = page.body if isinstance(page.body, list) else []
                    self._ids |= {str(row["id"]): str(_slug(row)) for row in rows if _slug(row) in self._slugs}
                    cursor = page.next_cursor
                    if cursor is None:
                        break
            if not self._ids:
                raise SettingsError(
                    "none of SENTRY_SYNC_PROJECTS is a project that the token can see: look at their slugs"
                )
            return self._ids


def _slug(row: Any) -> str | None:
    slug = row.get("slug") if isinstance(row, dict) else None
    return slug if isinstance(slug, str) else None
