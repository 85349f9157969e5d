"""Which issues were first seen in a release: as far as the copy knows, and whether that is all of them.

Sentry's lists of issues don't tell an issue's first release, only a look at the issue or a search for the release
does. So the copy knows it of some, and Sentry's own count of a release's new issues tells when of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sentry_sync.answers.freshness import Refusal
from sentry_sync.answers.misses import still_good
from sentry_sync.store.reads import releases
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.prepared import Snapshot
from sentry_sync.sync.plan import stale_after

SHOWN = 20
"""Issues of a release shown at most, the newest."""

NO_SEARCH = Refusal("not_supported", "this server cannot search for a release's new issues")
UNSPEAKABLE = Refusal("not_supported", "a version with quotes, * or \\ in it cannot be searched for")

STREAM = "releases.new_issues"


def scope(project_id: str, version: str) -> str:
    """Under which name it is remembered that a release's new issues were asked for."""
    return f"project:{project_id}|{version}"


def count_of(row: Any) -> int | None:
    """How many issues Sentry says are new in a release: in the project, where it tells."""
    found = row.project_new_issues if row.project_new_issues is not None else row.new_issues
    return None if found is None else int(found)


class NewIssues:
    """The new issues of some releases of one project."""

    def __init__(
        self, snapshot: Snapshot, known: Knowledge, project_id: str, rows: Sequence[Any], now: datetime
    ) -> None:
        self._known = known
        self._project_id = project_id
        self._now = now
        self._issues: dict[str, list[Any]] = defaultdict(list)
        for issue in releases.first_seen_in(snapshot, project_id, [row.version for row in rows]):
            self._issues[issue.first_release].append(issue)

    def complete(self, row: Any) -> bool:
        """Whether these are all: as many as Sentry counts, or it was asked for them of late."""
        asked = self._known.as_of(STREAM, scope(self._project_id, row.version))
        return len(self._issues[row.version]) == count_of(row) or still_good(
            asked, self._now, stale_after("releases")
        )

    def shown(self, row: Any) -> dict[str, Any]:
        """How an answer tells them."""
        issues = self._issues[row.version]
        return {
            "known": len(issues),
            "complete": self.complete(row),
            "issues": [{"id": one.id, "short_id": one.short_id, "status": one.status} for one in issues[:SHOWN]],
        }


def searchable(version: str) -> bool:
    """Whether Sentry's search can name ``version``: these signs mean something in it."""
    return not any(sign in version for sign in '*"\\')
