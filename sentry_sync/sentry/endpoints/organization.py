"""Who we are and what the organization has: root, organization, projects, environments."""

from __future__ import annotations

from sentry_sync.sentry.caller import Caller
from sentry_sync.sentry.page import Page


class OrganizationEndpoints(Caller):
    """Snapshots of small lists."""

    def root(self) -> Page:
        """`GET /`: ``{version, auth: {scopes}, user}``; tells the token's scopes. Always the configured server."""
        return self._at_root("root")

    def organization(self) -> Page:
        """`GET /organizations/{org}/`: one object; ``links.regionUrl`` is what `adopt_region` takes."""
        return self._in_organization("organization", (), [("detailed", "0")])

    def projects(self, cursor: str | None = None) -> Page:
        """`GET /organizations/{org}/projects/`: 100 rows, by slug, of every project the token may see."""
        return self._in_organization("projects", ("projects",), [("per_page", 100), ("cursor", cursor)])

    def project(self, project_slug: str) -> Page:
        """`GET /projects/{org}/{project}/`: one object; NotFound where no project is called so (any more)."""
        return self._in_project("project", project_slug, ())

    def environments(self) -> Page:
        """`GET /organizations/{org}/environments/`: all of them, ``[{id, name}]``, not paged."""
        return self._in_organization("environments", ("environments",))
